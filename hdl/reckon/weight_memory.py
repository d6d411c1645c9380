"""A weight memory as the phases see it: words, of which a slice is read and written at once."""

from math import gcd

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import CHUNK, slice_weights

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
    chunks : int
        Chunks of 32 bits of a slice; the last may be partly filled.

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
        The slice, also for a host.
    write_weights : In(array of signed weights, one for each lane)
        New contents of each of the groups.
    chunk : In(range(chunks))
        The chunk that a host means.
    host_read : Out(32)
        That chunk of the slice.
    host_write : In(1)
        Write that chunk of the slice, which was read in the cycle before.
    host_data : In(32)
        Its new contents, also without `host_write` if `host` is 1.
    host : In(1)
        No lane group is written in this cycle.
    """

    def __init__(self, *, words: int, weights: int, bits: int, lanes: int) -> None:
        self.size = slice_weights(weights, bits, lanes)
        self.slices = weights // self.size
        self._lanes = min(lanes, weights)
        self._words = words * self.slices
        self._width = bits * self.size
        self.chunks = -(-self._width // CHUNK)
        # Bits that are written together: a lane group; or what a host writes, if memories can do
        # that.
        self._group = bits * self._lanes
        shared = gcd(self._group, CHUNK)
        self._granularity = shared if self._group > CHUNK and shared >= 8 else self._group
        address_bits = (self._words - 1).bit_length()
        super().__init__(
            {
                "read": In(1),
                "read_address": In(address_bits),
                "weights": Out(data.ArrayLayout(signed(bits), self.size)),
                "write": In(self.size // self._lanes),
                "write_address": In(address_bits),
                "write_weights": In(data.ArrayLayout(signed(bits), self._lanes)),
                "chunk": In(range(self.chunks)),
                "host_read": Out(CHUNK),
                "host_write": In(1),
                "host_data": In(CHUNK),
                "host": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Sram(
            words=self._words, width=self._width, granularity=self._granularity
        )
        old = memory.read_data
        chunks = [old[low : low + CHUNK] for low in range(0, self._width, CHUNK)]
        m.d.comb += [
            memory.read.eq(self.read),
            memory.read_address.eq(self.read_address),
            self.weights.eq(old),
            self.host_read.eq(Array(chunks)[self.chunk]),
            memory.write_address.eq(self.write_address),
        ]
        chosen = Signal(self.chunks)
        m.d.comb += chosen.eq(1 << self.chunk)
        by_host, data_of_host = [], []
        for low in range(0, self._width, self._granularity):
            high = low + self._granularity
            touched = range(low // CHUNK, -(-high // CHUNK))
            by_host.append(Cat(chosen[number] for number in touched).any())
            # What is written together with a chunk stays as it was.
            for number in touched:
                first, end = max(low, CHUNK * number), min(high, CHUNK * number + CHUNK)
                part = self.host_data[first - CHUNK * number : end - CHUNK * number]
                alone = len(touched) == 1
                data_of_host.append(part if alone else Mux(chosen[number], part, old[first:end]))
        together = self._group // self._granularity
        with m.If(self.host):
            m.d.comb += [
                memory.write.eq(Cat(by_host) & self.host_write.replicate(len(by_host))),
                memory.write_data.eq(Cat(data_of_host)),
            ]
        with m.Else():
            m.d.comb += [
                memory.write.eq(Cat(bit.replicate(together) for bit in self.write)),
                memory.write_data.eq(
                    self.write_weights.as_value().replicate(self._width // self._group)
                ),
            ]
        return m
