"""The memory against an array, with no more than its contract allows."""

import random

import pytest
from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from spikewright.hdl.memory.sram import Sram

SEED = 20264


class ContractPlatform:
    check_contracts = True


def simulate(memory, testbench, platform=None):
    simulator = Simulator(Fragment.get(memory, platform))
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize(("words", "width", "granularity"), [(2, 8, 8), (16, 32, 8), (5, 12, 4)])
def test_random_use(words, width, granularity, ports):
    memory = Sram(words=words, width=width, granularity=granularity, ports=ports)
    parts = width // granularity
    generator = random.Random(SEED)

    async def run(ctx):
        contents = [None] * words
        expected = None
        for _ in range(600):
            read, write = generator.randrange(2), generator.randrange(1 << parts)
            read_at, write_at = generator.randrange(words), generator.randrange(words)
            if contents[write_at] is None:
                write = write and (1 << parts) - 1
            if write and read and (ports == 1 or read_at == write_at):
                read = 0
            data = generator.randrange(1 << width)
            ctx.set(memory.read, read)
            ctx.set(memory.read_address, read_at)
            ctx.set(memory.write, write)
            ctx.set(memory.write_address, write_at)
            ctx.set(memory.write_data, data)
            await ctx.tick()
            if read:
                expected = contents[read_at]
            mask = sum(
                ((1 << granularity) - 1) << part * granularity
                for part in range(parts)
                if write >> part & 1
            )
            if write:
                contents[write_at] = ((contents[write_at] or 0) & ~mask) | (data & mask)
            # What was read stays while the memory is not read.
            if expected is not None:
                assert ctx.get(memory.read_data) == expected, f"seed {SEED}"
        assert None not in contents

    simulate(memory, run, ContractPlatform())


@pytest.mark.parametrize(
    ("ports", "read_address", "broken"),
    [(1, 2, True), (1, 3, True), (2, 2, False), (2, 3, True)],
)
def test_contract_is_checked(ports, read_address, broken):
    memory = Sram(words=4, width=8, granularity=8, ports=ports)

    async def run(ctx):
        ctx.set(memory.read, 1)
        ctx.set(memory.read_address, read_address)
        ctx.set(memory.write, 1)
        ctx.set(memory.write_address, 3)
        await ctx.tick()

    if broken:
        with pytest.raises(AssertionError, match="read and written at once"):
            simulate(memory, run, ContractPlatform())
    else:
        simulate(memory, run, ContractPlatform())
    simulate(memory, run)
