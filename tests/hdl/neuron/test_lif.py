"""The leaky integrate-and-fire update against its model, and against the published block
vectors.
"""

import itertools
from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator

from spikewright.hdl.neuron.lif import LeakyIntegrateAndFire
from spikewright.sim.model.neuron import lif

VECTORS = Path(__file__).resolve().parents[2] / "traces/tinyodin/neuron.vectors.npz"
SEED = 20266
LEAK_BITS = 7
CASES = 3000


def update(potential_bits, weight_bits, cases):
    """Run cases of (potential, threshold, leak, weight, tick) through the circuit."""
    neuron = LeakyIntegrateAndFire(
        potential_bits=potential_bits, weight_bits=weight_bits, leak_bits=LEAK_BITS
    )
    names = ("potential", "threshold", "leak", "weight", "tick")
    results = []

    async def run(ctx):
        for case in cases:
            for name, value in zip(names, case, strict=True):
                ctx.set(getattr(neuron, name), int(value))
            await ctx.delay(1e-9)
            results.append((ctx.get(neuron.next_potential), ctx.get(neuron.fires)))

    simulator = Simulator(neuron)
    simulator.add_testbench(run)
    simulator.run()
    return np.array(results).T


def check(potential_bits, weight_bits, cases):
    results = update(potential_bits, weight_bits, cases)
    expected = lif.update(*np.array(cases, dtype=np.int64).T, potential_bits)
    wrong = np.flatnonzero((results[0] != expected[0]) | (results[1] != expected[1]))
    assert wrong.size == 0, f"seed {SEED}: {cases[wrong[0]]}"
    return results[1]


@pytest.mark.parametrize(
    ("potential_bits", "weight_bits"), [(12, 4), (8, 8), (9, 2), (16, 5), (24, 8)]
)
def test_random(potential_bits, weight_bits):
    random = np.random.default_rng(SEED)
    low, high = lif.limits(potential_bits)
    potential = random.integers(low, high + 1, CASES)
    # Half of the thresholds near the potential, where it matters.
    near = np.clip(potential + random.integers(-200, 200, CASES), 0, 2 * high + 1)
    anywhere = random.integers(0, 2 * high + 2, CASES)
    half = 1 << weight_bits - 1
    fires = check(
        potential_bits,
        weight_bits,
        list(
            zip(
                potential,
                np.where(random.integers(2, size=CASES), near, anywhere),
                random.integers(0, 1 << LEAK_BITS, CASES),
                random.integers(-half, half, CASES),
                random.integers(2, size=CASES),
                strict=True,
            )
        ),
    )
    assert 0 < fires.sum() < CASES


@pytest.mark.parametrize(("potential_bits", "weight_bits"), [(12, 4), (8, 8)])
def test_corners(potential_bits, weight_bits):
    low, high = lif.limits(potential_bits)
    half = 1 << weight_bits - 1
    check(
        potential_bits,
        weight_bits,
        list(
            itertools.product(
                (low, low + 1, -2, -1, 0, 1, 2, high - 1, high),
                (0, 1, 2, high - 1, high, high + 1, 2 * high + 1),
                (0, 1, 2, 127),
                (-half, -1, 0, 1, half - 1),
                (0, 1),
            )
        ),
    )


def test_vectors():
    vectors = np.load(VECTORS)
    chosen = np.random.default_rng(SEED).permutation(len(vectors["word"]))[:CASES]
    word = vectors["word"][chosen].astype(np.int64)
    weight = vectors["weight"][chosen].astype(np.int64)
    potential = (word & 0xFFF ^ 0x800) - 0x800
    cases = zip(
        potential,
        word >> 12 & 0xFFF,
        word >> 24 & 0x7F,
        (weight ^ 8) - 8,
        vectors["tick"][chosen],
        strict=True,
    )
    next_potential, fires = update(12, 4, list(cases))
    next_word = word & ~0xFFF | next_potential & 0xFFF
    assert (next_word == vectors["next_word"][chosen]).all()
    assert ((fires & ~(word >> 31) & 1) == vectors["fires"][chosen]).all()
