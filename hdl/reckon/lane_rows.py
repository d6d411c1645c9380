"""Small memories of rows with an entry for each lane."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram

__all__ = ["LaneRows"]


class LaneRows(wiring.Component):
    """Rows of entries, one for each lane; each lane is a memory of its own.

    A lane is not read at a row in the cycle in which it is written there. With a single row there
    are registers, which show what has been written at once. Entries are undefined until written.

    Parameters
    ----------
    shape : shape-like
        What an entry looks like.
    rows, lanes : int
        Size.

    Members
    -------
    read : In(lanes)
        Lanes to read at the next clock edge.
    read_row : In(range(rows))
        The row.
    entries : Out(array of shape)
        What each lane has read last, from the cycle after `read` on.
    write : In(lanes)
        Lanes to write at the next clock edge.
    write_row : In(range(rows))
        The row.
    write_entries : In(array of shape)
        New contents.
    """

    def __init__(self, shape: object, *, rows: int, lanes: int) -> None:
        self._rows, self._lanes = rows, lanes
        self._width = Shape.cast(shape).width
        entries = data.ArrayLayout(shape, lanes)
        super().__init__(
            {
                "read": In(lanes),
                "read_row": In(range(rows)),
                "entries": Out(entries),
                "write": In(lanes),
                "write_row": In(range(rows)),
                "write_entries": In(entries),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self._width
        for lane in range(self._lanes):
            entry_read = self.entries.as_value()[lane * width : lane * width + width]
            new = self.write_entries.as_value()[lane * width : lane * width + width]
            if self._rows == 1:
                entry = Signal(width, name=f"entry_{lane}", reset_less=True)
                m.d.comb += entry_read.eq(entry)
                with m.If(self.write[lane]):
                    m.d.sync += entry.eq(new)
                continue
            memory = Sram(words=self._rows, width=width, granularity=width, ports=2)
            m.submodules[f"lane_{lane}"] = memory
            m.d.comb += [
                memory.read.eq(self.read[lane]),
                memory.read_address.eq(self.read_row),
                memory.write.eq(self.write[lane]),
                memory.write_address.eq(self.write_row),
                memory.write_data.eq(new),
                entry_read.eq(memory.read_data),
            ]
        return m
