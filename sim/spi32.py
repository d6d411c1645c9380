"""Raw SPI transactions of ReckOn (its specification, sections 1, 3 and 5.3).

A transaction is a header and the data words that it announces, 32 bits each. `Spi32Frame` builds and
reads headers, and says what each data word reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..hdl.error import InputError
from ..hdl.reckon.config import ReckonConfig
from ..hdl.reckon.layout import SPACES, memories

__all__ = ["CHUNK_BITS", "Spi32Frame", "Spi32Header", "Spi32Target"]

#: Bits of a data word, and of the chunks that memory words are cut into.
CHUNK_BITS = 32

#: Most data words of a transaction.
_MOST = (1 << 12) - 1


@dataclass(frozen=True)
class Spi32Header:
    """A header word.

    Attributes
    ----------
    read : bool
        Read, else write.
    space : int
        0: registers; a key of `SPACES`: a memory; 6 and 7: nothing.
    count : int
        Data words that follow.
    address : int
        Address of the first.
    """

    read: bool
    space: int
    count: int
    address: int

    @classmethod
    def unpack(cls, word: int) -> "Spi32Header":
        """Take a header word apart."""
        return cls(bool(word >> 31), word >> 28 & 7, word >> 16 & _MOST, word & 0xFFFF)

    def pack(self) -> int:
        """Return the header word."""
        return self.read << 31 | self.space << 28 | self.count << 16 | self.address


@dataclass(frozen=True)
class Spi32Target:
    """What a data word of a memory's space reaches.

    Attributes
    ----------
    memory : str
        The memory.
    word, chunk : int
        Word, and chunk of 32 bits in it; the chunk may lie beyond the word.
    flags : int or None
        Neuron whose flags a write sets as well: bit 0 of the data is `spike`, bit 1 is `fresh`.
    """

    memory: str
    word: int
    chunk: int
    flags: int | None


class Spi32Frame:
    """Addresses of a configuration's SPI transactions.

    Parameters
    ----------
    config : ReckonConfig
        The configuration.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self._core = config.core
        self._memories = memories(config)
        self._neuron_mask = config.neurons - 1

    def _split(self, memory: str) -> tuple[int, int]:
        """Return q and w: bits of the chunk number and of the word number."""
        size = self._memories[memory]
        chunks = -(-size.width // CHUNK_BITS)
        return (chunks - 1).bit_length(), (size.words - 1).bit_length()

    def locate(self, space: int, address: int) -> Spi32Target | None:
        """Return what an address of a memory's space reaches; None if there is no such memory."""
        memory = SPACES.get(space)
        if memory is None:
            return None
        chunk_bits, word_bits = self._split(memory)
        chunk = address & ((1 << chunk_bits) - 1)
        word = address >> chunk_bits & ((1 << word_bits) - 1)
        flagged = memory == "neurons" and address >> (chunk_bits + word_bits) & 1
        return Spi32Target(memory, word, chunk, address & self._neuron_mask if flagged else None)

    def address(self, memory: str, word: int, chunk: int = 0) -> int:
        """Return the address of a chunk of a memory word."""
        return word << self._split(memory)[0] | chunk

    def flag_address(self, neuron: int) -> int:
        """Return an address in the neurons' space that also sets the flags of a neuron.

        The neuron's number is the address's low bits, and so says which chunk is overwritten.
        """
        chunk_bits, word_bits = self._split("neurons")
        return 1 << (chunk_bits + word_bits) | neuron

    def check(self, words: Sequence[int]) -> tuple[Spi32Header, list[int]]:
        """Check the words of a transaction; return its header and its data.

        Raises
        ------
        InputError
            If a word does not fit or there are not as many as the header says.
        """
        values = [int(word) for word in words]
        for value in values:
            if not 0 <= value < 1 << CHUNK_BITS:
                raise InputError(
                    f"{self._core}: SPI word is {value}, allowed are {CHUNK_BITS} bits"
                )
        if not values:
            raise InputError(f"{self._core}: SPI transaction without words, allowed is a header")
        header = Spi32Header.unpack(values[0])
        if len(values) != 1 + header.count:
            raise InputError(
                f"{self._core}: SPI transaction has {len(values) - 1} data words, "
                f"its header says {header.count}"
            )
        return header, values[1:]
