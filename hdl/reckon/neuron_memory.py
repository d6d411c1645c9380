"""The neuron memory, and which of its words count (specification of ReckOn, section 5)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import CHUNK, ReckonConfig
from .flags import ROW
from .layout import STATE, neuron_word

__all__ = ["NeuronMemory", "neuron_port"]


def neuron_port(config: ReckonConfig) -> wiring.Signature:
    """Signature of what a phase does with the neuron memory, seen from the phase.

    Members
    -------
    read : Out(1)
        Read a word at the next clock edge.
    word : Out(word address)
        Word to read.
    write : Out(1)
        Write the state of the word that was read last, at the next clock edge; another word may be read
        at the same time.
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

    A word is read before it is written. Flags are in rows of a memory; the row that was read last is kept
    beside, since several words share it.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    clear : In(1)
        Neurons of a row of flags are not fresh any more; not while anything else is done.
    clear_row : In(row number)
        The row.
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
    host_write : In(chunks of a word)
        Write chunks of 32 bits of the word that was read last, which sets its neurons' flags.
    host_data : In(32)
        What to write to each.
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
        self._chunks = -(-config.neuron_word_bits // CHUNK)
        super().__init__(
            {
                "clear": In(1),
                "clear_row": In((config.neurons // ROW - 1).bit_length()),
                "port": In(neuron_port(config)),
                "stored": Out(word),
                "fresh": Out(config.neuron_lanes),
                "state": Out(data.ArrayLayout(STATE, config.neuron_lanes)),
                "first_fresh": Out(config.neuron_lanes),
                "host_write": In(self._chunks),
                "host_data": In(CHUNK),
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
            width=CHUNK * self._chunks,
            granularity=CHUNK,
            ports=2,
        )
        # A memory has at least two words.
        m.submodules.flags = flags = Sram(
            words=max(2, config.neurons // ROW), width=ROW, granularity=ROW, ports=2
        )
        port = self.port
        # Word and first index of what was read last.
        word = Signal.like(port.word)
        with m.If(port.read):
            m.d.sync += word.eq(port.word)
        index = Signal(config.address_bits)
        lane_bits = lanes.bit_length() - 1
        m.d.comb += index.eq(Cat(Const(0, lane_bits), word))
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
            memory.write.eq(self.host_write | port.write.replicate(self._chunks)),
            memory.write_data.eq(
                Mux(port.write, new.as_value(), self.host_data.replicate(self._chunks))
            ),
        ]

        shift = (ROW - 1).bit_length()
        # The row in question, and where it comes from: the memory if it was read just now.
        row = Signal(flags.read_address.shape())
        known, just_read, wanted = Signal(), Signal(), Signal()
        held, present, changed = Signal(ROW), Signal(ROW), Signal(ROW)
        wanted_row = Signal.like(row)
        bit = Mux(
            self.flag_write, 1 << self.flag_index[:shift], ((1 << lanes) - 1) << index[:shift]
        )
        bit = bit[:ROW]
        keep_zero = self.flag_write & ~self.flag_value
        m.d.comb += [
            wanted.eq(port.read | self.flag_read),
            wanted_row.eq(
                Mux(self.flag_read, self.flag_index, Cat(Const(0, lane_bits), port.word)) >> shift
            ),
            flags.read.eq(wanted & ~(known & (wanted_row == row))),
            flags.read_address.eq(wanted_row),
            present.eq(Mux(just_read, flags.read_data, held)),
            changed.eq(Mux(keep_zero, present & ~bit, present | bit)),
            flags.write.eq(port.write | self.host_write.any() | self.flag_write),
            flags.write_address.eq(row),
            flags.write_data.eq(changed),
            self.fresh.eq(present >> index[:shift]),
        ]
        m.d.sync += [just_read.eq(flags.read), held.eq(Mux(flags.write, changed, present))]
        with m.If(wanted):
            m.d.sync += [row.eq(wanted_row), known.eq(1)]
        with m.If(self.clear):
            m.d.comb += [
                flags.write.eq(1),
                flags.write_address.eq(self.clear_row),
                flags.write_data.eq(0),
            ]
            m.d.sync += known.eq(0)
        # Flags of word 0 count at any time, so they are kept beside.
        with m.If(flags.write & (flags.write_address == 0)):
            m.d.sync += self.first_fresh.eq(flags.write_data)

        for lane in range(lanes):
            with m.If(self.fresh[lane]):
                m.d.comb += self.state[lane].eq(self.stored.lanes[lane])
        return m
