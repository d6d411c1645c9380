"""SPI slave of ReckOn (its specification, section 3): words of 32 bits, a header and its data.

The slave works in the SPI clock's domains and turns data words into requests; the bridge carries
requests out at the access port of the core. Between the two only `request` crosses as a level; all
that belongs to a request stands still from before it rises until long after it has fallen.
"""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import data, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .access import AccessSignature

__all__ = ["HEADER", "AccessBridge", "Spi32Slave"]

#: Bits of a word of a transaction.
CHUNK = 32

#: Layout of a header. `count` is the number of data words that follow; space 0 are the registers.
HEADER = data.StructLayout({"address": 16, "count": 12, "space": 3, "read": 1})


class Spi32Slave(wiring.Component):
    """Takes headers and data words in and shifts replies out, clocked by the SPI clock alone.

    A transaction is a header and as many data words as it says, 32 bits each, most significant bit
    first, without a chip select: the bit counter runs freely and only `reset` realigns it. Each
    data word of a transaction is one request, but for reads of space 0, which reply with what was
    read last.

    A read is requested at the rising edge of the last bit before its data word, and `reply` is
    taken from then on until one SPI clock period later; a write at the rising edge of its own last
    bit. A request ends sixteen SPI clock periods later, served or not.

    Members
    -------
    reset : In(1)
        Asynchronous, active high: aligns the slave to the first bit of a header and ends a request.
    sck : In(1)
        SPI clock, idle low. Data in is sampled at rising edges, data out changes at falling edges.
    mosi, miso : In(1), Out(1)
        Data in and out. `miso` is 0 but in the data words of a read; the first bit of a word
        follows `reply` as soon as that changes.
    request : Out(1)
        There is something to do; a level, in the SPI clock's domain.
    read : Out(1)
        What: 1 read, 0 write. This and the following stand still from the rise of `request` until
        sixteen SPI clock periods after its fall.
    space : Out(3)
        Space, as in the header.
    address : Out(16)
        Address in the space: the header's, advanced by one for each data word before this one, but
        in space 0.
    data : Out(32)
        Data word of a write.
    reply : In(32)
        What has been read last. It stands still unless a read is requested.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "reset": In(1),
                "sck": In(1),
                "mosi": In(1),
                "miso": Out(1),
                "request": Out(1),
                "read": Out(1),
                "space": Out(3),
                "address": Out(16),
                "data": Out(CHUNK),
                "reply": In(CHUNK),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The slave works without the core's clock, hence the asynchronous reset.
        m.domains += [
            ClockDomain("spi_rise", async_reset=True, local=True),
            ClockDomain("spi_fall", async_reset=True, local=True, clk_edge="neg"),
        ]
        m.d.comb += [
            ClockSignal("spi_rise").eq(self.sck),
            ClockSignal("spi_fall").eq(self.sck),
            ResetSignal("spi_rise").eq(self.reset),
            ResetSignal("spi_fall").eq(self.reset),
        ]

        # One register for both directions: a reply leaves at the top while a word enters below.
        shift = Signal(CHUNK, reset_less=True)
        bit = Signal(range(CHUNK))
        word = Signal(HEADER)
        m.d.comb += word.as_value().eq(Cat(self.mosi, shift))

        # What belongs to a request is not reset: the core's clock may be late to see the reset.
        read = Signal(reset_less=True)
        space = Signal.like(self.space, reset_less=True)
        address = Signal.like(self.address, reset_less=True)
        data_word = Signal.like(self.data, reset_less=True)
        m.d.comb += [
            self.read.eq(read),
            self.space.eq(space),
            self.address.eq(address),
            self.data.eq(data_word),
        ]

        remaining = Signal.like(word.count)
        first = Signal(reset_less=True)
        replying = Signal()
        in_memory = Signal()
        last = Signal()
        m.d.comb += [last.eq(bit == CHUNK - 1), in_memory.eq(space != 0)]
        m.d.spi_rise += [bit.eq(bit + 1), shift.eq(word.as_value())]
        with m.If(replying & (bit == 0)):
            m.d.spi_rise += shift.eq(Cat(self.mosi, self.reply))
        with m.If(bit == CHUNK // 2 - 1):
            m.d.spi_rise += self.request.eq(0)
        with m.If(last & (remaining == 0)):
            follows = word.count != 0
            m.d.spi_rise += [
                read.eq(word.read),
                space.eq(word.space),
                address.eq(word.address),
                remaining.eq(word.count),
                first.eq(1),
                replying.eq(word.read & follows),
                self.request.eq(word.read & follows & (word.space != 0)),
            ]
        with m.Elif(last):
            follows = remaining != 1
            m.d.spi_rise += [
                remaining.eq(remaining - 1),
                first.eq(0),
                replying.eq(read & follows),
                self.request.eq(~read | (follows & in_memory)),
            ]
            # A read asks for the next word, a write is about this one.
            with m.If(in_memory & (read | ~first)):
                m.d.spi_rise += address.eq(address + 1)
            with m.If(~read):
                m.d.spi_rise += data_word.eq(word.as_value())

        first_bit, later_bit = Signal(), Signal()
        m.d.spi_fall += [
            first_bit.eq(replying & (bit == 0)),
            later_bit.eq(replying & (bit != 0) & shift[-1]),
        ]
        m.d.comb += self.miso.eq((first_bit & self.reply[-1]) | later_bit)
        return m


class AccessBridge(wiring.Component):
    """Carries out the requests of the slave at the access port of a core.

    An access begins three cycles after its request at the latest. It is given up if the core has
    not served it when the request ends.

    Parameters
    ----------
    access : AccessSignature
        The core's access port, seen from the host's side.

    Members
    -------
    request : In(1)
        Request, asynchronous; high and low for at least four cycles each.
    read, space, address, data : In
        As the slave has them.
    reply : Out(32)
        What has been read last; zero at first. Taken over at the end of the cycle in which the core
        serves a read, five cycles after the request has risen if that is at once.
    access : Out(AccessSignature)
        Access port.
    """

    def __init__(self, access: AccessSignature) -> None:
        super().__init__(
            {
                "request": In(1),
                "read": In(1),
                "space": In(3),
                "address": In(16),
                "data": In(CHUNK),
                "reply": Out(CHUNK),
                "access": Out(access),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wanted, before, pending = Signal(), Signal(), Signal()
        m.submodules.synchronizer = FFSynchronizer(self.request, wanted)
        m.d.sync += before.eq(wanted)

        port = self.access.request
        m.d.comb += [
            port.valid.eq(pending),
            # A core that is left in mid-access must not take it for a write.
            port.p.write.eq(pending & ~self.read),
            port.p.space.eq(self.space),
            port.p.address.eq(self.address),
            port.p.data.eq(self.data),
        ]
        with m.If(pending & port.ready):
            m.d.sync += pending.eq(0)
            with m.If(self.read):
                m.d.sync += self.reply.eq(self.access.data)
        with m.If(wanted & ~before):
            m.d.sync += pending.eq(1)
        with m.Elif(~wanted):
            m.d.sync += pending.eq(0)
        return m
