"""The `axi` shell: registers and memories on AXI4-Lite, events and output words on AXI4-Stream."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from .bus_map import BUS_BITS, EMPTY_BIT, BusMap
from .bus_shell import BusShell

__all__ = ["AxiShell"]


class AxiShell(BusShell):
    """A core behind an AXI4-Lite slave and two AXI4-Streams, all 32 bits wide.

    Everything of the `BusMap` is within reach of the slave, one access at a time, reads and writes
    in turn. Each is answered in bounded time whatever the core does; what is refused, with SLVERR.

    An event is a word of the input stream, an output word one of the output stream. An event that
    is the last of its packet, or `end_packet` in word `control`, ends a packet of the output
    stream: later events wait until the core is idle (and its gate, if it has one, is open), and
    then a word follows that has bit 31 set (the others mean nothing), is the last of its packet and
    stands for no output word. So each packet in gives one packet out, however many words it has.

    No output from the shell depends on an input in the same cycle.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    **sizes
        `queue_depth` and `patience`, as for `BusShell`.

    Members
    -------
    aclk : In(1)
        Clock, rising edge.
    aresetn : In(1)
        Synchronous reset, active low; clears what is under way and queued, not the memories, nor
        registers that a reset of the core leaves alone.
    s_axi_aw..., s_axi_w..., s_axi_b..., s_axi_ar..., s_axi_r...
        AXI4-Lite slave. Addresses are offsets in bytes, their two low bits ignored; `prot` is
        ignored. Address and data of a write are taken together.
    s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast : In(32), In(1), Out(1), In(1)
        Events, in the low bits.
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast : Out(32), Out(1), In(1), Out(1)
        Output words, in the low bits, and the ends of packets.
    irq : Out(1)
        Interrupt, a level (see word `interrupt_enable`).
    """

    def __init__(self, core: Any, **sizes: int) -> None:
        bus_map = BusMap(core, mailbox=False)
        address = In(bus_map.address_bits)
        super().__init__(
            core,
            bus_map,
            {
                "aclk": In(1),
                "aresetn": In(1, init=1),
                "s_axi_awaddr": address,
                "s_axi_awprot": In(3),
                "s_axi_awvalid": In(1),
                "s_axi_awready": Out(1),
                "s_axi_wdata": In(BUS_BITS),
                "s_axi_wstrb": In(BUS_BITS // 8),
                "s_axi_wvalid": In(1),
                "s_axi_wready": Out(1),
                "s_axi_bresp": Out(2),
                "s_axi_bvalid": Out(1),
                "s_axi_bready": In(1),
                "s_axi_araddr": address,
                "s_axi_arprot": In(3),
                "s_axi_arvalid": In(1),
                "s_axi_arready": Out(1),
                "s_axi_rdata": Out(BUS_BITS),
                "s_axi_rresp": Out(2),
                "s_axi_rvalid": Out(1),
                "s_axi_rready": In(1),
                "s_axis_tdata": In(BUS_BITS),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(BUS_BITS),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "irq": Out(1),
            },
            **sizes,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        #: The packet in has ended; that of the output words has not yet.
        closing = Signal()
        self.elaborate_core(m, self.aclk, ~self.aresetn, settled=~closing)
        m.d.comb += self.irq.eq(self.bridge.interrupt)
        self._elaborate_streams(m, closing)
        self._elaborate_slave(m)
        return m

    def _elaborate_streams(self, m: Module, closing: Signal) -> None:
        core = self.core
        event_bits, output_bits = self.bus_map.event_bits, self.bus_map.output_bits
        events, output = self.event_queue, self.output_queue
        mark = Signal()
        # A core may be idle while it is gated, whatever waits in its own queue.
        gate = core.gate if core.interface.gate.visible else 0
        m.d.comb += [
            events.write.p.eq(Cat(self.s_axis_tdata[:event_bits], self.s_axis_tlast)),
            events.write.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(events.write.ready),
            core.events.p.eq(events.read.p[:event_bits]),
            core.events.valid.eq(events.read.valid & ~closing),
            events.read.ready.eq(core.events.ready & ~closing),
            mark.eq(closing & core.idle & ~gate & ~core.output.valid),
            output.write.p.eq(Cat(core.output.p, mark)),
            output.write.valid.eq(core.output.valid | mark),
            core.output.ready.eq(output.write.ready),
            self.m_axis_tdata[:output_bits].eq(output.read.p),
            self.m_axis_tdata[EMPTY_BIT].eq(output.read.p[-1]),
            self.m_axis_tlast.eq(output.read.p[-1]),
            self.m_axis_tvalid.eq(output.read.valid),
            output.read.ready.eq(self.m_axis_tready),
        ]
        last = core.events.valid & core.events.ready & events.read.p[-1]
        with m.If(last | self.bridge.end_packet):
            m.d.sync += closing.eq(1)
        with m.Elif((mark & output.write.ready) | self.bridge.reset):
            m.d.sync += closing.eq(0)

    def _elaborate_slave(self, m: Module) -> None:
        bridge = self.bridge
        request = bridge.request
        #: It is a read's turn, if both wait; a read is carried out.
        read_first = Signal()
        reading = Signal()
        write_waits, read_waits, read = Signal(), Signal(), Signal()
        m.d.comb += [
            # One that has its answer waits until that is taken; what is accepted now is seen later.
            write_waits.eq(self.s_axi_awvalid & self.s_axi_wvalid & ~self.s_axi_bvalid),
            read_waits.eq(self.s_axi_arvalid & ~self.s_axi_rvalid),
            read.eq(read_waits & (read_first | ~write_waits)),
            request.valid.eq(write_waits | read_waits),
            request.p.write.eq(~read),
            request.p.address.eq(Mux(read, self.s_axi_araddr[2:], self.s_axi_awaddr[2:])),
            request.p.select.eq(self.s_axi_wstrb),
            request.p.data.eq(self.s_axi_wdata),
        ]
        accepted = Signal()
        m.d.comb += accepted.eq(request.valid & request.ready)
        m.d.sync += [
            self.s_axi_awready.eq(accepted & ~read),
            self.s_axi_wready.eq(accepted & ~read),
            self.s_axi_arready.eq(accepted & read),
        ]
        with m.If(accepted):
            m.d.sync += [reading.eq(read), read_first.eq(~read)]
        with m.If(self.s_axi_bvalid & self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)
        with m.If(self.s_axi_rvalid & self.s_axi_rready):
            m.d.sync += self.s_axi_rvalid.eq(0)
        response = Cat(0, bridge.error)  # OKAY or SLVERR
        with m.If(bridge.done & reading):
            m.d.sync += [
                self.s_axi_rvalid.eq(1),
                self.s_axi_rdata.eq(bridge.data),
                self.s_axi_rresp.eq(response),
            ]
        with m.Elif(bridge.done):
            m.d.sync += [self.s_axi_bvalid.eq(1), self.s_axi_bresp.eq(response)]
