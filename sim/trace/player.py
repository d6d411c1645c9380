"""A device during a replay, and raw SPI transactions on a device whose registers are followed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...hdl.config import CoreConfig
from ..device import Device, TickedDevice
from ..spi import SpiFrame, spi_transaction
from ..spi32 import Spi32Header

__all__ = ["Player", "shadowed_spi", "shadowed_spi32"]


def shadowed_spi(device: Device, values: dict[str, int], address: int, data: int) -> int:
    """Carry out a raw SPI transaction, given the present registers, which it may change."""
    reply = spi_transaction(device, address, data, gated=bool(values["gate"]))
    number = SpiFrame.of(device).decode(address).register
    register = None if number is None else device.registers.at(number)
    if register is not None:
        values[register.name] = data & ((1 << register.width) - 1)
    return reply


def shadowed_spi32(device: TickedDevice, values: dict[str, int], words: Sequence[int]) -> list[int]:
    """Carry out a raw SPI transaction of 32-bit words, given the registers, which it may change."""
    reply = device.spi32(words)
    header = Spi32Header.unpack(words[0])
    register = device.registers.at(header.address)
    if header.space == 0 and header.count and not header.read and register is not None:
        values[register.name] = words[-1] & ((1 << register.width) - 1)
    return reply


class Player:
    """A device during a replay: events are sent together, and the registers are known."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._registers = device.registers.reset_values()
        self._events: list[int] = []

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
            value &= (1 << register.width) - 1
            self.device.configure(**{register.name: value})
            self._registers[register.name] = value
        elif hasattr(self._device, "spi"):
            # Nothing must happen, which real pins can show.
            self.spi(SpiFrame.of(self._device).register(address), value)
        elif hasattr(self._device, "spi32"):
            self.spi32([Spi32Header(read=False, space=0, count=1, address=address).pack(), value])

    def spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction."""
        return shadowed_spi(self.device, self._registers, address, data)

    def spi32(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction of 32-bit words."""
        return shadowed_spi32(self.device, self._registers, words)

    def reset(self) -> None:
        """Reset the device."""
        self.device.reset()
        self._registers = self._device.registers.reset_values()

    @contextmanager
    def gated(self) -> Iterator[None]:
        """Close the gate for a while, if it is open: memories are out of reach until then."""
        gate = self._device.registers.gate
        was_open = not self._registers[gate]
        if was_open:
            self.device.configure(**{gate: 1})
        yield
        if was_open:
            self.device.configure(**{gate: 0})
