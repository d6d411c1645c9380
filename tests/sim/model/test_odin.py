"""The ODIN model against cases worked out by hand and against a slow, plain reference."""

import numpy as np
import pytest

from spikewright.hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD
from spikewright.hdl.odin.config import OdinConfig
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model.odin import OdinModel, update_neurons

TICK_ALL = 0x7F
LEARNING = {
    "learning_enable": 1,
    "calcium_threshold_1": 0,
    "calcium_threshold_2": 7,
    "calcium_threshold_3": 7,
}


def lif(**fields):
    """Put the word of a LIF neuron together; it does not fire unless told otherwise."""
    return pack(LIF_WORD, {"model": 1, "threshold": 255} | fields)


def izhikevich(**fields):
    return pack(IZHIKEVICH_WORD, {"threshold": 7} | fields)


def pack(layout, fields):
    value = 0
    for name, number in fields.items():
        assert 0 <= number < 1 << layout[name].width, name
        value |= number << layout[name].offset
    return value


def core(
    neuron_words=(), synapses=None, *, rest=None, parameters=None, gate=0, open_loop=1, **registers
):
    """Make a model ready for events.

    `synapses` maps (source, target) to a weight, or to a weight and a mapping bit; weights given
    alone are mapped. Neurons that are not named never fire.
    """
    model = OdinModel(OdinConfig(**{"neurons": 16} | (parameters or {})))
    count, bits = model.config.neurons, model.config.weight_bits
    model.configure(gate=1, open_loop=1)
    words = [lif() if rest is None else rest] * count
    for index, value in dict(neuron_words).items():
        words[index] = value
    model.load("neurons", words)
    rows = [0] * model.config.synapse_words
    for (pre, post), value in (synapses or {}).items():
        weight, mapped = value if isinstance(value, tuple) else (value, 1)
        nibble = mapped << bits | weight
        rows[(pre * count + post) // 8] |= nibble << (bits + 1) * (post % 8)
    model.load("synapses", rows)
    model.configure(open_loop=open_loop, **registers)
    model.configure(gate=gate)
    return model


def run(model, *events):
    model.send(events)
    return model.settle().tolist()


def dump(model, memory):
    """Read a memory and leave the gate as it was."""
    gate = model.register_values["gate"]
    model.configure(gate=1)
    words = model.dump(memory).tolist()
    model.configure(gate=gate)
    return words


def neurons(model):
    return dump(model, "neurons")


def potentials(model):
    """Potentials by neuron, where they are not zero."""
    values = {}
    for index, word in enumerate(neurons(model)):
        value = word >> 70 & 255 if word & 1 else word >> 82 & 15
        if value:
            values[index] = value
    return values


def weight(model, pre, post):
    bits, count = model.config.weight_bits, model.config.neurons
    word = dump(model, "synapses")[(pre * count + post) // 8]
    return word >> (bits + 1) * (post % 8) & ((1 << bits) - 1)


def spike(neuron, low=7):
    return neuron << 8 | low


def virtual(neuron, weight, inhibitory=0, tick=0):
    return neuron << 8 | weight << 5 | inhibitory << 4 | tick << 3 | 1


def tick(neuron):
    return neuron << 8 | 0xFF


def bistability(row):
    return row << 8 | 0x80


BISTABILITY_ALL = 0


def single(pre, post, neurons=16):
    return 1 << 8 + neurons.bit_length() - 1 | pre << 8 | post


def test_is_a_device():
    with OdinModel() as model:
        assert isinstance(model, Device)
        assert model.config == OdinConfig()
        assert set(model.register_values.values()) == {0}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"neurons": 16, "weight_bits": 1},
        {"neurons": 64, "weight_bits": 7},
        {"neurons": 1024},
        {"neurons": 32, "weight_bits": 4},
        {"neurons": 16, "lif": 0},
        {"neurons": 16, "izhikevich": 0, "plasticity": 0},
    ],
)
def test_memories_keep_every_bit(parameters):
    model = OdinModel(OdinConfig(**parameters))
    model.configure(gate=1)
    random = np.random.default_rng(1)
    for memory, size in model.memories.items():
        assert model.dump(memory).tolist() == [0] * size.words
        words = [int.from_bytes(random.bytes(16)) >> (128 - size.width) for _ in range(size.words)]
        words[0], words[-1] = 0, (1 << size.width) - 1
        model.load(memory, words)
        assert model.dump(memory).dtype == (object if memory == "neurons" else np.uint64)
        assert model.dump(memory).tolist() == words
        model.load(memory, [1, 2], at=3)
        words[3:5] = [1, 2]
        assert model.dump(memory).tolist() == words
        assert model.dump(memory, 2, 4).tolist() == words[2:6]
        assert model.dump(memory, size.words - 1).tolist() == words[-1:]
        assert model.dump(memory, size.words).tolist() == []
    # Still so after the neurons have been taken apart, without an event to move them.
    model.configure(gate=0, open_loop=1)
    model.send([])
    model.configure(gate=1)
    assert model.dump("neurons")[-1] == (1 << 128) - 1


def test_what_a_load_leaves():
    """Neurons that are not loaded keep their state, also between events."""
    model = core(synapses={(0, 1): 3, (0, 2): 4})
    model.send([spike(0)])
    model.configure(gate=1)
    model.load("neurons", [lif(potential=50)], at=2)
    model.configure(gate=0)
    model.send([spike(0)])
    assert potentials(model) == {1: 6, 2: 54}
    model.send([spike(0)])
    assert potentials(model) == {1: 9, 2: 58}


def test_synapse_of_word_and_nibble():
    """Section 5: word {pre, post[7:3]}, nibble post[2:0]."""
    model = core(parameters={"neurons": 256})
    model.configure(gate=1)
    model.load("synapses", [0xF0000009], at=(200 << 5) | 31)  # source 200, targets 248 to 255
    model.configure(gate=0)
    model.send([spike(200)])
    assert potentials(model) == {248: 1, 255: 7}


# Input events, section 6.


def test_low_field_of_spike_events():
    """P5: every L from 1 to 7 is a spike event."""
    model = core(synapses={(6, 3): 1}, output_source=1)
    for low in range(1, 8):
        assert run(model, spike(6, low)) == [6]
    assert potentials(model) == {3: 7}


def test_codes_of_all_low_fields():
    """What each of the 256 values of L does to neuron H, to another and to a synapse of H."""
    for low in range(256):
        model = core(
            {
                5: lif(potential=100, leak=1, leak_enable=1),
                2: lif(potential=50, leak=1, leak_enable=1),
            },
            {(5, 2): 4, (3, 5): 2, (5, 5): 6},
        )
        model.send([5 << 8 | low])
        found = potentials(model)[5], potentials(model)[2], weight(model, 5, 2), weight(model, 3, 5)
        if low == 0xFF:
            expected = 99, 50, 4, 2
        elif low == 0x7F:
            expected = 99, 49, 4, 2
        elif low == 0x80:
            expected = 100, 50, 5, 2
        elif low == 0:
            expected = 100, 50, 5, 1
        elif low < 8:
            expected = 106, 54, 4, 2
        elif low & 8:
            expected = 99, 50, 4, 2
        else:
            size = low >> 5
            expected = 100 - size if low & 16 else 100 + size, 50, 4, 2
        assert found == expected, low


@pytest.mark.parametrize("size", range(8))
@pytest.mark.parametrize("inhibitory", [0, 1])
@pytest.mark.parametrize("is_tick", [0, 1])
@pytest.mark.parametrize("bits", [1, 7])
def test_virtual_event(size, inhibitory, is_tick, bits):
    """Weight, sign and leak; three bits of weight whatever the synapses have."""
    if (size, inhibitory, is_tick) == (0, 0, 0):
        return
    start = {9: lif(potential=100, leak=20, leak_enable=1)}
    model = core(start, parameters={"weight_bits": bits}, sign_0=0xFFFF)
    assert run(model, virtual(9, size, inhibitory, is_tick)) == []
    moved = -20 if is_tick else -size if inhibitory else size
    assert potentials(model) == {9: 100 + moved}
    assert model.operations == 1


def test_input_words_of_a_large_core():
    """Section 1, F = 10: tests use L[8:0], the selector is L[9], the virtual field L[9:5]."""
    count = 1024
    rest = lif(potential=50, leak=1, leak_enable=1)
    model = core(synapses={(1000, 900): 6}, rest=rest, parameters={"neurons": count})
    model.send([1000 << 10 | 0x3FF])
    model.configure(gate=1)
    assert potentials(model)[1000] == 49
    assert potentials(model)[999] == 50
    model.configure(gate=0)
    model.send([1000 << 10 | 0x1FF])
    assert set(potentials(model).values()) == {48, 49}
    model.send([1000 << 10 | 0x7F])  # virtual field 3: inhibitory tick
    assert potentials(model)[1000] == 47
    model.send([1000 << 10 | 1])
    assert potentials(model)[900] == 55
    model.send([1000 << 10 | 0x1F])
    assert potentials(model)[900] == 61
    model.send([900 << 10 | 5 << 7 | 1 << 6 | 5])
    assert potentials(model)[900] == 56
    model.send([1 << 20 | 1000 << 10 | 900])
    assert potentials(model)[900] == 62
    model.send([1000 << 10 | 0x200])
    assert weight(model, 1000, 900) == 7
    model.send([1000 << 10])
    assert weight(model, 1000, 900) == 7
    assert weight(model, 5, 900) == 0


def test_higher_bits_of_a_small_core():
    """Section 1: post = L[M-1:0], higher bits are ignored; L has eight bits still."""
    model = core({3: lif(potential=10)}, {(2, 3): 5})
    model.send([single(2, 0xA3)])
    assert potentials(model) == {3: 15}
    model.send([single(2, 0xFF), single(2, 0), single(2, 0x7F), single(2, 0x80)])
    assert potentials(model) == {3: 15}


# Spike events, section 7.


def test_spikes_in_ascending_order():
    model = core(synapses={(7, n): 3 for n in (12, 0, 9, 15)}, rest=lif(threshold=3))
    assert run(model, spike(7)) == [0, 9, 12, 15]
    assert model.operations == 16


@pytest.mark.parametrize("count", [16, 512])
def test_sign_of_the_source(count):
    """Register 2+r and, from the sixteenth on, 16+r: bit b is neuron 16r+b."""
    sources = [0, 1, 15] + ([16, 255, 256, 511] if count > 16 else [])
    synapses = {(source, 8): 5 for source in sources}
    for inhibitory in sources:
        model = core({8: lif(potential=100)}, synapses, parameters={"neurons": count})
        model.configure(**{f"sign_{inhibitory // 16}": 1 << inhibitory % 16})
        low = count.bit_length() - 1 if count > 256 else 8
        for source in sources:
            model.send([source << low | 7])
        assert potentials(model) == {8: 100 + 5 * (len(sources) - 2)}
        model.configure(**{f"sign_{inhibitory // 16}": 0})
        model.send([inhibitory << low | 7])
        assert potentials(model) == {8: 100 + 5 * (len(sources) - 1)}


@pytest.mark.parametrize("propagate", [0, 1])
def test_mapping_bit_and_weight(propagate):
    """Register 24 lets unmapped weights act, in spike and in single events (P3)."""
    synapses = {(1, 2): (5, 1), (1, 3): (6, 0)}
    model = core(synapses=synapses, propagate_unmapped=propagate)
    model.send([spike(1)])
    assert potentials(model) == ({2: 5, 3: 6} if propagate else {2: 5})
    model.send([single(1, 2), single(1, 3)])
    assert potentials(model) == ({2: 10, 3: 12} if propagate else {2: 10})
    assert [weight(model, 1, n) for n in (2, 3)] == [5, 6]


def test_zero_weight_is_an_update():
    """Section 7: a weight of 0 moves nothing, but neurons fire and flags are recomputed."""
    model = core({3: lif(potential=9, threshold=9), 4: izhikevich(potential=7)})
    assert run(model, spike(1)) == [3, 4]
    assert run(model, spike(1)) == []


# Plasticity, sections 7 and 11.


def learners(**more):
    """Return neurons whose flags are: 0 up, 1 down, 2 neither."""
    return {
        0: lif(potential=100, learning_threshold=50, **LEARNING) | more.get("word", 0),
        1: lif(potential=10, learning_threshold=50, **LEARNING),
        2: lif(potential=100),
    }


@pytest.mark.parametrize("learn_unmapped", [0, 1])
def test_spike_event_learns(learn_unmapped):
    synapses = {(5, 0): 3, (5, 1): 3, (5, 2): 3, (5, 8): 3} | {(6, n): (3, 0) for n in (0, 1, 2)}
    model = core(learners(), synapses, learn_unmapped=learn_unmapped)
    model.send([TICK_ALL, spike(5), spike(6)])
    assert [weight(model, 5, n) for n in (0, 1, 2, 8)] == [4, 2, 3, 3]
    changed = [4, 2, 3] if learn_unmapped else [3, 3, 3]
    assert [weight(model, 6, n) for n in (0, 1, 2)] == changed
    model.send([spike(5)] * 10)
    assert [weight(model, 5, n) for n in (0, 1, 2, 8)] == [7, 0, 3, 3]


def test_synapses_follow_flags_before_the_event():
    """Section 7, 1: the flags as they stand before the group's neurons are updated."""
    # The event itself takes the potential to the threshold for learning.
    start = {3: lif(potential=46, learning_threshold=50, **LEARNING)}
    model = core(start, {(5, 3): 4})
    model.send([TICK_ALL, spike(5)])
    assert weight(model, 5, 3) == 3  # it was below
    model.send([spike(5)])
    assert weight(model, 5, 3) == 4


def test_neurons_see_old_weights():
    """Section 7: all eight neurons use the word as read before the rewrite."""
    model = core(learners(), {(5, n): 3 for n in range(3)}, propagate_unmapped=0)
    model.send([TICK_ALL, spike(5)])
    assert potentials(model) == {0: 103, 1: 13, 2: 103}
    model = core(learners(), {(5, n): 3 for n in range(3)}, propagate_unmapped=1)
    model.send([TICK_ALL, spike(5)])
    assert potentials(model) == {0: 103, 1: 13, 2: 103}


def test_flags_before_the_first_update_are_clear_and_cleared_by_a_load():
    """P4 fixed: loading a neuron clears its flags; they are recomputed at its next event."""
    model = core(learners(), {(5, n): 3 for n in range(3)})
    model.send([spike(5)])
    assert [weight(model, 5, n) for n in range(3)] == [3, 3, 3]
    model.configure(gate=1)
    model.load("neurons", [lif()] * 1)
    model.configure(gate=0)
    model.send([spike(5), spike(5)])
    assert [weight(model, 5, n) for n in range(3)] == [3, 1, 3]


def test_flags_survive_a_change_of_the_model_of_other_neurons():
    both = {3: izhikevich(), 4: lif()}
    model = core(learners(), {(5, n): 3 for n in range(3)})
    model.send([TICK_ALL])
    model.configure(gate=1)
    model.load("neurons", [both[n] for n in (3, 4)], at=3)
    model.configure(gate=0)
    model.send([spike(5)])
    assert [weight(model, 5, n) for n in range(3)] == [4, 2, 3]


@pytest.mark.parametrize("learn", [0, 1])
@pytest.mark.parametrize("learn_unmapped", [0, 1])
@pytest.mark.parametrize("mapped", [0, 1])
def test_single_synapse_event_learns(learn, learn_unmapped, mapped):
    """Section 7: only its own nibble, only with register 25, flags before the update; P3."""
    synapses = {(5, n): (3, mapped) for n in range(3)}
    registers = {"learn_on_synapse_event": learn, "learn_unmapped": learn_unmapped}
    model = core(learners(), synapses, propagate_unmapped=1, **registers)
    model.send([TICK_ALL, single(5, 0)])
    changes = learn and (mapped or learn_unmapped)
    assert [weight(model, 5, n) for n in range(3)] == [4 if changes else 3, 3, 3]
    model.send([single(5, 1), single(5, 2)])
    assert [weight(model, 5, n) for n in range(3)] == ([4, 2, 3] if changes else [3, 3, 3])
    assert potentials(model) == {0: 103, 1: 13, 2: 103}
    assert model.operations == 19


def test_single_synapse_event_uses_flags_before():
    start = {3: lif(potential=46, learning_threshold=50, **LEARNING)}
    model = core(start, {(5, 3): 4}, learn_on_synapse_event=1)
    model.send([TICK_ALL, single(5, 3)])
    assert weight(model, 5, 3) == 3
    assert potentials(model) == {3: 50}
    model.send([single(5, 3)])
    assert weight(model, 5, 3) == 4


def test_single_synapse_event_has_the_sign_of_its_source():
    model = core({3: lif(potential=46)}, {(5, 3): 4}, sign_0=1 << 5)
    model.send([single(5, 3)])
    assert potentials(model) == {3: 42}


def test_virtual_events_and_ticks_do_not_learn():
    model = core(learners(), {(n, m): 3 for n in range(16) for m in range(3)})
    before = dump(model, "synapses")
    model.send([TICK_ALL, virtual(0, 3), virtual(1, 2, 1), virtual(0, 0, 0, 1), tick(1)])
    assert dump(model, "synapses") == before


@pytest.mark.parametrize("bits", [1, 2, 3, 7])
@pytest.mark.parametrize("learn_unmapped", [0, 1])
def test_bistability(bits, learn_unmapped):
    """P2: by row of the source; the upper half is told by the weight's top bit."""
    top = (1 << bits) - 1
    values = [0, 1, top // 2, top // 2 + 1, top - 1, top]
    after = [max(w - 1, 0) if w <= top // 2 else min(w + 1, top) for w in values]
    synapses = {
        (source, target): (value, mapped)
        for source in (5, 6)
        for mapped in (0, 1)
        for target, value in enumerate(values, 8 * mapped)
    }
    model = core(
        learners(), synapses, parameters={"weight_bits": bits}, learn_unmapped=learn_unmapped
    )

    def rows():
        return [[weight(model, source, n) for n in range(16)] for source in (5, 6)]

    def moved(row):
        first = after if learn_unmapped else values
        return [*first, 0, 0, *after, 0, 0]

    start = [*values, 0, 0, *values, 0, 0]
    assert rows() == [start, start]
    model.send([TICK_ALL, bistability(5)])  # flags do not matter
    assert rows() == [moved(0), start]
    model.send([bistability(4)])
    assert rows() == [moved(0), start]
    model = core(
        learners(), synapses, parameters={"weight_bits": bits}, learn_unmapped=learn_unmapped
    )
    assert run(model, BISTABILITY_ALL) == []
    assert rows() == [moved(0), moved(1)]
    assert model.operations == 0


@pytest.mark.parametrize("bits", [1, 5, 7])
def test_wide_weights_saturate(bits):
    top = (1 << bits) - 1
    synapses = {(5, n): w for n, w in ((0, top - 1), (1, 1), (2, top))}
    model = core(learners(), synapses, parameters={"weight_bits": bits})
    model.send([TICK_ALL, *[spike(5)] * 2])
    assert [weight(model, 5, n) for n in range(3)] == [top, 0, top]


# Queues, section 8.


def test_closed_loop_spikes_are_events():
    chain = {(n, n + 1): 4 for n in range(5)}
    closed = core(synapses=chain, rest=lif(threshold=4), open_loop=0)
    assert run(closed, spike(0)) == [1, 2, 3, 4, 5]
    opened = core(synapses=chain, rest=lif(threshold=4), open_loop=1)
    assert run(opened, spike(0)) == [1]


def test_each_event_is_done_before_the_next():
    synapses = {(0, 1): 4, (1, 2): 4, (8, 2): 1}
    model = core(synapses=synapses, rest=lif(threshold=4), open_loop=0, output_source=1)
    assert run(model, spike(0), spike(8), spike(9)) == [0, 1, 2, 8, 9]


@pytest.mark.parametrize(("depth", "count"), [(32, 64), (4, 16), (8, 16), (64, 128)])
def test_full_fifo_drops_spikes(depth, count):
    """P11: a spike event leaves room for depth - 1 spikes, a time reference for depth."""
    last = count - 1
    sizes = {"neurons": count, "fifo_depth": depth}
    every = {(last, n): 4 for n in range(count)}
    options = {"rest": lif(threshold=4), "open_loop": 0, "output_source": 1, "parameters": sizes}
    model = core(synapses=every, **options)
    assert run(model, spike(last)) == [last, *range(depth - 1)]
    assert potentials(model) == {}
    start = {n: lif(potential=4, threshold=4) for n in range(count)}
    assert run(core(start, **options), TICK_ALL) == list(range(depth))
    options["output_source"] = 0
    assert run(core(start, **options), TICK_ALL) == list(range(count))  # the output drops nothing


def test_entry_keeps_its_place():
    """Section 7: also for a spike of the last neuron."""
    synapses = {(0, 1): 4, (0, 2): 4, (0, 3): 4, (1, 4): 4, (1, 15): 4}
    options = {"rest": lif(threshold=4), "open_loop": 0, "output_source": 1}
    model = core(synapses=synapses, parameters={"fifo_depth": 4}, **options)
    # While 1 is processed, 1, 2 and 3 are in the queue: there is room for 4, not for 15.
    assert run(model, spike(0)) == [0, 1, 2, 3, 4]
    synapses = {(0, 1): 4, (0, 2): 4, (0, 3): 4, (0, 15): 4}
    model = core(synapses=synapses, parameters={"fifo_depth": 4}, **options)
    assert run(model, spike(0)) == [0, 1, 2, 3]


def test_virtual_event_keeps_its_place():
    start = {n: lif(potential=3, threshold=4) for n in range(5)}
    model = core(start, open_loop=0, output_source=1, parameters={"fifo_depth": 4})
    assert run(model, *[virtual(n, 1) for n in range(5)]) == [0, 1, 2, 3, 4]


def test_disabled_neuron_is_seen_by_nobody():
    """P19: it is updated, counts and learns like any other."""
    common = {"potential": 5, "threshold": 5, "calcium": 2, **LEARNING}
    model = core({0: lif(**common), 1: lif(disabled=1, **common)}, open_loop=0, output_source=1)
    assert run(model, spike(9)) == [9, 0]
    words = neurons(model)
    assert words[1] == words[0] | 1 << 127
    common = {"potential": 7, "burst_spikes": 2}
    start = {0: izhikevich(**common), 1: izhikevich(disabled=1, **common)}
    model = core(start, open_loop=0, burst_time_unit=9)
    assert run(model, spike(9)) == [0]
    model = core(
        {1: izhikevich(disabled=1, **common)}, open_loop=0, burst_time_unit=9, output_source=1
    )
    assert run(model, spike(9)) == [9]
    assert neurons(model)[1] >> 124 & 1  # BU, which nothing clears


# Bursts, section 8.


def bursting(spikes, interval=0, **fields):
    """A neuron that fires a burst at the next event, and rests at -1 afterwards."""
    return izhikevich(
        potential=7, reset_depth=1, burst_spikes=spikes, burst_interval=interval, **fields
    )


def burst_core(start, **options):
    settings = {"open_loop": 0, "burst_time_unit": 100, "output_source": 1}
    return core(start, **settings | options)


@pytest.mark.parametrize("spikes", range(8))
@pytest.mark.parametrize("interval", [0, 3, 7])
def test_burst(spikes, interval):
    model = burst_core({3: bursting(spikes, interval)})
    assert run(model, tick(3)) == [3] * (1 + spikes)
    assert not neurons(model)[3] >> 124 & 1  # the last replay has cleared BU
    assert neurons(model)[3] >> 81 & 1  # still refractory: the potential did not lift
    assert run(model, tick(3)) == []
    assert not neurons(model)[3] >> 81 & 1


def test_burst_intervals_order_the_spikes():
    """The k-th spike comes k(i+1) ticks later."""
    model = burst_core({3: bursting(3, 2), 5: bursting(5, 1)})  # at 3, 6, 9 and 2, 4, 6, 8, 10
    assert run(model, TICK_ALL) == [3, 5, 5, 3, 5, 3, 5, 5, 3, 5]


def test_entries_of_a_slot_are_in_order():
    model = burst_core({3: bursting(2, 1), 5: bursting(1, 3), 9: bursting(1, 1)})
    # Slot 2 has 3 and 9, slot 4 has 3 and 5.
    assert run(model, TICK_ALL) == [3, 5, 9, 3, 9, 3, 5]


def test_longest_burst():
    """7 x 8 slots ahead is the slot before the current one."""
    model = burst_core({3: bursting(7, 7), 5: bursting(7, 7)})
    assert run(model, TICK_ALL) == [3, 5] * 8
    assert run(model, spike(0)) == [0]


def test_main_fifo_is_emptied_before_the_next_burst_tick():
    synapses = {(3, 4): 4, (4, 6): 4}
    model = burst_core({3: bursting(1)} | {n: lif(threshold=4) for n in (4, 6)}, synapses=synapses)
    assert run(model, tick(3)) == [3, 4, 6, 3, 4, 6]


def test_current_slot_precedes_the_main_fifo():
    """Two replays in one slot: the second comes before what the first has caused."""
    synapses = {(3, 4): 4}
    start = {3: bursting(1), 5: bursting(1), 4: lif(threshold=4)}
    model = burst_core(start, synapses=synapses)
    # In the main FIFO: 3, 5, then 4, which 3 causes. In the next slot: 3 and 5.
    assert run(model, TICK_ALL) == [3, 5, 4, 3, 5, 4]


def test_replay_that_fires_a_burst():
    """Entries go into slots counted from the current one."""
    model = burst_core(
        {3: bursting(1, 1), 8: izhikevich(threshold=2, burst_spikes=1)}, synapses={(3, 8): 4}
    )
    # Two spikes of 3 are one carry; after four, V of neuron 8 reaches 2 and it fires, once more 2
    # slots later... and its own replay does nothing.
    assert run(model, tick(3)) == [3, 3]
    model.configure(gate=1)
    model.load("neurons", [bursting(1, 1)], at=3)
    model.configure(gate=0)
    assert run(model, tick(3)) == [3, 3, 8, 8]


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_full_slot_drops_spikes(depth):
    """P6 fixed: a slot keeps `depth` entries, later ones are lost, the last mark with them."""
    start = {n: bursting(1) for n in range(6)}
    model = burst_core(start, parameters={"burst_slot_depth": depth})
    assert run(model, TICK_ALL) == [*range(6), *range(depth)]
    locked = [word >> 124 & 1 for word in neurons(model)[:6]]
    assert locked == [0] * depth + [1] * (6 - depth)
    # And again: the slots are empty now.
    model.configure(gate=1)
    model.load("neurons", [bursting(1)] * 6)
    model.configure(gate=0)
    assert run(model, TICK_ALL) == [*range(6), *range(depth)]


def test_last_mark_is_for_the_source_alone():
    """The burst end is that of neuron m = p; another neuron's BU stays."""
    locked = izhikevich(burst_lock=1, refractory=1, potential=14)
    model = burst_core({3: bursting(1), 5: locked})
    assert run(model, tick(3)) == [3, 3]
    assert [neurons(model)[n] >> 124 & 1 for n in (3, 5)] == [0, 1]


def test_only_the_last_replay_ends_the_burst():
    """Neuron 3 cannot leave refractoriness by ticks between its replays, but after the last."""
    model = burst_core({3: bursting(2)}, synapses={(3, 3): 1})
    assert run(model, tick(3)) == [3, 3, 3]
    assert not neurons(model)[3] >> 124 & 1
    # The entry from an input event carries no mark.
    model = burst_core({3: izhikevich(burst_lock=1, refractory=1, potential=15)})
    run(model, spike(3), spike(3))
    assert neurons(model)[3] >> 124 & 1


@pytest.mark.parametrize("options", [{"open_loop": 1}, {"burst_time_unit": 0}])
def test_p8_without_burst_queue_a_neuron_stays_refractory(options):
    model = burst_core({3: bursting(2)}, **options)
    assert run(model, tick(3)) == ([3] if options.get("burst_time_unit") == 0 else [])
    for _ in range(20):
        model.send([tick(3)])
    assert neurons(model)[3] >> 124 & 1
    assert neurons(model)[3] >> 81 & 1


def test_later_spikes_of_a_burst_do_not_show_in_source_0():
    model = burst_core({3: bursting(4)}, output_source=0)
    assert run(model, tick(3)) == [3]


def test_main_fifo_full_does_not_stop_a_burst():
    """The first spike is lost, the slots take theirs."""
    start = {n: lif(potential=4, threshold=4) for n in range(4)} | {5: bursting(1)}
    model = burst_core(start, parameters={"fifo_depth": 4})
    assert run(model, TICK_ALL) == [0, 1, 2, 3, 5]


def test_mixed_lock_gives_single_spikes():
    start = {3: bursting(3, mixed_lock=1, previous_stimulation=1, stimulation_threshold=1)}
    assert run(burst_core(start), virtual(3, 0, 1)) == [3]


@pytest.mark.parametrize("rest", [lif(), izhikevich()], ids=["lif", "izhikevich"])
@pytest.mark.parametrize("monitored", [3, 9])
def test_mixed_lock_is_gone_before_the_spike(rest, monitored):
    """A lock that nothing can set again is cleared by an update of all neurons, stimulation being
    weak; after that the neuron has its bursts, also by an event for it alone.
    """
    neuron = izhikevich(
        threshold=1,
        reset_depth=1,
        burst_spikes=3,
        stimulation_threshold=1,
        mixed_lock=1,
        accumulator=7,
    )
    model = burst_core({3: neuron}, rest=rest, monitor_enable=1, monitored_neuron=monitored)
    run(model, TICK_ALL)
    assert not neurons(model)[3] >> 98 & 1
    model.configure(monitor_enable=0)
    assert run(model, virtual(3, 1)) == [3, 3, 3, 3]


# Output, section 10.


@pytest.mark.parametrize("source", [0, 1])
def test_output_source(source):
    """With source 1 only spike events give a word, whether anything fires or not."""
    model = core({3: lif(threshold=5)}, {(9, 3): 5}, output_source=source, monitored_neuron=7)
    assert run(model, spike(9)) == ([9] if source else [3])
    assert run(model, spike(8)) == ([8] if source else [])
    assert run(model, virtual(3, 5)) == ([] if source else [3])
    assert run(model, single(9, 3)) == ([] if source else [3])
    assert run(model, virtual(3, 5, 0, 1), tick(3), TICK_ALL, bistability(9)) == []


def test_p9_one_word_wherever_the_monitored_neuron_is():
    for monitored in (0, 3, 15):
        model = core(rest=lif(threshold=0), output_source=1, monitored_neuron=monitored)
        assert run(model, spike(9)) == [9]


def packet(event=0, up=0, down=0, calcium=0, rotation=0):
    return event << 7 | up << 6 | down << 5 | calcium << 2 | rotation


def monitor(start, synapses=None, **options):
    settings = {"monitor_enable": 1, "monitored_neuron": 3, "monitored_source": 5}
    return core(start, synapses, **settings | options)


def test_monitored_lif_neuron():
    """P10: two packets at each update, changed or not."""
    up = lif(potential=60, learning_threshold=50, calcium=3, threshold=70, **LEARNING)
    model = monitor({3: up})
    assert run(model, TICK_ALL) == [packet(up=1, calcium=3), 60]
    assert run(model, tick(3)) == [packet(up=1, calcium=3), 60]
    assert run(model, spike(1)) == [packet(up=1, calcium=3), 60]
    assert run(model, virtual(3, 7)) == [packet(up=1, calcium=3), 67]
    assert run(model, virtual(3, 7, 1), virtual(3, 7, 1), virtual(3, 7, 1)) == [
        *[packet(up=1, calcium=3), 60, packet(up=1, calcium=3), 53],
        *[packet(down=1, calcium=3), 46],
    ]
    assert run(model, tick(2), virtual(4, 3), single(1, 2)) == []
    assert run(model, single(1, 3)) == [packet(down=1, calcium=3), 46]


@pytest.mark.parametrize("disable", [0, 1])
def test_monitored_neuron_fires(disable):
    """Source 0: the event bit is a spike that the outside sees."""
    start = {
        2: lif(potential=9, threshold=9),
        3: lif(potential=9, threshold=9, disabled=disable, calcium=1, **LEARNING),
    }
    event = packet(event=1 - disable, calcium=2, up=1)
    assert run(monitor(start), TICK_ALL) == [event, 0]
    assert run(monitor(start), tick(3)) == [event, 0]
    assert run(monitor(start), tick(2)) == []


def test_monitored_neuron_with_source_1():
    """The event bit tells updates by spike events of the neuron itself."""
    start = {3: lif(potential=9, threshold=9)}
    model = monitor(start, {(3, 3): 2, (4, 3): 2}, output_source=1)
    assert run(model, tick(3)) == [packet(), 0]
    assert run(model, spike(4)) == [packet(), 2]
    assert run(model, spike(3)) == [packet(event=1), 4]
    assert run(model, single(3, 3), virtual(3, 1)) == [packet(), 6, packet(), 7]
    model = monitor({3: lif(potential=9, threshold=9)}, output_source=1, open_loop=0)
    assert run(model, tick(3)) == [packet(), 0, packet(event=1), 0]


def test_monitored_izhikevich_neuron():
    start = {3: izhikevich(potential=2, resonance_enable=1, rotation=2, calcium=6)}
    assert run(monitor(start), spike(0)) == [packet(rotation=2, calcium=6), 2]
    start = {3: izhikevich(potential=6, resonance_enable=1, reset_depth=5, accumulator=7)}
    assert run(monitor(start), virtual(3, 1)) == [packet(event=1, rotation=1), 5]
    start = {3: izhikevich(potential=6, reset_depth=5, accumulator=7)}
    assert run(monitor(start), virtual(3, 1)) == [packet(event=1), 11]


def test_neuron_packets_in_source_order_of_a_cascade():
    start = {3: lif(threshold=4)}
    model = monitor(start, {(0, 3): 4, (3, 3): 1}, open_loop=0)
    assert run(model, spike(0)) == [packet(event=1), 0, packet(), 1]


@pytest.mark.parametrize(
    ("target", "group"),
    [(0, True), (3, True), (7, True), (8, False), (11, False)],
)
@pytest.mark.parametrize("neuron", [0, 3, 8])
def test_monitored_synapse(target, group, neuron):
    """One packet at each rewrite of the word; neuron packets first if in the same cycle."""
    start = {neuron: lif(potential=60, learning_threshold=50, **LEARNING)}
    synapses = {(5, neuron): 4, (4, neuron): 4}
    model = monitor(start, synapses, monitored_neuron=neuron, learn_on_synapse_event=1)
    model.send([TICK_ALL])
    model.settle()
    both = [packet(up=1), 64]
    expected = [*both, 0xFD] if neuron % 8 == 0 else [0xFD, *both]
    assert run(model, spike(5)) == expected
    assert run(model, spike(4)) == [packet(up=1), 68]
    if target == neuron:
        assert run(model, single(5, target)) == [packet(up=1), 73, 0xFE]
    else:
        assert run(model, single(5, target)) == ([0xFD] if target // 8 == neuron // 8 else [])
    assert run(model, single(4, target)) == ([packet(up=1), 78] if target == neuron else []) or (
        target == neuron
    )


def test_monitored_synapse_not_rewritten_by_others():
    model = monitor({3: lif()}, {(5, 3): 4})
    assert run(model, virtual(5, 3), tick(5), virtual(5, 0, 0, 1)) == []
    assert run(model, bistability(4)) == []
    assert run(model, bistability(5)) == [0xFD]
    assert run(model, BISTABILITY_ALL) == [0xFE]
    assert run(model, single(5, 4)) == [0xFE]  # the same word, not changed
    assert run(model, single(5, 8)) == []


@pytest.mark.parametrize("mapped", [0, 1])
@pytest.mark.parametrize(
    ("bits", "value", "shown"),
    [(1, 1, 1), (2, 3, 3), (3, 5, 5), (4, 0b1010, 0b101), (7, 0b1100111, 0b110)],
)
def test_monitored_synapse_of_other_widths(bits, value, shown, mapped):
    """Section 1: zero-extended to three bits, or the top three."""
    model = monitor({3: lif()}, {(5, 3): (value, mapped)}, parameters={"weight_bits": bits})
    assert run(model, spike(5))[0] == 0xF0 | mapped << 3 | shown


def test_monitoring_hides_spikes_of_others():
    model = monitor({2: lif(threshold=0), 3: lif()}, monitored_source=9)
    assert run(model, TICK_ALL, spike(1)) == [0, 0, 0, 0]


# The gate and raw access.


def test_gate_holds_events_back():
    model = core({3: lif(threshold=5), 4: lif(potential=5, threshold=5)}, {(9, 3): 5})
    model.configure(gate=1)
    assert run(model, spike(9), tick(4)) == []
    model.send([spike(9)])
    assert model.dump("neurons", 3, 2).tolist() == [
        lif(threshold=5),
        lif(potential=5, threshold=5),
    ]
    model.configure(gate=0)
    assert model.settle().tolist() == [3, 4, 3]
    model.configure(gate=1)
    model.configure(gate=0)
    assert run(model) == []


def test_held_events_see_what_was_loaded_meanwhile():
    model = core({3: lif(threshold=5)}, {(9, 3): 5})
    model.configure(gate=1)
    events = np.array([spike(9)])
    model.send(events)
    events[0] = 0  # the caller's array is not kept
    model.load("neurons", [lif(threshold=6)], at=3)
    model.configure(gate=0)
    assert model.settle().tolist() == []
    assert potentials(model) == {3: 5}


def test_output_survives_the_gate():
    model = core({0: lif(potential=5, threshold=5)})
    model.send([tick(0)])
    model.configure(gate=1)
    assert model.settle().tolist() == [0]


def test_registers_are_written_in_order():
    model = core({8: lif(potential=50)}, {(5, 8): 5})
    model.configure(gate=1)
    model.send([spike(5)])
    model.configure(gate=0, sign_0=0xFFFF)
    assert potentials(model) == {8: 55}
    model.send([spike(5)])
    assert potentials(model) == {8: 50}


def test_raw_spi():
    """Section 3: masked bytes; read bits and what lies outside have no effect."""
    model = core({3: lif(potential=0x35)}, {(2, 9): 6}, gate=1)
    spi = model.pins.spi
    neurons, synapses = spi.places["neurons"], spi.places["synapses"]

    def transact(first, data):
        return model.transact([first, data])[1]

    byte = model.dump("neurons", 3, 1)[0] >> 64 & 0xFF
    read = spi.read | neurons.at(3, 8)
    assert transact(read, 0) == byte
    both = read | spi.write
    assert transact(both, 0xF000) == byte
    assert transact(read, 0) == byte & 0xF0
    assert transact(spi.read | neurons.at(3, 16), 0) == 0
    assert transact(spi.read | synapses.at(2 * 2 + 1), 0) == 0xE0
    transact(spi.write | synapses.at(5), 0x00B0)
    assert weight(model, 2, 9) == 3


# Configurations.


def test_without_izhikevich_all_neurons_are_lif():
    words = {3: lif(potential=50, threshold=60, leak=3, leak_enable=1) & ~1}
    model = core(words, parameters={"izhikevich": 0})
    model.send([TICK_ALL])
    assert neurons(model)[3] == lif(potential=47, threshold=60, leak=3, leak_enable=1) & ~1
    assert "burst_time_unit" not in model.register_values


def test_without_lif_all_neurons_are_izhikevich():
    model = core({3: izhikevich(accumulator=7) | 1}, {(5, 3): 1}, parameters={"lif": 0})
    model.send([spike(5)])
    assert neurons(model)[3] == izhikevich(accumulator=8, potential=1, stimulation=1) | 1


def test_without_plasticity():
    """Weights, calcium and its counter stay, flags are 0, and no synapse word is rewritten."""
    start = {
        3: lif(potential=9, threshold=9, calcium=2, calcium_period=1, calcium_count=4, **LEARNING),
        4: izhikevich(potential=7, calcium=2, calcium_period=1, calcium_count=4, **LEARNING),
    }
    model = core(
        start,
        {(5, 3): 4, (5, 4): 4},
        parameters={"plasticity": 0},
        monitor_enable=1,
        monitored_neuron=3,
    )
    for name in ("monitored_source", "learn_unmapped", "learn_on_synapse_event"):
        assert name not in model.register_values
    assert run(model, TICK_ALL) == [packet(event=1, calcium=2), 0]
    assert run(model, spike(5), spike(0)) == [packet(calcium=2), 4, packet(calcium=2), 4]
    assert run(model, single(5, 3)) == [packet(calcium=2), 8]
    before = dump(model, "synapses")
    assert run(model, bistability(5), BISTABILITY_ALL, bistability(0)) == []
    assert dump(model, "synapses") == before
    model.send([TICK_ALL] * 3)
    words = neurons(model)
    assert [words[3] >> 78 & 255, words[4] >> 116 & 255] == [2 | 4 << 3] * 2


def test_without_burst_queue():
    model = core({3: bursting(3)}, parameters={"burst_queue": 0}, open_loop=0, output_source=1)
    assert "burst_time_unit" not in model.register_values
    assert run(model, tick(3)) == [3]
    assert neurons(model)[3] >> 124 & 1


@pytest.mark.parametrize("parameters", [{"lanes": 8}, {"neuron_memory_ports": 2}])
def test_speed_parameters_change_nothing(parameters):
    start = {0: lif(potential=5, threshold=5), 1: izhikevich(potential=7)}
    plain, fast = (core(start, {(3, 2): 5}, parameters=more) for more in ({}, parameters))
    assert run(plain, spike(3), TICK_ALL) == run(fast, spike(3), TICK_ALL)
    assert neurons(plain) == neurons(fast)


# Networks without end, and mistakes.


def test_a_network_that_keeps_itself_going():
    model = core({0: lif(threshold=0)}, open_loop=0)
    model.event_limit = 50
    with pytest.raises(BusyError, match="has caused 50 queued events"):
        model.send([spike(9)])
    assert model.operations == 50 * 16
    model.configure(gate=1)
    model.load("neurons", [lif()])
    model.configure(gate=0)
    model.settle()
    assert run(model, spike(9)) == []


def test_opening_the_gate_goes_on_with_what_is_queued():
    model = core({0: lif(threshold=0)}, open_loop=0, output_source=1)
    model.event_limit = 50
    with pytest.raises(BusyError):
        model.send([spike(9)])
    model.settle()
    model.configure(gate=1)
    with pytest.raises(BusyError):
        model.configure(gate=0)
    assert model.settle().tolist() == [0] * 50


@pytest.mark.parametrize("register", [{"open_loop": 1}, {"burst_time_unit": 0}])
def test_burst_queue_is_cleared_when_it_is_off(register):
    """Section 8: else it is held empty."""
    model = burst_core({3: bursting(7)})
    model.event_limit = 3
    with pytest.raises(BusyError):
        model.send([tick(3)])
    model.configure(gate=1)
    model.configure(**register)
    model.configure(open_loop=0, burst_time_unit=5, gate=0)
    model.settle()
    assert run(model, spike(9)) == [9]


# The twenty behaviours, section 18: name, word, windows of input and of output.
#
# A window is k carries, given as 2|k| virtual events of weight 4, then a time reference. Output: i
# is a spike during the input, t at the time reference, a digit the number of words if not one.

BEHAVIOURS = [
    ("A tonic spiking", 0x580000, "0 0 2 2 2 2 2 2 2 2 2 2 0 0 0", ". . . i . i . i . i . i . . ."),
    (
        "B phasic spiking",
        0x280500000,
        "0 0 3 3 3 3 3 3 0 0 0 3 3 3 0",
        ". . i . . . . . . . . i . . .",
    ),
    (
        "C tonic bursting",
        0x90A000,
        "0 1 1 1 1 1 1 1 1 1 1 1 1 0 0",
        ". . i3 . . i3 . . i3 . . i3 . . .",
    ),
    (
        "D phasic bursting",
        0x28050A000,
        "0 3 3 3 3 3 3 0 0 0 3 3 3 0",
        ". i3 . . . . . . . . i3 . . .",
    ),
    (
        "E mixed mode",
        0x48050A000,
        "0 3 3 3 3 3 3 3 0 0 0 3 3 3 0",
        ". i3 i i i i i i . . . i3 i i .",
    ),
    (
        "F spike frequency adaptation",
        0x7E0000080000,
        "0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 0 0",
        ". i . i . . i . . . i . . . . i . . . i . . . . . .",
    ),
    (
        "G class 1",
        0x300000,
        "0 0 1 1 1 1 1 1 2 2 2 2 2 2 3 3 3 3 3 3 4 4 4 4 4 4 6 6 6 6",
        ". . . . . . . i . . i . . i . i . i . i . i i . i i i i i i",
    ),
    (
        "H class 2",
        0x900180000,
        "0 0 1 1 1 1 2 2 2 2 3 3 3 3 4 4 4 4 4 4 5 5 5 5 6 6 6 6",
        ". . . . . . . . . . . . . . . i i i2 i i i2 i2 i i2 i2 i2 i2 i2",
    ),
    ("I latency", 0x18100000, "0 2 0 0 0 0 0 0 0 0", ". . . . t . . . . ."),
    ("K resonator 1", 0x10000180000, "0 2 0 2 0 0 0 0 0", ". . . . . . . . ."),
    ("K resonator 2", 0x10000180000, "0 2 0 0 2 0 0 0", ". . . . t . . ."),
    ("K resonator 3", 0x10000180000, "0 2 0 0 0 2 0 0 0", ". . . . . i . . ."),
    ("K resonator 4", 0x10000180000, "0 2 0 0 0 0 0 2 0 0 0", ". . . . . . . . . . ."),
    ("K2 sharp 1", 0x1800000000003C0000, "0 1 0 1 0 0 0 0", ". . . . . . . ."),
    ("K2 sharp 2", 0x1800000000003C0000, "0 1 0 0 1 0 0 0", ". . . . i . . ."),
    ("K2 sharp 3", 0x1800000000003C0000, "0 1 0 0 0 1 0 0 0", ". . . . . . . . ."),
    ("L integrator 1", 0x200110, "0 2 3 0 0 0 0", ". . i . . . ."),
    ("L integrator 2", 0x200110, "0 2 0 3 0 0 0 0", ". . . . . . . ."),
    ("L integrator 3", 0x200110, "0 2 0 0 3 0 0 0", ". . . . . . . ."),
    ("M rebound 1", 0x3080600110, "0 0 -3 0 0 0 0 0", ". . . t . . . ."),
    ("M rebound 2", 0x3080600110, "0 0 -1 0 0 0 0 0", ". . . . . . . ."),
    ("M rebound 3", 0x3080600110, "0 0 -3 -3 0 0 0", ". . . . . . ."),
    ("N rebound burst", 0x308060B110, "0 0 -3 0 0 0 0 0", ". . . t4 . . . ."),
    ("O variability 1", 0x1A0000180110, "0 2 0 0 0 0", ". . . . . ."),
    ("O variability 2", 0x1A0000180110, "0 -2 2 0 0 0", ". . i . . ."),
    ("O variability 3", 0x1A0000180110, "0 -2 0 0 0 0 0 0 2 0", ". . . . . . . . . ."),
    (
        "P bistability",
        0x8080B80000,
        "0 0 2 0 0 0 0 0 0 0 0 2 0 0 0 0 0 0",
        ". . . t . t . t . t . t . . . . . .",
    ),
    ("Q after-potential 1", 0x26A00000, "0 4 0 2 0 0 0", ". i . i . . ."),
    ("Q after-potential 2", 0x26A00000, "0 4 0 0 0 0 2 0 0", ". i . . . . . . ."),
    ("R accommodation 1", 0x800000100000, "0 1 2 3 4 5 5 0 0", ". . . . . . . . ."),
    ("R accommodation 2", 0x800000100000, "0 0 0 3 0 0", ". . . i . ."),
    (
        "S inhibition-induced",
        0x5000980000,
        "0 0 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 0 0 0 0",
        ". . . . . . t . t . t . t . . .",
    ),
    (
        "T inhibition-induced bursts",
        0x500098A000,
        "0 0 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 0 0 0 0",
        ". . . . . . t3 . t3 . t3 . t3 . . .",
    ),
]


def give_window(model, neuron, carries):
    """Give a window's input, then its time reference; return the words of both."""
    outputs = []
    for _ in range(2 * abs(carries)):
        outputs += run(model, virtual(neuron, 4, int(carries < 0)))
    return outputs, run(model, tick(neuron))


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour[0])
def test_behaviour(behaviour):
    name, word, inputs, outputs = behaviour
    bursts = name[0] in "CDENT"
    options = {"open_loop": 0, "burst_time_unit": 1000, "output_source": 1} if bursts else {}
    model = core({3: word, 4: izhikevich()}, **options)
    seen = []
    for carries in inputs.split():
        during, at_tick = give_window(model, 3, int(carries))
        window = "".join(
            letter + (str(len(words)) if len(words) > 1 else "")
            for letter, words in (("i", during), ("t", at_tick))
            if words
        )
        seen.append(window or ".")
    assert seen == outputs.split()


def test_subthreshold_oscillations():
    """Behaviour J: phase and potential after each window."""
    model = core({3: 0x10000E00000}, monitor_enable=1, monitored_neuron=3, monitored_source=9)
    states = []
    for carries in [0, 4, *[0] * 14]:
        _, packets = give_window(model, 3, carries)
        states.append(f"{packets[0] & 3}:{packets[1]}")
    assert " ".join(states) == "0:0 2:3 0:3 3:3 1:2 2:2 0:2 3:2 1:1 2:1 0:1 3:1 0:0 0:0 0:0 0:0"


class Reference:
    """The specification in plain Python, one neuron at a time, on whole memory words."""

    def __init__(self, config, neuron_words, synapse_words, registers):
        self.config = config
        self.n = config.neurons
        self.m = self.n.bit_length() - 1
        self.f = max(self.m, 8)
        self.top = 2**config.weight_bits - 1
        self.words = list(neuron_words)
        self.synapses = [
            (word >> (config.weight_bits + 1) * k) % (2 * self.top + 2)
            for word in synapse_words
            for k in range(8)
        ]
        self.flags = [(0, 0)] * self.n
        self.registers = registers
        self.fifo = []
        self.slots = [[] for _ in range(57)]
        self.p = 0
        self.output = []
        self.executed = 0
        self.fired = self.replayed = self.dropped = self.slot_drops = self.learned = 0

    def synapse_words(self):
        words = []
        for first in range(0, len(self.synapses), 8):
            bits = self.config.weight_bits + 1
            words.append(sum(s << bits * k for k, s in enumerate(self.synapses[first : first + 8])))
        return words

    def event(self, event):
        low = event % 2**self.f
        high = event // 2**self.f % self.n
        body = low % 2 ** (self.f - 1)
        only = low // 2 ** (self.f - 1) == 1
        if event // 2 ** (self.f + self.m) == 1:
            self.synapse_event(high, low % self.n)
        elif body == 2 ** (self.f - 1) - 1:
            for neuron in [high] if only else range(self.n):
                self.update(neuron, "tick", 0)
        elif body == 0:
            if self.config.plasticity:
                for row in [high] if only else range(self.n):
                    for group in range(self.n // 8):
                        self.rewrite(row, group, "bistability")
                        self.synapse_packet(row, group)
        else:
            self.fifo.append((low // 2 ** (self.f - 5), high))
        self.work()

    def work(self):
        while True:
            if self.slots[self.p]:
                neuron, last = self.slots[self.p][0]
                self.replayed += 1
                self.sweep(neuron, last)
                self.slots[self.p].pop(0)
            elif self.fifo:
                virtual, neuron = self.fifo[0]
                if virtual == 0:
                    self.sweep(neuron, False)
                elif virtual % 2 == 1:
                    self.update(neuron, "tick", 0)
                else:
                    kind = "inhibitory" if virtual // 2 % 2 == 1 else "excitatory"
                    self.update(neuron, kind, virtual // 4)
                self.fifo.pop(0)
            elif any(self.slots):
                self.p = (self.p + 1) % 57
                continue
            else:
                return
            self.executed += 1
            assert self.executed < 20000, "the stimulus of the test runs away"

    def sign(self, source):
        register = self.registers.get(f"sign_{source // 16}", 0)
        return "inhibitory" if register >> source % 16 & 1 else "excitatory"

    def acting(self, synapse):
        mapped = synapse > self.top
        return synapse % (self.top + 1) if mapped or self.registers["propagate_unmapped"] else 0

    def sweep(self, source, last):
        group_word = []
        for neuron in range(self.n):
            late_packet = False
            if neuron % 8 == 0:
                group_word = self.synapses[source * self.n + neuron :][:8]
                if self.config.plasticity:
                    self.rewrite(source, neuron // 8, "spike")
                    late_packet = neuron == self.registers["monitored_neuron"]
                    if not late_packet:
                        self.synapse_packet(source, neuron // 8)
            weight = self.acting(group_word[neuron % 8])
            self.update(neuron, self.sign(source), weight, last and neuron == source, source)
            if late_packet:
                self.synapse_packet(source, neuron // 8)
            if (
                neuron == self.registers["monitored_neuron"]
                and self.registers["output_source"]
                and not self.registers["monitor_enable"]
            ):
                self.output.append(source)

    def synapse_event(self, pre, post):
        synapse = self.synapses[pre * self.n + post]
        if self.config.plasticity and self.registers["learn_on_synapse_event"]:
            self.rewrite(pre, post // 8, "spike", only=post)
        self.update(post, self.sign(pre), self.acting(synapse))
        if self.config.plasticity:
            self.synapse_packet(pre, post // 8)

    def rewrite(self, pre, group, why, only=None):
        for post in range(8 * group, 8 * group + 8):
            if only is not None and post != only:
                continue
            synapse = self.synapses[pre * self.n + post]
            mapped, weight = divmod(synapse, self.top + 1)
            if not mapped and not self.registers["learn_unmapped"]:
                continue
            up, down = self.flags[post]
            if why == "bistability":
                up = weight >= (self.top + 1) // 2
                down = not up
            if up:
                weight = min(weight + 1, self.top)
            elif down:
                weight = max(weight - 1, 0)
            new = mapped * (self.top + 1) + weight
            self.learned += new != synapse
            self.synapses[pre * self.n + post] = new

    def synapse_packet(self, pre, group):
        neuron = self.registers["monitored_neuron"]
        if (
            self.registers["monitor_enable"]
            and pre == self.registers["monitored_source"]
            and group == neuron // 8
        ):
            mapped, weight = divmod(self.synapses[pre * self.n + neuron], self.top + 1)
            bits = self.config.weight_bits
            shown = weight if bits <= 3 else weight // 2 ** (bits - 3)
            self.output.append(0xF0 + 8 * mapped + shown)

    def update(self, neuron, kind, weight, burst_end=False, source=None):
        word = self.words[neuron]
        is_lif = word % 2 == 1
        if not self.config.lif or not self.config.izhikevich:
            is_lif = bool(self.config.lif)
        function = self.update_lif if is_lif else self.update_izhikevich
        result = function(word, kind, weight, burst_end)
        self.words[neuron], fires, spikes, interval, up, down, calcium, rotation, v = result
        self.flags[neuron] = up, down
        fires = fires and word >> 127 == 0
        values = self.registers
        if values["monitor_enable"]:
            if neuron == values["monitored_neuron"]:
                event = source == neuron if values["output_source"] else fires
                first = 128 * event + 64 * up + 32 * down + 4 * calcium + rotation
                self.output += [first, v]
        elif fires and not values["output_source"]:
            self.output.append(neuron)
        if not fires or values["open_loop"]:
            return
        if len(self.fifo) < self.config.fifo_depth:
            self.fifo.append((0, neuron))
        else:
            self.dropped += 1
        if values.get("burst_time_unit", 0):
            for k in range(1, spikes + 1):
                slot = self.slots[(self.p + k * (interval + 1)) % 57]
                if len(slot) < self.config.burst_slot_depth:
                    slot.append((neuron, k == spikes))
                else:
                    self.slot_drops += 1

    def count_calcium(self, enabled, period, level, count, tick, fires, spikes):
        """Return calcium and its counter."""
        if not enabled or not self.config.plasticity:
            return level, count
        leak = False
        if period > 0 and tick:
            leak = count == period - 1
            count = 0 if leak else (count + 1) % 32
        if fires and not leak:
            level = min(level + spikes, 7)
        if leak and not fires:
            level = max(level - 1, 0)
        return level, count

    def update_lif(self, word, kind, weight, burst_end):
        def bits(high, low):
            return word >> low & 2 ** (high - low + 1) - 1

        v, c, count = bits(77, 70), bits(80, 78), bits(85, 81)
        if kind == "tick":
            v = max(v - bits(7, 1), 0) if bits(8, 8) else v
        elif kind == "inhibitory":
            v = max(v - weight, 0)
        else:
            v = min(v + weight, 255)
        fires = v >= bits(16, 9)
        if fires:
            v = 0
        c, count = self.count_calcium(
            bits(17, 17), bits(39, 35), c, count, kind == "tick", fires, 1
        )
        learns = bits(17, 17) and self.config.plasticity
        one, two, three, edge = bits(28, 26), bits(31, 29), bits(34, 32), bits(25, 18)
        up = bool(learns and v >= edge and one <= c < three)
        down = bool(learns and v < edge and one <= c < two)
        state = v | c << 8 | count << 11
        word = word & ~(0xFFFF << 70) | state << 70
        return word, fires, 0, 0, up, down, c, 0, v

    def update_izhikevich(self, word, kind, weight, burst_end):
        def bits(high, low):
            return word >> low & 2 ** (high - low + 1) - 1

        tick = kind == "tick"
        # 13.1, parameters.
        leak, leak_en, fanin, bspk, bisi = (
            bits(7, 1),
            bits(8, 8),
            bits(11, 9),
            bits(14, 12),
            bits(17, 15),
        )
        sharp_en, thr, depth, delay = bits(18, 18), bits(21, 19), bits(24, 22), bits(27, 25)
        lat_en, dap_en, sthr, phasic_en = bits(28, 28), bits(29, 29), bits(32, 30), bits(33, 33)
        mixed_en, class2_en, neg_en, rebound_en = (bits(k, k) for k in (34, 35, 36, 37))
        inhin_en, bist_en, res_en, tvar_en, tvar_src = (bits(k, k) for k in (38, 39, 40, 41, 42))
        tleak, acc_en, ca_en, thetamem = bits(46, 43), bits(47, 47), bits(48, 48), bits(51, 49)
        theta1, theta2, theta3, caleak = bits(54, 52), bits(57, 55), bits(60, 58), bits(65, 61)
        binc, sharp_del = bits(66, 66), bits(69, 67)
        # 13.1, state.
        a, r, v, d, sp, sc = (
            *(bits(80, 70), bits(81, 81), bits(85, 82), bits(88, 86)),
            *(bits(92, 89), bits(96, 93)),
        )
        pl, ml, fw, ah, th = (
            bits(97, 97),
            bits(98, 98),
            bits(99, 99),
            bits(101, 100),
            bits(103, 102),
        )
        bl, il, rot, o, oc = (
            bits(104, 104),
            bits(105, 105),
            bits(107, 106),
            bits(111, 108),
            bits(115, 112),
        )
        ca, cc, bu = bits(118, 116), bits(123, 119), bits(124, 124)
        # 13.2.
        if tick:
            a1 = (a - leak) % 2048 if leak_en else a
        elif kind == "inhibitory":
            a1 = (a - weight) % 2048
        else:
            a1 = (a + weight) % 2048
        carry = (a >> 3 + fanin) % 2 != (a1 >> 3 + fanin) % 2
        q_leak, q_inh, q_exc = (
            carry and kind == which for which in ("tick", "inhibitory", "excitatory")
        )
        # 13.3.
        prev_exc, cur_exc = sp < 8 and sp >= sthr, sc < 8 and sc >= sthr
        cur_inh = sc >= 8 and 16 - sc >= sthr
        quiet = tick and sc == 0
        lone_exc = quiet and ah < 2 and th in (1, 3)
        lone_inh = quiet and ah < 2 and th in (2, 3)
        sc1, sp1, ah1, th1 = sc, sp, ah, th
        if tick:
            sc1, sp1, ah1, th1 = 0, sc, ah % 2 * 2 + (sc != 0), cur_inh * 2 + cur_exc
        elif q_exc and sc != 7:
            sc1 = (sc + 1) % 16
        elif q_inh and sc != 9:
            sc1 = (sc - 1) % 16
        # 13.4.
        theta = (thr + o) % 16
        # 13.5.
        v1 = v
        if (lat_en and d != 0) or (pl and v == 0):
            pass
        elif tick:
            if res_en:
                v1 = v - 1 if rot == 3 else v
            elif r:
                v1 = v if bu else v + 1
            elif acc_en:
                v1 = v if fw else v - sc
            elif dap_en and d == 1 and v > 0:
                v1 = 0
            elif q_leak and v != 0:
                v1 = v + 1 if v >= 8 else v - 1
        elif q_inh:
            if res_en:
                if rot in (1, 3):
                    v1 = v if v == 7 else v + 1
                else:
                    v1 = v if v == 0 else v - 1
            elif r:
                pass
            elif v != (8 if neg_en else 0):
                v1 = v - 1
        elif q_exc:
            if res_en:
                if rot in (1, 3):
                    v1 = v if v == 0 else v - 1
                else:
                    v1 = v if v == 7 else v + 1
            elif r or (class2_en and not prev_exc and not cur_exc):
                pass
            elif v != 7:
                v1 = v + 1
        v1 %= 16
        # 13.6.
        if not res_en:
            rot1 = 0
        elif not tick:
            rot1 = rot
        elif v == 0:
            rot1 = 0
        else:
            rot1 = {0: 3, 1: 2, 2: 0, 3: 0 if v1 == 0 else 1}[rot]
        # 13.7.
        hit = v1 == theta
        if sharp_en:
            fires = q_exc and d == sharp_del
        elif lat_en:
            fires = tick and d == 1
        elif rebound_en:
            fires = lone_inh or hit
        elif bist_en:
            fires = (not bl and lone_exc) or (bl and v1 == 0) or hit
        elif il:
            fires = v1 == 0
        elif res_en:
            fires = rot1 == 0 and hit
        else:
            fires = hit
        fires = bool(fires)
        b, i = (0, 0) if ml else (bspk, bisi)
        inc = min(b + 1, 7)
        # 13.8.
        v2, rot2 = v1, rot1
        if fires:
            v2 = depth if dap_en or res_en else -depth % 16
            if res_en:
                rot2 = 1
        # 13.9.
        if inhin_en and not r and -v % 16 == theta:
            il1 = 1
        else:
            il1 = 0 if il and quiet else il
        if fires or il1:
            r1 = int(not dap_en and depth != 0 and not res_en)
        else:
            r1 = 0 if v1 == 0 else r
        d1 = d
        if sharp_en:
            if tick and d != 7:
                d1 = d + 1
            elif q_exc:
                d1 = 0
        elif (dap_en and fires) or (lat_en and v1 == theta and v != theta):
            d1 = delay
        elif tick and d != 0:
            d1 = d - 1
        pl1, ml1 = pl, ml
        if (fires and (cur_exc or prev_exc)) or (tick and fw and (v == 0 or r) and cur_exc):
            pl1, ml1 = phasic_en, mixed_en
        elif not prev_exc:
            pl1 = ml1 = 0
        fw1 = 0 if tick else 1 if fires else fw
        bl1 = 1 - bl if tick and bist_en and lone_exc else bl
        bu1 = 1 if fires and b != 0 else 0 if burst_end else bu
        # 13.10.
        oc1, o1, threshold_leak = oc, o, False
        if tvar_en and tleak > 0 and tick:
            threshold_leak = oc == tleak - 1
            oc1 = 0 if threshold_leak else (oc + 1) % 16
        if acc_en:
            if tick:
                if (sc + thr) % 16 < 8:
                    o1 = sc
                else:
                    o1 = (7 - thr if sc < 8 else 1 - thr) % 16
        elif tvar_en:
            if fires if tvar_src else q_exc:
                if not binc:
                    o1 = o if theta == 7 else o + 1
                else:
                    o1 = 7 if (7 - theta) % 16 < inc else o + inc
            elif not tvar_src and q_inh:
                o1 = o if theta == 1 else o - 1
            elif threshold_leak and o != 0:
                o1 = o + 1 if o >= 8 else o - 1
        o1 %= 16
        # 13.11.
        ca1, cc1 = self.count_calcium(ca_en, caleak, ca, cc, tick, fires, inc if binc else 1)
        learns = ca_en and self.config.plasticity and v2 < 8
        up = bool(learns and v2 >= thetamem and theta1 <= ca1 < theta3)
        down = bool(learns and v2 < thetamem and theta1 <= ca1 < theta2)
        for value, high, low in (
            *((a1, 80, 70), (r1, 81, 81), (v2, 85, 82), (d1, 88, 86), (sp1, 92, 89)),
            *((sc1, 96, 93), (pl1, 97, 97), (ml1, 98, 98), (fw1, 99, 99), (ah1, 101, 100)),
            *((th1, 103, 102), (bl1, 104, 104), (il1, 105, 105), (rot2, 107, 106)),
            *((o1, 111, 108), (oc1, 115, 112), (ca1, 118, 116), (cc1, 123, 119), (bu1, 124, 124)),
        ):
            mask = 2 ** (high - low + 1) - 1
            assert 0 <= value <= mask
            word = word & ~(mask << low) | int(value) << low
        return word, fires, b, i, up, down, ca1, rot2, v2


#: Fields that are 0 mostly, so that neurons do something.
RARE = ("disabled", "phasic_lock", "refractory", "inhibition_induced_lock", "fan_in")


def random_word(random, layout, model, spread):
    """Make a word with random fields; `spread` is how many of the enables are likely set."""
    value = int.from_bytes(random.bytes(16), "little")
    if spread == "bits":
        return value & ~1 | model
    fields = {}
    for name, field in layout:
        fields[name] = int(random.integers(0, 1 << field.width, dtype=np.uint64))
        if name.endswith("_enable") and name != "learning_enable":
            fields[name] = int(random.random() < spread)
        elif name in RARE:
            fields[name] = int(random.random() < 0.2)
        elif name in ("calcium_threshold_1", "learning_threshold") and random.random() < 0.6:
            fields[name] //= 4
        elif name in ("leak",) and random.random() < 0.6:
            fields[name] //= 8
    fields["model"] = model
    return pack(layout, fields)


@pytest.mark.parametrize("spread", ["bits", 0.0, 0.06, 0.15, 0.5])
@pytest.mark.parametrize("plasticity", [0, 1])
def test_neuron_updates_against_reference(spread, plasticity):
    """Words of both models, single updates and chains."""
    random = np.random.default_rng([7, plasticity, int(100 * spread) if spread != "bits" else 1000])
    config = OdinConfig(neurons=16, plasticity=plasticity, weight_bits=7)
    reference = Reference(config, [0] * 16, [], {})
    count = 600
    models = random.random(count) < 0.3
    words = [
        random_word(random, LIF_WORD if is_lif else IZHIKEVICH_WORD, int(is_lif), spread)
        for is_lif in models
    ]
    fired = 0
    for _ in range(6):
        weights = np.where(random.random(count) < 0.9, random.integers(0, 8, count), 100)
        inhibitory, ticks, ends = (random.random(count) < p for p in (0.4, 0.3, 0.2))
        updates = update_neurons(config, words, weights, inhibitory, ticks, ends)
        for index, word in enumerate(words):
            kind = "tick" if ticks[index] else "inhibitory" if inhibitory[index] else "excitatory"
            function = reference.update_lif if word & 1 else reference.update_izhikevich
            expected = function(word, kind, int(weights[index]), bool(ends[index]))
            next_word, fires, b, i, up, down, calcium, rotation, v = expected
            seen = not word >> 127
            assert updates.next_words[index] == next_word
            assert updates.fires[index] == (fires and seen)
            assert updates.burst_spikes[index] == b * seen
            assert updates.burst_interval[index] == i * seen
            assert (updates.up[index], updates.down[index]) == (up, down)
            monitor = up << 14 | down << 13 | calcium << 10 | rotation << 8 | v
            assert updates.monitor[index] == monitor
            fired += fires
        words = updates.next_words.tolist()
    assert fired > 100


CONFIGURATIONS = [
    {"neurons": 16},
    {"neurons": 16, "fifo_depth": 4, "weight_bits": 1},
    {"neurons": 32, "fifo_depth": 4, "weight_bits": 3, "burst_slot_depth": 1},
    {"neurons": 32, "fifo_depth": 8, "weight_bits": 2},
    {"neurons": 64, "fifo_depth": 4, "weight_bits": 5, "burst_slot_depth": 2},
    {"neurons": 64, "weight_bits": 7},
    {"neurons": 32, "lif": 0},
    {"neurons": 32, "izhikevich": 0},
    {"neurons": 32, "plasticity": 0},
    {"neurons": 32, "burst_queue": 0},
    {"neurons": 256},
    {"neurons": 512, "weight_bits": 4},
]


def random_core(random, config, open_loop, models):
    """Return words and registers of a random core; in closed loop activity dies out."""
    n, bits = config.neurons, config.weight_bits
    spread = ["bits", 0.0, 0.06, 0.3][random.integers(4 if open_loop else 3)] if open_loop else 0.04
    neuron_words = []
    for _ in range(n):
        is_lif = {"lif": 1, "izhikevich": 0}.get(models, int(random.integers(2)))
        layout = LIF_WORD if is_lif else IZHIKEVICH_WORD
        word = random_word(random, layout, is_lif, spread)
        if not open_loop:
            threshold = layout["threshold"]
            low, high = (20, 120) if is_lif else (2, 8)
            mask = (1 << threshold.width) - 1
            word &= ~(mask << threshold.offset)
            word |= int(random.integers(low, high)) << threshold.offset
            if not is_lif:
                # Without what fires at rest again and again.
                for name in ("rebound_enable", "bistable_enable", "inhibition_induced_enable"):
                    word &= ~(1 << layout[name].offset)
                for name in ("threshold_offset", "reset_depth", "inhibition_induced_lock"):
                    field = layout[name]
                    word &= ~(((1 << field.width) - 1) << field.offset)
                word |= int(random.integers(1, 3)) << layout["reset_depth"].offset
                word &= ~(1 << layout["accommodation_enable"].offset)
                word &= ~(1 << layout["threshold_variation_source"].offset)
                if random.random() < 0.7:
                    word &= ~(1 << layout["threshold_variation_enable"].offset)
        neuron_words.append(word)
    density = 0.9 if open_loop else min(0.5, 20 / n)
    size = 1 << bits
    weights = np.where(random.random((n, n)) < density, random.integers(0, size, (n, n)), 0)
    mapped = random.random((n, n)) < 0.8
    nibbles = (weights + size * mapped).reshape(-1, 8).tolist()
    synapse_words = [sum(s << (bits + 1) * k for k, s in enumerate(group)) for group in nibbles]
    registers = {
        "open_loop": open_loop,
        "output_source": int(random.integers(2)),
        "monitor_enable": int(random.random() < 0.4),
        "monitored_neuron": int(random.integers(n)),
        "propagate_unmapped": int(random.random() < 0.3),
    }
    if config.plasticity:
        registers["monitored_source"] = int(random.integers(n))
        registers["learn_unmapped"] = int(random.integers(2))
        registers["learn_on_synapse_event"] = int(random.integers(2))
    if config.has_bursts:
        registers["burst_time_unit"] = int(random.integers(2))
    for r in range(n // 16):
        # In closed loop most are inhibitory.
        bits_set = random.random(16) < (0.4 if open_loop else 0.6)
        registers[f"sign_{r}"] = sum(1 << k for k in range(16) if bits_set[k])
    return neuron_words, synapse_words, registers


def random_events(random, config, registers, count):
    """Make events of all kinds; those of the monitored neuron and synapse are frequent."""
    events = []
    n, f = config.neurons, config.low_bits
    for _ in range(count):
        high = int(random.integers(n))
        if random.random() < 0.3:
            high = registers.get("monitored_source", 0)
        body = (1 << f - 1) - 1
        kind = random.integers(10)
        if kind < 3:
            low = 7
        elif kind < 5:
            low = int(random.integers(1, 32)) << f - 5 | 1
            high = registers["monitored_neuron"] if random.random() < 0.4 else high
        elif kind == 5:
            low = body
        elif kind == 6:
            low = body | 1 << f - 1
            high = registers["monitored_neuron"] if random.random() < 0.4 else high
        elif kind == 7:
            low = 1 << f - 1 if random.random() < 0.8 or n > 64 else 0
        elif kind == 8:
            low = int(random.integers(1 << f))
        else:
            low = int(random.integers(n))
            if random.random() < 0.5:
                low = min(registers["monitored_neuron"] ^ int(random.integers(8)), n - 1)
            high |= n
        events.append(high << f | low)
    return events


def random_run(random, config, open_loop, models, batches):
    """Run a random network on the model and on the reference, or None if it runs away."""
    neuron_words, synapse_words, registers = random_core(random, config, open_loop, models)
    model = OdinModel(config, event_limit=200)
    model.configure(gate=1)
    model.load("neurons", neuron_words)
    model.load("synapses", synapse_words)
    model.configure(**registers, gate=0)
    sent = [random_events(random, config, registers, 5) for _ in range(batches)]
    try:
        outputs = [run(model, *events) for events in sent]
    except BusyError:
        return None
    reference = Reference(config, neuron_words, synapse_words, registers)
    for events, output in zip(sent, outputs, strict=True):
        for event in events:
            reference.event(event)
        assert output == reference.output
        reference.fired += len(output)
        reference.output = []
    model.configure(gate=1)
    assert model.dump("neurons").tolist() == reference.words
    assert model.dump("synapses").tolist() == reference.synapse_words()
    return reference


@pytest.mark.parametrize("open_loop", [0, 1])
@pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=str)
def test_random_against_reference(parameters, open_loop):
    config = OdinConfig(**parameters)
    random = np.random.default_rng(2024 + open_loop)
    small = config.neurons <= 64
    runs = []
    for attempt in range(24 if small else 4):
        models = ("mixed", "lif", "izhikevich")[attempt % 3]
        found = random_run(random, config, open_loop, models, 6 if small else 2)
        runs += [] if found is None else [found]
    assert len(runs) >= (8 if small else 2)

    def total(name):
        return sum(getattr(one, name) for one in runs)

    assert total("executed") > 5
    assert total("fired") > 10
    if config.plasticity:
        assert total("learned") > 50
    if config.fifo_depth == 4 and not open_loop:
        assert total("dropped") > 0
    if config.has_bursts and not open_loop and small:
        assert total("replayed") > 0
    if config.burst_slot_depth == 1 and not open_loop:
        assert total("slot_drops") > 0
