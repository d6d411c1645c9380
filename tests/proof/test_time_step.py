"""Ticks of ReckOn, against section 13: none is lost or made up, and a halt lasts."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.reckon.time_step import TimeStep

#: Longest local period that is followed.
LONGEST = 6


class TimeStepProof(wiring.Component):
    def __init__(self, kind=TimeStep, inside=None):
        self.step = kind()
        self.inside = inside and inside(self.step)
        super().__init__(
            {
                "tick": In(1),
                "local_tick": In(1),
                "halt_on_error": In(1),
                "period": In(range(1, LONGEST + 1)),
                "idle": In(1),
                "ready": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        step = self.step
        m.submodules.step = self.inside.fragment if self.inside else step
        m.d.comb += [
            step.tick.eq(self.tick),
            step.local_tick.eq(self.local_tick),
            step.halt_on_error.eq(self.halt_on_error),
            step.cycles_per_tick.eq(self.period),
            step.idle.eq(self.idle),
            step.ready.eq(self.ready),
        ]
        started = Signal()
        period = Signal.like(self.period)
        m.d.sync += [started.eq(1), period.eq(self.period)]
        m.d.comb += Assume(
            (self.period >= 1) & (self.period <= LONGEST) & (~started | (self.period == period))
        )

        # Cycles out of IDLE and, of those, since the last local tick.
        waited = Signal(range(LONGEST + 1))
        due = Signal()
        m.d.comb += due.eq(~self.idle & (waited + 1 == self.period))
        with m.If(self.idle | due):
            m.d.sync += waited.eq(0)
        with m.Else():
            m.d.sync += waited.eq(waited + 1)
        # Errors, and whether one has halted the core.
        error, halted = Signal(), Signal()
        early = step.step & ~self.ready
        with m.If(early):
            m.d.sync += error.eq(1)
            with m.If(self.halt_on_error):
                m.d.sync += halted.eq(1)
        m.d.comb += [
            Assert(waited < self.period, "the next local tick comes"),
            Assert(step.error == error, "errors are kept"),
            Assert(~halted | step.halted, "a halt lasts"),
            Assert(~step.halted | halted, "nothing else halts"),
        ]
        with m.If(halted):
            m.d.comb += Assert(~step.step, "a halted core takes no step")
        with m.Elif(self.local_tick):
            m.d.comb += Assert(step.step == due, "local ticks")
        with m.Else():
            m.d.comb += Assert(step.step == self.tick, "ticks from outside")
        if self.inside:
            m.d.comb += Assert(self.inside.signal("count") == waited + 1, "counted")
        m.d.comb += [Cover(halted & error), Cover(due & self.local_tick & (self.period == LONGEST))]
        return m


def test_time_step(prove):
    prove.holds(TimeStepProof(inside=prove.Inside), depth=2)


def test_ticks_happen(prove):
    prove.reaches(TimeStepProof(), depth=LONGEST + 2)


MUTATIONS = {
    "with m.If(self.idle | local):": "with m.If(self.idle):",
    "local.eq(~self.idle & (": "local.eq((",
    "with m.If(~self.halted):": "with m.If(1):",
    "with m.If(self.step & ~self.ready):": "with m.If(self.step):",
    "Signal(32, init=1)": "Signal(32)",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_time_step_is_refuted(old, prove):
    broken = prove.mutant(TimeStep, old, MUTATIONS[old])
    assert prove.refuted(TimeStepProof(broken), depth=LONGEST + 4)
