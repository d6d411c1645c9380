"""Leaky integrate-and-fire neurons: tinyODIN's (section 8 of its specification) and ODIN's (12).

The functions are tinyODIN's rules; `Neurons` are ODIN's neurons, which use them too, with unsigned
potentials. All functions work element by element on integer arrays that are wide enough for the sum
of a potential and a weight. With `out` the result goes into an existing array, which may be the
first argument.
"""

import numpy as np

from ....hdl.neuron.layout import LIF_WORD
from ..parts import INTEGER, constant
from .population import Kind, Population

__all__ = ["Neurons", "fire", "integrate", "leak", "limits", "update"]

# The limits of ODIN's potentials.
_LOW = constant(0)
_HIGH = constant(255)


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


class Neurons(Population):
    """ODIN's neurons of this model: unsigned potentials and calcium (its specification, section
    12).
    """

    layout = LIF_WORD
    state = ("potential", "calcium", "calcium_count")

    def __init__(self, halves: np.ndarray, plasticity: bool = True) -> None:
        super().__init__(halves, plasticity)
        self._threshold = self._field("threshold")
        self._strength = self._field("leak") * self._field("leak_enable")
        self.bursts = self.intervals = np.zeros(len(halves), dtype=INTEGER)
        self.examine()

    def update(
        self,
        kind: Kind,
        weights: np.ndarray | None = None,
        burst_end: np.ndarray | int | None = None,
    ) -> np.ndarray:
        """Update all neurons once; see `Population.update`. They have no bursts."""
        potential = self.potential
        if kind is Kind.TICK:
            leak(potential, self._strength, potential)
        elif kind is Kind.EXCITATORY:
            integrate(potential, weights, _LOW, _HIGH, potential)
        else:
            integrate(potential, np.negative(weights), _LOW, _HIGH, potential)
        fires = fire(potential, self._threshold)
        fired = np.count_nonzero(fires) > 0
        if fired:
            potential[fires] = 0
        if self.calcium.active:
            self.calcium.update(kind is Kind.TICK, fires if fired else None)
            self.calcium.steps(potential >= self._learning_threshold, self.steps)
        elif self._has_steps:
            self.steps[:] = 0
        return fires

    def packets(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return calcium, rotation and potential as monitor packets show them (section 10)."""
        return self.calcium.level, np.zeros_like(self.potential), self.potential
