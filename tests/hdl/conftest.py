"""What tests of circuits share."""

import pytest
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
