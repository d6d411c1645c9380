"""The update of a synapse, for all inputs and widths, against section 11 of ODIN's specification.

Calcium and the flags are part of a neuron's update: tests/proof/test_odin_neuron.py.
"""

import pytest
from amaranth.hdl import Assert, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.plasticity.sdsp import Synapse

WIDE = 16
WIDTHS = range(1, 8)


class SynapseProof(wiring.Component):
    """Synapses of all widths, in numbers that are wide enough."""

    def __init__(self, kind=Synapse, widths=WIDTHS):
        self.synapses = {width: kind(width) for width in widths}
        super().__init__(
            {
                "weight": In(max(widths)),
                "eligible": In(1),
                "bistability": In(1),
                "up": In(1),
                "down": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        for width, synapse in self.synapses.items():
            m.submodules[f"synapse_{width}"] = synapse
            w, higher, lower, result = (
                Signal(signed(WIDE), name=f"{name}_{width}")
                for name in ("w", "higher", "lower", "result")
            )
            highest = (1 << width) - 1
            m.d.comb += [
                synapse.weight.eq(self.weight),
                synapse.eligible.eq(self.eligible),
                synapse.bistability.eq(self.bistability),
                synapse.up.eq(self.up),
                synapse.down.eq(self.down),
                w.eq(synapse.weight),
                higher.eq(Mux(w + 1 > highest, highest, w + 1)),
                lower.eq(Mux(w - 1 < 0, 0, w - 1)),
                result.eq(w),
            ]
            with m.If(self.eligible & self.bistability):
                m.d.comb += result.eq(Mux(w >= (highest + 1) // 2, higher, lower))
            with m.Elif(self.eligible & self.up):
                m.d.comb += result.eq(higher)
            with m.Elif(self.eligible & self.down):
                m.d.comb += result.eq(lower)
            m.d.comb += [
                Assert(synapse.next_weight == result, "next weight"),
                Cover(synapse.next_weight < w),
                Cover(synapse.next_weight > w),
            ]
        return m


def test_synapse(prove):
    prove.holds(SynapseProof(), depth=1)


def test_synapse_works(prove):
    prove.reaches(SynapseProof(), depth=1)


MUTATIONS = {
    "m.If(rises & ~self.weight.all())": "m.If(rises)",
    "falls & ~rises & self.weight.any()": "falls & self.weight.any()",
    "Mux(self.bistability, self.weight[-1], self.up)": "self.up",
    "falls.eq(self.eligible & ": "falls.eq(",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_synapse_is_refuted(prove, old):
    broken = prove.mutant(Synapse, old, MUTATIONS[old])
    assert "next_weight == result" in prove.refuted(SynapseProof(broken, [3]), depth=1)
