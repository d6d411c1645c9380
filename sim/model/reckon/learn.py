"""LEARN: weights change by e-prop and by regularisation (section 11)."""

import numpy as np

from ....hdl.reckon.layout import POTENTIAL_BITS
from ..arithmetic import wrap
from ..plasticity import eprop
from .state import OUTPUT, POTENTIAL, TRACE_IN, TRACE_OUT, TRACE_REC, CoreState

__all__ = ["learn"]


def learn(core: CoreState, *, target_valid: bool) -> None:
    """Carry out a LEARN phase.

    Parameters
    ----------
    core : CoreState
        The core; its weights change.
    target_valid : bool
        Pin of this name.
    """
    values = core.register_values
    lanes, size = core.config.neuron_lanes, core.config.weight_lanes
    kinds = core.learn_bits
    last_neuron = core.last_neuron
    last = max(core.last_input, last_neuron)
    groups = last_neuron // size + 1
    count = max(groups * size, last + 1)
    # What each index sees in the core's read register.
    index = np.arange(count)
    if target_valid:
        index[last + 1 :] = last // lanes * lanes + index[last + 1 :] % lanes
        seen = core.fields[:OUTPUT, index]
    else:
        seen = core.read_register[:, index % lanes]
    seen = seen * core.fresh[:lanes][np.arange(count) % lanes]

    posts = groups * size
    signals = np.zeros(posts, dtype=np.int64)
    stop = core.last_output + 1
    errors = _errors(core)[:stop] if target_valid else np.zeros(stop, dtype=np.int64)
    if target_valid and kinds & 3:
        signals[: last_neuron + 1] = eprop.learning_signals(
            errors,
            core.weights["weights_out"][: last_neuron + 1, :stop],
            values["signal_scale"],
        )
    if target_valid and kinds & 4:
        traces = seen[TRACE_OUT, : last_neuron + 1] >> values["frac_trace_out"]
        _update_output_weights(core, errors, traces)
    if kinds == 4:
        return
    if target_valid:
        signals *= eprop.surrogate_derivatives(
            seen[POTENTIAL, :posts],
            [core.signed_register(f"h_threshold_{number}") for number in range(4)],
            [core.signed_register(f"h_value_{number}") for number in range(5)],
        )
    levels = None
    if values["regul_mode"]:
        levels = eprop.regularisation_levels(
            seen[TRACE_REC, :posts], values["frac_trace_rec"], values["regul_threshold"]
        ).reshape(groups, size)
    signals = signals.reshape(groups, size)
    for bit, kind, row, limit in (
        (0, "in", TRACE_IN, core.last_input),
        (1, "rec", TRACE_REC, last_neuron),
    ):
        regularised = bool(values["regul_weights"] >> bit & 1)
        if kinds >> bit & 1 and (target_valid or (core.always_regularised and regularised)):
            traces = seen[row, : limit + 1] >> values[f"frac_trace_{kind}"]
            _update_weights(core, kind, traces, signals, levels, regularised)


def _errors(core: CoreState) -> np.ndarray:
    """Return the errors of all outputs."""
    if core.register_values["regression"]:
        targets = wrap(np.array(core.targets), POTENTIAL_BITS)
    else:
        targets = np.where(np.arange(core.config.outputs) == core.label, eprop.FULL_SCALE, 0)
    return eprop.output_errors(
        core.fields[OUTPUT, : core.config.outputs],
        targets,
        bool(core.register_values["linear_output"]),
    )


def _update_output_weights(core: CoreState, errors: np.ndarray, traces: np.ndarray) -> None:
    neurons = traces.nonzero()[0]
    if not neurons.size:
        return
    random = core.generators["out"][0].draw(len(neurons), eprop.OUTPUT_DRIVE_BITS)
    drives = traces[neurons, None].astype(np.int64) * errors
    fires = eprop.update_fires(
        drives,
        random[:, : len(errors)],
        eprop.OUTPUT_DRIVE_BITS,
        core.register_values["rate_out_right"],
        core.register_values["rate_out_left"],
    )
    row, output = fires.nonzero()
    weights = core.weights["weights_out"]
    neuron = neurons[row]
    weights[neuron, output] = eprop.change_weights(
        weights[neuron, output], drives[row, output], core.config.weight_bits
    )


def _update_weights(
    core: CoreState,
    kind: str,
    traces: np.ndarray,
    signals: np.ndarray,
    levels: np.ndarray | None,
    regularised: bool,
) -> None:
    """Update the input or recurrent weights.

    Parameters
    ----------
    core : CoreState
        The core.
    kind : str
        `in` or `rec`.
    traces : ndarray of int
        Traces of the pre-synaptic indices, without fraction bits.
    signals : ndarray of int64
        Learning signals times surrogate derivatives, by group and neuron.
    levels : ndarray of int or None
        Regularisation levels likewise; None if there is no regularisation.
    regularised : bool
        The weights are regularised.
    """
    values = core.register_values
    chosen = np.broadcast_to(traces != 0, (len(signals), len(traces)))
    if levels is not None:
        chosen = chosen | levels.any(axis=1)[:, None]
    group, source = chosen.nonzero()
    if not group.size:
        return
    random = core.generators[kind][0].draw(len(group), eprop.DRIVE_BITS)
    products = traces[source, None] * signals[group]
    factors = strengths = None
    if levels is not None:
        if values["regul_mode"] & 1 and values["regul_weights"]:
            factors = eprop.multiplicative_factor(levels, values["regul_mul_right"])[group]
        if values["regul_mode"] & 2 and regularised:
            strengths = eprop.additive_strength(
                levels, values[f"regul_{kind}_right"], values[f"regul_{kind}_left"]
            )[group]
    drives = eprop.update_drives(products, factors, strengths)
    fires = eprop.update_fires(
        drives,
        random,
        eprop.DRIVE_BITS,
        values[f"rate_{kind}_right"],
        values[f"rate_{kind}_left"],
    )
    row, lane = fires.nonzero()
    source, target = source[row], group[row] * core.config.weight_lanes + lane
    weights = core.weights[f"weights_{kind}"]
    changed = eprop.change_weights(
        weights[source, target], drives[row, lane], core.config.weight_bits
    )
    if kind == "rec":
        changed[source == target] = 0
    weights[source, target] = changed
