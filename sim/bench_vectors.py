"""Bench vectors: what a workload does with the model of a core and what it answers, for a test bench."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..hdl.catalogue import make_core
from ..hdl.config import CoreConfig
from ..hdl.handoff.operation import CHUNK_BITS, LEVELS, Code, Operation
from .device import Device, check_events, check_words
from .model import open_model
from .workload import find_workload

__all__ = ["BenchVectorRecorder", "record_bench_vectors"]

#: Clock cycles that pass before an event at the pins reaches the core, and that the receiver of an output
#: word needs.
_TRANSFER_CYCLES = 64


class BenchVectorRecorder(Device):
    """A device that passes everything on to another device and records it.

    Parameters
    ----------
    device : Device
        The device to talk to, freshly reset.
    slowest : int
        Clock cycles that an event, or a spike that comes of it, takes at most.

    Attributes
    ----------
    operations : list of Operation
        What has been recorded so far.
    """

    def __init__(self, device: Device, slowest: int) -> None:
        self.device = device
        self.config = device.config
        self.registers = device.registers
        self.memories = device.memories
        self.operations: list[Operation] = []
        self._slowest = slowest
        self._events = 0
        core = make_core(device.config)
        core._MustUse__silence = True  # asked for its numbers only
        self._targets: dict[str, int] = core.targets

    def configure(self, **values: int) -> None:
        """Write registers."""
        for name, value in values.items():
            self.device.configure(**{name: value})
            self._record(Code.REGISTER, index=self.registers[name].address, data=value)

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        words = check_words(self.memories, self.config.core, memory, words, at)
        self.device.load(memory, words, at)
        self._record_words(Code.WRITE, memory, words, at)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words; recorded as a check."""
        words = self.device.dump(memory, at, count)
        self._record_words(Code.CHECK, memory, words.tolist(), at)
        return words

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input events."""
        events = check_events(self.config.core, self.config.event_bits, events)
        self.device.send(events)
        self._events += len(events)
        for event in events.tolist():
            self._record(Code.EVENT, data=event)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; recorded with the output words."""
        words = self.device.settle()
        cycles = (self._events + len(words)) * (self._slowest + _TRANSFER_CYCLES) + _TRANSFER_CYCLES
        self._events = 0
        self._record(Code.SETTLE, index=cycles, data=len(words))
        for word in words.tolist():
            self._record(Code.OUTPUT, data=word)
        return words

    # Cores with time steps.

    def drive(self, **pins: int) -> None:
        """Drive input pins."""
        self.device.drive(**pins)
        for name, value in pins.items():
            self._record(Code.LEVEL, index=LEVELS.index(name), data=value)

    def tick(self) -> None:
        """Carry out a time step."""
        self.device.tick()
        self._record(Code.TICK)

    def close(self) -> None:
        """Close the device."""
        self.device.close()

    def _record(self, code: Code, **fields: int) -> None:
        self.operations.append(Operation(code, **fields))

    def _record_words(self, code: Code, memory: str, words: Sequence[int], at: int) -> None:
        chunks = -(-self.memories[memory].width // CHUNK_BITS)
        for index, word in enumerate(words, at):
            for chunk in range(chunks):
                data = int(word) >> CHUNK_BITS * chunk & (1 << CHUNK_BITS) - 1
                self._record(
                    code, target=self._targets[memory], chunk=chunk, index=index, data=data
                )


def record_bench_vectors(config: CoreConfig, slowest: int) -> list[Operation]:
    """Let the model of a core carry out its `exercise`; return all operations with its answers.

    The same configuration gives the same operations.

    Parameters
    ----------
    config : CoreConfig
        The core.
    slowest : int
        Clock cycles that an event, or a spike that comes of it, takes at most.
    """
    recorder = BenchVectorRecorder(open_model(config), slowest)
    find_workload(config.core).exercise(recorder, np.random.default_rng(0))
    return recorder.operations
