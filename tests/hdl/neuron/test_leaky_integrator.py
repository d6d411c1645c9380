"""Leak, fire and integrate of ReckOn against arithmetic on single numbers, and the block
vectors.
"""

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module, Signal

from spikewright.hdl.neuron.leaky_integrator import (
    Fire,
    Increment,
    Integrate,
    Leak,
    alpha_product,
)

BLOCKS = Path(__file__).resolve().parents[2] / "traces/reckon/blocks"
COUNT = 3000


def signed(value, bits=16):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def leaked(value, factor, fraction, bits, rounding, random):
    """Section 9."""
    p = value * factor
    q = p >> fraction & ((1 << bits) - 1)
    one = 1 << fraction
    if rounding and factor != one and (p & (one - 1)) >= random and q != 0:
        q = (q + 1) & ((1 << bits) - 1)
    return q


class _Leaking(Elaboratable):
    """A leak behind its product."""

    def __init__(self, bits, fraction, is_signed):
        self.module = Module()
        self.value = Signal(bits)
        self.factor = Signal(16)
        self.rounding = Signal()
        self.module.submodules.leak = self.leak = Leak(bits, fraction)
        value = self.value.as_signed() if is_signed else self.value
        if fraction == 15:
            product = alpha_product(value, self.factor[:12], self.factor[15])
        else:
            product = value * self.factor[:8]
        self.module.d.comb += [
            self.leak.product.eq(product),
            self.leak.round.eq(self.rounding & (self.factor != 1 << fraction)),
        ]

    def elaborate(self, platform):
        return self.module

    def run(self, evaluate, cases):
        inputs = [self.value, self.factor, self.rounding, self.leak.random]
        return [row[0] for row in evaluate(self, inputs, cases, [self.leak.result])]


@pytest.mark.parametrize(
    ("bits", "fraction", "is_signed"),
    [(16, 15, True), (12, 15, False), (10, 7, False), (16, 7, True)],
)
def test_leak(bits, fraction, is_signed, evaluate):
    random = np.random.default_rng([bits, fraction])
    if fraction == 15:
        factors = np.where(random.integers(2, size=COUNT), 0x7000, 0x8000) + random.integers(
            0, 0x1000, COUNT
        )
        factors[: COUNT // 20] = 0x8000
    else:
        factors = random.integers(0, 256, COUNT)
        factors[: COUNT // 20] = 0x80
    values = random.integers(0, 1 << bits, COUNT)
    values[-300:] &= 7
    values[-20:] = (1 << bits) - 1
    cases = list(
        zip(
            values.tolist(),
            factors.tolist(),
            random.integers(2, size=COUNT).tolist(),
            random.integers(0, 1 << fraction, COUNT).tolist(),
            strict=True,
        )
    )
    found = _Leaking(bits, fraction, is_signed).run(evaluate, cases)
    for case, result in zip(cases, found, strict=True):
        value = signed(case[0]) if is_signed else case[0]
        assert result == leaked(value, case[1], fraction, bits, *case[2:]), case


def test_fire(evaluate):
    random = np.random.default_rng(3)
    cases = [
        [int(n) for n in (*random.integers(-32768, 32768, 3), random.integers(2))]
        for _ in range(COUNT)
    ]
    cases += [[n, n, n, zero] for n in (-32768, -1, 0, 1, 32767) for zero in (0, 1)]
    cases += [[5, -32768, 1, 0], [5, 32767, -1, 0], [1, 2, 1, 1], [0, 7, 1, 1]]
    fire = Fire()
    inputs = [fire.potential, fire.leaked, fire.threshold, fire.reset_to_zero]
    for case, found in zip(
        cases, evaluate(fire, inputs, cases, [fire.spike, fire.result]), strict=True
    ):
        potential, after, threshold, to_zero = case
        spike = potential >= threshold
        expected = after if not spike else 0 if to_zero else signed(after - threshold)
        assert found == (spike, expected), case


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_integrate(bits, evaluate):
    random = np.random.default_rng(bits)
    half = 1 << (bits - 1)
    cases = []
    for index in range(COUNT):
        potential = int(random.integers(-32768, 32768)) >> int(random.integers(0, 12))
        if index % 3 == 0:  # near the limits
            potential = int(random.choice([-32768, 32767])) + int(random.integers(-200, 200))
            potential = max(-32768, min(32767, potential))
        noise = int(random.integers(-32768, 32768)) >> int(random.integers(0, 17))
        weights = random.integers(-half, half, 2).tolist()
        cases.append([potential, *weights, *random.integers(0, 8, 2).tolist(), noise])
    m = Module()
    m.submodules.increment = increment = Increment(bits)
    m.submodules.integrate = integrate = Integrate()
    m.d.comb += [
        integrate.increment.eq(increment.increment),
        integrate.inhibits.eq(increment.inhibits),
    ]
    inputs = [
        integrate.potential,
        increment.weight_in,
        increment.weight_rec,
        increment.shift_w_in,
        increment.shift_w_rec,
        increment.noise,
    ]
    clamped = 0
    for case, found in zip(cases, evaluate(m, inputs, cases, [integrate.result]), strict=True):
        u, w_in, w_rec, s_in, s_rec, z = case
        x = max(-32768, min(32767, (w_in << s_in) + (w_rec << s_rec)))
        v = signed(u + x + z)
        if u >= 0 and x >= 0 and v < 0:
            v = 32767
        if u < 0 and x < 0 and v >= 0:
            v = -32768
        clamped += v != signed(u + x + z)
        assert found == (v,), case
    assert clamped > 20


def test_recorded_leaks(evaluate):
    rows = np.load(BLOCKS / "trace_leak.npz")
    for kind, bits, fraction in ((0, 12, 15), (1, 12, 15), (2, 10, 7)):
        chosen = rows["kind"] == kind
        columns = [rows[name][chosen] for name in ("trace", "factor", "rounding", "random")]
        found = _Leaking(bits, fraction, is_signed=False).run(evaluate, zip(*columns, strict=True))
        assert found == rows["trace_new"][chosen].tolist()
    rows = np.load(BLOCKS / "output_leak.npz")
    columns = [rows[name] for name in ("y", "kappa", "rounding", "random")]
    columns[0] = columns[0].astype(np.int64) & 0xFFFF
    found = _Leaking(16, 7, is_signed=True).run(evaluate, zip(*columns, strict=True))
    assert [signed(value) for value in found] == rows["y_new"].tolist()


def test_recorded_neurons(evaluate):
    rows = np.load(BLOCKS / "neuron_leak.npz")
    columns = [rows[name] for name in ("u", "alpha", "rounding", "random")]
    columns[0] = columns[0].astype(np.int64) & 0xFFFF
    after = _Leaking(16, 15, is_signed=True).run(evaluate, zip(*columns, strict=True))
    fire = Fire()
    inputs = [fire.potential, fire.leaked, fire.threshold, fire.reset_to_zero]
    cases = zip(
        rows["u"].tolist(),
        map(signed, after),
        rows["threshold"].tolist(),
        rows["reset_to_zero"].tolist(),
        strict=True,
    )
    found = evaluate(fire, inputs, cases, [fire.spike, fire.result])
    expected = zip(rows["spike"].tolist(), rows["u_new"].tolist(), strict=True)
    assert found == [tuple(map(int, row)) for row in expected]
