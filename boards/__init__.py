"""Boards: clock plan, host link, bitstream, host driver."""
