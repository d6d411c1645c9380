"""A memory as its user sees it."""

from dataclasses import dataclass

__all__ = ["LogicalMemory"]


@dataclass(frozen=True)
class LogicalMemory:
    """Size of a memory: `words` words of `width` bits.

    Hosts reach it byte by byte, byte 0 being the least significant; the last byte of a word may be
    partly filled.
    """

    words: int
    width: int

    @property
    def bytes_per_word(self) -> int:
        """Bytes that hold one word."""
        return -(-self.width // 8)

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a word in a trace."""
        return -(-self.width // 4)
