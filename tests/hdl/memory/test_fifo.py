"""The queue against a deque, both sides stalling; proofs say the rest
(tests/proof/test_fifo.py).
"""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.memory.fifo import Fifo

SEED = 20265


def simulate(fifo, testbench):
    simulator = Simulator(fifo)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("depth", [2, 4, 16])
@pytest.mark.parametrize(("push", "pop"), [(0.9, 0.3), (0.3, 0.9), (0.5, 0.5), (1.0, 1.0)])
def test_random_use(depth, push, pop):
    fifo = Fifo(12, depth)
    generator = random.Random(SEED)

    async def run(ctx):
        held = deque()
        fullest = 0
        written = True
        for _ in range(800):
            # A stream stays valid until it is taken.
            waits = ctx.get(fifo.write.valid) and not written
            valid = waits or generator.random() < push
            ready = generator.random() < pop
            if not waits:
                ctx.set(fifo.write.p, generator.randrange(1 << 12))
            ctx.set(fifo.write.valid, valid)
            ctx.set(fifo.read.ready, ready)
            assert ctx.get(fifo.level) == len(held), f"seed {SEED}"
            assert ctx.get(fifo.write.ready) == (len(held) < depth)
            written = valid and ctx.get(fifo.write.ready)
            word = ctx.get(fifo.write.p)
            if ctx.get(fifo.read.valid):
                assert ctx.get(fifo.read.p) == held[0], f"seed {SEED}"
                if ready:
                    held.popleft()
            if written:
                held.append(word)
            fullest = max(fullest, len(held))
            await ctx.tick()
        assert fullest == depth or push <= pop

    simulate(fifo, run)


def test_an_entry_is_there_in_the_third_cycle():
    fifo = Fifo(8, 4)

    async def run(ctx):
        ctx.set(fifo.write.valid, 1)
        ctx.set(fifo.write.p, 0x5A)
        for cycle in range(4):
            assert ctx.get(fifo.read.valid) == (cycle == 3)
            await ctx.tick()
            ctx.set(fifo.write.valid, 0)
        assert ctx.get(fifo.read.p) == 0x5A

    simulate(fifo, run)


def test_one_entry_each_cycle():
    fifo = Fifo(8, 8)

    async def run(ctx):
        ctx.set(fifo.write.valid, 1)
        ctx.set(fifo.read.ready, 1)
        for cycle in range(40):
            ctx.set(fifo.write.p, cycle)
            if cycle >= 3:
                assert ctx.get(fifo.read.valid) and ctx.get(fifo.read.p) == cycle - 3
            await ctx.tick()

    simulate(fifo, run)
