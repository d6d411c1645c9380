"""Ticks: when a time step ends, and whether the core was ready for it (specification, section
13).
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["TimeStep"]


class TimeStep(wiring.Component):
    """Passes ticks on, or makes them, and sees those that come too early.

    Members
    -------
    tick : In(1)
        Ends the time step; one cycle long.
    local_tick, halt_on_error, cycles_per_tick : In
        Registers of these names.
    idle : In(1)
        The core is in IDLE.
    ready : In(1)
        The core is in IDLE, or has propagated all spikes.
    step : Out(1)
        A tick, whether the core is ready or not.
    error : Out(1)
        A tick has come too early since the last reset.
    halted : Out(1)
        The core must stand still until it is reset.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "tick": In(1),
                "local_tick": In(1),
                "halt_on_error": In(1),
                "cycles_per_tick": In(32),
                "idle": In(1),
                "ready": In(1),
                "step": Out(1),
                "error": Out(1),
                "halted": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Signal(32, init=1)
        local = Signal()
        m.d.comb += local.eq(~self.idle & (count == self.cycles_per_tick))
        with m.If(~self.halted):
            with m.If(self.local_tick):
                m.d.comb += self.step.eq(local)
            with m.Else():
                m.d.comb += self.step.eq(self.tick)
        with m.If(self.idle | local):
            m.d.sync += count.eq(1)
        with m.Else():
            m.d.sync += count.eq(count + 1)
        with m.If(self.step & ~self.ready):
            m.d.sync += [self.error.eq(1), self.halted.eq(self.halt_on_error)]
        return m
