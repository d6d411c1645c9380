"""The scheduler against a deque; proofs say the rest (tests/proof/test_fifo.py)."""

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.scheduler import Scheduler


def simulate(scheduler, run):
    simulator = Simulator(scheduler)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()


@pytest.mark.parametrize("burst_queue", [0, 1])
def test_random_use_of_the_main_fifo(use_scheduler, burst_queue):
    scheduler = Scheduler(OdinConfig(neurons=16, fifo_depth=4, burst_queue=burst_queue))
    use_scheduler(scheduler, 4, 20272, [scheduler.empty, scheduler.drained])


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
