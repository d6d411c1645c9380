"""tinyODIN as a whole: its memories' contracts, its output stream, and no input event lost."""

import sys

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.interface.access import access_targets
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.controller import Controller
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.hdl.tinyodin.operation import operation_layout

IDLE, FETCH, DRAIN = range(3)


class CoreProof(wiring.Component):
    """A core whose surroundings send events as a stream and leave registers alone while it works."""

    def __init__(self, lanes, ports, *, inside=None, kind=TinyOdin):
        self.config = TinyOdinConfig(
            neurons=16, fifo_depth=4, lanes=lanes, neuron_memory_ports=ports
        )
        self.core = kind(self.config)
        self.inside = inside and inside(self.core)
        super().__init__(
            {
                "event_valid": In(1),
                "event": In(self.config.event_bits),
                "request_valid": In(1),
                "request": In(self.core.access.request.payload.shape()),
                "ready": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        core = self.core
        m.submodules.core = self.inside.fragment if self.inside else core
        m.d.comb += [
            core.events.valid.eq(self.event_valid),
            core.events.p.eq(self.event),
            core.access.request.valid.eq(self.request_valid),
            core.access.request.p.eq(self.request),
            core.output.ready.eq(self.ready),
        ]
        # Events keep the rules of a stream; requests may even change while they wait.
        waits, event_before = Signal(), Signal.like(self.event)
        m.d.sync += [
            waits.eq(self.event_valid & ~core.events.ready),
            event_before.eq(self.event),
        ]
        with m.If(waits):
            m.d.comb += Assume(self.event_valid & (self.event == event_before))
        self.requests(m)

        offered, word = Signal(), Signal.like(core.output.p)
        m.d.sync += [offered.eq(core.output.valid & ~self.ready), word.eq(core.output.p)]
        with m.If(offered):
            m.d.comb += Assert(core.output.valid, "an offered word stays")
            m.d.comb += Assert(core.output.p == word, "an offered word is stable")
            m.d.comb += Cover(core.output.p == 5, "a word that waits")
        memory_write = self.request_valid & (self.request.target != 0) & self.request.write
        m.d.comb += Cover(memory_write & core.access.request.ready & core.gate, "a memory access")
        if self.inside:
            self.invariant(m)
        return m

    def requests(self, m):
        """Assume that requests lie inside their target and that registers change at rest only."""
        request, targets = self.request, access_targets(self.core.memories)
        m.d.comb += Assume(request.target < len(targets))
        for name, memory in self.core.memories.items():
            with m.If(request.target == targets[name]):
                m.d.comb += Assume(request.byte < memory.bytes_per_word)
        # The gate may change at any time.
        with m.If(self.request_valid & (request.target == 0) & (request.address != 0)):
            m.d.comb += Assume(self.core.idle)

    def invariant(self, m):
        """State how the stages of the crossbar follow the controller."""
        self.inside.assert_queue(m, "scheduler", "fifo")
        signal = self.inside.signal
        phase, row = signal("controller", "phase_state"), signal("controller", "row")
        operation = operation_layout(self.config)(signal("controller", "operation"))
        decoding, updating, writing = (
            signal("crossbar", name) for name in ("decoding", "updated", "written")
        )
        stages = decoding | updating | writing
        m.d.comb += Assert(phase <= DRAIN)
        m.d.comb += Assert(~operation.access | (operation.single & ~operation.tick))
        turn = signal("controller", "writing_turn")
        if self.config.neuron_memory_ports == 1:
            with m.If(phase == FETCH):
                m.d.comb += Assert(~updating | ~turn)
                m.d.comb += Assert(decoding == turn)
                m.d.comb += Assert(~writing | turn)
            with m.Else():
                m.d.comb += Assert(~turn)
        else:
            m.d.comb += Assert(~turn)
            rows = [
                signal("crossbar", f"{name}_row") for name in ("decoding", "updating", "written")
            ]
            with m.If(phase == FETCH):
                m.d.comb += Assert((~updating | decoding) & (~writing | updating))
                for distance, (stage, at) in enumerate(
                    zip((decoding, updating, writing), rows, strict=True), 1
                ):
                    behind = Signal.like(row, name="behind")
                    m.d.comb += behind.eq(row - distance)
                    m.d.comb += Assert(~stage | (at == behind))
        with m.If((phase == FETCH) & operation.single):
            m.d.comb += Assert(~stages)
        with m.If(phase == IDLE):
            m.d.comb += Assert(~decoding & ~updating)
        decoding_last, updating_last = (
            signal("crossbar", f"{name}_last") for name in ("decoding", "updating")
        )
        with m.If(phase == DRAIN):
            m.d.comb += Assert(decoding == ~(updating & updating_last))
            m.d.comb += Assert(~decoding | decoding_last)
        with m.Elif(phase == FETCH):
            m.d.comb += Assert(~(decoding & decoding_last) & ~(updating & updating_last))

        # What the controller pushes always finds room.
        push = signal("controller", "push")
        m.d.comb += Assert(~push | ~self.core.full, "no input event is dropped")


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 8])
def test_core(prove, lanes, ports):
    prove.holds(CoreProof(lanes, ports, inside=prove.Inside), depth=3)


@pytest.mark.parametrize("lanes", [1, 8])
def test_core_works(prove, lanes):
    prove.reaches(CoreProof(lanes, 1), depth=12)


# The proof reaches into the parts, which a mutant brings along.
def core_with(prove, kind, old, new):
    broken = prove.mutant(kind, old, new)
    return type("BrokenCore", (TinyOdin,), {"elaborate": swapped(kind.__name__, broken)})


def swapped(name, broken):
    def elaborate(self, platform):
        module = sys.modules[TinyOdin.__module__]
        original = getattr(module, name)
        setattr(module, name, broken)
        try:
            return TinyOdin.elaborate(self, platform)
        finally:
            setattr(module, name, original)

    return elaborate


MUTATIONS = {
    # Reading in every cycle meets the write of three rows before.
    "writing_turn.eq(writing_turn ^ self.advance)": ("writing_turn.eq(0)", "at once"),
    # Not waiting for spikes and words that are on their way.
    "with m.If(~self.emitting):": ("with m.If(1):", "offered word"),
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_controller_is_refuted(prove, old):
    new, reason = MUTATIONS[old]
    kind = core_with(prove, Controller, old, new)
    assert reason in prove.refuted(CoreProof(1, 1, kind=kind), depth=12)
