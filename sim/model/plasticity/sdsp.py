"""SDSP, spike-driven synaptic plasticity (specification of ODIN, sections 11, 12 and 13.11).

A target neuron's flags, up and down, are never both set. Here they are one number, the *step* that
a source spike makes a synapse into the neuron take: 1 for up, -1 for down, 0 for neither.
"""

import numpy as np

from ..parts import INTEGER, Parts, constant

__all__ = ["Calcium", "bistability_steps", "change_weights", "update_synapses"]

_ZERO = constant(0)
_ONE = constant(1)
_HIGHEST = constant(7)


def change_weights(
    weights: np.ndarray, steps: np.ndarray, highest: np.ndarray | int, out: np.ndarray | None = None
) -> np.ndarray:
    """Move weights by one step each and saturate (section 11).

    Parameters
    ----------
    weights : ndarray of int
        Weights from 0 to `highest`.
    steps : ndarray of int
        Steps, 0 where a synapse is not eligible.
    highest : ndarray or int
        The highest weight.
    out : ndarray, optional
        Where the result goes; may be `weights`.
    """
    result = np.add(weights, steps, out=out)
    result = np.minimum(result, highest, out=out)
    return np.maximum(result, _ZERO, out=out)


def bistability_steps(weights: np.ndarray, weight_bits: int) -> np.ndarray:
    """Return the steps of a bistability event: away from the middle (section 11)."""
    return np.where(weights >> (weight_bits - 1), 1, -1).astype(INTEGER)


def update_synapses(
    nibbles: np.ndarray,
    eligible: np.ndarray,
    bistability: np.ndarray,
    up: np.ndarray,
    down: np.ndarray,
    weight_bits: int = 3,
) -> np.ndarray:
    """Update whole synapses, mapping bit and weight (section 11).

    Parameters
    ----------
    nibbles : ndarray of int
        Synapses, the mapping bit above the weight.
    eligible : ndarray of bool
        Which may change.
    bistability : ndarray of bool
        True for a bistability event, false for a spike or synapse event.
    up, down : ndarray of bool
        The target neuron's flags; without effect on a bistability event.
    weight_bits : int
        Bits of a weight.

    Returns
    -------
    ndarray of int
        The synapses afterwards.
    """
    nibbles = np.asarray(nibbles).astype(INTEGER)
    highest = (1 << weight_bits) - 1
    weights = nibbles & highest
    steps = np.asarray(up).astype(INTEGER) - np.asarray(down).astype(INTEGER)
    steps = np.where(bistability, bistability_steps(weights, weight_bits), steps)
    steps = np.where(eligible, steps, 0)
    return nibbles & ~highest | change_weights(weights, steps, highest)


class Calcium(Parts):
    """Calcium of neurons: a count of recent spikes that says whether their synapses learn.

    Parameters
    ----------
    level, count : ndarray of int
        State: the calcium and its tick counter.
    enabled : ndarray of bool
        Which neurons have calcium and learn.
    thresholds : tuple of ndarray of int
        The three calcium thresholds.
    period : ndarray of int
        Ticks per decrement, 0 for none.

    Attributes
    ----------
    active : bool
        Any of these neurons has calcium; if not, nothing here ever changes.
    """

    def __init__(
        self,
        level: np.ndarray,
        count: np.ndarray,
        enabled: np.ndarray,
        thresholds: tuple[np.ndarray, np.ndarray, np.ndarray],
        period: np.ndarray,
    ) -> None:
        self.level = level
        self.count = count
        self._enabled = enabled
        self._low, self._middle, self._high = thresholds
        self._counts = enabled & (period > 0)
        self._last_count = (period - 1).astype(INTEGER)
        # Steps of a neuron whose potential is above, or below, its threshold for learning.
        self._above = np.zeros_like(level)
        self._below = np.zeros_like(level)
        self._compare()
        self.examine()

    def examine(self) -> None:
        """Find out whether any of these neurons has calcium."""
        self.active = bool(self._enabled.any())
        self._any_counts = bool(self._counts.any())

    def _compare(self) -> None:
        """Compare the calcium with its thresholds (section 12, rule 6)."""
        some = self._enabled & (self.level >= self._low)
        np.copyto(self._above, some & (self.level < self._high))
        np.negative((some & (self.level < self._middle)).astype(INTEGER), out=self._below)

    def update(self, tick: bool, fires: np.ndarray | None, spikes: np.ndarray | int = _ONE) -> None:
        """Count spikes and ticks (section 12, rules 4 and 5; section 13.11).

        Parameters
        ----------
        tick : bool
            The update is a time reference.
        fires : ndarray of bool or None
            Which neurons fire; None if none does.
        spikes : ndarray of int or int
            Spikes that firing counts for.
        """
        leaks = None
        if tick and self._any_counts:
            leaks = self._counts & (self.count == self._last_count)
            self.count += self._counts
            self.count &= 31
            self.count[leaks] = 0
        if fires is None:
            if leaks is None or not np.count_nonzero(leaks):
                return
            np.subtract(self.level, leaks & (self.level != _ZERO), out=self.level)
        else:
            rises = fires & self._enabled
            if leaks is not None:
                falls = leaks & ~fires & (self.level != _ZERO)
                rises &= ~leaks
                np.subtract(self.level, falls, out=self.level)
            np.add(self.level, spikes * rises, out=self.level)
            np.minimum(self.level, _HIGHEST, out=self.level)
        self._compare()

    def steps(self, above: np.ndarray, out: np.ndarray) -> None:
        """Work out the steps of neurons (section 12, rule 6).

        Parameters
        ----------
        above : ndarray of bool
            Whose potential has reached the threshold for learning.
        out : ndarray of int
            Where the steps go.
        """
        np.copyto(out, self._below)
        np.copyto(out, self._above, where=above)
