# amaranth: UnusedElaboratable=no
"""Activity of whole cores: what must be so for any library."""

import dataclasses

import pytest

from spikewright.hdl.catalogue import make_component, make_config
from spikewright.hdl.error import InputError
from spikewright.sim.switching_activity import Accesses, Activity, check_activity, measure_activity
from spikewright.synth.synthesis import synthesize

SMALL = {
    "tinyodin": {"neurons": 16},
    "odin": {"neurons": 16, "izhikevich": 0, "burst_queue": 0},
    "reckon": {"neurons": 32, "outputs": 4, "learning": 0},
}


def measure(core, events, **more):
    return measure_activity(make_config(core, SMALL[core] | more), "native", events)


def of(activity, end):
    return next(found for found in activity.accesses if found.memory.endswith(end))


def test_tinyodin(small_library):
    activity = measure("tinyodin", 20)
    assert (activity.events, activity.synaptic_operations) == (20, 320)
    # A neuron is read and written, and its synapse read, for each synaptic operation.
    assert of(activity, "lane_0.memory") == Accesses("core.crossbar.lane_0.memory", 32, 320, 320)
    assert of(activity, "synapses") == Accesses("core.crossbar.synapses", 32, 320, 0)
    assert 640 <= activity.cycles < 700
    # Every flip-flop's clock pin is charged once a cycle: C V^2.
    component, _ = make_component(make_config("tinyodin", SMALL["tinyodin"]), "native")
    flip_flops = synthesize(component, "top", "osu018").ff
    assert activity.clock_picojoules == activity.cycles * flip_flops * small_library.clock * 4
    # A net has one input pin at least, of 1 pF, and a change takes half of C V^2; most have few.
    assert 1 < activity.logic_picojoules / (activity.toggles * 2) < 12
    assert activity.toggles > 10 * activity.cycles
    assert measure("tinyodin", 20) == activity


def test_more_lanes_do_the_same_in_fewer_cycles(small_library):
    activity = measure("tinyodin", 20, lanes=4)
    assert activity.synaptic_operations == 320
    assert 160 <= activity.cycles < 220
    lanes = [found for found in activity.accesses if "lane_" in found.memory]
    assert len(lanes) == 4
    assert sum(found.reads for found in lanes) == sum(found.writes for found in lanes) == 320
    assert of(activity, "synapses").reads == 80


def test_odin_learns(small_library):
    activity = measure("odin", 10)
    neurons, synapses = of(activity, "lane_0.memory"), of(activity, "synapses")
    assert (neurons.reads, neurons.writes) == (160, 160)
    # A word of eight synapses is read, and written if learning is on.
    assert (synapses.reads, synapses.writes) == (20, 20)


@pytest.mark.slow
def test_reckon(small_library):
    activity = measure("reckon", 40)
    assert activity.synaptic_operations == 40 * 32
    # Four weights are read at once for a spike, and 16 spikes are in a time step.
    assert of(activity, "weights_in.memory").writes == 0
    assert of(activity, "weights_in.memory").reads >= 40 * 16
    assert of(activity, "weights_out.memory").writes == 0


def test_as_dict():
    accesses = (Accesses("core.neurons", 32, 640, 320),)
    activity = Activity(10, 160, 480, 12345, 100.0, 64.0, accesses)
    shown = activity.as_dict()
    assert shown["accesses"] == (dataclasses.asdict(accesses[0]),)
    assert shown["toggles"] == 12345
    assert shown["per_synaptic_operation"] == {
        "cycles": 3.0,
        "toggles": 77.16,
        "logic_picojoules": 0.625,
        "clock_picojoules": 0.4,
        "accesses": [{"memory": "core.neurons", "bits": 32, "reads": 4.0, "writes": 2.0}],
    }


def test_bad_input():
    config = make_config("tinyodin", SMALL["tinyodin"])
    with pytest.raises(InputError, match=r"^activity is 0 events, allowed is 1 or more$"):
        check_activity(config, "native", 0)
    with pytest.raises(
        InputError, match=r"^no engine drives the shell 'axi', allowed is native or"
    ):
        measure_activity(config, "axi", 1)
