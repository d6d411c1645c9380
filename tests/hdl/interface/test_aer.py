"""The four-phase buses, cycle by cycle; proofs say the rest (tests/proof/test_aer.py)."""

import itertools
import random

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.interface.aer import AerReceiver, AerSender

SEED = 20261


def simulate(component, *testbenches, background=()):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in background:
        simulator.add_testbench(testbench, background=True)
    simulator.run()


def test_receiver_gives_each_word_once():
    receiver = AerReceiver(8)
    generator = random.Random(SEED)
    words = [generator.randrange(256) for _ in range(100)]
    taken = []

    async def send(ctx):
        for word in words:
            ctx.set(receiver.address, word)
            await ctx.tick()
            ctx.set(receiver.request, 1)
            await ctx.tick().until(receiver.acknowledge)
            await ctx.tick().repeat(generator.choice([1, 1, 5]))
            ctx.set(receiver.request, 0)
            await ctx.tick().until(~receiver.acknowledge)

    async def take(ctx):
        async for _, _, valid, ready, word in ctx.tick().sample(
            receiver.events.valid, receiver.events.ready, receiver.events.p
        ):
            if valid and ready:
                taken.append(word)
            ctx.set(receiver.events.ready, generator.random() < 0.3)

    simulate(receiver, send, background=[take])
    assert taken == words, f"seed {SEED}"


def test_receiver_waits_for_its_stream():
    receiver = AerReceiver(4)

    async def send(ctx):
        ctx.set(receiver.request, 1)
        await ctx.tick().repeat(20)
        assert ctx.get(receiver.events.valid) and not ctx.get(receiver.acknowledge)
        ctx.set(receiver.events.ready, 1)
        await ctx.tick()
        assert ctx.get(receiver.acknowledge) and not ctx.get(receiver.events.valid)
        await ctx.tick().repeat(20)
        assert ctx.get(receiver.acknowledge) and not ctx.get(receiver.events.valid)

    simulate(receiver, send)


def run_sender(words, slowness):
    """Send words to a receiver; return those it saw and all levels of REQ, ACK and the word."""
    sender = AerSender(8)
    generator = random.Random(SEED)
    seen, levels = [], []

    async def send(ctx):
        ctx.set(sender.enable, 1)
        for word in words:
            ctx.set(sender.words.p, word)
            ctx.set(sender.words.valid, 1)
            await ctx.tick().until(sender.words.ready)
            ctx.set(sender.words.valid, 0)
            await ctx.tick().repeat(generator.choice([1, 1, 4]))

    async def receive(ctx):
        wait = 1
        async for _, _, request, acknowledge, address in ctx.tick().sample(
            sender.request, sender.acknowledge, sender.address
        ):
            levels.append((request, acknowledge, address))
            if request == acknowledge:
                wait = generator.randint(1, slowness)
                continue
            wait -= 1
            if wait == 0:
                ctx.set(sender.acknowledge, request)
                if request:
                    seen.append(address)

    simulate(sender, send, background=[receive])
    return seen, levels


def test_sender_hands_over_each_word_once():
    words = [random.Random(SEED + 1).randrange(256) for _ in range(100)]
    for slowness in (1, 7):
        seen, levels = run_sender(words, slowness)
        assert seen == words, f"seed {SEED}"
        for (request, acknowledge, word), after in itertools.pairwise(levels):
            assert not (after[0] > request and acknowledge), "REQ rises while ACK is low"
            assert not (after[0] < request and not acknowledge), "REQ falls while ACK is high"
            assert word == after[2] or not (request or acknowledge), "the word stands still"


def test_sender_without_enable_takes_and_loses_words():
    sender = AerSender(8)

    async def send(ctx):
        ctx.set(sender.words.valid, 1)
        ctx.set(sender.enable, 1)
        await ctx.tick().repeat(3)
        assert ctx.get(sender.request) and not ctx.get(sender.words.ready)
        ctx.set(sender.enable, 0)
        # The word stands still until REQ has fallen.
        assert ctx.get(sender.request) and not ctx.get(sender.words.ready)
        for _ in range(5):
            await ctx.tick()
            assert not ctx.get(sender.request)
            assert ctx.get(sender.words.ready)
        ctx.set(sender.enable, 1)
        await ctx.tick()
        assert ctx.get(sender.request)

    simulate(sender, send)


@pytest.mark.parametrize("acknowledged", [False, True])
def test_sender_gives_up_a_word_that_is_withdrawn(acknowledged):
    sender = AerSender(8)

    async def send(ctx):
        ctx.set(sender.words.valid, 1)
        ctx.set(sender.enable, 1)
        await ctx.tick().repeat(3)
        assert ctx.get(sender.request)
        if acknowledged:
            ctx.set(sender.acknowledge, 1)
            await ctx.tick().repeat(4)
            assert not ctx.get(sender.request)
        ctx.set(sender.words.valid, 0)
        for _ in range(5):
            await ctx.tick()
            assert not ctx.get(sender.request)
        ctx.set(sender.acknowledge, 0)
        await ctx.tick().repeat(5)
        assert not ctx.get(sender.request)
        # The next word has a handshake of its own.
        ctx.set(sender.words.valid, 1)
        assert not ctx.get(sender.words.ready)
        await ctx.tick()
        assert ctx.get(sender.request)

    simulate(sender, send)


def test_sender_waits_for_an_old_acknowledge():
    sender = AerSender(8)

    async def send(ctx):
        ctx.set(sender.acknowledge, 1)
        ctx.set(sender.enable, 1)
        await ctx.tick().repeat(3)
        ctx.set(sender.words.valid, 1)
        for _ in range(10):
            await ctx.tick()
            assert not ctx.get(sender.request)
        ctx.set(sender.acknowledge, 0)
        await ctx.tick().repeat(3)
        assert ctx.get(sender.request)

    simulate(sender, send)
