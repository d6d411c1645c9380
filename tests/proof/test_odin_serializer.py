"""ODIN's spikes, bursts, packets and reports: each passed on exactly once, in order, and none held
up.

As long as the receiver of the output words and the burst queue go on taking what is offered, a row
ends; neither is given up, nor overtaken, however slow it is.
"""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cat, Const, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.spike_serializer import SpikeSerializer


def lowest(m, pending, name):
    """Return the number of the lowest bit that is set."""
    found = Signal(range(len(pending)), name=name)
    for index in reversed(range(len(pending))):
        with m.If(pending[index]):
            m.d.comb += found.eq(index)
    return found


class SerializerProof(wiring.Component):
    """Keeps what the last row gives itself and strikes it out piece by piece."""

    STILL = (
        *("open_loop", "output_source", "monitor_enable", "monitored_neuron", "bursts_enabled"),
        *("spike", "source", "row", "monitored", "monitored_synapse"),
    )

    def __init__(self, lanes, kind=SpikeSerializer, inside=None, weight_bits=3):
        self.lanes = lanes
        self.config = OdinConfig(neurons=16, lanes=lanes, weight_bits=weight_bits)
        self.serializer = kind(self.config)
        self.inside = inside and inside(self.serializer)
        members = self.serializer.signature.members
        given = {name: members[name] for name in (*self.STILL, "load", "response")}
        super().__init__({**given, "ready": In(1), "burst_ready": In(1)})

    def elaborate(self, platform):
        m = Module()
        lanes, config = self.lanes, self.config
        dut = self.serializer
        m.submodules.serializer = self.inside.fragment if self.inside else dut
        for name in self.signature.members:
            if not name.endswith("ready"):
                m.d.comb += getattr(dut, name).eq(getattr(self, name))
        output, burst, response = dut.output, dut.burst, self.response
        m.d.comb += [output.ready.eq(self.ready), burst.ready.eq(self.burst_ready)]
        self.assume(m)

        # What is left: packets (a synapse's, the neuron's two, a synapse's), spikes to put out, to
        # push and whose burst is to be stored, and the report.
        packets = Signal(4)
        to_send, to_push, to_store = (
            Signal(lanes, name=f"to_{to}") for to in ("send", "push", "store")
        )
        to_report = Signal()
        event = Signal()
        bursts = Signal.like(response.bursts)
        standard = ~self.monitor_enable
        sent, stored, send_now = Signal(), Signal(), Signal()
        m.d.comb += [
            sent.eq(output.valid & self.ready),
            stored.eq(burst.valid & self.burst_ready),
        ]

        # Output words.
        shown, weight = self.monitored, self.monitored_synapse.weight
        three_bits = Cat(weight, Const(0, 3))[:3] if config.weight_bits < 3 else weight[-3:]
        synapse = Cat(three_bits, self.monitored_synapse.mapped, Const(0b1111, 4))
        words = Array(
            [
                synapse,
                Cat(shown.rotation, shown.calcium, shown.down, shown.up, event),
                shown.potential,
                synapse,
            ]
        )
        expected = Signal(8)
        lane_sent, lane_pushed, lane_stored = (
            lowest(m, pending, f"lowest_{pending.name}") for pending in (to_send, to_push, to_store)
        )
        m.d.comb += send_now.eq(sent & ~packets.any() & to_send.any())
        with m.If(packets.any()):
            m.d.comb += expected.eq(words[lowest(m, packets, "packet")])
        with m.Elif(to_send.any()):
            m.d.comb += expected.eq(self.row * lanes + lane_sent)
        with m.Else():
            m.d.comb += expected.eq(self.source)
        with m.If(sent):
            m.d.comb += Assert(packets.any() | to_send.any() | to_report, "no word too many")
            m.d.comb += Assert(output.p == expected, "words in order")
            with m.If(packets.any()):
                m.d.sync += packets.eq(packets & (packets - 1))
            with m.Elif(to_send.any()):
                m.d.sync += to_send.eq(to_send & (to_send - 1))
            with m.Else():
                m.d.comb += Assert(~to_push.any(), "the report comes after the spikes")
                m.d.comb += Cover(1, "a report")
                m.d.sync += to_report.eq(0)
        # Pushes.
        with m.If(dut.push):
            m.d.comb += [
                Assert(to_push.any() & ~packets.any(), "no push too many"),
                Assert(dut.neuron == self.row * lanes + lane_pushed, "pushed in ascending order"),
                Assert(~to_store.bit_select(lane_pushed, 1), "pushed after its burst"),
            ]
            m.d.sync += to_push.eq(to_push & (to_push - 1))
        with m.If(~self.open_loop & standard & ~self.output_source):
            m.d.comb += Assert(dut.push == send_now, "pushed when its word is taken")
        # Bursts.
        with m.If(stored):
            m.d.comb += [
                Assert(to_store.any() & ~packets.any(), "no burst too many"),
                Assert(burst.p.neuron == self.row * lanes + lane_stored, "bursts in order"),
                Assert(
                    Cat(burst.p.spikes, burst.p.interval)
                    == bursts.as_value().word_select(lane_stored, 6),
                    "its burst",
                ),
                Assert(to_push.bit_select(lane_stored, 1), "stored before it is pushed"),
            ]
            m.d.comb += Cover(
                (to_store & (to_store - 1)).any() & (lanes > 1) | (lanes == 1), "a burst"
            )
            m.d.sync += to_store.eq(to_store & (to_store - 1))

        with m.If(self.load):
            m.d.comb += Assert(
                ~packets.any() & ~to_send.any() & ~to_push.any() & ~to_store.any() & ~to_report,
                "all passed on before the next row",
            )
            has_burst = Cat(response.bursts[lane].spikes.any() for lane in range(lanes))
            synapse_shown = self.monitor_enable & response.synapse_shown
            neuron_shown = self.monitor_enable & response.neuron_shown
            m.d.sync += [
                packets.eq(
                    Cat(
                        synapse_shown & response.synapse_first,
                        neuron_shown,
                        neuron_shown,
                        synapse_shown & ~response.synapse_first,
                    )
                ),
                to_send.eq(response.fires & (standard & ~self.output_source).replicate(lanes)),
                to_push.eq(response.fires & (~self.open_loop).replicate(lanes)),
                to_store.eq(response.fires & has_burst & self.bursts_enabled.replicate(lanes)),
                to_report.eq(self.spike & response.last & self.output_source & standard),
                bursts.eq(response.bursts),
                event.eq(
                    Mux(
                        self.output_source,
                        self.spike & (self.source == self.monitored_neuron),
                        response.fires.bit_select(self.monitored_neuron % lanes, 1),
                    )
                ),
            ]

        # What is offered stays.
        for valid, word, ready in (
            (output.valid, output.p, self.ready),
            (burst.valid, Value.cast(burst.p), self.burst_ready),
        ):
            waits, before = Signal(name="waits"), Signal.like(word, name="before")
            m.d.sync += [waits.eq(valid & ~ready), before.eq(word)]
            with m.If(waits):
                m.d.comb += Assert(valid & (word == before), "an offered word stays")
        left = packets.any() | to_send.any() | to_push.any() | to_report
        m.d.comb += Assert(dut.emitting == left, "emitting while something is left")
        m.d.comb += Cover(packets.any() & to_push.all(), "packets and spikes of all lanes")

        # No deadlock: in each cycle something is passed on unless somebody else is waited for.
        busy = Signal(range(4 + 2 * lanes + 3))
        held_up = (output.valid & ~self.ready) | (burst.valid & ~self.burst_ready)
        with m.If(self.load):
            m.d.sync += busy.eq(0)
        with m.Elif(dut.emitting & ~held_up):
            m.d.sync += busy.eq(busy + 1)
        m.d.comb += Assert(busy <= 4 + 2 * lanes + 1, "something is passed on in each cycle")
        if self.inside:
            signal = self.inside.signal
            spikes, report, is_stored = map(signal, ("spikes", "report", "stored"))
            names = ("synapse_before", "flags_packet", "potential_packet", "synapse_after")
            first = lowest(m, spikes, "first")
            needed = Signal(lanes)
            m.d.comb += [
                needed.eq(
                    Cat(
                        spikes[lane] & bursts[lane].spikes.any() & self.bursts_enabled
                        for lane in range(lanes)
                    )
                ),
                Assert(packets == Cat(signal(name) for name in names)),
                Assert(~packets.any() | (event == signal("event"))),
                Assert(
                    bursts.as_value() == signal("bursts").as_value()
                    if hasattr(signal("bursts"), "as_value")
                    else bursts.as_value() == signal("bursts")
                ),
                Assert(self.open_loop | (to_push == spikes)),
                Assert(~self.open_loop | ~to_push.any()),
                Assert(Mux(standard & ~self.output_source, spikes, 0) == to_send),
                Assert(~spikes.any() | ~self.open_loop | (standard & ~self.output_source)),
                Assert(report == to_report),
                Assert(~report | (self.output_source & standard)),
                Assert(to_store == needed & ~(is_stored << first)[:lanes]),
                Assert(~is_stored | (needed.bit_select(first, 1) & ~packets.any())),
                Assert(~self.monitor_enable | ~report),
                Assert(
                    ~dut.emitting
                    | (
                        busy
                        + sum(packets[index] for index in range(4))
                        + 2 * sum(spikes[lane] for lane in range(lanes))
                        - is_stored
                        + report
                        <= 4 + 2 * lanes + 1
                    )
                ),
            ]
        return m

    def assume(self, m):
        """Assume what the crossbar guarantees: what belongs to a row stands still until it is
        done.
        """
        dut = self.serializer
        loaded_before = Signal()
        m.d.sync += loaded_before.eq(self.load)
        m.d.comb += [
            Assume(~self.load | ~dut.emitting),
            Assume(~self.bursts_enabled | ~self.open_loop),
        ]
        for name in self.STILL:
            value = Value.cast(getattr(self, name))
            earlier = Signal.like(value, name=f"{name}_before")
            m.d.sync += earlier.eq(value)
            # What is in the write stage comes a cycle after the response.
            late = name in ("row", "monitored", "monitored_synapse")
            with m.If(dut.emitting & ~(loaded_before & late)):
                m.d.comb += Assume(value == earlier)


@pytest.mark.parametrize(
    ("lanes", "weight_bits"), [(1, 3), (4, 5), pytest.param(8, 1, marks=pytest.mark.slow)]
)
def test_serializer(prove, lanes, weight_bits):
    prove.holds(SerializerProof(lanes, inside=prove.Inside, weight_bits=weight_bits), depth=2)


def test_serializer_works(prove):
    prove.reaches(SerializerProof(2), depth=12)


MUTATIONS = {
    "(~self.output.valid | self.output.ready) & ~burst_left": "~burst_left",
    "self.output.ready) & ~burst_left)": "self.output.ready))",
    "m.d.sync += stored.eq(1)": "m.d.sync += stored.eq(0)",
    "with m.Elif(done):": "with m.Elif(done & ~self.output.valid):",
}
SLOWER_MUTATIONS = {
    "has_spike & ~self.open_loop & done": "has_spike & ~self.open_loop",
    "bursts[lane].interval": "bursts[0].interval",
    "| (report & ~spikes.any())": "| report",
    "in reversed(range(lanes))": "in range(lanes)",
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *MUTATIONS.items(),
        *(pytest.param(*item, marks=pytest.mark.slow) for item in SLOWER_MUTATIONS.items()),
    ],
)
def test_a_broken_serializer_is_refuted(prove, old, new):
    broken = prove.mutant(SpikeSerializer, old, new)
    assert prove.refuted(SerializerProof(2, broken), depth=10)
