"""ReckOn as a whole: clock cycles, rare orders of things, and what is switched off is gone."""

import numpy as np
import pytest
from amaranth.hdl import Fragment

from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.core import Reckon
from spikewright.hdl.reckon.layout import pack_neuron_word
from spikewright.sim.model import open_model
from spikewright.sim.rtl import RtlDevice
from spikewright.synth.synthesis import synthesize

CONFIGURATIONS = [
    {},
    pytest.param({"lanes": 4}, marks=pytest.mark.slow),
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
    with RtlDevice(config) as device:
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


SMALL = ReckonConfig(neurons=32, outputs=4, weight_lanes=4, lanes=4)


@pytest.fixture(params=["model", "rtl"])
def device(request):
    """A small core that waits for its first tick."""
    with open_model(SMALL) if request.param == "model" else RtlDevice(SMALL) as device:
        device.configure(halt_on_error=0, cycles_per_tick=1 << 31, kappa=0x7F)
        yield device


@pytest.mark.parametrize(
    ("before", "after", "label"), [(0, 0, 3), (0, 1, 0), (1, 0, 0)], ids=["never", "late", "early"]
)
def test_label_when_regression_changes(device, before, after, label):
    """Section 14: in regression counter 0 counts, and 0 is sent."""
    device.configure(learn=0, regression=before)
    device.load("outputs", [0, 10, 20, 3000])
    device.configure(config_mode=0)
    device.drive(sample=1, infer_accumulate=1)
    for _ in range(4):
        device.tick()
    device.configure(regression=after)
    device.drive(sample=0, infer_accumulate=0)
    device.tick()
    assert device.settle().tolist() == [label]


def test_a_spike_is_propagated_once(device):
    """Section 12, item 4: it does not come back when its index takes part again after a leak
    without it.
    """
    neuron = 20
    # Alpha near 1, threshold 1000, potentials 0 but for one neuron's.
    words = [0xFFF << 116 | 1000 << 100] * SMALL.neuron_words
    words[neuron // SMALL.neuron_lanes] |= 5000
    device.configure(learn=0, reset_to_zero=1)
    device.load("neurons", words)
    for memory in ("weights_in", "weights_rec", "weights_out"):
        device.load(memory, [0] * device.memories[memory].words)
    device.load("weights_out", [100], at=neuron)
    device.configure(config_mode=0)
    device.drive(sample=1)
    device.tick()
    device.tick()
    device.configure(last_input=15, last_neuron=15, config_mode=1)
    device.pulse()
    device.wait("configuring", 1)
    # After the leak of the first sixteen.
    device.configure(last_input=31, last_neuron=31)
    device.configure(config_mode=0)
    device.settle()
    device.configure(config_mode=1)
    assert device.dump("outputs").tolist() == [100 * 127 // 128, 0, 0, 0]


def learned(device, **registers):
    """Let a network with random weights, traces and neurons learn from two steps; return its
    weights.
    """
    random = np.random.default_rng(5)
    device.reset()
    device.configure(halt_on_error=0, cycles_per_tick=1 << 31)
    for number in range(4):
        device.configure(**{f"h_threshold_{number}": 8000 * number - 12000 & 0xFFFF})
        device.configure(**{f"h_value_{number}": number + 1})
    device.configure(h_value_4=1, shift_w_in=3, signal_scale=2, regul_threshold=100)
    device.configure(rate_in_left=6, rate_rec_left=6, rate_out_left=6)
    device.configure(regul_in_left=18, regul_rec_left=18, **registers)
    for name, memory in device.memories.items():
        words = [int.from_bytes(random.bytes(16), "big") for _ in range(memory.words)]
        device.load(name, [word & ((1 << memory.width) - 1) for word in words])
    device.configure(config_mode=0)
    device.drive(sample=1, target_valid=0)
    device.tick()
    device.drive(target_valid=1)
    for _ in range(2):
        device.send(random.integers(32, size=8).tolist())
        device.send([1 << SMALL.event_address_bits | 1])
        device.tick()
    device.settle()
    device.configure(config_mode=1)
    return [device.dump(name).tolist() for name in ("weights_in", "weights_rec", "weights_out")]


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_regularisation_of_each_kind(device, mode):
    """Section 11: additive regularisation is of kinds, multiplicative of all if it is of any."""
    seen = []
    for weights in range(4):
        found = learned(device, regul_mode=mode, regul_weights=weights)
        with open_model(SMALL) as model:
            assert found == learned(model, regul_mode=mode, regul_weights=weights)
        seen.append(found)
    none, *some = seen
    assert none not in some
    assert (some[0] == some[1] == some[2]) == (mode == 1)


@pytest.mark.parametrize("lanes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_alpha_of_each_word(lanes):
    """Section 9: a bit for each word of neurons chooses the top of its alpha; with few lanes
    too.
    """
    config = ReckonConfig(neurons=64, outputs=2, neuron_lanes=1, weight_lanes=4, lanes=lanes)

    def leak(device, selected):
        """Return the neuron words after a leak."""
        device.configure(learn=0, halt_on_error=0, cycles_per_tick=1 << 31)
        for number, value in enumerate(selected):
            device.configure(**{f"alpha_select_{number}": value})
        random = np.random.default_rng(7)
        states = [{"potential": value} for value in random.integers(-20000, 20000, 64).tolist()]
        words = [
            pack_neuron_word(config, [state], threshold=0x7FFF, alpha=0x345 + at)
            for at, state in enumerate(states)
        ]
        device.load("neurons", words)
        device.configure(config_mode=0)
        device.drive(sample=1)
        for _ in range(2):
            device.tick()
        device.settle()
        device.configure(config_mode=1)
        return device.dump("neurons").tolist()

    selected = (0xA5C3_0F96, 0x1234_5678)
    with RtlDevice(config) as rtl, open_model(config) as model, open_model(config) as plain:
        found = leak(rtl, selected)
        assert found == leak(model, selected)
        without = leak(plain, (0, 0))
    chosen = [selected[word // 32] >> word % 32 & 1 for word in range(64)]
    assert [a != b for a, b in zip(found, without, strict=True)] == list(map(bool, chosen))


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
