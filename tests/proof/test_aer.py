"""The four-phase handshakes: order, one item for each, and no waiting for ever."""

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.interface.aer import AerReceiver, AerSender


def before(m, value, name):
    """Return what a value was one cycle earlier; zero at first."""
    signal = Signal.like(value, name=f"{name}_before")
    m.d.sync += signal.eq(value)
    return signal


class ReceiverProof(wiring.Component):
    """A receiver with a sender that keeps the protocol and a stream that takes items at will."""

    def __init__(self, kind=AerReceiver):
        self.bus = kind(3)
        super().__init__({"request": In(1), "address": In(3), "ready": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bus = bus = self.bus
        request, acknowledge, address = self.request, bus.acknowledge, self.address
        m.d.comb += [
            bus.request.eq(request),
            bus.address.eq(address),
            bus.events.ready.eq(self.ready),
        ]
        request_before = before(m, request, "request")
        acknowledge_before = before(m, acknowledge, "acknowledge")
        address_before = before(m, address, "address")
        started, taken = Signal(2), Signal(2)
        m.d.sync += taken.eq(taken + (bus.events.valid & self.ready))
        with m.If(request & ~request_before):
            # The sender raises REQ while ACK is low, and the word is there already.
            m.d.comb += Assume(~acknowledge_before & (address == address_before))
            m.d.sync += started.eq(started + 1)
        with m.If(~request & request_before):
            m.d.comb += Assume(acknowledge_before)
        with m.If(request_before & ~acknowledge_before):
            m.d.comb += Assume(address == address_before)

        with m.If(acknowledge & ~acknowledge_before):
            m.d.comb += Assert(request, "ACK rises while REQ is high")
        with m.If(~acknowledge & acknowledge_before):
            m.d.comb += Assert(~request_before, "ACK falls while REQ is low")
        # A rising REQ is counted one cycle later.
        complete = Signal()
        m.d.comb += complete.eq(~request_before | acknowledge)
        m.d.comb += Assert(started == (taken + ~complete)[:2], "one item for each handshake")

        valid_before = before(m, bus.events.valid & ~self.ready, "waiting")
        word_before = before(m, bus.events.p, "word")
        with m.If(valid_before):
            m.d.comb += Assert(bus.events.valid, "an offered item stays")
            m.d.comb += Assert(bus.events.p == word_before, "an offered item keeps its word")

        late = Signal(3)
        with m.If((request != acknowledge) & ~bus.events.valid):
            m.d.sync += late.eq(late + 1)
        with m.Else():
            m.d.sync += late.eq(0)
        m.d.comb += Assert(late <= 3, "each edge of REQ is answered")
        m.d.comb += Cover((taken == 2) & ~request & ~acknowledge, "two handshakes")
        return m


class SenderProof(wiring.Component):
    """A sender with a stream that keeps its rules and a receiver that keeps the protocol.

    The receiver answers each edge of REQ within `slowness` cycles. Disabling lasts at least four,
    and so does a pause after an item that was withdrawn.
    """

    slowness = 4

    def __init__(self, kind=AerSender, inside=None):
        self.bus = kind(3)
        self.inside = inside and inside(self.bus)
        super().__init__({"valid": In(1), "word": In(3), "acknowledge": In(1), "enable": In(1)})

    def elaborate(self, platform):
        m = Module()
        bus = self.bus
        m.submodules.bus = self.inside.fragment if self.inside else bus
        request, acknowledge, enable = bus.request, self.acknowledge, self.enable
        m.d.comb += [
            bus.words.valid.eq(self.valid),
            bus.words.p.eq(self.word),
            bus.enable.eq(enable),
            bus.acknowledge.eq(acknowledge),
        ]
        request_before = before(m, request, "request")
        acknowledge_before = before(m, acknowledge, "acknowledge")
        address_before = before(m, bus.address, "address")
        enable_before = before(m, enable, "enable")
        valid_before = before(m, self.valid, "valid")
        waiting_before = before(m, self.valid & ~bus.words.ready, "waiting")
        withdrawn = Signal()
        m.d.comb += withdrawn.eq(waiting_before & ~self.valid)
        with m.If(waiting_before | before(m, withdrawn, "withdrawn")):
            m.d.comb += Assume(self.word == address_before)
        pause = Signal(range(4))
        with m.If(withdrawn):
            m.d.sync += pause.eq(3)
        with m.Elif(pause != 0):
            m.d.sync += pause.eq(pause - 1)
            m.d.comb += Assume(~self.valid)
        with m.If(acknowledge != acknowledge_before):
            m.d.comb += Assume(acknowledge == request_before)
        answered = Signal(range(self.slowness + 2))
        with m.If(acknowledge == request):
            m.d.sync += answered.eq(0)
        with m.Else():
            m.d.sync += answered.eq(answered + 1)
        m.d.comb += Assume(answered <= self.slowness)
        disabled = Signal(range(5), init=4)
        with m.If(enable):
            m.d.sync += disabled.eq(0)
        with m.Elif(disabled < 4):
            m.d.sync += disabled.eq(disabled + 1)
        with m.If(enable & ~enable_before):
            m.d.comb += Assume(disabled == 4)

        with m.If(request & ~request_before):
            m.d.comb += Assert(~acknowledge, "REQ rises while ACK is low")
        with m.If(~request & request_before):
            m.d.comb += Assert(
                acknowledge_before | ~enable_before | ~valid_before, "REQ falls after ACK"
            )
        with m.If(~enable_before):
            m.d.comb += Assert(~request, "a disabled bus is at rest")
        with m.If(~valid_before):
            m.d.comb += Assert(~request, "no REQ without an item")
        with m.If(~enable & ~request):
            m.d.comb += Assert(bus.words.ready, "a disabled bus takes items")

        started, taken, open_ = Signal(2), Signal(2), Signal()
        with m.If(~enable):
            m.d.sync += [started.eq(0), taken.eq(0), open_.eq(0)]
        with m.Elif(~self.valid):
            # Its handshake counts no more.
            m.d.sync += [started.eq(taken), open_.eq(0)]
        with m.Else():
            with m.If(self.valid & bus.words.ready):
                m.d.sync += [taken.eq(taken + 1), open_.eq(0)]
                m.d.comb += Assert(open_ & ~request & ~acknowledge, "taken after its handshake")
            with m.If(request & ~request_before):
                m.d.sync += [started.eq(started + 1), open_.eq(1)]
                m.d.comb += Assert(self.valid, "REQ rises for an item")
        with m.If(request | request_before | (open_ & acknowledge)):
            m.d.comb += Assert(bus.address == address_before, "the word stands still")
        with m.If(enable & enable_before):
            m.d.comb += Assert(started == (taken + open_)[:2], "one handshake for each item")

        # REQ rises, ACK rises, two cycles to see it, REQ falls, ACK falls, two cycles to see it;
        # before all that two more, if the bus was just disabled, for an ACK that is late to fall.
        limit = 2 * self.slowness + 10
        late = Signal(range(limit + 2))
        with m.If(waiting_before & enable & enable_before):
            m.d.sync += late.eq(late + 1)
        with m.Else():
            m.d.sync += late.eq(0)
        m.d.comb += Assert(late <= limit, "an item is taken in time")
        m.d.comb += Cover(taken == 2, "two handshakes")
        m.d.comb += Cover(~enable & request_before & acknowledge, "disabled in a handshake")
        m.d.comb += Cover(withdrawn & request & acknowledge, "withdrawn in a handshake")

        if self.inside:
            phase = self.inside.signal("phase_state")
            m.d.comb += Assert(phase <= 2, "phase")
            m.d.comb += Assert((phase == 1) == request, "phase of REQ")
            with m.If(phase != 0):
                m.d.comb += Assert(valid_before & enable_before, "phase of the item")
            counted = open_ | (request & ~request_before)
            m.d.comb += Assert((phase != 0) == counted, "phase of the handshake")
        return m


def test_receiver(prove):
    prove.holds(ReceiverProof(), depth=8)


def test_sender(prove):
    prove.holds(SenderProof(inside=prove.Inside), depth=26)


def test_handshakes_happen(prove):
    prove.reaches(ReceiverProof(), depth=20)
    prove.reaches(SenderProof(), depth=30)


RECEIVER_MUTATIONS = {
    "request & (self.acknowledge | self.events.ready)": "request & self.events.ready",
    "self.events.valid.eq(request & ~self.acknowledge)": "self.events.valid.eq(request)",
}


@pytest.mark.parametrize("old", RECEIVER_MUTATIONS)
def test_a_broken_receiver_is_refuted(prove, old):
    broken = prove.mutant(AerReceiver, old, RECEIVER_MUTATIONS[old])
    assert prove.refuted(ReceiverProof(broken), depth=12)


SENDER_MUTATIONS = {
    "self.words.valid & self.enable & ~acknowledge": "self.words.valid & self.enable",
    "with m.Elif(acknowledge):": "with m.Else():",
    "with m.Elif(~acknowledge):": "with m.Else():",
    "m.d.comb += self.address.eq(self.words.p)": "m.d.sync += self.address.eq(self.words.p)",
    "~self.enable | ~self.words.valid": "~self.enable",
    "with m.If(~self.enable & ~self.request)": "with m.If(~self.enable)",
    """                with m.If(ended):
                    m.d.sync += self.request.eq(0)""": "                with m.If(ended):",
}


@pytest.mark.parametrize("old", SENDER_MUTATIONS)
def test_a_broken_sender_is_refuted(prove, old):
    broken = prove.mutant(AerSender, old, SENDER_MUTATIONS[old])
    assert prove.refuted(SenderProof(broken), depth=20)
