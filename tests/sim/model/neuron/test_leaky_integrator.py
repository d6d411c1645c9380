"""Leaky integrators against arithmetic on single numbers."""

import numpy as np
import pytest

from spikewright.sim.model.arithmetic import wrap
from spikewright.sim.model.neuron.leaky_integrator import (
    FACTOR_ONE,
    KAPPA_SHIFT,
    add_trace,
    decay,
    integrate,
    reset,
    rounding,
)

CORNERS = [-32768, -32767, -2, -1, 0, 1, 2, 614, 32766, 32767]


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def rounded(value, factor, shift, bits, random, one):
    """Section 9, for one number; random is None without rounding. Not signed."""
    product = value * factor
    found = product >> shift & ((1 << bits) - 1)
    fraction = product & ((1 << shift) - 1)
    if random is not None and factor != one and fraction >= random and found:
        found += 1
    return found & ((1 << bits) - 1)


@pytest.mark.parametrize("above_one", [False, True])
@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("rounds", [False, True])
def test_decay(above_one, bits, rounds):
    random = np.random.default_rng(bits)
    count = 4000
    low, high = (-32768, 32768) if bits == 16 else (0, 1 << bits)
    values = random.integers(low, high, count).astype(np.int32)
    values[: len(CORNERS)] = np.clip(CORNERS, low, high - 1)
    draws = random.integers(0, 1 << 15, count).astype(np.uint32)
    alphas = random.integers(0x7000, 0x9000 if above_one else 0x8001, count).astype(np.int32)
    kappas = random.integers(0, 0x100 if above_one else 0x81, count).astype(np.int32)
    kappas[:100] = 255 if above_one else 128
    wide, signs = np.full(count, bits, np.int32), np.full(count, bits == 16)
    for factors, shift, one, coarse in ((alphas, 15, 0x8000, 0), (kappas, 7, 0x80, KAPPA_SHIFT)):
        if bits == 10 and coarse == 0:
            continue
        numbers = draws >> coarse
        scaled = factors << coarse
        added = rounding(numbers << coarse) * (scaled != FACTOR_ONE) if rounds else 0
        got = decay(values, scaled, added, wide, signs)
        for index in range(count):
            number = int(numbers[index]) if rounds else None
            expected = rounded(int(values[index]), int(factors[index]), shift, bits, number, one)
            expected = signed(expected, 16) if bits == 16 else expected
            assert got[index] == expected
        if not above_one:
            assert (decay(values, scaled, added) == got).all()


def test_integrate_without_noise_saturates():
    u, x = (np.array(item).ravel() for item in np.meshgrid(CORNERS, CORNERS))
    potentials = u.astype(np.int32)
    integrate(potentials, x.astype(np.int32))
    assert potentials.tolist() == [
        max(-32768, min(32767, int(a + b))) for a, b in zip(u, x, strict=True)
    ]


def test_integrate_with_noise_looks_at_two_signs():
    u, x, z = (np.array(item).ravel() for item in np.meshgrid(CORNERS, CORNERS, CORNERS))
    potentials = u.astype(np.int32)
    integrate(potentials, x.astype(np.int32), z.astype(np.int32))
    for a, b, c, got in zip(u.tolist(), x.tolist(), z.tolist(), potentials.tolist(), strict=True):
        v = signed(a + b + c, 16)
        if a >= 0 and b >= 0 and v < 0:
            v = 32767
        elif a < 0 and b < 0 and v >= 0:
            v = -32768
        assert got == v
    # Noise alone lifts a potential from the bottom to the top.
    potentials = np.array([0], dtype=np.int32)
    integrate(potentials, np.array([0], dtype=np.int32), np.array([-1], dtype=np.int32))
    assert potentials.tolist() == [32767]


def test_reset_wraps():
    potentials = np.array([100, 100, 32767, -5], dtype=np.int32)
    thresholds = np.array([30, 30, -32768, -32768], dtype=np.int32)
    fired = np.array([True, False, True, True])
    assert reset(potentials, thresholds, fired, True).tolist() == [0, 100, 0, 0]
    assert reset(potentials, thresholds, fired, False).tolist() == [70, 100, -1, 32763]


def test_add_trace_and_wrap():
    assert add_trace(4090, 8, 12) == 4095
    assert add_trace(0, 8 << 7, 12) == 1024
    assert add_trace(1000, 2 << 7, 10) == 1023
    assert wrap(np.array([0x8000, 0x7FFF, 0x10000, -1]), 16).tolist() == [-32768, 32767, 0, -1]
