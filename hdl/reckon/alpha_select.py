"""The registers with a bit for each neuron word, which are a memory (specification, sections 4 and
6).
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import CHUNK, ReckonConfig
from .flags import ROW

__all__ = ["AlphaSelect", "alpha_select_address"]

#: Words of the first memory rows, and the registers where the first and the other rows are written.
_FIRST_ROWS, _FIRST, _OTHERS = 4, 65, 128


def alpha_select_address(index: int) -> int:
    """Return the address of alpha-select register `index`: four are at 65, the others at 128."""
    return _FIRST + index if index < _FIRST_ROWS else _OTHERS + index - _FIRST_ROWS


class AlphaSelect(wiring.Component):
    """Bits that choose the top of alpha, one for each neuron word; in registers that are written
    only.

    A register is written in two cycles, and a reset makes all zero, one row a cycle: that way the
    bits fit the narrow memories of small FPGAs.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    write : In(1)
        Write the register at `address`, if it is one of these; hold this until `ready`.
    address : In(16)
        Register.
    data : In(32)
        Value.
    ready : Out(1)
        It is written at the next clock edge, or is none of these.
    read : In(1)
        Read the bit of neuron word `word` at the next clock edge.
    word : In(word address)
        The word.
    selected : Out(1)
        Its bit, from the second cycle after `read` to that after the next one: a register, since it
        is one of many bits and goes to multipliers.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self._words = config.neuron_words
        super().__init__(
            {
                "write": In(1),
                "address": In(16),
                "data": In(CHUNK),
                "ready": Out(1),
                "read": In(1),
                "word": In(range(config.neuron_words)),
                "selected": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        registers = -(-self._words // CHUNK)
        # With fewer words it would be built from flip-flops.
        m.submodules.memory = memory = Sram(
            words=max(32, -(-self._words // ROW)), width=ROW, granularity=ROW, ports=2
        )
        clearing = Signal(init=1)
        half = Signal()
        row = Signal.like(memory.write_address)
        bit = Signal(range(ROW))
        register = Signal(range(max(2, registers)))
        mine, possible = Signal(), Signal()
        m.d.comb += [
            possible.eq(self.write & mine & ~clearing & ~self.read),
            self.ready.eq(~mine | ~self.write | (possible & half)),
            memory.read.eq(self.read),
            memory.read_address.eq(self.word // ROW),
            memory.write.eq(clearing | possible),
            memory.write_address.eq(Mux(clearing, row, Cat(half, register))),
            memory.write_data.eq(Mux(half, self.data[ROW:], self.data[:ROW])),
        ]
        shown = Signal()
        m.d.sync += shown.eq(self.read)
        with m.If(shown):
            m.d.sync += self.selected.eq(memory.read_data.bit_select(bit, 1))
        with m.Switch(self.address):
            for index in range(registers):
                with m.Case(alpha_select_address(index)):
                    m.d.comb += [mine.eq(1), register.eq(index)]
        with m.If(~self.write):
            m.d.sync += half.eq(0)
        with m.Elif(possible):
            m.d.sync += half.eq(~half)
        with m.If(self.read):
            m.d.sync += bit.eq(self.word)
        with m.If(clearing):
            m.d.comb += memory.write_data.eq(0)
            m.d.sync += [row.eq(row + 1), clearing.eq(~row.all())]
        return m
