"""The queue, alone and in the scheduler, keeps every entry, once, in order."""

import pytest
from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.memory.fifo import Fifo
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.scheduler import Scheduler as OdinScheduler
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.scheduler import Scheduler


class QueueProof(wiring.Component):
    """Counts entries and follows one, chosen freely, from its push to its pop."""

    def __init__(self, dut, depth, width, inside=None, **inputs):
        super().__init__(
            {"push": In(1), "entry": In(width), "ready": In(1), "choose": In(1), **inputs}
        )
        self.dut = dut
        self.depth = depth
        self.inside = inside and inside(dut)

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = self.inside.fragment if self.inside else self.dut
        pushed, popped = Signal(), Signal()
        withheld = Signal()
        held = Signal(range(self.depth + 1))
        head = self.connect(m, held, pushed, withheld)
        m.d.comb += [
            head.ready.eq(self.ready),
            popped.eq(head.valid & self.ready & ~withheld),
        ]
        m.d.sync += held.eq(held + pushed - popped)

        late = Signal(2)
        with m.If((held != 0) & ~head.valid & ~withheld):
            m.d.sync += late.eq(late + 1)
        with m.Else():
            m.d.sync += late.eq(0)
        m.d.comb += Assert(late <= 2, "readable in the third cycle")

        following = Signal()
        ahead = Signal(range(self.depth))
        word = Signal.like(self.entry)
        with m.If(following & popped):
            m.d.sync += ahead.eq(ahead - 1)
            with m.If(ahead == 0):
                m.d.comb += Assert(self.entry_of(head) == word, "entries come out as they came in")
                m.d.comb += Cover(held == self.depth, "the followed entry leaves a full queue")
                m.d.sync += following.eq(0)
        with m.If(~following & pushed & self.choose):
            m.d.sync += [following.eq(1), ahead.eq(held - popped), word.eq(self.entry)]
        with m.If(following):
            m.d.comb += Assert(ahead < held, "the entry is held")
        if self.inside:
            self.invariant(m, held, head, following, ahead, word)
        return m

    def connect(self, m, held, pushed, withheld):
        """Connect the queue, check what it says about its level, and return its output."""
        raise NotImplementedError

    def entry_of(self, head):
        """Return the entry that the output shows."""
        return Value.cast(head.p)

    def invariant(self, m, held, head, following, ahead, word):
        """State what induction needs to know about the registers."""
        inside, path = self.inside, self.fifo_path
        read = inside.assert_queue(m, *path)
        place = Signal(range(self.depth))
        m.d.comb += [
            Assert(inside.signal(*path, "level") == held, "level"),
            place.eq(read + ahead - inside.signal(*path, "read__valid")),
        ]
        with m.If(following):
            there = inside.word(place, *path, "memory", "array")
            at_head = inside.signal(*path, "read__valid") & (ahead == 0)
            shown = Value.cast(inside.signal(*path, "read__payload"))
            m.d.comb += Assert(Mux(at_head, shown, there) == word, "the entry's place")


class FifoProof(QueueProof):
    fifo_path = ()

    def __init__(self, depth, inside=None, kind=Fifo):
        super().__init__(kind(2, depth), depth, 2, inside)

    def connect(self, m, held, pushed, withheld):
        fifo = self.dut
        m.d.comb += [
            fifo.write.valid.eq(self.push),
            fifo.write.p.eq(self.entry),
            pushed.eq(self.push & fifo.write.ready),
            Assert(fifo.level == held, "level"),
            Assert(fifo.write.ready == (held != self.depth), "ready unless full"),
        ]
        return fifo.read


class SchedulerProof(QueueProof):
    fifo_path = ("fifo",)

    def __init__(self, depth, inside=None, kind=Scheduler):
        scheduler = kind(TinyOdinConfig(neurons=16, fifo_depth=depth))
        super().__init__(scheduler, depth, 8, inside, processing=In(1))

    def connect(self, m, held, pushed, withheld):
        scheduler = self.dut
        room = Signal()
        m.d.comb += [
            scheduler.push.eq(self.push),
            scheduler.entry.eq(self.entry),
            scheduler.processing.eq(self.processing),
            room.eq(held + self.processing < self.depth),
            # A push that finds no room is dropped.
            pushed.eq(self.push & room),
            Assert(scheduler.full == ~room, "full, counting the entry in processing"),
            Assert(scheduler.waiting_full == (held == self.depth), "full of waiting entries"),
            Assert(scheduler.empty == (held == 0), "empty"),
        ]
        return scheduler.head


class OdinSchedulerProof(QueueProof):
    """The main FIFO of ODIN. Replays of bursts come before its entries and take none along."""

    fifo_path = ("fifo",)

    def __init__(self, depth, inside=None, kind=OdinScheduler, bursts=1):
        self.bursts = bursts
        scheduler = kind(
            OdinConfig(neurons=16, fifo_depth=depth, burst_slot_depth=1, burst_queue=bursts)
        )
        super().__init__(
            scheduler,
            depth,
            9,
            inside,
            processing=In(1),
            bursts_enabled=In(1),
            burst_time_unit=In(20),
            burst=In(10),
            burst_valid=In(1),
            finish=In(1),
        )

    def connect(self, m, held, pushed, withheld):
        scheduler = self.dut
        room = Signal()
        for name in ("push", "entry", "processing", "bursts_enabled", "burst_time_unit", "finish"):
            m.d.comb += getattr(scheduler, name).eq(getattr(self, name))
        m.d.comb += [
            scheduler.burst.valid.eq(self.burst_valid),
            scheduler.burst.p.eq(self.burst),
            room.eq(held + self.processing < self.depth),
            pushed.eq(self.push & room),
            Assert(scheduler.full == ~room, "full, counting the entry in processing"),
            Assert(scheduler.waiting_full == (held == self.depth), "full of waiting entries"),
            Assert(~scheduler.empty | (held == 0), "not empty while it holds an entry"),
            Assert(~scheduler.drained | (held == 0), "not drained while it holds an entry"),
        ]
        if self.bursts:
            # While the burst queue does not know its head, nothing is shown.
            m.d.comb += withheld.eq(scheduler.head.p.replayed | ~scheduler.head.valid)
        else:
            m.d.comb += [
                Assert(scheduler.empty == (held == 0), "empty"),
                Assert(scheduler.drained == (held == 0), "drained"),
                Assert(~scheduler.head.p.replayed & ~scheduler.head.p.last, "nothing replayed"),
                Assert(scheduler.burst.ready, "a burst does not wait"),
            ]
        return scheduler.head

    def entry_of(self, head):
        return Cat(head.p.neuron, Value.cast(head.p.virtual))


class PlainOdinSchedulerProof(OdinSchedulerProof):
    """The same without a burst queue."""

    def __init__(self, depth, inside=None):
        super().__init__(depth, inside, bursts=0)


PROOFS = [
    *((proof, depth) for proof in (FifoProof, SchedulerProof) for depth in (4, 8)),
    *((proof, 4) for proof in (OdinSchedulerProof, PlainOdinSchedulerProof)),
]


@pytest.mark.parametrize(("proof", "depth"), PROOFS)
def test_queue(prove, proof, depth):
    prove.holds(proof(depth, prove.Inside), depth=4)


@pytest.mark.parametrize("proof", [FifoProof, SchedulerProof, PlainOdinSchedulerProof])
def test_queue_works(prove, proof):
    prove.reaches(proof(4), depth=12)


FIFO_MUTATIONS = {
    "memory.read_address.eq(next_read_pointer)": "memory.read_address.eq(read_pointer)",
    "moved.eq(fetched & (taken | ~self.read.valid))": "moved.eq(fetched)",
    "next_read_pointer.eq(read_pointer + moved)": "next_read_pointer.eq(read_pointer + taken)",
    "memory.read.eq(next_read_pointer != write_pointer)": "memory.read.eq(1)",
    "self.level.eq(self.level + written - taken)": "self.level.eq(self.level + written)",
    "self.write.ready.eq(~self.level[-1])": "self.write.ready.eq(self.level != self._depth - 1)",
    "memory.write_data.eq(self.write.p)": "memory.write_data.eq(self.write.p & 1)",
}


@pytest.mark.parametrize("old", FIFO_MUTATIONS)
def test_a_broken_fifo_is_refuted(prove, old):
    broken = prove.mutant(Fifo, old, FIFO_MUTATIONS[old])
    assert prove.refuted(FifoProof(4, kind=broken), depth=10)


SCHEDULER_MUTATIONS = {
    "self.push & ~self.full": "self.push",
    "self.waiting_full | (self.processing & fifo.level[:-1].all())": "self.waiting_full",
    "self.waiting_full.eq(fifo.level[-1])": "self.waiting_full.eq(fifo.level[:-1].all())",
    "self.empty.eq(fifo.level == 0)": "self.empty.eq(~fifo.read.valid)",
}


@pytest.mark.parametrize("old", SCHEDULER_MUTATIONS)
def test_a_broken_scheduler_is_refuted(prove, old):
    broken = prove.mutant(Scheduler, old, SCHEDULER_MUTATIONS[old])
    assert prove.refuted(SchedulerProof(4, kind=broken), depth=8)


ODIN_SCHEDULER_MUTATIONS = {
    "self.push & ~self.full": "self.push",
    "self.waiting_full | (self.processing & fifo.level[:-1].all())": "self.waiting_full",
    "self.waiting_full.eq(fifo.level[-1])": "self.waiting_full.eq(fifo.level[:-1].all())",
    "bursts.settled & ~replayed.valid & none_waits": "bursts.settled & ~replayed.valid",
    "none_waits & bursts.empty": "bursts.empty",
}


@pytest.mark.parametrize("old", ODIN_SCHEDULER_MUTATIONS)
def test_a_broken_odin_scheduler_is_refuted(prove, old):
    broken = prove.mutant(OdinScheduler, old, ODIN_SCHEDULER_MUTATIONS[old])
    assert prove.refuted(OdinSchedulerProof(4, kind=broken), depth=8)
