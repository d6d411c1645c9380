"""What a memory must offer, whatever it is made of."""

from dataclasses import dataclass

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Requirement"]


@dataclass(frozen=True)
class Requirement:
    """A logical memory: what is planned onto a technology.

    Attributes
    ----------
    words : int
        Number of words, at least 2.
    width : int
        Bits of a word, a multiple of `granularity`.
    granularity : int
        Bits that are written together.
    ports : int
        1: reading and writing share a port; 2: one port each.
    initialised : bool
        It has contents before it is first written.
    """

    words: int
    width: int
    granularity: int
    ports: int = 1
    initialised: bool = False

    @property
    def bits(self) -> int:
        """Bits that are used."""
        return self.words * self.width

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return (self.words - 1).bit_length()

    def members(self) -> dict[str, wiring.Member]:
        """Return the members of a component that is this memory; `Sram` says what they mean."""
        return {
            "read": In(1),
            "read_address": In(self.address_bits),
            "read_data": Out(self.width),
            "write": In(self.width // self.granularity),
            "write_address": In(self.address_bits),
            "write_data": In(self.width),
        }
