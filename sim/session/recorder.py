"""A device that notes what is done with it as operations of a test bench."""

from collections.abc import Iterable, Sequence

import numpy as np

from ...hdl.catalogue import make_core
from ...hdl.handoff.operation import CHUNK_BITS, LEVELS, Code, Operation
from ..device import Device, check_events, check_words

__all__ = ["OperationRecorder"]

#: Clock cycles that pass before an event at the pins reaches the core, and that the receiver of an output
#: word needs.
_ON_THE_WAY = 64


class OperationRecorder(Device):
    """A device that passes everything on to another device and notes it.

    Parameters
    ----------
    device : Device
        The device to talk to, freshly reset.
    slowest : int
        Clock cycles that an event, or a spike that comes of it, takes at most.

    Attributes
    ----------
    operations : list of Operation
        What has been noted so far.
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
            self._note(Code.REGISTER, index=self.registers[name].address, data=value)

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        words = check_words(self.memories, self.config.core, memory, words, at)
        self.device.load(memory, words, at)
        self._note_words(Code.WRITE, memory, words, at)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words; noted as a check."""
        words = self.device.dump(memory, at, count)
        self._note_words(Code.CHECK, memory, words.tolist(), at)
        return words

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input events."""
        events = check_events(self.config.core, self.config.event_bits, events)
        self.device.send(events)
        self._events += len(events)
        for event in events.tolist():
            self._note(Code.EVENT, data=event)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; noted with the output words."""
        words = self.device.settle()
        cycles = (self._events + len(words)) * (self._slowest + _ON_THE_WAY) + _ON_THE_WAY
        self._events = 0
        self._note(Code.SETTLE, index=cycles, data=len(words))
        for word in words.tolist():
            self._note(Code.OUTPUT, data=word)
        return words

    # Cores with time steps.

    def drive(self, **pins: int) -> None:
        """Drive input pins."""
        self.device.drive(**pins)
        for name, value in pins.items():
            self._note(Code.LEVEL, index=LEVELS.index(name), data=value)

    def tick(self) -> None:
        """Carry out a time step."""
        self.device.tick()
        self._note(Code.TICK)

    def close(self) -> None:
        """Close the device."""
        self.device.close()

    def _note(self, code: Code, **fields: int) -> None:
        self.operations.append(Operation(code, **fields))

    def _note_words(self, code: Code, memory: str, words: Sequence[int], at: int) -> None:
        chunks = -(-self.memories[memory].width // CHUNK_BITS)
        for index, word in enumerate(words, at):
            for chunk in range(chunks):
                data = int(word) >> CHUNK_BITS * chunk & (1 << CHUNK_BITS) - 1
                self._note(code, target=self._targets[memory], chunk=chunk, index=index, data=data)
