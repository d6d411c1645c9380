"""Board targets: clock plan, host link, bitstream, host driver."""
