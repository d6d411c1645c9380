"""Controller of ODIN: chooses what to do next and steps through neurons and synapses (section
7).
"""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .config import OdinConfig
from .layout import event_word, fifo_entry, virtual_field
from .operation import operation_layout
from .scheduler import head_layout

__all__ = ["Controller"]


class Controller(wiring.Component):
    """One activity at a time: host access, queued event or input event.

    The choice, made when the core is at rest: while gated, host accesses only; else the head of a
    full queue, else an input event other than bistability, else the head, else bistability. An
    input event is taken when it has been queued or executed. An input event that finds the queue
    empty starts at once instead of passing through the memory; it counts as queued all the same.

    Parameters
    ----------
    config : OdinConfig
        Configuration.

    Members
    -------
    gate : In(1)
        Register of this name.
    events : In(stream.Signature(event_word))
        Input events.
    access_pending : In(1)
        A host waits for a byte of a memory.
    access_word : In(M)
        The neuron it addresses, if it addresses the neuron memory.
    head : In(stream.Signature(head_layout))
        Queued event whose turn it is.
    queue_empty, queue_full, drained : In(1)
        No event waits for its turn; as many wait as the main FIFO holds; none waits anywhere.
    push, entry : Out(1), Out(fifo_entry)
        Append an input event to the main FIFO.
    advance : In(1)
        The crossbar moves on in this cycle.
    emitting : In(1)
        Spikes or output words of the last update are still on their way, or a host access ends.
    responded_last : In(1)
        The operation's last row goes to the crossbar's write stage in this cycle.
    operation : Out(operation_layout)
        What is being done.
    queued : Out(1)
        What is being done was in the main FIFO.
    fetch : Out(1)
        Read the row `row` in this cycle.
    row : Out(bits of a row address)
        Row of `lanes` neurons; for bistability, of eight synapses.
    last : Out(1)
        The operation ends with this row.
    at_rest : Out(1)
        No operation is under way.
    idle : Out(1)
        Nothing is under way and, unless gated, nothing is queued.
    """

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        super().__init__(
            {
                "gate": In(1),
                "events": In(stream.Signature(event_word(config))),
                "access_pending": In(1),
                "access_word": In(config.address_bits),
                "head": In(stream.Signature(head_layout(config))),
                "queue_empty": In(1),
                "queue_full": In(1),
                "drained": In(1),
                "push": Out(1),
                "entry": Out(fifo_entry(config)),
                "advance": In(1),
                "emitting": In(1),
                "responded_last": In(1),
                "operation": Out(operation_layout(config)),
                "queued": Out(1),
                "fetch": Out(1),
                "row": Out(config.row_bits),
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

        # What kind of input event there is, tested in this order.
        low = event.low[: config.low_bits - 1]
        one = event.low[-1]
        is_synapse = Signal()
        is_tick = Signal()
        is_bistability = Signal()
        is_queued = Signal()
        m.d.comb += [
            is_synapse.eq(event.single),
            is_tick.eq(~is_synapse & low.all()),
            is_bistability.eq(~is_synapse & ~low.any()),
            is_queued.eq(~is_synapse & ~is_tick & ~is_bistability),
            self.entry.virtual.eq(event.low[-virtual_field().size :]),
            self.entry.neuron.eq(event.high),
        ]

        # What would start now.
        start = Signal()
        start_head = Signal()
        first = Signal(operation_layout(config))
        entry = Signal(head_layout(config))
        with m.If(start_head):
            m.d.comb += entry.eq(self.head.p)
        with m.Else():
            m.d.comb += [
                entry.neuron.eq(self.entry.neuron),
                entry.virtual.eq(self.entry.virtual),
            ]
        m.d.comb += [
            first.source.eq(entry.neuron),
            first.neuron.eq(entry.neuron),
            first.weight.eq(entry.virtual.weight),
            first.inhibitory.eq(entry.virtual.inhibitory),
        ]
        with m.If(self.gate):
            m.d.comb += [
                first.access.eq(1),
                first.single.eq(1),
                first.neuron.eq(self.access_word),
            ]
        with m.Elif(start_head | is_queued):
            virtual = entry.virtual.as_value().any()
            m.d.comb += [
                first.spike.eq(~virtual),
                first.single.eq(virtual),
                first.tick.eq(entry.virtual.tick),
                first.burst_end.eq(entry.last),
            ]
        with m.Elif(is_synapse):
            m.d.comb += [
                first.synapse.eq(1),
                first.single.eq(1),
                first.neuron.eq(event.low),
            ]
        with m.Else():
            m.d.comb += [
                first.tick.eq(is_tick),
                first.bistability.eq(is_bistability),
                first.single.eq(one),
            ]

        # With one memory port reading and writing take turns. A row is written four moves after it
        # was read, so four rows are read, then four are written. Bistability writes a word of
        # synapses two moves after reading it.
        turn = Signal(3)
        writing_turn = Signal()
        neuron_turn = turn[2] if config.neuron_memory_ports == 1 else Const(0)
        synapse_turn = turn[1] if config.synapse_memory_ports == 1 else Const(0)
        m.d.comb += writing_turn.eq(Mux(operation.bistability, synapse_turn, neuron_turn))
        last_row = Signal()
        last_word = Signal()
        m.d.comb += [
            last_row.eq(self.row.all()),
            last_word.eq(self.row[: config.address_bits - 3].all()),
        ]

        # An input event that is executed keeps its sender waiting until then.
        taken = Signal()
        with m.FSM(name="phase"):
            with m.State("IDLE"):
                m.d.comb += [
                    self.at_rest.eq(1),
                    self.idle.eq(~self.emitting & (self.drained | self.gate)),
                ]
                with m.If(~self.emitting):
                    with m.If(self.gate):
                        m.d.comb += start.eq(self.access_pending)
                    with m.Elif(
                        self.head.valid & (self.queue_full | ~self.events.valid | is_bistability)
                    ):
                        m.d.comb += [start.eq(1), start_head.eq(1), self.head.ready.eq(1)]
                    with m.Elif(self.events.valid & ~self.queue_full):
                        with m.If(is_queued):
                            m.d.comb += [
                                self.events.ready.eq(1),
                                start.eq(self.queue_empty),
                                self.push.eq(~self.queue_empty),
                            ]
                        with m.Elif(~is_bistability):
                            m.d.comb += start.eq(1)
                        with m.Elif(self.queue_empty):
                            if config.plasticity:
                                m.d.comb += start.eq(1)
                            else:
                                m.d.comb += self.events.ready.eq(1)
                with m.If(start):
                    m.d.sync += [
                        operation.eq(first),
                        taken.eq(~self.gate & ~start_head & ~is_queued),
                        self.queued.eq(
                            ~self.gate & Mux(start_head, ~self.head.p.replayed, is_queued)
                        ),
                        turn.eq(0),
                        self.row.eq(0),
                    ]
                    with m.If(first.single & ~first.bistability):
                        m.d.sync += self.row.eq(first.neuron[lane_bits:])
                    with m.If(first.bistability & ~first.single):
                        m.d.sync += operation.source.eq(0)
                    m.next = "FETCH"

            with m.State("FETCH"):
                m.d.comb += self.fetch.eq(self.advance & ~writing_turn)
                with m.If(operation.bistability):
                    m.d.comb += self.last.eq(
                        last_word & (operation.single | operation.source.all())
                    )
                with m.Else():
                    m.d.comb += self.last.eq(operation.single | last_row)
                m.d.sync += turn.eq(turn + self.advance)
                with m.If(self.fetch):
                    m.d.sync += self.row.eq(self.row + 1)
                    with m.If(operation.bistability & last_word):
                        m.d.sync += [self.row.eq(0), operation.source.eq(operation.source + 1)]
                    with m.If(self.last):
                        m.next = "DRAIN"

            with m.State("DRAIN"), m.If(self.responded_last):
                m.d.comb += self.events.ready.eq(taken)
                m.next = "IDLE"
        return m
