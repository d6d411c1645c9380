"""A device that passes everything on to another device, to note it on the way."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from .device import Device

__all__ = ["DeviceProxy"]


class DeviceProxy:
    """A device that passes everything on to another device; a subclass notes what it wants.

    It has all methods and attributes of a `Device`. A subclass overrides the methods that it notes.

    Parameters
    ----------
    device : Device
        The device to talk to.
    """

    def __init__(self, device: Device) -> None:
        self.device = device

    def __getattr__(self, name: str) -> Any:
        # Attributes of a device, those of its kind included.
        if name == "device":
            raise AttributeError(name)
        return getattr(self.device, name)

    def configure(self, **registers: int) -> None:
        """Write registers."""
        self.device.configure(**registers)

    def read(self, register: str) -> int:
        """Read a register."""
        return self.device.read(register)

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        self.device.load(memory, words, at)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words."""
        return self.device.dump(memory, at, count)

    def send(self, events: Iterable[int] | np.ndarray, stream: str | None = None) -> None:
        """Send input words."""
        self.device.send(events, stream)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return its output words."""
        return self.device.settle()

    def drive(self, **levels: int) -> None:
        """Drive levels."""
        self.device.drive(**levels)

    def pulse(self, name: str | None = None) -> None:
        """Pulse an input."""
        self.device.pulse(name)

    def tick(self) -> None:
        """End the time step."""
        self.device.tick()

    def status(self, name: str) -> int:
        """Return the value of a status."""
        return self.device.status(name)

    def wait(self, name: str, value: int) -> None:
        """Wait until a status has a value."""
        self.device.wait(name, value)

    def reset(self) -> None:
        """Reset the core."""
        self.device.reset()

    def transact(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction."""
        return self.device.transact(words)

    def close(self) -> None:
        """Close the device."""
        self.device.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
