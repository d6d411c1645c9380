"""Four-phase handshake of address-event buses.

The sender sets the word and raises REQ; the receiver raises ACK; the sender drops REQ; the receiver
drops ACK.
"""

from amaranth.hdl import Module, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import AsyncFFSynchronizer, FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["AerReceiver", "AerSender", "reset_after_bus"]


def reset_after_bus(m: Module, reset: Signal) -> Signal:
    """Reset the domain `sync` one cycle after its output buses.

    So a reset ends a transfer in order: REQ falls, and only then the word changes.

    Parameters
    ----------
    m : Module
        Module with the domain.
    reset : Signal
        Reset from outside, asynchronous, active high, of any length.

    Returns
    -------
    Signal
        While it is 1, output buses are disabled; it rises a cycle before the domain's reset.
    """
    bus_reset = Signal()
    m.submodules.reset = AsyncFFSynchronizer(reset, bus_reset, o_domain="sync")
    delayed = Signal(init=1, reset_less=True)
    m.d.sync += delayed.eq(bus_reset)
    m.d.comb += ResetSignal("sync").eq(delayed)
    return bus_reset


class AerReceiver(wiring.Component):
    """Input bus: each handshake gives one item of a stream.

    ACK rises when the item is taken and falls when REQ has been seen low. The word is not
    registered: the sender keeps it from before REQ rises until ACK has risen.

    Parameters
    ----------
    shape : shape-like
        What a word looks like.

    Members
    -------
    address : In(shape)
        The word, from outside.
    request : In(1)
        REQ, from outside, asynchronous.
    acknowledge : Out(1)
        ACK.
    events : Out(stream.Signature(shape))
        The words.
    """

    def __init__(self, shape: object) -> None:
        super().__init__(
            {
                "address": In(shape),
                "request": In(1),
                "acknowledge": Out(1),
                "events": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        request = Signal()
        m.submodules.synchronizer = FFSynchronizer(self.request, request)
        m.d.comb += [
            self.events.p.eq(self.address),
            self.events.valid.eq(request & ~self.acknowledge),
        ]
        m.d.sync += self.acknowledge.eq(request & (self.acknowledge | self.events.ready))
        return m


class AerSender(wiring.Component):
    """Output bus: each item of a stream gives one handshake.

    An item is taken when its handshake is complete, so the word stands still meanwhile. Two things
    end a handshake before: the bus is disabled, or the item is withdrawn, that is `words.valid`
    falls before the item was taken. Then REQ falls without an ACK and the receiver takes no word.
    While the bus is disabled REQ is low, and items are taken and lost.

    A source may withdraw an item if it offers none for at least four cycles and if the payload
    stands still for the first two of them: so the word changes only after REQ has fallen.

    Parameters
    ----------
    shape : shape-like
        What a word looks like.

    Members
    -------
    words : In(stream.Signature(shape))
        The words.
    enable : In(1)
        Zero, for at least four cycles, disables the bus.
    address : Out(shape)
        The word; valid from before REQ rises until ACK has fallen or, without an ACK, REQ has.
    request : Out(1)
        REQ.
    acknowledge : In(1)
        ACK, from outside, asynchronous.
    """

    def __init__(self, shape: object) -> None:
        super().__init__(
            {
                "words": In(stream.Signature(shape)),
                "enable": In(1),
                "address": Out(shape),
                "request": Out(1),
                "acknowledge": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        acknowledge = Signal()
        m.submodules.synchronizer = FFSynchronizer(self.acknowledge, acknowledge)
        ended = Signal()
        m.d.comb += self.address.eq(self.words.p)
        m.d.comb += ended.eq(~self.enable | ~self.words.valid)

        with m.FSM(name="phase"):
            with m.State("IDLE"):
                # A receiver that has not dropped an earlier ACK yet is waited for.
                with m.If(self.words.valid & self.enable & ~acknowledge):
                    m.d.sync += self.request.eq(1)
                    m.next = "REQUEST"
            with m.State("REQUEST"):
                with m.If(ended):
                    m.d.sync += self.request.eq(0)
                    m.next = "IDLE"
                with m.Elif(acknowledge):
                    m.d.sync += self.request.eq(0)
                    m.next = "RELEASE"
            with m.State("RELEASE"):
                with m.If(ended):
                    m.next = "IDLE"
                with m.Elif(~acknowledge):
                    m.d.comb += self.words.ready.eq(1)
                    m.next = "IDLE"

        # The word changes only after REQ has fallen.
        with m.If(~self.enable & ~self.request):
            m.d.comb += self.words.ready.eq(1)
        return m
