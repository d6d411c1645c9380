"""The random generators of the phases, and the registers that load them (specification, section
7).
"""

from amaranth.hdl import Module, Value
from amaranth.lib import stream

from ..interface.register import RegisterMap
from ..random.lfsr import LinearRecurrence
from .blocks import Blocks
from .config import ReckonConfig

__all__ = ["ROUNDING_SEEDS", "add_generators"]

#: Seeds after reset, of each lane (section 7).
ROUNDING_SEEDS = {
    "potential": ("seed_round_neuron", 15, (0x1234, 0x70F0)),
    "input_trace": ("seed_round_trace_in", 15, (0x1348, 0x7FCF)),
    "recurrent_trace": ("seed_round_trace_rec", 15, (0x4321, 0x7BEA)),
    "output_trace": ("seed_round_trace_out", 7, (0x3FF3, 0x7EF0)),
}


def add_generators(
    m: Module,
    config: ReckonConfig,
    registers: RegisterMap,
    blocks: Blocks,
    request: stream.Interface,
) -> None:
    """Add the random generators; LEARN has those of weights.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration.
    registers : RegisterMap
        All registers.
    blocks : Blocks
        Blocks of the core; the phases draw numbers.
    request : stream of ReckonAccess
        Input: what a host asks for. A seed is loaded while register `config_mode` is 1.
    """
    leak, learn = blocks.leak, blocks.learn
    seed = request.p.data

    def loads(register: str) -> Value:
        """Tell whether a host loads the generator with this register."""
        return (
            request.valid
            & request.p.write
            & (request.p.space == 0)
            & (request.p.address == registers[register].address)
            & blocks.registers.values.config_mode
        )

    for name, (register, steps, seeds) in ROUNDING_SEEDS.items():
        draw = leak.draw_potential if name == "potential" else leak.draw_traces
        lanes, units = config.neuron_lanes, config.neuron_units
        for unit in range(units):
            # Neurons that are handled one after the other share the circuit.
            generator = LinearRecurrence(a=1, b=15, steps=steps, seeds=seeds[unit:lanes:units])
            m.submodules[f"round_{name}_{unit}"] = generator
            m.d.comb += [
                generator.select.eq(leak.neurons.part),
                generator.draw.eq(draw),
                generator.load.eq(loads(register).replicate(lanes // units)),
                leak.random[unit][name].eq(generator.value),
            ]
            for number, sequence in enumerate(range(unit, lanes, units)):
                m.d.comb += generator.seeds[number].eq(seed[15 * sequence : 15 * sequence + 15])
    m.submodules.round_output = generator = LinearRecurrence(a=1, b=15, steps=7, seeds=(0x7ABA,))
    m.d.comb += [
        generator.draw.eq(blocks.outputs.draw),
        generator.load.eq(loads("seed_round_output")),
        generator.seeds[0].eq(seed),
        blocks.outputs.random.eq(generator.value),
    ]
    m.submodules.noise = generator = LinearRecurrence(a=3, b=17, steps=32, seeds=(0x1F0F1,))
    m.d.comb += [
        generator.draw.eq(blocks.propagate.draw_noise),
        generator.load.eq(loads("seed_noise")),
        generator.seeds[0].eq(seed),
        blocks.propagate.noise_value.eq(generator.value),
    ]
    if learn is not None:
        m.d.comb += [
            learn.load_in.eq(loads("seed_in")),
            learn.load_rec.eq(loads("seed_rec")),
            learn.load_out.eq(loads("seed_out")),
            learn.seed.eq(seed),
        ]
