"""Each spike is passed on exactly once, in ascending order, to the queue and to the output."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.spike_serializer import SpikeSerializer


class SerializerProof(wiring.Component):
    """Keeps the spikes of the last row itself and strikes them out one by one."""

    def __init__(self, lanes, kind=SpikeSerializer, inside=None):
        self.lanes = lanes
        self.config = TinyOdinConfig(neurons=16, lanes=lanes)
        self.serializer = kind(self.config)
        self.inside = inside and inside(self.serializer)
        super().__init__(
            {
                "open_loop": In(1),
                "output_source": In(1),
                "load": In(1),
                "fires": In(lanes),
                "report": In(1),
                "row": In(range(16 // lanes)),
                "source": In(4),
                "ready": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        dut = self.serializer
        m.submodules.serializer = self.inside.fragment if self.inside else dut
        for name in self.signature.members:
            if name != "ready":
                m.d.comb += getattr(dut, name).eq(getattr(self, name))
        output = dut.output
        m.d.comb += output.ready.eq(self.ready)

        # What the crossbar guarantees: rows come when they may, and what belongs to a row, and the
        # registers, stand still until it is done.
        m.d.comb += Assume(~self.load | dut.advance)
        loaded_before = Signal()
        m.d.sync += loaded_before.eq(self.load)
        for value in (self.row, self.source, self.open_loop, self.output_source):
            earlier = Signal.like(value)
            m.d.sync += earlier.eq(value)
            # A row's address comes one cycle after its spikes.
            still = dut.emitting & ~loaded_before if value is self.row else dut.emitting
            with m.If(still):
                m.d.comb += Assume(value == earlier)

        waiting, word = Signal(), Signal.like(output.p)
        m.d.sync += [waiting.eq(output.valid & ~self.ready), word.eq(output.p)]

        # Spikes to be pushed, spikes to be put out, and whether the end is still to be reported.
        to_push, to_send = Signal(self.lanes), Signal(self.lanes)
        to_report = Signal()
        sent = Signal()
        sent_spike, sent_report = Signal(), Signal()
        m.d.comb += [
            sent.eq(output.valid & self.ready),
            sent_spike.eq(sent & ~self.output_source),
            sent_report.eq(sent & self.output_source),
        ]
        for pending, strike, word in (
            (to_push, dut.push, dut.neuron),
            (to_send, sent_spike, output.p),
        ):
            lowest = Signal(range(self.lanes), name="lowest")
            for lane in reversed(range(self.lanes)):
                with m.If(pending[lane]):
                    m.d.comb += lowest.eq(lane)
            with m.If(strike):
                m.d.comb += Assert(pending.any(), "no more than the spikes there were")
                m.d.comb += Assert(word == self.row * self.lanes + lowest, "ascending")
                m.d.sync += pending.eq(pending & (pending - 1))
        m.d.comb += Cover(to_send.all() & waiting, "all lanes fire, and wait")
        with m.If(sent_report):
            m.d.comb += Cover(1, "a report")
            m.d.comb += Assert(to_report & ~to_push.any(), "one report, after the spikes")
            m.d.comb += Assert(output.p == self.source, "the report is the source")
            m.d.sync += to_report.eq(0)
        with m.If(self.load):
            left = to_push.any() & ~(dut.push & ~(to_push & (to_push - 1)).any())
            m.d.comb += Assert(~left, "all pushed before the next row")
            left = to_send.any() & ~(sent_spike & ~(to_send & (to_send - 1)).any())
            m.d.comb += Assert(~left, "all put out before the next row")
            m.d.comb += Assert(~to_report | sent_report, "reported before the next row")
            m.d.sync += [
                to_push.eq(self.fires & ~self.open_loop.replicate(self.lanes)),
                to_send.eq(self.fires & ~self.output_source.replicate(self.lanes)),
                to_report.eq(self.report & self.output_source),
            ]
        both = ~self.open_loop & ~self.output_source
        with m.If(both & (to_push.any() | to_send.any())):
            m.d.comb += Assert(dut.push == sent_spike, "pushed when its word is taken")
            m.d.comb += Assert(to_push == to_send, "pushed when its word is taken")

        # The output keeps the rules of a stream, and says what is left.
        with m.If(waiting):
            m.d.comb += Assert(output.valid, "an offered word stays")
            m.d.comb += Assert(output.p == word, "an offered word is stable")
        left = to_push.any() | to_send.any() | to_report
        m.d.comb += Assert(dut.emitting == left, "emitting while something is left")
        m.d.comb += Assert(dut.emitting | dut.advance, "nothing holds the next row up")

        # With a willing output a row takes at most a cycle for each lane and one for the report.
        busy = Signal(range(self.lanes + 3))
        with m.If(self.load | ~dut.emitting | (output.valid & ~self.ready)):
            m.d.sync += busy.eq(0)
        with m.Else():
            m.d.sync += busy.eq(busy + 1)
        m.d.comb += Assert(busy <= self.lanes + 1, "one each cycle")
        if self.inside:
            spikes, report = map(self.inside.signal, ("spikes", "report"))
            m.d.comb += Assert(to_push == Mux(self.open_loop, 0, spikes))
            m.d.comb += Assert(to_send == Mux(self.output_source, 0, spikes))
            m.d.comb += Assert(~(self.open_loop & self.output_source & spikes.any()))
            m.d.comb += Assert((report == to_report) & (~report | self.output_source))
        return m


@pytest.mark.parametrize("lanes", [1, 4])
def test_serializer(prove, lanes):
    prove.holds(SerializerProof(lanes, inside=prove.Inside), depth=lanes + 4)


@pytest.mark.parametrize("lanes", [1, 4])
def test_serializer_works(prove, lanes):
    prove.reaches(SerializerProof(lanes), depth=10)


MUTATIONS = {
    "with m.Elif(done):": "with m.Else():",
    "later.eq(spikes & (spikes - 1))": "later.eq(0)",
    "done.eq(~self.output.valid | self.output.ready)": "done.eq(self.output.ready)",
    "spikes.any() & ~self.open_loop & done": "spikes.any() & ~self.open_loop",
    "report & ~spikes.any(), spikes.any()": "report, spikes.any()",
    "& ~(report & spikes.any())": "",
    "for index in reversed(range(lanes)):": "for index in range(lanes):",
    "Mux(self.open_loop & self.output_source, 0, self.fires)": "self.fires",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_serializer_is_refuted(prove, old):
    broken = prove.mutant(SpikeSerializer, old, MUTATIONS[old])
    assert prove.refuted(SerializerProof(4, broken), depth=8)
