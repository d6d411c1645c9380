"""Writing parts of words in a memory that is written word by word."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring

from .macro_array import MacroArray
from .plan import Plan

__all__ = ["ReadModifyWrite"]


class ReadModifyWrite(wiring.Component):
    """A memory with one port, from macros with two that write whole words.

    To write parts of a word, the word is read, and written a cycle later with the parts in it,
    while the next word may already be read. What is on its way to the macros is given to whoever
    reads it. The contract and the members are those of `Sram` with one port.

    Parameters
    ----------
    plan : Plan
        What it is made of.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        super().__init__(plan.requirement.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        need = self._plan.requirement
        m.submodules.array = array = MacroArray(self._plan)
        writing = Signal()
        address = Signal(need.address_bits)
        used = Signal()
        m.d.comb += [
            writing.eq(self.write.any()),
            address.eq(Mux(writing, self.write_address, self.read_address)),
            used.eq(writing | self.read),
        ]

        # The write that waits for the word it changes.
        pending = Signal()
        parts = Signal(need.width // need.granularity, reset_less=True)
        changes = Signal(need.width, reset_less=True)
        place = Signal(need.address_bits, reset_less=True)
        m.d.sync += pending.eq(writing)
        with m.If(writing):
            m.d.sync += [
                parts.eq(self.write),
                changes.eq(self.write_data),
                place.eq(self.write_address),
            ]

        # The macros cannot read a word while it is written; it is kept instead.
        meets = Signal()
        forwarded = Signal()
        kept = Signal(need.width, reset_less=True)
        word = Signal(need.width)
        changed = Signal(need.width)
        m.d.comb += [
            meets.eq(pending & (address == place)),
            array.read.eq(used & ~meets),
            array.read_address.eq(address),
            word.eq(Mux(forwarded, kept, array.read_data)),
            changed.eq(_merge(word, changes, parts, need.granularity)),
            array.write.eq(pending),
            array.write_address.eq(place),
            array.write_data.eq(changed),
            self.read_data.eq(word),
        ]
        with m.If(used):
            m.d.sync += forwarded.eq(meets)
            with m.If(meets):
                m.d.sync += kept.eq(changed)
        return m


def _merge(old: Value, new: Value, parts: Value, granularity: int) -> Value:
    """Return a word of whose parts some are new."""
    selected = Cat(parts[bit // granularity] for bit in range(len(old)))
    return (old & ~selected) | (new & selected)
