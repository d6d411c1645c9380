"""The Device protocol: one way to talk to a core, whatever runs it.

There are three kinds of device: the NumPy model, RTL in an engine (also after synthesis), and a
board.
A program written against `Device` runs unchanged on all of them.
"""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np

from ..hdl.config import CoreConfig
from ..hdl.error import InputError, RunError
from ..hdl.interface.register import RegisterMap
from ..hdl.memory.logical import LogicalMemory

__all__ = [
    "BusyError",
    "Device",
    "TickedDevice",
    "check_events",
    "check_gated",
    "check_memory_range",
    "check_pin",
    "check_words",
    "word_array",
]


class BusyError(RunError):
    """The core does not become idle, as a network that keeps itself going never does.

    Raised by `settle`, and by the model, which works as it goes, also by `send` and `configure`.
    """


@runtime_checkable
class Device(Protocol):
    """A core that can be configured, loaded, fed with events and read back.

    A new device is freshly reset: registers have their reset values, queues are empty, memories
    undefined until they are loaded.

    Attributes
    ----------
    config : CoreConfig
        The core's configuration.
    registers : RegisterMap
        The core's registers.
    memories : dict of LogicalMemory
        The core's memories, by name.
    """

    config: CoreConfig
    registers: RegisterMap
    memories: dict[str, LogicalMemory]

    def configure(self, **registers: int) -> None:
        """Write configuration registers by name, in the order given.

        Raises
        ------
        InputError
            If there is no such register or it cannot hold the value.
        """

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write consecutive words of a memory, from word `at`.

        The core must be gated (register `gate` = 1, or what `registers.gate` names) and idle.

        Raises
        ------
        InputError
            If there is no such memory, a word does not fit, or the range leaves the memory.
        """

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory; all from `at` on if `count` is None.

        The core must be gated and idle. Returns an array as `word_array` makes it.
        """

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input event words, in order; does not wait until they have been executed.

        Raises
        ------
        InputError
            If a word does not fit the core's input.
        """

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last settle, in order.

        "Idle" includes that no event is waiting, except events held back by the gate.
        """

    def close(self) -> None:
        """Free what the device holds; it cannot be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@runtime_checkable
class TickedDevice(Device, Protocol):
    """A core that works in time steps, as ReckOn does.

    Input events are spikes that wait for the next time step, and items of target data; as words,
    `{target, address}` (`hdl.reckon.layout.event_word`). `settle` returns the output words since the
    last `settle`, once the core is idle, ready for the next time step, or waiting for its host.

    Pins have plain names. Inputs, held until they are driven again, 0 at first: `sample`,
    `target_valid`, `infer_accumulate`. Outputs: `configuring` (the core waits in CONFIG),
    `ready` (published as TIMING_ERROR_RDY: ready for a time step, or the timing-error flag if register
    `timing_mode` is 1) and `target_request` (MISO between SPI transactions: the core waits for a
    target, and register `target_request_monitor` is 1).

    See the specification of ReckOn, sections 2, 3, 8 and 13.
    """

    def drive(self, **pins: int) -> None:
        """Drive input pins with 0 or 1 and hold them.

        Raises
        ------
        InputError
            If there is no such pin or the value is not 0 or 1.
        """

    def tick(self) -> None:
        """Pulse the time-step pin and wait until the core is ready again.

        While register `local_tick` is 1 the pin has no effect: wait for the end of one time step
        that the core makes itself; in IDLE it makes none, and nothing happens.

        Raises
        ------
        InputError
            If register `timing_mode` is 1, because then no pin says that the core is ready.
        BusyError
            If the core does not become ready, as when it waits for a target.
        """

    def pulse(self) -> None:
        """Pulse the time-step pin, and do not wait."""

    def read_pin(self, name: str) -> int:
        """Return the value of an output pin, after it had time to settle.

        Raises
        ------
        InputError
            If there is no such pin.
        """

    def wait_pin(self, name: str, value: int) -> None:
        """Wait until an output pin has a value.

        Raises
        ------
        InputError
            If there is no such pin.
        BusyError
            If that takes too long.
        """

    def reset(self) -> None:
        """Pulse the reset pin. Memories keep their contents, and input pins their values."""

    def spi32(self, words: Sequence[int]) -> list[int]:
        """Carry out one raw SPI transaction of 32-bit words, the header first.

        Returns the words that come back, as many as were sent; those that belong to no data word of
        a read mean nothing.

        Raises
        ------
        InputError
            If a word does not fit or there are not as many as the header says.
        """


def word_array(words: Iterable[int], width: int) -> np.ndarray:
    """Return memory words as an array: of uint64 up to 64 bits, else of Python integers."""
    return np.array(list(words), dtype=np.uint64 if width <= 64 else object)


def check_memory_range(
    memories: dict[str, LogicalMemory], core: str, memory: str, at: int, count: int | None
) -> tuple[LogicalMemory, int]:
    """Check a range of memory words; return the memory's description and the number of words.

    Raises
    ------
    InputError
        If there is no such memory or the range leaves it.
    """
    if memory not in memories:
        raise InputError(f"{core} has no memory {memory!r}, it has {', '.join(memories)}")
    size = memories[memory]
    if count is None:
        count = size.words - at
    if not (0 <= at <= size.words and 0 <= count <= size.words - at):
        raise InputError(
            f"{core}: words {at} to {at + count - 1} of memory {memory}, "
            f"allowed are words 0 to {size.words - 1}"
        )
    return size, count


def check_words(
    memories: dict[str, LogicalMemory],
    core: str,
    memory: str,
    words: Sequence[int] | np.ndarray,
    at: int,
) -> list[int]:
    """Check words that are to be loaded; return them as Python integers.

    Raises
    ------
    InputError
        If there is no such memory, a word does not fit, or the range leaves the memory.
    """
    values = [int(word) for word in words]
    size, _ = check_memory_range(memories, core, memory, at, len(values))
    for index, value in enumerate(values):
        if not 0 <= value < 1 << size.width:
            raise InputError(
                f"{core}: word {at + index} of memory {memory} is {value:#x}, "
                f"allowed are {size.width} bits"
            )
    return values


def check_gated(core: str, value: int, gate: str = "gate") -> None:
    """Check that memories may be reached, given the value of the register that allows it.

    Raises
    ------
    InputError
        If the register, `gate` by name, is 0.
    """
    if not value:
        raise InputError(f"{core}: register {gate} is 0, memory access needs {gate} = 1")


def check_pin(core: str, pins: Iterable[str], name: str) -> None:
    """Check that a pin is among `pins`.

    Raises
    ------
    InputError
        If it is not; names the pins there are.
    """
    if name not in pins:
        raise InputError(f"{core} has no pin {name!r} here, it has {', '.join(pins)}")


def check_events(core: str, width: int, events: Iterable[int] | np.ndarray) -> np.ndarray:
    """Check input event words; return them as an array of uint64.

    Raises
    ------
    InputError
        If a word does not fit `width` bits.
    """
    values = np.asarray(events if isinstance(events, np.ndarray) else list(events))
    if values.size == 0:
        return np.zeros(0, dtype=np.uint64)
    if values.dtype.kind not in "iu" or values.min() < 0 or int(values.max()) >> width:
        raise InputError(f"{core}: an input event word is not a whole number of {width} bits")
    return values.astype(np.uint64).ravel()
