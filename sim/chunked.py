"""Memories of a core in time steps, reached in chunks of 32 bits: what its devices share."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..hdl.error import InputError
from ..hdl.interface.register import RegisterMap
from ..hdl.memory.logical import LogicalMemory
from ..hdl.reckon.config import ReckonConfig
from ..hdl.reckon.layout import SPACES
from ..hdl.reckon.registers import INPUT_PINS, OUTPUT_PINS
from .device import (
    check_gated,
    check_memory_range,
    check_pin,
    check_words,
    word_array,
)
from .spi32 import CHUNK_BITS, Spi32Frame, Spi32Header

__all__ = ["AccessRequest", "ChunkedDevice", "bursts"]

#: An access: write, target, address, data.
AccessRequest = tuple[int, int, int, int]


class ChunkedDevice:
    """Part of a `TickedDevice`: memory access, raw transactions and checks.

    The rest of the device has `config`, `registers`, `memories` and `register_values`, the present values
    of the registers, and calls `_prepare_chunks` before it uses this.
    """

    config: ReckonConfig
    registers: RegisterMap
    memories: dict[str, LogicalMemory]
    register_values: dict[str, int]

    def _prepare_chunks(self) -> None:
        self._frame = Spi32Frame(self.config)
        self._spaces = {name: number for number, name in SPACES.items()}
        self._last_read = 0

    def _access(self, requests: list[AccessRequest]) -> list[int]:
        """Carry out accesses, in order; return what each has read, 0 for one that writes."""
        raise NotImplementedError

    def _written(self, name: str, value: int) -> None:
        """Note the new value of a register."""
        self.register_values[name] = value

    def _check_access(self) -> None:
        gate = self.registers.gate
        check_gated(self.config.core, self.register_values[gate], gate)

    def _chunks(self, memory: str, at: int, count: int) -> list[int]:
        """Return the addresses of all chunks of words, in order."""
        chunks = -(-self.memories[memory].width // CHUNK_BITS)
        return [
            self._frame.address(memory, word, chunk)
            for word in range(at, at + count)
            for chunk in range(chunks)
        ]

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write consecutive words of a memory, from word `at`.

        Raises
        ------
        InputError
            If there is no such memory, a word does not fit, the range leaves the memory, or register
            `config_mode` is 0.
        """
        values = check_words(self.memories, self.config.core, memory, words, at)
        self._check_access()
        if not values:
            return
        space = self._spaces[memory]
        size = 4 * -(-self.memories[memory].width // CHUNK_BITS)
        data = b"".join(value.to_bytes(size, "little") for value in values)
        chunks = np.frombuffer(data, dtype="<u4").tolist()
        addresses = self._chunks(memory, at, len(values))
        self._access(
            [(1, space, address, chunk) for address, chunk in zip(addresses, chunks, strict=True)]
        )

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory; all from `at` on if `count` is None.

        Raises
        ------
        InputError
            If there is no such memory, the range leaves it, or register `config_mode` is 0.
        """
        size, count = check_memory_range(self.memories, self.config.core, memory, at, count)
        self._check_access()
        if not count:
            return word_array((), size.width)
        addresses = self._chunks(memory, at, count)
        space = self._spaces[memory]
        chunks = self._access([(0, space, address, 0) for address in addresses])
        step = len(chunks) // count
        return word_array(
            (
                sum(chunk << CHUNK_BITS * n for n, chunk in enumerate(chunks[i : i + step]))
                for i in range(0, len(chunks), step)
            ),
            size.width,
        )

    def spi32(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction of 32-bit words or, without pins, what it does.

        Raises
        ------
        InputError
            If a word does not fit or there are not as many as the header says.
        """
        header, data = self._frame.check(words)
        reply = self._transact(words, header, data)
        register = self.registers.at(header.address)
        if not header.read and header.space == 0 and data and register is not None:
            self._written(register.name, data[-1] & ((1 << register.width) - 1))
        return reply

    def _transact(self, words: Sequence[int], header: Spi32Header, data: list[int]) -> list[int]:
        """Do at the access port what a transaction does; return the words that come back."""
        reply = [0]
        for index, value in enumerate(data):
            address = header.address + (index if header.space else 0) & 0xFFFF
            if header.read:
                if header.space in SPACES and self.register_values[self.registers.gate]:
                    (self._last_read,) = self._access([(0, header.space, address, 0)])
                reply.append(self._last_read)
                continue
            reply.append(0)
            if header.space in SPACES or header.space == 0:
                self._access([(1, header.space, address, value)])
        return reply

    def _check_driven(self, pins: dict[str, int]) -> None:
        """Raise `InputError` unless these pins can be driven with these values."""
        for name, value in pins.items():
            check_pin(self.config.core, INPUT_PINS.values(), name)
            if value not in (0, 1):
                raise InputError(f"{self.config.core}: pin {name} is {value}, allowed is 0 or 1")

    def _check_output(self, name: str) -> None:
        """Raise `InputError` unless there is such an output pin."""
        check_pin(self.config.core, OUTPUT_PINS.values(), name)

    def _check_tick(self) -> None:
        """Raise `InputError` if no pin says when a time step is over."""
        if self.register_values["timing_mode"]:
            raise InputError(
                f"{self.config.core}: register timing_mode is 1, waiting for a time step needs "
                "timing_mode = 0"
            )


def bursts(
    requests: list[AccessRequest], longest: int, block: int = 1 << 16
) -> Iterator[list[AccessRequest]]:
    """Cut accesses of one kind into runs of consecutive addresses.

    Parameters
    ----------
    requests : list
        The accesses, all of them writing or all of them reading the same target.
    longest : int
        Most accesses of a run.
    block : int
        A run does not go on at a multiple of this address.
    """
    run: list[AccessRequest] = []
    for request in requests:
        address = request[2]
        if run and (address != run[-1][2] + 1 or len(run) == longest or address % block == 0):
            yield run
            run = []
        run.append(request)
    yield run
