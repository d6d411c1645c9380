"""Spikes of random rows; proofs say the rest (tests/proof/test_spike_serializer.py)."""

import random

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.spike_serializer import SpikeSerializer

SEED = 20268
ROWS = 200


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
@pytest.mark.parametrize("open_loop", [0, 1])
@pytest.mark.parametrize("output_source", [0, 1])
def test_random_rows(lanes, open_loop, output_source):
    config = TinyOdinConfig(neurons=256, lanes=lanes)
    serializer = SpikeSerializer(config)
    generator = random.Random(SEED)
    expected_pushes, expected_words, pushes, words = [], [], [], []

    async def run(ctx):
        ctx.set(serializer.open_loop, open_loop)
        ctx.set(serializer.output_source, output_source)
        rows = 0
        next_row = None
        while rows < ROWS or ctx.get(serializer.emitting):
            if next_row is not None:
                ctx.set(serializer.row, next_row)
                next_row = None
            ready = generator.random() < 0.5
            ctx.set(serializer.output.ready, ready)
            load = rows < ROWS and generator.random() < 0.8 and ctx.get(serializer.advance)
            ctx.set(serializer.load, load)
            if load:
                rows += 1
                fires, report = generator.randrange(1 << lanes), generator.randrange(2)
                next_row = generator.randrange(256 // lanes)
                spikes = [next_row * lanes + lane for lane in range(lanes) if fires >> lane & 1]
                ctx.set(serializer.fires, fires)
                ctx.set(serializer.report, report)
                ctx.set(serializer.source, 77)
                expected_pushes.extend([] if open_loop else spikes)
                expected_words.extend([77] * report if output_source else spikes)
            if ctx.get(serializer.push):
                pushes.append(ctx.get(serializer.neuron))
            if ready and ctx.get(serializer.output.valid):
                words.append(ctx.get(serializer.output.p))
            await ctx.tick()

    simulator = Simulator(serializer)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    assert pushes == expected_pushes, f"seed {SEED}"
    assert words == expected_words, f"seed {SEED}"
    assert words and bool(pushes) != bool(open_loop)
