"""Input items of ReckOn: all are taken in time, and no spike is lost or doubled."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.input_items import InputItems

#: Two rows of flags.
CONFIG = ReckonConfig(neurons=32, outputs=2, weight_lanes=4)

#: Cycles without item of target data in a row: as long as LEARN reads targets.
HELD = CONFIG.outputs


class ItemsProof(wiring.Component):
    """Items at will, from a stream that keeps its rules, and a core that uses them as ReckOn does.

    The flags of one index, whichever, are followed. `forgotten` and what is read of the index are
    compared with two flags kept here.
    """

    def __init__(self, kind=InputItems, inside=None):
        self.items = kind(CONFIG)
        self.inside = inside and inside(self.items)
        super().__init__(
            {
                "valid": In(1),
                "address": In(CONFIG.event_address_bits),
                "is_target": In(1),
                "index": In(CONFIG.address_bits),
                "last_index": In(CONFIG.address_bits),
                "tick": In(1),
                "clear_all": In(1),
                "clear_present": In(1),
                "read": In(1),
                "row": In(1),
                "hold": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        items = self.items
        m.submodules.items = self.inside.fragment if self.inside else items
        ready = items.events.ready
        m.d.comb += [
            items.events.valid.eq(self.valid),
            items.events.p.address.eq(self.address),
            items.events.p.target.eq(self.is_target),
            items.last_index.eq(self.last_index),
            items.tick.eq(self.tick),
            items.clear_all.eq(self.clear_all),
            items.clear_present.eq(self.clear_present),
            items.read.eq(self.read),
            items.row.eq(self.row),
            items.hold.eq(self.hold),
        ]
        item = Signal(CONFIG.event_bits)
        m.d.comb += item.eq(items.events.p)
        started = Signal()
        m.d.sync += started.eq(1)

        def before(value, name):
            signal = Signal.like(value, name=f"{name}_before")
            m.d.sync += signal.eq(value)
            return signal

        for name in ("index", "last_index"):
            value = getattr(self, name)
            m.d.comb += Assume(~started | (value == before(value, name)))
        item_stays = self.valid & (item == before(item, "item"))
        m.d.comb += Assume(~before(self.valid & ~ready, "offered") | item_stays)

        # What PROPAGATE does: a row in three cycles, and none in the two cycles from a tick on.
        since_read = Signal(2, init=2)
        with m.If(self.read):
            m.d.comb += Assume(since_read == 2)
            m.d.sync += since_read.eq(0)
        with m.Elif(since_read != 2):
            m.d.sync += since_read.eq(since_read + 1)
        ticked = before(self.tick, "tick")
        m.d.comb += Assume(~(self.read & (self.tick | ticked)))
        # Spikes are cleared by themselves, and not as a step begins.
        clears = self.clear_all | self.clear_present
        m.d.comb += Assume(~(clears & (self.tick | ticked | self.read)))
        m.d.comb += Assume(~(self.tick & ticked))
        held = Signal(range(HELD + 1))
        with m.If(self.hold):
            m.d.comb += Assume(held != HELD)
            m.d.sync += held.eq(held + 1)
        with m.Else():
            m.d.sync += held.eq(0)

        # Each item is taken in time.
        late = Signal(range(HELD + 4))
        with m.If(self.valid & ~ready):
            m.d.sync += late.eq(late + 1)
        with m.Else():
            m.d.sync += late.eq(0)
        m.d.comb += [
            Assert(late <= Mux(self.is_target, HELD, 2), "an item is taken in time"),
            Assert(~ready | self.valid, "only what is offered is taken"),
            Assert(items.target == (self.valid & ready & self.is_target), "a target is passed on"),
            Assert(~items.target | (items.address == self.address), "as it is"),
            Assert(~(items.target & self.hold), "no target is taken while they are read"),
        ]

        # The spikes of one index. One that is taken in the cycle after a tick began before it.
        taken = Signal()
        early = Signal()
        waiting, present = Signal(), Signal()
        m.d.comb += [
            taken.eq(
                self.valid
                & ready
                & ~self.is_target
                & (self.address == self.index)
                & (self.index <= self.last_index)
            ),
            early.eq(ticked),
        ]
        with m.If(self.tick):
            m.d.sync += [waiting.eq(0), present.eq(waiting | taken)]
        with m.Else():
            with m.If(taken):
                with m.If(early):
                    m.d.sync += present.eq(1)
                with m.Else():
                    m.d.sync += waiting.eq(1)
            with m.If(self.clear_present | self.clear_all):
                m.d.sync += present.eq(0)
            with m.If(self.clear_all & ~taken):
                m.d.sync += waiting.eq(0)
        row, bit = self.index[4:], self.index[:4]
        read_before = before(self.read & (self.row == row), "read")
        present_before = before(present, "present")
        with m.If(read_before):
            m.d.comb += Assert(
                items.flags.bit_select(bit, 1) == present_before, "spikes of the step are read"
            )
        seen = Signal()
        with m.If(taken & early):
            m.d.sync += seen.eq(1)
        m.d.comb += [Cover(read_before & present_before & seen), Cover(late == 2)]

        if self.inside:
            self._invariants(m, waiting, present, row, bit, ticked)
        return m

    def _invariants(self, m, waiting, present, row, bit, ticked):
        """Assert what always holds of the memory, for induction."""
        inside = self.inside
        setting = inside.signal("phase_state")
        side, bank = inside.signal("waiting"), inside.signal("bank")
        stored = []
        for number in range(2):
            address = Signal(2, name=f"address_{number}")
            m.d.comb += address.eq(Cat(row, number))
            word = inside.word(address, "rows", "memory", "array")
            written = inside.signal("rows", "written")[2 * number : 2 * number + 2]
            stored.append(written.bit_select(row, 1) & word.bit_select(bit, 1))
        shown = inside.signal("rows", "known") & inside.signal(
            "rows", "memory", "read_data"
        ).bit_select(bit, 1)
        m.d.comb += [
            Assert(Mux(side, stored[1], stored[0]) == waiting, "waiting spikes are stored"),
            Assert(Mux(side, stored[0], stored[1]) == present, "present spikes are stored"),
        ]
        with m.If(setting):
            m.d.comb += [
                Assert(self.valid & ~self.is_target & (self.address <= self.last_index), "a spike"),
                Assert((bank == side) | ticked, "of this step, or begun with the tick"),
            ]
            with m.If(self.address[4:] == row):
                m.d.comb += Assert(
                    inside.signal("cleared") | (shown == Mux(bank, stored[1], stored[0])),
                    "its row is there, or has been cleared",
                )


def test_items(prove):
    prove.holds(ItemsProof(inside=prove.Inside), depth=4)


def test_items_go_through(prove):
    prove.reaches(ItemsProof(), depth=14)


MUTATIONS = {
    "with m.Elif(~self.read):": "with m.Else():",
    "bank.eq(waiting)": "bank.eq(~waiting)",
    "Mux(cleared | rows.clear.bit_select(bank, 1), 0, rows.read_flags) | (1 << bit)": "1 << bit",
    "Mux(cleared | rows": "Mux(rows",
    "Mux(cleared | rows.clear.bit_select(bank, 1), 0": "Mux(cleared, 0",
    "item.address > self.last_index": "item.address >= self.last_index",
    "self.target.eq(~self.hold)": "self.target.eq(1)",
    "m.d.comb += [rows.write.eq(1), self.events.ready.eq(1)]": "m.d.comb += rows.write.eq(1)",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_broken_items_are_refuted(prove, old):
    broken = prove.mutant(InputItems, old, MUTATIONS[old])
    assert prove.refuted(ItemsProof(broken), depth=14)
