"""Plasticity rules in hardware."""
