"""Recording of traces."""

import os
from collections.abc import Iterable, Sequence

import numpy as np

from ...hdl.catalogue import core_of
from ...hdl.error import InputError
from ..device import Device
from ..proxy import DeviceProxy
from .file import Trace, write_trace
from .pin_step import BurstStep, ExpectStep, LevelStep, PulseStep, TickStep, WaitStep
from .schema import find_schema
from .step import (
    CheckStep,
    ConfigStep,
    EventStep,
    LoadStep,
    ReadStep,
    ResetStep,
    SettleStep,
    SpiStep,
    TraceStep,
)

__all__ = ["Recorder"]


class Recorder(DeviceProxy):
    """A device that passes everything on to another device and records it as a trace.

    Recorded answers are those of the device, so that a recording of a model can be replayed on
    hardware.

    Parameters
    ----------
    device : Device
        The device to talk to, freshly reset.
    about : str
        One sentence for people.
    name : str
        Name of the trace.
    """

    def __init__(self, device: Device, about: str = "", name: str = "recording") -> None:
        super().__init__(device)
        self._schema = find_schema(device.config)
        self._about = about
        self._name = name
        self._steps: list[TraceStep] = []

    @property
    def trace(self) -> Trace:
        """What has been recorded so far."""
        # Lanes and the like do not belong to a trace.
        config = core_of(self.config).trace_config(self.config)
        return Trace(self._name, config, self._about, tuple(self._steps))

    def save(self, path: str | os.PathLike) -> None:
        """Write what has been recorded so far to a trace file, as `write_trace` does."""
        write_trace(self.trace, path)

    def configure(self, **values: int) -> None:
        """Write registers."""
        checked = {name: self.registers.check(name, value) for name, value in values.items()}
        for name, value in checked.items():
            register = self.registers[name]
            self._steps.append(ConfigStep(register.address, register.word(value)))
        self.device.configure(**checked)

    def read(self, register: str) -> int:
        """Read a register; recorded with its value."""
        value = self.device.read(register)
        found = self.registers[register]
        self._steps.append(ReadStep(found.address, found.word(value)))
        return value

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        self.device.load(memory, words, at)
        self._steps.append(LoadStep(memory, at, tuple(int(word) for word in words)))

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words; recorded as a check."""
        words = self.device.dump(memory, at, count)
        self._steps.append(CheckStep(memory, at, tuple(words.tolist())))
        return words

    def send(self, events: Iterable[int] | np.ndarray, stream: str | None = None) -> None:
        """Send input events."""
        events = events if isinstance(events, np.ndarray) else list(events)
        # Recorded first: events that make the device fail are worth keeping.
        before = len(self._steps)
        self._steps.extend(EventStep.of(self._schema, int(event)) for event in events)
        try:
            self.device.send(events, stream)
        except InputError:
            del self._steps[before:]
            raise

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; recorded with the output words."""
        events = self.device.settle()
        self._steps.append(SettleStep(tuple(int(event) for event in events)))
        return events

    def drive(self, **levels: int) -> None:
        """Drive levels."""
        self.device.drive(**levels)
        self._steps.extend(LevelStep(name, int(value)) for name, value in levels.items())

    def tick(self) -> None:
        """Carry out a time step."""
        self._steps.append(TickStep())
        self.device.tick()

    def pulse(self, name: str | None = None) -> None:
        """Pulse the time step's input."""
        self._steps.append(PulseStep())
        self.device.pulse(name)

    def status(self, name: str) -> int:
        """Return the value of a status; recorded as expected."""
        value = self.device.status(name)
        self._steps.append(ExpectStep(name, value))
        return value

    def wait(self, name: str, value: int) -> None:
        """Wait until a status has a value."""
        self._steps.append(WaitStep(name, value))
        self.device.wait(name, value)

    def reset(self) -> None:
        """Reset the core."""
        self._steps.append(ResetStep())
        self.device.reset()

    def transact(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction; what a read gives is recorded, if anything is read."""
        reply = self.device.transact(words)
        spi = self._schema.spi
        requests = spi.decode([int(word) for word in words])
        if spi.count_shift is None:
            read = requests[0].read
            self._steps.append(SpiStep(*map(int, words), reply[-1] if read else None))
            return reply
        gated = self.register_values[self.interface.gate.register]
        known = gated and all(request.read and request.space for request in requests)
        received = (None, *reply[1:]) if known and requests else None
        self._steps.append(BurstStep(tuple(int(word) for word in words), received))
        return reply
