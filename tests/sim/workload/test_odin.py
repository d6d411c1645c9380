"""The random stimulus for ODIN: what it covers, and that its outcome depends on order alone."""

from collections import Counter, deque

import numpy as np
import pytest

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.layout import BURST_SLOTS
from spikewright.sim.model.odin import OdinModel
from spikewright.sim.trace import (
    CheckStep,
    ConfigStep,
    EventStep,
    LoadStep,
    Recorder,
    SettleStep,
    SpiStep,
    replay,
    write_trace,
)
from spikewright.sim.verify import configurations, record
from spikewright.sim.workload.odin import CONFIGURATIONS
from spikewright.sim.workload.odin.random_stimulus import JointBursts, LoneBursts


class TimedModel(OdinModel):
    """A model that has a clock, as hardware has (specification, sections 7 and 8).

    Input arrives at random and takes precedence over queued events, unless the FIFO is full; a
    burst tick comes when it is time, also within a long event. `unit` takes the place of the
    register for the length of a burst tick.
    """

    def __init__(self, config, seed, unit=None, phase=None):
        super().__init__(config)
        self.random = np.random.default_rng(seed)
        self.unit = unit
        self.time = int(self.random.integers(1 << 24))
        if phase is not None:
            self.time = phase
        self.lanes = int(self.random.choice([1, 2, 8, 16]))
        self.pace = self.random.choice([0.02, 0.5, 1])
        self.stall = self.random.choice([0, 3, 12])
        self.longest_backlog = 0

    def slot_now(self, later=0):
        if not self._has_burst_queue:
            return 0
        return (self.time + later) // self.tick_length() % BURST_SLOTS

    def tick_length(self):
        return self.unit or self.register_values["burst_time_unit"] + 1

    def _push_burst(self, neuron):
        # The neuron's turn in a sweep; a single neuron has it at once.
        self._slot = self.slot_now(2 * neuron // self.lanes if self.sweeping else 0)
        super()._push_burst(neuron)

    def _update_all(self, *arguments):
        self.sweeping = True
        super()._update_all(*arguments)
        self.time += 2 * self.config.neurons // self.lanes

    def _update_one(self, *arguments):
        self.sweeping = False
        super()._update_one(*arguments)
        self.time += 2

    def _execute(self, events):
        self._start()
        inputs = deque(self._decode(events))
        began = None
        while inputs or self._fifo or self._burst_entries:
            self._slot = self.slot_now()
            words = len(self._outputs)
            pending = bool(inputs) and self.random.random() < self.pace
            waiting = bool(self._fifo or self._slots[self._slot])
            if pending or waiting:
                began = self.time if began is None else began
            is_bistability = bool(inputs) and not any(inputs[0][:3])
            full = len(self._fifo) == self.config.fifo_depth
            if full or (waiting and (is_bistability or not pending)):
                self._serve_head()
            elif pending:
                self._input_event(*inputs.popleft())
            if waiting or pending:
                self.time += 1 + self.stall * sum(map(len, self._outputs[words:]))
            elif inputs:
                self.time += 1
            else:
                self.time += self.tick_length() - self.time % self.tick_length()
            if began is not None and not self._fifo and not self._slots[self._slot]:
                self.longest_backlog = max(self.longest_backlog, self.time - began)
                began = None


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.name)
def test_outcome_does_not_depend_on_time(config):
    """Every recording is right on a model with a clock, at any pace and any phase of the burst
    tick.
    """
    for seed in range(6):
        trace = record(config, seed)
        for timing in range(3):
            model = TimedModel(trace.config, [seed, timing])
            result = replay(trace, model)
            assert result.ok, (seed, timing, result.difference)


@pytest.mark.parametrize("kind", [LoneBursts, JointBursts])
def test_bursts_do_not_depend_on_the_phase_of_the_tick(kind):
    """Burst ticks are longer than any backlog, by far; and if they were not, but for a cycle, so
    that many an event's spikes fall into two ticks, the outcome would still be the same.
    """
    pool = [config for config in CONFIGURATIONS if config.has_bursts and config.neurons <= 64]
    for seed in range(12):
        config = pool[seed % len(pool)]
        model = OdinModel(config)
        recorder = Recorder(model)
        kind(recorder, np.random.default_rng(seed)).run()
        for timing in range(2):
            timed = TimedModel(config, [seed, timing])
            assert replay(recorder.trace, timed).ok, (seed, timing)
            longest = timed.longest_backlog
            assert longest < model.register_values["burst_time_unit"] / 2
            for phase in range(8):
                timed = TimedModel(config, [seed, timing], longest + 1, phase * longest // 8)
                assert replay(recorder.trace, timed).ok, (seed, timing, phase)


@pytest.mark.parametrize("seed", range(3))
def test_recording_is_deterministic(tmp_path, seed):
    config = OdinConfig(neurons=16)
    for name in ("one", "two"):
        write_trace(record(config, seed), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert record(config, seed).steps != record(config, seed + 1).steps
    fast = OdinConfig(neurons=16, lanes=8, neuron_memory_ports=2)
    assert record(fast, seed) == record(config, seed)


def kinds_of_events(trace):
    config = trace.config
    for step in trace.steps:
        if isinstance(step, EventStep):
            low = step.address & ((1 << config.low_bits) - 1)
            body = low & ((1 << config.low_bits - 1) - 1)
            one = low >> config.low_bits - 1
            if step.address >> config.event_bits - 1:
                yield "single"
            elif body == (1 << config.low_bits - 1) - 1:
                yield f"tick {'one' if one else 'all'}"
            elif body == 0:
                yield f"bistability {'one' if one else 'all'}"
            elif low >> config.low_bits - 5 == 0:
                yield "spike"
            else:
                yield "virtual"


class CountingModel(OdinModel):
    """A model that counts what happens to it."""

    def __init__(self, config):
        super().__init__(config)
        self.seen = Counter()

    def _update_all(self, *arguments):
        before = self._weights.sum()
        super()._update_all(*arguments)
        self.seen["learned"] += int(before != self._weights.sum())

    def _serve_head(self):
        self.seen["replays"] += bool(self._slots[self._slot])
        before = self._weights.sum()
        super()._serve_head()
        self.seen["learned"] += int(before != self._weights.sum())

    def _spikes(self, neurons):
        self.seen["disabled"] += int(self._disable[neurons].sum())
        fired = int((~self._disable[neurons]).sum())
        self.seen["fired"] += fired
        if not self._open_loop:
            room = self.config.fifo_depth - len(self._fifo)
            self.seen["dropped"] += max(fired - room, 0)
        self.seen[f"monitoring {self._monitoring}"] += 1
        super()._spikes(neurons)

    def _push_burst(self, neuron):
        self.seen["bursts"] += 1
        wanted = self._burst_entries + int(self._bursts[neuron])
        super()._push_burst(neuron)
        self.seen["slot drops"] += wanted - self._burst_entries

    def _show_synapse(self):
        self.seen["synapse packets"] += 1
        super()._show_synapse()


def test_stimulus_covers_what_there_is():
    """Over some seeds: every kind of step, event, register value and effect."""
    pool = configurations("odin", {})
    events, steps, seen = Counter(), Counter(), Counter()
    values = {}
    batches = Counter()
    for seed in range(4 * len(pool)):
        trace = record(pool[seed % len(pool)], seed)
        events.update(kinds_of_events(trace))
        steps.update(type(step) for step in trace.steps)
        model = CountingModel(trace.config)
        assert replay(trace, model).ok
        seen.update(model.seen)
        size = 0
        for step in trace.steps:
            if isinstance(step, ConfigStep):
                register = model.registers.at(step.address)
                values.setdefault(register.name, set()).add(step.value)
            size = size + 1 if isinstance(step, EventStep) else 0
            batches[size] += 1
    assert all(steps[kind] > 100 for kind in (CheckStep, ConfigStep, EventStep, LoadStep, SpiStep))
    assert steps[SettleStep] > 1000
    for kind in ("single", "tick one", "tick all", "bistability one", "spike", "virtual"):
        assert events[kind] > 100, kind
    assert events["bistability all"] > 3
    assert seen["slot drops"] == 0
    assert seen["dropped"] > 10
    for effect in ("learned", "replays", "disabled", "fired", "bursts", "synapse packets"):
        assert seen[effect] > 40, effect
    assert seen["monitoring True"] > 100
    for name in (
        *("gate", "open_loop", "output_source", "monitor_enable", "learn_unmapped"),
        *("propagate_unmapped", "learn_on_synapse_event"),
    ):
        assert values[name] == {0, 1}, name
    for name in ("monitored_neuron", "monitored_source", "burst_time_unit", "sign_0", "sign_1"):
        assert len(values[name]) > 5, name
    assert batches[5] > 20


def test_recordings_stay_short():
    pool = configurations("odin", {})
    for seed in range(3 * len(pool)):
        trace = record(pool[seed % len(pool)], seed)
        assert 20 < len(trace.steps) < 2500
        model = OdinModel(trace.config)
        replay(trace, model)
        assert model.operations < 1_000_000
