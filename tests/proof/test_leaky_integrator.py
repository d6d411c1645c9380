"""ReckOn's leak, fire and integrate, for all inputs, against sections 6, 9 and 12 of its
specification.

The second formulation is the text in numbers that never overflow; `low` and `sgn` are its
functions. The leak is proved for every product. A product of numbers as wide as potential and alpha
is beyond the solver: that one is proved with fewer bits here, and tested at random in
tests/hdl/neuron.
"""

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl import arithmetic
from spikewright.hdl.neuron import leaky_integrator
from spikewright.hdl.neuron.leaky_integrator import Fire, Increment, Integrate, Leak

#: Bits of a number and fraction bits of its decay: potential, traces, output potential, output
#: trace.
LEAKS = [(16, 15), (12, 15), (16, 7), (10, 7)]


def low(value, bits):
    return value[:bits]


def sgn(value, bits):
    return value[:bits].as_signed()


def clamp(value, bits):
    top = 1 << (bits - 1)
    return Mux(value > top - 1, top - 1, Mux(value < -top, -top, value))


class LeakProof(wiring.Component):
    """Leaks of all widths, of products of as many bits as they have."""

    def __init__(self, kind=Leak, widths=LEAKS):
        self.leaks = {widths: kind(*widths) for widths in widths}
        super().__init__({"product": In(signed(32)), "round": In(1), "random": In(15)})

    def elaborate(self, platform):
        m = Module()
        for (bits, fraction), leak in self.leaks.items():
            m.submodules[f"leak_{bits}_{fraction}"] = leak
            m.d.comb += [
                leak.product.eq(self.product),
                leak.round.eq(self.round),
                leak.random.eq(self.random),
            ]
            one = 1 << fraction
            q = low(self.product >> fraction, bits)
            # The cropped bits are at least the random number where this carries.
            rounded = low((self.product + one - low(self.random, fraction)) >> fraction, bits)
            result = Mux(self.round & (q != 0), rounded, q)
            m.d.comb += [
                Assert(leak.result == result, "leak"),
                Cover(leak.result != q),
                Cover((q == (1 << bits) - 1) & (leak.result == 0)),
            ]
        return m


class ProductProof(wiring.Component):
    """A number times alpha, whatever its bits."""

    def __init__(self, bits, alpha_bits, product=leaky_integrator.alpha_product):
        self.alpha_bits = alpha_bits
        self.product = product
        super().__init__({"value": In(signed(bits)), "alpha": In(alpha_bits), "select": In(1)})

    def elaborate(self, platform):
        m = Module()
        # Less precise with fewer bits: the lower ones are 0.
        alpha = Cat(*[0] * (12 - self.alpha_bits), self.alpha)
        whole = Mux(self.select, 8, 7) * 4096 + alpha
        for value in (self.value, self.value.as_unsigned()):
            found = self.product(value, alpha, self.select)
            m.d.comb += Assert(found == value * whole, "product")
        return m


class SaturateProof(wiring.Component):
    def __init__(self, widths=((17, 16), (18, 16), (32, 16), (8, 5)), saturate=None):
        self.widths = widths
        self.saturate = saturate or arithmetic.saturate
        super().__init__({"value": In(signed(32))})

    def elaborate(self, platform):
        m = Module()
        for width, bits in self.widths:
            value = sgn(self.value, width)
            found = self.saturate(value, bits)
            m.d.comb += [
                Assert(found == clamp(value, bits), "saturate"),
                Cover(found > value),
                Cover(found < value),
            ]
        return m


class FireProof(wiring.Component):
    def __init__(self, kind=Fire):
        self.fire = kind()
        super().__init__(
            {
                "u": In(signed(16)),
                "v": In(signed(16)),
                "threshold": In(signed(16)),
                "reset_to_zero": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.fire = fire = self.fire
        m.d.comb += [
            fire.potential.eq(self.u),
            fire.leaked.eq(self.v),
            fire.threshold.eq(self.threshold),
            fire.reset_to_zero.eq(self.reset_to_zero),
        ]
        spike = self.u - self.threshold > -1
        after = Mux(self.reset_to_zero, 0, sgn(self.v - self.threshold, 16))
        m.d.comb += [
            Assert(fire.spike == spike, "spike"),
            Assert(fire.result == Mux(spike, after, self.v), "potential"),
            Cover(fire.spike & (self.threshold < 0) & (fire.result < self.v)),
        ]
        return m


class IntegrateProof(wiring.Component):
    """A neuron, whose increment is found first."""

    def __init__(self, bits=8, integrate=Integrate, increment=Increment):
        self.bits = bits
        self.increment = increment(bits)
        self.integrate = integrate()
        super().__init__(
            {
                "u": In(signed(16)),
                "weight_in": In(signed(8)),
                "weight_rec": In(signed(8)),
                "shift_w_in": In(3),
                "shift_w_rec": In(3),
                "z": In(signed(16)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.increment = increment = self.increment
        m.submodules.integrate = integrate = self.integrate
        u, bits = self.u, self.bits
        m.d.comb += [
            increment.weight_in.eq(self.weight_in),
            increment.weight_rec.eq(self.weight_rec),
            increment.shift_w_in.eq(self.shift_w_in),
            increment.shift_w_rec.eq(self.shift_w_rec),
            increment.noise.eq(self.z),
            integrate.potential.eq(u),
            integrate.increment.eq(increment.increment),
            integrate.inhibits.eq(increment.inhibits),
        ]
        x, v, result = (Signal(signed(40), name=name) for name in ("x", "v", "result"))
        drive = (sgn(self.weight_in, bits) << self.shift_w_in) + (
            sgn(self.weight_rec, bits) << self.shift_w_rec
        )
        m.d.comb += [
            x.eq(clamp(drive, 16)),
            v.eq(sgn(u + x + self.z, 16)),
            result.eq(v),
        ]
        with m.If((u >= 0) & (x >= 0) & (v < 0)):
            m.d.comb += result.eq(32767)
        with m.If((u < 0) & (x < 0) & (v >= 0)):
            m.d.comb += result.eq(-32768)
        m.d.comb += [
            Assert(integrate.result == result, "potential"),
            # Noise alone may turn the sum around (peculiarity 2).
            Cover((u + x + self.z < 0) & (integrate.result == 32767)),
        ]
        return m


def test_leak(prove):
    prove.holds(LeakProof(), depth=1)


@pytest.mark.parametrize(
    ("bits", "alpha_bits"), [(5, 12), pytest.param(16, 1, marks=pytest.mark.slow)]
)
def test_alpha_product(bits, alpha_bits, prove):
    prove.holds(ProductProof(bits, alpha_bits), depth=1)


def test_saturate(prove):
    prove.holds(SaturateProof(), depth=1)


def test_fire(prove):
    prove.holds(FireProof(), depth=1)


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_integrate(bits, prove):
    prove.holds(IntegrateProof(bits), depth=1)


@pytest.mark.slow
@pytest.mark.parametrize("proof", [LeakProof, SaturateProof, FireProof, IntegrateProof])
def test_the_proofs_are_about_something(proof, prove):
    prove.reaches(proof(), depth=1)


#: Source, what it becomes, and the proof that must not hold any more.
MUTATIONS = [
    ("cropped >= self.random", "cropped > self.random", LeakProof, Leak),
    (" & kept.any()", "", LeakProof, Leak),
    ("self.potential >= self.threshold", "self.potential > self.threshold", FireProof, Fire),
    ("m.If(self.spike & self.reset_to_zero)", "m.If(self.reset_to_zero)", FireProof, Fire),
    ("self.leaked - Mux", "self.potential - Mux", FireProof, Fire),
    ("(before == self.inhibits) & (after", "(after", IntegrateProof, Integrate),
    ("(after != before)", "(after != self.increment[-1])", IntegrateProof, Integrate),
]


@pytest.mark.parametrize(("old", "new", "proof", "kind"), MUTATIONS)
def test_a_broken_block_is_refuted(old, new, proof, kind, prove):
    key = "integrate" if kind is Integrate else "kind"
    assert prove.refuted(proof(**{key: prove.mutant(kind, old, new)}), depth=1)


def test_a_broken_increment_is_refuted(prove):
    broken = prove.mutant(
        Increment, "self.inhibits.eq(event[-1])", "self.inhibits.eq(self.noise[-1])"
    )
    assert prove.refuted(IntegrateProof(increment=broken), depth=1)


def test_broken_functions_are_refuted(prove):
    wraps = prove.mutant(arithmetic.saturate, "Mux(fits, value[:bits], limit)", "value[:bits]")
    assert prove.refuted(SaturateProof(saturate=wraps), depth=1)
    other = prove.mutant(
        leaky_integrator.alpha_product, "Cat(alpha, ~select)", "Cat(alpha, select)"
    )
    assert prove.refuted(ProductProof(5, 12, other), depth=1)
