"""The neuron memory, and which of its words count (specification of ReckOn, section 5)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import CHUNK, ReckonConfig
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
    part : Out(range(neuron_parts))
        Which neurons of the word that was read last are meant, in the present cycle.
    write : Out(1)
        Write their state at the next clock edge, and set their flags; another word may be read at
        the same time. It has to be read again before more of the word is written.
    fields : Out(a bit for each field, for each neuron of the part)
        Fields that become new; the others, threshold and alpha stay what they effectively are.
    state : Out(state of each neuron of the part)
        New contents.
    keep : Out(1)
        Put the part as it is stored aside at the next clock edge; not while reading or writing.
    again : Out(1)
        Read part `again_part` as it was put aside, if nothing else is read, and the word that was
        read last has been written since.
    again_part : Out(range(neuron_parts))
        The part.
    stale : Out(1)
        Potentials that are not fresh count too.
    first : Out(1)
        Flags of word 0 decide instead of those of the word that was read last (peculiarity 11).
    """
    return wiring.Signature(
        {
            "read": Out(1),
            "word": Out(range(config.neuron_words)),
            "part": Out(range(config.neuron_parts)),
            "write": Out(1),
            "fields": Out(
                data.ArrayLayout(
                    data.StructLayout(dict.fromkeys(STATE.members, 1)), config.neuron_units
                )
            ),
            "state": Out(data.ArrayLayout(STATE, config.neuron_units)),
            "keep": Out(1),
            "again": Out(1),
            "again_part": Out(range(config.neuron_parts)),
            "stale": Out(1),
            "first": Out(1),
        }
    )


class NeuronMemory(wiring.Component):
    """Neuron words with a flag `fresh` for each neuron; a state that is not fresh counts as zero.

    A word is read before it is written. Flags are in rows of a memory; the row that was read last
    is kept beside, since several words share it.

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
    state : Out(as in port)
        Effective state of the neurons of the part.
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
        self._chunks = -(-word.size // CHUNK)
        super().__init__(
            {
                "clear": In(1),
                "clear_row": In((config.neurons // config.fresh_row - 1).bit_length()),
                "port": In(neuron_port(config)),
                "stored": Out(word),
                "state": Out(data.ArrayLayout(STATE, config.neuron_units)),
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
            words=config.neuron_words + config.words_aside,
            width=CHUNK * self._chunks,
            granularity=CHUNK,
            ports=2,
        )
        # A memory has at least two words.
        row_size = config.fresh_row
        m.submodules.flags = flags = Sram(
            words=max(2, config.neurons // row_size), width=row_size, granularity=row_size, ports=2
        )
        port = self.port
        # Word and first index of what was read last.
        word = Signal.like(port.word)
        with m.If(port.read):
            m.d.sync += word.eq(port.word)
        # The word read last has been written.
        written, again = Signal(), Signal()
        m.d.comb += again.eq(port.again & written & ~port.read)
        with m.If(port.read):
            m.d.sync += written.eq(0)
        with m.Elif(port.write):
            m.d.sync += written.eq(1)
        index = Signal(config.address_bits)
        lane_bits = lanes.bit_length() - 1
        m.d.comb += index.eq(Cat(Const(0, lane_bits), word))
        m.d.comb += [
            memory.read.eq(port.read | again),
            memory.read_address.eq(Mux(again, config.neuron_words + port.again_part, port.word)),
            memory.write_address.eq(Mux(port.keep, config.neuron_words + port.part, word)),
            self.stored.eq(memory.read_data),
        ]
        fresh, first_fresh = Signal(lanes), Signal(lanes)
        known_fresh = Signal(lanes)
        m.d.comb += known_fresh.eq(Mux(port.first, first_fresh, fresh))
        units, parts = config.neuron_units, config.neuron_parts
        new_states = Signal(data.ArrayLayout(STATE, units))
        for unit in range(units):
            mine = range(unit, lanes, units)
            old, is_fresh = Signal(STATE, name=f"old_{unit}"), Signal(name=f"fresh_{unit}")
            state, new = self.state[unit], new_states[unit]
            m.d.comb += [
                old.eq(Array(self.stored.lanes[lane] for lane in mine)[port.part]),
                is_fresh.eq(Array(known_fresh[lane] for lane in mine)[port.part]),
                new.eq(state),
            ]
            with m.If(is_fresh | port.keep):
                m.d.comb += state.eq(old)
            with m.If(port.stale):
                m.d.comb += state.potential.eq(old.potential)
            for name in STATE.members:
                with m.If(port.fields[unit][name]):
                    m.d.comb += new[name].eq(port.state[unit][name])
        # Chunks with bits of the part are written. In them, bits of other parts stay.
        new = Signal(neuron_word(config))
        touched, writes = Signal(self._chunks), Signal()
        m.d.comb += [new.eq(self.stored), new.lanes.eq(new_states.as_value().replicate(parts))]
        size = STATE.size * units
        for part in range(parts):
            mine = port.part == part
            first, last = size * part // CHUNK, (size * part + size - 1) // CHUNK
            with m.If(mine):
                m.d.comb += touched[first : last + 1].eq(~0)
            for other in (first, last):
                low, high = size * part, size * part + size
                for edge in (slice(CHUNK * other, low), slice(high, CHUNK * other + CHUNK)):
                    edge = slice(max(edge.start, 0), min(edge.stop, size * parts))
                    if edge.start < edge.stop:
                        with m.If(mine):
                            m.d.comb += new.as_value()[edge].eq(self.stored.as_value()[edge])
        m.d.comb += [
            writes.eq(port.write | port.keep),
            memory.write.eq(self.host_write | (touched & writes.replicate(self._chunks))),
            memory.write_data.eq(
                Mux(writes, new.as_value(), self.host_data.replicate(self._chunks))
            ),
        ]

        shift = (row_size - 1).bit_length()
        # The row in question, and where it comes from: the memory if it was read just now.
        row = Signal(flags.read_address.shape())
        known, just_read, wanted = Signal(), Signal(), Signal()
        held, present, changed = Signal(row_size), Signal(row_size), Signal(row_size)
        wanted_row = Signal.like(row)
        place = Signal(shift)
        affected = Signal(lanes)
        m.d.comb += [place.eq(index), affected.eq(((1 << units) - 1) << (port.part * units))]
        with m.If(self.host_write.any()):
            m.d.comb += affected.eq(~0)
        with m.If(self.flag_write):
            m.d.comb += [place.eq(self.flag_index), affected.eq(1)]
        bit = (affected << place)[:row_size]
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
            fresh.eq(present >> index[:shift]),
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
            m.d.sync += first_fresh.eq(flags.write_data)

        return m
