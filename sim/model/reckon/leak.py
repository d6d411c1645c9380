"""LEAK: potentials, traces and outputs decay, neurons fire (section 9)."""

from typing import NamedTuple

import numpy as np

from ....hdl.reckon.layout import ALPHA_BITS
from ..neuron.leaky_integrator import FACTOR_ONE, KAPPA_SHIFT, decay, reset, rounding
from .state import (
    OUTPUT,
    POTENTIAL,
    ROW_BITS,
    ROW_SIGNED,
    TRACE_IN,
    TRACE_OUT,
    TRACE_REC,
    CoreState,
)

__all__ = ["UNPLANNED", "LeakPhase", "LeakPlan"]

#: Registers that the plan of a LEAK does not depend on, among those that change in a sample.
UNPLANNED = ("config_mode", "learn", "force_traces", "regul_mode", "timing_mode")

#: LEAK phases whose random numbers are made at once.
_AHEAD = 32


class LeakPlan(NamedTuple):
    """What LEAK phases do as long as nothing is configured or loaded.

    Attributes
    ----------
    neurons : int
        Neurons that leak.
    columns : int
        Columns of the state arrays that hold them and the outputs in use.
    factors : ndarray of int32
        Factors of all fields, `FACTOR_ONE` for those that stay.
    thresholds : ndarray of int32
        Thresholds of the neurons.
    wraps : bool
        Results may leave their range.
    last_word : slice
        Neurons of the word that is read last.
    rounds : bool
        There is stochastic rounding.
    words : ndarray of int
        Neuron words whose potentials are rounded.
    outputs : int
        Outputs for which a random number is drawn.
    """

    neurons: int
    columns: int
    factors: np.ndarray
    thresholds: np.ndarray
    wraps: bool
    last_word: slice
    rounds: bool
    words: np.ndarray
    outputs: int


class LeakPhase:
    """The phase LEAK; it is planned once for as long as nothing is configured or loaded.

    Parameters
    ----------
    core : CoreState
        The core.

    Attributes
    ----------
    plan : LeakPlan or None
        What the next LEAK does, if that is known.
    """

    def __init__(self, core: CoreState) -> None:
        self._core = core
        self.reset()

    def reset(self) -> None:
        """Begin anew, after the core's random generators have been reset."""
        self.plan: LeakPlan | None = None
        self._rounding = np.zeros((0, 0, 0), dtype=np.int32)
        self._rounding_used = 0

    def forget_plan(self) -> None:
        """Let the next LEAK be planned anew; random numbers made ahead but not used are unmade."""
        core = self._core
        plan, used = self.plan, self._rounding_used
        self.plan = None
        if plan is None or not plan.rounds:
            return
        lanes = core.config.neuron_lanes
        words = plan.neurons // lanes
        for name in ("round_trace_in", "round_trace_rec", "round_trace_out"):
            for generator in core.generators[name]:
                generator.advance(used * words)
        for generator in core.generators["round_neuron"]:
            generator.advance(used * len(plan.words))
        core.generators["round_output"][0].advance(used * plan.outputs)

    def run(self) -> None:
        """Carry out a LEAK phase."""
        core = self._core
        plan = self.plan
        if plan is None:
            plan = self.plan = self._make_plan()
            self._rounding_used = 0
            if plan.rounds:
                self._rounding = self._make_rounding(plan)
        elif plan.rounds and self._rounding_used == _AHEAD:
            self.forget_plan()
            self.plan = plan
            self._rounding_used = 0
            self._rounding = self._make_rounding(plan)
        core.read_register = core.fields[:OUTPUT, plan.last_word].copy()
        core.freshen(plan.neurons)
        fields = core.fields[:, : plan.columns]
        fired = fields[POTENTIAL, : plan.neurons] >= plan.thresholds
        added = self._rounding[self._rounding_used] if plan.rounds else 0
        self._rounding_used += 1
        if plan.wraps:
            fields[:] = decay(fields, plan.factors, added, ROW_BITS, ROW_SIGNED)
        else:
            fields[:] = decay(fields, plan.factors, added)
        if fired.any():
            potentials = fields[POTENTIAL, : plan.neurons]
            potentials[:] = reset(
                potentials, plan.thresholds, fired, bool(core.register_values["reset_to_zero"])
            )
        # Also a word that is only read loses its flags.
        core.spike[: max(plan.neurons, plan.last_word.stop)] = False
        core.spike[: plan.neurons] = fired

    def _make_plan(self) -> LeakPlan:
        core = self._core
        values = core.register_values
        lanes, outputs = core.config.neuron_lanes, core.last_output + 1
        last = max(core.last_input, core.last_neuron, core.last_output)
        words = (last + 1) // lanes
        neurons = words * lanes
        columns = max(neurons, outputs)
        selected = [values[f"alpha_select_{word // 32}"] >> word % 32 & 1 for word in range(words)]
        alphas = (np.array(selected, dtype=np.int32) + 7 << ALPHA_BITS) | core.alphas[:words]
        thresholds = np.repeat(core.thresholds[:words], lanes)
        kappa = values["kappa"] << KAPPA_SHIFT
        factors = np.full((5, columns), FACTOR_ONE, dtype=np.int32)
        factors[:TRACE_OUT, :neurons] = np.repeat(alphas, lanes)
        factors[TRACE_OUT, :neurons] = kappa
        factors[OUTPUT, :outputs] = kappa
        rounds = bool(values["stochastic_rounding"])
        read_last = last // lanes
        return LeakPlan(
            neurons=neurons,
            columns=columns,
            factors=factors,
            thresholds=thresholds,
            wraps=bool(factors.max() > FACTOR_ONE),
            last_word=slice(read_last * lanes, (read_last + 1) * lanes),
            rounds=rounds,
            words=(alphas != FACTOR_ONE).nonzero()[0],
            outputs=min(last + 1, core.config.outputs) if kappa != FACTOR_ONE else 0,
        )

    def _make_rounding(self, plan: LeakPlan) -> np.ndarray:
        """Make what products of the next LEAK phases are rounded with, by phase, field and
        column.
        """
        core = self._core
        lanes = core.config.neuron_lanes
        words = plan.neurons // lanes
        roundings = np.zeros((_AHEAD, 5, plan.columns), dtype=np.int32)
        for row, name, chosen, shift in (
            (POTENTIAL, "round_neuron", plan.words, 0),
            (TRACE_IN, "round_trace_in", slice(None), 0),
            (TRACE_REC, "round_trace_rec", slice(None), 0),
            (TRACE_OUT, "round_trace_out", slice(None), KAPPA_SHIFT),
        ):
            for lane, generator in enumerate(core.generators[name]):
                part = roundings[:, row, lane : plan.neurons : lanes]
                count = len(plan.words) if row == POTENTIAL else words
                draws = generator.peek(_AHEAD * count).reshape(_AHEAD, count)
                part[:, chosen] = rounding(draws << shift)
        draws = core.generators["round_output"][0].peek(_AHEAD * plan.outputs)
        outputs = core.last_output + 1
        draws = draws.reshape(_AHEAD, plan.outputs)[:, :outputs]
        roundings[:, OUTPUT, : draws.shape[1]] = rounding(draws << KAPPA_SHIFT)
        # Random numbers are drawn for traces also where the factor is 1, but nothing is cropped.
        roundings *= plan.factors != FACTOR_ONE
        return roundings
