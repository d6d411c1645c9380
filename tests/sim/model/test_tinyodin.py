"""The tinyODIN model against cases worked out by hand and against a slow, plain reference."""

import numpy as np
import pytest

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model.neuron import lif
from spikewright.sim.model.tinyodin import TinyOdinModel, update_neurons

TICK = "tick"
NEVER = 4095  # a threshold that no potential reaches


def word(v=0, threshold=NEVER, leak=0, disable=0, bits=12):
    """Put a neuron word together."""
    return (v % (1 << bits)) | threshold << bits | leak << (2 * bits) | disable << (2 * bits + 7)


def core(
    neuron_words=(), weights=None, *, rest=None, last=None, open_loop=1, source=0, **parameters
):
    """Make a model ready for events; neurons that are not named never fire."""
    model = TinyOdinModel(TinyOdinConfig(**parameters))
    count, bits = model.config.neurons, model.config.weight_bits
    model.configure(gate=1, open_loop=1)
    words = [word() if rest is None else rest] * count
    for index, value in dict(neuron_words).items():
        words[index] = value
    model.load("neurons", words)
    synapses = [0] * model.config.synapse_words
    for (pre, post), weight in (weights or {}).items():
        synapses[(pre * count + post) // 8] |= (weight % (1 << bits)) << bits * (post % 8)
    model.load("synapses", synapses)
    model.configure(
        output_source=source,
        last_neuron=count - 1 if last is None else last,
        open_loop=open_loop,
        gate=0,
    )
    return model


def run(model, *events):
    model.send(events)
    return model.settle().tolist()


def neurons(model):
    """Read all neuron words and leave the gate as it was."""
    gate = model.register_values["gate"]
    model.configure(gate=1)
    words = model.dump("neurons").tolist()
    model.configure(gate=gate)
    return words


def potentials(model, bits=12):
    values = [value % (1 << bits) for value in neurons(model)]
    return [value - (1 << bits) if value >> (bits - 1) else value for value in values]


def virtual(weight, neuron):
    return 0x200 | (weight % 16) << 4 | neuron


def tick(neuron):
    return 0x100 | neuron


TICK_ALL = 0x1FF

UPDATES = [
    # v, threshold, leak, weight or tick -> stored v, fires
    (0, NEVER, 0, 5, 5, False),
    (10, NEVER, 99, -7, 3, False),  # a weight does not leak
    (3, NEVER, 0, -8, -5, False),
    (2046, NEVER, 0, 1, 2047, False),
    (2047, NEVER, 0, 1, 2047, False),
    (2041, NEVER, 0, 7, 2047, False),
    (2041, 2047, 0, 7, 0, True),  # saturated, then tested
    (2041, 2048, 0, 7, 2047, False),  # T5: thresholds above 2047 never fire
    (-2048, NEVER, 0, -1, -2048, False),
    (-2045, NEVER, 0, -8, -2048, False),
    (-2047, 0, 0, -1, -2048, False),
    (4, 5, 0, 1, 0, True),
    (3, 5, 0, 1, 4, False),
    (5, 5, 0, 0, 0, True),  # tested at every update
    (900, 5, 0, 0, 0, True),
    (-1, 0, 0, 1, 0, True),  # threshold 0 fires whenever the update ends non-negative
    (-2, 0, 0, 1, -1, False),
    (0, 0, 0, 0, 0, True),
    (100, 4000, 0, 7, 107, False),
    (-96, 4000, 0, 0, -96, False),  # T5: not equal to threshold 4000 as a signed number
    (-96, 3000, 0, 7, -89, False),
    (10, NEVER, 3, TICK, 7, False),
    (10, NEVER, 10, TICK, 0, False),
    (10, NEVER, 127, TICK, 0, False),
    (-10, NEVER, 3, TICK, -7, False),
    (-10, NEVER, 127, TICK, 0, False),
    (2047, NEVER, 127, TICK, 1920, False),
    (-2048, NEVER, 127, TICK, -1921, False),
    (100, 95, 5, TICK, 0, True),  # time references fire too
    (100, 96, 5, TICK, 95, False),
    (-3, 0, 3, TICK, 0, True),
    (-4, 0, 3, TICK, -1, False),
    (0, 0, 0, TICK, 0, True),
]


@pytest.mark.parametrize(("v", "threshold", "leak", "stimulus", "stored", "fires"), UPDATES)
@pytest.mark.parametrize("disable", [0, 1])
def test_update(v, threshold, leak, stimulus, stored, fires, disable):
    """Section 8, in the update itself, by a single event and by a sweep."""
    ticks = stimulus == TICK
    weight = 0 if ticks else stimulus
    before, after = (word(value, threshold, leak, disable) for value in (v, stored))
    words, seen = update_neurons(
        TinyOdinConfig(), np.array([before]), np.array([weight]), np.array([ticks])
    )
    assert words.tolist() == [after]
    assert seen.tolist() == [fires and not disable]
    spikes = [3] if fires and not disable else []

    if ticks or weight:
        model = core({3: before})
        assert run(model, tick(3) if ticks else virtual(weight, 3)) == spikes
        assert neurons(model)[3] == after

    model = core({3: before}, {(9, 3): weight})
    assert run(model, TICK_ALL if ticks else 9) == spikes
    assert neurons(model)[3] == after


def test_update_arrays_at_once():
    v, threshold, leak, stimulus, stored, fires = map(list, zip(*UPDATES, strict=True))
    ticks = np.array([item == TICK for item in stimulus])
    weights = np.array([0 if item == TICK else item for item in stimulus])
    result = lif.update(np.array(v), np.array(threshold), np.array(leak), weights, ticks, 12)
    assert result[0].tolist() == stored
    assert result[1].tolist() == fires


def test_weight_at_a_time_reference_has_no_effect():
    words, fires = update_neurons(
        TinyOdinConfig(), np.array([word(10, 12)]), np.array([7]), np.array([1])
    )
    assert (words.tolist(), fires.tolist()) == ([word(10, 12)], [False])


def test_is_a_device():
    with TinyOdinModel() as model:
        assert isinstance(model, Device)
        assert model.config == TinyOdinConfig()


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"neurons": 16},
        {"neurons": 1024},
        {"neurons": 64, "weight_bits": 2, "potential_bits": 8},
        {"neurons": 64, "weight_bits": 7, "potential_bits": 9},
        {"neurons": 64, "weight_bits": 8, "potential_bits": 24},
    ],
)
def test_memories_keep_every_bit(parameters):
    model = TinyOdinModel(TinyOdinConfig(**parameters))
    model.configure(gate=1)
    random = np.random.default_rng(1)
    for memory, size in model.memories.items():
        assert model.dump(memory).tolist() == [0] * size.words
        words = [int.from_bytes(random.bytes(8)) >> (64 - size.width) for _ in range(size.words)]
        words[0], words[-1] = 0, (1 << size.width) - 1
        model.load(memory, words)
        assert model.dump(memory).dtype == np.uint64
        assert model.dump(memory).tolist() == words
        model.load(memory, [1, 2], at=3)
        words[3:5] = [1, 2]
        assert model.dump(memory).tolist() == words
        assert model.dump(memory, 2, 4).tolist() == words[2:6]
        assert model.dump(memory, size.words - 1).tolist() == words[-1:]
        assert model.dump(memory, size.words).tolist() == []


def test_synapse_of_word_and_nibble():
    model = core({target: word() for target in range(256)})
    model.configure(gate=1)
    model.load("synapses", [0x80000007], at=(200 << 5) | 31)  # sources 200, targets 248 to 255
    model.configure(gate=0)
    assert run(model, 200) == []
    assert {n: v for n, v in enumerate(potentials(model)) if v} == {248: 7, 255: -8}


def test_spikes_in_ascending_order():
    weights = {(7, n): 3 for n in (200, 0, 9, 255)}
    model = core(weights=weights, rest=word(threshold=3))
    assert run(model, 7) == [0, 9, 200, 255]


def test_disabled_neuron_is_seen_by_neither_output_nor_fifo():
    fires = {0: word(5, 5), 1: word(5, 5, disable=1), 2: word(5, 5)}
    model = core(fires, open_loop=0, source=1)
    assert run(model, 40) == [40, 0, 2]
    assert neurons(model)[1] == word(0, 5, disable=1)
    assert run(core(fires), 40) == [0, 2]


@pytest.mark.parametrize("source", [0, 1])
def test_output_source(source):
    """Section 7: with source 1 only spike events give a word, whether anything fires or not."""
    model = core({3: word(threshold=5)}, {(9, 3): 5}, source=source)
    assert run(model, 9) == ([9] if source else [3])
    assert run(model, 8) == ([8] if source else [])
    assert run(model, virtual(5, 3)) == ([] if source else [3])
    assert run(model, tick(3), TICK_ALL) == []


def test_closed_loop_spikes_are_events():
    chain = {(n, n + 1): 4 for n in range(5)}
    closed = core(weights=chain, rest=word(threshold=4), open_loop=0)
    assert run(closed, 0) == [1, 2, 3, 4, 5]
    opened = core(weights=chain, rest=word(threshold=4), open_loop=1)
    assert run(opened, 0) == [1]


def test_each_event_is_done_before_the_next():
    weights = {(0, 1): 4, (1, 2): 4, (8, 2): 1}
    model = core(weights=weights, rest=word(threshold=4), open_loop=0, source=1)
    assert run(model, 0, 8, 9) == [0, 1, 2, 8, 9]


def test_settle_forgets_and_survives_no_event():
    model = core({0: word(5, 5)})
    assert run(model, 1) == [0]
    assert run(model) == []
    assert model.settle().dtype == np.uint64


@pytest.mark.parametrize(("depth", "count"), [(128, 256), (4, 16), (8, 16), (64, 128)])
def test_full_fifo_drops_spikes(depth, count):
    """Section 6, T7: a spike event leaves room for depth - 1 spikes, a time reference for depth."""
    last = count - 1
    every = {(last, n): 4 for n in range(count)}
    sizes = {"neurons": count, "fifo_depth": depth}
    model = core(weights=every, rest=word(threshold=4), open_loop=0, source=1, **sizes)
    assert run(model, last) == [last, *range(depth - 1)]
    assert potentials(model) == [0] * count

    model = core(rest=word(4, 4), open_loop=0, source=1, **sizes)
    assert run(model, TICK_ALL) == list(range(depth))

    model = core(rest=word(4, 4), open_loop=0, source=0, **sizes)
    assert run(model, TICK_ALL) == list(range(count))  # the output drops nothing


def test_head_keeps_its_place_in_the_fifo():
    weights = {(0, 1): 4, (0, 2): 4, (0, 3): 4, (1, 4): 4, (1, 5): 4}
    model = core(
        weights=weights, rest=word(threshold=4), open_loop=0, source=1, neurons=16, fifo_depth=4
    )
    # While 1 is processed, 1, 2 and 3 are in the queue: there is room for 4, not for 5.
    assert run(model, 0) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("last", [0, 1, 7, 8, 100, 254, 255])
def test_last_neuron(last):
    """Section 6: spike events and time references to all visit neurons 0 to the last."""
    model = core(weights={(5, n): 2 for n in range(256)}, last=last)
    model.send([5])
    assert potentials(model) == [2] * (last + 1) + [0] * (255 - last)
    assert model.operations == last + 1
    model = core(rest=word(10, leak=3), last=last)
    model.send([TICK_ALL])
    assert potentials(model) == [7] * (last + 1) + [10] * (255 - last)


def test_last_neuron_zero_after_reset_means_one_neuron():
    model = TinyOdinModel()
    assert set(model.register_values.values()) == {0}
    model.configure(open_loop=1)
    assert run(model, 3, TICK_ALL) == [0, 0]  # thresholds of zero fire at every update


def test_last_neuron_can_change_later():
    model = core(weights={(5, n): 2 for n in range(256)}, last=255)
    model.configure(last_neuron=1)
    model.send([5])
    model.configure(last_neuron=2)
    model.send([5])
    assert potentials(model)[:4] == [4, 4, 2, 0]


def test_t9_neurons_above_the_last_are_reached_alone():
    model = core({n: word(5, 5) for n in (12, 77)}, last=3)
    assert run(model, tick(77)) == [77]
    assert run(model, virtual(1, 12)) == [12]


def test_t9_such_spikes_are_queued():
    model = core({77: word(5, 5)}, {(77, 2): 6}, last=3, open_loop=0)
    assert run(model, tick(77)) == [77]
    assert potentials(model)[2] == 6


def test_t2_virtual_event_without_weight_is_a_spike_event():
    model = core(weights={(6, 100): 3, (0xF6, 100): 5}, source=1)
    assert run(model, virtual(0, 6)) == [6]
    assert potentials(model)[100] == 3


def test_t3_both_type_bits_is_a_time_reference():
    model = core({4: word(50, leak=2), 0x34: word(50, leak=2)})
    model.send([0x300 | 0x34])
    assert potentials(model)[4] == 50
    assert potentials(model)[0x34] == 48
    model.send([0x3FF])
    assert potentials(model)[4] == 48


def test_t6_virtual_events_reach_sixteen_neurons():
    model = core()
    model.send([virtual(7, 15), virtual(-8, 0)])
    assert {n: v for n, v in enumerate(potentials(model)) if v} == {15: 7, 0: -8}


def test_t8_synapses_never_change():
    model = core(weights={(n, m): 5 for n in range(256) for m in range(0, 256, 3)}, open_loop=1)
    model.configure(gate=1)
    before = model.dump("synapses")
    model.configure(gate=0)
    model.send(np.arange(1024))
    model.configure(gate=1)
    assert (model.dump("synapses") == before).all()


def test_neuron_255_cannot_be_addressed_alone():
    model = core(rest=word(10, leak=3))
    model.send([tick(255)])
    assert potentials(model) == [7] * 256


def test_input_words_of_a_small_core():
    """Section 1, M < 8: only L = 0xFF is all neurons, higher bits of a neuron are ignored."""
    model = core(rest=word(10, leak=3), neurons=16)
    model.send([tick(15)])
    assert potentials(model) == [10] * 15 + [7]
    model.send([tick(0x7F)])
    assert potentials(model) == [10] * 15 + [4]
    model.send([tick(0xFF)])
    assert potentials(model) == [7] * 15 + [1]
    model = core(weights={(3, 2): 5}, source=1, neurons=16)
    assert run(model, 0xA3) == [3]
    assert potentials(model)[2] == 5


def test_input_words_of_a_large_core():
    """Section 1, M > 8: type bits stand above L, virtual events ignore the high bits of L."""
    model = core(rest=word(10, leak=3), neurons=1024)
    model.send([0x400 | 0xFF])
    assert potentials(model) == [10] * 255 + [7] + [10] * 768
    model.send([0x400 | 0x3FF])
    assert potentials(model) == [7] * 255 + [4] + [7] * 768
    model.send([0x800 | 0x300 | 0x5 << 4 | 0x3])
    assert potentials(model)[3] == 12
    model.send([0xC00 | 1000])
    assert potentials(model)[1000] == 4
    model = core(weights={(1023, 1000): 5}, source=1, neurons=1024)
    assert run(model, 1023) == [1023]
    assert potentials(model)[1000] == 5
    assert run(model, 0x800 | 0x300 | 7) == [7]  # T2


def test_virtual_weight_keeps_four_bits():
    for bits in (2, 8):
        model = core(neurons=16, weight_bits=bits)
        model.send([virtual(7, 1), virtual(-8, 2)])
        assert potentials(model)[1:3] == [7, -8]


@pytest.mark.parametrize("bits", range(2, 9))
def test_weight_bits(bits):
    high, low = (1 << (bits - 1)) - 1, -(1 << (bits - 1))
    weights = {(0, 0): high, (0, 1): low, (0, 6): -1, (0, 7): 1, (0, 15): low}
    model = core(weights=weights, neurons=16, weight_bits=bits)
    model.send([0])
    assert potentials(model) == [high, low, 0, 0, 0, 0, -1, 1, *[0] * 7, low]


@pytest.mark.parametrize("bits", [8, 9, 24])
def test_potential_bits(bits):
    high = (1 << (bits - 1)) - 1
    rest = word(threshold=(1 << bits) - 1, bits=bits)
    start = {
        0: word(high - 2, (1 << bits) - 1, bits=bits),
        1: word(-high - 1, 0, bits=bits),
        2: word(high - 2, high, bits=bits),
        3: word(high, high + 1, bits=bits),
    }
    weights = {(0, 0): 5, (0, 1): -5, (0, 2): 5, (0, 3): 5}
    model = core(start, weights, rest=rest, neurons=16, potential_bits=bits)
    assert run(model, 0) == [2]
    assert potentials(model, bits)[:4] == [high, -high - 1, 0, high]
    assert neurons(model)[0] >> bits == (1 << bits) - 1


@pytest.mark.parametrize("parameters", [{"lanes": 8}, {"neuron_memory_ports": 2}])
def test_speed_parameters_change_nothing(parameters):
    words = [word(5, 5), word(3, 5)]
    plain, fast = (core(dict(enumerate(words)), **more) for more in ({}, parameters))
    assert run(plain, 3, TICK_ALL) == run(fast, 3, TICK_ALL)
    assert neurons(plain) == neurons(fast)


def test_gate_holds_events_back():
    model = core({3: word(threshold=5), 4: word(5, 5)}, {(9, 3): 5})
    model.configure(gate=1)
    assert run(model, 9, tick(4)) == []
    model.send([9])
    assert model.dump("neurons", 3, 2).tolist() == [word(0, 5), word(5, 5)]
    model.configure(gate=0)
    assert model.settle().tolist() == [3, 4, 3]
    model.configure(gate=1)
    model.configure(gate=0)
    assert run(model) == []


def test_held_events_see_what_was_loaded_meanwhile():
    model = core({3: word(threshold=5)}, {(9, 3): 5})
    model.configure(gate=1)
    events = np.array([9])
    model.send(events)
    events[0] = 0  # the caller's array is not kept
    model.load("neurons", [word(threshold=6)], at=3)
    model.configure(gate=0)
    assert model.settle().tolist() == []
    assert potentials(model)[3] == 5


def test_output_survives_the_gate():
    model = core({0: word(5, 5)})
    model.send([1])
    model.configure(gate=1)
    assert model.settle().tolist() == [0]


def test_registers_are_written_in_order():
    model = core({0: word(5, 5), 1: word(5, 5)})
    model.configure(gate=1, last_neuron=0)
    model.send([9])
    model.configure(gate=0, last_neuron=1)
    assert model.settle().tolist() == [0]


def test_a_network_that_keeps_itself_going():
    model = core({0: word(threshold=0)}, open_loop=0)
    model.event_limit = 50
    with pytest.raises(BusyError, match="has caused 50 queued events"):
        model.send([9])
    model.configure(gate=1)
    model.load("neurons", [word()])
    model.configure(gate=0)
    model.settle()
    assert run(model, 9) == []


class Reference:
    """The specification in plain Python, one neuron at a time, on whole memory words."""

    def __init__(self, config, neuron_words, synapse_words, registers):
        self.n = config.neurons
        self.m = self.n.bit_length() - 1
        self.f = max(self.m, 8)
        self.weight_bits = config.weight_bits
        self.p = config.potential_bits
        self.depth = config.fifo_depth
        self.neuron_words = list(neuron_words)
        self.synapse_words = list(synapse_words)
        self.registers = registers
        self.fifo = []
        self.output = []
        self.executed = 0
        self.dropped = 0

    def event(self, event):
        low = event % 2**self.f
        if event // 2**self.f % 2 == 1:  # T
            if low == 2**self.f - 1:
                for neuron in range(self.registers["last_neuron"] + 1):
                    self.update(neuron, None)
            else:
                self.update(low % self.n, None)
        elif event // 2 ** (self.f + 1) == 1:  # V
            self.push(low // 16 % 16, low % 16)
        else:
            self.push(0, low % self.n)
        while self.fifo:
            self.serve()
            self.fifo.pop(0)

    def push(self, weight, address):
        if len(self.fifo) < self.depth:
            self.fifo.append((weight, address))
        else:
            self.dropped += 1

    def serve(self):
        self.executed += 1
        assert self.executed < 5000, "the stimulus of the test runs away"
        weight, address = self.fifo[0]
        if weight != 0:
            self.update(address, weight if weight < 8 else weight - 16)
            return
        for neuron in range(self.registers["last_neuron"] + 1):
            stored = self.synapse_words[address * self.n // 8 + neuron // 8]
            for _ in range(neuron % 8):
                stored //= 2**self.weight_bits
            stored %= 2**self.weight_bits
            if stored >= 2 ** (self.weight_bits - 1):
                stored -= 2**self.weight_bits
            self.update(neuron, stored)
        if self.registers["output_source"] == 1:
            self.output.append(address)

    def update(self, neuron, weight):
        """Update one neuron; weight None is a time reference."""
        stored = self.neuron_words[neuron]
        potential = stored % 2**self.p
        threshold = stored // 2**self.p % 2**self.p
        leak = stored // 2 ** (2 * self.p) % 128
        disable = stored // 2 ** (2 * self.p + 7)
        if potential >= 2 ** (self.p - 1):
            potential -= 2**self.p
        if weight is None:
            if potential < 0:
                potential = min(potential + leak, 0)
            else:
                potential = max(potential - leak, 0)
        else:
            potential += weight
            if potential > 2 ** (self.p - 1) - 1:
                potential = 2 ** (self.p - 1) - 1
            if potential < -(2 ** (self.p - 1)):
                potential = -(2 ** (self.p - 1))
        fires = potential >= 0 and potential >= threshold
        if fires:
            potential = 0
        self.neuron_words[neuron] = (stored // 2**self.p) * 2**self.p + potential % 2**self.p
        if fires and disable == 0:
            if self.registers["output_source"] == 0:
                self.output.append(neuron)
            if self.registers["open_loop"] == 0:
                self.push(0, neuron)


def random_words(random, config, open_loop):
    """Make memories; in closed loop inhibition prevails, so that activity dies out."""
    n, bits, p = config.neurons, config.weight_bits, config.potential_bits
    if open_loop:
        fields = [random.integers(0, 1 << config.neuron_bits, n, dtype=np.uint64).tolist()]
        weights = random.integers(-(1 << bits - 1), 1 << bits - 1, (n, n))
        # Thresholds of all sizes, so that some are within reach.
        fields[0] = [
            value if k % 3 else value & ~(((1 << p) - 1) << p) | (value >> p & 31) << p
            for k, value in enumerate(fields[0])
        ]
    else:
        top = 1 << bits - 1
        thresholds = random.integers(1, 3 * top, n)
        fields = [
            [
                word(int(v), int(t), int(leak), int(disable), p)
                for v, t, leak, disable in zip(
                    random.integers(-top, 3 * top, n),
                    thresholds,
                    random.integers(0, 128, n),
                    random.random(n) < 0.2,
                    strict=True,
                )
            ]
        ]
        weights = random.integers(-top, top, (4, n, n)).min(axis=0)
    synapses = []
    for octet in weights.reshape(-1, 8).tolist():
        synapses.append(sum(weight % (1 << bits) << bits * k for k, weight in enumerate(octet)))
    return fields[0], synapses


CONFIGURATIONS = [
    {"neurons": 16},
    {"neurons": 16, "fifo_depth": 4, "weight_bits": 2, "potential_bits": 8},
    {"neurons": 32, "fifo_depth": 8, "weight_bits": 3, "potential_bits": 9},
    {"neurons": 64, "fifo_depth": 16, "weight_bits": 5, "potential_bits": 16},
    {"neurons": 128, "fifo_depth": 32, "weight_bits": 8, "potential_bits": 24},
    {"neurons": 256, "weight_bits": 7, "potential_bits": 13},
    {"neurons": 256},
    {"neurons": 512, "fifo_depth": 4, "weight_bits": 6, "potential_bits": 8},
    {"neurons": 1024, "fifo_depth": 64},
]


@pytest.mark.parametrize("open_loop", [0, 1])
@pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=str)
def test_random_against_reference(parameters, open_loop):
    config = TinyOdinConfig(**parameters)
    random = np.random.default_rng(2024 + open_loop)
    phases = 2 if config.neurons > 256 else 4
    executed = fired = dropped = 0
    for phase in range(phases):
        neuron_words, synapse_words = random_words(random, config, open_loop)
        registers = {
            "open_loop": open_loop,
            "output_source": phase % 2,
            "last_neuron": int(random.integers(config.neurons)) if phase else config.neurons - 1,
        }
        model = TinyOdinModel(config)
        model.configure(gate=1)
        model.load("neurons", neuron_words)
        model.load("synapses", synapse_words)
        model.configure(**registers, gate=0)
        reference = Reference(config, neuron_words, synapse_words, registers)
        for _ in range(6):
            events = random.integers(0, 1 << config.event_bits, 5)
            model.send(events)
            for event in events.tolist():
                reference.event(event)
            assert model.settle().tolist() == reference.output
            fired += len(reference.output)
            reference.output = []
        model.configure(gate=1)
        assert model.dump("neurons").tolist() == reference.neuron_words
        assert model.dump("synapses").tolist() == reference.synapse_words
        executed += reference.executed
        dropped += reference.dropped
    assert executed > 10
    assert fired > 10
    if config.fifo_depth == 4 and not open_loop:
        assert dropped > 0
