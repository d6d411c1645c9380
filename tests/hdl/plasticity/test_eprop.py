"""E-prop's circuits against arithmetic on single numbers, and the block vectors."""

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.hdl import signed as signed_shape

from spikewright.hdl.plasticity.eprop import (
    Drive,
    OutputError,
    RegularisationLevel,
    Scaling,
    SurrogateDerivative,
    WeightUpdate,
    learning_signal,
    overflows,
    scale,
    small_product,
    turn,
)

BLOCKS = Path(__file__).resolve().parents[2] / "traces/reckon/blocks"


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def clamp(value):
    return max(-32768, min(32767, value))


def some(random, bits, count):
    """Signed numbers of all magnitudes, with the extremes."""
    top = 1 << (bits - 1)
    numbers = [
        int(random.integers(-top, top)) >> int(random.integers(0, bits)) for _ in range(count)
    ]
    return [*numbers, -top, top - 1, -top + 1, 0, 1, -1]


class _Update(Elaboratable):
    """A weight's update with its drive and its learning rate."""

    def __init__(self, bits):
        self.module = Module()
        self.module.submodules.drive = self.drive = Drive(37)
        self.module.submodules.scaling = self.scaling = Scaling()
        self.module.submodules.update = self.update = update = WeightUpdate(bits)
        self.module.d.comb += [
            update.negative.eq(self.drive.negative),
            update.magnitude.eq(turn(self.drive.magnitude, self.scaling.scaling)),
            update.overflow.eq(overflows(self.drive.magnitude, self.scaling.scaling)),
            update.certain.eq(self.drive.certain),
            update.scaling.eq(self.scaling.scaling),
        ]

    def elaborate(self, platform):
        return self.module

    def run(self, evaluate, cases):
        """Cases are product, regularisation, left, right, short, random, weight."""
        inputs = [
            self.drive.product,
            self.drive.regularisation,
            self.scaling.left,
            self.scaling.right,
            self.scaling.short,
            self.update.random,
            self.update.weight,
        ]
        return evaluate(self, inputs, cases, [self.update.write, self.update.result])


def updated(product, regularisation, left, right, short, random, weight, bits):
    """Section 11: whether the weight is written, and the new weight."""
    width = 28 if short else 32
    s = signed((product >> 4) - regularisation, 32)
    drive = -(1 << 31) if s >= 0 and product >> 31 & 1 else s
    if drive == 0:
        return 0, None
    m1 = abs(drive) << left
    if m1 >= 1 << width:
        m1 = (1 << width) - 1
    write = drive == -(1 << 31) or m1 >> right >= random
    new = weight + (1 if drive > 0 else -1)
    half = 1 << (bits - 1)
    return int(write), new if -half <= new < half else weight


@pytest.mark.parametrize("bits", [2, 5, 8])
@pytest.mark.parametrize("short", [0, 1])
def test_update(bits, short, evaluate):
    random = np.random.default_rng([bits, short])
    half = 1 << (bits - 1)
    cases = []
    for index, product in enumerate(some(random, 30 if short else 37, 4000)):
        # With short drives there is no regularisation.
        strength = 0 if short or index % 3 else int(random.integers(0, 1 << 32)) - (1 << 31)
        left, right = random.integers(0, 32, 2).tolist()
        if index % 2:
            left, right = left // 4, right // 4
        width = 28 if short else 32
        drawn = int(random.integers(0, 1 << width)) >> int(random.integers(0, width))
        weight = int(random.choice([-half, half - 1, random.integers(-half, half)]))
        cases.append([product, strength, left, right, short, drawn, weight])
    writes = 0
    for case, found in zip(cases, _Update(bits).run(evaluate, cases), strict=True):
        write, new = updated(*case, bits)
        writes += write
        assert found[0] == write, case
        assert not write or found[1] == new, case
    assert 400 < writes < 3600


def test_scale(evaluate):
    random = np.random.default_rng(7)
    m = Module()
    m.submodules.scaling = scaling = Scaling()
    value, result = Signal(32), Signal(32)
    m.d.comb += [scaling.cut.eq(1), result.eq(scale(turn(value, scaling.scaling), scaling.scaling))]
    cases = [
        [int(random.integers(0, 1 << 32)) >> int(random.integers(0, 32)), left, right]
        for left in range(32)
        for right in range(32)
    ]
    found = evaluate(m, [value, scaling.left, scaling.right], cases, [result])
    for (number, left, right), row in zip(cases, found, strict=True):
        assert row == ((number << left & 0xFFFFFFFF) >> right,), (number, left, right)


def test_cut_numbers_do_not_become_the_greatest(evaluate):
    m = _Update(8)
    m.module.d.comb += m.scaling.cut.eq(1)
    inputs = [m.update.random, m.drive.regularisation, m.scaling.left, m.scaling.right]
    found = evaluate(m, inputs, [[0, -0xFFF, 30, 3]], [m.update.scaled])
    assert found == [((0xFFF << 30 & 0xFFFFFFFF) >> 3,)]


@pytest.mark.parametrize("linear", [0, 1])
@pytest.mark.parametrize("regression", [0, 1])
def test_output_error(linear, regression, evaluate):
    random = np.random.default_rng([linear, regression])
    cases = [
        [y, t, int(random.integers(2))]
        for y, t in zip(
            [*some(random, 16, 2000), 2047, 2048, -2048, -2049],
            some(random, 16, 2000) + [0] * 4,
            strict=True,
        )
    ]
    error = OutputError()
    m = Module()
    m.submodules.error = error
    m.d.comb += [error.enable.eq(1), error.linear.eq(linear), error.regression.eq(regression)]
    found = evaluate(m, [error.potential, error.target, error.chosen], cases, [error.error])
    for (y, target, chosen), row in zip(cases, found, strict=True):
        activation = y if linear else 2048 if y > 2047 else 0 if y < -2048 else (y + 2048) >> 1
        wanted = target if regression else 2048 if chosen else 0
        assert row == (clamp(wanted - activation),), (y, target, chosen)


def test_error_of_an_output_that_is_not_in_use(evaluate):
    error = OutputError()
    assert evaluate(error, [error.potential, error.chosen], [[5, 1]], [error.error]) == [(0,)]


@pytest.mark.parametrize("multiply", [False, True])
def test_learning_signal(multiply, evaluate):
    random = np.random.default_rng(9)
    total, exponent, result = Signal(signed_shape(28)), Signal(4), Signal(signed_shape(16))
    m = Module()
    m.d.comb += result.eq(learning_signal(total, exponent, multiply=multiply))
    cases = [[n, s] for n in some(random, 28, 200) for s in range(16)]
    found = evaluate(m, [total, exponent], cases, [result])
    assert found == [(clamp((n << s) >> 12),) for n, s in cases]


@pytest.mark.parametrize("factor_signed", [False, True])
def test_small_product(factor_signed, evaluate):
    value = Signal(signed_shape(9))
    factor = Signal(signed_shape(4) if factor_signed else 4)
    result = Signal(signed_shape(14))
    m = Module()
    m.d.comb += result.eq(small_product(value, factor))
    factors = range(-8, 8) if factor_signed else range(16)
    cases = [[a, b] for a in range(-256, 256, 5) for b in factors]
    assert evaluate(m, [value, factor], cases, [result]) == [(a * b,) for a, b in cases]


def test_regularisation_level(evaluate):
    level = RegularisationLevel()
    random = np.random.default_rng(2)
    cases = [*random.integers(0, 4096, (2000, 2)).tolist(), [5, 5], [4, 5], [6, 5], [4095, 0]]
    found = evaluate(level, [level.trace, level.threshold], cases, [level.result])
    assert found == [(max(0, trace - threshold),) for trace, threshold in cases]


def test_recorded_updates(evaluate):
    rows = np.load(BLOCKS / "weight_update.npz")
    # A drive of -2^27 with 28 bits cannot come from an error and a trace; the circuit has no case
    # for it.
    possible = ~((rows["width"] == 28) & (rows["drive"] == -(1 << 27)))
    assert possible.sum() > 0.95 * len(possible)
    cases = [
        [0, signed(-int(drive), 32), left, right, width == 28, drawn, weight]
        for drive, left, right, width, drawn, weight in zip(
            *(
                rows[name][possible]
                for name in ("drive", "left", "right", "width", "random", "weight")
            ),
            strict=True,
        )
    ]
    found = _Update(8).run(evaluate, cases)
    for case, row, write, new in zip(
        cases, found, rows["write"][possible], rows["new_weight"][possible], strict=True
    ):
        assert row[0] == write, case
        assert not write or row[1] == new, case


def test_recorded_derivatives_and_levels(evaluate):
    rows = np.load(BLOCKS / "surrogate.npz")
    unit = SurrogateDerivative()
    inputs = [unit.potential, *(unit.thresholds[n] for n in range(4))]
    inputs += [unit.values[n] for n in range(5)]
    names = ["u", *(f"threshold_{n}" for n in range(4)), *(f"h_{n}" for n in range(5))]
    found = evaluate(unit, inputs, zip(*(rows[n] for n in names), strict=True), [unit.result])
    assert [row[0] for row in found] == rows["h"].tolist()
    level = RegularisationLevel()
    traces = rows["trace_rec"].astype(int) >> rows["frac"].astype(int)
    cases = zip(traces, rows["regul_threshold"], strict=True)
    found = evaluate(level, [level.trace, level.threshold], cases, [level.result])
    assert [row[0] for row in found] == rows["level"].tolist()


def test_recorded_errors_and_signals(evaluate):
    rows = np.load(BLOCKS / "output_error.npz")
    error = OutputError()
    m = Module()
    m.submodules.error = error
    m.d.comb += error.enable.eq(1)
    cases = zip(rows["y"], rows["linear"], rows["target"] == 2048, strict=True)
    found = evaluate(m, [error.potential, error.linear, error.chosen], cases, [error.error])
    assert [row[0] for row in found] == rows["error"].tolist()

    rows = np.load(BLOCKS / "learning_signal.npz")
    products = np.stack([rows[f"e_{k}"].astype(int) * rows[f"w_{k}"] for k in range(16)], axis=1)
    used = np.arange(16) <= rows["last_output"][:, None]
    total, exponent, result = Signal(signed_shape(28)), Signal(4), Signal(signed_shape(16))
    m = Module()
    m.d.comb += result.eq(learning_signal(total, exponent))
    cases = zip((products * used).sum(axis=1), rows["scale"], strict=True)
    found = evaluate(m, [total, exponent], cases, [result])
    assert [row[0] for row in found] == rows["signal"].tolist()
