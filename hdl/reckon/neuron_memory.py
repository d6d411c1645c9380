"""The neuron memory, and which of its words count (specification of ReckOn, section 5)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import ReckonConfig
from .flags import ROW, FlagRows
from .layout import STATE, neuron_word

__all__ = ["NeuronMemory", "neuron_port"]


def neuron_port(config: ReckonConfig) -> wiring.Signature:
    """Signature of what a phase does with the neuron memory, seen from the phase.

    Members
    -------
    read : Out(1)
        Read a word at the next clock edge.
    word : Out(word address)
        Word to read or write.
    write : Out(1)
        Write the state of the word that was read last, at the next clock edge; not while reading.
    state : Out(state of all lanes)
        New state. Threshold and alpha stay.
    """
    return wiring.Signature(
        {
            "read": Out(1),
            "word": Out(range(config.neuron_words)),
            "write": Out(1),
            "state": Out(data.ArrayLayout(STATE, config.neuron_lanes)),
        }
    )


class NeuronMemory(wiring.Component):
    """Neuron words with a flag `fresh` for each neuron; a state that is not fresh counts as zero.

    A word is read before it is written, and no other in between: its flags are in a row with those of
    others.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    clear : In(1)
        No neuron is fresh any more.
    port : In(neuron_port(config))
        What the present phase does.
    stored : Out(neuron_word(config))
        The word read last; stays until the next one is read.
    fresh : Out(neuron_lanes)
        Its neurons' flags.
    state : Out(as in port)
        Its effective state.
    first_fresh : Out(neuron_lanes)
        Flags of the neurons of word 0, at any time.
    host_write : In(1)
        Write all bits of the word that was read last, which sets its neurons' flags.
    host_word : In(neuron word)
        What to write.
    flag_read : In(1)
        Read the flags that neuron `flag_index` is among, and nothing else.
    flag_write : In(1)
        Give that neuron's flag a value; after `flag_read`.
    flag_index : In(A)
        The neuron.
    flag_value : In(1)
        The value.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        word = neuron_word(config)
        super().__init__(
            {
                "clear": In(1),
                "port": In(neuron_port(config)),
                "stored": Out(word),
                "fresh": Out(config.neuron_lanes),
                "state": Out(data.ArrayLayout(STATE, config.neuron_lanes)),
                "first_fresh": Out(config.neuron_lanes),
                "host_write": In(1),
                "host_word": In(word),
                "flag_write": In(1),
                "flag_read": In(1),
                "flag_index": In(config.address_bits),
                "flag_value": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        lanes = config.neuron_lanes
        # Two ports: what was read last must stay while something is written, since learning uses it
        # (section 16, peculiarity 9).
        m.submodules.memory = memory = Sram(
            words=config.neuron_words,
            width=config.neuron_word_bits,
            granularity=config.neuron_word_bits,
            ports=2,
        )
        m.submodules.flags = flags = FlagRows(rows=config.neurons // ROW)
        port = self.port
        # Word and first index of what was read last.
        word = Signal.like(port.word)
        with m.If(port.read):
            m.d.sync += word.eq(port.word)
        index = Signal(config.address_bits)
        m.d.comb += index.eq(word * lanes)
        m.d.comb += [
            memory.read.eq(port.read),
            memory.read_address.eq(port.word),
            memory.write_address.eq(word),
            self.stored.eq(memory.read_data),
        ]
        new = Signal(neuron_word(config))
        m.d.comb += [
            new.eq(self.stored),
            new.lanes.eq(port.state),
            memory.write.eq(port.write | self.host_write),
            memory.write_data.eq(Mux(self.host_write, self.host_word, new)),
        ]

        shift = (ROW - 1).bit_length()
        chosen = Mux(self.flag_write, self.flag_index, index)
        bit = Mux(
            self.flag_write, 1 << self.flag_index[:shift], ((1 << lanes) - 1) << index[:shift]
        )
        bit = bit[:ROW]
        keep_zero = self.flag_write & ~self.flag_value
        m.d.comb += [
            flags.clear.eq(self.clear),
            flags.read.eq(port.read | self.flag_read),
            flags.read_row.eq(Mux(self.flag_read, self.flag_index, port.word * lanes) >> shift),
            flags.write.eq(port.write | self.host_write | self.flag_write),
            flags.write_row.eq(chosen >> shift),
            flags.write_flags.eq(Mux(keep_zero, flags.read_flags & ~bit, flags.read_flags | bit)),
            self.fresh.eq(flags.read_flags >> index[:shift]),
        ]
        # Flags of word 0 count at any time, so they are kept beside.
        written_first = (flags.write_row == 0) & flags.write
        with m.If(written_first):
            m.d.sync += self.first_fresh.eq(flags.write_flags)
        with m.Elif(self.clear):
            m.d.sync += self.first_fresh.eq(0)

        for lane in range(lanes):
            with m.If(self.fresh[lane]):
                m.d.comb += self.state[lane].eq(self.stored.lanes[lane])
        return m
