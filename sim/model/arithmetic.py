"""Arithmetic that neurons and plasticity share."""

import numpy as np

__all__ = ["wrap"]


def wrap(values: np.ndarray, bits: int) -> np.ndarray:
    """Return the low bits of values, read as signed numbers."""
    sign = 1 << (bits - 1)
    return ((values & ((1 << bits) - 1)) ^ sign) - sign
