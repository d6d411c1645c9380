"""UART shell: any core behind two wires."""

from typing import Any

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .host_link import HostLink
from .uart import UartReceiver, UartTransmitter

__all__ = ["UartShell"]


class UartShell(wiring.Component):
    """A core with a host link over a serial line; all of a board's design but clock and pins.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    divisor : int
        Clock cycles per bit of the serial line.

    Members
    -------
    rx, tx : In(1), Out(1)
        The serial line, seen from the board; high at rest. `rx` may be asynchronous.
    idle, full : Out(1)
        As the core has them, for lights; `full` is 0 if it has none.
    active : Out(1)
        A frame of the host is under way.
    """

    def __init__(self, core: Any, divisor: int) -> None:
        self._core = core
        self._divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "idle": Out(1),
                "full": Out(1),
                "active": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self._divisor)
        m.submodules.link = link = HostLink(self._core)
        m.submodules.core = ResetInserter(link.reset)(self._core)
        core = self._core
        wiring.connect(m, receiver.received, link.received)
        wiring.connect(m, link.transmitted, transmitter.transmitted)
        wiring.connect(m, link.events, core.events)
        wiring.connect(m, core.output, link.output)
        wiring.connect(m, link.access, core.access)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.idle.eq(core.idle),
            self.idle.eq(core.idle),
            self.full.eq(core.full if core.interface.full else 0),
            self.active.eq(link.active),
            *(getattr(core, name).eq(getattr(link, name)) for name in link.format.inputs),
            *(getattr(link, name).eq(getattr(core, name)) for name in link.format.statuses),
        ]
        return m
