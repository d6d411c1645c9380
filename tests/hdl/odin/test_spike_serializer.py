"""What random rows give; proofs say the rest (tests/proof/test_odin_serializer.py)."""

import random

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.spike_serializer import SpikeSerializer

SEED = 20273
ROWS = 60
NEURONS = 64


def synapse_packet(weight, mapped, weight_bits):
    """Three bits of the weight: its upper ones, or all of them."""
    shown = weight >> weight_bits - 3 if weight_bits > 3 else weight
    return 0xF0 | mapped << 3 | shown


@pytest.mark.parametrize("output_source", [0, 1])
@pytest.mark.parametrize("monitor_enable", [0, 1])
@pytest.mark.parametrize("open_loop", [0, 1])
@pytest.mark.parametrize(("lanes", "weight_bits"), [(1, 3), (2, 2), (8, 5)])
def test_random_rows(lanes, weight_bits, open_loop, monitor_enable, output_source):
    config = OdinConfig(neurons=NEURONS, lanes=lanes, weight_bits=weight_bits)
    serializer = SpikeSerializer(config)
    generator = random.Random(SEED)
    bursts_enabled = 1 - open_loop
    expected = {"words": [], "pushes": [], "bursts": []}
    found = {"words": [], "pushes": [], "bursts": []}
    monitored_neuron = 8 * generator.randrange(NEURONS // 8) + 5

    def expect(row):
        """Work out what a row gives."""
        spikes = [lane for lane in range(lanes) if row["fires"] >> lane & 1]
        synapse = synapse_packet(row["weight"], row["mapped"], weight_bits)
        if monitor_enable:
            if row["synapse_shown"] and row["synapse_first"]:
                expected["words"].append(synapse)
            if row["neuron_shown"]:
                if output_source:
                    event = row["spike"] and row["source"] == monitored_neuron
                else:
                    event = row["fires"] >> monitored_neuron % lanes & 1
                flags = row["monitored"] >> 8
                up, down, calcium, rotation = flags >> 6, flags >> 5 & 1, flags >> 2 & 7, flags & 3
                packet = event << 7 | up << 6 | down << 5 | calcium << 2 | rotation
                expected["words"] += [packet, row["monitored"] & 0xFF]
            if row["synapse_shown"] and not row["synapse_first"]:
                expected["words"].append(synapse)
        elif not output_source:
            expected["words"] += [row["row"] * lanes + lane for lane in spikes]
        elif row["spike"] and row["last"]:
            expected["words"].append(row["source"])
        if not open_loop:
            for lane in spikes:
                neuron = row["row"] * lanes + lane
                count, interval = row["bursts"][lane]
                if count:
                    expected["bursts"].append((neuron, count, interval))
                expected["pushes"].append((neuron, len(expected["bursts"])))

    def random_row():
        return {
            "fires": generator.randrange(1 << lanes),
            "bursts": [
                (generator.choice((0, generator.randrange(8))), generator.randrange(8))
                for _ in range(lanes)
            ],
            **{
                name: generator.randrange(2)
                for name in ("neuron_shown", "synapse_shown", "synapse_first", "last", "spike")
            },
            "source": generator.choice((monitored_neuron, generator.randrange(NEURONS))),
            "row": generator.randrange(NEURONS // lanes),
            "monitored": generator.randrange(1 << 15),
            "weight": generator.randrange(1 << weight_bits),
            "mapped": generator.randrange(2),
        }

    async def run(ctx):
        ctx.set(serializer.open_loop, open_loop)
        ctx.set(serializer.output_source, output_source)
        ctx.set(serializer.monitor_enable, monitor_enable)
        ctx.set(serializer.monitored_neuron, monitored_neuron)
        ctx.set(serializer.bursts_enabled, bursts_enabled)
        rows = steps = 0
        written = None
        while rows < ROWS or ctx.get(serializer.emitting):
            if written is not None:
                ctx.set(serializer.row, written["row"])
                ctx.set(serializer.monitored.as_value(), written["monitored"])
                ctx.set(
                    serializer.monitored_synapse,
                    {"weight": written["weight"], "mapped": written["mapped"]},
                )
                written = None
            ready, burst_ready = generator.random() < 0.5, generator.random() < 0.5
            ctx.set(serializer.output.ready, ready)
            ctx.set(serializer.burst.ready, burst_ready)
            load = rows < ROWS and generator.random() < 0.8 and not ctx.get(serializer.emitting)
            ctx.set(serializer.load, load)
            if ctx.get(serializer.burst.valid) and burst_ready:
                burst = ctx.get(serializer.burst.p)
                found["bursts"].append((burst.neuron, burst.spikes, burst.interval))
            if ctx.get(serializer.push):
                found["pushes"].append((ctx.get(serializer.neuron), len(found["bursts"])))
            if ready and ctx.get(serializer.output.valid):
                found["words"].append(ctx.get(serializer.output.p))
            if load:
                rows += 1
                row = random_row()
                expect(row)
                ctx.set(
                    serializer.response,
                    {
                        "fires": row["fires"],
                        "bursts": [
                            {"spikes": count, "interval": interval}
                            for count, interval in row["bursts"]
                        ],
                        **{
                            name: row[name]
                            for name in ("neuron_shown", "synapse_shown", "synapse_first", "last")
                        },
                    },
                )
                ctx.set(serializer.spike, row["spike"])
                ctx.set(serializer.source, row["source"])
                written = row
            await ctx.tick()
            steps += 1
            assert steps < 100 * ROWS, "held up"

    simulator = Simulator(serializer)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    assert found == expected, f"seed {SEED}"
    # A loop that is open, without words of spikes, gives next to nothing.
    assert found["words"] and bool(found["pushes"]) != bool(open_loop)
