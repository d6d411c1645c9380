"""Clock cycles of a time step of ReckOn."""

from .config import ReckonConfig
from .flags import ROW

__all__ = ["time_step_cycles"]


def time_step_cycles(
    config: ReckonConfig, last_input: int, last_neuron: int, last_output: int
) -> dict[str, int]:
    """Return the clock cycles of a tick, and what is added to them, see `Reckon.cycles`."""
    index = max(last_input, last_neuron)
    leaking = max(index, last_output)
    lanes, parts, steps = config.neuron_lanes, config.neuron_parts, config.state_steps
    aside = config.words_aside
    at_once = not aside
    # The last word may be read only. Outputs go down a pipeline of three beside.
    whole, rest = divmod(leaking + 1, lanes)
    leak = max(
        2 + (3 * parts * steps + aside - 1) * whole + rest * (1 + bool(aside)),
        4 + min(leaking, config.outputs - 1),
    )
    # Of each row, reading the flags and finding that none is left.
    first = 3 + 3 * (index // ROW + 1)
    words = last_neuron // lanes + 1
    # Neuron by neuron takes two cycles, and so do its traces one by one.
    spike = 4 + words if at_once else 2 + 2 * words * parts
    traces = 0 if at_once else 2 * (steps - 1)
    # Outputs are added to beside, a beat for each read.
    reads = words * parts + steps - 1
    cycles = {
        "first_tick": first,
        "tick": leak + 2 + first,
        "input_spike": spike + traces,
        "neuron_spike": spike + traces + max(0, config.output_beats - reads),
        "supplement": 2 if at_once else 2 * parts,
    }
    if config.learning:
        groups = last_neuron // config.weight_lanes + 1
        # Errors, the first word, the end of the pipeline, and on to the next phase.
        once = config.outputs + 1 + 5 + 1
        pair = 2 * config.operation_cycles
        signals = pair * config.weight_lanes * config.output_beats + 1 + config.drain_cycles
        updates = pair * (index + 1)
        cycles |= {
            "learn": once + groups * (signals + updates * config.beats),
            "learn_quiet": once + groups * (signals + updates),
            "learn_outputs": once + pair * (last_neuron + 1) * config.output_beats,
        }
    return cycles
