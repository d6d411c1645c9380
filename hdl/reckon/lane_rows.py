"""Small memories of rows with an entry for each lane."""

from amaranth.hdl import Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram

__all__ = ["LaneRows"]


class LaneRows(wiring.Component):
    """Rows of entries, one for each lane; each lane is a memory of its own.

    A lane is not read at a row in the cycle in which it is written there. With a single row there are
    registers, which show what has been written at once. Entries are undefined until written.

    Parameters
    ----------
    shape : shape-like
        What an entry looks like.
    rows, lanes : int
        Size.
    granularity : int, optional
        Bits of an entry that are written together; all if absent.

    Members
    -------
    read : In(lanes)
        Lanes to read at the next clock edge.
    read_row : In(range(rows))
        The row.
    entries : Out(array of shape)
        What each lane has read last, from the cycle after `read` on.
    write : In(lanes x parts of an entry)
        What to write at the next clock edge.
    write_row : In(range(rows))
        The row.
    write_entries : In(array of shape)
        New contents.
    """

    def __init__(
        self,
        shape: object,
        *,
        rows: int,
        lanes: int,
        granularity: int | None = None,
    ) -> None:
        self._rows, self._lanes = rows, lanes
        self._width = Shape.cast(shape).width
        self._granularity = granularity or self._width
        entries = data.ArrayLayout(shape, lanes)
        super().__init__(
            {
                "read": In(lanes),
                "read_row": In(range(rows)),
                "entries": Out(entries),
                "write": In(lanes * (self._width // self._granularity)),
                "write_row": In(range(rows)),
                "write_entries": In(entries),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, step = self._width, self._granularity
        parts = width // step
        for lane in range(self._lanes):
            low = lane * width
            found = self.entries.as_value()[low : low + width]
            new = self.write_entries.as_value()[low : low + width]
            write = self.write[lane * parts : (lane + 1) * parts]
            if self._rows == 1:
                entry = Signal(width, name=f"entry_{lane}", reset_less=True)
                m.d.comb += found.eq(entry)
                for part in range(parts):
                    with m.If(write[part]):
                        bits = slice(part * step, part * step + step)
                        m.d.sync += entry[bits].eq(new[bits])
                continue
            memory = Sram(words=self._rows, width=width, granularity=step, ports=2)
            m.submodules[f"lane_{lane}"] = memory
            m.d.comb += [
                memory.read.eq(self.read[lane]),
                memory.read_address.eq(self.read_row),
                memory.write.eq(write),
                memory.write_address.eq(self.write_row),
                memory.write_data.eq(new),
                found.eq(memory.read_data),
            ]
        return m
