"""What an engine is."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..device import BusyError

__all__ = ["ACCESS", "Engine", "EngineError"]

#: One access to a register or to a part of a memory word, as `Engine.access` takes it; a core's access
#: port has some of these fields.
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
        """Carry out accesses, an array of `ACCESS`; return what was read, one number for each."""

    def spi(self, words: Sequence[int], half_period: int = 2) -> list[int]:
        """Carry out a raw SPI transaction; return what was shifted out with each word.

        Parameters
        ----------
        words : sequence of int
            All words of the transaction; how many bits each has is a matter of the shell.
        half_period : int
            Clock cycles for which SCK is low, and high; more with stalls.
        """

    def wait(self, port: str, value: int, limit: int | None = None) -> None:
        """Let clock cycles pass, at least one, until a port has a value.

        Raises
        ------
        EngineError
            If that takes more cycles than `limit`, which is the attribute of that name if not given.
        """

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last time."""

    def close(self) -> None:
        """Free the simulation.

        Raises
        ------
        InputError
            If its waveforms could not be written as a whole.
        """
