"""Random stimulus against the model: passes on the core, and finds a core that is wrong."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal

from spikewright.hdl.error import InputError
from spikewright.hdl.neuron.lif import LeakyIntegrateAndFire
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.neuron import lif
from spikewright.sim.model.tinyodin import TinyOdinModel
from spikewright.sim.rtl import RtlDevice, open_rtl
from spikewright.sim.trace import (
    CheckStep,
    ConfigStep,
    EventStep,
    LoadStep,
    SettleStep,
    SpiStep,
    read_trace,
    replay,
    write_trace,
)
from spikewright.sim.verify import configurations, record, verify
from spikewright.sim.workload.tinyodin import CONFIGURATIONS

#: A small core, so that little is compiled.
SMALL = {"neurons": 16, "lanes": 2, "neuron_memory_ports": 1, "weight_bits": 4}
SMALL |= {"potential_bits": 12, "fifo_depth": 128}


def check(folder, seeds=6, **options):
    return verify("tinyodin", seeds=seeds, parameters=SMALL, folder=folder / "kept", **options)


@pytest.mark.parametrize("shell", ["native", "pins"])
def test_passes(tmp_path, shell):
    seen = []
    results = check(tmp_path, shell=shell, progress=seen.append)
    assert seen == results
    assert [result.seed for result in results] == [*range(6)]
    for result in results:
        assert result.replay.ok
        assert result.replay.cycles > 100
        assert result.config == TinyOdinConfig(**SMALL)
        assert result.shell == shell
        assert result.trace is None
        assert result.as_dict()["parameters"] == {"neurons": 16, "lanes": 2}
    assert not (tmp_path / "kept").exists()


def test_both_shells_come_in_turn(tmp_path):
    shells = [result.shell for result in check(tmp_path, seeds=8)]
    assert shells == ["native", "native", "native", "pins"] * 2


def test_first_seed(tmp_path):
    (result,) = check(tmp_path, seeds=1, first_seed=5, shell="native")
    assert result.seed == 5
    assert result.replay.name == "seed-5"
    assert result.replay.steps == len(record(TinyOdinConfig(**SMALL), 5).steps)


@pytest.mark.parametrize("shell", ["native", "pins"])
@pytest.mark.parametrize(
    "config",
    [
        TinyOdinConfig(**SMALL),
        OdinConfig(neurons=16, lanes=2),
        ReckonConfig(neurons=16, outputs=2, weight_lanes=4, lanes=4),
    ],
    ids=lambda config: config.core,
)
def test_many_sessions_on_one_device(config, shell):
    """Each begins with the state of a new device, whatever the ones before have left."""
    with open_rtl(config, shell=shell, stall_seed=1) as device:
        for seed in range(12 if shell == "native" else 4):
            assert replay(record(config, seed), device).ok, seed
            device.restart()


@pytest.mark.slow
def test_every_configuration(tmp_path):
    results = verify("tinyodin", seeds=4 * len(CONFIGURATIONS), folder=tmp_path)
    assert all(result.replay.ok for result in results)
    assert {result.config for result in results} == set(CONFIGURATIONS)


@pytest.mark.parametrize("seed", range(3))
def test_recording_is_deterministic(tmp_path, seed):
    config = TinyOdinConfig(**SMALL)
    for name in ("one", "two"):
        write_trace(record(config, seed), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert record(config, seed).steps != record(config, seed + 1).steps


def test_recording_does_not_depend_on_lanes():
    one = record(TinyOdinConfig(neurons=16), 3)
    assert record(TinyOdinConfig(neurons=16, lanes=8, neuron_memory_ports=2), 3) == one


def test_stimulus_covers_what_there_is():
    """Over a few seeds: all kinds of steps and events, spikes, both loops, both output sources."""
    events, outputs, kinds = [], 0, set()
    registers = {number: set() for number in range(4)}
    for seed in range(20):
        trace = record(TinyOdinConfig(**SMALL), seed)
        kinds |= {type(step) for step in trace.steps}
        events += [step.address for step in trace.steps if isinstance(step, EventStep)]
        outputs += sum(len(step.events) for step in trace.steps if isinstance(step, SettleStep))
        for step in trace.steps:
            if isinstance(step, ConfigStep):
                registers[step.address].add(step.value)
    assert kinds == {ConfigStep, LoadStep, CheckStep, EventStep, SettleStep, SpiStep}
    assert outputs > 200
    assert all(registers[number] == {0, 1} for number in (0, 1, 2))
    assert len(registers[3]) > 8
    events = np.array(events)
    tick, virtual, low = events >> 8 & 1 == 1, events >> 9 == 1, events & 0xFF
    for some in (
        tick & (low == 0xFF),
        tick & (low < 0xFF) & virtual,
        tick & (low < 0xFF) & ~virtual,
        ~tick & virtual & (low >= 0x10),
        ~tick & virtual & (low < 0x10),
        ~tick & ~virtual,
    ):
        assert some.sum() > 10


# What is wrong is found, kept, and found again.


def broken_elaborate(self, platform):
    """A neuron that wraps around where it should saturate."""
    m = Module()
    total = Signal.like(self.next_potential)
    m.d.comb += [
        total.eq(self.potential + self.weight),
        self.next_potential.eq(total),
        self.fires.eq(0),
    ]
    return m


def failures(results):
    failed = [result for result in results if not result.replay.ok]
    assert failed
    assert any(result.replay.ok for result in results) or len(failed) == len(results)
    for result in results:
        assert (result.trace is None) == result.replay.ok
    return failed


def test_broken_core_is_found(tmp_path, monkeypatch, forget_designs):
    with monkeypatch.context() as patch:
        patch.setattr(LeakyIntegrateAndFire, "elaborate", broken_elaborate)
        failed = failures(check(tmp_path, seeds=3))
        for result in failed:
            assert result.trace.parent == tmp_path / "kept"
            again = read_trace(result.trace)
            with RtlDevice(result.config, shell=result.shell) as device:
                assert replay(again, device).difference == result.replay.difference
    forget_designs()
    for result in failed:
        again = read_trace(result.trace)
        assert replay(again, TinyOdinModel(again.config)).ok
        with RtlDevice(result.config, shell=result.shell) as device:
            assert replay(again, device).ok
        values = result.as_dict()
        assert values["trace"] == str(result.trace)
        assert values["difference"]["step"] == values["steps"]
        assert not values["ok"]


def test_broken_model_is_found(tmp_path, monkeypatch):
    """The recording of a wrong model: the core disagrees, and so does the right model."""

    def fire(potential, threshold, out=None):
        return np.greater(potential, threshold, out=out)

    with monkeypatch.context() as patch:
        patch.setattr(lif, "fire", fire)
        failed = failures(check(tmp_path, seeds=8, shell="native"))
        for result in failed:
            again = read_trace(result.trace)
            assert replay(again, TinyOdinModel(again.config)).ok
    for result in failed:
        again = read_trace(result.trace)
        assert replay(again, TinyOdinModel(again.config)).difference == result.replay.difference
        with RtlDevice(result.config) as device:
            assert replay(again, device).difference == result.replay.difference


# Bad input.


@pytest.mark.parametrize(
    ("parameters", "word"),
    [({"lanes": 3}, "lanes"), ({"speed": 1}, "speed"), ({"neurons": 100}, "neurons")],
)
def test_bad_parameters(parameters, word):
    with pytest.raises(InputError, match=word):
        configurations("tinyodin", parameters)


def test_fixed_parameters():
    fixed = configurations("tinyodin", {"neurons": 64})
    assert {config.neurons for config in fixed} == {64}
    assert len(set(fixed)) == len(fixed) > 5
    assert configurations("tinyodin", {}) == list(CONFIGURATIONS)
