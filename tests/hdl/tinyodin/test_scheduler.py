"""The scheduler against a deque; proofs say the rest (tests/proof/test_fifo.py)."""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.scheduler import Scheduler

SEED = 20267


@pytest.mark.parametrize("depth", [4, 8])
def test_random_use(depth):
    scheduler = Scheduler(TinyOdinConfig(neurons=16, fifo_depth=depth))
    generator = random.Random(SEED)
    dropped = []

    async def run(ctx):
        waiting = deque()
        processing = 0
        for step in range(2000):
            # Fill and empty in turn.
            filling = step // 100 % 2
            push = generator.random() < (0.8 if filling else 0.2)
            take = not processing and generator.random() < (0.1 if filling else 0.8)
            entry = {"neuron": generator.randrange(16), "weight": generator.randrange(16)}
            ctx.set(scheduler.push, push)
            ctx.set(scheduler.entry, entry)
            ctx.set(scheduler.head.ready, take)
            ctx.set(scheduler.processing, processing)
            full = len(waiting) + processing >= depth
            assert ctx.get(scheduler.full) == full, f"seed {SEED}"
            assert ctx.get(scheduler.waiting_full) == (len(waiting) == depth)
            assert ctx.get(scheduler.empty) == (not waiting)
            taken = take and ctx.get(scheduler.head.valid)
            if taken:
                head = ctx.get(scheduler.head.p)
                assert {"neuron": head.neuron, "weight": head.weight} == waiting.popleft()
            if push and not full:
                waiting.append(entry)
            elif push:
                dropped.append((len(waiting), processing))
            processing = int(taken or (processing and generator.random() < 0.8))
            await ctx.tick()

    simulator = Simulator(scheduler)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    # Both kinds of full have happened.
    assert {(depth, 0), (depth - 1, 1)} <= set(dropped)
