"""Spikes and packets of ODIN on their way: to the queues and to the output (specification, section
10).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .burst_queue import burst_layout
from .config import OdinConfig
from .crossbar import response_layout
from .layout import synapse
from .neuron_update import MONITORED

__all__ = ["SpikeSerializer"]


class SpikeSerializer(wiring.Component):
    """Takes the response of a row and passes on what it gives, one thing each cycle.

    First the packets of the monitor, if it is on; then the spikes in ascending order, each with an
    output word if output source is 0 and the monitor off; then, for output source 1, the word that
    a spike event gives when it ends. Unless open loop is set each spike is pushed into the main
    FIFO, in the cycle in which its word, if any, is taken, and after its burst has gone to the
    burst queue.

    Parameters
    ----------
    config : OdinConfig
        Configuration.

    Members
    -------
    open_loop, output_source, monitor_enable, monitored_neuron : In
        Registers of these names.
    bursts_enabled : In(1)
        The burst queue is active.
    load : In(1)
        A row leaves the respond stage; only while `emitting` is not set.
    response : In(response_layout)
        Its response.
    spike, source : In(1), In(M)
        It belongs to a spike event; of this source.
    row : In(bits of a row address)
        Its address, from the next cycle on.
    monitored, monitored_synapse : In(MONITORED), In(synapse)
        What the monitor shows, from the next cycle on.
    emitting : Out(1)
        Something is left, so no row may leave the respond stage.
    push, neuron : Out(1), Out(M)
        Push a neuron's spike into the main FIFO.
    burst : Out(stream.Signature(burst_layout))
        Bursts for the burst queue.
    output : Out(stream.Signature(output word))
        Output words.
    """

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        super().__init__(
            {
                "open_loop": In(1),
                "output_source": In(1),
                "monitor_enable": In(1),
                "monitored_neuron": In(config.address_bits),
                "bursts_enabled": In(1),
                "load": In(1),
                "response": In(response_layout(config)),
                "spike": In(1),
                "source": In(config.address_bits),
                "row": In(config.row_bits),
                "monitored": In(MONITORED),
                "monitored_synapse": In(synapse(config)),
                "emitting": Out(1),
                "push": Out(1),
                "neuron": Out(config.address_bits),
                "burst": Out(stream.Signature(burst_layout(config))),
                "output": Out(stream.Signature(config.output_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self._config.lanes
        lane_bits = lanes.bit_length() - 1
        response = self.response
        standard = ~self.monitor_enable

        # What is left of the row: packets in this order, spikes, the report of an event.
        synapse_before, flags, potential, synapse_after = packets = [
            Signal(name=name)
            for name in ("synapse_before", "flags_packet", "potential_packet", "synapse_after")
        ]
        spikes = Signal(lanes)
        report = Signal()
        event = Signal(reset_less=True)

        lane = Signal(lane_bits)
        for index in reversed(range(lanes)):
            with m.If(spikes[index]):
                m.d.comb += lane.eq(index)

        has_packet = Signal()
        has_spike = Signal()
        later_spikes = Signal(lanes)
        burst_left = Signal()
        done = Signal()
        m.d.comb += [
            has_packet.eq(Cat(packets).any()),
            has_spike.eq(spikes.any() & ~has_packet),
            later_spikes.eq(spikes & (spikes - 1)),
            self.emitting.eq(has_packet | spikes.any() | report),
            self.neuron[:lane_bits].eq(lane),
            self.neuron[lane_bits:].eq(self.row),
            self.output.valid.eq(
                has_packet
                | (has_spike & ~self.output_source & standard & ~burst_left)
                | (report & ~spikes.any())
            ),
            done.eq((~self.output.valid | self.output.ready) & ~burst_left),
            self.push.eq(has_spike & ~self.open_loop & done),
        ]

        # Packets: a synapse, the neuron's flags, its potential.
        synapse_packet = Signal(8)
        weight = self.monitored_synapse.weight
        m.d.comb += synapse_packet.eq(
            Cat(
                weight[-3:] if len(weight) > 3 else Cat(weight, Const(0, 3 - len(weight))),
                self.monitored_synapse.mapped,
                Const(0b1111, 4),
            )
        )
        with m.If(synapse_before):
            m.d.comb += self.output.p.eq(synapse_packet)
        with m.Elif(flags):
            shown = self.monitored
            m.d.comb += self.output.p.eq(
                Cat(shown.rotation, shown.calcium, shown.down, shown.up, event)
            )
        with m.Elif(potential):
            m.d.comb += self.output.p.eq(self.monitored.potential)
        with m.Elif(synapse_after):
            m.d.comb += self.output.p.eq(synapse_packet)
        with m.Else():
            m.d.comb += self.output.p.eq(Mux(self.output_source, self.source, self.neuron))

        fires_shown = response.fires.bit_select(self.monitored_neuron[:lane_bits], 1)
        shows_synapse = self.monitor_enable & response.synapse_shown
        with m.If(self.load):
            m.d.sync += [
                synapse_before.eq(shows_synapse & response.synapse_first),
                flags.eq(self.monitor_enable & response.neuron_shown),
                potential.eq(self.monitor_enable & response.neuron_shown),
                synapse_after.eq(shows_synapse & ~response.synapse_first),
                event.eq(
                    Mux(
                        self.output_source,
                        self.spike & (self.source == self.monitored_neuron),
                        fires_shown,
                    )
                ),
                # In open loop without words a spike goes nowhere.
                spikes.eq(
                    Mux(
                        self.open_loop & (self.output_source | self.monitor_enable),
                        0,
                        response.fires,
                    )
                ),
                report.eq(self.spike & response.last & self.output_source & standard),
            ]
        with m.Elif(done):
            with m.If(has_packet):
                with m.If(synapse_before):
                    m.d.sync += synapse_before.eq(0)
                with m.Elif(flags):
                    m.d.sync += flags.eq(0)
                with m.Elif(potential):
                    m.d.sync += potential.eq(0)
                with m.Else():
                    m.d.sync += synapse_after.eq(0)
            with m.Else():
                m.d.sync += spikes.eq(later_spikes)
                with m.If(~spikes.any()):
                    m.d.sync += report.eq(0)

        if self._config.has_bursts:
            bursts = Signal.like(response.bursts, reset_less=True)
            stored = Signal()
            with m.If(self.load):
                m.d.sync += bursts.eq(response.bursts)
            m.d.comb += [
                self.burst.p.neuron.eq(self.neuron),
                self.burst.p.spikes.eq(bursts[lane].spikes),
                self.burst.p.interval.eq(bursts[lane].interval),
                burst_left.eq(
                    has_spike & ~stored & self.bursts_enabled & self.burst.p.spikes.any()
                ),
                self.burst.valid.eq(burst_left),
            ]
            with m.If(self.burst.valid & self.burst.ready):
                m.d.sync += stored.eq(1)
            with m.If(has_spike & done):
                m.d.sync += stored.eq(0)
        return m
