"""What ODIN's neuron models share: many neurons of one model, one array for each field."""

from enum import Enum
from typing import ClassVar

import numpy as np
from amaranth.lib import data

from ..parts import INTEGER, Parts
from ..plasticity.sdsp import Calcium
from .layout import field, put_field

__all__ = ["Kind", "Population"]


class Kind(Enum):
    """Kinds of neuron updates (specification of ODIN, section 9)."""

    TICK = "time reference"
    INHIBITORY = "inhibitory"
    EXCITATORY = "excitatory"


class Population(Parts):
    """Neurons of one model of ODIN.

    A subclass has the fields of its words as attributes, as far as it uses them, under their names
    in `hdl/neuron/layout.py`. Fields of one bit are arrays of bool, others of `INTEGER`.

    Parameters
    ----------
    halves : ndarray of uint64
        Stored words, as `split_words` makes them.
    plasticity : bool
        Whether the core has plasticity; without it calcium stays as it is and nothing learns.

    Attributes
    ----------
    steps : ndarray of int
        What a source spike does to the neuron's synapses: 1 for flag up, -1 for down, 0 for
        neither.
    bursts, intervals : ndarray of int
        Extra spikes and interval code of a burst, given out at the last update (section 9).
    potential : ndarray of int
        Potentials as they are stored.
    disable : ndarray of bool
        Neurons whose spikes are not seen outside.
    calcium : Calcium
        Their calcium.
    can_burst : bool
        Any neuron can have bursts.
    can_learn : bool
        Any step can be other than 0.
    """

    layout: ClassVar[data.StructLayout]
    state: ClassVar[tuple[str, ...]]

    bursts: np.ndarray
    intervals: np.ndarray
    can_burst = False

    def __init__(self, halves: np.ndarray, plasticity: bool = True) -> None:
        self._halves = np.array(halves, dtype=np.uint64)
        self.steps = np.zeros(len(halves), dtype=INTEGER)
        self.disable = self._field("disabled")
        self.potential = self._field("potential")
        self.calcium = Calcium(
            self._field("calcium"),
            self._field("calcium_count"),
            self._field("learning_enable") & plasticity,
            tuple(self._field(f"calcium_threshold_{number}") for number in (1, 2, 3)),
            self._field("calcium_period"),
        )
        self._learning_threshold = self._field("learning_threshold")

    def examine(self) -> None:
        """Find out what these neurons need; also after `steps` have been replaced."""
        self._has_steps = bool(self.steps.any())
        self.can_learn = self.calcium.active or self._has_steps

    def _field(self, name: str) -> np.ndarray:
        """Return a field of the stored words."""
        bits = self.layout[name].width
        return field(self._halves, self.layout, name).astype(bool if bits == 1 else INTEGER)

    def _value(self, name: str) -> np.ndarray:
        """Return the present value of a state field."""
        if name == "calcium":
            return self.calcium.level
        if name == "calcium_count":
            return self.calcium.count
        return getattr(self, name)

    def halves(self) -> np.ndarray:
        """Return the present words in halves; all bits outside the state are as they were."""
        halves = self._halves.copy()
        for name in self.state:
            put_field(halves, self.layout, name, self._value(name))
        return halves

    def update(
        self,
        kind: Kind,
        weights: np.ndarray | None = None,
        burst_end: np.ndarray | int | None = None,
    ) -> np.ndarray:
        """Update all neurons once (section 9).

        Parameters
        ----------
        kind : Kind
            What all are updated by.
        weights : ndarray of int, optional
            Weights, not negative; without effect on a tick.
        burst_end : index, optional
            Neurons whose burst ends with this update.

        Returns
        -------
        fires : ndarray of bool
            Which neurons fire, disabled or not.
        """
        raise NotImplementedError

    def packets(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return calcium, rotation and potential as monitor packets show them (section 10)."""
        raise NotImplementedError
