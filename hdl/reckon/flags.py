"""Flags in rows, all of which can be cleared at once (specification of ReckOn, section 5.2)."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram

__all__ = ["ROW", "FlagRows"]

#: Flags in a row.
ROW = 16


class FlagRows(wiring.Component):
    """Rows of flags in a memory with a read and a write port.

    A row that has not been written since the last clear reads as zero; so one bit for each row is
    all that is cleared. A row is not read in the cycle in which it is written.

    Parameters
    ----------
    banks : int
        Sets of rows, each with a clear of its own; a power of two.
    rows : int
        Rows of a bank; a power of two.

    Members
    -------
    clear : In(banks)
        Clear all flags of these banks at the next clock edge. Precedes a write.
    read : In(1)
        Read a row at the next clock edge.
    read_row : In(bits of banks and rows)
        The row: bank, then row.
    read_flags : Out(16)
        Its flags, from the cycle after `read` to the next one.
    write : In(1)
        Write a row at the next clock edge.
    write_row : In(as read_row)
        The row.
    write_flags : In(16)
        Its new flags.
    """

    def __init__(self, *, rows: int, banks: int = 1) -> None:
        self._rows, self._banks = rows, banks
        bits = (rows * banks - 1).bit_length()
        super().__init__(
            {
                "clear": In(banks),
                "read": In(1),
                "read_row": In(bits),
                "read_flags": Out(ROW),
                "write": In(1),
                "write_row": In(bits),
                "write_flags": In(ROW),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows = self._rows
        # A memory has at least two words.
        m.submodules.memory = memory = Sram(
            words=max(2, rows * self._banks), width=ROW, granularity=ROW, ports=2
        )
        written = Signal(rows * self._banks)
        cleared = Cat(bit.replicate(rows) for bit in self.clear)
        known = Signal()
        m.d.comb += [
            memory.read.eq(self.read),
            memory.read_address.eq(self.read_row),
            memory.write.eq(self.write),
            memory.write_address.eq(self.write_row),
            memory.write_data.eq(self.write_flags),
            self.read_flags.eq(Mux(known, memory.read_data, 0)),
        ]
        with m.If(self.read):
            m.d.sync += known.eq(written.bit_select(self.read_row, 1))
        m.d.sync += written.eq((written & ~cleared) | (self.write << self.write_row))
        return m
