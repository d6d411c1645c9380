"""Burst queue of ODIN: replayed spikes wait in slots of a rotating queue (specification, section
8).
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import OdinConfig
from .layout import BURST_SLOTS

__all__ = ["BurstQueue", "burst_layout", "replay_layout"]


def burst_layout(config: OdinConfig) -> data.StructLayout:
    """Layout of a burst: its neuron, the spikes that follow the first, and their interval code."""
    return data.StructLayout({"neuron": config.address_bits, "spikes": 3, "interval": 3})


def replay_layout(config: OdinConfig) -> data.StructLayout:
    """Layout of a spike in the burst queue; `last` marks the last of its burst."""
    return data.StructLayout({"neuron": config.address_bits, "last": 1})


class BurstQueue(wiring.Component):
    """Fifty-seven slots, of which one is current; the next becomes current with each burst tick.

    Spike k of a burst goes k * (interval + 1) slots ahead of the current one, so never into it. A
    spike that finds its slot full is dropped. The state of the slots is in a memory: one thing is
    done at a time, and the current slot stays the same meanwhile. Burst ticks are counted all the
    time and made up for.

    Parameters
    ----------
    config : OdinConfig
        Configuration.

    Members
    -------
    enable : In(1)
        Else the queue is emptied and the first slot is current.
    period : In(20)
        Clock cycles of a burst tick minus one; at least 1.
    push : In(stream.Signature(burst_layout))
        Bursts; one is taken when all its spikes are in the queue, or at once while not enabled.
    head : Out(stream.Signature(replay_layout))
        Oldest spike of the current slot; taken when its processing starts, keeps its place until
        `finish`.
    finish : In(1)
        The processing of the taken spike ends.
    settled : Out(1)
        `head` is what it should be; else the queue is finding out.
    empty : Out(1)
        No slot holds a spike.
    """

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        super().__init__(
            {
                "enable": In(1),
                "period": In(20),
                "push": In(stream.Signature(burst_layout(config))),
                "head": Out(stream.Signature(replay_layout(config))),
                "finish": In(1),
                "settled": Out(1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        depth = config.burst_slot_depth
        slot_bits = range(BURST_SLOTS)
        # A slot is a ring: where it is written next, and how many spikes it holds.
        slot_layout = data.StructLayout({"end": range(depth), "level": range(depth + 1)})
        m.submodules.slots = slots = Sram(
            words=BURST_SLOTS, width=slot_layout.size, granularity=slot_layout.size
        )
        replay = replay_layout(config)
        m.submodules.spikes = spikes = Sram(
            words=BURST_SLOTS * depth, width=replay.size, granularity=replay.size
        )

        # Burst ticks.
        count = Signal(20)
        wraps = Signal()
        due = Signal(4)
        made_up = Signal()
        current = Signal(slot_bits)
        # What the current slot holds has just been found. With ticks that come more quickly than
        # slots are looked up, something else must have a turn before the next tick is made up for.
        found = Signal()
        moves_on = Signal()
        m.d.comb += wraps.eq(count == self.period)
        m.d.sync += [
            count.eq(Mux(wraps, 0, count + 1)),
            due.eq(Mux(made_up, 0, due) + wraps),
        ]
        m.d.comb += moves_on.eq(due.any() & ~found)
        # However short it is not enabled, the queue must be emptied.
        stale = Signal(init=1)
        with m.If(~self.enable):
            m.d.sync += [count.eq(0), due.eq(0), current.eq(0), stale.eq(1)]

        # One adder finds slots ahead of another one.
        start = Signal(slot_bits)
        step = Signal(4)
        ahead = Signal(range(BURST_SLOTS + 15))
        wrapped = Signal(range(BURST_SLOTS + 15))
        reached = Signal(slot_bits)
        m.d.comb += [
            ahead.eq(start + step),
            wrapped.eq(ahead - BURST_SLOTS),
            reached.eq(Mux(ahead >= BURST_SLOTS, wrapped, ahead)),
        ]

        slot = Signal(slot_bits)
        state = Signal(slot_layout)
        room = Signal()
        number = Signal(3)
        taken = Signal()
        finishing = Signal()
        taken_slot = Signal(slot_bits)
        total = Signal(range(BURST_SLOTS * depth + 1))
        loaded = Signal()
        m.d.comb += [
            state.eq(slots.read_data),
            room.eq(state.level != depth),
            self.empty.eq(total == 0),
            self.head.valid.eq(loaded & self.settled),
            slots.write_address.eq(slot),
            slots.read_address.eq(slot),
            spikes.write_data.eq(Cat(self.push.p.neuron, number == self.push.p.spikes)),
            spikes.write_address.eq(self._place(slot, state.end)),
            spikes.read_address.eq(self._place(slot, (state.end - state.level)[: len(state.end)])),
        ]
        with m.If(self.finish):
            m.d.sync += finishing.eq(taken)
        with m.If(self.head.valid & self.head.ready):
            m.d.sync += [taken.eq(1), taken_slot.eq(current), loaded.eq(0)]

        with m.FSM(name="phase"):
            with m.State("CLEAR"):
                m.d.comb += [
                    slots.write.eq(1),
                    self.push.ready.eq(~self.enable),
                    self.settled.eq(1),
                ]
                m.d.sync += [
                    slot.eq(slot + 1),
                    total.eq(0),
                    taken.eq(0),
                    finishing.eq(0),
                ]
                with m.If(slot == BURST_SLOTS - 1):
                    m.d.sync += slot.eq(0)
                    with m.If(self.enable):
                        m.d.sync += stale.eq(0)
                        m.next = "READY"

            with m.State("READY"):
                m.d.comb += [
                    self.settled.eq(self.enable & ~stale & ~taken & ~moves_on),
                    start.eq(current),
                ]
                m.d.sync += found.eq(0)
                with m.If(~self.enable | stale):
                    m.d.comb += self.push.ready.eq(~self.enable)
                    m.d.sync += [slot.eq(0), loaded.eq(0)]
                    m.next = "CLEAR"
                with m.Elif(finishing):
                    m.d.sync += slot.eq(taken_slot)
                    m.next = "REMOVE"
                with m.Elif(moves_on):
                    m.d.comb += [step.eq(due), made_up.eq(1)]
                    m.d.sync += [current.eq(reached), slot.eq(reached)]
                    m.next = "FIND"
                with m.Elif(self.push.valid):
                    m.d.comb += step.eq(self.push.p.interval + 1)
                    m.d.sync += [slot.eq(reached), number.eq(1)]
                    m.next = "PLACE"

            with m.State("PLACE"):
                m.d.comb += slots.read.eq(1)
                m.next = "STORE"
            with m.State("STORE"):
                m.d.comb += [
                    slots.write.eq(room),
                    slots.write_data.eq(Cat((state.end + 1)[: len(state.end)], state.level + 1)),
                    spikes.write.eq(room),
                    start.eq(slot),
                    step.eq(self.push.p.interval + 1),
                ]
                m.d.sync += [
                    total.eq(total + room),
                    slot.eq(reached),
                    number.eq(number + 1),
                ]
                with m.If(number == self.push.p.spikes):
                    m.d.comb += self.push.ready.eq(1)
                    m.next = "READY"
                with m.Else():
                    m.next = "PLACE"

            with m.State("REMOVE"):
                m.d.comb += slots.read.eq(1)
                m.next = "REMOVED"
            with m.State("REMOVED"):
                m.d.comb += [
                    slots.write.eq(1),
                    slots.write_data.eq(Cat(state.end, state.level - 1)),
                ]
                m.d.sync += [
                    total.eq(total - 1),
                    taken.eq(0),
                    finishing.eq(0),
                    slot.eq(current),
                ]
                m.next = "FIND"

            with m.State("FIND"):
                m.d.comb += slots.read.eq(1)
                m.next = "FOUND"
            with m.State("FOUND"):
                m.d.comb += spikes.read.eq(1)
                m.d.sync += loaded.eq(state.level.any())
                m.next = "LOAD"
            with m.State("LOAD"):
                m.d.sync += [self.head.p.eq(spikes.read_data), found.eq(1)]
                m.next = "READY"
        return m

    def _place(self, slot: Signal, index: Signal) -> Cat:
        """Address of an entry of a slot."""
        return Cat(index, slot)
