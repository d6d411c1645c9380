"""The `native` shell: the streams of a core with an explicit clock and reset."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["NativeShell"]


class NativeShell(wiring.Component):
    """A core with its native interface, for use inside a larger design.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.

    Members
    -------
    clk : In(1)
        Clock, rising edge.
    rst : In(1)
        Synchronous reset, active high; clears what is under way and queued, not the registers and
        memories.
    events : In(stream)
        Input events.
    output : Out(stream)
        Output words.
    access : In(AccessSignature)
        Registers and memories.
    idle, full : Out(1)
        As the core gives them.
    """

    def __init__(self, core: wiring.Component) -> None:
        self.core = core
        self.config = core.config
        members = core.signature.members
        self._passed = ["events", "output", "access", "idle", "full"]
        super().__init__(
            {"clk": In(1), "rst": In(1), **{name: members[name] for name in self._passed}}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core = self.core
        m.submodules.core = core
        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += [ClockSignal("sync").eq(self.clk), ResetSignal("sync").eq(self.rst)]
        for name in self._passed:
            member = core.signature.members[name]
            inside, outside = getattr(core, name), getattr(self, name)
            if member.is_port:
                m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
            else:
                wiring.connect(m, wiring.flipped(outside), inside)
        return m
