"""The device: one way to talk to a core, whatever runs it.

There are three kinds of device: the NumPy model, RTL in an engine (also after synthesis), and a
board. A program written against `Device` runs unchanged on all of them. Checks, the gate, register
values and raw SPI transactions are here, once; a kind of device carries out what has been checked.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from ..hdl.catalogue import interface_of, pins_of
from ..hdl.config import CoreConfig
from ..hdl.error import InputError, RunError
from ..hdl.interface.interface import HostMemory
from ..hdl.interface.pin_map import SpiRequest

__all__ = ["BusyError", "Device", "check_words", "word_array"]


class BusyError(RunError):
    """The core does not become idle, as a network that keeps itself going never does.

    Raised by `settle`, and by the model, which works as it goes, also by `send` and `configure`.
    """


def _is_whole(value: object) -> bool:
    """Tell whether a value is a whole number, of Python or of NumPy."""
    return hasattr(value, "__index__")


class Device(ABC):
    """A core that can be configured, loaded, fed with events and read back.

    A new device is freshly reset: registers have their reset values, queues are empty, memories
    undefined until they are loaded. What a core has not got, by its `Interface`, fails with one
    line that says so.

    A subclass implements the methods whose names begin with an underscore; what they are given has
    been checked.

    Parameters
    ----------
    config : CoreConfig
        The core's configuration.

    Attributes
    ----------
    config : CoreConfig
        The core's configuration.
    interface : Interface
        What the core looks like: registers, memories, streams, levels, statuses.
    pins : PinMap or None
        The pins of the published chip, for raw SPI transactions.
    registers : RegisterMap
        The core's registers.
    memories : mapping of str to HostMemory
        The core's memories, by name.
    register_values : dict of int
        Present values of the registers that can be written, by name.
    level_values : dict of int
        Present values of the inputs that are held, by name.
    cycles : int or None
        Clock cycles so far, if the device counts them.
    """

    cycles: int | None = None

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self.interface = interface_of(config)
        self.pins = pins_of(config)
        self.registers = self.interface.registers
        self.memories = self.interface.memories
        self.register_values = self.registers.reset_values()
        self.level_values = dict.fromkeys(self.interface.levels, 0)
        self._held: list[tuple[str, np.ndarray]] = []
        self._streams: dict[str, list[np.ndarray]] = {name: [] for name in self.interface.outputs}
        self._last_read = 0
        self._is_closed = False

    # Registers.

    def configure(self, **registers: int) -> None:
        """Write configuration registers by name, in the order given.

        Opening the gate lets the events in that were held back.

        Raises
        ------
        InputError
            If there is no such register or it cannot hold the value; no register is written then.
        BusyError
            If the network keeps itself going.
        """
        self._check_open()
        checked = {name: self.registers.check(name, value) for name, value in registers.items()}
        if checked:
            self._before_configure()
        for name, value in checked.items():
            self._note_written(name, value)
            self._write_register(name, value)
            self._release()
        self._check_period()

    def _check_period(self) -> None:
        """Warn of time steps that the core is to make by itself in less than they take."""
        step = self.interface.time_step
        if step is None or not (step.period and step.automatic and step.least_cycles):
            return
        period = self.register_values[step.period]
        if not self.register_values[step.automatic] or not period:
            return
        for what, least in step.least_cycles(self.register_values).items():
            if period < least:
                warnings.warn(
                    f"{self.config.core}: {step.period} is {period}, but a time step {what} takes "
                    f"{least} clock cycles or more",
                    stacklevel=3,
                )

    def read(self, register: str) -> int:
        """Return what a register reads as.

        Raises
        ------
        InputError
            If there is no such register or it cannot be read.
        """
        self._check_open()
        found = self.registers[register]
        if "R" not in found.access:
            readable = [one.name for one in self.registers if "R" in one.access]
            raise InputError(
                f"{self.config.core}: register {register} cannot be read, "
                f"those that can are {', '.join(readable) or 'none'}"
            )
        return found.take(self._read_register(register))

    # Memories.

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write consecutive words of a memory, from word `at`.

        The core must be idle, and the register that gates it (`interface.gate`) 1.

        Raises
        ------
        InputError
            If there is no such memory or it can only be read, a word does not fit, the range leaves
            the memory, or the gate is 0.
        """
        self._check_open()
        size = self.interface.memory(memory)
        if "W" not in size.access:
            raise InputError(f"{self.config.core}: memory {memory} can only be read")
        values = check_words(self.config.core, memory, size, words, at)
        self._check_gated()
        if values:
            self._load(memory, values, at)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory; all from `at` on if `count` is None.

        The core must be idle and gated. Returns an array as `word_array` makes it.

        Raises
        ------
        InputError
            If there is no such memory, the range leaves it, or the gate is 0.
        """
        self._check_open()
        size = self.interface.memory(memory)
        count = check_range(self.config.core, memory, size, at, count)
        self._check_gated()
        return self._dump(memory, at, count) if count else word_array((), size.width)

    def _check_gated(self) -> None:
        gate = self.interface.gate.register
        if not self.register_values[gate]:
            raise InputError(
                f"{self.config.core}: register {gate} is 0, memory access needs {gate} = 1"
            )

    # Streams.

    def send(self, events: Iterable[int] | np.ndarray, stream: str | None = None) -> None:
        """Send input words, in order; does not wait until they have been executed.

        Events for a core that takes none while it is gated wait until the gate opens.

        Parameters
        ----------
        events : iterable of int
            The words.
        stream : str, optional
            The input stream; the first one if absent.

        Raises
        ------
        InputError
            If there is no such stream or a word does not fit it.
        BusyError
            If the core takes no event for very long.
        """
        self._check_open()
        inputs = self.interface.inputs
        name = self.interface.event if stream is None else stream
        if name not in inputs:
            known = ", ".join(inputs)
            raise InputError(f"{self.config.core} has no input stream {name!r}, it has {known}")
        words = _check_events(self.config.core, name, inputs[name].width, events)
        gate = self.interface.gate
        if gate.holds_events and self.register_values[gate.register]:
            self._held.append((name, words))
        elif len(words):
            self._send(name, words)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last settle, in order.

        "Idle" includes that no event is waiting, except events held back by the gate. Words of
        other output streams than the first are kept for `take`.

        Raises
        ------
        BusyError
            If the core does not become idle in very long.
        """
        self._check_open()
        for name, words in self._settle().items():
            if len(words):
                self._streams[name].append(words)
        return self.take(self.interface.output)

    def take(self, stream: str) -> np.ndarray:
        """Return the words of an output stream that came until the last settle and were not taken.

        Raises
        ------
        InputError
            If there is no such stream.
        """
        self._check_open()
        if stream not in self._streams:
            known = ", ".join(self._streams)
            raise InputError(f"{self.config.core} has no output stream {stream!r}, it has {known}")
        words, self._streams[stream] = self._streams[stream], []
        return np.concatenate(words) if words else np.zeros(0, dtype=np.uint64)

    # Inputs and outputs of one bit.

    def drive(self, **levels: int) -> None:
        """Drive inputs that are held with 0 or 1; they are 0 at first.

        Raises
        ------
        InputError
            If there is no such input or the value is not 0 or 1; none is driven then.
        """
        self._check_open()
        for name, value in levels.items():
            self._check_name("level", name, self.interface.levels)
            if not _is_whole(value) or value not in (0, 1):
                raise InputError(f"{self.config.core}: {name} is {value!r}, allowed is 0 or 1")
        for name, value in levels.items():
            self.level_values[name] = int(value)
            self._drive(name, int(value))

    def pulse(self, name: str | None = None) -> None:
        """Pulse an input that acts for a cycle, and do not wait; the time step's if none is named.

        Raises
        ------
        InputError
            If there is no such input.
        """
        self._check_open()
        if name is None:
            name = self._time_step().pulse
        self._check_name("pulse", name, self.interface.pulses)
        self._pulse(name)

    def tick(self) -> None:
        """End the time step, and wait until the core is ready for the next one.

        While the core ends time steps by itself, wait for the end of one; if it makes none, nothing
        happens.

        Raises
        ------
        InputError
            If the core has no time steps, or nothing says when it is ready.
        BusyError
            If the core does not become ready, as when it waits for a target.
        """
        self._check_open()
        step = self._time_step()
        if step.masked_by and self.register_values[step.masked_by]:
            raise InputError(
                f"{self.config.core}: register {step.masked_by} is 1, waiting for a time step needs "
                f"{step.masked_by} = 0"
            )
        if not self._tick():
            raise BusyError(f"{self.config.core}: it waits for a target or a configuration")

    def status(self, name: str) -> int:
        """Return the value of a status, after it had time to settle.

        Raises
        ------
        InputError
            If there is no such status.
        """
        self._check_open()
        self._check_name("status", name, self.interface.statuses)
        return self._status(name)

    def wait(self, name: str, value: int) -> None:
        """Wait until a status has a value.

        Raises
        ------
        InputError
            If there is no such status.
        BusyError
            If that takes too long.
        """
        self._check_open()
        self._check_name("status", name, self.interface.statuses)
        self._wait(name, value)

    def _check_name(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        if name not in names:
            has = f"it has {', '.join(names)}" if names else "it has none"
            raise InputError(f"{self.config.core} has no {kind} {name!r}, {has}")

    def _time_step(self) -> object:
        step = self.interface.time_step
        if step is None:
            raise InputError(f"{self.config.core} has no time steps that a pulse ends")
        return step

    # The whole core.

    def reset(self) -> None:
        """Reset the core. Memories keep their contents, and levels their values.

        Registers get their reset values only if a reset of the core clears them
        (`interface.reset_clears_registers`). Queues and events that were held back are lost.
        """
        self._check_open()
        if self.interface.reset_clears_registers:
            self.register_values = self.registers.reset_values()
        self._held.clear()
        for words in self._streams.values():
            words.clear()
        self._last_read = 0
        self._reset()

    def restart(self) -> None:
        """Start anew, as with a device that was just opened.

        Reset, levels 0, registers at their reset values. Memories keep their contents, which count
        as undefined.
        """
        self.reset()
        if self.interface.levels:
            self.drive(**dict.fromkeys(self.interface.levels, 0))
        if not self.interface.reset_clears_registers:
            self.configure(**self.registers.reset_values())

    def transact(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction of the published chip, complete with its effect.

        A device without SPI pins does what the transaction would do there; the core must be idle.

        Parameters
        ----------
        words : sequence of int
            The first word and the data words.

        Returns
        -------
        list of int
            What comes back with each word; only the low `pins.spi.reply_bits` bits of data words
            that read something mean anything.

        Raises
        ------
        InputError
            If the core has no published pins, a word does not fit, or their number is wrong.
        """
        self._check_open()
        if self.pins is None:
            raise InputError(f"{self.config.core} has no published pins, and so no SPI")
        spi = self.pins.spi
        values = spi.check(self.config.core, words)
        requests = spi.decode(values)
        mask = (1 << spi.reply_bits) - 1
        reply = [0, *(word & mask for word in self._transact(values, requests)[1:])]
        return reply

    def close(self) -> None:
        """Free what the device holds; it cannot be used afterwards."""
        if not self._is_closed:
            self._is_closed = True
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise InputError(f"{self.config.core}: the device is closed")

    def _note_written(self, name: str, value: int) -> None:
        """Note the new value of a register."""
        self.register_values[name] = value

    def _release(self) -> None:
        """Let the events in that were held back, if the gate is open."""
        if self._held and not self.register_values[self.interface.gate.register]:
            held, self._held = self._held, []
            for name, words in held:
                self._send(name, words)

    # What a kind of device does.

    def _before_configure(self) -> None:
        """Prepare for writing registers."""
        return

    @abstractmethod
    def _write_register(self, name: str, value: int) -> None:
        """Write a register."""

    def _read_register(self, name: str) -> int:
        """Return what a register reads as."""
        raise NotImplementedError(f"{type(self).__name__} reads no register")

    @abstractmethod
    def _load(self, memory: str, words: list[int], at: int) -> None:
        """Write words of a memory, one at least."""

    @abstractmethod
    def _dump(self, memory: str, at: int, count: int) -> np.ndarray:
        """Read words of a memory, one at least."""

    @abstractmethod
    def _send(self, stream: str, words: np.ndarray) -> None:
        """Send words, one at least."""

    @abstractmethod
    def _settle(self) -> dict[str, np.ndarray]:
        """Wait until the core is idle; return the new words of each output stream."""

    def _drive(self, name: str, value: int) -> None:
        """Drive a level; its value in `level_values` is the new one already."""
        raise NotImplementedError(f"{type(self).__name__} has no level")

    def _pulse(self, name: str) -> None:
        """Pulse an input."""
        raise NotImplementedError(f"{type(self).__name__} has no pulse")

    def _tick(self) -> bool:
        """End the time step and wait until the core is ready, or waits for its host; tell which."""
        raise NotImplementedError(f"{type(self).__name__} has no time step")

    def _status(self, name: str) -> int:
        """Return the value of a status."""
        raise NotImplementedError(f"{type(self).__name__} has no status")

    def _wait(self, name: str, value: int) -> None:
        """Wait until a status has a value."""
        if self._status(name) != value:
            raise BusyError(f"{self.config.core}: {name} stays {1 - value}")

    @abstractmethod
    def _reset(self) -> None:
        """Reset the core; `register_values` are the new ones already."""

    def _close(self) -> None:
        """Free what the device holds."""
        return

    def _transact(self, words: list[int], requests: Sequence[SpiRequest]) -> list[int]:
        """Do what a transaction does at the pins; return the words that come back."""
        reply = [0]
        for request in requests:
            read = self._perform(request)
            if request.read and read is not None:
                self._last_read = read
            keeps = self.pins.spi.keeps_reply and request.read
            reply.append(self._last_read if keeps else read or 0)
        return reply

    def _perform(self, request: SpiRequest) -> int | None:
        """Do what one data word asks for; return what is read, None if nothing is."""
        if request.space is None:
            return None
        if request.space == 0:
            register = self.registers.at(request.address)
            if register is None:
                return None
            read = None
            if request.read and "R" in register.access:
                read = self._read_register(register.name)
            if request.write and "W" in register.access:
                self.configure(**{register.name: register.take(request.data)})
            return read
        if not self.register_values[self.interface.gate.register]:
            return None
        if not request.read and not request.write:
            return None
        return self._access_unit(request)

    def _access_unit(self, request: SpiRequest) -> int | None:
        """Read and write a unit of a memory word; return what it was, if it is read."""
        unit_bits = self.interface.access_unit
        (name,) = [n for n, memory in self.memories.items() if memory.space == request.space]
        size = self.memories[name]
        word, unit = request.address, request.byte
        if unit_bits != 8:
            bits = self.interface.unit_bits(name)
            word, unit = (
                word >> bits & (1 << (size.words - 1).bit_length()) - 1,
                word & (1 << bits) - 1,
            )
        shift = unit_bits * unit
        unit_mask = (1 << unit_bits) - 1
        old = int(self._dump(name, word, 1)[0])
        old_unit = old >> shift & unit_mask
        if request.write and "W" in size.access:
            new_unit = (request.data & ~request.mask | old_unit & request.mask) & unit_mask
            new = old & ~(unit_mask << shift) | new_unit << shift
            # A word's last unit may be partly filled.
            self._load(name, [new & (1 << size.width) - 1], word)
        return old_unit if request.read else None


def word_array(words: Iterable[int], width: int) -> np.ndarray:
    """Return memory words as an array: of uint64 up to 64 bits, else of Python integers."""
    return np.array(list(words), dtype=np.uint64 if width <= 64 else object)


def check_range(core: str, memory: str, size: HostMemory, at: int, count: int | None) -> int:
    """Check a range of memory words; return the number of words.

    Raises
    ------
    InputError
        If the range leaves the memory.
    """
    for value in (at, *([] if count is None else [count])):
        if not _is_whole(value):
            raise InputError(
                f"{core}: a range of memory {memory} has {value!r}, allowed are whole numbers"
            )
    if count is None:
        count = size.words - at
    if not (0 <= at <= size.words and 0 <= count <= size.words - at):
        raise InputError(
            f"{core}: words {at} to {at + count - 1} of memory {memory}, "
            f"allowed are words 0 to {size.words - 1}"
        )
    return int(count)


def check_words(
    core: str, memory: str, size: HostMemory, words: Sequence[int] | np.ndarray, at: int
) -> list[int]:
    """Check words that are to be loaded; return them as Python integers.

    Raises
    ------
    InputError
        If a word does not fit or is no whole number, or the range leaves the memory.
    """
    values = words.ravel().tolist() if isinstance(words, np.ndarray) else list(words)
    check_range(core, memory, size, at, len(values))
    limit = 1 << size.width
    for index, value in enumerate(values):
        if not _is_whole(value) or not 0 <= value < limit:
            shown = hex(value) if isinstance(value, int) else repr(value)
            raise InputError(
                f"{core}: word {at + index} of memory {memory} is {shown}, "
                f"allowed are {size.width} bits"
            )
    return [int(value) for value in values]


def _check_events(
    core: str, stream: str, width: int, events: Iterable[int] | np.ndarray
) -> np.ndarray:
    """Check the words of an input stream; return them as an array of uint64."""
    try:
        values = np.asarray(events if isinstance(events, np.ndarray) else list(events))
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"{core}: words of {stream} are {events!r}, allowed are whole numbers"
        ) from None
    if values.size == 0:
        return np.zeros(0, dtype=np.uint64)
    if values.dtype.kind not in "iu" or values.min() < 0 or int(values.max()) >> width:
        raise InputError(f"{core}: an input event word is not a whole number of {width} bits")
    return values.astype(np.uint64).ravel()
