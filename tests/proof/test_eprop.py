"""E-prop's circuits, for all inputs, against section 11 of ReckOn's specification.

The second formulation is the text in numbers that never overflow. Shifts are one after the other
there, where the hardware rotates once.
"""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.plasticity import eprop
from spikewright.hdl.plasticity.eprop import (
    Drive,
    OutputError,
    RegularisationLevel,
    Scaling,
    SurrogateDerivative,
    WeightUpdate,
    overflows,
    turn,
)


def clamp(value, bits=16):
    top = 1 << (bits - 1)
    return Mux(value > top - 1, top - 1, Mux(value < -top, -top, value))


def magnitude(value):
    return Mux(value < 0, -value, value)


class SmallProductProof(wiring.Component):
    """A product with a factor of few bits, signed or not.

    LEARN's numbers have 21 bits and are beyond the solver; the circuit adds up the same terms for
    any.
    """

    def __init__(self, bits=9, factor_bits=5, small_product=eprop.small_product):
        self.small_product = small_product
        super().__init__({"value": In(signed(bits)), "factor": In(factor_bits)})

    def elaborate(self, platform):
        m = Module()
        for factor in (self.factor, self.factor.as_signed()):
            found = self.small_product(self.value, factor)
            m.d.comb += [Assert(found == self.value * factor, "product"), Cover(found < -100)]
        return m


class SignalProof(wiring.Component):
    def __init__(self, learning_signal=eprop.learning_signal):
        self.learning_signal = learning_signal
        super().__init__({"total": In(signed(28)), "scale": In(4)})

    def elaborate(self, platform):
        m = Module()
        for multiply in (False, True):
            found = self.learning_signal(self.total, self.scale, multiply=multiply)
            m.d.comb += [
                Assert(found == clamp((self.total << self.scale) >> 12), "learning signal"),
                Cover((found == -1) & (self.scale == 0)),
                Cover((found == 32767) & (self.scale == 15)),
            ]
        return m


class ErrorProof(wiring.Component):
    def __init__(self, kind=OutputError):
        self.error = kind()
        super().__init__(
            {
                "enable": In(1),
                "y": In(signed(16)),
                "linear": In(1),
                "regression": In(1),
                "target": In(signed(16)),
                "chosen": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.error = error = self.error
        m.d.comb += [
            error.enable.eq(self.enable),
            error.potential.eq(self.y),
            error.linear.eq(self.linear),
            error.regression.eq(self.regression),
            error.target.eq(self.target),
            error.chosen.eq(self.chosen),
        ]
        activation, target, e = (Signal(signed(20), name=name) for name in ("a", "t", "e"))
        m.d.comb += [activation.eq(self.y), target.eq(self.target)]
        with m.If(~self.linear):
            # The line is cut off where it meets the two limits.
            line = (self.y + 2048) >> 1
            m.d.comb += activation.eq(Mux(line < 0, 0, Mux(line > 2047, 2048, line)))
        with m.If(~self.regression):
            m.d.comb += target.eq(2048 * self.chosen)
        m.d.comb += e.eq(self.enable * clamp(target - activation))
        m.d.comb += [
            Assert(error.error == e, "error"),
            Cover(error.error == 32767),
            Cover(error.error == -32768),
            Cover(~self.linear & (activation == 2048)),
        ]
        return m


class DerivativeProof(wiring.Component):
    def __init__(self, kind=SurrogateDerivative):
        self.derivative = kind()
        super().__init__(
            {
                "u": In(signed(16)),
                **{f"threshold_{n}": In(signed(16)) for n in range(4)},
                **{f"h_{n}": In(signed(5)) for n in range(5)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.derivative = derivative = self.derivative
        m.d.comb += derivative.potential.eq(self.u)
        h = [getattr(self, f"h_{n}") for n in range(5)]
        thresholds = [getattr(self, f"threshold_{n}") for n in range(4)]
        above = [self.u >= threshold for threshold in thresholds]
        for n in range(5):
            m.d.comb += derivative.values[n].eq(h[n])
            first = ~above[n] if n < 4 else 1
            for earlier in above[:n]:
                first = first & earlier
            if n < 4:
                m.d.comb += derivative.thresholds[n].eq(thresholds[n])
            with m.If(first):
                m.d.comb += [
                    Assert(derivative.result == h[n], "derivative"),
                    Cover(h[n] != h[n - 1]),
                ]
        return m


class LevelProof(wiring.Component):
    def __init__(self, kind=RegularisationLevel):
        self.level = kind()
        super().__init__({"trace": In(12), "threshold": In(12)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.level = level = self.level
        above = self.trace - self.threshold
        m.d.comb += [
            level.trace.eq(self.trace),
            level.threshold.eq(self.threshold),
            Assert(level.result == Mux(above > 0, above, 0), "level"),
            Cover(level.result == 4095),
        ]
        return m


class ScaleProof(wiring.Component):
    """A number shifted left, cut, and shifted right: what takes away in additive regularisation."""

    def __init__(self, kind=Scaling, scale=eprop.scale):
        self.scaling = kind()
        self.scale = scale
        super().__init__({"value": In(32), "left": In(5), "right": In(5)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.scaling = scaling = self.scaling
        m.d.comb += [
            scaling.left.eq(self.left),
            scaling.right.eq(self.right),
            scaling.cut.eq(1),
        ]
        shifted = self.value << self.left
        found = self.scale(turn(self.value, scaling.scaling), scaling.scaling)
        m.d.comb += [
            Assert(found == shifted[:32] >> self.right, "scale"),
            Assert(scaling.scaling.overflow == 0, "nothing becomes the greatest number"),
            Cover((shifted >= 1 << 32) & (self.right > self.left) & (found != 0)),
        ]
        return m


class DriveProof(wiring.Component):
    def __init__(self, kind=Drive):
        self.drive = kind(37)
        super().__init__({"product": In(signed(37)), "taken": In(signed(32))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.drive = drive = self.drive
        D = self.product
        s, d = Signal(signed(32)), Signal(signed(33))
        lowest = -(1 << 31)
        m.d.comb += [
            drive.product.eq(D),
            drive.regularisation.eq(self.taken),
            s.eq((D >> 4) - self.taken),
            d.eq(Mux((s >= 0) & D[31], lowest, s)),
            Assert(drive.magnitude == magnitude(d), "magnitude"),
            Assert((d == 0) | (drive.negative == (d < 0)), "sign"),
            Assert(drive.certain == (d == lowest), "certain"),
            # Peculiarity 13, both ways.
            Cover((D > 0) & drive.certain),
            Cover((D < 0) & ~drive.negative & (drive.magnitude != 0)),
        ]
        return m


class UpdateProof(wiring.Component):
    """The update rule for weights of some widths, behind the decoder of its rate.

    Drives of output weights have 28 bits, of which the most negative cannot come: error and trace
    have 16 and 10 bits. That of 32 bits comes as `certain`.
    """

    def __init__(self, bits=32, scaling=Scaling, kind=WeightUpdate, widths=(8,)):
        self.bits = bits
        self.scaling = scaling()
        self.updates = {width: kind(width) for width in widths}
        super().__init__(
            {
                "drive": In(signed(bits)),
                "left": In(5),
                "right": In(5),
                "random": In(bits),
                "weight": In(signed(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.scaling = scaling = self.scaling
        bits = self.bits
        d = self.drive
        lowest = -(1 << (bits - 1))
        top = (1 << bits) - 1
        m.d.comb += [
            scaling.left.eq(self.left),
            scaling.right.eq(self.right),
            scaling.short.eq(bits == 28),
        ]
        if bits == 28:
            m.d.comb += Assume(d != lowest)
        size, whole, m1, m2 = Signal(32), Signal(bits + 32), Signal(bits), Signal(bits)
        m.d.comb += [
            size.eq(magnitude(d)),
            whole.eq(size << self.left),
            m1.eq(Mux(whole > top, top, whole)),
            m2.eq(m1 >> self.right),
        ]
        for width, update in self.updates.items():
            m.submodules[f"update_{width}"] = update
            half = 1 << (width - 1)
            w = self.weight[:width].as_signed()
            new = w + Mux(d > 0, 1, -1)
            write = Signal(name=f"write_{width}")
            m.d.comb += [
                update.negative.eq(d < 0),
                update.magnitude.eq(turn(size, scaling.scaling)),
                update.overflow.eq(overflows(size, scaling.scaling)),
                update.certain.eq((d == lowest) & (bits == 32)),
                update.scaling.eq(scaling.scaling),
                update.random.eq(self.random),
                update.weight.eq(self.weight),
                # In two steps, which is easier than the comparison of m2 as it was found here.
                Assert(update.scaled == m2, "m2"),
                write.eq((d != 0) & ((d == lowest) | (update.scaled >= self.random))),
                Assert(update.write == write, "write"),
                Assert(~write | (update.result == clamp(new, width)), "weight"),
                Cover(write & (whole > top) & (self.right == 4)),
                Cover(write & (w == half - 1) & (d > 0)),
            ]
        return m


def test_small_product(prove):
    prove.holds(SmallProductProof(), depth=1)


PROOFS = [
    SignalProof,
    ErrorProof,
    DerivativeProof,
    LevelProof,
    ScaleProof,
    DriveProof,
    UpdateProof,
]


@pytest.mark.parametrize("proof", PROOFS)
def test_block(proof, prove):
    prove.holds(proof(), depth=1)


@pytest.mark.slow
def test_update_of_output_weights(prove):
    prove.holds(UpdateProof(28), depth=1)


@pytest.mark.slow
@pytest.mark.parametrize("proof", [SmallProductProof, *PROOFS])
def test_the_proofs_are_about_something(proof, prove):
    prove.reaches(proof(), depth=1)


#: Source, what it becomes, and the proof that must not hold any more.
MUTATIONS = [
    ("saturate(target - activation)", "(target - activation)[:16].as_signed()", ErrorProof),
    (
        "self.potential[11:-1] == sign.replicate(4)",
        "self.potential[12:-1] == sign.replicate(3)",
        ErrorProof,
    ),
    ("Cat(self.potential[1:11], ~sign)", "Cat(self.potential[1:11], sign)", ErrorProof),
    ("with m.If(self.enable):", "with m.If(1):", ErrorProof),
    ("self.potential < self.thresholds", "self.potential <= self.thresholds", DerivativeProof),
    ("in reversed(range(4))", "in range(4)", DerivativeProof),
    ("with m.If(~above[-1]):", "with m.If(1):", LevelProof),
    ("self.right - self.left", "self.left - self.right", ScaleProof),
    ("Mux(net > 0, ones << net[:5], ones)", "ones", ScaleProof),
    ("Mux(self.cut, 0, ~(full >> self.left))", "~(full >> self.left)", ScaleProof),
    ("clamped.eq(~below & self.product[31])", "clamped.eq(~below & self.product[-1])", DriveProof),
    ("(~clamped).replicate(32)) + below", "(~clamped).replicate(32))", DriveProof),
    ("self.certain | (self.scaled >=", "(self.scaled >=", UpdateProof),
    ("self.scaled >= self.random", "self.scaled > self.random", UpdateProof),
    ("self.magnitude.any() & (", "(", UpdateProof),
    ("with m.If(self.weight.as_unsigned() == limit):", "with m.If(0):", UpdateProof),
]
KINDS = {
    ErrorProof: OutputError,
    DerivativeProof: SurrogateDerivative,
    LevelProof: RegularisationLevel,
    ScaleProof: Scaling,
    DriveProof: Drive,
    UpdateProof: WeightUpdate,
}


@pytest.mark.parametrize(("old", "new", "proof"), MUTATIONS)
def test_a_broken_block_is_refuted(old, new, proof, prove):
    assert prove.refuted(proof(kind=prove.mutant(KINDS[proof], old, new)), depth=1)


def test_a_rate_for_the_wrong_width_is_refuted(prove):
    broken = prove.mutant(Scaling, "Mux(self.short, (1 << 28) - 1, (1 << 32) - 1)", "(1 << 32) - 1")
    assert prove.refuted(UpdateProof(28, scaling=broken), depth=1)


def test_broken_functions_are_refuted(prove):
    signed_last = prove.mutant(eprop.small_product, "total = total - term", "total = total + term")
    assert prove.refuted(SmallProductProof(small_product=signed_last), depth=1)
    other = prove.mutant(eprop.learning_signal, "(15 - scale)[:4]", "(14 - scale)[:4]")
    assert prove.refuted(SignalProof(other), depth=1)
