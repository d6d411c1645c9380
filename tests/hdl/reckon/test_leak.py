"""LEAK of a neuron word whose decays are 1 or near it, with random numbers that always round up."""

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.leak import LeakPhase

#: Before, of each of two neurons.
TRACES = {"input_trace": 1001, "recurrent_trace": 2003, "output_trace": 501}
POTENTIAL = 12345


def leak(lanes, select, alpha, kappa):
    """Let a word leak once; return the new states, and how often random numbers were taken."""
    config = ReckonConfig(lanes=lanes)
    dut = LeakPhase(config)
    found = [{}, {}]
    draws = {"potential": 0, "traces": 0}

    async def run(ctx):
        ctx.set(dut.last_index, 1)
        ctx.set(dut.stochastic_rounding, 1)
        ctx.set(dut.kappa, kappa)
        ctx.set(dut.alpha_select, select)
        ctx.set(dut.stored.alpha, alpha)
        ctx.set(dut.stored.threshold, 32767)
        for unit in range(config.neuron_units):
            ctx.set(dut.state[unit].potential, POTENTIAL)
            for name, value in TRACES.items():
                ctx.set(dut.state[unit][name], value)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        while ctx.get(dut.busy):
            draws["potential"] += ctx.get(dut.draw_potential)
            draws["traces"] += ctx.get(dut.draw_traces)
            if ctx.get(dut.neurons.write):
                first = ctx.get(dut.neurons.part) * config.neuron_units
                for unit in range(config.neuron_units):
                    for name in ("potential", *TRACES):
                        if ctx.get(dut.neurons.fields[unit][name]):
                            assert name not in found[first + unit], "written once"
                            found[first + unit][name] = ctx.get(dut.neurons.state[unit][name])
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    return found, draws


def decayed(value, factor, fraction):
    """Section 9, with the random number 0."""
    return (value * factor >> fraction) + (factor != 1 << fraction)


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize(
    ("select", "alpha", "kappa"), [(1, 0, 0x80), (1, 0, 0x7F), (0, 0xFFF, 0x80), (1, 1, 0x81)]
)
def test_the_factor_one_is_never_rounded(lanes, select, alpha, kappa):
    states, draws = leak(lanes, select, alpha, kappa)
    whole = (8 if select else 7) << 12 | alpha
    expected = {
        "potential": decayed(POTENTIAL, whole, 15),
        "input_trace": decayed(TRACES["input_trace"], whole, 15),
        "recurrent_trace": decayed(TRACES["recurrent_trace"], whole, 15),
        "output_trace": decayed(TRACES["output_trace"], kappa, 7),
    }
    assert states == [expected] * 2
    # Once for each of the lanes that share a circuit.
    times = 1 if lanes == 4 else 2
    assert draws == {"potential": times * (whole != 0x8000), "traces": times}
