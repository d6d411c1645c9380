"""ReckOn's alpha-select registers: a write is carried out in time, and what is read was written."""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.reckon.alpha_select import AlphaSelect
from spikewright.hdl.reckon.config import ReckonConfig

#: With registers at both places: 65 to 68, and 128 to 131.
CONFIG = ReckonConfig(neurons=512)


class SelectProof(wiring.Component):
    """A host that holds what it writes until it is taken, and a core that reads at will.

    The bit of one neuron word, whichever, is followed.
    """

    def __init__(self, kind=AlphaSelect, inside=None):
        self.select = kind(CONFIG)
        self.inside = inside and inside(self.select)
        super().__init__(
            {
                "write": In(1),
                "address": In(16),
                "data": In(32),
                "read": In(1),
                "word": In(8),
                "chosen": In(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        select = self.select
        m.submodules.select = self.inside.fragment
        m.d.comb += [
            select.write.eq(self.write),
            select.address.eq(self.address),
            select.data.eq(self.data),
            select.read.eq(self.read),
            select.word.eq(self.word),
        ]

        def before(value, name):
            signal = Signal.like(value, name=f"{name}_before")
            m.d.sync += signal.eq(value)
            return signal

        started = before(1, "started")
        m.d.comb += Assume(~started | (self.chosen == before(self.chosen, "chosen")))
        request = Signal(48)
        m.d.comb += request.eq(Cat(self.address, self.data))
        stays = self.write & (request == before(request, "request"))
        m.d.comb += Assume(~before(self.write & ~select.ready, "held") | stays)

        # Section 4: where the register of a word is.
        number = self.chosen // 32
        mine = Signal()
        register = Mux(number < 4, 65 + number, 124 + number)
        m.d.comb += mine.eq(self.write & (self.address == register))
        any_register = Signal()
        m.d.comb += any_register.eq(
            ((self.address >= 65) & (self.address < 69))
            | ((self.address >= 128) & (self.address < 132))
        )
        clearing = self.inside.signal("clearing")
        # Rows are cleared in order, long before the first LEAK gets there.
        m.d.comb += Assume(~(clearing & self.read))
        late = Signal(range(4))
        with m.If(self.write & ~select.ready & ~clearing):
            m.d.sync += late.eq(late + ~self.read)
        with m.Elif(select.ready):
            m.d.sync += late.eq(0)
        m.d.comb += [
            Assert(late < 2, "two cycles without a read are enough"),
            Assert(~self.write | any_register | select.ready, "others are not waited for"),
        ]

        value = Signal()
        with m.If(mine & select.ready):
            m.d.sync += value.eq(self.data.bit_select(self.chosen % 32, 1))
        # A write that is under way may be seen already.
        settled = ~mine
        read = before(self.read & (self.word == self.chosen) & settled, "read")
        seen, written = before(read, "seen"), before(before(value, "value"), "written")
        m.d.comb += Assert(~seen | (select.selected == written), "what is read was written")
        self._invariants(m, clearing, mine, any_register, value, late)
        return m

    def _invariants(self, m, clearing, mine, any_register, value, late):
        inside = self.inside
        row, half = inside.signal("row"), inside.signal("half")
        stored = inside.word(Cat(self.chosen[4:], Const(0)), "memory", "array")
        stored = stored.bit_select(self.chosen[:4], 1)
        new = self.data.bit_select(self.chosen % 32, 1)
        # The lower half is written first.
        expected = Mux(mine & half & ~self.chosen[4], new, value)
        m.d.comb += [
            Assert(clearing | (stored == expected), "stored"),
            Assert(~clearing | (row <= self.chosen[4:]) | ~stored, "cleared so far"),
            Assert(~clearing | (~half & ~value & (late == 0)), "nothing is written before"),
            Assert(~half | (self.write & any_register), "half of a write is not left"),
            Assert(late <= half, "one of the two"),
        ]


def test_alpha_select(prove):
    prove.holds(SelectProof(inside=prove.Inside), depth=4)


MUTATIONS = {
    "& ~self.read),": "),",
    "Mux(half, self.data[ROW:], self.data[:ROW])": "self.data[:ROW]",
    "Cat(half, register)": "Cat(register, half)",
    "m.d.sync += bit.eq(self.word)": "m.d.comb += bit.eq(self.word)",
    "m.d.comb += memory.write_data.eq(0)": "pass",
    "m.d.sync += half.eq(~half)": "pass",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_alpha_select_fails(old, prove):
    broken = prove.mutant(AlphaSelect, old, MUTATIONS[old])
    prove.fails(SelectProof(broken, inside=prove.Inside), depth=4)
