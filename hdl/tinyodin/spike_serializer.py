"""Spikes of tinyODIN on their way: to the queue and to the output, one at a time (section 7)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .config import TinyOdinConfig

__all__ = ["SpikeSerializer"]


class SpikeSerializer(wiring.Component):
    """Takes the spikes of a row and passes them on in ascending order, one each cycle.

    With output source 0 each spike gives an output word, the neuron's address. With source 1 the
    end of a spike event gives one, the source's address. Unless open loop is set each spike is
    pushed into the queue, in the cycle in which its word, if any, is taken.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.

    Members
    -------
    open_loop, output_source : In(1)
        Registers of these names.
    load : In(1)
        A row leaves the update stage; only while `advance` is set.
    fires : In(lanes)
        Its neurons that fire.
    report : In(1)
        It ends a spike event.
    row : In(bits of a row address)
        Its address, from the next cycle on.
    source : In(M)
        Source of the spike event.
    advance : Out(1)
        The next row may leave the update stage: nothing is left, or the last spike goes now.
    emitting : Out(1)
        Something is left.
    push, neuron : Out(1), Out(M)
        Push a neuron's spike into the queue.
    output : Out(stream.Signature(output word))
        Output words.
    """

    def __init__(self, config: TinyOdinConfig) -> None:
        self._config = config
        super().__init__(
            {
                "open_loop": In(1),
                "output_source": In(1),
                "load": In(1),
                "fires": In(config.lanes),
                "report": In(1),
                "row": In(range(config.neurons // config.lanes)),
                "source": In(config.address_bits),
                "advance": Out(1),
                "emitting": Out(1),
                "push": Out(1),
                "neuron": Out(config.address_bits),
                "output": Out(stream.Signature(config.output_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self._config.lanes
        lane_bits = lanes.bit_length() - 1
        spikes = Signal(lanes)
        report = Signal()
        lane = Signal(lane_bits)
        later = Signal(lanes)
        done = Signal()

        for index in reversed(range(lanes)):
            with m.If(spikes[index]):
                m.d.comb += lane.eq(index)
        m.d.comb += [
            # All but the lowest.
            later.eq(spikes & (spikes - 1)),
            self.emitting.eq(spikes.any() | report),
            self.neuron[:lane_bits].eq(lane),
            self.neuron[lane_bits:].eq(self.row),
            self.output.valid.eq(Mux(self.output_source, report & ~spikes.any(), spikes.any())),
            self.output.p.eq(Mux(self.output_source, self.source, self.neuron)),
            done.eq(~self.output.valid | self.output.ready),
            self.push.eq(spikes.any() & ~self.open_loop & done),
            self.advance.eq(~self.emitting | (done & ~later.any() & ~(report & spikes.any()))),
        ]
        with m.If(self.load):
            m.d.sync += [
                # In open loop with output source 1 a spike goes nowhere.
                spikes.eq(Mux(self.open_loop & self.output_source, 0, self.fires)),
                report.eq(self.report & self.output_source),
            ]
        with m.Elif(done):
            m.d.sync += spikes.eq(later)
            with m.If(~spikes.any()):
                m.d.sync += report.eq(0)
        return m
