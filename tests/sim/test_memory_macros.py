"""The published chips with memory macros in place, on traces recorded from the models."""

import numpy as np
import pytest

from spikewright.hdl.catalogue import make_component, make_config
from spikewright.hdl.error import InputError
from spikewright.hdl.memory.survey import survey
from spikewright.hdl.memory.technology import find_technology
from spikewright.sim.engine import design as design_module
from spikewright.sim.rtl import open_rtl
from spikewright.sim.trace import replay
from spikewright.sim.verify import record, verify

SEED = 11
PROCESSES = ("sky130", "gf180mcu", "ihp-sg13g2")

#: Memories of each chip that are macros in every process.
CHIPS = {
    "tinyodin": ({}, ["core.crossbar.synapses", "core.crossbar.lane_0.memory"]),
    "odin": ({}, ["core.crossbar.synapses", "core.crossbar.lane_0.memory"]),
    "reckon": ({"lanes": 4}, ["core.weights_in.memory", "core.weights_rec.memory"]),
}


def outcome(config, memory, **options):
    with open_rtl(config, memory=memory, stall_seed=SEED, **options) as device:
        return replay(record(config, SEED), device)


@pytest.mark.parametrize(
    ("core", "memory"),
    [
        pytest.param(core, memory, marks=[] if core == "tinyodin" else pytest.mark.slow)
        for core in CHIPS
        for memory in PROCESSES
    ],
)
def test_chips(core, memory):
    parameters, expected = CHIPS[core]
    config = make_config(core, parameters)
    plans = dict(survey(make_component(config, "native")[0], find_technology(memory)))
    assert all(plans[name].method == "macros" for name in expected)
    result = outcome(config, memory)
    assert result.ok, f"seed {SEED}: {result.difference}"
    assert result.steps > 50


@pytest.mark.parametrize(
    "engine",
    [
        "cxxrtl",
        pytest.param(
            "verilator",
            marks=pytest.mark.needs("verilator"),
        ),
    ],
)
def test_other_engines(engine):
    result = outcome(make_config("tinyodin", {"neurons": 64}), "ihp-sg13g2", engine=engine)
    assert result.ok, f"seed {SEED}: {result.difference}"


def test_verify():
    results = verify("tinyodin", seeds=2, memory="ihp-sg13g2", parameters={"neurons": 64})
    assert all(result.replay.ok for result in results)


@pytest.mark.slow
@pytest.mark.parametrize("memory", PROCESSES)
@pytest.mark.parametrize("core", CHIPS)
def test_every_configuration(core, memory, tmp_path):
    for result in verify(core, seeds=30, memory=memory, folder=tmp_path):
        assert result.replay.ok, (result.seed, result.replay.difference)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| (A_DIN & port_0_mask)", "| (A_DIN & ~port_0_mask)"),
        ("= A_MEN & A_WEN", "= A_MEN & ~A_WEN"),
        ("memory[A_ADDR] <=", "memory[~A_ADDR] <="),
    ],
)
def test_a_broken_macro_is_noticed(old, new, monkeypatch, forget_designs):
    """The models do take part: what was written does not come back."""
    models = design_module.behaviours

    def broken(macros, **options):
        text = models(macros, **options)
        assert old in text
        return text.replace(old, new)

    def kept():
        words = np.random.default_rng(SEED).integers(1 << 32, size=64)
        config = make_config("tinyodin", {"neurons": 64})
        with open_rtl(config, memory="ihp-sg13g2") as device:
            device.configure(gate=1)
            device.load("synapses", words, at=100)
            return (device.dump("synapses", at=100, count=64) == words).all()

    assert kept()
    monkeypatch.setattr(design_module, "behaviours", broken)
    forget_designs()
    assert not kept()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"netlist": "ice40"}, "memories of a netlist are the FPGA's, not those of sky130"),
        (
            {"engine": "amaranth"},
            "macros of sky130 run in the engines compiled, cxxrtl and verilator, not in amaranth",
        ),
    ],
)
def test_where_macros_do_not_run(options, message):
    with pytest.raises(InputError) as caught:
        open_rtl(make_config("tinyodin", {"neurons": 16}), memory="sky130", **options)
    assert str(caught.value) == message


def test_unknown_technology():
    with pytest.raises(InputError, match=r"^there is no memory technology 'dram', allowed is "):
        open_rtl(make_config("tinyodin", {"neurons": 16}), memory="dram")
