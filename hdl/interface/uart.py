"""Serial line: bytes over one wire each way, eight data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ..error import InputError

__all__ = ["LOWEST_DIVISOR", "UartReceiver", "UartTransmitter", "divisor_for"]

#: Fewest clock cycles per bit: with fewer, the middle of a bit cannot be hit well enough.
LOWEST_DIVISOR = 8


def divisor_for(clock_hz: float, baud_rate: int) -> int:
    """Return the clock cycles per bit that come nearest to a baud rate.

    Raises
    ------
    InputError
        If the rate would be missed by more than 2 %, half of what a receiver tolerates, or the
        clock is too slow for it.
    """
    divisor = round(clock_hz / baud_rate)
    if divisor < LOWEST_DIVISOR or abs(clock_hz / divisor / baud_rate - 1) > 0.02:
        raise InputError(
            f"baud rate {baud_rate} cannot be made from a clock of {clock_hz / 1e6:g} MHz; "
            f"allowed are whole fractions of the clock, at most {int(clock_hz / LOWEST_DIVISOR)}"
        )
    return divisor


class UartReceiver(wiring.Component):
    """Receive bytes from a serial line.

    A start bit counts only if it is still low in its middle. A byte whose stop bit is not high is
    dropped, and nothing is received until the line is high again.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit, at least `LOWEST_DIVISOR`.

    Members
    -------
    rx : In(1)
        The line, asynchronous; high at rest.
    received : Out(stream.Signature(8, always_ready=True))
        A byte, valid for one cycle in the middle of its stop bit.
    """

    def __init__(self, divisor: int) -> None:
        assert divisor >= LOWEST_DIVISOR
        self._divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "received": Out(stream.Signature(8, always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)

        timer = Signal(range(self._divisor))
        sample = Signal()
        m.d.comb += sample.eq(timer == 0)
        m.d.sync += timer.eq(timer - 1)
        with m.If(sample):
            m.d.sync += timer.eq(self._divisor - 1)

        # Bits enter at the top. The 1 that starts there marks how far they have come: that saves
        # counting them.
        bits = Signal(9)
        m.d.comb += self.received.p.eq(bits[1:])
        with m.FSM(name="phase"):
            with m.State("IDLE"):
                m.d.sync += [timer.eq(self._divisor // 2 - 1), bits.eq(1 << 8)]
                with m.If(~line):
                    m.next = "START"
            with m.State("START"), m.If(sample):
                with m.If(line):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "DATA"
            with m.State("DATA"), m.If(sample):
                m.d.sync += bits.eq(Cat(bits[1:], line))
                with m.If(bits[1]):
                    m.next = "STOP"
            with m.State("STOP"), m.If(sample):
                m.d.comb += self.received.valid.eq(line)
                m.next = "RELEASE"
            with m.State("RELEASE"), m.If(line):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """Send bytes over a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit.

    Members
    -------
    transmitted : In(stream.Signature(8))
        Bytes to send; one is taken when the line is free, and stays free to take until it is.
    tx : Out(1)
        The line, from a flip-flop; high at rest.
    """

    def __init__(self, divisor: int) -> None:
        assert divisor >= LOWEST_DIVISOR
        self._divisor = divisor
        super().__init__({"transmitted": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Start bit, data and stop bit; empty once the stop bit has been shifted out.
        frame = Signal(10)
        timer = Signal(range(self._divisor))
        m.d.comb += self.transmitted.ready.eq(frame == 0)
        m.d.sync += [self.tx.eq(frame[0] | (frame == 0)), timer.eq(timer - 1)]
        with m.If((timer == 0) | (frame == 0)):
            m.d.sync += timer.eq(self._divisor - 1)
        with m.If(self.transmitted.ready), m.If(self.transmitted.valid):
            m.d.sync += frame.eq(Cat(0, self.transmitted.p, 1))
        with m.Elif(timer == 0):
            m.d.sync += frame.eq(frame[1:])
        return m
