"""ODIN as a whole: its memories' contracts, its output stream, no input event lost, no deadlock."""

import pytest
from amaranth.hdl import Assert, Cat, Mux, Signal

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.controller import Controller
from spikewright.hdl.odin.core import Odin
from spikewright.hdl.odin.operation import operation_layout

IDLE, FETCH, DRAIN = range(3)


def make_core(lanes, ports, kind=Odin, **parameters):
    # The update of neurons has no say in what is proved here; without Izhikevich-type ones the
    # proof is quicker. The burst queue has proofs of its own.
    parameters = {"izhikevich": 0, **parameters}
    return kind(
        OdinConfig(neurons=16, fifo_depth=4, lanes=lanes, neuron_memory_ports=ports, **parameters)
    )


def invariant(m, core, inside):
    """State how the stages of the crossbar follow the controller, and that they get on."""
    inside.assert_queue(m, "scheduler", "fifo")
    signal = inside.signal
    config = core.config
    phase, row, turn = (signal("controller", name) for name in ("phase_state", "row", "turn"))
    operation = operation_layout(config)(signal("controller", "operation"))
    stages = [
        signal("crossbar", name) for name in ("decoding", "integrating", "responded", "written")
    ]
    rows = [
        signal("crossbar", f"{name}_row")
        for name in ("decoding", "integrating", "responding", "written")
    ]
    lasts = [
        signal("crossbar", f"{name}_last") for name in ("decoding", "integrating", "responding")
    ]
    advance = ~signal("serializer", "emitting")
    sweeping = operation.bistability
    m.d.comb += [
        Assert(phase <= DRAIN),
        Assert(~operation.access | (operation.single & ~operation.tick & ~sweeping)),
        Assert(~(operation.spike & (operation.single | operation.tick | sweeping))),
        Assert(~operation.synapse | (operation.single & ~operation.tick & ~sweeping)),
        Assert(~(sweeping & operation.tick)),
        # What does not learn knows no bistability.
        Assert(~sweeping | bool(config.plasticity)),
    ]
    # What is in the stages: rows read one after the other, four then none with one port.
    read = Signal(4)
    m.d.comb += read.eq(Cat(stages))
    with m.If((phase == FETCH) & operation.single & ~sweeping):
        m.d.comb += Assert(~read.any())
    with m.Elif((phase == FETCH) & sweeping & (config.synapse_memory_ports == 1)):
        # Two moves of reading, two of writing.
        pattern = Signal(4)
        with m.Switch(turn[:2]):
            for at, moved in enumerate((0b1100, 0b1001, 0b0011, 0b0110)):
                with m.Case(at):
                    m.d.comb += pattern.eq(moved)
        m.d.comb += Assert((read & ~pattern) == 0)
    with m.Elif((phase == FETCH) & ~sweeping & (config.neuron_memory_ports == 1)):
        pattern = Signal(4)
        for at in range(8):
            with m.If(turn == at):
                # Read at turns 0 to 3; a stage holds what was read so many moves before.
                m.d.comb += pattern.eq(
                    sum(((at - 1 - stage) % 8 < 4) << stage for stage in range(4))
                )
        m.d.comb += Assert((read & ~pattern) == 0)
    with m.If(phase == IDLE):
        m.d.comb += Assert(~read[:3].any())
    # The last row is on its way.
    with m.If(phase == DRAIN):
        ways = [
            stages[at]
            & lasts[at]
            & ~Cat(stages[:at]).any()
            & ~Cat(*(stages[older] & lasts[older] for older in range(at + 1, 3)), 0).any()
            for at in range(3)
        ]
        m.d.comb += Assert(Cat(ways).any(), "the last row is on its way")
    with m.Elif(phase == FETCH):
        for stage, last in zip(stages[:3], lasts, strict=True):
            m.d.comb += Assert(~(stage & last))
    if config.neuron_memory_ports == 2:
        with m.If((phase == FETCH) & ~sweeping & ~operation.single):
            for distance, (stage, at) in enumerate(zip(stages, rows, strict=True), 1):
                behind = Signal.like(row, name="behind")
                m.d.comb += behind.eq(row - distance)
                m.d.comb += Assert(stage == (row >= distance))
                m.d.comb += Assert(~stage | (at == behind))
    if config.synapse_memory_ports == 2:
        words = [signal("crossbar", name) for name in ("decoding_word", "integrating_word")]
        group_bits = config.address_bits - 3
        with m.If((phase == FETCH) & sweeping):
            m.d.comb += Assert(~stages[1] | stages[0])
            for distance, (stage, at) in enumerate(zip(stages, words, strict=False), 1):
                behind = Signal.like(at, name="behind_word")
                m.d.comb += behind.eq(Cat(row[:group_bits], operation.source) - distance)
                m.d.comb += Assert(~stage | (at == behind))

    # What the controller pushes always finds room.
    push = signal("controller", "push")
    m.d.comb += Assert(~push | ~core.full, "no input event is dropped")

    # No deadlock: while an operation is under way and no word waits, it moves on, and every so
    # many moves it reads a row or ends.
    still = Signal(4)
    moves = signal("controller", "fetch") | signal("controller", "at_rest")
    with m.If(moves):
        m.d.sync += still.eq(0)
    with m.Elif(advance):
        m.d.sync += still.eq(still + 1)
    m.d.comb += Assert(still <= 4, "the operation moves on")
    with m.If((phase == FETCH) & ~sweeping & (config.neuron_memory_ports == 1)):
        m.d.comb += Assert(still <= Mux(turn[2], turn[:2], 0) + ((turn == 0) << 2))
    with m.Elif((phase == FETCH) & sweeping & (config.synapse_memory_ports == 1)):
        m.d.comb += Assert(still <= Mux(turn[1], turn[0], 0) + ((turn[:2] == 0) << 1))
    with m.Elif(phase == FETCH):
        m.d.comb += Assert(still == 0)
    with m.Elif(phase == DRAIN):
        for at in range(3):
            with m.If(stages[at] & lasts[at]):
                m.d.comb += Assert(still == at)


CORES = [
    (1, 1, {}),
    pytest.param(8, 2, {}, marks=pytest.mark.slow),
    pytest.param(8, 1, {}, marks=pytest.mark.slow),
    pytest.param(1, 2, {}, marks=pytest.mark.slow),
    pytest.param(2, 1, {"plasticity": 0}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("lanes", "ports", "parameters"), CORES)
def test_core(prove, lanes, ports, parameters):
    prove.holds(prove.CoreProof(make_core(lanes, ports, **parameters), invariant), depth=2)


@pytest.mark.slow
def test_core_works(prove):
    prove.reaches(prove.CoreProof(make_core(8, 1, plasticity=0)), depth=12)


MUTATIONS = {
    # Reads meet writes.
    "turn[2] if config.neuron_memory_ports == 1": "turn[1] if config.neuron_memory_ports == 1",
    # Not waiting for spikes and words that are on their way.
    "with m.If(~self.emitting):": "with m.If(1):",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_controller_is_refuted(prove, old):
    kind = prove.mutant_inside(Odin, Controller, old, MUTATIONS[old])
    core = make_core(1, 1, kind, plasticity=0)
    assert prove.refuted(prove.CoreProof(core), depth=12)
