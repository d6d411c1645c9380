"""Recording of traces."""

import os
from collections.abc import Iterable, Sequence

import numpy as np

from ...hdl.reckon.layout import SPACES
from ..device import Device, check_events, check_words
from ..spi import SpiFrame
from ..spi32 import Spi32Header
from .family import find_family, trace_parameters
from .file import Trace, write_trace
from .player import shadowed_spi, shadowed_spi32
from .step import CheckStep, ConfigStep, LoadStep, SettleStep, SpiStep, Step
from .ticked_step import (
    ExpectStep,
    PinStep,
    PulseStep,
    ResetStep,
    Spi32Step,
    TickStep,
    WaitStep,
    event_step,
)

__all__ = ["Recorder"]


class Recorder(Device):
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
        self.device = device
        self.config = device.config
        self.registers = device.registers
        self.memories = device.memories
        self.register_values = device.registers.reset_values()
        self._about = about
        self._name = name
        self._steps: list[Step] = []

    @property
    def trace(self) -> Trace:
        """What has been recorded so far."""
        family = find_family(self.config.core)
        # Lanes and the like do not belong to a trace.
        config = family.config(**trace_parameters(self.config))
        return Trace(self._name, config, self._about, tuple(self._steps))

    def save(self, path: str | os.PathLike) -> None:
        """Write what has been recorded so far to a trace file, as `write_trace` does."""
        write_trace(self.trace, path)

    def configure(self, **values: int) -> None:
        """Write registers."""
        values = {name: self.registers.check(name, value) for name, value in values.items()}
        for name, value in values.items():
            self._steps.append(ConfigStep(self.registers[name].address, value))
        self.register_values.update(values)
        self.device.configure(**values)

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        words = check_words(self.memories, self.config.core, memory, words, at)
        self.device.load(memory, words, at)
        self._steps.append(LoadStep(memory, at, tuple(words)))

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words; recorded as a check."""
        words = self.device.dump(memory, at, count)
        self._steps.append(CheckStep(memory, at, tuple(words.tolist())))
        return words

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input events."""
        events = check_events(self.config.core, self.config.event_bits, events)
        # Recorded first: events that make the device fail are worth keeping.
        self._steps.extend(event_step(self.config, event) for event in events.tolist())
        self.device.send(events)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; recorded with the output words."""
        events = self.device.settle()
        self._steps.append(SettleStep(tuple(int(event) for event in events)))
        return events

    def spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction; the reply to a read is recorded."""
        reply = shadowed_spi(self.device, self.register_values, address, data)
        read = SpiFrame.of(self.device).decode(address)
        self._steps.append(SpiStep(address, data, reply if read.read else None))
        return reply

    # Cores with time steps.

    def drive(self, **pins: int) -> None:
        """Drive input pins."""
        self.device.drive(**pins)
        self._steps.extend(PinStep(name, int(value)) for name, value in pins.items())

    def tick(self) -> None:
        """Carry out a time step."""
        self._steps.append(TickStep())
        self.device.tick()

    def pulse(self) -> None:
        """Pulse the time-step pin."""
        self._steps.append(PulseStep())
        self.device.pulse()

    def read_pin(self, name: str) -> int:
        """Return the value of an output pin; recorded as expected."""
        value = self.device.read_pin(name)
        self._steps.append(ExpectStep(name, value))
        return value

    def wait_pin(self, name: str, value: int) -> None:
        """Wait until an output pin has a value."""
        self._steps.append(WaitStep(name, value))
        self.device.wait_pin(name, value)

    def reset(self) -> None:
        """Pulse the reset pin."""
        self._steps.append(ResetStep())
        self.device.reset()
        self.register_values = self.registers.reset_values()

    def spi32(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction of 32-bit words; what a read gives is recorded."""
        reply = shadowed_spi32(self.device, self.register_values, words)
        header = Spi32Header.unpack(words[0])
        known = header.read and header.space in SPACES
        known = known and bool(self.register_values[self.registers.gate])
        received = (None, *reply[1:]) if known else None
        self._steps.append(Spi32Step(tuple(int(word) for word in words), received))
        return reply

    def close(self) -> None:
        """Close the device."""
        self.device.close()
