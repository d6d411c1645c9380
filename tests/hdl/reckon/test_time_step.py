"""Local ticks of ReckOn with the shortest period."""

from amaranth.sim import Simulator

from spikewright.hdl.reckon.time_step import TimeStep


def test_no_local_tick_while_idle():
    """The first tick of a sample comes from outside; then there is one in every cycle."""
    dut = TimeStep()
    steps = []

    async def run(ctx):
        ctx.set(dut.local_tick, 1)
        ctx.set(dut.cycles_per_tick, 1)
        ctx.set(dut.ready, 1)
        for idle in (1, 1, 1, 0, 0, 0, 1, 1):
            ctx.set(dut.idle, idle)
            steps.append(ctx.get(dut.step))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    assert steps == [0, 0, 0, 1, 1, 1, 0, 0]
