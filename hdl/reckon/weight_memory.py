"""A weight memory as the phases see it: words, of which a slice is read and written at once."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import slice_weights

__all__ = ["WeightMemory"]


class WeightMemory(wiring.Component):
    """Words of weights in slices.

    Parameters
    ----------
    words : int
        Words.
    weights : int
        Weights of a word.
    bits : int
        Bits of a weight.
    lanes : int
        Weights handled at once.

    Attributes
    ----------
    size : int
        Weights of a slice.
    slices : int
        Slices of a word.

    Members
    -------
    read : In(1)
        Read a slice at the next clock edge.
    read_address : In(word and slice)
        The slice.
    weights : Out(array of signed weights)
        The slice, from the cycle after `read`; while something is written it may change.
    write : In(number of lane groups in a slice)
        Write these at the next clock edge; not while reading.
    write_address : In(word and slice)
        The slice.
    write_weights : In(as weights)
        New contents.
    """

    def __init__(self, *, words: int, weights: int, bits: int, lanes: int) -> None:
        self.size = slice_weights(weights, bits, lanes)
        self.slices = weights // self.size
        self._parts = self.size // min(lanes, weights)
        self._words = words * self.slices
        address_bits = (self._words - 1).bit_length()
        layout = data.ArrayLayout(signed(bits), self.size)
        self._width = bits * self.size
        super().__init__(
            {
                "read": In(1),
                "read_address": In(address_bits),
                "weights": Out(layout),
                "write": In(self._parts),
                "write_address": In(address_bits),
                "write_weights": In(layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Sram(
            words=self._words, width=self._width, granularity=self._width // self._parts
        )
        m.d.comb += [
            memory.read.eq(self.read),
            memory.read_address.eq(self.read_address),
            self.weights.eq(memory.read_data),
            memory.write.eq(self.write),
            memory.write_address.eq(self.write_address),
            memory.write_data.eq(self.write_weights),
        ]
        return m
