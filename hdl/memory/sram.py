"""Synchronous memories with one or two ports: the door through which every core reaches its
SRAM.
"""

from amaranth.hdl import Assert, Module, Signal
from amaranth.lib import memory, wiring

from .inferred import BLOCK_WORDS
from .macro_array import MacroArray
from .planner import plan_memory
from .read_modify_write import ReadModifyWrite
from .requirement import Requirement

__all__ = ["Sram"]


class Sram(wiring.Component):
    """A memory that is read and written at a clock edge.

    With one port a cycle may read or write, not both; with two it may do both, but not at the same
    address. Whoever uses the memory guarantees that; what would be read is undefined. Contents are
    undefined until written. What has been read stays at `read_data` while the memory is not used;
    with one port, a write may change it.

    Parameters
    ----------
    words : int
        Number of words, at least 2.
    width : int
        Bits of a word, a multiple of `granularity`.
    granularity : int
        Bits that are written together.
    ports : int
        1: reading and writing share a port; 2: one port each.

    Members
    -------
    read : In(1)
        Read the word at `read_address` at the next clock edge.
    read_address : In(address bits)
        Word to read.
    read_data : Out(width)
        The word, from the cycle after `read` on.
    write : In(width // granularity)
        Parts of the word at `write_address` to write at the next clock edge.
    write_address : In(address bits)
        Word to write.
    write_data : In(width)
        Its new contents.

    Attributes
    ----------
    requirement : Requirement
        All of this, for planning. If the platform it is elaborated for has a `memory_technology`,
        it is made of that technology's macros where they pay.
    """

    def __init__(self, *, words: int, width: int, granularity: int, ports: int = 1) -> None:
        self.requirement = Requirement(words, width, granularity, ports)
        super().__init__(self.requirement.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        need = self.requirement
        technology = getattr(platform, "memory_technology", None)
        plan = None if technology is None else plan_memory(need, technology)
        if plan is not None and plan.method == "macros":
            array = ReadModifyWrite(plan) if plan.read_modify_write else MacroArray(plan)
            m.submodules.array = array
            wiring.connect(m, wiring.flipped(self), array)
        else:
            self._infer(m)
        if getattr(platform, "check_contracts", False):
            meeting = self.read & self.write.any()
            if need.ports == 2:
                meeting &= self.read_address == self.write_address
            m.d.sync += Assert(~meeting, "memory read and written at once")
        return m

    def _infer(self, m: Module) -> None:
        """Add plain memory, for the synthesis tool to map."""
        need = self.requirement
        # Left alone, synthesizers build medium memories with byte enables from logic, at great
        # expense.
        attributes = {"ram_style": "block"} if need.words in BLOCK_WORDS else {}
        m.submodules.array = array = memory.Memory(
            shape=need.width, depth=need.words, init=[], attrs=attributes
        )
        write = array.write_port(granularity=need.granularity)
        read = array.read_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.data.eq(self.write_data),
            self.read_data.eq(read.data),
        ]
        if need.ports == 1:
            # One shared address and no read while writing: only then do synthesizers see a
            # single-port memory, which iCE40 SPRAM and most SRAM macros are.
            writing = Signal()
            address = Signal.like(self.read_address)
            m.d.comb += [
                writing.eq(self.write.any()),
                address.eq(self.read_address),
                write.addr.eq(address),
                read.addr.eq(address),
                read.en.eq(self.read & ~writing),
            ]
            with m.If(writing):
                m.d.comb += address.eq(self.write_address)
        else:
            m.d.comb += [
                write.addr.eq(self.write_address),
                read.addr.eq(self.read_address),
                read.en.eq(self.read),
            ]
