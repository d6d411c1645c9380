"""Controller of tinyODIN: chooses what to do next and steps through the neurons (section 6)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .config import TinyOdinConfig
from .layout import event_word, fifo_entry
from .operation import operation_layout

__all__ = ["Controller"]


class Controller(wiring.Component):
    """One activity at a time: host access, queued event or input event.

    The choice, made when the core is at rest: while gated, host accesses only; else the head of a
    full queue, else an input event, else the head. An input event is taken when it has been queued
    or, for a time reference, executed. An input event that finds the queue empty starts at once
    instead of passing through the memory; it counts as queued all the same.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.

    Members
    -------
    gate, last_neuron : In(1), In(M)
        Registers of these names.
    events : In(stream.Signature(event_word))
        Input events.
    access_pending : In(1)
        A host waits for a byte of a memory.
    access_word : In(M)
        The neuron it addresses, if it addresses the neuron memory.
    head : In(stream.Signature(fifo_entry))
        Oldest queued event.
    queue_empty, queue_full : In(1)
        No event waits; as many wait as the queue holds.
    push, entry : Out(1), Out(fifo_entry)
        Append an input event to the queue.
    advance : In(1)
        The crossbar moves on in this cycle.
    emitting : In(1)
        Spikes or output words of the last update are still on their way, or a host access ends.
    updated_last : In(1)
        The crossbar finishes the operation's last update in this cycle.
    operation : Out(operation_layout)
        What is being done.
    fetch : Out(1)
        Read the row of neurons `row` in this cycle.
    row : Out(bits of a row address)
        Row of `lanes` neurons.
    enabled : Out(lanes)
        Neurons of the row that take part.
    last : Out(1)
        The operation ends with this row.
    at_rest : Out(1)
        No operation is under way.
    idle : Out(1)
        Nothing is under way and, unless gated, nothing is queued.
    """

    def __init__(self, config: TinyOdinConfig) -> None:
        self._config = config
        rows = config.neurons // config.lanes
        super().__init__(
            {
                "gate": In(1),
                "last_neuron": In(config.address_bits),
                "events": In(stream.Signature(event_word(config))),
                "access_pending": In(1),
                "access_word": In(config.address_bits),
                "head": In(stream.Signature(fifo_entry(config))),
                "queue_empty": In(1),
                "queue_full": In(1),
                "push": Out(1),
                "entry": Out(fifo_entry(config)),
                "advance": In(1),
                "emitting": In(1),
                "updated_last": In(1),
                "operation": Out(operation_layout(config)),
                "fetch": Out(1),
                "row": Out(range(rows)),
                "enabled": Out(config.lanes),
                "last": Out(1),
                "at_rest": Out(1),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        lane_bits = config.lanes.bit_length() - 1
        event = self.events.p
        operation = self.operation

        # An input event as a queue entry. Virtual events have a four-bit target field.
        m.d.comb += self.entry.neuron.eq(event.low)
        with m.If(event.virtual_event):
            m.d.comb += [
                self.entry.weight.eq(event.low[4:8]),
                self.entry.neuron.eq(event.low[:4]),
            ]

        # What would start now.
        start = Signal()
        start_head = Signal()
        first = Signal(operation_layout(config))
        queued = Signal(fifo_entry(config))
        m.d.comb += queued.eq(Mux(start_head, self.head.p, self.entry))
        with m.If(self.gate):
            m.d.comb += [
                first.access.eq(1),
                first.single.eq(1),
                first.neuron.eq(self.access_word),
            ]
        with m.Elif(event.tick & ~start_head):
            m.d.comb += [
                first.tick.eq(1),
                first.single.eq(~event.low.all()),
                first.neuron.eq(event.low),
            ]
        with m.Else():
            # A virtual event of weight zero is a spike event (peculiarity T2).
            m.d.comb += [
                first.single.eq(queued.weight.any()),
                first.neuron.eq(queued.neuron),
                first.weight.eq(queued.weight),
            ]

        # With one memory port reading and writing take turns; a row's write comes three moves after
        # its read, so it falls into a turn for writing.
        writing_turn = Signal()
        last_row = self.last_neuron[lane_bits:]

        with m.FSM(name="phase"):
            with m.State("IDLE"):
                m.d.comb += [
                    self.at_rest.eq(1),
                    self.idle.eq(~self.emitting & (self.queue_empty | self.gate)),
                ]
                with m.If(~self.emitting):
                    with m.If(self.gate):
                        m.d.comb += start.eq(self.access_pending)
                    with m.Elif(self.head.valid & (self.queue_full | ~self.events.valid)):
                        m.d.comb += [start.eq(1), start_head.eq(1), self.head.ready.eq(1)]
                    with m.Elif(self.events.valid & ~self.queue_full):
                        with m.If(event.tick):
                            m.d.comb += start.eq(1)
                        with m.Else():
                            m.d.comb += [
                                self.events.ready.eq(1),
                                start.eq(self.queue_empty),
                                self.push.eq(~self.queue_empty),
                            ]
                with m.If(start):
                    m.d.sync += [
                        operation.eq(first),
                        self.row.eq(Mux(first.single, first.neuron[lane_bits:], 0)),
                    ]
                    m.next = "FETCH"

            with m.State("FETCH"):
                m.d.comb += [
                    self.fetch.eq(self.advance & ~writing_turn),
                    self.last.eq(operation.single | (self.row == last_row)),
                ]
                if config.neuron_memory_ports == 1:
                    m.d.sync += writing_turn.eq(writing_turn ^ self.advance)
                with m.If(self.fetch):
                    m.d.sync += self.row.eq(self.row + 1)
                    with m.If(self.last):
                        m.d.sync += writing_turn.eq(0)
                        m.next = "DRAIN"

            with m.State("DRAIN"), m.If(self.updated_last):
                m.d.comb += self.events.ready.eq(operation.tick)
                m.next = "IDLE"

        # Lanes of the row that the operation is about.
        for lane in range(config.lanes):
            with m.If(operation.single):
                m.d.comb += self.enabled[lane].eq(operation.neuron[:lane_bits] == lane)
            with m.Else():
                m.d.comb += self.enabled[lane].eq(
                    (self.row != last_row) | (lane <= self.last_neuron[:lane_bits])
                )
        return m
