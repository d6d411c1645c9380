"""The burst queue against a list of deques; proofs say the rest
(tests/proof/test_burst_queue.py).
"""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.odin.burst_queue import BurstQueue
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.layout import BURST_SLOTS

SEED = 20271
PERIOD = 79
TICKS = 300


class Bench:
    """Drives a queue; what is done within a burst tick is over before the next one."""

    def __init__(self, depth):
        self.depth = depth
        self.queue = BurstQueue(OdinConfig(neurons=16, burst_slot_depth=depth))
        self.slots = [deque() for _ in range(BURST_SLOTS)]
        self.current = 0
        self.dropped = self.taken = self.turns = 0

    def run(self, testbench):
        simulator = Simulator(self.queue)
        simulator.add_clock(1e-6)
        simulator.add_testbench(testbench)
        simulator.run()

    async def tick(self, ctx, cycles=1):
        for _ in range(cycles):
            await ctx.tick()

    async def settle(self, ctx, cycles):
        """Spend this many cycles, then compare what is shown."""
        await self.tick(ctx, cycles)
        queue, slot = self.queue, self.slots[self.current]
        assert ctx.get(queue.settled), f"seed {SEED}"
        assert ctx.get(queue.head.valid) == bool(slot), f"seed {SEED}"
        if slot:
            head = ctx.get(queue.head.p)
            assert (head.neuron, head.last) == slot[0], f"seed {SEED}"
        assert ctx.get(queue.empty) == (not any(self.slots)), f"seed {SEED}"

    async def push(self, ctx, neuron, spikes, interval):
        """Push a burst; takes 20 cycles."""
        queue = self.queue
        ctx.set(queue.push.valid, 1)
        ctx.set(queue.push.p, {"neuron": neuron, "spikes": spikes, "interval": interval})
        waited = 0
        while not ctx.get(queue.push.ready):
            await ctx.tick()
            waited += 1
            assert waited < 30, "held up"
        await ctx.tick()
        ctx.set(queue.push.valid, 0)
        for spike in range(1, spikes + 1):
            slot = self.slots[(self.current + spike * (interval + 1)) % BURST_SLOTS]
            if len(slot) < self.depth:
                slot.append((neuron, spike == spikes))
            else:
                self.dropped += 1
        await self.settle(ctx, 19 - waited)

    async def take(self, ctx):
        """Take the head, if there is one, and finish with it; takes 20 cycles."""
        queue = self.queue
        if not self.slots[self.current]:
            await self.settle(ctx, 20)
            return
        # The core is at rest until then, which is no end of what begins.
        ctx.set(queue.head.ready, 1)
        ctx.set(queue.finish, 1)
        await ctx.tick()
        ctx.set(queue.head.ready, 0)
        ctx.set(queue.finish, 0)
        for _ in range(10):
            assert not ctx.get(queue.settled) and not ctx.get(queue.head.valid)
            assert not ctx.get(queue.empty), "it keeps its place until it is finished"
            await ctx.tick()
        ctx.set(queue.finish, 1)
        await ctx.tick()
        ctx.set(queue.finish, 0)
        self.slots[self.current].popleft()
        self.taken += 1
        await self.settle(ctx, 8)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_random_use(depth):
    bench = Bench(depth)
    generator = random.Random(SEED)

    async def run(ctx):
        queue = bench.queue
        ctx.set(queue.period, PERIOD)
        await bench.tick(ctx, 100)
        ctx.set(queue.enable, 1)
        for number in range(TICKS):
            # The first slot is current when it is enabled; clearing takes most of the first tick.
            await bench.settle(ctx, 70 if number == 0 else 10)
            for _ in range(0 if number == 0 else 3):
                if generator.random() < 0.5:
                    spikes, interval = generator.randrange(1, 8), generator.choice((0, 0, 1, 7))
                    await bench.push(ctx, generator.randrange(16), spikes, interval)
                else:
                    await bench.take(ctx)
            await bench.tick(ctx, 10)
            bench.current = (bench.current + 1) % BURST_SLOTS

    bench.run(run)
    assert bench.dropped and bench.taken > 100


@pytest.mark.parametrize("cycles", [1, 2, 200])
def test_disabling_empties_it(cycles):
    bench = Bench(2)

    async def run(ctx):
        queue = bench.queue
        ctx.set(queue.period, 119)
        # In each of the queue's states once: at the end of a tick it looks up the next slot.
        for start in range(116, 130):
            ctx.set(queue.enable, 1)
            bench.current = 0
            await bench.tick(ctx, 70)
            await bench.push(ctx, 5, 7, 0)
            assert not ctx.get(queue.empty)
            await bench.tick(ctx, start - 90)
            ctx.set(queue.enable, 0)
            await bench.tick(ctx, cycles)
            ctx.set(queue.enable, 1)
            for slot in bench.slots:
                slot.clear()
            # Four slots later nothing has come.
            for _ in range(4 * 120):
                assert not ctx.get(queue.head.valid), start
                await ctx.tick()
            assert ctx.get(queue.empty)
            ctx.set(queue.enable, 0)
            await bench.tick(ctx, 100)

    bench.run(run)


def test_every_slot_is_emptied():
    bench = Bench(1)

    async def run(ctx):
        queue = bench.queue
        await bench.tick(ctx, 100)
        # The first slot is current all the time, so that each is reached.
        ctx.set(queue.period, 119)
        for interval in range(8):
            ctx.set(queue.enable, 1)
            await bench.tick(ctx, 60)
            ctx.set(queue.push.valid, 1)
            ctx.set(queue.push.p, {"neuron": 5, "spikes": 7, "interval": interval})
            await bench.tick(ctx, 30)
            ctx.set(queue.push.valid, 0)
            assert not ctx.get(queue.empty)
            ctx.set(queue.enable, 0)
            await bench.tick(ctx, 100)
        ctx.set(queue.period, 19)
        ctx.set(queue.enable, 1)
        for _ in range(60 * 20):
            assert not ctx.get(queue.head.valid)
            await ctx.tick()

    bench.run(run)


def test_while_disabled_bursts_are_taken_and_forgotten():
    bench = Bench(4)

    async def run(ctx):
        queue = bench.queue
        ctx.set(queue.push.valid, 1)
        ctx.set(queue.push.p, {"neuron": 3, "spikes": 7, "interval": 0})
        for _ in range(200):
            assert ctx.get(queue.push.ready) and ctx.get(queue.empty)
            assert ctx.get(queue.settled) and not ctx.get(queue.head.valid)
            await ctx.tick()

    bench.run(run)


@pytest.mark.parametrize("period", [4, 9])
def test_no_tick_is_lost(period):
    """Spikes come when their slots do, whenever ticks come while a burst is stored."""
    bench = Bench(4)

    async def run(ctx):
        queue = bench.queue
        ctx.set(queue.period, period)
        ctx.set(queue.enable, 1)
        await bench.tick(ctx, 130)
        for phase in range(period + 1):
            await bench.tick(ctx, phase)
            times, finish, pushing = [], 0, 1
            ctx.set(queue.push.p, {"neuron": 3, "spikes": 7, "interval": 7})
            for cycle in range(57 * (period + 1) + 20):
                ctx.set(queue.push.valid, pushing)
                ctx.set(queue.head.ready, not pushing)
                ctx.set(queue.finish, finish)
                finish = not pushing and ctx.get(queue.head.valid)
                if finish:
                    times.append(cycle)
                pushing = int(pushing and not ctx.get(queue.push.ready))
                await ctx.tick()
            assert ctx.get(queue.empty)
            assert len(times) == 7
            for spike, time in enumerate(times, 1):
                # The current slot was read up to five cycles later, a part of a tick before the
                # next.
                assert -period <= time - spike * 8 * (period + 1) <= 10, (phase, times)

    bench.run(run)


@pytest.mark.parametrize("period", [1, 2, 3])
def test_quick_ticks(period):
    """Slots pass more quickly than they are looked up: some turns are missed, no spike is lost."""
    bench = Bench(4)
    taken = []

    async def run(ctx):
        queue = bench.queue
        ctx.set(queue.period, period)
        ctx.set(queue.enable, 1)
        await bench.tick(ctx, 130)
        for interval in (7, 0):
            ctx.set(queue.push.valid, 1)
            ctx.set(queue.push.p, {"neuron": 3, "spikes": 7, "interval": interval})
            waited = 0
            while not ctx.get(queue.push.ready):
                await ctx.tick()
                waited += 1
                assert waited < 60, "held up"
            await ctx.tick()
            ctx.set(queue.push.valid, 0)
        ctx.set(queue.head.ready, 1)
        finish = 0
        for _ in range(20 * 57 * (period + 1)):
            ctx.set(queue.finish, finish)
            finish = ctx.get(queue.head.valid)
            if finish:
                taken.append(ctx.get(queue.head.p.last))
            await ctx.tick()
        assert ctx.get(queue.empty)

    bench.run(run)
    assert len(taken) == 14 and sum(taken) == 2
