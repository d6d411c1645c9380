"""Bench vectors: what a workload does with the model of a core and what it answers, for a test
bench.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..hdl.config import CoreConfig
from ..hdl.handoff.bench_vector import CHUNK_BITS, BenchVector, Code
from .device import Device
from .model import open_model
from .proxy import DeviceProxy
from .workload import find_workload

__all__ = ["BenchVectorRecorder", "record_bench_vectors"]

#: Clock cycles that pass before an event at the pins reaches the core, and that the receiver of an
#: output word needs.
_TRANSFER_CYCLES = 64


class BenchVectorRecorder(DeviceProxy):
    """A device that passes everything on to another device and records it.

    Parameters
    ----------
    device : Device
        The device to talk to, freshly reset.
    slowest : int
        Clock cycles that an event, or a spike that comes of it, takes at most.

    Attributes
    ----------
    operations : list of BenchVector
        What has been recorded so far.
    """

    def __init__(self, device: Device, slowest: int) -> None:
        super().__init__(device)
        self.operations: list[BenchVector] = []
        self._slowest = slowest
        self._events = 0

    def configure(self, **values: int) -> None:
        """Write registers."""
        for name, value in values.items():
            self.device.configure(**{name: value})
            register = self.registers[name]
            self._record(Code.REGISTER, index=register.address, data=register.word(value))

    def read(self, register: str) -> int:
        """Read a register; recorded as a check."""
        value = self.device.read(register)
        found = self.registers[register]
        self._record(Code.READ_REGISTER, index=found.address, data=found.word(value))
        return value

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        self.device.load(memory, words, at)
        self._record_words(Code.WRITE, memory, words, at)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words; recorded as a check."""
        words = self.device.dump(memory, at, count)
        self._record_words(Code.CHECK, memory, words.tolist(), at)
        return words

    def send(self, events: Iterable[int] | np.ndarray, stream: str | None = None) -> None:
        """Send input events."""
        events = events.tolist() if isinstance(events, np.ndarray) else list(events)
        self.device.send(events, stream)
        self._events += len(events)
        for event in events:
            self._record(Code.EVENT, data=int(event))

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; recorded with the output words."""
        words = self.device.settle()
        cycles = (self._events + len(words)) * (self._slowest + _TRANSFER_CYCLES) + _TRANSFER_CYCLES
        self._events = 0
        self._record(Code.SETTLE, index=cycles, data=len(words))
        for word in words.tolist():
            self._record(Code.OUTPUT, data=word)
        return words

    def drive(self, **levels: int) -> None:
        """Drive levels."""
        self.device.drive(**levels)
        for name, value in levels.items():
            index = list(self.interface.levels).index(name)
            self._record(Code.LEVEL, index=index, data=int(value))

    def tick(self) -> None:
        """End a time step."""
        self.device.tick()
        self._record(Code.TICK)

    def _record(self, code: Code, **fields: int) -> None:
        self.operations.append(BenchVector(code, **fields))

    def _record_words(self, code: Code, memory: str, words: Sequence[int], at: int) -> None:
        size = self.memories[memory]
        chunks = -(-size.width // CHUNK_BITS)
        for index, word in enumerate(words, at):
            for chunk in range(chunks):
                data = int(word) >> CHUNK_BITS * chunk & (1 << CHUNK_BITS) - 1
                self._record(code, space=size.space, chunk=chunk, index=index, data=data)


def record_bench_vectors(config: CoreConfig, cycles: Mapping[str, int]) -> list[BenchVector]:
    """Let the model of a core carry out its `exercise`; return all operations with its answers.

    The same configuration gives the same operations.

    Parameters
    ----------
    config : CoreConfig
        The core.
    cycles : mapping of str to int
        Clock cycles of each kind of event, as the core tells them.
    """
    workload = find_workload(config.core)
    model = open_model(config)
    # Behind the pins only cores in time steps say themselves when they are ready.
    used = [count for kind, count in cycles.items() if kind not in workload.UNEXERCISED]
    slowest = 0 if model.interface.time_step else max(used)
    recorder = BenchVectorRecorder(model, slowest)
    workload.exercise(recorder, np.random.default_rng(0))
    return recorder.operations
