"""ODIN as a whole: its memories' contracts, its output stream, no input event lost, no deadlock."""

import sys

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.interface.access import access_targets
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.controller import Controller
from spikewright.hdl.odin.core import Odin
from spikewright.hdl.odin.operation import operation_layout

IDLE, FETCH, DRAIN = range(3)


class CoreProof(wiring.Component):
    """A core whose surroundings send events as a stream and leave registers alone while it works."""

    def __init__(self, lanes, ports, *, inside=None, kind=Odin, **parameters):
        # The update of neurons has no say in what is proved here; without Izhikevich-type ones the
        # proof is quicker. The burst queue has proofs of its own.
        self.config = OdinConfig(
            neurons=16,
            fifo_depth=4,
            lanes=lanes,
            neuron_memory_ports=ports,
            **{"izhikevich": 0, **parameters},
        )
        self.core = kind(self.config)
        self.inside = inside and inside(self.core)
        super().__init__(
            {
                "event_valid": In(1),
                "event": In(self.config.event_bits),
                "request_valid": In(1),
                "request": In(self.core.access.request.payload.shape()),
                "ready": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        core = self.core
        m.submodules.core = self.inside.fragment if self.inside else core
        m.d.comb += [
            core.events.valid.eq(self.event_valid),
            core.events.p.eq(self.event),
            core.access.request.valid.eq(self.request_valid),
            core.access.request.p.eq(self.request),
            core.output.ready.eq(self.ready),
        ]
        # Events keep the rules of a stream; requests may even change while they wait.
        waits, event_before = Signal(), Signal.like(self.event)
        m.d.sync += [
            waits.eq(self.event_valid & ~core.events.ready),
            event_before.eq(self.event),
        ]
        with m.If(waits):
            m.d.comb += Assume(self.event_valid & (self.event == event_before))
        self.requests(m)

        offered, word = Signal(), Signal.like(core.output.p)
        m.d.sync += [offered.eq(core.output.valid & ~self.ready), word.eq(core.output.p)]
        with m.If(offered):
            m.d.comb += Assert(core.output.valid, "an offered word stays")
            m.d.comb += Assert(core.output.p == word, "an offered word is stable")
            m.d.comb += Cover(core.output.p == 5, "a word that waits")
        memory_write = self.request_valid & (self.request.target != 0) & self.request.write
        m.d.comb += Cover(memory_write & core.access.request.ready & core.gate, "a memory access")
        if self.inside:
            self.invariant(m)
        return m

    def requests(self, m):
        """Assume that requests lie inside their target and that registers change at rest only."""
        request, targets = self.request, access_targets(self.core.memories)
        m.d.comb += Assume(request.target < len(targets))
        for name, memory in self.core.memories.items():
            with m.If(request.target == targets[name]):
                m.d.comb += Assume(request.byte < memory.bytes_per_word)
        # The gate may change at any time.
        with m.If(self.request_valid & (request.target == 0) & (request.address != 0)):
            m.d.comb += Assume(self.core.idle)

    def invariant(self, m):
        """State how the stages of the crossbar follow the controller, and that they get on."""
        self.inside.assert_queue(m, "scheduler", "fifo")
        signal = self.inside.signal
        config = self.config
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
        m.d.comb += Assert(~push | ~self.core.full, "no input event is dropped")

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
    prove.holds(CoreProof(lanes, ports, inside=prove.Inside, **parameters), depth=2)


@pytest.mark.slow
def test_core_works(prove):
    prove.reaches(CoreProof(8, 1, plasticity=0), depth=12)


# The proof reaches into the parts, which a mutant brings along.
def core_with(prove, kind, old, new):
    broken = prove.mutant(kind, old, new)
    return type("BrokenCore", (Odin,), {"elaborate": swapped(kind.__name__, broken)})


def swapped(name, broken):
    def elaborate(self, platform):
        module = sys.modules[Odin.__module__]
        original = getattr(module, name)
        setattr(module, name, broken)
        try:
            return Odin.elaborate(self, platform)
        finally:
            setattr(module, name, original)

    return elaborate


MUTATIONS = {
    # Reads meet writes.
    "turn[2] if config.neuron_memory_ports == 1": "turn[1] if config.neuron_memory_ports == 1",
    # Not waiting for spikes and words that are on their way.
    "with m.If(~self.emitting):": "with m.If(1):",
}


@pytest.mark.parametrize("old", MUTATIONS)
def test_a_broken_controller_is_refuted(prove, old):
    kind = core_with(prove, Controller, old, MUTATIONS[old])
    assert prove.refuted(CoreProof(1, 1, kind=kind, plasticity=0), depth=12)
