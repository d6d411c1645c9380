"""tinyODIN as a whole: its memories' contracts, its output stream, and no input event lost."""

import pytest
from amaranth.hdl import Assert, Signal

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.controller import Controller
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.hdl.tinyodin.operation import operation_layout

IDLE, FETCH, DRAIN = range(3)


def make_core(lanes, ports, kind=TinyOdin):
    return kind(TinyOdinConfig(neurons=16, fifo_depth=4, lanes=lanes, neuron_memory_ports=ports))


def invariant(m, core, inside):
    """State how the stages of the crossbar follow the controller."""
    inside.assert_queue(m, "scheduler", "fifo")
    signal = inside.signal
    phase, row = signal("controller", "phase_state"), signal("controller", "row")
    operation = operation_layout(core.config)(signal("controller", "operation"))
    decoding, updating, writing = (
        signal("crossbar", name) for name in ("decoding", "updated", "written")
    )
    stages = decoding | updating | writing
    m.d.comb += Assert(phase <= DRAIN)
    m.d.comb += Assert(~operation.access | (operation.single & ~operation.tick))
    turn = signal("controller", "writing_turn")
    if core.config.neuron_memory_ports == 1:
        with m.If(phase == FETCH):
            m.d.comb += Assert(~updating | ~turn)
            m.d.comb += Assert(decoding == turn)
            m.d.comb += Assert(~writing | turn)
        with m.Else():
            m.d.comb += Assert(~turn)
    else:
        m.d.comb += Assert(~turn)
        rows = [signal("crossbar", f"{name}_row") for name in ("decoding", "updating", "written")]
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
    m.d.comb += Assert(~push | ~core.full, "no input event is dropped")


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 8])
def test_core(prove, lanes, ports):
    prove.holds(prove.CoreProof(make_core(lanes, ports), invariant), depth=3)


@pytest.mark.parametrize("lanes", [1, 8])
def test_core_works(prove, lanes):
    prove.reaches(prove.CoreProof(make_core(lanes, 1)), depth=12)


MUTATIONS = {
    # Reading in every cycle meets the write of three rows before.
    "writing_turn.eq(writing_turn ^ self.advance)": ("writing_turn.eq(0)", "at once"),
    # Not waiting for spikes and words that are on their way.
    "with m.If(~self.emitting):": ("with m.If(1):", "offered word"),
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_controller_is_refuted(prove, old):
    new, reason = MUTATIONS[old]
    core = make_core(1, 1, prove.mutant_inside(TinyOdin, Controller, old, new))
    assert reason in prove.refuted(prove.CoreProof(core), depth=12)
