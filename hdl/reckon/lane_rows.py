"""Small memories of rows with an entry for each lane."""

from amaranth.hdl import Array, Module, Mux, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram

__all__ = ["LaneRows"]


class LaneRows(wiring.Component):
    """Rows of entries, one for each lane; each lane is a memory of its own.

    A lane is not read at a row in the cycle in which it is written there. With a single row there are
    registers, which show what has been written at once.

    Parameters
    ----------
    shape : shape-like
        What an entry looks like.
    rows, lanes : int
        Size.
    granularity : int, optional
        Bits of an entry that are written together; all if absent.
    clears : bool
        There is `clear`; else entries are undefined until written.

    Members
    -------
    clear : In(1)
        Set all entries to zero at the next clock edge.
    read : In(lanes)
        Lanes to read at the next clock edge.
    read_row : In(range(rows))
        The row.
    entries : Out(array of shape)
        What each lane has read last, from the cycle after `read` on.
    write : In(lanes x parts of an entry)
        What to write at the next clock edge; precedes `clear`.
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
        clears: bool = False,
    ) -> None:
        self._rows, self._lanes, self._clears = rows, lanes, clears
        self._width = Shape.cast(shape).width
        self._granularity = granularity or self._width
        entries = data.ArrayLayout(shape, lanes)
        members = {
            "read": In(lanes),
            "read_row": In(range(rows)),
            "entries": Out(entries),
            "write": In(lanes * (self._width // self._granularity)),
            "write_row": In(range(rows)),
            "write_entries": In(entries),
        }
        if clears:
            members["clear"] = In(1)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, step = self._width, self._granularity
        parts = width // step
        clear = self.clear if self._clears else 0
        for lane in range(self._lanes):
            low = lane * width
            found = self.entries.as_value()[low : low + width]
            new = self.write_entries.as_value()[low : low + width]
            write = self.write[lane * parts : (lane + 1) * parts]
            if self._rows == 1:
                entry = Signal(width, name=f"entry_{lane}", reset_less=not self._clears)
                m.d.comb += found.eq(entry)
                with m.If(clear):
                    m.d.sync += entry.eq(0)
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
            if not self._clears:
                continue
            # What has not been written since the last clear is zero.
            written = [Signal(name=f"written_{lane}_{row}") for row in range(self._rows)]
            known = Signal(name=f"known_{lane}")
            m.d.comb += found.eq(Mux(known, memory.read_data, 0))
            with m.If(self.read[lane]):
                m.d.sync += known.eq(Array(written)[self.read_row])
            for row, bit in enumerate(written):
                with m.If(write.any() & (self.write_row == row)):
                    m.d.sync += bit.eq(1)
                with m.Elif(clear):
                    m.d.sync += bit.eq(0)
        return m
