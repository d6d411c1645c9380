"""PROPAGATE: spikes drive neurons and outputs, and leave traces (specification, section 12)."""

from collections.abc import Iterable

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..initial_value import INITIAL_VALUE_UNUSED
from ..neuron.leaky_integrator import Increment, Integrate
from .config import ReckonConfig
from .flags import ROW
from .layout import STATE
from .neuron_memory import neuron_port

__all__ = ["PropagatePhase"]

#: What a spike adds to a trace, before the fraction bits.
INPUT_STEP = RECURRENT_STEP = 8
OUTPUT_STEP = 2


def _increased(trace: Value, step: Value, fraction: Value, top: Value) -> Value:
    """Return a trace after a spike, clamped."""
    total = trace + (step << fraction)
    return Mux(total > top, top, total)


class PropagatePhase(wiring.Component):
    """Goes through the spikes of inputs and neurons; a cycle for each neuron word and spike. Where
    its neurons and the fields of their state are handled one after the other, two for each neuron,
    and for each trace of the one whose spike it is. What a spike adds to a neuron is found in the
    cycle before, from weights that are chosen from their slice in the one before that, where there
    are lanes enough.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    start : In(1)
        Begin with the next cycle.
    busy : Out(1)
        At work.
    last_index, last_neuron : In(A)
        N and R.
    learn, force_traces, noise, noise_shift : In
        Registers of these names.
    shift_w_in, shift_w_rec : In(3)
        Left shifts of the weights.
    frac_trace_in, frac_trace_rec, frac_trace_out : In(3)
        Fraction bits of the traces.
    read_flags : Out(1)
        Read a row of flags at the next clock edge.
    row : Out(row number)
        The row.
    flags_seen : Out(1)
        The rows that were read have been noted; `row` is still theirs.
    current, spikes : In(16)
        Flags of inputs, in the cycle after, and of neurons, from then until other flags are read.
    neurons : Out(neuron_port(config))
        Use of the neuron memory.
    state : In
        Effective state of the neurons of the part of the word read last.
    read_weights : Out(1)
        Read input and recurrent weights at the next clock edge.
    weights_address : Out(weight word and slice)
        Which.
    weights_in, weights_rec : In(array of signed weights)
        The slices, in the cycle after.
    read_output_weights : Out(1)
        Read output weights at the next clock edge.
    output_source : Out(A)
        Index whose weights are read.
    output_beat : Out(range(output_beats))
        Which of them.
    add : Out(1)
        One cycle later: add them to the outputs of that beat.
    draw_noise : Out(1)
        Take noise.
    noise_value : In(32)
        Noise.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        rows = config.neurons // ROW
        weights = data.ArrayLayout(signed(config.weight_bits), config.slice_weights)
        index = config.address_bits
        beats = range(config.output_beats)
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "last_index": In(index),
                "last_neuron": In(index),
                "learn": In(3),
                "force_traces": In(1),
                "noise": In(1),
                "noise_shift": In(4),
                "shift_w_in": In(3),
                "shift_w_rec": In(3),
                "frac_trace_in": In(3),
                "frac_trace_rec": In(3),
                "frac_trace_out": In(3),
                "read_flags": Out(1),
                "row": Out((rows - 1).bit_length()),
                "flags_seen": Out(1),
                "current": In(ROW),
                "spikes": In(ROW),
                "neurons": Out(neuron_port(config)),
                "state": In(data.ArrayLayout(STATE, config.neuron_units)),
                "read_weights": Out(1),
                "weights_address": Out(config.weight_address_bits),
                "weights_in": In(weights),
                "weights_rec": In(weights),
                "read_output_weights": Out(1),
                "output_source": Out(index),
                "output_beat": Out(beats),
                "add": Out(1),
                "draw_noise": Out(1),
                "noise_value": In(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        lanes = config.neuron_lanes
        shift = lanes.bit_length() - 1
        row_shift = (ROW - 1).bit_length()

        row = Signal(range(config.neurons // ROW + 1))
        # Inputs of the row that spike; and what of inputs and neurons is left to do.
        current, waiting = Signal(ROW), Signal(ROW)
        source_bit = Signal(range(ROW))
        source = Signal(config.address_bits)
        from_input, from_neuron = Signal(), Signal()
        word = Signal(range(config.neuron_words))
        parts = config.neuron_parts
        part = Signal(range(parts))
        # Fields one after the other: only the neuron of the spike's index has more than a
        # potential.
        at_once = not config.words_aside
        step = Signal(range(config.state_steps))
        unit_done = Signal()
        supplement = Signal()
        last_word = Signal()
        beat = Signal(range(config.output_beats + 1))
        beats_done = Signal()

        # Flags beyond N are ignored: they come last.
        beyond = Signal()
        last_row = Signal()
        m.d.comb += [
            last_row.eq(row == self.last_index >> row_shift),
            beyond.eq(last_row & (source_bit > self.last_index[:row_shift])),
        ]
        for bit in reversed(range(ROW)):
            with m.If(waiting[bit]):
                m.d.comb += source_bit.eq(bit)

        # Word that is read; the one that is updated has been read before.
        next_word = Signal.like(word)
        reading = Signal()
        adding = Signal()
        m.d.comb += [
            self.row.eq(row),
            last_word.eq(word == self.last_neuron >> shift),
            beats_done.eq(~from_neuron | (beat == config.output_beats)),
            next_word.eq(word),
            self.neurons.read.eq(reading),
            self.neurons.word.eq(next_word),
            self.neurons.part.eq(part),
            self.neurons.stale.eq(supplement),
            self.output_source.eq(source),
            self.output_beat.eq(beat),
            self.add.eq(adding),
        ]
        # Outputs are added to beside, a beat after it has been read.
        m.d.sync += adding.eq(self.read_output_weights)
        with m.If(self.read_output_weights):
            m.d.sync += beat.eq(beat + 1)

        # From the index of the neuron to its slice.
        weights_word = Signal.like(word)
        size = config.slice_weights
        slices = config.neurons // size
        slice_of_word = Cat(Const(0, shift), weights_word) // size
        m.d.comb += self.weights_address.eq(Cat(slice_of_word[: slices.bit_length() - 1], source))

        # Word whose weights have been read, where they are kept for a cycle: memories are slow.
        chosen_word = Signal.like(word)
        # Word and part that come next.
        coming = Signal()
        coming_word, coming_part = Signal.like(word), Signal.like(part)
        m.d.comb += [
            coming_word.eq(word),
            chosen_word.eq(word),
            self.draw_noise.eq(coming & self.noise & (coming_part == parts - 1)),
        ]

        traced = Signal()
        units = self._increments(
            m, chosen_word if at_once else coming_word, coming_part, from_input, from_neuron
        )
        self._update(
            m,
            units,
            word,
            part,
            step,
            unit_done,
            source,
            from_input,
            from_neuron,
            supplement,
            traced,
        )

        with m.FSM(name="phase") as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("WAIT"))
            with m.State("WAIT"):
                m.d.sync += [row.eq(0), part.eq(0), step.eq(0)]
                with m.If(self.start):
                    # A spike that came with the tick may still be on its way to the row.
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.next = "ROW"
            with m.State("ROW"):
                m.d.comb += self.read_flags.eq(1)
                m.next = "FLAGS"
            with m.State("FLAGS"):
                m.d.comb += self.flags_seen.eq(1)
                m.d.sync += [current.eq(self.current), waiting.eq(self.current | self.spikes)]
                m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += [
                    source.eq(Cat(source_bit, row)),
                    from_input.eq(Array(current)[source_bit]),
                    from_neuron.eq(Array(self.spikes)[source_bit]),
                    waiting.eq(waiting & ~(1 << source_bit)),
                    word.eq(0),
                    beat.eq(0),
                    supplement.eq(0),
                ]
                with m.If(waiting.any() & ~beyond):
                    m.next = "READ_WEIGHTS"
                with m.Elif(last_row):
                    m.next = "WAIT"
                with m.Else():
                    m.d.sync += row.eq(row + 1)
                    m.next = "ROW"
            with m.State("READ_WEIGHTS"):
                m.d.comb += [self.read_weights.eq(1), weights_word.eq(word)]
                m.next = "CHOOSE" if at_once else "READ"
            if at_once:
                with m.State("CHOOSE"):
                    m.d.comb += [self.read_weights.eq(1), weights_word.eq(word + 1)]
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += [
                    reading.eq(1),
                    self.read_output_weights.eq(~beats_done),
                    coming.eq(~supplement & unit_done),
                    coming_part.eq(part),
                    chosen_word.eq(word + 1),
                    self.read_weights.eq(at_once),
                    weights_word.eq(word + 2),
                ]
                with m.If(supplement):
                    m.d.comb += next_word.eq(source >> shift)
                m.next = "UPDATE"
            with m.State("UPDATE"):
                m.d.comb += [
                    self.neurons.write.eq(1),
                    coming.eq(at_once & ~supplement & ~last_word),
                    coming_word.eq(word + 1),
                    chosen_word.eq(word + 2),
                    self.read_weights.eq(1),
                    weights_word.eq(word + (3 if at_once else 0)),
                ]
                m.d.sync += step.eq(step + 1)
                m.next = "UPDATE" if at_once else "READ"
                if not at_once:
                    m.d.comb += coming_part.eq(part + unit_done)
                with m.If(unit_done):
                    m.d.sync += [step.eq(0), part.eq(part + 1)]
                with m.If(unit_done & (part == parts - 1)):
                    m.d.sync += [word.eq(word + 1), part.eq(0)]
                    if not at_once:
                        m.d.comb += weights_word.eq(word + 1)
                    with m.If(supplement | last_word):
                        with m.If(~supplement & traced & (source > self.last_neuron)):
                            m.d.sync += supplement.eq(1)
                            m.next = "READ"
                        with m.Elif(beats_done):
                            m.next = "NEXT"
                        with m.Else():
                            m.next = "OUTPUTS"
                    if at_once:
                        with m.Else():
                            m.d.comb += [
                                reading.eq(1),
                                next_word.eq(word + 1),
                                self.read_output_weights.eq(~beats_done),
                            ]
            # A small network is through before all outputs are.
            with m.State("OUTPUTS"):
                m.d.comb += self.read_output_weights.eq(1)
                with m.If(beat == config.output_beats - 1):
                    m.next = "NEXT"
        return m

    def _increments(
        self, m: Module, word: Value, part: Signal, from_input: Signal, from_neuron: Signal
    ) -> list[Integrate]:
        """Find what the spike adds to the neurons of a part; return what adds it in the next
        cycle.
        """
        config = self.config
        lanes, units, parts = config.neuron_lanes, config.neuron_units, config.neuron_parts
        shift = lanes.bit_length() - 1
        size = config.slice_weights
        place = Cat(Const(0, shift), word) % size
        integrators = []
        for unit in range(units):
            increment = Increment(config.weight_bits)
            m.submodules[f"increment_{unit}"] = increment
            # Its weight is one of those at places of this unit.
            places = range(unit, size, units)
            which = Cat(part[: parts.bit_length() - 1], place[shift:])
            mine = [number * units + unit for number in range(parts)]
            noise = Signal(signed(16), name=f"noise_{unit}")
            weight_in, weight_rec = increment.weight_in, increment.weight_rec
            if not config.words_aside:
                weight_in = Signal.like(weight_in, name=f"weight_in_{unit}", reset_less=True)
                weight_rec = Signal.like(weight_rec, name=f"weight_rec_{unit}", reset_less=True)
                m.d.sync += [increment.weight_in.eq(weight_in), increment.weight_rec.eq(weight_rec)]
            m.d.comb += [
                increment.shift_w_in.eq(self.shift_w_in),
                increment.shift_w_rec.eq(self.shift_w_rec),
                noise.eq(Array(self.noise_value[16 * n : 16 * n + 16] for n in mine)[part]),
            ]
            with m.If(from_input):
                m.d.comb += weight_in.eq(Array(self.weights_in[k] for k in places)[which])
            with m.If(from_neuron):
                m.d.comb += weight_rec.eq(Array(self.weights_rec[k] for k in places)[which])
            with m.If(self.noise):
                shifted = noise >> self.noise_shift
                if config.multipliers_shift:
                    # But for a shift by 0: a multiplier's operands are signed.
                    factor = (1 << (15 - self.noise_shift).as_unsigned()[:4])[:15]
                    # The part that comes is known in the cycle before, so that a multiplier can
                    # keep this.
                    kept = Signal(
                        signed(16),
                        name=f"product_noise_{unit}",
                        reset_less=True,
                        attrs=INITIAL_VALUE_UNUSED,
                    )
                    m.d.sync += kept.eq(noise)
                    shifted = Mux(self.noise_shift == 0, noise, (kept * factor) >> 15)
                m.d.comb += increment.noise.eq(shifted)
            integrate = Integrate()
            m.submodules[f"unit_{unit}"] = integrate
            added = Signal(signed(16), name=f"increment_of_{unit}", reset_less=True)
            inhibits = Signal(name=f"inhibits_{unit}", reset_less=True)
            m.d.sync += [added.eq(increment.increment), inhibits.eq(increment.inhibits)]
            m.d.comb += [integrate.increment.eq(added), integrate.inhibits.eq(inhibits)]
            integrators.append(integrate)
        return integrators

    def _update(
        self,
        m: Module,
        units: list[Integrate],
        word: Signal,
        part: Signal,
        step: Signal,
        unit_done: Signal,
        source: Signal,
        from_input: Signal,
        from_neuron: Signal,
        supplement: Signal,
        traced: Signal,
    ) -> None:
        """Compute the new state of the neurons of a word."""
        config = self.config

        accumulate = Signal(3)
        m.d.comb += [
            accumulate.eq(self.learn | self.force_traces.replicate(3)),
            traced.eq(from_input & accumulate[0]),
        ]
        # The neuron of the spike's index is in one of the words.
        shift = config.neuron_lanes.bit_length() - 1
        units_shift = len(units).bit_length() - 1
        has_source = Signal()
        place_of_source = source[:units_shift]
        own = Signal(STATE)
        m.d.comb += [
            has_source.eq(
                (supplement | (word == source[shift:])) & (part == source[units_shift:shift])
            ),
            own.eq(Array(self.state)[place_of_source]),
        ]
        by_neuron = ~supplement & from_neuron
        traces = (
            ("input_trace", INPUT_STEP, self.frac_trace_in, traced),
            ("recurrent_trace", RECURRENT_STEP, self.frac_trace_rec, by_neuron & accumulate[1]),
            ("output_trace", OUTPUT_STEP, self.frac_trace_out, by_neuron & accumulate[2]),
        )
        steps = config.state_steps

        def now(values: Iterable) -> Value:
            """Return what belongs to this step."""
            return Array(values)[step]

        increased = {}
        for first in range(0, len(traces), steps):
            names, amounts, fractions, _ = zip(*traces[first : first + steps], strict=True)
            widths = [len(own[name]) for name in names]
            result = Signal(max(widths), name=f"increased_{first}")
            m.d.comb += result.eq(
                _increased(
                    now(own[name] for name in names),
                    now(amounts),
                    now(fractions),
                    now((1 << width) - 1 for width in widths),
                )
            )
            increased |= dict.fromkeys(names, result)

        m.d.comb += unit_done.eq(~has_source | (step == steps - 1))
        for unit, integrate in enumerate(units):
            new, fields = self.neurons.state[unit], self.neurons.fields[unit]
            mine = Signal(name=f"mine_{unit}")
            m.d.comb += [
                integrate.potential.eq(self.state[unit].potential),
                new.potential.eq(integrate.result),
                # In a supplement what was stored becomes effective (peculiarity 8).
                fields.potential.eq(~supplement & unit_done),
                mine.eq(has_source & (place_of_source == unit)),
            ]
            for number, (name, _, _, wanted) in enumerate(traces):
                m.d.comb += [
                    new[name].eq(increased[name]),
                    fields[name].eq(mine & wanted & (step == number % steps)),
                ]
