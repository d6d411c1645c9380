"""SPI slave of the ODIN family (specification of ODIN, section 3)."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SpiSlave"]


class SpiSlave(wiring.Component):
    """Takes address and data words in and shifts a byte out, clocked by the SPI clock alone.

    A transaction is two frames of `address_bits` + 4 bits, most significant bit first, without a
    chip select: the bit counter runs freely and only `reset` realigns it. Everything on the side of
    the core is a level or stands still while that level is high, so it can be taken over by a clock
    that is at least four times faster.

    Parameters
    ----------
    address_bits : int
        A: bits of the address field.

    Members
    -------
    reset : In(1)
        Asynchronous, active high: clears the bit counter, the address and the bits to shift out.
    sck : In(1)
        SPI clock, idle low. Data in is sampled at rising edges, data out changes at falling edges.
    mosi, miso : In(1), Out(1)
        Data in and out.
    address : Out(address_bits + 4)
        Address word: read bit, write bit, two bits of the space, address. From falling edge
        `address_bits` + 4 on.
    data : Out(address_bits + 4)
        Data word; valid while `write_request` is high and until the next transaction has ended.
    read_request : Out(1)
        The address word asks for a byte; from falling edge `address_bits` + 4 to 2 `address_bits`,
        where `byte` is taken.
    write_request : Out(1)
        The data word is complete; from the last falling edge of a transaction to the middle of the
        next one's address word.
    byte : In(8)
        The byte read.
    """

    def __init__(self, address_bits: int) -> None:
        self._address_bits = address_bits
        super().__init__(
            {
                "reset": In(1),
                "sck": In(1),
                "mosi": In(1),
                "miso": Out(1),
                "address": Out(address_bits + 4),
                "data": Out(address_bits + 4),
                "read_request": Out(1),
                "write_request": Out(1),
                "byte": In(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frame = self._address_bits + 4
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

        count = Signal(range(2 * frame))
        complete = Signal()
        shift_in = Signal(frame, reset_less=True)
        m.d.spi_rise += [
            shift_in.eq(Cat(self.mosi, shift_in)),
            count.eq(count + 1),
            complete.eq(0),
        ]
        with m.If(count == 2 * frame - 1):
            m.d.spi_rise += [count.eq(0), complete.eq(1)]

        shift_out = Signal(8)
        word = Signal(frame)
        read, write = shift_in[-1], shift_in[-2]
        space = shift_in[-4:-2]
        data = Signal(frame, reset_less=True)
        m.d.comb += [
            self.miso.eq(shift_out[-1]),
            self.address.eq(word),
            self.data.eq(data),
        ]
        m.d.spi_fall += shift_out.eq(Cat(0, shift_out))
        with m.If(complete):
            m.d.spi_fall += [data.eq(shift_in), self.write_request.eq(1)]
        with m.If(count == frame // 2):
            m.d.spi_fall += self.write_request.eq(0)
        with m.If(count == frame):
            m.d.spi_fall += [
                word.eq(shift_in),
                self.read_request.eq(read & (space != 0)),
            ]
            with m.If(write & ~read):
                m.d.spi_fall += shift_out.eq(0)
        with m.If(count == 2 * self._address_bits):
            m.d.spi_fall += self.read_request.eq(0)
            with m.If(self.read_request):
                m.d.spi_fall += shift_out.eq(self.byte)
        return m
