"""The random stimulus for ReckOn: what it covers, and that it keeps to what is specified."""

from collections import Counter

import numpy as np
import pytest

from spikewright.hdl.interface.reckon_spi import HEADER
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.registers import registers
from spikewright.sim.model.plasticity import eprop
from spikewright.sim.model.reckon import POTENTIAL, TRACE_OUT, ReckonModel, State
from spikewright.sim.trace import BurstStep, read_trace, replay, write_trace
from spikewright.sim.verify import configurations, record
from spikewright.sim.workload.reckon import CONFIGURATIONS

SEEDS = 15 * len(CONFIGURATIONS)


class Watched(ReckonModel):
    """A model that counts what happens in it."""

    def __init__(self, config, seen):
        self.seen = seen
        super().__init__(config)

    def note(self, name, when=True):
        self.seen[name] += bool(when)

    def _leak(self):
        values = self.register_values
        last = max(self._core.last_input, self._core.last_neuron, self._core.last_output)
        new = not self._core.fresh[0]
        stale = self._core.fields[:4, 0].any()
        before = self._core.fields[:5].copy()
        spikes = self._core.spike.sum()
        super()._leak()
        plan = self._leak_phase.plan
        fired = self._core.spike.any()
        rounds = bool(values["stochastic_rounding"])
        self.note("leak without rounding", not rounds)
        self.note(
            "rounding, all words", rounds and 0 < len(plan.words) == len(plan.factors[0]) // 2
        )
        self.note("rounding, some alpha one", rounds and len(plan.words) < plan.neurons // 2)
        self.note("kappa one", values["kappa"] == 0x80)
        self.note("alpha above one", (plan.factors[0] > 0x8000).any())
        self.note("trace wraps", ((before[1:4] << 1 > 2048) & (plan.factors[3, 0] > 0x10000)).any())
        self.note("negative threshold fires", fired and (plan.thresholds < 0).any())
        self.note("reset to zero", fired and values["reset_to_zero"])
        self.note("reset by threshold", fired and not values["reset_to_zero"])
        self.note("last neuron not leaked", last % 2 == 0 and self.config.neuron_lanes == 2)
        self.note(
            "spike above the last neuron", self._core.spike[self._core.last_neuron + 1 :].any()
        )
        self.note("stale state hidden", new and stale)
        self.note(
            "outputs beyond the last", self._core.fields[4, self._core.last_output + 1 :].any()
        )
        self.note("spikes before", spikes)

    def _propagate(self):
        values = self.register_values
        last = max(self._core.last_input, self._core.last_neuron)
        current = {index for index in self._core.current if index <= last}
        spiked = set(self._core.spike[: last + 1].nonzero()[0].tolist())
        traces = values["force_traces"] or self._core.learn_bits & 1
        beyond = {index for index in current if index > self._core.last_neuron}
        self.note("input and spike at once", current & spiked)
        self.note("supplementary trace", traces and beyond)
        self.note(
            "trace counted twice",
            traces
            and self._core.last_neuron + 1 in beyond
            and self._core.last_neuron % 2 == 0
            and self.config.neuron_lanes == 2,
        )
        self.note(
            "stale potential comes alive",
            traces
            and any(not self._core.fresh[i] and self._core.fields[POTENTIAL, i] for i in beyond),
        )
        self.note("input above the last input", any(i > self._core.last_input for i in current))
        self.note("input beyond all", any(i > last for i in self._core.current))
        self.note("spike beyond the last neuron", any(i > self._core.last_neuron for i in spiked))
        self.note("forced traces", values["force_traces"] and not self._core.learn_bits and spiked)
        self.note("noise", values["noise"] and (current or spiked))
        super()._propagate()
        potentials = self._core.fields[POTENTIAL]
        self.note("potential at the top", (potentials == 32767).any())
        self.note("potential at the bottom", (potentials == -32768).any())
        self.note("output saturates", (abs(self._core.fields[4]) >= 32767).any())
        self.note("output trace full", (self._core.fields[TRACE_OUT] == 1023).any())

    def _step(self):
        if self.state in (State.CONFIG, State.TARGET) and not self._halted:
            halts = self.register_values["halt_on_error"]
            self.note(f"timing error in {self.state.name}, {'halts' if halts else 'goes on'}")
        if self.state is State.IDLE and not self.level_values["sample"]:
            self.note("tick in IDLE", self._core.pending)
        super()._step()

    def _take_target(self, value):
        kind = "regression" if self.register_values["regression"] else "label"
        self.note(f"{kind} in {self.state.name}")
        super()._take_target(value)

    def _learn(self):
        values = self.register_values
        valid = self.level_values["target_valid"]
        self.note(f"learn {values['learn']}")
        self.note(f"regul mode {values['regul_mode']}, weights {values['regul_weights']}")
        self.note("learning without target", not valid)
        self.note("known label", self.state is State.PROPAGATE)
        self.note("asked for a target", self.state is State.TARGET)
        self.note("learning after CONFIG", self.state is State.CONFIG)
        self.note("linear" if values["linear_output"] else "sigmoid", valid)
        self.note("last group partly used", (self._core.last_neuron + 1) % self.config.weight_lanes)
        groups = self._core.last_neuron // self.config.weight_lanes + 1
        self.note("several groups", groups > 1)
        self.note(
            "posts beyond what is read",
            groups * self.config.weight_lanes - 1
            > max(self._core.last_input, self._core.last_neuron),
        )
        self.note("lane gated", not self._core.fresh[: self.config.neuron_lanes].all())
        for name in ("in", "rec"):
            self.note(f"dead generator {name}", self._core.generators[name][0]._dead)
        before = {name: weights.copy() for name, weights in self._core.weights.items()}
        super()._learn()
        for name, weights in self._core.weights.items():
            self.note(f"{name} change", (weights != before[name]).any())
            self.note(
                f"{name} change {'with' if valid else 'without'} target",
                (weights != before[name]).any(),
            )
            limit = 1 << (self.config.weight_bits - 1)
            self.note(
                f"{name} at the limit", ((weights == limit - 1) & (before[name] < weights)).any()
            )
        itself = np.diag(self._core.weights["weights_rec"] - before["weights_rec"])
        self.note("self-connection cleared", (abs(itself) > 1).any())

    def _send_outputs(self):
        what = "label" if self.register_values["send_label"] else "potentials"
        when = "every step" if self.register_values["send_every_step"] else "at the end"
        self.note(f"{what} sent {when}")
        if sum(self._core.wins) > 1:
            self.note(
                "wins of several outputs", len([wins for wins in self._core.wins if wins]) > 1
            )
            self.note("wins in regression", self.register_values["regression"])
        super()._send_outputs()

    def _perform(self, request):
        if request.space:
            (memory,) = [n for n, size in self.memories.items() if size.space == request.space]
            unit_bits = self.interface.unit_bits(memory)
            if request.write:
                mode = "" if self.register_values["config_mode"] else " lost"
                self.note(f"SPI write of {memory}{mode}")
                self.note(f"SPI write in {self.state.name}")
                words = self.memories[memory].words
                self.note("SPI flags", request.address >> unit_bits + (words - 1).bit_length())
                unit = request.address & (1 << unit_bits) - 1
                self.note("SPI chunk beyond the word", 32 * unit >= self.memories[memory].width)
            elif self.register_values["config_mode"]:
                self.note(f"SPI read of {memory}")
        return super()._perform(request)


#: What must happen, and how often at least.
EXPECTED = [
    "leak without rounding",
    "rounding, all words",
    "rounding, some alpha one",
    "kappa one",
    "alpha above one",
    "negative threshold fires",
    "reset to zero",
    "reset by threshold",
    "last neuron not leaked",
    "spike above the last neuron",
    "stale state hidden",
    "outputs beyond the last",
    "input and spike at once",
    "supplementary trace",
    "trace counted twice",
    "stale potential comes alive",
    "input above the last input",
    "input beyond all",
    "spike beyond the last neuron",
    "forced traces",
    "noise",
    "potential at the top",
    "potential at the bottom",
    "output saturates",
    "output trace full",
    "timing error in CONFIG, halts",
    "timing error in CONFIG, goes on",
    "timing error in TARGET, halts",
    "timing error in TARGET, goes on",
    "tick in IDLE",
    "label in IDLE",
    "label in PROPAGATE",
    "label in TARGET",
    "regression in TARGET",
    *(f"learn {bits}" for bits in range(1, 8)),
    *(f"regul mode {mode}, weights {bits}" for mode in (0, 1, 2, 3, 6, 7) for bits in range(4)),
    "learning without target",
    "known label",
    "asked for a target",
    "learning after CONFIG",
    "linear",
    "sigmoid",
    "last group partly used",
    "several groups",
    "posts beyond what is read",
    "lane gated",
    "dead generator in",
    "dead generator rec",
    *(f"weights_{kind} change" for kind in ("in", "rec", "out")),
    *(f"weights_{kind} change without target" for kind in ("in", "rec")),
    *(f"weights_{kind} at the limit" for kind in ("in", "rec", "out")),
    "self-connection cleared",
    "drive overflows into a decrement",
    "multiplicative regularisation at work",
    "additive regularisation at work",
    "label sent every step",
    "label sent at the end",
    "potentials sent every step",
    "potentials sent at the end",
    "wins of several outputs",
    "wins in regression",
    *(
        f"SPI {what} of {memory}"
        for what in ("write", "read")
        for memory in ("neurons", "weights_in", "weights_rec", "weights_out", "outputs")
    ),
    "SPI write of neurons lost",
    "SPI write of weights_in lost",
    "SPI write in IDLE",
    "SPI write in PROPAGATE",
    "SPI write in CONFIG",
    "SPI flags",
    "SPI chunk beyond the word",
    "SPI burst to a register",
    "SPI write to no register",
]


@pytest.fixture(scope="module")
def seen():
    counter = Counter()
    drives = eprop.update_drives

    def watch(products, factors, strengths):
        found = drives(products, factors, strengths)
        counter["drive overflows into a decrement"] += (
            (found == -(1 << 31)) & (products > 0)
        ).any()
        if factors is not None:
            counter["multiplicative regularisation at work"] += (
                (factors < 16) & (products > 0)
            ).any()
        if strengths is not None:
            counter["additive regularisation at work"] += (strengths != 0).any()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eprop, "update_drives", watch)
        for seed in range(SEEDS):
            config = CONFIGURATIONS[seed % len(CONFIGURATIONS)]
            trace = record(config, seed)
            assert replay(trace, Watched(config, counter)).ok
            for step in trace.steps:
                if isinstance(step, BurstStep):
                    header = HEADER.from_bits(step.send[0])
                    known = registers(config).at(header.address) is not None
                    if header.space == 0:
                        counter["SPI burst to a register"] += known and header.count > 1
                        counter["SPI write to no register"] += not known
    return counter


@pytest.mark.parametrize("what", EXPECTED)
def test_covers(seen, what):
    assert seen[what] >= 3, dict(seen)


def test_learning_can_be_left_out():
    counter = Counter()
    for seed in range(20):
        config = CONFIGURATIONS[5]
        assert not config.learning
        assert replay(record(config, seed), Watched(config, counter)).ok
    assert counter["spikes before"]
    assert counter["forced traces"]
    assert not any(name.startswith("learn") for name in counter)
    assert not counter["label in TARGET"]


def test_configurations():
    pool = configurations("reckon", {})
    assert pool == list(CONFIGURATIONS)
    assert len(CONFIGURATIONS) % 2
    assert len(CONFIGURATIONS) % 3
    for name in ReckonConfig().as_dict():
        assert len({getattr(config, name) for config in pool}) > 1, name
    assert ReckonConfig() in pool


def test_the_same_seed_gives_the_same(tmp_path):
    config = CONFIGURATIONS[1]
    paths = [tmp_path / f"{index}.trace.jsonl.gz" for index in range(3)]
    for path, seed in zip(paths, (4, 4, 5), strict=True):
        write_trace(record(config, seed), path)
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()
    assert read_trace(paths[0]).steps == record(config, 4).steps


@pytest.mark.parametrize("seed", range(len(CONFIGURATIONS)))
def test_lanes_do_not_matter(seed):
    config = CONFIGURATIONS[seed]
    other = ReckonConfig(**config.as_dict() | {"lanes": 1})
    assert replay(record(config, seed), ReckonModel(other)).ok
