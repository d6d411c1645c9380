"""A first-in first-out queue in a memory."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .sram import Sram

__all__ = ["Fifo"]


class Fifo(wiring.Component):
    """A first-in first-out queue in a memory.

    An entry that finds the queue empty can be read in the third cycle after it was written.

    Parameters
    ----------
    shape : shape-like
        What an entry looks like.
    depth : int
        Entries it holds, a power of two.

    Members
    -------
    write : In(stream.Signature(shape))
        Entries in; ready unless the queue is full.
    read : Out(stream.Signature(shape))
        Entries out, in the order they came in.
    level : Out(range(depth + 1))
        Entries held.
    """

    def __init__(self, shape: object, depth: int) -> None:
        self._shape = shape
        self._depth = depth
        super().__init__(
            {
                "write": In(stream.Signature(shape)),
                "read": Out(stream.Signature(shape)),
                "level": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = Shape.cast(self._shape).width
        m.submodules.memory = memory = Sram(
            words=self._depth, width=width, granularity=width, ports=2
        )
        written = Signal()
        taken = Signal()
        moved = Signal()
        # One bit more than an address, so that full and empty differ.
        write_pointer = Signal(range(2 * self._depth))
        read_pointer = Signal(range(2 * self._depth))
        next_read_pointer = Signal(range(2 * self._depth))
        fetched = Signal()
        m.d.comb += [
            self.write.ready.eq(~self.level[-1]),
            written.eq(self.write.valid & self.write.ready),
            taken.eq(self.read.valid & self.read.ready),
            memory.write.eq(written),
            memory.write_address.eq(write_pointer),
            memory.write_data.eq(self.write.p),
            # The oldest entry in the memory is read ahead, from the cycle after it was written on.
            moved.eq(fetched & (taken | ~self.read.valid)),
            next_read_pointer.eq(read_pointer + moved),
            memory.read.eq(next_read_pointer != write_pointer),
            memory.read_address.eq(next_read_pointer),
        ]
        m.d.sync += [
            write_pointer.eq(write_pointer + written),
            read_pointer.eq(next_read_pointer),
            fetched.eq(memory.read),
            self.level.eq(self.level + written - taken),
            self.read.valid.eq(moved | (self.read.valid & ~taken)),
        ]
        # A register behind the memory, which is slow to answer in most technologies.
        with m.If(moved):
            m.d.sync += self.read.p.eq(memory.read_data)
        return m
