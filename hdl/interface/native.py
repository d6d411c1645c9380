"""The `native` shell: the streams of a core with an explicit clock and reset."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["NativeShell", "port_name"]


def port_name(*path: str) -> str:
    """Return the name that a member of the native shell has as a port of its module."""
    return "__".join(path)


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
    streams, access, idle and more
        As the core has them, but for an output `gate`.
    """

    def __init__(self, core: wiring.Component) -> None:
        self.core = core
        self.config = core.config
        members = core.signature.members
        # Only shells of other kinds need to see the gate.
        self._passed = [name for name in members if name != "gate"]
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
