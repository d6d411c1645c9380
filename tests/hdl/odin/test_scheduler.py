"""The scheduler against a deque; proofs say the rest (tests/proof/test_fifo.py)."""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.scheduler import Scheduler

SEED = 20272


def simulate(scheduler, run):
    simulator = Simulator(scheduler)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()


@pytest.mark.parametrize("burst_queue", [0, 1])
def test_random_use_of_the_main_fifo(burst_queue):
    depth = 4
    scheduler = Scheduler(OdinConfig(neurons=16, fifo_depth=depth, burst_queue=burst_queue))
    generator = random.Random(SEED)
    dropped = []

    async def run(ctx):
        waiting = deque()
        processing = 0
        for step in range(1500):
            # Fill and empty in turn.
            filling = step // 100 % 2
            push = generator.random() < (0.8 if filling else 0.2)
            take = not processing and generator.random() < (0.1 if filling else 0.8)
            entry = generator.randrange(1 << 9)
            ctx.set(scheduler.push, push)
            ctx.set(
                scheduler.entry,
                {
                    "neuron": entry & 15,
                    "virtual": {
                        "tick": entry >> 4 & 1,
                        "inhibitory": entry >> 5 & 1,
                        "weight": entry >> 6,
                    },
                },
            )
            ctx.set(scheduler.head.ready, take)
            ctx.set(scheduler.processing, processing)
            full = len(waiting) + processing >= depth
            assert ctx.get(scheduler.full) == full, f"seed {SEED}"
            assert ctx.get(scheduler.waiting_full) == (len(waiting) == depth)
            assert ctx.get(scheduler.empty) == ctx.get(scheduler.drained) == (not waiting)
            taken = take and ctx.get(scheduler.head.valid)
            if taken:
                head = ctx.get(scheduler.head.p.as_value())
                # Neither replayed nor last.
                assert head == waiting.popleft(), f"seed {SEED}"
            if push and not full:
                waiting.append(entry)
            elif push:
                dropped.append((len(waiting), processing))
            processing = int(taken or (processing and generator.random() < 0.8))
            await ctx.tick()

    simulate(scheduler, run)
    # Both kinds of full have happened.
    assert {(depth, 0), (depth - 1, 1)} <= set(dropped)


async def wait(ctx, signal):
    for _ in range(200):
        if ctx.get(signal):
            return
        await ctx.tick()
    raise AssertionError(f"{signal} never comes")


def test_replays_come_first():
    scheduler = Scheduler(OdinConfig(neurons=16))
    found = []

    async def run(ctx):
        ctx.set(scheduler.bursts_enabled, 1)
        ctx.set(scheduler.burst_time_unit, 99)
        for _ in range(70):
            await ctx.tick()
        # The bursts' spikes are in the slot after the next and in the second one after that.
        ctx.set(scheduler.burst.valid, 1)
        for neuron in (9, 10):
            ctx.set(scheduler.burst.p, {"neuron": neuron, "spikes": 2, "interval": 1})
            await wait(ctx, scheduler.burst.ready)
            await ctx.tick()
        ctx.set(scheduler.burst.valid, 0)
        assert ctx.get(scheduler.empty) and not ctx.get(scheduler.drained)
        for neuron in range(1, 15):
            ctx.set(scheduler.push, 1)
            ctx.set(scheduler.entry, {"neuron": neuron, "virtual": {"tick": 1}})
            await ctx.tick()
        ctx.set(scheduler.push, 0)
        # Each is executed in 30 cycles, and the next one comes as soon as there is one.
        for _ in range(18):
            await wait(ctx, scheduler.head.valid)
            head = ctx.get(scheduler.head.p)
            found.append((head.neuron, head.virtual.tick, head.replayed, head.last))
            ctx.set(scheduler.head.ready, 1)
            await ctx.tick()
            ctx.set(scheduler.head.ready, 0)
            for _ in range(30):
                await ctx.tick()
            ctx.set(scheduler.finish, 1)
            await ctx.tick()
            ctx.set(scheduler.finish, 0)
        for _ in range(10):
            await ctx.tick()
        assert ctx.get(scheduler.empty) and ctx.get(scheduler.drained)

    simulate(scheduler, run)
    replays = [(neuron, 0, 1, last) for last in (0, 1) for neuron in (9, 10)]
    assert [entry for entry in found if entry[2]] == replays
    assert [entry for entry in found if not entry[2]] == [(n, 1, 0, 0) for n in range(1, 15)]
    # A slot is emptied before anything else is served.
    for first in (0, 2):
        at = found.index(replays[first])
        assert found[at + 1] == replays[first + 1]
        assert 0 < at < len(found) - 2
