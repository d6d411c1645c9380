"""PROPAGATE: spikes reach neurons and outputs, and leave traces (section 12)."""

import numpy as np

from ....hdl.reckon.layout import INPUT_TRACE_BITS, OUTPUT_TRACE_BITS, RECURRENT_TRACE_BITS
from ..arithmetic import wrap
from ..neuron.leaky_integrator import add_trace, integrate
from .state import NOISE_BITS, OUTPUT, POTENTIAL, TRACE_IN, TRACE_OUT, TRACE_REC, CoreState

__all__ = ["propagate"]


def propagate(core: CoreState) -> None:
    """Carry out a PROPAGATE phase.

    Parameters
    ----------
    core : CoreState
        The core; its spikes and input spikes are used up.
    """
    last = max(core.last_input, core.last_neuron)
    spikes = core.spike[: last + 1].nonzero()[0].tolist()
    if not spikes and not core.current:
        return
    current = {index for index in core.current if index <= last}
    core.current = set()
    events = sorted(current.union(spikes))
    if not events:
        return
    lanes = core.config.neuron_lanes
    stop = (core.last_neuron // lanes + 1) * lanes
    core.freshen(stop)
    core.spike[: last + 1] = False
    spiked = set(spikes)
    values = core.register_values
    learn = 7 if values["force_traces"] else core.learn_bits
    potentials = core.fields[POTENTIAL, :stop]
    traces_in = core.fields[TRACE_IN]
    step_in = 8 << values["frac_trace_in"]
    for index in events:
        is_input, is_spike = index in current, index in spiked
        inputs: np.ndarray | int = 0
        if is_spike:
            _drive_outputs(core, index)
            inputs = core.weights["weights_rec"][index, :stop] << values["shift_w_rec"]
        if is_input:
            inputs = inputs + (core.weights["weights_in"][index, :stop] << values["shift_w_in"])
        # Weights of at most 8 bits, shifted by at most 7, never leave 16 bits together.
        integrate(potentials, inputs, _noise(core, stop) if values["noise"] else None)
        if index < stop:
            if is_input and learn & 1:
                traces_in[index] = add_trace(int(traces_in[index]), step_in, INPUT_TRACE_BITS)
            if is_spike:
                _trace_spike(core, index, learn)
        if is_input and index > core.last_neuron and learn & 1:
            _freshen_traces(core, index)
            traces_in[index] = add_trace(int(traces_in[index]), step_in, INPUT_TRACE_BITS)


def _drive_outputs(core: CoreState, index: int) -> None:
    """Add a spike to the outputs."""
    stop = core.last_output + 1
    outputs = core.fields[OUTPUT, :stop]
    integrate(
        outputs,
        core.weights["weights_out"][index, :stop] << core.register_values["shift_w_out"],
    )


def _noise(core: CoreState, stop: int) -> np.ndarray:
    """Draw the noise of one event."""
    lanes = core.config.neuron_lanes
    draws = core.generators["noise"][0].draw(stop // lanes, NOISE_BITS)
    draws = draws[:, :lanes].astype(np.int32).ravel()
    return wrap(draws, NOISE_BITS) >> core.register_values["noise_shift"]


def _trace_spike(core: CoreState, index: int, learn: int) -> None:
    """Add a recurrent spike to the neuron's traces."""
    values = core.register_values
    if learn & 2:
        trace = int(core.fields[TRACE_REC, index])
        core.fields[TRACE_REC, index] = add_trace(
            trace, 8 << values["frac_trace_rec"], RECURRENT_TRACE_BITS
        )
    if learn & 4:
        trace = int(core.fields[TRACE_OUT, index])
        core.fields[TRACE_OUT, index] = add_trace(
            trace, 2 << values["frac_trace_out"], OUTPUT_TRACE_BITS
        )


def _freshen_traces(core: CoreState, index: int) -> None:
    """Clear stale traces, but not potentials, of the word of an input without a neuron."""
    lanes = core.config.neuron_lanes
    first = index // lanes * lanes
    for neuron in range(first, first + lanes):
        if not core.fresh[neuron]:
            core.fields[TRACE_IN:OUTPUT, neuron] = 0
            core.fresh[neuron] = True
