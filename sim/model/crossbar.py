"""What the models of tinyODIN and ODIN share: registers, memories, held events, the main queue, output."""

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from ...hdl.config import CoreConfig
from ...hdl.interface.register import RegisterMap
from ...hdl.memory.logical import LogicalMemory
from ..device import (
    BusyError,
    Device,
    check_events,
    check_gated,
    check_memory_range,
    check_words,
    word_array,
)

__all__ = ["CrossbarModel"]

#: Synapses of a memory word.
_GROUP = 8


class CrossbarModel(Device):
    """Part of a model of a core with a crossbar of synapses and one queue of events.

    Each event is executed, with all spikes that it causes, before the next one begins. Events sent while
    register `gate` is 1 wait until it is 0.

    The rest of the model keeps neurons and synapses, and executes events. It begins with
    `super().__init__`, and calls `_configured` once it is ready.

    Parameters
    ----------
    config : CoreConfig
        The configuration.
    registers : RegisterMap
        The core's registers.
    memories : dict of LogicalMemory
        The core's memories: `neurons`, and `synapses` with eight to a word.
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

    def __init__(
        self,
        config: CoreConfig,
        registers: RegisterMap,
        memories: dict[str, LogicalMemory],
        event_limit: int,
    ) -> None:
        self.config = config
        self.registers = registers
        self.memories = memories
        self.register_values = {register.name: 0 for register in registers}
        self.event_limit = event_limit
        self.operations = 0

        # (weight or virtual field, neuron), the head first
        self._fifo: deque[tuple[int, int]] = deque()
        self._held: list[np.ndarray] = []  # input events that wait for the gate
        self._outputs: list[np.ndarray] = []
        bits = memories["synapses"].width // _GROUP
        self._synapse_mask = (1 << bits) - 1
        self._synapse_shifts = np.arange(_GROUP, dtype=np.uint64) * np.uint64(bits)

    def configure(self, **values: int) -> None:
        """Write configuration registers by name, in the order given.

        Clearing `gate` executes the events that were held back.

        Raises
        ------
        InputError
            If there is no such register or it cannot hold the value; no register is written then.
        BusyError
            If the network keeps itself going.
        """
        checked = {name: self.registers.check(name, value) for name, value in values.items()}
        for name, value in checked.items():
            self.register_values[name] = value
            self._written(name, value)
            if name == "gate" and not value:
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
        """Execute the events that were held back."""
        held, self._held = self._held, []
        for events in held:
            self._execute(events)

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write consecutive words of a memory, from word `at`.

        Raises
        ------
        InputError
            If there is no such memory, a word does not fit, the range leaves the memory, or
            register `gate` is 0.
        """
        values = check_words(self.memories, self.config.core, memory, words, at)
        check_gated(self.config.core, self.register_values["gate"])
        part = slice(at, at + len(values))
        if memory == "neurons":
            self._load_neurons(part, values)
        else:
            synapses = word_array(values, 64)[:, np.newaxis] >> self._synapse_shifts
            self._load_synapses(part, synapses.astype(np.int64) & self._synapse_mask)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory, all from `at` on if `count` is None.

        Raises
        ------
        InputError
            If there is no such memory, the range leaves it, or register `gate` is 0.
        """
        _, count = check_memory_range(self.memories, self.config.core, memory, at, count)
        check_gated(self.config.core, self.register_values["gate"])
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

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input events; executes them unless register `gate` is 1.

        Raises
        ------
        InputError
            If a word does not fit the core's input.
        BusyError
            If the network keeps itself going. The rest of `events` is lost, queued spikes stay.
        """
        events = check_events(self.config.core, self.config.event_bits, events)
        if self.register_values["gate"]:
            self._held.append(events)
        else:
            self._execute(events)

    def settle(self) -> np.ndarray:
        """Return the output words since the last settle, in order."""
        words = np.concatenate([np.zeros(0, dtype=np.int64), *self._outputs]).astype(np.uint64)
        self._outputs = []
        return words

    def close(self) -> None:
        """Do nothing: a model holds nothing that must be freed."""

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
