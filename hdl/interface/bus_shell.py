"""What the bus shells are made of: a core, queues for its events and output words, and a bridge."""

from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..memory.fifo import Fifo
from .bus_bridge import PATIENCE, BusBridge
from .bus_map import BusMap

__all__ = ["BusShell"]


class BusShell(wiring.Component):
    """A core, a bridge and queues; a subclass adds the bus and connects the queues.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    bus_map : BusMap
        Its map. Without a mailbox the subclass has streams for events and output words, and what is
        queued has one more bit, at the top, for it.
    members : dict
        Ports of the subclass.
    queue_depth : int
        Events, and output words, that can wait in the shell: a power of two from 2 to 128.
    patience : int
        As for `BusBridge`.
    """

    def __init__(
        self,
        core: Any,
        bus_map: BusMap,
        members: dict[str, Any],
        *,
        queue_depth: int = 16,
        patience: int = PATIENCE,
    ) -> None:
        self.core = core
        self.config = core.config
        self.bus_map = bus_map
        self.bridge = BusBridge(core, bus_map, patience=patience)
        marks = 0 if bus_map.mailbox else 1
        self.event_queue = Fifo(bus_map.event_bits + marks, queue_depth)
        self.output_queue = Fifo(bus_map.output_bits + marks, queue_depth)
        super().__init__(members)

    def elaborate_core(self, m: Module, clock: Any, reset: Any, settled: Any = 1) -> None:
        """Add the core and what the shells have in common.

        Parameters
        ----------
        m : Module
            Module of the shell.
        clock, reset
            Its clock, and its synchronous reset, active high.
        settled
            Nothing is under way in the subclass.
        """
        core, bridge = self.core, self.bridge
        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += [ClockSignal("sync").eq(clock), ResetSignal("sync").eq(reset)]
        m.submodules.core = ResetInserter(bridge.reset)(core)
        m.submodules.event_queue = ResetInserter(bridge.reset)(self.event_queue)
        # A word that was offered stays.
        m.submodules.output_queue = self.output_queue
        m.submodules.bridge = bridge
        wiring.connect(m, bridge.access, core.access)
        for name, member in core.signature.members.items():
            if member.is_port:
                inside, outside = getattr(core, name), getattr(bridge, name)
                m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
        m.d.comb += [
            bridge.event_level.eq(self.event_queue.level),
            bridge.output_level.eq(self.output_queue.level),
            bridge.event_space.eq(self.event_queue.write.ready),
            bridge.settled.eq(core.idle & (self.event_queue.level == 0) & settled),
        ]
