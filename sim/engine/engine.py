"""What an engine is."""

from pathlib import Path
from typing import Protocol

import numpy as np

from ...hdl.error import InputError
from ..device import BusyError

__all__ = ["ACCESS", "Engine", "EngineError", "check_wave"]

#: One access to a register or to a byte of a memory, as `Engine.access` takes it.
ACCESS = np.dtype(
    [(name, np.uint32) for name in ("write", "target", "address", "byte", "data", "mask")]
)


class EngineError(BusyError):
    """A simulated core did not do what it was asked for in the time allowed."""


class Engine(Protocol):
    """A running simulation of a core behind the `native` or the `pins` shell.

    It has been reset. Output words are taken all the time and kept.

    Attributes
    ----------
    cycles : int
        Clock cycles since the start.
    limit : int
        Clock cycles that the core may take for one event, one access or to become idle; more than
        these raise `EngineError`.
    """

    cycles: int
    limit: int

    def stall(self, seed: int, *, events: int = 0, output: int = 0, access: int = 0) -> None:
        """Let each side of a stream wait at random; each number is a chance of 256 per draw."""

    def set(self, port: str, value: int) -> None:
        """Drive an input port from the next cycle on."""

    def get(self, port: str) -> int:
        """Return the value a port had in the last cycle."""

    def step(self, cycles: int = 1) -> None:
        """Let clock cycles pass."""

    def reset(self) -> None:
        """Pulse the reset and forget output words."""

    def send(self, events: np.ndarray) -> None:
        """Send input events; return when the last has been taken."""

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, an array of `ACCESS`; return a byte for each."""

    def spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction; return the word shifted out with the data."""

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last time."""

    def close(self) -> None:
        """Free the simulation."""


def check_wave(path: Path) -> None:
    """Make the folder of a waveform file and check that the file can be written.

    Raises
    ------
    InputError
        If it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
