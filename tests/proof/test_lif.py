"""The update of a leaky integrate-and-fire neuron, against the words of the specification."""

import pytest
from amaranth.hdl import Assert, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.neuron.lif import LeakyIntegrateAndFire

WIDE = 32
LEAK_BITS = 7
SIZES = [(12, 4), (8, 8), (9, 2), (16, 5), (24, 8)]


def least(a, b):
    return Mux(a < b, a, b)


def greatest(a, b):
    return Mux(a > b, a, b)


class LifProof(wiring.Component):
    """Specification of tinyODIN, section 8, in numbers that are wide enough."""

    def __init__(self, potential_bits, weight_bits, kind=LeakyIntegrateAndFire):
        self.neuron = kind(
            potential_bits=potential_bits, weight_bits=weight_bits, leak_bits=LEAK_BITS
        )
        self.potential_bits = potential_bits
        inputs = self.neuron.signature.members
        super().__init__({name: member for name, member in inputs.items() if member.flow is In})

    def elaborate(self, platform):
        m = Module()
        m.submodules.neuron = neuron = self.neuron
        for name in self.signature.members:
            m.d.comb += getattr(neuron, name).eq(getattr(self, name))
        low, high = -(1 << self.potential_bits - 1), (1 << self.potential_bits - 1) - 1
        v, leak, weight, threshold, v1, result = (
            Signal(signed(WIDE), name=name)
            for name in ("v", "leak", "weight", "threshold", "v1", "result")
        )
        fires = Signal()
        m.d.comb += [
            v.eq(self.potential),
            leak.eq(self.leak),
            weight.eq(self.weight),
            threshold.eq(self.threshold),
            fires.eq((v1 >= 0) & (v1 >= threshold)),
            result.eq(Mux(fires, 0, v1)),
            Assert(neuron.fires == fires, "fires"),
            Assert(neuron.next_potential == result, "next potential"),
        ]
        with m.If(self.tick):
            m.d.comb += v1.eq(Mux(v < 0, least(v + leak, 0), greatest(v - leak, 0)))
        with m.Else():
            m.d.comb += v1.eq(greatest(least(v + weight, high), low))
        return m


@pytest.mark.parametrize(("potential_bits", "weight_bits"), SIZES)
def test_lif(prove, potential_bits, weight_bits):
    # Without registers one cycle is all.
    prove.holds(LifProof(potential_bits, weight_bits), depth=1)


MUTATIONS = {
    "subtract.eq(self.tick & ~negative)": "subtract.eq(self.tick)",
    "self.tick & (total[-1] != negative)": "self.tick & total[-1] & ~negative",
    "~self.tick & (total[-1] != total[-2])": "~self.tick & total[-2] & ~total[-1]",
    "self.fires.eq(self.threshold == 0)": "self.fires.eq(0)",
    "~total[-1] & ~self.threshold[-1] &": "~total[-1] &",
    ">= self.threshold)": "> self.threshold)",
    "with m.If(self.fires | crosses):": "with m.If(self.fires):",
    "Cat((~total[-1]).replicate(width - 1), total[-1])": "Cat((~total[-1]).replicate(width))",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_lif_is_refuted(prove, old):
    broken = prove.mutant(LeakyIntegrateAndFire, old, MUTATIONS[old])
    assert "Assert(neuron." in prove.refuted(LifProof(12, 4, broken), depth=1)
