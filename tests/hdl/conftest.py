"""What tests of circuits share."""

import random
from collections import deque

import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator


def _evaluate(circuit, inputs, cases, outputs):
    """Return rows of outputs for rows of inputs.

    Parameters
    ----------
    circuit : Elaboratable
        The circuit, or a module around it.
    inputs, outputs : sequence of Signal
        What is driven and what is looked at.
    cases : iterable of sequences of int
        Values of the inputs.
    """
    rows = []

    async def run(ctx):
        for case in cases:
            for signal, value in zip(inputs, case, strict=True):
                ctx.set(signal, int(value))
            await ctx.delay(1e-9)
            rows.append(tuple(ctx.get(signal) for signal in outputs))

    simulator = Simulator(circuit)
    simulator.add_testbench(run)
    simulator.run()
    return rows


@pytest.fixture
def evaluate():
    """Return the function that runs cases through a combinational circuit."""
    return _evaluate


def _measure(device, events):
    """Return the cycles from the one in which the first event comes to the first idle one."""
    before = device.cycles
    device.send(events)
    assert device.settle().size == 0
    return device.cycles - before - 1


@pytest.fixture
def measure():
    """Return the function that counts the cycles of events without output, on a simulated core."""
    return _measure


def _use_scheduler(scheduler, depth, seed, empty):
    """Push and take entries at random, against a deque.

    Parameters
    ----------
    scheduler : Component
        The scheduler of tinyODIN or ODIN.
    depth : int
        Entries that it has room for.
    seed : int
        Seed of what is done.
    empty : sequence of Signal
        What tells that nothing waits.
    """
    generator = random.Random(seed)
    entry_bits, head_bits = Value.cast(scheduler.entry), Value.cast(scheduler.head.p)
    dropped = set()

    async def run(ctx):
        waiting = deque()
        processing = 0
        for step in range(2000):
            # Fill and empty in turn.
            filling = step // 100 % 2
            push = generator.random() < (0.8 if filling else 0.2)
            take = not processing and generator.random() < (0.1 if filling else 0.8)
            entry = generator.getrandbits(len(entry_bits))
            ctx.set(scheduler.push, push)
            ctx.set(entry_bits, entry)
            ctx.set(scheduler.head.ready, take)
            ctx.set(scheduler.processing, processing)
            full = len(waiting) + processing >= depth
            assert ctx.get(scheduler.full) == full, f"seed {seed}"
            assert ctx.get(scheduler.waiting_full) == (len(waiting) == depth)
            assert all(ctx.get(signal) == (not waiting) for signal in empty)
            taken = take and ctx.get(scheduler.head.valid)
            if taken:
                # An entry is all that the head is: neither replayed nor last.
                assert ctx.get(head_bits) == waiting.popleft(), f"seed {seed}"
            if push and not full:
                waiting.append(entry)
            elif push:
                dropped.add((len(waiting), processing))
            processing = int(taken or (processing and generator.random() < 0.8))
            await ctx.tick()

    simulator = Simulator(scheduler)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    # Both kinds of full have happened.
    assert {(depth, 0), (depth - 1, 1)} <= dropped


@pytest.fixture
def use_scheduler():
    """Return the function that compares the main queue of a scheduler with a deque."""
    return _use_scheduler
