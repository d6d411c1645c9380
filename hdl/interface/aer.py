"""Four-phase handshake of the address-event buses (specification of ODIN, section 2).

The sender sets the word and raises REQ; the receiver raises ACK; the sender drops REQ; the receiver
drops ACK.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["AerReceiver", "AerSender"]


class AerReceiver(wiring.Component):
    """Input bus: each handshake gives one item of a stream.

    ACK rises when the item is taken and falls when REQ has been seen low. The word is not registered:
    the sender keeps it from before REQ rises until ACK has risen.

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

    An item is taken when its handshake is complete, so the word stands still meanwhile. While the bus
    is disabled REQ is low and items are taken and lost.

    Parameters
    ----------
    shape : shape-like
        What a word looks like.

    Members
    -------
    words : In(stream.Signature(shape))
        The words.
    enable : In(1)
        Zero, for at least four cycles, holds the bus in reset.
    address : Out(shape)
        The word; valid from before REQ rises until ACK has fallen.
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
        m.d.comb += self.address.eq(self.words.p)

        with m.FSM(name="phase"):
            with m.State("IDLE"):
                # A receiver that has not dropped an earlier ACK yet is waited for.
                with m.If(self.words.valid & self.enable & ~acknowledge):
                    m.d.sync += self.request.eq(1)
                    m.next = "REQUEST"
            with m.State("REQUEST"):
                with m.If(~self.enable):
                    m.next = "IDLE"
                with m.Elif(acknowledge):
                    m.d.sync += self.request.eq(0)
                    m.next = "RELEASE"
            with m.State("RELEASE"):
                with m.If(~self.enable):
                    m.next = "IDLE"
                with m.Elif(~acknowledge):
                    m.d.comb += self.words.ready.eq(1)
                    m.next = "IDLE"

        with m.If(~self.enable):
            m.d.comb += self.words.ready.eq(1)
            m.d.sync += self.request.eq(0)
        return m
