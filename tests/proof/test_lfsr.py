"""Random generators of ReckOn, for all seeds, against the recurrence one bit after the other.

Many elements at once are beyond the solver. All are sums of seed bits, so that seeds with a single
bit say everything: those are in tests/hdl/random.
"""

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.random.lfsr import LinearRecurrence

#: a, b, bits taken together, bits of a draw (specification, section 7).
KINDS = {
    "rounding with 7 bits": (1, 15, 7, 7),
    "noise": (3, 17, 32, 32),
}


class RecurrenceProof(wiring.Component):
    """A generator that draws and loads at will, and the elements in the order of their
    definition.
    """

    def __init__(self, a, b, steps, draw, kind=LinearRecurrence, inside=None):
        self.a, self.b, self.steps, self.draw_bits = a, b, steps, draw
        self.generator = kind(a=a, b=b, steps=steps, seeds=(0,), draw_bits=draw)
        self.inside = inside(self.generator)
        super().__init__({"draw": In(1), "load": In(1), "seed": In(b)})

    def elements_of_seed(self):
        """Return s[-b] to s[-1] by their number, from the seed's bits."""
        a, b, seed = self.a, self.b, self.seed
        s = {}
        if self.draw_bits >= b:
            for i in range(b):
                s[i if i < a else i - b] = seed[i]
            # s[i] is the sum of s[i - a] and of this one.
            for i in range(a):
                s[i - b] = s[i] ^ s[i - a]
        else:
            s[0] = seed[0]
            for k in range(7):
                s[k - 14], s[k - 7] = seed[2 * k + 1], seed[2 * k + 2]
            s[-15] = s[0] ^ s[-1]
        return s

    def elaborate(self, platform):
        m = Module()
        a, b, generator = self.a, self.b, self.generator
        m.submodules.generator = self.inside.fragment
        m.d.comb += [
            generator.draw.eq(self.draw),
            generator.load.eq(self.load),
            generator.seeds[0].eq(self.seed),
        ]
        past = Signal(b)
        s = {n - b: past[n] for n in range(b)}
        for n in range(self.steps):
            s[n] = Signal(name=f"s_{n}")
            m.d.comb += s[n].eq(s[n - a] ^ s[n - b])
        loaded = self.elements_of_seed()
        with m.If(self.load):
            m.d.sync += past.eq(Cat(loaded[n] for n in range(-b, 0)))
        with m.Elif(self.draw):
            m.d.sync += past.eq(Cat(s[self.steps + n] for n in range(-b, 0)))
        m.d.comb += [
            Assert(self.inside.signal("window_0") == past, "the same elements before"),
            Assert(generator.value == Cat(s[n] for n in range(self.steps)), "elements"),
            Cover(generator.value[0] & generator.value[-1]),
        ]
        return m


@pytest.mark.parametrize("kind", KINDS)
def test_recurrence(kind, prove):
    prove.holds(RecurrenceProof(*KINDS[kind], inside=prove.Inside), depth=1)


def test_recurrence_goes_on(prove):
    prove.reaches(RecurrenceProof(*KINDS["noise"], inside=prove.Inside), depth=4)


#: Each with a kind that shows it.
MUTATIONS = {
    "before = known[n + b - scale * a : n + b]": (
        "before = known[n + b - scale * a - 1 : n + b - 1]",
        "noise",
    ),
    "following = Cat(window, self.value)[-b:]": (
        "following = Cat(window, self.value)[:b]",
        "noise",
    ),
    "window[b - 14 + m] = seed[2 * m + 1]": (
        "window[b - 14 + m] = seed[2 * m + 2]",
        "rounding with 7 bits",
    ),
    "seed[i] ^ seed[b + i - a]": ("seed[i] ^ seed[b - 1 + i - a]", "noise"),
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_generator_is_refuted(old, prove):
    new, kind = MUTATIONS[old]
    broken = prove.mutant(LinearRecurrence, old, new)
    assert prove.refuted(RecurrenceProof(*KINDS[kind], broken, prove.Inside), depth=3)
