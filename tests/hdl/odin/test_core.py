"""ODIN as a whole: clock cycles, the same results on any arrangement, and what is switched off is
gone.
"""

import dataclasses
import itertools

import numpy as np
import pytest
from amaranth.hdl import Fragment

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.core import Odin
from spikewright.sim.rtl import RtlDevice
from spikewright.sim.trace import replay
from spikewright.sim.verify import record
from spikewright.synth.synthesis import synthesize

#: A leaky integrate-and-fire neuron that never fires.
SILENT = 1 | 0xFF << 9
SPIKE, VIRTUAL, ONE, ALL = 0x07, 0x21, 0xFF, 0x7F
BISTABILITY_ONE, BISTABILITY_ALL = 0x80, 0x00


def event(low, high=0, single=0):
    return single << 13 | high << 8 | low


#: Of 32 neurons.
EVENTS = {
    "virtual": event(VIRTUAL, 5),
    "single_synapse": event(9, 5, 1),
    "time_reference_one": event(ONE, 7),
    "time_reference_all": event(ALL),
    "spike": event(SPIKE, 5),
    "bistability_one": event(BISTABILITY_ONE, 3),
    "bistability_all": event(BISTABILITY_ALL),
}


def make_device(word=SILENT, engine="amaranth", **parameters):
    device = RtlDevice(OdinConfig(**parameters), engine=engine)
    device.configure(gate=1)
    device.load("neurons", [word] * device.config.neurons)
    device.configure(gate=0)
    return device


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_cycles(measure, lanes, ports):
    with make_device(neurons=32, lanes=lanes, neuron_memory_ports=ports, izhikevich=0) as device:
        expected = Odin(device.config).cycles()
        measured = {name: measure(device, [word]) for name, word in EVENTS.items()}
        assert measured == expected


def test_events_follow_each_other_without_a_pause(measure):
    with make_device(neurons=32, lanes=8, neuron_memory_ports=2, izhikevich=0) as device:
        cycles = Odin(device.config).cycles()
        names = [name for name in EVENTS if name != "bistability_all"]
        for first, second in itertools.product(names, repeat=2):
            events = [EVENTS[first], EVENTS[second]]
            assert measure(device, events) == cycles[first] + cycles[second], (first, second)


def test_cycles_of_a_core_that_does_not_learn(measure):
    with make_device(neurons=32, lanes=8, plasticity=0, izhikevich=0) as device:
        cycles = Odin(device.config).cycles()
        assert not [name for name in cycles if name.startswith("bistability")]
        assert {name: measure(device, [EVENTS[name]]) for name in cycles} == cycles


@pytest.mark.parametrize(
    ("lanes", "ports", "allowed"), [(1, 1, 513), (8, 1, 72), (1, 2, 260), (8, 2, 36)]
)
def test_a_spike_event_of_256_neurons(lanes, ports, allowed):
    config = OdinConfig(lanes=lanes, neuron_memory_ports=ports)
    assert Odin(config).cycles()["spike"] <= allowed


@pytest.mark.parametrize("plasticity", [0, 1])
def test_a_single_synapse_event_is_never_another_event(plasticity):
    """Whatever its target: 0 and 31 look like bistability and, with more neurons, a tick."""
    with make_device(engine="compiled", neurons=128, plasticity=plasticity) as device:
        device.configure(gate=1)
        device.load("synapses", [0xB] * 1, at=9 * 16)
        device.load("synapses", [0xB << 28] * 1, at=9 * 16 + 15)
        device.configure(gate=0)
        for target in (0, 127):
            device.send([1 << 15 | 9 << 8 | target])
            device.settle()
        device.configure(gate=1)
        words = [int(word) >> 70 & 0xFF for word in device.dump("neurons")]
        assert words == [3] + [0] * 126 + [3]


def test_bistability_of_all_rows_regards_no_address():
    with make_device(engine="compiled", neurons=32) as device:
        device.configure(gate=1)
        device.load("synapses", [0x9CA8B900] * 128)
        device.configure(gate=0)
        device.send([event(BISTABILITY_ALL, 21)])
        device.settle()
        device.configure(gate=1)
        # Weights from 4 on rise, others fall; those without a mapping bit stay.
        assert {int(word) for word in device.dump("synapses")} == {0x8D98A800}


#: Recorded once on the model, with all features, for each of these.
ARRANGEMENTS = [
    (1, 1, None),
    (1, 2, 11),
    (2, 1, 12),
    (4, 2, 13),
    pytest.param(2, 2, None, marks=pytest.mark.slow),
    pytest.param(4, 1, 14, marks=pytest.mark.slow),
    pytest.param(8, 1, 15, marks=pytest.mark.slow),
    pytest.param(8, 2, None, marks=pytest.mark.slow),
]
SEEDS = (40, 41)


@pytest.fixture(scope="module")
def traces():
    config = OdinConfig(neurons=32, fifo_depth=8, weight_bits=4)
    return [record(config, seed) for seed in SEEDS]


@pytest.mark.parametrize(("lanes", "ports", "stall_seed"), ARRANGEMENTS)
def test_results_do_not_depend_on_the_arrangement(traces, lanes, ports, stall_seed):
    for trace in traces:
        config = dataclasses.replace(trace.config, lanes=lanes, neuron_memory_ports=ports)
        with RtlDevice(config, stall_seed=stall_seed) as device:
            result = replay(trace, device)
        assert result.ok, (trace.name, result.difference)


#: Switches, and submodules that have no place in a core without.
SWITCHES = {
    "lif": {"lif_integrate"},
    "izhikevich": {"accumulate", "respond", "recover", "bursts"},
    "plasticity": {"calcium", "calcium_counter", "synapse", "bistability_0", "bistability_shown"},
    "burst_queue": {"bursts"},
}


def hierarchy(fragment):
    """Return the names of all submodules."""
    names = set()
    for part, name, _ in fragment.subfragments:
        names |= {name} | hierarchy(part)
    return names


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_is_not_there(switch):
    here = hierarchy(Fragment.get(Odin(OdinConfig(neurons=16)), None))
    gone = hierarchy(Fragment.get(Odin(OdinConfig(neurons=16, **{switch: 0})), None))
    assert here >= SWITCHES[switch]
    assert not gone & SWITCHES[switch]
    assert gone < here


@pytest.mark.slow
def test_what_is_switched_off_leaves_no_logic():
    def synthesized(**parameters):
        result = synthesize(Odin(OdinConfig(neurons=16, **parameters)), "top", "generic")
        gates = sum(result.cells.values()) - result.cells["memory_bits"]
        return result.ff, gates, result.cells["memory_bits"]

    flip_flops, gates, memory_bits = synthesized()
    # Of the burst queue, 57 slots of a state and four spikes; of plasticity, two flags per neuron.
    queue_bits = 57 * (5 + 4 * 5)
    for switch, bits in (
        ("lif", 0),
        ("izhikevich", queue_bits),
        ("plasticity", 16 * 2),
        ("burst_queue", queue_bits),
    ):
        fewer_flip_flops, fewer_gates, fewer_bits = synthesized(**{switch: 0})
        assert fewer_flip_flops < flip_flops, switch
        assert fewer_gates < 0.95 * gates, switch
        assert fewer_bits == memory_bits - bits, switch


#: Registers that are not there either.
REGISTERS = {
    "lif": set(),
    "izhikevich": {"burst_time_unit"},
    "plasticity": {"monitored_source", "learn_unmapped", "learn_on_synapse_event"},
    "burst_queue": {"burst_time_unit"},
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_switched_off_has_no_registers(switch):
    here = {register.name for register in Odin(OdinConfig(neurons=16)).interface.registers}
    gone = {
        register.name
        for register in Odin(OdinConfig(neurons=16, **{switch: 0})).interface.registers
    }
    assert here - gone == REGISTERS[switch]


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_core_with_a_switch_off_is_as_its_model(switch):
    trace = record(OdinConfig(neurons=16, **{switch: 0}), 7)
    with RtlDevice(trace.config, stall_seed=5) as device:
        result = replay(trace, device)
    assert result.ok, result.difference


def izhikevich_word(threshold=1, burst_spikes=0):
    return burst_spikes << 12 | threshold << 19


def test_a_missing_model_leaves_all_neurons_to_the_other():
    # Bit 0 says leaky integrate-and-fire; as an Izhikevich-type neuron with threshold 7 it counts.
    with make_device(izhikevich_word(7) | 1, engine="compiled", neurons=32, lif=0) as device:
        device.send([event(0xE1, 3)] * 4)
        assert device.settle().size == 0
        device.configure(gate=1)
        (word,) = device.dump("neurons", at=3, count=1)
        # 28 units are three carries and four of the next.
        assert (int(word) >> 70 & 0x7FF, int(word) >> 82 & 15) == (28, 3)
    # Bit 0 says Izhikevich-type; the potential of the other model rises by the weights.
    with make_device(0xFF << 9, engine="compiled", neurons=32, izhikevich=0) as device:
        device.send([event(0xE1, 3)] * 4)
        assert device.settle().size == 0
        device.configure(gate=1)
        (word,) = device.dump("neurons", at=3, count=1)
        assert int(word) >> 70 & 0xFF == 28


def test_without_plasticity_nothing_learns():
    random = np.random.default_rng(20270)
    learning = 1 | 0xFF << 9 | 1 << 17 | 7 << 32  # up at any potential, with any calcium
    with make_device(learning, engine="compiled", neurons=32, plasticity=0) as device:
        synapses = random.integers(0, 1 << 32, 32 * 4)
        device.configure(gate=1)
        device.load("synapses", synapses)
        device.configure(gate=0)
        for word in (event(ALL), event(SPIKE, 2), event(3, 2, 1), event(0x80, 2), event(0)):
            device.send([word])
            device.settle()
        device.configure(gate=1)
        assert [int(word) for word in device.dump("synapses")] == synapses.tolist()
        assert all(int(word) >> 78 & 0xFF == 0 for word in device.dump("neurons"))


@pytest.mark.parametrize("burst_queue", [0, 1])
def test_without_the_burst_queue_no_burst_is_replayed(burst_queue):
    with make_device(1, engine="compiled", neurons=32, burst_queue=burst_queue) as device:
        # All neurons but one are silent; that one fires at a carry, with three more spikes.
        device.configure(gate=1, output_source=1)
        device.load("neurons", [SILENT] * 32)
        device.load("neurons", [izhikevich_word(1, 3) | 7 << 22], at=9)
        if burst_queue:
            device.configure(burst_time_unit=2000)
        device.configure(gate=0)
        device.send([event(0x81, 9), event(0x81, 9)])
        assert device.settle().tolist() == [9] * (1 + 3 * burst_queue)


@pytest.mark.parametrize("time_unit", [1, 2, 3, 4, 7])
def test_quick_burst_ticks_starve_nothing(time_unit):
    """Slots pass more quickly than they are looked up, but events and bursts are served."""
    with make_device(engine="compiled", neurons=32) as device:
        device.configure(gate=1, output_source=1)
        device.load("neurons", [izhikevich_word(1, 7) | 7 << 22], at=9)
        device.configure(burst_time_unit=time_unit, gate=0)
        device.send([event(SPIKE, neuron) for neuron in (4, 5, 6)])
        assert device.settle().tolist() == [4, 5, 6]
        device.send([event(0x81, 9), event(0x81, 9)])
        assert device.settle().tolist() == [9] * 8


def lif_word(potential=0, threshold=255, leak=0):
    return 1 | leak << 1 | 1 << 8 | threshold << 9 | potential << 70


def synapse_words(synapses):
    """Return the synapse memory of sixteen neurons, given mapped weights by source and target."""
    words = [0] * 32
    for (source, target), weight in synapses.items():
        words[2 * source + target // 8] |= (8 | weight) << 4 * (target % 8)
    return words


def start(device, neurons, synapses, **registers):
    """Set up sixteen neurons, silent ones but for those given."""
    device.configure(gate=1)
    device.load("neurons", [neurons.get(neuron, lif_word()) for neuron in range(16)])
    device.load("synapses", synapse_words(synapses))
    device.configure(gate=0, **registers)


def small(low, high=0):
    """Return an event of a core with sixteen neurons."""
    return high << 8 | low


ORDER = [
    # One neuron fires at a tick. The next tick comes before its spike.
    (1, 6, 10, small(ONE, 6), [1]),
    # Four fill the queue. Its head comes before the next tick.
    (4, 6, 10, small(ONE, 6), [1, 2, 3, 4, 6]),
    # Bistability, which makes the synapse weaker, comes after the spike in any case.
    (1, 3, 8, small(BISTABILITY_ONE, 1), [1, 6]),
    (2, 3, 8, small(BISTABILITY_ALL), [1, 2, 6]),
]


@pytest.mark.parametrize("lanes", [1, 4])
def test_input_comes_before_the_queue(lanes):
    """Unless the queue is full; here pace matters, so that the model cannot be asked."""
    with RtlDevice(OdinConfig(neurons=16, lanes=lanes, fifo_depth=4)) as device:
        for spikes, weight, threshold, second, words in ORDER:
            # The first spike makes neuron 6 fire, if it has not leaked once more.
            neurons = {neuron: lif_word(5, 5) for neuron in range(1, 1 + spikes)}
            start(device, {**neurons, 6: lif_word(8, threshold, 3)}, {(1, 6): weight})
            device.send([small(ALL), second])
            assert device.settle().tolist() == words


@pytest.mark.parametrize("lanes", [1, 4])
def test_place_in_the_queue(lanes):
    """A spike event keeps its place while its spikes are pushed; ticks and replays have none."""
    to_all = {(9, neuron): 1 for neuron in range(6)}
    # Spikes that get into the queue make neuron 7 step up.
    synapses = {**to_all, **{(neuron, 7): 1 for neuron in range(6)}}
    burst = small(0x81, 9)
    with RtlDevice(OdinConfig(neurons=16, lanes=lanes, fifo_depth=4)) as device:
        for potential, events, room, first in (
            (4, [small(SPIKE, 9)], 3, []),
            (5, [small(ALL)], 4, []),
            # The first spike takes them to 4, its replay to 5.
            (3, [burst, burst], 4, [9]),
        ):
            neurons = {neuron: lif_word(potential, 5) for neuron in range(6)}
            neurons[9] = izhikevich_word(1, 1) | 7 << 22
            start(device, neurons, synapses, burst_time_unit=2000)
            device.send(events)
            assert device.settle().tolist() == [*first, 0, 1, 2, 3, 4, 5]
            device.configure(gate=1)
            (word,) = device.dump("neurons", 7, 1)
            assert int(word) >> 70 & 0xFF == room, events


@pytest.mark.parametrize("lanes", [1, 4])
def test_monitor(lanes):
    """Packets show what is stored; other neurons of the same row and other synapses show
    nothing.
    """
    # Learns at any potential and calcium below seven: up.
    learning = lif_word() | 1 << 17 | 7 << 32
    with RtlDevice(OdinConfig(neurons=16, lanes=lanes)) as device:
        start(device, dict.fromkeys(range(16), learning), {(3, 5): 2, (3, 6): 1, (4, 5): 5})
        device.send([small(ALL)])
        assert device.settle().size == 0
        device.configure(monitor_enable=1, monitored_neuron=5, monitored_source=3)
        up = 0x40
        for event, words in (
            # The synapse with its new weight, then the neuron after the old one.
            (small(SPIKE, 3), [0xFB, up, 2]),
            (small(SPIKE, 4), [up, 7]),
            (small(SPIKE, 3), [0xFC, up, 10]),
            # Other neurons, in the same row and elsewhere.
            (small(0x81, 4), []),
            (small(0x81, 6), []),
            (small(0x81, 13), []),
            (small(ONE, 6), []),
            (small(0x81, 5), [up, 14]),
            # Single-synapse events, into the neuron, into the same group, from elsewhere.
            (1 << 12 | small(5, 3), [up, 18, 0xFC]),
            (1 << 12 | small(6, 3), [0xFC]),
            (1 << 12 | small(6, 4), []),
            # Bistability: an upper half rises.
            (small(BISTABILITY_ONE, 4), []),
            (small(BISTABILITY_ONE, 3), [0xFD]),
            (small(BISTABILITY_ALL), [0xFE]),
        ):
            device.send([event])
            assert device.settle().tolist() == words, hex(event)
        # Learning on single-synapse events.
        device.configure(learn_on_synapse_event=1)
        device.send([1 << 12 | small(5, 3)])
        assert device.settle().tolist() == [up, 24, 0xFF]
