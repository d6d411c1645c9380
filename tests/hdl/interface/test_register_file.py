"""Registers: each takes its own low bits, and reset leaves them alone."""

import random

from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from spikewright.hdl.interface.register import Register, RegisterMap
from spikewright.hdl.interface.register_file import RegisterFile

SEED = 20262
MAP = RegisterMap(
    "test",
    [
        Register("a", 0, 1, "A", "one bit"),
        Register("b", 1, 8, "B", ""),
        Register("c", 6, 12, "C", ""),
    ],
)


def simulate(testbench, address_bits=4):
    registers = RegisterFile(MAP, address_bits=address_bits, data_bits=12)
    reset = Signal()
    simulator = Simulator(ResetInserter(reset)(registers))
    simulator.add_clock(1e-6)

    async def run(ctx):
        await testbench(ctx, registers, reset)

    simulator.add_testbench(run)
    simulator.run()


def values(ctx, registers):
    return {register.name: ctx.get(registers.values[register.name]) for register in MAP}


def test_writes():
    generator = random.Random(SEED)

    async def run(ctx, registers, reset):
        expected = {"a": 0, "b": 0, "c": 0}
        assert values(ctx, registers) == expected
        for _ in range(500):
            address, data = generator.randrange(16), generator.randrange(1 << 12)
            write = generator.randrange(2)
            ctx.set(registers.address, address)
            ctx.set(registers.data, data)
            ctx.set(registers.write, write)
            await ctx.tick()
            register = MAP.at(address)
            if write and register is not None:
                expected[register.name] = data & ((1 << register.width) - 1)
            assert values(ctx, registers) == expected, f"seed {SEED}"

    simulate(run)


def test_reset_leaves_registers_alone():
    async def run(ctx, registers, reset):
        ctx.set(registers.write, 1)
        for address, data in ((0, 1), (1, 0xA5), (6, 0xABC)):
            ctx.set(registers.address, address)
            ctx.set(registers.data, data)
            await ctx.tick()
        ctx.set(registers.write, 0)
        ctx.set(reset, 1)
        await ctx.tick().repeat(3)
        assert values(ctx, registers) == {"a": 1, "b": 0xA5, "c": 0xABC}

    simulate(run)
