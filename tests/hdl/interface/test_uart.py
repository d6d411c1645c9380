"""The serial line, against waveforms made bit by bit."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from spikewright.hdl.error import InputError
from spikewright.hdl.interface.uart import UartReceiver, UartTransmitter, divisor_for

SEED = 20260


def simulate(component, *testbenches, background=()):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for testbench in background:
        simulator.add_testbench(testbench, background=True)
    simulator.run()


def receive(divisor, levels):
    """Return the bytes received from a line that has these levels for these numbers of cycles."""
    receiver = UartReceiver(divisor)
    received = []

    async def drive(ctx):
        for level, cycles in levels:
            ctx.set(receiver.rx, level)
            await ctx.tick().repeat(cycles)
        ctx.set(receiver.rx, 1)
        await ctx.tick().repeat(12 * divisor)

    async def watch(ctx):
        async for _, _, valid, byte in ctx.tick().sample(
            receiver.received.valid, receiver.received.p
        ):
            if valid:
                received.append(byte)

    simulate(receiver, drive, background=[watch])
    return received


def byte_levels(byte, bit_cycles, stop=1):
    bits = [0, *((byte >> place) & 1 for place in range(8)), stop]
    return [(bit, bit_cycles) for bit in bits]


@pytest.mark.parametrize("divisor", [8, 9, 24, 50])
def test_receiver_receives_back_to_back_bytes(divisor):
    data = random.Random(SEED).randbytes(20) + b"\x00\xff\x00\x55\xaa"
    levels = [(1, 3)] + [level for byte in data for level in byte_levels(byte, divisor)]
    assert receive(divisor, levels) == list(data)


@pytest.mark.parametrize("bit_cycles", [97, 103])
def test_receiver_tolerates_a_clock_three_percent_off(bit_cycles):
    data = random.Random(SEED).randbytes(8) + b"\x00\xff"
    levels = [level for byte in data for level in byte_levels(byte, bit_cycles)]
    assert receive(100, levels) == list(data)


def test_receiver_ignores_a_glitch():
    assert receive(16, [(1, 20), (0, 6), (1, 200), *byte_levels(0x3C, 16)]) == [0x3C]


def test_receiver_drops_a_byte_without_stop_bit_and_goes_on():
    levels = [*byte_levels(0x81, 16, stop=0), (1, 16 * 12), *byte_levels(0x42, 16)]
    assert receive(16, levels) == [0x42]


def test_receiver_survives_a_long_break():
    assert receive(16, [(0, 16 * 35), (1, 16 * 12), *byte_levels(0x42, 16)]) == [0x42]


def test_transmitter_waveform():
    divisor = 8
    transmitter = UartTransmitter(divisor)
    line = []

    async def drive(ctx):
        assert ctx.get(transmitter.tx) == 1
        for byte in (0xA5, 0x00):
            ctx.set(transmitter.transmitted.p, byte)
            ctx.set(transmitter.transmitted.valid, 1)
            await ctx.tick().until(transmitter.transmitted.ready)
        ctx.set(transmitter.transmitted.valid, 0)
        await ctx.tick().repeat(12 * divisor)

    async def watch(ctx):
        async for _, _, tx in ctx.tick().sample(transmitter.tx):
            line.append(tx)

    simulate(transmitter, drive, background=[watch])
    start = line.index(0)
    bits = line[start + divisor // 2 : start + 10 * divisor : divisor]
    assert bits == [0, 1, 0, 1, 0, 0, 1, 0, 1, 1]
    assert line[:start] == [1] * start
    # Each bit lasts exactly as long as it should.
    assert line[start : start + 10 * divisor] == [bit for bit in bits for _ in range(divisor)]
    second = start + 10 * divisor + line[start + 10 * divisor :].index(0)
    assert line[second : second + 9 * divisor] == [0] * 9 * divisor
    assert set(line[second + 9 * divisor :]) == {1}


@pytest.mark.parametrize("divisor", [8, 24])
def test_transmitter_to_receiver(divisor):
    m = Module()
    m.submodules.transmitter = transmitter = UartTransmitter(divisor)
    m.submodules.receiver = receiver = UartReceiver(divisor)
    m.d.comb += receiver.rx.eq(transmitter.tx)
    generator = random.Random(SEED)
    data = generator.randbytes(30)
    received = []

    async def drive(ctx):
        for byte in data:
            ctx.set(transmitter.transmitted.p, byte)
            ctx.set(transmitter.transmitted.valid, 1)
            await ctx.tick().until(transmitter.transmitted.ready)
            ctx.set(transmitter.transmitted.valid, 0)
            await ctx.tick().repeat(generator.choice([1, 1, 30, 200]))
        await ctx.tick().repeat(12 * divisor)

    async def watch(ctx):
        async for _, _, valid, byte in ctx.tick().sample(
            receiver.received.valid, receiver.received.p
        ):
            if valid:
                received.append(byte)

    simulate(m, drive, background=[watch])
    assert received == list(data)


def test_divisor():
    assert divisor_for(24e6, 1_000_000) == 24
    assert divisor_for(12e6, 115_200) == 104
    with pytest.raises(InputError, match="baud rate 5000000 cannot be made from a clock of 24 MHz"):
        divisor_for(24e6, 5_000_000)
    with pytest.raises(InputError, match="whole fractions of the clock, at most 3000000"):
        divisor_for(24e6, 2_300_000)
