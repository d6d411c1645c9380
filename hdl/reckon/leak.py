"""LEAK: potentials and traces decay, neurons spike (specification, section 9)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..initial_value import INITIAL_VALUE_UNUSED
from ..neuron.leaky_integrator import (
    ALPHA_FRACTION,
    KAPPA_FRACTION,
    Fire,
    Leak,
    alpha_product,
)
from .config import ReckonConfig
from .flags import ROW
from .layout import POTENTIAL_BITS, STATE, neuron_word
from .neuron_memory import neuron_port

__all__ = ["FIELDS", "LeakPhase", "random_numbers"]

#: Fields of a state in the order in which they leak, where they do so one after the other.
FIELDS = ("input_trace", "recurrent_trace", "output_trace", "potential")


def random_numbers(config: ReckonConfig) -> data.ArrayLayout:
    """Layout of the random numbers for rounding, for each neuron handled at once."""
    return data.ArrayLayout(
        data.StructLayout(
            {
                "potential": ALPHA_FRACTION,
                "input_trace": ALPHA_FRACTION,
                "recurrent_trace": ALPHA_FRACTION,
                "output_trace": KAPPA_FRACTION,
            }
        ),
        config.neuron_units,
    )


class _NeuronLeak(wiring.Component):
    """The leak of one neuron: products in one cycle, the new state in the next.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    state : In(STATE)
        Effective state, in both cycles.
    step : In(range(state_steps))
        Which fields leak: those of this number modulo `state_steps` in `FIELDS`; in both cycles.
    alpha, kappa : In(16), In(8)
        Decays, 2^15 and 2^7 being 1, in both cycles.
    threshold : In(signed(16))
        In both cycles.
    reset_to_zero, round : In(1)
        In the second cycle.
    random : In
        Random numbers, in the second cycle.
    result : Out(STATE)
        New state of these fields, in the second cycle.
    spike : Out(1)
        The neuron spikes, in the second cycle of its potential.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        super().__init__(
            {
                "state": In(STATE),
                "step": In(range(config.state_steps)),
                "alpha": In(ALPHA_FRACTION + 1),
                "kappa": In(KAPPA_FRACTION + 1),
                "threshold": In(signed(POTENTIAL_BITS)),
                "reset_to_zero": In(1),
                "round": In(1),
                "random": In(random_numbers(config).elem_shape),
                "result": Out(STATE),
                "spike": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        steps = self.config.state_steps
        for first in range(0, len(FIELDS), steps):
            names = FIELDS[first : first + steps]
            fields = [self.state[name] for name in names]
            by_kappa = [name == "output_trace" for name in names]
            fraction = KAPPA_FRACTION if all(by_kappa) else ALPHA_FRACTION
            # With both kinds kappa gets zeros below.
            low = Const(0, fraction - KAPPA_FRACTION)
            factors = [Cat(low, self.kappa) if kappa else self.alpha for kappa in by_kappa]
            randoms = [
                Cat(low, self.random[name]) if kappa else self.random[name]
                for name, kappa in zip(names, by_kappa, strict=True)
            ]
            value = Signal(
                fields[0].shape() if steps == 1 else signed(POTENTIAL_BITS), name=f"value_{first}"
            )
            factor = Signal(fraction + 1, name=f"factor_{first}")
            m.submodules[f"leak_{first}"] = leak = Leak(len(value), fraction)

            def register(product: Value, name: str = f"product_{first}") -> Signal:
                """Keep a product until the next cycle."""
                kept = Signal(
                    product.shape(), name=name, reset_less=True, attrs=INITIAL_VALUE_UNUSED
                )
                m.d.sync += kept.eq(product)
                return kept

            if all(by_kappa):
                product = register(value * factor)
            elif steps == 1:
                # What comes behind the register takes longer, so all of the product is before it.
                product = register(alpha_product(value, factor[:-1], factor[-1]))
            else:
                product = alpha_product(value, factor[:-1], factor[-1], register)
            m.d.comb += [
                value.eq(Array(fields)[self.step]),
                factor.eq(Array(factors)[self.step]),
                leak.product.eq(product),
                leak.round.eq(self.round & (factor != 1 << fraction)),
                leak.random.eq(Array(randoms)[self.step]),
                *(self.result[name].eq(leak.result) for name in names),
            ]
        # Its threshold comes late from the memory, so whether it spikes is found beside the
        # product.
        m.submodules.fire = fire = Fire(kept=True)
        m.d.comb += [
            fire.potential.eq(self.state.potential),
            # The potential is the last field.
            fire.leaked.eq(leak.result.as_signed()),
            fire.threshold.eq(self.threshold),
            fire.reset_to_zero.eq(self.reset_to_zero),
            self.spike.eq(fire.spike),
            self.result.potential.eq(fire.result),
        ]
        return m


class LeakPhase(wiring.Component):
    """Lets all neurons leak, and notes which of them spike; two cycles for each neuron word. Where
    its neurons and the fields of their state are handled one after the other, three for each but
    the last.

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
    last_index : In(A)
        V: the highest index that takes part.
    neurons : Out(neuron_port(config))
        Use of the neuron memory.
    stored, state : In
        Word read last, and the effective state of the neurons of the part.
    read_alpha_select : Out(1)
        Read the top of the alpha of `next_word`, a cycle before the word itself.
    next_word : Out(neuron word)
        The word.
    alpha_select : In(1)
        Top of the word's alpha, two cycles later.
    kappa, reset_to_zero, stochastic_rounding : In
        Registers of these names.
    draw_potential, draw_traces : Out(1)
        Take their random numbers.
    random : In(random_numbers(config))
        Their random numbers.
    write : Out(1)
        Write a row of spikes.
    row : Out(row number)
        The row.
    spikes : Out(16)
        Its flags; 0 if the phase was not at work in the cycle before either.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        rows = config.neurons // ROW
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "last_index": In(config.address_bits),
                "neurons": Out(neuron_port(config)),
                "stored": In(neuron_word(config)),
                "state": In(data.ArrayLayout(STATE, config.neuron_units)),
                "read_alpha_select": Out(1),
                "next_word": Out(range(config.neuron_words)),
                "alpha_select": In(1),
                "kappa": In(8),
                "reset_to_zero": In(1),
                "stochastic_rounding": In(1),
                "draw_potential": Out(1),
                "draw_traces": Out(1),
                "random": In(random_numbers(config)),
                "write": Out(1),
                "row": Out((rows - 1).bit_length()),
                "spikes": Out(ROW),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        lanes = config.neuron_lanes
        units = config.neuron_units
        word = Signal(range(config.neuron_words))
        part = Signal(range(config.neuron_parts))
        step = Signal(range(config.state_steps))
        shift = lanes.bit_length() - 1

        # With an even V and two lanes, the last word is read but not updated.
        last = Signal()
        partial = Signal()
        m.d.comb += [
            last.eq(word == self.last_index >> shift),
            partial.eq(last & (self.last_index[:shift] != lanes - 1) if shift else 0),
            self.neurons.word.eq(word),
            self.next_word.eq(word + 1),
            self.neurons.part.eq(part),
        ]

        alpha = Signal(ALPHA_FRACTION + 1)
        m.d.comb += alpha.eq(
            Cat(self.stored.alpha, (~self.alpha_select).replicate(3), self.alpha_select)
        )
        now_spikes = Signal(units)
        for unit in range(units):
            neuron = _NeuronLeak(config)
            m.submodules[f"neuron_{unit}"] = neuron
            m.d.comb += [
                neuron.state.eq(self.state[unit]),
                neuron.step.eq(step),
                neuron.alpha.eq(alpha),
                neuron.kappa.eq(self.kappa),
                neuron.threshold.eq(self.stored.threshold),
                neuron.reset_to_zero.eq(self.reset_to_zero),
                neuron.round.eq(self.stochastic_rounding),
                neuron.random.eq(self.random[unit]),
                self.neurons.state[unit].eq(neuron.result),
                now_spikes[unit].eq(neuron.spike),
            ]
            for number, name in enumerate(FIELDS):
                m.d.comb += self.neurons.fields[unit][name].eq(
                    self.neurons.write & (step == number % config.state_steps)
                )

        row_of = Signal.like(self.row)
        per_row = ROW // lanes
        position = Signal(range(per_row))
        # Spikes of the row so far, the oldest lowest.
        collected = Signal(ROW)
        position_bits = per_row.bit_length() - 1
        ends_part = Signal()
        counting = Signal()
        row = Signal(ROW)
        here = Cat(Const(0, units.bit_length() - 1), part, position)
        m.d.comb += [
            ends_part.eq(step == config.state_steps - 1),
            position.eq(word),
            row_of.eq(word >> position_bits),
            self.row.eq(row_of),
            row.eq(collected | (Mux(counting, now_spikes, 0) << here)),
            self.spikes.eq(row),
        ]
        begin = "KEEP" if config.words_aside else "PRODUCTS"
        with m.FSM(name="phase") as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("WAIT"))
            with m.State("WAIT"):
                m.d.sync += [word.eq(0), part.eq(0), step.eq(0), collected.eq(0)]
                m.d.comb += [self.read_alpha_select.eq(self.start), self.next_word.eq(0)]
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += self.neurons.read.eq(1)
                m.next = begin
                with m.If(step != 0):
                    m.next = "PRODUCTS"
            if config.words_aside:
                with m.State("KEEP"):
                    # LEARN may look at the last word as it was read (peculiarity 9).
                    m.d.comb += self.neurons.keep.eq(~partial)
                    m.next = "PRODUCTS"
            with m.State("PRODUCTS"):
                m.d.comb += self.read_alpha_select.eq(ends_part & (part == config.neuron_parts - 1))
                m.next = "UPDATE"
                with m.If(partial):
                    # Its spike flags become zero with the row.
                    m.d.comb += self.write.eq(1)
                    m.next = "WAIT"
            with m.State("UPDATE"):
                m.d.comb += self.neurons.write.eq(1)
                m.next = "READ"
                with m.If(ends_part):
                    m.d.comb += [
                        counting.eq(1),
                        self.draw_potential.eq(
                            self.stochastic_rounding & (alpha != 1 << ALPHA_FRACTION)
                        ),
                        self.draw_traces.eq(self.stochastic_rounding),
                    ]
                    m.d.sync += [
                        collected.eq(Mux(self.write, 0, row)),
                        step.eq(0),
                        part.eq(part + 1),
                    ]
                    with m.If(part == config.neuron_parts - 1):
                        m.d.comb += self.write.eq((position == per_row - 1) | last)
                        m.d.sync += [word.eq(word + 1), part.eq(0)]
                        with m.If(last):
                            m.next = "WAIT"
                        with m.Else():
                            m.d.comb += [
                                self.neurons.read.eq(1),
                                self.neurons.word.eq(self.next_word),
                            ]
                            m.next = begin
                with m.Else():
                    m.d.sync += step.eq(step + 1)
        return m
