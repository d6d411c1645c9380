"""Leaky integrate-and-fire neuron with a signed weight (specification of tinyODIN, section 8).

All functions work element by element on integer arrays that are wide enough for the sum of a
potential and a weight. With `out` the result goes into an existing array, which may be the first
argument.
"""

import numpy as np

__all__ = ["fire", "integrate", "leak", "limits", "update"]


def limits(potential_bits: int) -> tuple[int, int]:
    """Return the lowest and the highest potential."""
    return -(1 << (potential_bits - 1)), (1 << (potential_bits - 1)) - 1


def integrate(
    potential: np.ndarray,
    weight: np.ndarray | int,
    low: np.ndarray | int,
    high: np.ndarray | int,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Add a weight and saturate (section 8, rule 1).

    Parameters
    ----------
    potential : ndarray of int
        Signed potentials.
    weight : ndarray of int or int
        Signed weights.
    low, high : ndarray of int or int
        The limits of a potential, as `limits` gives them; fastest are arrays without dimensions, of
        the potentials' type.
    out : ndarray, optional
        Where the result goes.
    """
    result = np.add(potential, weight, out=out)
    result = np.minimum(result, high, out=out)
    return np.maximum(result, low, out=out)


def leak(
    potential: np.ndarray, strength: np.ndarray | int, out: np.ndarray | None = None
) -> np.ndarray:
    """Move the potential towards zero by at most the leak, by a time reference (section 8, rule 1).

    Parameters
    ----------
    potential : ndarray of int
        Signed potentials.
    strength : ndarray of int or int
        The neurons' leak, not negative.
    out : ndarray, optional
        Where the result goes.
    """
    # The step is at most the distance to zero, so the potential never crosses zero.
    return np.subtract(potential, np.clip(potential, np.negative(strength), strength), out=out)


def fire(
    potential: np.ndarray, threshold: np.ndarray | int, out: np.ndarray | None = None
) -> np.ndarray:
    """Tell which neurons fire (section 8, rule 2).

    A threshold is unsigned, so a potential that reaches it is not negative: one signed comparison
    is the whole rule.

    Parameters
    ----------
    potential : ndarray of int
        Signed potentials after the leak or the weight.
    threshold : ndarray of int or int
        Unsigned thresholds.
    out : ndarray of bool, optional
        Where the result goes.
    """
    return np.greater_equal(potential, threshold, out=out)


def update(
    potential: np.ndarray,
    threshold: np.ndarray,
    strength: np.ndarray,
    weight: np.ndarray,
    tick: np.ndarray,
    potential_bits: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Update neurons, each by a time reference or by a weight (section 8).

    Parameters
    ----------
    potential : ndarray of int
        Signed potentials.
    threshold : ndarray of int
        Unsigned thresholds.
    strength : ndarray of int
        The neurons' leak.
    weight : ndarray of int
        Signed weights, without effect where `tick` is set.
    tick : ndarray of bool
        True for a time reference.
    potential_bits : int
        Bits of a potential.

    Returns
    -------
    next_potential : ndarray of int
        Potentials that are stored: zero where the neuron fires.
    fires : ndarray of bool
        Which neurons fire, disabled or not.
    """
    moved = np.where(
        tick, leak(potential, strength), integrate(potential, weight, *limits(potential_bits))
    )
    fires = fire(moved, threshold)
    return np.where(fires, 0, moved), fires
