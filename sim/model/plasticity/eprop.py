"""E-prop: learning signals, eligibility and stochastic weight updates (specification of ReckOn,
section 11).
"""

from collections.abc import Sequence

import numpy as np

from ..arithmetic import wrap

__all__ = [
    "DRIVE_BITS",
    "OUTPUT_DRIVE_BITS",
    "additive_strength",
    "change_weights",
    "learning_signals",
    "multiplicative_factor",
    "output_errors",
    "regularisation_levels",
    "surrogate_derivatives",
    "update_drives",
    "update_fires",
]

#: Bits of the drive of an update: of input and recurrent weights, and of output weights.
DRIVE_BITS = 32
OUTPUT_DRIVE_BITS = 28

#: Full scale of an output's activation.
FULL_SCALE = 2048


def output_errors(outputs: np.ndarray, targets: np.ndarray, linear: bool) -> np.ndarray:
    """Return the errors of output potentials, signed 16 bits."""
    outputs = np.asarray(outputs, dtype=np.int64)
    if not linear:
        # The hard sigmoid: below -2048 it is 0, above 2047 it is 2048.
        outputs = np.where(
            outputs > FULL_SCALE - 1,
            FULL_SCALE,
            np.where(outputs < -FULL_SCALE, 0, (outputs + FULL_SCALE) >> 1),
        )
    return np.clip(targets - outputs, -32768, 32767)


def learning_signals(
    errors: np.ndarray, weights: np.ndarray, scale: int | np.ndarray
) -> np.ndarray:
    """Return learning signals, signed 16 bits, of neurons.

    Parameters
    ----------
    errors : ndarray of int
        Errors of the outputs, in the last axis.
    weights : ndarray of int
        Output weights of each neuron, outputs in the last axis.
    scale : int
        Register `signal_scale`.
    """
    sums = (np.asarray(weights, dtype=np.int64) * np.asarray(errors, dtype=np.int64)).sum(axis=-1)
    return np.clip(sums << scale >> 12, -32768, 32767)


def surrogate_derivatives(
    potentials: np.ndarray,
    thresholds: Sequence[int | np.ndarray],
    values: Sequence[int | np.ndarray],
) -> np.ndarray:
    """Return the surrogate derivative: the value of the first segment whose limit is above."""
    found = np.broadcast_to(values[4], potentials.shape)
    for threshold, value in zip(reversed(thresholds), reversed(values[:4]), strict=True):
        found = np.where(potentials < threshold, value, found)
    return found


def regularisation_levels(traces: np.ndarray, fraction_bits: int, threshold: int) -> np.ndarray:
    """Return how far the recurrent traces are above the threshold, at least 0."""
    return np.maximum((traces >> fraction_bits) - threshold, 0)


def additive_strength(levels: np.ndarray, right: int, left: int) -> np.ndarray:
    """Return what additive regularisation subtracts from drives; wraps at 32 bits."""
    return wrap((levels.astype(np.int64) << left & 0xFFFFFFFF) >> right, 32)


def multiplicative_factor(levels: np.ndarray, right: int) -> np.ndarray:
    """Return the sixteenths of a positive drive that multiplicative regularisation leaves."""
    return np.maximum(16 - (levels.astype(np.int64) >> right), 0)


def update_drives(
    products: np.ndarray, factors: np.ndarray | None, strengths: np.ndarray | None
) -> np.ndarray:
    """Return the drives of input or recurrent weights.

    Parameters
    ----------
    products : ndarray of int64
        Learning signal times trace times surrogate derivative, signed 32 bits.
    factors, strengths : ndarray of int64, or None
        What `multiplicative_factor` and `additive_strength` return; None if that regularisation is
        off.
    """
    scaled = products * 16 if factors is None else products * np.where(products < 0, 16, factors)
    drives = scaled >> 4
    if strengths is not None:
        drives = wrap(drives - strengths, 32)
    elif not scaled.size or scaled.max() < 1 << 31:
        return drives  # nothing overflows
    # The chip looks for an overflow at bit 31 of the scaled product instead of at its sign
    # (peculiarity 13).
    drives[(drives >= 0) & (scaled >> 31 & 1).astype(bool)] = -(1 << 31)
    return drives


def update_fires(
    drives: np.ndarray,
    random: np.ndarray,
    width: int,
    right: int | np.ndarray,
    left: int | np.ndarray,
) -> np.ndarray:
    """Tell which updates fire: with a chance that grows with the drive.

    Parameters
    ----------
    drives : ndarray of int64
        Drives, signed `width` bits.
    random : ndarray of uint32
        Random numbers of `width` bits.
    width : int
        `DRIVE_BITS` or `OUTPUT_DRIVE_BITS`.
    right, left : int
        The two shifts of the learning rate.
    """
    magnitudes = np.abs(drives)
    magnitudes <<= left
    np.minimum(magnitudes, (1 << width) - 1, out=magnitudes)
    magnitudes >>= right
    fires = magnitudes >= random
    fires &= drives != 0
    fires |= drives == -(1 << (width - 1))
    return fires


def change_weights(weights: np.ndarray, drives: np.ndarray, bits: int) -> np.ndarray:
    """Return weights whose update fires: a step in the drive's direction, unless it leaves the
    range.
    """
    limit = 1 << (bits - 1)
    return np.clip(weights + np.where(drives > 0, 1, -1), -limit, limit - 1)
