"""A device during a replay."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...hdl.config import CoreConfig
from ..device import Device
from .schema import Schema, find_schema

__all__ = ["Replayer"]


class Replayer:
    """A device during a replay: events are sent together."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._events: list[int] = []
        self.schema: Schema = find_schema(device.config)

    @property
    def config(self) -> CoreConfig:
        """The device's configuration."""
        return self._device.config

    @property
    def device(self) -> Device:
        """The device, with all events sent."""
        if self._events:
            events, self._events = self._events, []
            self._device.send(events)
        return self._device

    def send(self, event: int) -> None:
        """Send an event, at the latest when the device is used next."""
        self._events.append(event)

    def write_register(self, address: int, value: int) -> None:
        """Write a register by number; it takes the low bits of the value."""
        register = self._device.registers.at(address)
        if register is not None:
            self.device.configure(**{register.name: register.take(value)})
        elif self.schema.spi is not None:
            # Nothing must happen, which real pins can show.
            spi = self.schema.spi
            self.transact([spi.first(write=True, address=address), value])

    def read_register(self, address: int) -> int:
        """Read a register by number, as the bits that come back."""
        register = self._device.registers.at(address)
        return 0 if register is None else register.word(self.device.read(register.name))

    def transact(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction."""
        return self.device.transact(words)

    @contextmanager
    def gated(self) -> Iterator[None]:
        """Close the gate for a while, if it is open: memories are out of reach until then."""
        gate = self._device.interface.gate.register
        was_open = not self._device.register_values[gate]
        if was_open:
            self.device.configure(**{gate: 1})
        yield
        if was_open:
            self.device.configure(**{gate: 0})
