"""Synapses, calcium and tick counters against their model; proofs say the rest
(tests/proof/test_sdsp.py).
"""

import itertools
from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator

from spikewright.hdl.plasticity.sdsp import Synapse, TickCounter
from spikewright.sim.model.plasticity.sdsp import update_synapses

VECTORS = Path(__file__).resolve().parents[2] / "traces/odin/sdsp.vectors.npz"


def run_through(circuit, names, cases, results):
    """Run cases through a combinational circuit."""
    found = []

    async def run(ctx):
        for case in cases:
            for name, value in zip(names, case, strict=True):
                ctx.set(getattr(circuit, name), int(value))
            await ctx.delay(1e-9)
            found.append([ctx.get(getattr(circuit, name)) for name in results])

    simulator = Simulator(circuit)
    simulator.add_testbench(run)
    simulator.run()
    return np.array(found).T


@pytest.mark.parametrize("weight_bits", range(1, 8))
def test_synapse(weight_bits):
    cases = [
        (weight, eligible, bistability, up, down)
        for weight in range(1 << weight_bits)
        for eligible, bistability in itertools.product((0, 1), repeat=2)
        # Up and down are never both set.
        for up, down in ((0, 0), (1, 0), (0, 1))
    ]
    names = ("weight", "eligible", "bistability", "up", "down")
    (found,) = run_through(Synapse(weight_bits), names, cases, ["next_weight"])
    weight, eligible, bistability, up, down = np.array(cases).T
    for mapped in (0, 1 << weight_bits):
        expected = update_synapses(
            weight | mapped, eligible == 1, bistability == 1, up == 1, down == 1, weight_bits
        )
        assert (found | mapped == expected).all()


@pytest.mark.parametrize("bits", [4, 5])
def test_tick_counter(bits):
    cases = [
        (enable, tick, period, count)
        for enable, tick in itertools.product((0, 1), repeat=2)
        for period in range(1 << bits)
        for count in range(1 << bits)
    ]
    next_count, leak = run_through(
        TickCounter(bits), ("enable", "tick", "period", "count"), cases, ["next_count", "leak"]
    )
    for case, got in zip(cases, zip(next_count, leak, strict=True), strict=True):
        enable, tick, period, count = case
        if not enable or not tick or period == 0:
            expected = (count, 0)
        elif count == period - 1:
            expected = (0, 1)
        else:
            expected = ((count + 1) % (1 << bits), 0)
        assert got == expected, case


def test_vectors():
    vectors = np.load(VECTORS)
    nibble = vectors["nibble"].astype(int)
    names = ("eligible", "bistability", "up", "down")
    cases = np.stack([nibble & 7, *(vectors[name] for name in names)]).T
    (found,) = run_through(Synapse(3), ("weight", *names), cases, ["next_weight"])
    assert (found | nibble & 8 == vectors["next_nibble"]).all()
