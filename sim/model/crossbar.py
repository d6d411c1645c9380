"""What models of crossbar cores share: registers, memories, held events, the main queue, output."""

from collections import deque

import numpy as np

from ...hdl.config import CoreConfig
from ..device import BusyError, Device, word_array

__all__ = ["CrossbarModel"]

#: Synapses of a memory word.
_GROUP = 8


class CrossbarModel(Device):
    """Part of a model of a core with a crossbar of synapses and one queue of events.

    Each event is executed, with all spikes that it causes, before the next one begins. Events sent
    while the gate is closed wait until it opens.

    The rest of the model keeps neurons and synapses, memories of these names with eight synapses to
    a word, and executes events. It begins with `super().__init__`, and calls `_configured` once it
    is ready.

    Parameters
    ----------
    config : CoreConfig
        The configuration.
    event_limit : int
        Queued events that one input event may cause before the network is taken to keep itself
        going for ever and `BusyError` is raised.

    Attributes
    ----------
    register_values : dict of int
        Present values of the registers, by name.
    operations : int
        Neuron updates so far.
    """

    #: Which neurons are disabled.
    _disable: np.ndarray

    def __init__(self, config: CoreConfig, event_limit: int) -> None:
        super().__init__(config)
        self.event_limit = event_limit
        self.operations = 0

        # (weight or virtual field, neuron), the head first
        self._fifo: deque[tuple[int, int]] = deque()
        self._outputs: list[np.ndarray] = []
        bits = self.memories["synapses"].width // _GROUP
        self._synapse_mask = (1 << bits) - 1
        self._synapse_shifts = np.arange(_GROUP, dtype=np.uint64) * np.uint64(bits)

    def _write_register(self, name: str, value: int) -> None:
        self._written(name, value)
        if name == self.interface.gate.register and not value:
            self._open_gate()

    def _written(self, name: str, value: int) -> None:
        """Follow the new value of a register."""
        self._configured()

    def _configured(self) -> None:
        """Prepare what follows from the registers."""
        self._open_loop = bool(self.register_values["open_loop"])
        self._tells_sources = bool(self.register_values["output_source"])
        self._tells_spikes = not self._tells_sources

    def _open_gate(self) -> None:
        """Execute what the gate has held back in queues."""

    def _load(self, memory: str, words: list[int], at: int) -> None:
        part = slice(at, at + len(words))
        if memory == "neurons":
            self._load_neurons(part, words)
        else:
            synapses = word_array(words, 64)[:, np.newaxis] >> self._synapse_shifts
            self._load_synapses(part, synapses.astype(np.int64) & self._synapse_mask)

    def _dump(self, memory: str, at: int, count: int) -> np.ndarray:
        part = slice(at, at + count)
        if memory == "neurons":
            return self._dump_neurons(part)
        synapses = self._dump_synapses(part).astype(np.uint64)
        return np.bitwise_or.reduce(synapses << self._synapse_shifts, axis=1)

    def _load_neurons(self, part: slice, words: list[int]) -> None:
        """Replace some neurons by these words."""
        raise NotImplementedError

    def _dump_neurons(self, part: slice) -> np.ndarray:
        """Return the words of some neurons."""
        raise NotImplementedError

    def _load_synapses(self, part: slice, synapses: np.ndarray) -> None:
        """Replace the synapses of some memory words; `synapses` has a row for each, of int64."""
        raise NotImplementedError

    def _dump_synapses(self, part: slice) -> np.ndarray:
        """Return the synapses of some memory words, a row for each, none negative."""
        raise NotImplementedError

    def _send(self, stream: str, words: np.ndarray) -> None:
        # If the network keeps itself going the rest of the events is lost, queued spikes stay.
        self._execute(words)

    def _settle(self) -> dict[str, np.ndarray]:
        words = np.concatenate([np.zeros(0, dtype=np.int64), *self._outputs]).astype(np.uint64)
        self._outputs = []
        return {self.interface.output: words}

    def _reset(self) -> None:
        self._fifo.clear()
        self._outputs = []

    def _execute(self, events: np.ndarray) -> None:
        """Execute input events one after the other, each with all it causes."""
        raise NotImplementedError

    def _empty_queues(self) -> None:
        """Execute queued events, of which there are some, until none is left."""
        for _ in range(self.event_limit):
            if not self._serve():
                return
        raise BusyError(
            f"{self.config.core}: one input event has caused {self.event_limit} queued events "
            "and there are more: the network keeps itself going"
        )

    def _serve(self) -> bool:
        """Execute the next queued event; return whether there are more then.

        The entry keeps its place while the spikes it causes are pushed.
        """
        raise NotImplementedError

    def _spikes(self, neurons: np.ndarray) -> None:
        """Pass the spikes of enabled neurons to the output and the queue."""
        neurons = neurons[~self._disable[neurons]]
        if self._tells_spikes:
            self._outputs.append(neurons)
        if not self._open_loop:
            self._queue(neurons)

    def _queue(self, neurons: np.ndarray) -> None:
        """Push spikes into the queue, as far as there is room."""
        room = self.config.fifo_depth - len(self._fifo)
        self._fifo.extend((0, neuron) for neuron in neurons[:room].tolist())
