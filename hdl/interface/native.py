"""The `native` shell: the streams of a core with an explicit clock and reset."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["NativeShell", "port_name"]


def port_name(*path: str) -> str:
    """Return the name that a member of the native shell has as a port of its module."""
    return "_".join(path)


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
        Synchronous reset, active high; clears what is under way and queued, not the memories.
        Registers get their reset values.
    STREAM_valid, STREAM_ready, STREAM_payload, access_request_..., access_data, idle and more
        The members of the core, but for an output `gate`; streams as three ports each.
    """

    def __init__(self, core: wiring.Component) -> None:
        self.core = core
        self.config = core.config
        # Only shells of other kinds need to see the gate.
        self._passed = [
            (port_name(*map(str, path)), member, value)
            for path, member, value in core.signature.flatten(core)
            if path != ("gate",)
        ]
        super().__init__(
            {"clk": In(1), "rst": In(1)} | {name: member for name, member, _ in self._passed}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = self.core
        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += [ClockSignal("sync").eq(self.clk), ResetSignal("sync").eq(self.rst)]
        for name, member, inside in self._passed:
            outside = getattr(self, name)
            m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
        return m
