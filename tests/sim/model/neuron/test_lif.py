"""ODIN's leaky integrate-and-fire neuron, worked out by hand (its specification, section 12)."""

import numpy as np
import pytest

from spikewright.hdl.neuron.layout import LIF_WORD
from spikewright.sim.model.neuron import lif
from spikewright.sim.model.neuron.layout import join_words, split_words
from spikewright.sim.model.neuron.population import Kind

TICK = "tick"


def word(unused=0, **fields):
    """Put a word together; bits outside the fields that are used are all `unused`."""
    value = 1
    for name, field in LIF_WORD:
        bits = fields.pop(name, None)
        if bits is None:
            is_kept = name.startswith("unused")
            bits = (1 << field.width) - 1 if is_kept and unused else 0
            bits = 1 if name == "model" else bits
        assert 0 <= bits < 1 << field.width, name
        value |= bits << field.offset
    assert not fields
    return value


def update(words, stimulus, plasticity=True, **options):
    """Update words by `TICK` or by a signed weight; return words, who fires, and steps."""
    neurons = lif.Neurons(split_words(words), plasticity)
    if stimulus == TICK:
        kind, weight = Kind.TICK, 0
    else:
        kind = Kind.INHIBITORY if stimulus < 0 or stimulus == "-0" else Kind.EXCITATORY
        weight = abs(stimulus)
    weights = np.full(len(words), weight, dtype=np.int16)
    fires = neurons.update(kind, weights, **options)
    return join_words(neurons.halves()).tolist(), fires.tolist(), neurons.steps.tolist()


UPDATES = [
    # v, threshold, leak, leak enable, stimulus -> v afterwards, fires
    (0, 255, 0, 0, 5, 5, False),
    (10, 255, 9, 1, -7, 3, False),
    (3, 255, 0, 0, -7, 0, False),  # held at zero
    (0, 255, 0, 0, -1, 0, False),
    (250, 255, 0, 0, 4, 254, False),
    (250, 255, 0, 0, 5, 0, True),
    (254, 255, 0, 0, 7, 0, True),  # held at 255, then tested
    (255, 255, 0, 0, 0, 0, True),
    (4, 5, 0, 0, 1, 0, True),
    (4, 5, 0, 0, 0, 4, False),
    (5, 5, 0, 0, 0, 0, True),
    (200, 5, 0, 0, -7, 0, True),
    (12, 5, 0, 0, -7, 0, True),
    (11, 5, 0, 0, -7, 4, False),
    (0, 0, 0, 0, 0, 0, True),  # P12: threshold 0 fires at every event
    (0, 0, 0, 0, -7, 0, True),
    (0, 0, 0, 0, TICK, 0, True),
    (10, 255, 3, 1, TICK, 7, False),
    (10, 255, 10, 1, TICK, 0, False),
    (10, 255, 127, 1, TICK, 0, False),
    (254, 255, 127, 1, TICK, 127, False),
    (10, 255, 3, 0, TICK, 10, False),  # leak not enabled
    (10, 7, 3, 1, TICK, 0, True),  # fires at a tick, after the leak
    (10, 8, 3, 1, TICK, 7, False),
]


@pytest.mark.parametrize("update_case", UPDATES)
@pytest.mark.parametrize("disable", [0, 1])
@pytest.mark.parametrize("unused", [0, 1])
def test_potential(update_case, disable, unused):
    before, threshold, leak, leak_enable, stimulus, after, fires = update_case
    kept = {"threshold": threshold, "leak": leak, "leak_enable": leak_enable, "disabled": disable}
    words, seen, steps = update([word(unused, potential=before, **kept)], stimulus)
    assert words == [word(unused, potential=after, **kept)]
    assert seen == [fires]  # P19: the disable bit has no say here
    assert steps == [0]


def test_all_at_once():
    for stimulus in {case[4] for case in UPDATES}:
        cases = [case for case in UPDATES if case[4] == stimulus]
        start = [word(potential=v, threshold=t, leak=k, leak_enable=e) for v, t, k, e, *_ in cases]
        words, fires, _ = update(start, stimulus)
        assert [value >> 70 & 255 for value in words] == [case[5] for case in cases]
        assert fires == [case[6] for case in cases]


def test_wide_weights():
    """Section 1: a weight of W bits is extended to the width of the potential."""
    words, fires, _ = update([word(potential=100, threshold=255)] * 2, 127)
    assert words == [word(potential=227, threshold=255)] * 2
    words, fires, _ = update([word(potential=200, threshold=255)], 127)
    assert fires == [True]
    words, fires, _ = update([word(potential=100, threshold=255)], -127)
    assert words == [word(threshold=255)]


LEARNING = {
    "learning_enable": 1,
    "learning_threshold": 20,
    "calcium_threshold_1": 1,
    "calcium_threshold_2": 3,
    "calcium_threshold_3": 5,
    "threshold": 100,
}


@pytest.mark.parametrize(
    ("potential", "calcium", "stimulus", "step"),
    [
        (20, 1, 0, 1),
        (19, 1, 0, -1),
        (19, 1, 1, 1),  # the next potential counts
        (20, 1, -1, -1),
        (20, 4, 0, 1),
        (19, 4, 0, 0),
        (20, 5, 0, 0),
        (19, 0, 0, 0),
        (20, 0, 0, 0),
        (100, 1, 0, -1),  # fires: next v = 0, next c = 2
        (100, 0, 0, -1),
        (100, 2, 0, 0),  # next c = 3
    ],
)
def test_flags(potential, calcium, stimulus, step):
    _, _, steps = update([word(potential=potential, calcium=calcium, **LEARNING)], stimulus)
    assert steps == [step]
    off = LEARNING | {"learning_enable": 0}
    _, _, steps = update([word(potential=potential, calcium=calcium, **off)], stimulus)
    assert steps == [0]


@pytest.mark.parametrize(
    ("fields", "stimulus", "calcium", "count"),
    [
        ({"potential": 100, "calcium": 3}, 0, 4, 0),
        ({"potential": 100, "calcium": 7}, 0, 7, 0),
        ({"potential": 99, "calcium": 3}, 0, 3, 0),
        ({"calcium": 3, "calcium_count": 4, "calcium_period": 5}, TICK, 2, 0),
        ({"calcium": 3, "calcium_count": 3, "calcium_period": 5}, TICK, 3, 4),
        ({"calcium": 3, "calcium_count": 4, "calcium_period": 5}, 0, 3, 4),
        ({"potential": 100, "calcium": 3, "calcium_count": 4, "calcium_period": 5}, TICK, 3, 0),
        ({"potential": 100, "calcium": 3, "calcium_count": 3, "calcium_period": 5}, TICK, 4, 4),
        ({"calcium": 3, "calcium_count": 9}, TICK, 3, 9),
    ],
)
def test_calcium(fields, stimulus, calcium, count):
    for disable in (0, 1):
        (after,), _, _ = update([word(disabled=disable, **LEARNING | fields)], stimulus)
        assert after >> 78 & 7 == calcium
        assert after >> 81 & 31 == count
    start = word(**LEARNING | fields | {"learning_enable": 0})
    assert update([start], stimulus)[0][0] >> 78 == start >> 78
    start = word(**LEARNING | fields)
    (after,), _, steps = update([start], stimulus, plasticity=False)
    assert after >> 78 == start >> 78
    assert steps == [0]


def test_no_bursts():
    """Section 12, rule 3; a burst end has no effect."""
    neurons = lif.Neurons(split_words([word(unused=1, potential=5, threshold=5)]))
    before = neurons.halves().tolist()
    assert neurons.update(Kind.EXCITATORY, np.zeros(1, dtype=np.int16), 0).tolist() == [True]
    assert (neurons.bursts.tolist(), neurons.intervals.tolist()) == ([0], [0])
    assert join_words(neurons.halves()).tolist() == [word(unused=1, threshold=5)]
    assert neurons.halves().tolist() != before


def test_steps_left_over_are_cleared():
    """Flags are recomputed at each update, also where learning is not enabled."""
    neurons = lif.Neurons(split_words([word(threshold=9)] * 2))
    neurons.steps[:] = [1, -1]
    neurons.examine()
    assert neurons.can_learn
    neurons.update(Kind.TICK)
    assert neurons.steps.tolist() == [0, 0]


def test_part_is_the_same_neurons():
    neurons = lif.Neurons(split_words([word(threshold=9, potential=v) for v in (1, 2, 3)]))
    neurons.part(slice(1, 2)).update(Kind.EXCITATORY, np.int16(4))
    assert join_words(neurons.halves()).tolist() == [
        word(threshold=9, potential=v) for v in (1, 6, 3)
    ]


def test_packets():
    neurons = lif.Neurons(split_words([word(threshold=9, potential=200, calcium=5)]))
    assert [item.tolist() for item in neurons.packets()] == [[5], [0], [200]]
