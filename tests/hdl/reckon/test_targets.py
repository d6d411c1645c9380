"""What the core keeps of target data, against a few lines of Python: labels, and bytes of
targets.
"""

import random

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.input_items import Targets

SEED = 20279


@pytest.mark.parametrize("outputs", [4, 16])
@pytest.mark.parametrize("neurons", [16, 256, 512])
def test_targets(neurons, outputs):
    """Addresses have more bits than a byte if there are 512 neurons; a target takes the low
    eight.
    """
    config = ReckonConfig(neurons=neurons, outputs=outputs)
    targets = Targets(config)
    generator = random.Random(SEED)

    async def pulse(ctx, signal):
        ctx.set(signal, 1)
        await ctx.tick()
        ctx.set(signal, 0)

    async def give(ctx, address, complete):
        ctx.set(targets.item, 1)
        ctx.set(targets.address, address)
        assert ctx.get(targets.complete) == complete
        await ctx.tick()
        ctx.set(targets.item, 0)

    async def run(ctx):
        for last in (outputs - 1, 0, 1):
            ctx.set(targets.last_output, last)
            for _ in range(8):
                await pulse(ctx, targets.idle)
                assert not ctx.get(targets.received)
                ctx.set(targets.regression, 0)
                label = generator.randrange(outputs)
                above = generator.randrange(1 << config.event_address_bits) // outputs * outputs
                await give(ctx, above | label, True)
                assert (ctx.get(targets.label), ctx.get(targets.received)) == (label, 1)

                # Two bytes for each output in use, the low one first; and again from the first
                # output.
                await pulse(ctx, targets.left)
                assert ctx.get(targets.received)
                ctx.set(targets.regression, 1)
                expected = [generator.randrange(1 << 16) for _ in range(last + 1)]
                data = [part for value in expected for part in (value & 255, value >> 8)]
                for number, byte in enumerate(data):
                    above = generator.randrange(1 << config.event_address_bits) & ~255
                    await give(ctx, above | byte, number == len(data) - 1)
                assert ctx.get(targets.label) == label
                for output, value in enumerate(expected):
                    ctx.set(targets.output, output)
                    await pulse(ctx, targets.read)
                    assert ctx.get(targets.target) & 0xFFFF == value

    simulator = Simulator(targets)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
