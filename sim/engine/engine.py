"""What an engine is."""

from typing import Protocol

import numpy as np

from ..device import BusyError

__all__ = ["Engine", "EngineError"]


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

    def send(self, stream: int, words: np.ndarray) -> None:
        """Send words of an input stream, by its number; return when the last has been taken."""

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, payloads of the native access port; return what was read, one
        each.
        """

    def spi(self, words: np.ndarray, half_period: int, settling: int) -> np.ndarray:
        """Carry out SPI transactions at the pins; return what was shifted out with each word.

        Parameters
        ----------
        words : ndarray of uint64
            The words of a transaction in each row.
        half_period : int
            Clock cycles for which SCK is low, and high; more with stalls.
        settling : int
            Clock cycles that pass after each transaction.
        """

    def wait(self, port: str, value: int, limit: int | None = None) -> None:
        """Let clock cycles pass, at least one, until a port has a value.

        Raises
        ------
        EngineError
            If that takes more cycles than `limit`, which is the attribute of that name if not
            given.
        """

    def settle(self) -> list[np.ndarray]:
        """Wait until the core is idle; return the words of each output stream since the last
        time.
        """

    def close(self) -> None:
        """Free the simulation.

        Raises
        ------
        InputError
            If its waveforms could not be written as a whole.
        """
