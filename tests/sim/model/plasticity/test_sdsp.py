"""SDSP: synapse rule, calcium and flags, worked out by hand (specification of ODIN, 11, 12,
13.11).
"""

import numpy as np
import pytest

from spikewright.sim.model.plasticity.sdsp import (
    Calcium,
    bistability_steps,
    change_weights,
    update_synapses,
)

UP, DOWN, NEITHER = (1, 0), (0, 1), (0, 0)


@pytest.mark.parametrize(
    ("flags", "after"),
    [
        (UP, [1, 2, 3, 4, 5, 6, 7, 7]),
        (DOWN, [0, 0, 1, 2, 3, 4, 5, 6]),
        (NEITHER, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
@pytest.mark.parametrize("mapped", [0, 8])
def test_spike_rule(flags, after, mapped):
    nibbles = np.arange(8) + mapped
    some, none = np.ones(8, dtype=bool), np.zeros(8, dtype=bool)
    up, down = (np.full(8, flag) for flag in flags)
    assert update_synapses(nibbles, some, none, up, down).tolist() == [w + mapped for w in after]
    assert update_synapses(nibbles, none, none, up, down).tolist() == nibbles.tolist()


@pytest.mark.parametrize("flags", [UP, DOWN, NEITHER])
@pytest.mark.parametrize("mapped", [0, 8])
def test_bistability_rule(flags, mapped):
    """Away from the middle, whatever the flags say."""
    nibbles = np.arange(8) + mapped
    some, none = np.ones(8, dtype=bool), np.zeros(8, dtype=bool)
    up, down = (np.full(8, flag) for flag in flags)
    after = [w + mapped for w in (0, 0, 1, 2, 5, 6, 7, 7)]
    assert update_synapses(nibbles, some, some, up, down).tolist() == after
    assert update_synapses(nibbles, none, some, up, down).tolist() == nibbles.tolist()


@pytest.mark.parametrize("bits", range(1, 8))
def test_weight_bits(bits):
    """The highest weight is 2^W - 1, the upper half is told by the top bit."""
    count = 1 << bits
    weights = np.arange(count, dtype=np.int16)
    half = count // 2
    assert bistability_steps(weights, bits).tolist() == [-1] * half + [1] * half
    rising = change_weights(weights, np.ones_like(weights), count - 1)
    assert rising.tolist() == [*range(1, count), count - 1]
    falling = change_weights(weights, -np.ones_like(weights), count - 1)
    assert falling.tolist() == [0, *range(count - 1)]
    nibbles = weights + count  # mapped
    some = np.ones(count, dtype=bool)
    after = update_synapses(nibbles, some, some, ~some, ~some, bits)
    expected = [max(w - 1, 0) if w < half else min(w + 1, count - 1) for w in range(count)]
    assert after.tolist() == [w + count for w in expected]


def test_change_in_place():
    weights = np.array([0, 3, 7], dtype=np.int16)
    steps = np.array([-1, 1, 1], dtype=np.int16)
    assert change_weights(weights, steps, 7, weights) is weights
    assert weights.tolist() == [0, 4, 7]


def calcium(level, count=0, enabled=1, thresholds=(1, 3, 5), period=0):
    """Make the calcium of one neuron, or of many given as arrays."""
    values = np.broadcast_arrays(level, count, enabled, *thresholds, period)
    level, count, enabled, *thresholds, period = (np.atleast_1d(v).astype(np.int16) for v in values)
    return Calcium(level.copy(), count.copy(), enabled.astype(bool), tuple(thresholds), period)


def steps(some, above):
    out = np.full(len(some.level), 9, dtype=np.int16)
    some.steps(np.full(len(some.level), above), out)
    return out.tolist()


def test_flags_follow_calcium():
    """Up from theta 1 to below theta 3 above the potential threshold, down to below theta 2."""
    every = calcium(np.arange(8))
    assert steps(every, True) == [0, 1, 1, 1, 1, 0, 0, 0]
    assert steps(every, False) == [0, -1, -1, 0, 0, 0, 0, 0]
    every = calcium(np.arange(8), thresholds=(0, 7, 2))
    assert steps(every, True) == [1, 1, 0, 0, 0, 0, 0, 0]
    assert steps(every, False) == [-1, -1, -1, -1, -1, -1, -1, 0]
    assert steps(calcium(np.arange(8), thresholds=(4, 4, 3)), True) == [0] * 8
    assert steps(calcium(np.arange(8), thresholds=(4, 4, 3)), False) == [0] * 8


def test_without_calcium_nothing_moves():
    some = calcium(3, count=2, enabled=0, period=3)
    assert not some.active
    some.update(True, np.array([True]))
    some.update(False, np.array([True]))
    assert (some.level[0], some.count[0]) == (3, 2)
    assert steps(some, True) == steps(some, False) == [0]


@pytest.mark.parametrize(
    ("level", "count", "period", "tick", "fires", "level_after", "count_after"),
    [
        (3, 0, 0, False, True, 4, 0),
        (7, 0, 0, False, True, 7, 0),
        (3, 0, 0, False, False, 3, 0),
        (3, 0, 0, True, False, 3, 0),  # no period, no leak
        (3, 4, 0, True, False, 3, 4),
        (3, 0, 1, True, False, 2, 0),
        (0, 0, 1, True, False, 0, 0),
        (3, 0, 3, True, False, 3, 1),
        (3, 1, 3, True, False, 3, 2),
        (3, 2, 3, True, False, 2, 0),
        (3, 2, 3, False, False, 3, 2),  # only ticks count
        (3, 2, 3, False, True, 4, 2),
        (3, 2, 3, True, True, 3, 0),  # P25: spike and leak cancel
        (7, 2, 3, True, True, 7, 0),
        (0, 2, 3, True, True, 0, 0),
        (3, 1, 3, True, True, 4, 2),
        (3, 3, 3, True, False, 3, 4),  # beyond the period it counts on and wraps
        (3, 31, 3, True, False, 3, 0),
        (3, 30, 31, True, False, 2, 0),
        (3, 29, 31, True, False, 3, 30),
    ],
)
def test_calcium(level, count, period, tick, fires, level_after, count_after):
    some = calcium(level, count, period=period)
    some.update(tick, np.array([fires]) if fires else None)
    assert (some.level[0], some.count[0]) == (level_after, count_after)
    if not fires:
        some = calcium(level, count, period=period)
        some.update(tick, np.array([False]))
        assert (some.level[0], some.count[0]) == (level_after, count_after)
    # Among neurons without calcium.
    some = calcium([level, 5, level], [count, 6, count], [1, 0, 1], period=[period, 1, period])
    some.update(tick, np.array([fires, True, fires]))
    assert some.level.tolist() == [level_after, 5, level_after]
    assert some.count.tolist() == [count_after, 6, count_after]


@pytest.mark.parametrize(("level", "spikes", "after"), [(0, 4, 4), (4, 4, 7), (6, 7, 7), (2, 1, 3)])
def test_bursts_count_with_all_spikes(level, spikes, after):
    some = calcium([level, level], period=1)
    some.update(False, np.array([True, False]), np.array([spikes, spikes], dtype=np.int16))
    assert some.level.tolist() == [after, level]
    some = calcium(level, period=1)
    some.update(True, np.array([True]), np.array([spikes], dtype=np.int16))
    assert some.level.tolist() == [level]  # P25, also with several spikes


def test_flags_follow_new_calcium():
    some = calcium(0)
    assert steps(some, True) == [0]
    some.update(False, np.array([True]))
    assert steps(some, True) == [1]
    some = calcium(1, period=1)
    assert steps(some, False) == [-1]
    some.update(True, None)
    assert steps(some, False) == [0]


def test_part_is_the_same_neurons():
    whole = calcium([0, 3, 5], enabled=[0, 1, 0])
    part = whole.part(slice(1, 2))
    assert part.active
    assert not whole.part(slice(0, 1)).active
    part.update(False, np.array([True]))
    assert whole.level.tolist() == [0, 4, 5]
    part.update(False, np.array([True]))
    assert steps(whole, True) == [0, 0, 0]
