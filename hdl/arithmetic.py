"""Arithmetic that neurons and plasticity share."""

from amaranth.hdl import Cat, Mux, Value

__all__ = ["saturate"]


def saturate(value: Value, bits: int = 16) -> Value:
    """Clamp a signed number to `bits` bits."""
    sign = value[-1]
    fits = (value[bits - 1 : -1] == sign.replicate(len(value) - bits)).bool()
    limit = Cat((~sign).replicate(bits - 1), sign)
    return Mux(fits, value[:bits], limit).as_signed()
