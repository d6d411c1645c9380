"""The `wishbone` shell: a core as a slave on a Wishbone B4 bus."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .bus_map import BUS_BITS, BusMap
from .bus_shell import BusShell

__all__ = ["WishboneShell"]


class WishboneShell(BusShell):
    """A core behind a classic Wishbone B4 interface, 32 bits wide, with byte selects.

    Everything of the `BusMap` is within reach; events go to the word `input_event`, output words
    come from the word `output_word`. Each cycle is ended by `wb_ack_o` or, refused, by `wb_err_o`,
    in bounded time whatever the core does: one to a control word or register in its third clock
    cycle, one to a memory some cycles later.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    **sizes
        `queue_depth` and `patience`, as for `BusShell`.

    Members
    -------
    clk : In(1)
        Clock, rising edge.
    rst : In(1)
        Synchronous reset, active high; clears what is under way and queued, not the memories.
        Registers get their reset values.
    wb_cyc_i, wb_stb_i, wb_we_i : In(1)
        A cycle; held until it is ended. If it is abandoned, it is still carried out, and not ended.
    wb_adr_i : In(bits of the map)
        Offset in bytes; its two low bits are ignored.
    wb_sel_i : In(4)
        Bytes to be written. Reads give all bytes.
    wb_dat_i, wb_dat_o : In(32), Out(32)
        Data to and from the core; `wb_dat_o` is valid with `wb_ack_o`.
    wb_ack_o, wb_err_o : Out(1)
        Ends a cycle, one clock cycle long.
    irq_o : Out(1)
        Interrupt, a level (see word `interrupt_enable`).
    """

    def __init__(self, core: Any, **sizes: int) -> None:
        bus_map = BusMap(core, mailbox=True)
        super().__init__(
            core,
            bus_map,
            {
                "clk": In(1),
                "rst": In(1),
                "wb_cyc_i": In(1),
                "wb_stb_i": In(1),
                "wb_we_i": In(1),
                "wb_adr_i": In(bus_map.address_bits),
                "wb_sel_i": In(BUS_BITS // 8),
                "wb_dat_i": In(BUS_BITS),
                "wb_dat_o": Out(BUS_BITS),
                "wb_ack_o": Out(1),
                "wb_err_o": Out(1),
                "irq_o": Out(1),
            },
            **sizes,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core, bridge = self.core, self.bridge
        self.elaborate_core(m, self.clk, self.rst)
        wiring.connect(m, bridge.event, self.event_queue.write)
        wiring.connect(m, self.event_queue.read, core.events)
        wiring.connect(m, core.output, self.output_queue.write)
        wiring.connect(m, self.output_queue.read, bridge.output)

        strobe = Signal()
        abandoned = Signal()
        request = bridge.request
        m.d.comb += [
            strobe.eq(self.wb_cyc_i & self.wb_stb_i),
            request.valid.eq(strobe),
            request.p.write.eq(self.wb_we_i),
            request.p.address.eq(self.wb_adr_i[2:]),
            request.p.select.eq(self.wb_sel_i),
            request.p.data.eq(self.wb_dat_i),
            self.wb_dat_o.eq(bridge.data),
            self.wb_ack_o.eq(bridge.done & ~bridge.error & strobe & ~abandoned),
            self.wb_err_o.eq(bridge.done & bridge.error & strobe & ~abandoned),
            self.irq_o.eq(bridge.interrupt),
        ]
        # What ends belongs to a cycle of before.
        with m.If(request.ready):
            m.d.sync += abandoned.eq(0)
        with m.Elif(~strobe):
            m.d.sync += abandoned.eq(1)
        return m
