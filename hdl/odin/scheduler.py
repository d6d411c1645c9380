"""Scheduler of ODIN: the main FIFO, the burst queue and which of them is served (section 8)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory.fifo import Fifo
from .burst_queue import BurstQueue, burst_layout
from .config import OdinConfig
from .layout import fifo_entry, virtual_field

__all__ = ["Scheduler", "head_layout"]


def head_layout(config: OdinConfig) -> data.StructLayout:
    """Layout of a queued event whose turn it is.

    Fields
    ------
    neuron : M bits
        Source of a spike event, or target of a virtual event.
    virtual : virtual_field
        Zero for a spike event.
    replayed, last : 1 bit
        It comes from the burst queue; it is the last of its burst.
    """
    return data.StructLayout(
        {"neuron": config.address_bits, "virtual": virtual_field(), "replayed": 1, "last": 1}
    )


class Scheduler(wiring.Component):
    """Events that wait for processing.

    An entry leaves its queue when its processing starts but keeps its place, as seen by `full` and
    by pushes, until its processing ends.

    Parameters
    ----------
    config : OdinConfig
        Configuration; without a burst queue, what belongs to it leaves no logic.

    Members
    -------
    bursts_enabled, burst_time_unit : In(1), In(20)
        The burst queue is active; clock cycles of its tick minus one.
    push : In(1)
        Append `entry` to the main FIFO; silently dropped when full.
    entry : In(fifo_entry)
        What to append.
    burst : In(stream.Signature(burst_layout))
        Bursts for the burst queue.
    head : Out(stream.Signature(head_layout))
        Event whose turn it is; taken when its processing starts.
    processing : In(1)
        An entry of the main FIFO is being processed and still occupies its place.
    finish : In(1)
        The processing of an entry ends.
    empty : Out(1)
        No event waits in the main FIFO or in the burst queue's current slot.
    waiting_full : Out(1)
        As many events wait in the main FIFO as it holds.
    full : Out(1)
        No place in the main FIFO is free, counting the entry in processing.
    drained : Out(1)
        Nothing waits anywhere.
    """

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        entry = fifo_entry(config)
        super().__init__(
            {
                "bursts_enabled": In(1),
                "burst_time_unit": In(20),
                "push": In(1),
                "entry": In(entry),
                "burst": In(stream.Signature(burst_layout(config))),
                "head": Out(stream.Signature(head_layout(config))),
                "processing": In(1),
                "finish": In(1),
                "empty": Out(1),
                "waiting_full": Out(1),
                "full": Out(1),
                "drained": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        depth = config.fifo_depth
        m.submodules.fifo = fifo = Fifo(fifo_entry(config), depth)
        none_waits = Signal()
        m.d.comb += [
            none_waits.eq(fifo.level == 0),
            self.waiting_full.eq(fifo.level[-1]),
            self.full.eq(self.waiting_full | (self.processing & fifo.level[:-1].all())),
            fifo.write.valid.eq(self.push & ~self.full),
            fifo.write.p.eq(self.entry),
        ]
        if not config.has_bursts:
            m.d.comb += [
                self.head.valid.eq(fifo.read.valid),
                self.head.p.neuron.eq(fifo.read.p.neuron),
                self.head.p.virtual.eq(fifo.read.p.virtual),
                fifo.read.ready.eq(self.head.ready),
                self.empty.eq(none_waits),
                self.drained.eq(none_waits),
                self.burst.ready.eq(1),
            ]
            return m

        m.submodules.bursts = bursts = BurstQueue(config)
        replayed = bursts.head
        wiring.connect(m, wiring.flipped(self.burst), bursts.push)
        m.d.comb += [
            bursts.enable.eq(self.bursts_enabled),
            bursts.period.eq(self.burst_time_unit),
            bursts.finish.eq(self.finish),
            # While the burst queue does not know its head, nothing may be served before it.
            self.head.valid.eq(bursts.settled & (replayed.valid | fifo.read.valid)),
            self.head.p.neuron.eq(Mux(replayed.valid, replayed.p.neuron, fifo.read.p.neuron)),
            self.head.p.virtual.eq(Mux(replayed.valid, 0, fifo.read.p.virtual)),
            self.head.p.replayed.eq(replayed.valid),
            self.head.p.last.eq(replayed.valid & replayed.p.last),
            replayed.ready.eq(self.head.ready),
            fifo.read.ready.eq(self.head.ready & self.head.valid & ~replayed.valid),
            self.empty.eq(bursts.settled & ~replayed.valid & none_waits),
            self.drained.eq(none_waits & bursts.empty),
        ]
        return m
