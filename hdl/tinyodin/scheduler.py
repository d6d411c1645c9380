"""Scheduler of tinyODIN: the main FIFO and what counts as full (specification, section 6)."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory.fifo import Fifo
from .config import TinyOdinConfig
from .layout import fifo_entry

__all__ = ["Scheduler"]


class Scheduler(wiring.Component):
    """Events that wait for processing.

    An entry leaves the memory when its processing starts but keeps its place, as seen by `full` and
    by pushes, until its processing ends.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.

    Members
    -------
    push : In(1)
        Append `entry`; silently dropped when full.
    entry : In(fifo_entry)
        What to append.
    head : Out(stream.Signature(fifo_entry))
        Oldest entry; taken when its processing starts.
    processing : In(1)
        An entry is being processed and still occupies its place.
    empty : Out(1)
        No entry waits.
    waiting_full : Out(1)
        As many entries wait as the queue holds.
    full : Out(1)
        No place is free, counting the entry in processing.
    """

    def __init__(self, config: TinyOdinConfig) -> None:
        self._config = config
        entry = fifo_entry(config)
        super().__init__(
            {
                "push": In(1),
                "entry": In(entry),
                "head": Out(stream.Signature(entry)),
                "processing": In(1),
                "empty": Out(1),
                "waiting_full": Out(1),
                "full": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        depth = self._config.fifo_depth
        m.submodules.fifo = fifo = Fifo(fifo_entry(self._config), depth)
        wiring.connect(m, wiring.flipped(self.head), fifo.read)
        m.d.comb += [
            self.empty.eq(fifo.level == 0),
            self.waiting_full.eq(fifo.level[-1]),
            self.full.eq(self.waiting_full | (self.processing & fifo.level[:-1].all())),
            fifo.write.valid.eq(self.push & ~self.full),
            fifo.write.p.eq(self.entry),
        ]
        return m
