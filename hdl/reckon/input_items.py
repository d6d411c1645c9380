"""Input items: spikes that wait for the next time step, and targets (specification, sections 2 and
10).
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import ReckonConfig
from .flags import ROW, FlagRows
from .layout import POTENTIAL_BITS, event_word

__all__ = ["InputItems", "Targets"]


class InputItems(wiring.Component):
    """Takes input items at any time: keeps spikes, passes targets on.

    Spikes are flags in two banks, those of the present time step and those that wait for the next;
    a tick lets them change places.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    events : In(stream.Signature(event_word(config)))
        Input items. A spike takes two cycles or, while flags are read, a little more.
    last_index : In(A)
        N: spikes with a higher address have no effect.
    tick : In(1)
        Waiting spikes become the present ones, in place of what is left of those.
    clear_all : In(1)
        Forget all spikes.
    clear_present : In(1)
        Forget the spikes of the present time step.
    read : In(1)
        Read a row of the present flags at the next clock edge; from the second cycle after a tick
        on.
    row : In(row number)
        The row.
    flags : Out(16)
        Its flags, from the cycle after `read` on until other flags are read.
    hold : In(1)
        Take no item of target data, since targets are read.
    target : Out(1)
        An item of target data is taken in this cycle.
    address : Out(address bits)
        What it says.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        rows = config.neurons // ROW
        super().__init__(
            {
                "events": In(stream.Signature(event_word(config))),
                "last_index": In(config.address_bits),
                "tick": In(1),
                "clear_all": In(1),
                "clear_present": In(1),
                "read": In(1),
                "row": In((rows - 1).bit_length()),
                "flags": Out(ROW),
                "hold": In(1),
                "target": Out(1),
                "address": Out(config.event_address_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.rows = rows = FlagRows(rows=config.neurons // ROW, banks=2)
        item = self.events.p
        shift = (ROW - 1).bit_length()
        row_bits = len(self.row)
        # Bank in which spikes wait.
        waiting = Signal()
        with m.If(self.tick):
            m.d.sync += waiting.eq(~waiting)
        m.d.comb += [
            # Present spikes are gone after their time step, and when their bank begins to collect.
            rows.clear[0].eq(self.clear_all | (waiting & (self.tick | self.clear_present))),
            rows.clear[1].eq(self.clear_all | (~waiting & (self.tick | self.clear_present))),
            self.flags.eq(rows.read_flags),
            self.address.eq(item.address),
        ]

        reading = Signal()
        bank = Signal()
        row = Signal(row_bits)
        bit = Signal(shift)
        # The bank has been cleared since its row was read.
        cleared = Signal()
        m.d.comb += [
            row.eq(item.address[shift : config.address_bits]),
            bit.eq(item.address[:shift]),
            rows.read.eq(self.read | reading),
            rows.read_row.eq(Mux(self.read, Cat(self.row, ~waiting), Cat(row, waiting))),
            rows.write_row.eq(Cat(row, bank)),
            rows.write_flags.eq(
                Mux(cleared | rows.clear.bit_select(bank, 1), 0, rows.read_flags) | (1 << bit)
            ),
        ]
        with m.FSM(name="phase"):
            with m.State("WAIT"):
                with m.If(self.events.valid):
                    with m.If(item.target):
                        m.d.comb += [self.events.ready.eq(~self.hold), self.target.eq(~self.hold)]
                    with m.Elif(item.address > self.last_index):
                        m.d.comb += self.events.ready.eq(1)
                    with m.Elif(~self.read):
                        m.d.comb += reading.eq(1)
                        # A spike taken in the cycle of a tick still belongs to the step before it.
                        m.d.sync += [bank.eq(waiting), cleared.eq(self.clear_all)]
                        m.next = "SET"
            with m.State("SET"):
                m.d.comb += [rows.write.eq(1), self.events.ready.eq(1)]
                m.next = "WAIT"
        return m


class Targets(wiring.Component):
    """Keeps the label or the targets of all outputs (section 10).

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    item : In(1)
        An item of target data comes in this cycle.
    address : In(address bits)
        What it says.
    regression : In(1)
        It is a byte of a target; else it is a label.
    last_output : In(B)
        O.
    idle : In(1)
        The core is in IDLE: nothing is remembered as received.
    left : In(1)
        The core leaves TARGET.
    complete : Out(1)
        The item of this cycle is the last that the core waits for.
    received : Out(1)
        A label has been received in this sample.
    label : Out(B)
        The label.
    read : In(1)
        Read the target of an output at the next clock edge.
    output : In(B)
        The output.
    target : Out(signed(16))
        Its target, from the cycle after `read` on.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        super().__init__(
            {
                "item": In(1),
                "address": In(config.event_address_bits),
                "regression": In(1),
                "last_output": In(config.output_index_bits),
                "idle": In(1),
                "left": In(1),
                "complete": Out(1),
                "received": Out(1),
                "label": Out(config.output_index_bits),
                "read": In(1),
                "output": In(config.output_index_bits),
                "target": Out(signed(POTENTIAL_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        count = Signal(config.target_counter_bits)
        bits = POTENTIAL_BITS
        m.submodules.memory = memory = Sram(
            words=config.outputs, width=bits, granularity=bits // 2, ports=2
        )
        m.d.comb += [
            memory.read.eq(self.read),
            memory.read_address.eq(self.output),
            memory.write_address.eq(count >> 1),
            memory.write_data.eq(self.address[: bits // 2].replicate(2)),
            self.target.eq(memory.read_data),
        ]
        m.d.comb += self.complete.eq(
            self.item & (~self.regression | (count == Cat(1, self.last_output)))
        )
        with m.If(self.item):
            m.d.sync += count.eq(count + 1)
            with m.If(self.regression):
                m.d.comb += memory.write.eq(1 << count[0])
            with m.Else():
                m.d.sync += [self.label.eq(self.address), self.received.eq(1)]
        with m.If(self.left | self.idle):
            m.d.sync += count.eq(0)
        with m.If(self.idle):
            m.d.sync += self.received.eq(0)
        return m
