"""Leaky integrators, spiking and not, and spike traces: ReckOn's neurons (its specification,
sections 9 and 12).

All decays are one operation here: factors have 15 fraction bits (kappa, which has 7, is shifted),
and so have random numbers. Arrays are of int32, which products just fit.
"""

import numpy as np

from ..arithmetic import wrap

__all__ = [
    "FACTOR_BITS",
    "FACTOR_ONE",
    "KAPPA_SHIFT",
    "add_trace",
    "decay",
    "integrate",
    "reset",
    "rounding",
]

#: Fraction bits of a factor.
FACTOR_BITS = 15

#: The factor 1: no decay, and no rounding.
FACTOR_ONE = 1 << FACTOR_BITS

#: How far kappa and the random numbers for its products are shifted to have `FACTOR_BITS`.
KAPPA_SHIFT = FACTOR_BITS - 7


def rounding(random: np.ndarray) -> np.ndarray:
    """Return what to add to products so that fractions of at least `random` are rounded up."""
    return FACTOR_ONE - random.astype(np.int32)


def decay(
    values: np.ndarray,
    factors: np.ndarray,
    rounding: np.ndarray | int,
    bits: np.ndarray | None = None,
    signed: np.ndarray | None = None,
) -> np.ndarray:
    """Multiply by factors and drop the fraction, rounding at random what does not truncate to 0.

    Parameters
    ----------
    values, factors : ndarray of int32
        Values, and factors of `FACTOR_BITS` fraction bits.
    rounding : ndarray of int32
        What `rounding` returns, or 0 where nothing is rounded.
    bits : ndarray of int32, optional
        Bits of each result, which wraps; not needed where factors are at most 1.
    signed : ndarray of bool, optional
        Which results are signed; needed with `bits`.
    """
    products = values * factors
    truncated = products >> FACTOR_BITS
    products += rounding
    products >>= FACTOR_BITS
    if bits is None:
        products *= truncated != 0
        return products
    masks = (np.int32(1) << bits) - np.int32(1)
    products &= masks
    products *= (truncated & masks) != 0
    signs = np.where(signed, np.int32(1) << (bits - np.int32(1)), np.int32(0))
    products ^= signs
    products -= signs
    return products


def reset(
    potentials: np.ndarray, thresholds: np.ndarray, fired: np.ndarray, to_zero: bool
) -> np.ndarray:
    """Return the potentials, after the leak, of neurons of which some fired."""
    if to_zero:
        return potentials * ~fired
    return wrap(potentials - thresholds * fired, 16)


def integrate(potentials: np.ndarray, inputs: np.ndarray, noise: np.ndarray | None = None) -> None:
    """Add an event's inputs to potentials, in place.

    What overflows is clamped. Overflow is recognised by the signs of potential, input and result,
    whatever the sign of the noise (section 16, peculiarity 2).
    """
    if noise is None:
        potentials += inputs
        np.minimum(potentials, 32767, out=potentials)
        np.maximum(potentials, -32768, out=potentials)
        return
    up = (potentials >= 0) & (inputs >= 0)
    down = (potentials < 0) & (inputs < 0)
    sums = wrap(potentials + inputs + noise, 16)
    sums[up & (sums < 0)] = 32767
    sums[down & (sums >= 0)] = -32768
    potentials[:] = sums


def add_trace(trace: int, amount: int, bits: int) -> int:
    """Return a trace after a spike."""
    return min(trace + amount, (1 << bits) - 1)
