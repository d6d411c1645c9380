"""E-prop against arithmetic on single numbers (specification of ReckOn, section 11)."""

import numpy as np
import pytest

from spikewright.sim.model.plasticity import eprop


def low(value, bits):
    return value & ((1 << bits) - 1)


def signed(value, bits):
    value = low(value, bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def drive(d, f, a):
    scaled = 16 * d if d < 0 else f * d
    s = signed((scaled >> 4) - a, 32)
    return -(1 << 31) if s >= 0 and scaled >> 31 & 1 else s


def some(random, bits, count):
    """Signed numbers of all magnitudes, with the extremes."""
    top = 1 << (bits - 1)
    numbers = random.integers(-top, top, count) >> random.integers(0, bits, count)
    numbers[:8] = [-top, top - 1, -top + 1, 0, 1, -1, top // 2, -top // 2]
    return numbers


@pytest.mark.parametrize("multiplicative", [False, True])
@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("bits", [20, 28, 32])
def test_drives(multiplicative, additive, bits):
    random = np.random.default_rng(bits)
    count = 3000
    products = some(random, bits, count)
    random.shuffle(products)
    factors = random.integers(0, 17, count) if multiplicative else None
    strengths = random.permutation(some(random, 32, count)) if additive else None
    got = eprop.update_drives(products, factors, strengths)
    for index in range(count):
        f = int(factors[index]) if multiplicative else 16
        a = int(strengths[index]) if additive else 0
        assert got[index] == drive(int(products[index]), f, a)


def test_a_large_positive_product_becomes_a_certain_decrement():
    """Peculiarity 13."""
    products = np.array([1 << 27, (1 << 27) - 1, 1 << 28, -(1 << 27) - 1])
    got = eprop.update_drives(products, None, None)
    assert got.tolist() == [-(1 << 31), (1 << 27) - 1, 1 << 28, -(1 << 27) - 1]


@pytest.mark.parametrize("width", [28, 32])
def test_updates(width):
    random = np.random.default_rng(width)
    count = 5000
    drives = some(random, width, count)
    numbers = (random.integers(0, 1 << width, count) >> random.integers(0, width, count)).astype(
        np.uint32
    )
    numbers[:8] = [(1 << width) - 1] * 4 + [0] * 4
    fired = 0
    for left, right in ((0, 0), (31, 0), (0, 31), (31, 31), (12, 3), (3, 7)):
        got = eprop.update_fires(drives, numbers, width, right, left)
        for index in range(count):
            d = int(drives[index])
            m = min(abs(d) << left, (1 << width) - 1) >> right
            expected = d != 0 and (d == -(1 << (width - 1)) or m >= int(numbers[index]))
            assert got[index] == expected
        fired += got.sum()
    assert 1000 < fired < 6 * count - 1000


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_weights_stay_in_their_range(bits):
    limit = 1 << (bits - 1)
    weights = np.arange(-limit, limit)
    up = eprop.change_weights(weights, np.full_like(weights, 7), bits)
    down = eprop.change_weights(weights, np.full_like(weights, -7), bits)
    assert up.tolist() == [*range(-limit + 1, limit), limit - 1]
    assert down.tolist() == [-limit, *range(-limit, limit - 1)]


def test_errors():
    for linear in (False, True):
        y = np.array([-32768, -2049, -2048, -2047, -1, 0, 1, 2046, 2047, 2048, 32767])
        for target in (0, 2048, -32768, 32767):
            got = eprop.output_errors(y, np.full_like(y, target), linear)
            for value, error in zip(y.tolist(), got.tolist(), strict=True):
                activation = value
                if not linear:
                    activation = (
                        2048 if value > 2047 else 0 if value < -2048 else (value + 2048) >> 1
                    )
                assert error == max(-32768, min(32767, target - activation))


def test_learning_signals_saturate():
    errors = np.array([32767, -32768])
    weights = np.array([[127, -128], [-128, 127], [1, 0], [0, 1], [0, 0]])
    for scale in (0, 3, 12, 15):
        got = eprop.learning_signals(errors, weights, scale)
        for row, signal in zip(weights.tolist(), got.tolist(), strict=True):
            total = sum(int(e) * w for e, w in zip(errors, row, strict=True))
            assert signal == max(-32768, min(32767, (total << scale) >> 12))


def test_the_first_segment_counts():
    """Limits need not ascend."""
    random = np.random.default_rng(1)
    for _ in range(50):
        limits = random.integers(-100, 100, 4).tolist()
        values = random.integers(-16, 16, 5).tolist()
        u = np.arange(-120, 120)
        got = eprop.surrogate_derivatives(u, limits, values)
        for potential, h in zip(u.tolist(), got.tolist(), strict=True):
            chosen = [index for index, limit in enumerate(limits) if potential < limit]
            assert h == values[chosen[0] if chosen else 4]


def test_regularisation():
    traces = np.array([0, 79, 80, 95, 96, 4095])
    assert eprop.regularisation_levels(traces, 4, 5).tolist() == [0, 0, 0, 0, 1, 250]
    levels = np.array([0, 1, 31, 250, 4095])
    assert eprop.multiplicative_factor(levels, 1).tolist() == [16, 16, 1, 0, 0]
    for left in (0, 10, 20, 31):
        for right in (0, 1, 31):
            got = eprop.additive_strength(levels, right, left)
            expected = [signed(low(level << left, 32) >> right, 32) for level in levels.tolist()]
            assert got.tolist() == expected
