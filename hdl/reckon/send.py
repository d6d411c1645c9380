"""SEND: output words (specification, section 14)."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .config import ReckonConfig
from .layout import POTENTIAL_BITS

__all__ = ["SendPhase"]


class SendPhase(wiring.Component):
    """Sends the winning label, or all potentials.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    start : In(1)
        Begin with the next cycle.
    busy : Out(1)
        At work.
    send_label, regression, last_output : In
        Registers of these names.
    find : Out(1)
        Look for the output that won most.
    finding : In(1)
        It is being looked for.
    label : In(B)
        The one that was found.
    read : Out(1)
        Read the potential of output `index` at the next clock edge.
    index : Out(B)
        The output.
    potential : In(signed(16))
        Its potential, in the cycle after `read` and as long as `index` stands still.
    output : Out(stream.Signature(8))
        Output words.
    """

    def __init__(self, config: ReckonConfig) -> None:
        bits = config.output_index_bits
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "send_label": In(1),
                "regression": In(1),
                "last_output": In(bits),
                "find": Out(1),
                "finding": In(1),
                "label": In(bits),
                "read": Out(1),
                "index": Out(bits),
                "potential": In(signed(POTENTIAL_BITS)),
                "output": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        index = Signal.like(self.index)
        high = Signal()
        m.d.comb += self.index.eq(index)
        with m.FSM(name="phase") as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("WAIT"))
            with m.State("WAIT"):
                m.d.sync += [index.eq(0), high.eq(0)]
                with m.If(self.start):
                    m.d.comb += self.find.eq(self.send_label)
                    m.next = "READ"
                    with m.If(self.send_label):
                        m.next = "FIND"
            with m.State("FIND"):
                with m.If(~self.finding):
                    m.next = "LABEL"
            with m.State("LABEL"):
                m.d.comb += [
                    self.output.valid.eq(1),
                    self.output.payload.eq(Mux(self.regression, 0, self.label)),
                ]
                with m.If(self.output.ready):
                    m.next = "WAIT"
            with m.State("READ"):
                m.d.comb += self.read.eq(1)
                m.next = "POTENTIALS"
            with m.State("POTENTIALS"):
                m.d.comb += [
                    self.output.valid.eq(1),
                    self.output.payload.eq(Mux(high, self.potential[8:], self.potential[:8])),
                ]
                with m.If(self.output.ready):
                    m.d.sync += high.eq(~high)
                    with m.If(high):
                        m.d.sync += index.eq(index + 1)
                        m.next = "READ"
                        with m.If(index == self.last_output):
                            m.next = "WAIT"
        return m
