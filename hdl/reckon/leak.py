"""LEAK: potentials and traces decay, neurons spike (specification, section 9)."""

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..neuron.leaky_integrator import (
    ALPHA_FRACTION,
    KAPPA_FRACTION,
    Fire,
    Leak,
    alpha_product,
)
from .config import ReckonConfig
from .flags import ROW
from .layout import (
    INPUT_TRACE_BITS,
    OUTPUT_TRACE_BITS,
    POTENTIAL_BITS,
    RECURRENT_TRACE_BITS,
    STATE,
    neuron_word,
)
from .neuron_memory import neuron_port

__all__ = ["LeakPhase", "random_numbers"]


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

    Members
    -------
    state : In(STATE)
        Effective state, in both cycles.
    alpha, alpha_select, kappa : In(12), In(1), In(8)
        Decays, in both cycles.
    threshold, reset_to_zero, round : In
        In the second cycle.
    random : In
        Random numbers, in the second cycle.
    result : Out(STATE)
        New state, in the second cycle.
    spike : Out(1)
        The neuron spikes, in the second cycle.
    """

    def __init__(self, config: ReckonConfig) -> None:
        super().__init__(
            {
                "state": In(STATE),
                "alpha": In(12),
                "alpha_select": In(1),
                "kappa": In(8),
                "threshold": In(signed(16)),
                "reset_to_zero": In(1),
                "round": In(1),
                "random": In(random_numbers(config).elem_shape),
                "result": Out(STATE),
                "spike": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        one = Signal()
        m.d.comb += one.eq(self.alpha_select & (self.alpha == 0))
        results = {}
        for name, bits in (
            ("potential", POTENTIAL_BITS),
            ("input_trace", INPUT_TRACE_BITS),
            ("recurrent_trace", RECURRENT_TRACE_BITS),
            ("output_trace", OUTPUT_TRACE_BITS),
        ):
            by_kappa = name == "output_trace"
            leak = Leak(bits, KAPPA_FRACTION if by_kappa else ALPHA_FRACTION)
            m.submodules[name] = leak
            product = Signal(leak.product.shape(), name=f"{name}_product")
            value = self.state[name]
            if by_kappa:
                m.d.sync += product.eq(value * self.kappa)
                exact = self.kappa == 1 << KAPPA_FRACTION
            else:
                m.d.sync += product.eq(alpha_product(value, self.alpha, self.alpha_select))
                exact = one
            m.d.comb += [
                leak.product.eq(product),
                leak.round.eq(self.round & ~exact),
                leak.random.eq(self.random[name]),
            ]
            results[name] = leak.result
        m.submodules.fire = fire = Fire()
        m.d.comb += [
            fire.potential.eq(self.state.potential),
            fire.leaked.eq(results["potential"].as_signed()),
            fire.threshold.eq(self.threshold),
            fire.reset_to_zero.eq(self.reset_to_zero),
            self.spike.eq(fire.spike),
            self.result.potential.eq(fire.result),
            *(self.result[name].eq(results[name]) for name in results if name != "potential"),
        ]
        return m


class LeakPhase(wiring.Component):
    """Lets all neurons leak, and notes which of them spike; two cycles for each neuron word, or four where
    its neurons are handled one after the other.

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
        Word read last, and its effective state.
    read_alpha_select : Out(1)
        Read the top of the alpha of `next_word`, a cycle before the word itself.
    next_word : Out(neuron word)
        The word.
    alpha_select : In(1)
        Top of the word's alpha, two cycles later.
    kappa, reset_to_zero, stochastic_rounding : In
        Registers of these names.
    part : Out(range(neuron_lanes / neuron_units))
        Which neurons of the word are handled.
    draw_potential, draw_traces : Out(1)
        Take their random numbers.
    random : In(random_numbers(config))
        Their random numbers.
    write : Out(1)
        Write a row of spikes.
    row : Out(row number)
        The row.
    spikes : Out(16)
        Its flags.
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
                "state": In(data.ArrayLayout(STATE, config.neuron_lanes)),
                "read_alpha_select": Out(1),
                "next_word": Out(range(config.neuron_words)),
                "alpha_select": In(1),
                "kappa": In(8),
                "reset_to_zero": In(1),
                "stochastic_rounding": In(1),
                "part": Out(range(config.neuron_lanes // config.neuron_units)),
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
        parts = lanes // units
        word = Signal(range(config.neuron_words))
        part = Signal(range(parts))
        shift = lanes.bit_length() - 1

        # With an even V and two lanes, the last word is read but not updated.
        last = Signal()
        partial = Signal()
        m.d.comb += [
            last.eq(word == self.last_index >> shift),
            partial.eq(last & (self.last_index[:shift] != lanes - 1) if shift else 0),
            self.neurons.word.eq(word),
            self.next_word.eq(word + 1),
            self.part.eq(part),
        ]

        exact = Signal()
        m.d.comb += exact.eq(self.alpha_select & (self.stored.alpha == 0))

        now_spikes = Signal(lanes)
        update = Signal()
        neuron_units = []
        for unit in range(units):
            neuron = _NeuronLeak(config)
            m.submodules[f"neuron_{unit}"] = neuron
            neuron_units.append(neuron)
            m.d.comb += [
                neuron.alpha.eq(self.stored.alpha),
                neuron.alpha_select.eq(self.alpha_select),
                neuron.kappa.eq(self.kappa),
                neuron.threshold.eq(self.stored.threshold),
                neuron.reset_to_zero.eq(self.reset_to_zero),
                neuron.round.eq(self.stochastic_rounding),
            ]
        # With fewer units than lanes the first neurons' new states wait for the last.
        for unit, neuron in enumerate(neuron_units):
            mine = [number * units + unit for number in range(parts)]
            m.d.comb += [
                neuron.state.eq(Array(self.state[lane] for lane in mine)[part]),
                neuron.random.eq(self.random[unit]),
            ]
            for number, lane in enumerate(mine[:-1]):
                kept = Signal(STATE, name=f"state_{lane}", reset_less=True)
                kept_spike = Signal(name=f"spike_{lane}", reset_less=True)
                with m.If(update & (part == number)):
                    m.d.sync += [kept.eq(neuron.result), kept_spike.eq(neuron.spike)]
                m.d.comb += [
                    self.neurons.state[lane].eq(kept),
                    now_spikes[lane].eq(kept_spike),
                ]
            m.d.comb += [
                self.neurons.state[mine[-1]].eq(neuron.result),
                now_spikes[mine[-1]].eq(neuron.spike),
            ]

        row_of = Signal.like(self.row)
        per_row = ROW // lanes
        position = Signal(range(per_row))
        # Spikes of the row so far, the oldest lowest.
        collected = Signal(ROW)
        position_bits = per_row.bit_length() - 1
        m.d.comb += [
            position.eq(word),
            row_of.eq(word >> position_bits),
            self.row.eq(row_of),
        ]
        with m.FSM(name="phase") as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("WAIT"))
            with m.State("WAIT"):
                m.d.sync += [word.eq(0), part.eq(0), collected.eq(0)]
                m.d.comb += [self.read_alpha_select.eq(self.start), self.next_word.eq(0)]
                with m.If(self.start):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += self.neurons.read.eq(1)
                m.next = "PRODUCTS"
            with m.State("PRODUCTS"):
                m.d.comb += self.read_alpha_select.eq(part == parts - 1)
                m.next = "UPDATE"
                with m.If(partial):
                    # Its spike flags become zero with the row.
                    m.d.comb += [self.write.eq(1), self.spikes.eq(collected)]
                    m.next = "WAIT"
            with m.State("UPDATE"):
                m.d.sync += part.eq(part + 1)
                m.d.comb += [
                    update.eq(1),
                    self.draw_potential.eq(self.stochastic_rounding & ~exact),
                    self.draw_traces.eq(self.stochastic_rounding),
                ]
                m.next = "PRODUCTS"
                with m.If(part == parts - 1):
                    row = Signal(ROW)
                    m.d.comb += [
                        self.neurons.write.eq(1),
                        row.eq(collected | (now_spikes << (position << shift))),
                        self.write.eq((position == per_row - 1) | last),
                        self.spikes.eq(row),
                    ]
                    m.d.sync += [
                        collected.eq(Mux(self.write, 0, row)),
                        word.eq(word + 1),
                        part.eq(0),
                    ]
                    with m.If(last):
                        m.next = "WAIT"
                    with m.Else():
                        m.d.comb += [self.neurons.read.eq(1), self.neurons.word.eq(self.next_word)]
        return m
