"""The `pins` shell: SPI and four-phase address-event buses with the published pin names."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.wiring import In, Out

from .access import access_targets
from .aer import AerReceiver, AerSender
from .spi import SpiSlave

__all__ = ["PinsShell"]


class PinsShell(wiring.Component):
    """A core of the ODIN family behind the pins of the published chips, as a drop-in for them.

    Specification of ODIN, sections 2 and 3.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface; its `full_pin` says whether there is a pin for `full`.
    idle_pin : bool
        Add the pin `IDLE`.

    Members
    -------
    CLK : In(1)
        Clock, rising edge.
    RST : In(1)
        Reset, active high; clears what is under way and queued, not the registers and memories.
    SCK, MOSI, MISO : In(1), In(1), Out(1)
        SPI, at most a quarter as fast as CLK.
    AERIN_ADDR : In(event word)
        Input event; stands still from before AERIN_REQ rises until AERIN_ACK has risen.
    AERIN_REQ, AERIN_ACK : In(1), Out(1)
        Input handshake.
    AEROUT_ADDR : Out(output word)
        Output word; valid while AEROUT_REQ is high.
    AEROUT_REQ, AEROUT_ACK : Out(1), In(1)
        Output handshake.
    SCHED_FULL : Out(1)
        The main FIFO is full. Only where the published chip has this pin.
    IDLE : Out(1)
        The core's `idle`. Only on request, for simulations: the published chips have no such pin.
    """

    def __init__(self, core: wiring.Component, *, idle_pin: bool = False) -> None:
        self.core = core
        self.config = core.config
        self._idle_pin = idle_pin
        self._address_bits = core.config.spi_address_bits
        pins = {
            "CLK": In(1),
            "RST": In(1),
            "SCK": In(1),
            "MOSI": In(1),
            "MISO": Out(1),
            "AERIN_ADDR": In(core.config.event_bits),
            "AERIN_REQ": In(1),
            "AERIN_ACK": Out(1),
            "AEROUT_ADDR": Out(core.config.output_bits),
            "AEROUT_REQ": Out(1),
            "AEROUT_ACK": In(1),
        }
        if core.full_pin:
            pins["SCHED_FULL"] = Out(1)
        if idle_pin:
            pins["IDLE"] = Out(1)
        super().__init__(pins)

    @property
    def verilog_parameters(self) -> dict[str, int]:
        """Parameters of the published module, for designs that set them; here they are fixed."""
        return {"N": self.config.neurons, "M": self.config.address_bits}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core = self.core
        m.submodules.core = core
        m.submodules.spi = spi = SpiSlave(self._address_bits)
        m.submodules.events = events = AerReceiver(core.events.payload.shape())
        m.submodules.output = output = AerSender(core.output.payload.shape())

        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += ClockSignal("sync").eq(self.CLK)
        m.submodules.reset = ResetSynchronizer(self.RST, domain="sync")

        m.d.comb += [
            events.address.eq(self.AERIN_ADDR),
            events.request.eq(self.AERIN_REQ),
            self.AERIN_ACK.eq(events.acknowledge),
            self.AEROUT_ADDR.eq(output.address),
            self.AEROUT_REQ.eq(output.request),
            output.acknowledge.eq(self.AEROUT_ACK),
            # The gate holds the output bus in reset: a host can free a core whose receiver hangs.
            output.enable.eq(~core.gate),
        ]
        wiring.connect(m, events.events, core.events)
        wiring.connect(m, core.output, output.words)
        if core.full_pin:
            m.d.comb += self.SCHED_FULL.eq(core.full)
        if self._idle_pin:
            m.d.comb += self.IDLE.eq(core.idle)

        m.d.comb += [
            spi.reset.eq(self.RST),
            spi.sck.eq(self.SCK),
            spi.mosi.eq(self.MOSI),
            self.MISO.eq(spi.miso),
        ]
        self._elaborate_access(m, spi)
        return m

    def _elaborate_access(self, m: Module, spi: SpiSlave) -> None:
        """Turn the requests of the SPI slave into accesses."""
        core = self.core
        request = core.access.request
        targets = access_targets(core.memories)
        width = self._address_bits
        address = spi.address[:width]
        target = spi.address[width : width + 2]

        # Requests come from the SPI clock as levels; what belongs to them stands still by then.
        read_level, write_level = Signal(), Signal()
        read_before, write_before = Signal(), Signal()
        reading, writing = Signal(), Signal()
        m.submodules.read_synchronizer = FFSynchronizer(spi.read_request, read_level)
        m.submodules.write_synchronizer = FFSynchronizer(spi.write_request, write_level)
        m.d.sync += [read_before.eq(read_level), write_before.eq(write_level)]

        # Words and bytes beyond a memory are no requests: they write nothing and read zero.
        inside = Signal()
        word_address = Signal(width)
        byte = Signal(width)
        with m.If(target == targets["register"]):
            # All address bits are compared; registers ignore the read and write bits.
            m.d.comb += [
                word_address.eq(address),
                inside.eq(address >> len(request.p.address) == 0),
            ]
        fields = {
            "neurons": (address[: width // 2], address[width // 2 :]),
            "synapses": (address[: width - 3], self._synapse_byte(address)),
        }
        for name, (word_field, byte_field) in fields.items():
            memory = core.memories[name]
            with m.If(target == targets[name]):
                m.d.comb += [
                    word_address.eq(word_field),
                    byte.eq(byte_field),
                    inside.eq((word_field < memory.words) & (byte_field < memory.bytes_per_word)),
                ]

        byte_read = Signal(8)
        m.d.comb += spi.byte.eq(byte_read)
        with m.If(request.valid & request.ready):
            # Never both: a read request ends eight SPI clocks before the write that goes with it.
            m.d.sync += [reading.eq(0), writing.eq(0)]
            with m.If(reading):
                m.d.sync += byte_read.eq(core.access.data)
        with m.If(read_level & ~read_before):
            m.d.sync += [reading.eq(inside), byte_read.eq(0)]
        with m.If(write_level & ~write_before):
            m.d.sync += writing.eq(
                inside & (spi.address[width + 2] | (target == targets["register"]))
            )
        # What the core, still busy with an event, did not serve in time is given up, long before the
        # next address word takes the place of this one.
        with m.If(~read_level & read_before):
            m.d.sync += reading.eq(0)
        with m.If(~write_level & write_before):
            m.d.sync += writing.eq(0)
        m.d.comb += [
            request.valid.eq(reading | writing),
            request.p.write.eq(writing),
            request.p.target.eq(target),
            request.p.address.eq(word_address),
            request.p.byte.eq(byte),
            request.p.data.eq(spi.data),
            request.p.mask.eq(spi.data[8:]),
        ]

    def _synapse_byte(self, address: Signal) -> Signal:
        """Byte field of a synapse address: two bits, or three for words of more than four bytes."""
        width = self._address_bits
        if self.core.memories["synapses"].bytes_per_word > 4:
            return address[width - 3 :]
        return address[width - 3 : width - 1]
