"""The burst queue of ODIN keeps every spike it has room for, once, in order, in its slot.

One slot, chosen freely, is counted, and one of its spikes, chosen freely, is followed from the
burst it comes with until it is taken; since any slot may be chosen this holds for all. That `empty`
regards all slots is left to tests/hdl/odin/test_burst_queue.py.
"""

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.odin.burst_queue import BurstQueue
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.layout import BURST_SLOTS

# In the order in which the queue mentions them.
CLEAR, READY, REMOVE, FIND, PLACE, STORE, REMOVED, FOUND, LOAD = range(9)


def wrap(m, value, name):
    """Return a slot number below twice the number of slots, as a slot number."""
    result = Signal(range(BURST_SLOTS), name=name)
    m.d.comb += result.eq(Mux(value >= BURST_SLOTS, value - BURST_SLOTS, value))
    return result


class BurstQueueProof(wiring.Component):
    """Counts one slot and follows one of its spikes."""

    def __init__(self, depth, inside, kind=BurstQueue, *, induction=True):
        self.induction = induction
        self.config = OdinConfig(neurons=16, burst_slot_depth=depth)
        self.queue = kind(self.config)
        self.inside = inside(self.queue)
        super().__init__(
            {
                "enable": In(1),
                "period": In(20),
                "push": In(1),
                "burst": In(10),
                "ready": In(1),
                "finish": In(1),
                "slot": In(range(BURST_SLOTS)),
                "choose": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        queue = self.queue
        depth = self.config.burst_slot_depth
        m.submodules.queue = self.inside.fragment
        m.d.comb += [
            queue.enable.eq(self.enable),
            queue.period.eq(self.period),
            queue.push.valid.eq(self.push),
            queue.push.p.eq(self.burst),
            queue.head.ready.eq(self.ready),
            queue.finish.eq(self.finish),
        ]
        self.assume(m)

        signal = self.inside.signal
        current, state = signal("current"), signal("phase_state")
        burst = queue.push.p
        slot = self.slot

        # What it holds counts from when it is enabled and has been cleared.
        stale, live = signal("stale"), Signal()
        m.d.comb += live.eq(self.enable & ~stale)

        # The reference: how many spikes the slot holds, one in processing included.
        level = Signal(range(depth + 1))
        in_processing, from_slot = Signal(), Signal()
        following = Signal()
        ahead = Signal(range(depth))
        followed = Signal.like(Value.cast(queue.head.p))

        # Which spike of the burst goes into the slot, if any.
        which = Signal(3)
        targets = []
        for k in range(1, 8):
            reached = Signal(range(2 * BURST_SLOTS), name=f"reached_{k}")
            m.d.comb += reached.eq(current + k * (burst.interval + 1))
            targets.append(wrap(m, reached, f"target_{k}"))
            with m.If((k <= burst.spikes) & (targets[-1] == slot)):
                m.d.comb += which.eq(k)
        entry = Signal.like(followed)
        stores, accepted, taken, room = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            entry.eq(Cat(burst.neuron, which == burst.spikes)),
            accepted.eq(self.push & queue.push.ready & live),
            room.eq(level != depth),
            stores.eq(accepted & which.any() & room),
            taken.eq(queue.head.valid & self.ready),
        ]
        leaves = self.finish & in_processing & from_slot
        m.d.sync += level.eq(level + stores - leaves)
        with m.If(leaves & following):
            m.d.sync += ahead.eq(ahead - 1)
        with m.If(self.finish):
            m.d.sync += in_processing.eq(0)
        with m.If(taken):
            m.d.sync += [in_processing.eq(1), from_slot.eq(current == slot)]
            m.d.comb += Assert(~in_processing, "one at a time")
            with m.If(current == slot):
                m.d.comb += Assert(level.any(), "no spike that was not pushed")
                with m.If(following & (ahead == 0)):
                    m.d.comb += Assert(
                        Value.cast(queue.head.p) == followed, "spikes come out as they came in"
                    )
                    m.d.comb += Cover((level == depth) & (current != 0), "a followed spike leaves")
                    m.d.sync += following.eq(0)
        with m.If(stores & ~following & self.choose):
            m.d.sync += [following.eq(1), followed.eq(entry), ahead.eq(level)]
        with m.If(queue.settled & (current == slot)):
            m.d.comb += Assert(queue.head.valid == level.any(), "a settled queue shows its spikes")
        with m.If(~self.enable):
            m.d.comb += Assert(~queue.head.valid, "nothing comes from a queue that is off")
            m.d.sync += [level.eq(0), in_processing.eq(0), following.eq(0)]

        # Burst ticks by a clock of their own.
        clock, place = Signal(20), Signal(range(BURST_SLOTS))
        ticks = Signal()
        due = signal("due")
        lagging = Signal(range(2 * BURST_SLOTS))
        m.d.comb += ticks.eq(clock == self.period)
        m.d.sync += clock.eq(Mux(ticks | ~self.enable, 0, clock + 1))
        with m.If(live):
            m.d.comb += Assert(
                wrap(m, (current + due)[: len(lagging)], "made_up_for") == place, "no tick is lost"
            )
            with m.If(ticks):
                m.d.sync += place.eq(Mux(place == BURST_SLOTS - 1, 0, place + 1))
        with m.Else():
            # Before it has been cleared it holds nothing, and any slot may be called the first.
            m.d.comb += lagging.eq(current + (due + ticks)[: len(due)])
            m.d.sync += place.eq(Mux(self.enable, wrap(m, lagging, "first"), 0))

        # Nothing starves: each time the queue could serve a burst, or show its head, and does not,
        # counts, and it soon can again.
        refused, hidden = Signal(3), Signal(3)
        served = (state == READY) & ~signal("finishing") & ~signal("moves_on")
        with m.If(~self.push | served | ~live):
            m.d.sync += refused.eq(0)
        with m.Elif(state == READY):
            m.d.sync += refused.eq(refused + 1)
            m.d.comb += Assert(refused <= 2, "a burst is served at the third opportunity")
        with m.If(queue.settled | in_processing | ~live):
            m.d.sync += hidden.eq(0)
        with m.Elif(state == READY):
            m.d.sync += hidden.eq(hidden + 1)
            m.d.comb += Assert(hidden <= 1, "the head is known at the second opportunity")

        if not self.induction:
            # Such a queue starts cleared.
            before = Signal(init=1)
            m.d.sync += before.eq(0)
            m.d.comb += Assume(~before | (self.inside.word(slot, "slots", "array") == 0))
            return m
        self.invariant(
            m,
            live=live,
            which=which,
            targets=targets,
            entry=entry,
            level=level,
            in_processing=in_processing,
            from_slot=from_slot,
            following=following,
            ahead=ahead,
            followed=followed,
            clock=clock,
            refused=refused,
            hidden=hidden,
        )
        return m

    def assume(self, m):
        """Assume what the core guarantees."""
        started, slot_before, period_before = (
            Signal(),
            Signal.like(self.slot),
            Signal.like(self.period),
        )
        waits, burst_before, enable_before = Signal(), Signal.like(self.burst), Signal()
        m.d.sync += [
            started.eq(1),
            slot_before.eq(self.slot),
            period_before.eq(self.period),
            waits.eq(self.push & ~self.queue.push.ready),
            burst_before.eq(self.burst),
            enable_before.eq(self.enable),
        ]
        m.d.comb += [
            Assume(self.slot < BURST_SLOTS),
            Assume(~started | (self.slot == slot_before)),
            # The time unit changes while the queue is off.
            Assume(self.period != 0),
            Assume(~enable_before | ~self.enable | (self.period == period_before)),
            # Bursts come as a stream, from spikes of an operation, which ends after them.
            Assume(~waits | (self.push & (self.burst == burst_before))),
            Assume(~self.push | (self.queue.push.p.spikes != 0)),
            Assume(~self.push | ~self.finish),
            Assume(~self.push | ~(self.ready & self.queue.head.valid)),
        ]

    def invariant(self, m, **r):
        """State what induction needs to know about the registers."""
        r = type("Reference", (), r)
        signal, word = self.inside.signal, self.inside.word
        depth = self.config.burst_slot_depth
        burst = self.queue.push.p
        state, current, slot = signal("phase_state"), signal("current"), signal("slot")
        number, taken, finishing = signal("number"), signal("taken"), signal("finishing")
        taken_slot, loaded, found = signal("taken_slot"), signal("loaded"), signal("found")
        due, stale, count = signal("due"), signal("stale"), signal("count")
        here = self.slot
        end_bits = (depth - 1).bit_length()
        stored = word(here, "slots", "array")
        end, held = stored[:end_bits], stored[end_bits:]
        read_slot = signal("slots", "read_data")
        read_spike = signal("spikes", "read_data")

        def spike_at(index):
            address = Signal(range(BURST_SLOTS * depth), name="spike_address")
            m.d.comb += address.eq(Cat(index[:end_bits], here))
            return word(address, "spikes", "array")

        def always(condition, text=""):
            m.d.comb += Assert(condition, text, src_loc_at=1)

        always(state <= LOAD)
        always((current < BURST_SLOTS) & (slot < BURST_SLOTS) & (taken_slot < BURST_SLOTS))
        always(count == r.clock)
        always(~finishing | taken)
        always((state != CLEAR) | stale)
        with m.If(state == CLEAR):
            always(~loaded & ~found)
            always(r.level == 0)
            always(~r.following & ~r.in_processing)
            with m.If(here < slot):
                always(stored == 0)
        always(~stale | ((r.level == 0) & ~r.following & ~r.in_processing))
        with m.If((state == PLACE) | (state == STORE)):
            always(self.push & ~finishing & (number != 0) & (number <= burst.spikes))
        with m.If((state == REMOVE) | (state == REMOVED)):
            always(taken & finishing & (slot == taken_slot))

        with m.If(~stale):
            always(taken == (r.in_processing | finishing))
            always(~(r.in_processing & finishing))
            always(~r.in_processing | (r.from_slot == (taken_slot == here)))
            # What is being stored.
            placing = (state == PLACE) | (state == STORE)
            already = Signal()
            m.d.comb += already.eq(
                placing & r.which.any() & (r.which < number) & (r.level != depth)
            )
            with m.If(placing):
                for k, target in enumerate(r.targets, 1):
                    with m.If(number == k):
                        always(slot == target)
                with m.If(already):
                    always(spike_at(end - 1) == r.entry)
            removing = Signal()
            m.d.comb += removing.eq(finishing & (taken_slot == here))
            always((held == r.level + already + removing) & (held <= depth))
            always(~(r.in_processing & (taken_slot == here)) | (r.level != 0))
            with m.If((state == STORE) | (state == REMOVED)):
                always((slot != here) | (read_slot == stored))
            with m.If((state == FIND) | (state == FOUND) | (state == LOAD)):
                always(slot == current)
            oldest = end - held
            with m.If(current == here):
                with m.If(state == FOUND):
                    always(read_slot == stored)
                with m.If(state == LOAD):
                    always((read_spike == spike_at(oldest)) & (loaded == held.any()))
                with m.If((state == READY) | placing | (state == REMOVE) | (state == REMOVED)):
                    always(~loaded | (Value.cast(self.queue.head.p) == spike_at(oldest)))
                    always(taken | (loaded == held.any()))
            with m.If(r.following):
                index = Signal(range(2 * depth + 1))
                m.d.comb += index.eq(r.ahead + removing)
                always(spike_at(oldest + index) == r.followed, "the spike's place")
                always(r.ahead < r.level)
                always(~(r.in_processing & r.from_slot) | (r.ahead != 0))

        # How long a tick waits before it is made up for, at most.
        waited = Signal(6)
        made_up = signal("made_up")
        ticks = signal("wraps")
        with m.If(~self.enable | ((made_up | (due == 0)) & ~ticks)):
            m.d.sync += waited.eq(0)
        with m.Elif(made_up | (due == 0)):
            m.d.sync += waited.eq(1)
        with m.Else():
            m.d.sync += waited.eq(waited + 1)
        # Until it has been cleared, it does not matter.
        first = Signal()
        m.d.sync += first.eq(stale)
        with m.If(first & ~stale):
            always((state == READY) & ~finishing & ~taken & ~found & ~loaded)
        with m.If(~first & ~stale):
            always(2 * due <= waited + (count == 0))
            for at, limit, soon in (
                ((state == FIND), 8, 1),
                ((state == FOUND), 9, 2),
                ((state == LOAD), 10, 3),
                ((state == READY) & found, 11, 4),
            ):
                with m.If(at):
                    always(waited <= limit)
                    always((waited <= soon) | (~taken & ~finishing))
            with m.If((state == READY) & ~found):
                always(waited <= 26)
                always(~finishing | (waited <= 5))
            with m.If((state == REMOVE) | (state == REMOVED)):
                always(waited <= 6 + (state == REMOVED))
            with m.If(state == PLACE):
                always(waited <= 10 + 2 * number)
            with m.If(state == STORE):
                always(waited <= 11 + 2 * number)
            # Who has been refused comes next.
            with m.If((state == READY) & (r.refused != 0)):
                always(found & ((r.refused == 1) | ~finishing) & (r.refused <= 2))
            with m.If((r.refused != 0) & (state != READY)):
                always((r.refused <= 2) & (state != PLACE) & (state != STORE) & self.push)
            with m.If((r.refused == 2) & (state != READY)):
                always(~finishing | (state == REMOVE) | (state == REMOVED))
            always(r.hidden <= 1)
            with m.If(r.hidden != 0):
                always((state != PLACE) & (state != STORE))
                always((state == REMOVE) | (state == REMOVED) | ~taken)
                always((state != READY) | found)
        always(~found | (state == READY) | (state == CLEAR))


@pytest.mark.parametrize(
    "depth", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(4, marks=pytest.mark.slow)]
)
def test_burst_queue(prove, depth):
    prove.holds(BurstQueueProof(depth, prove.Inside), depth=2)


#: Without the long clearing at the start.
CLEARED = ('m.FSM(name="phase")', 'm.FSM(init="READY", name="phase")', "Signal(init=1)", "Signal()")


def cleared_proof(prove, depth, *texts):
    kind = prove.mutant(BurstQueue, *CLEARED, *texts)
    return BurstQueueProof(depth, prove.Inside, kind, induction=False)


def test_burst_queue_works(prove):
    prove.reaches(cleared_proof(prove, 1), depth=9)


MUTATIONS = {
    "due.any() & ~found": "due.any()",
    "Mux(made_up, 0, due) + wraps": "Mux(made_up, 0, due + wraps)",
}
SLOWER_MUTATIONS = {
    "room.eq(state.level != depth)": "room.eq(1)",
    "number == self.push.p.spikes))": "number == 1))",
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *MUTATIONS.items(),
        *(pytest.param(*item, marks=pytest.mark.slow) for item in SLOWER_MUTATIONS.items()),
    ],
)
def test_a_broken_burst_queue_is_refuted(prove, old, new):
    assert prove.refuted(cleared_proof(prove, 1, old, new), depth=16)
