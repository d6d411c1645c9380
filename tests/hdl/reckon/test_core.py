"""ReckOn as a whole: clock cycles, and what is switched off is gone."""

import pytest
from amaranth.hdl import Fragment

from spikewright.boards.synthesis import synthesize
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.core import Reckon
from spikewright.sim.ticked_rtl import TickedRtlDevice

CONFIGURATIONS = [
    {},
    {"lanes": 4},
    {"neuron_lanes": 1, "lanes": 2},
    {"weight_lanes": 4, "lanes": 4, "outputs": 8},
    {"learning": 0},
]
#: I, R and O.
SIZES = [(31, 31, 7), (20, 12, 3), (6, 17, 1), (2, 1, 7)]


def make_core(config):
    """Return a core that is asked for its numbers only."""
    core = Reckon(config)
    core._MustUse__silence = True
    return core


def begin(device, sizes, words, **registers):
    """Start a sample with neurons of these words; return the cycles that are to be expected."""
    device.reset()
    device.configure(last_input=sizes[0], last_neuron=sizes[1], last_output=sizes[2])
    there = {register.name for register in device.registers}
    device.configure(**{name: value for name, value in registers.items() if name in there})
    device.load("neurons", words)
    device.configure(config_mode=0)
    device.drive(sample=1)
    cycles = make_core(device.config).cycles(*sizes)
    assert measure(device) == cycles["first_tick"]
    return cycles


def measure(device):
    """Tick; return the cycles until the core is ready."""
    before = device.cycles
    device.tick()
    # That is seen a cycle later, and another one is spent then.
    return device.cycles - before - 2


@pytest.mark.parametrize("parameters", CONFIGURATIONS)
def test_cycles(parameters):
    config = ReckonConfig(**{"neurons": 32, "outputs": 16, "lanes": 1} | parameters)
    lanes = config.neuron_lanes
    # Neurons at 0 do not fire.
    quiet = [1 << 50 * lanes] * config.neuron_words
    # A trace is a level that regularisation sees.
    traced = [word | 100 << 28 for word in quiet]
    with TickedRtlDevice(config) as device:
        for sizes in SIZES:
            cycles = begin(device, sizes, quiet, learn=0, force_traces=1)
            assert measure(device) == cycles["tick"], sizes
            device.send([0, 1, 1])
            assert measure(device) == cycles["tick"] + 2 * cycles["input_spike"], sizes
            if sizes[0] > sizes[1]:
                device.send([sizes[0]])
                expected = cycles["tick"] + cycles["input_spike"] + cycles["supplement"]
                assert measure(device) == expected, sizes

            # Neuron 0 is at its threshold.
            cycles = begin(device, sizes, [quiet[0] | 1, *quiet[1:]], learn=0)
            assert measure(device) == cycles["tick"] + cycles["neuron_spike"], sizes

            if not config.learning:
                continue
            label = 1 << config.event_address_bits
            for words, learn, name in (
                (quiet, 7, "learn_quiet"),
                (quiet, 4, "learn_outputs"),
                (traced, 3, "learn"),
            ):
                cycles = begin(device, sizes, words, learn=learn, regul_mode=2, regul_threshold=0)
                device.drive(target_valid=1)
                device.send([label])
                assert measure(device) == cycles["tick"] + cycles[name], (sizes, name)
                device.drive(target_valid=0)


@pytest.mark.parametrize("lanes", [4, 8, 16, 32])
def test_a_spike_of_256_neurons(lanes):
    weight_lanes = max(lanes, 16)
    cycles = make_core(ReckonConfig(lanes=lanes, weight_lanes=weight_lanes)).cycles()
    assert cycles["neuron_spike"] <= 256


def hierarchy(fragment):
    """Return the names of all submodules."""
    names = set()
    for part, name, _ in fragment.subfragments:
        names |= {name} | hierarchy(part)
    return names


#: Submodules that have no place in a core that does not learn.
LEARNING = {
    "learn",
    "targets",
    "derivative",
    "level",
    "error",
    "errors",
    "factors",
    "regularisations",
    "rate",
    "drive_0",
}


def test_a_core_that_does_not_learn_has_no_part_of_it():
    here = hierarchy(Fragment.get(Reckon(ReckonConfig(neurons=16)), None))
    gone = hierarchy(Fragment.get(Reckon(ReckonConfig(neurons=16, learning=0)), None))
    assert here >= LEARNING | {"update_random", "update_0"}
    assert not gone & LEARNING
    assert not [name for name in gone if name.startswith("update")]
    assert gone < here


@pytest.mark.slow
def test_learning_that_is_switched_off_leaves_no_logic():
    def synthesized(learning):
        core = Reckon(ReckonConfig(neurons=16, outputs=4, weight_lanes=4, learning=learning))
        result = synthesize(core, "top", "generic")
        gates = sum(result.cells.values()) - result.cells["memory_bits"]
        return result.ff, gates, result.cells["memory_bits"]

    flip_flops, gates, memory_bits = synthesized(1)
    fewer_flip_flops, fewer_gates, fewer_bits = synthesized(0)
    # The update generators alone have 25 + 25 + 22.
    assert fewer_flip_flops < flip_flops - 72
    assert fewer_gates < 0.75 * gates
    # Targets and errors of 4 outputs; factor and regularisations of a group's 4 neurons.
    assert fewer_bits == memory_bits - 4 * (16 + 16) - 4 * (25 + 32 + 32)
