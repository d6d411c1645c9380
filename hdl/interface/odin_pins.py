"""The pins of ODIN and tinyODIN: SPI and four-phase address-event buses with the published
names.
"""

from collections.abc import Callable, Sequence
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .aer import AerReceiver, AerSender, reset_after_bus
from .interface import Interface
from .odin_spi import SpiSlave
from .pin_map import AerBus, PinMap, SpiPlace, SpiRequest, SpiWords
from .pins_shell import PinsShell

__all__ = ["OdinPinsShell", "odin_pins"]


def odin_pins(
    config: Any, interface: Interface, *, top: str, full_pin: bool, gate_resets_output: bool
) -> PinMap:
    """Return the pins of a core of the ODIN family (specification of ODIN, sections 1 to 3).

    Parameters
    ----------
    config : OdinConfig or TinyOdinConfig
        Configuration.
    interface : Interface
        Its interface.
    top : str
        Name of the published module.
    full_pin : bool
        There is a pin that says that the main FIFO is full.
    gate_resets_output : bool
        As for `PinMap`.
    """
    bits = config.spi_address_bits
    spaces = interface.spaces
    return PinMap(
        about="SPI and four-phase AER with the published pins, a drop-in for the chip",
        shell="spikewright.hdl.interface.odin_pins:OdinPinsShell",
        top=top,
        parameters={"N": config.neurons, "M": config.address_bits},
        clock="CLK",
        buses={
            interface.event: AerBus(
                address="AERIN_ADDR", request="AERIN_REQ", acknowledge="AERIN_ACK"
            ),
            interface.output: AerBus(
                address="AEROUT_ADDR", request="AEROUT_REQ", acknowledge="AEROUT_ACK"
            ),
        },
        statuses={"full": "SCHED_FULL"} if full_pin else {},
        spi=SpiWords(
            bits=bits + 4,
            read=1 << bits + 3,
            write=1 << bits + 2,
            register_bits=bits,
            places={
                "neurons": SpiPlace(
                    base=spaces["neurons"] << bits, step=1, unit_step=1 << bits // 2
                ),
                "synapses": SpiPlace(
                    base=spaces["synapses"] << bits, step=1, unit_step=1 << bits - 3
                ),
            },
            mask_shift=8,
            reply_bits=8,
            decode=_decoder(bits, interface),
        ),
        sck_period=4,
        gate_resets_output=gate_resets_output,
    )


def _decoder(bits: int, interface: Interface) -> Callable[[Sequence[int]], list[SpiRequest]]:
    """Return the function that takes a transaction apart."""
    # Bits of the word number, which stand below the byte number, and bits of the byte number.
    wide = interface.memories["synapses"].bytes_per_word > 4
    fields = {
        interface.spaces["neurons"]: ("neurons", bits // 2, bits - bits // 2),
        interface.spaces["synapses"]: ("synapses", bits - 3, 3 if wide else 2),
    }

    def decode(words: Sequence[int]) -> list[SpiRequest]:
        head, data = words
        space = head >> bits & 3
        field = head & (1 << bits) - 1
        if space == 0:
            # A register is written whatever the read and write bits say.
            return [SpiRequest(0, field, read=False, write=True, data=data)]
        read, write = bool(head >> bits + 3 & 1), bool(head >> bits + 2 & 1)
        if space not in fields:
            return [SpiRequest(None, 0, read, write)]
        name, word_bits, byte_bits = fields[space]
        memory = interface.memories[name]
        word, byte = field & (1 << word_bits) - 1, field >> word_bits & (1 << byte_bits) - 1
        inside = word < memory.words and byte < memory.bytes_per_word
        return [
            SpiRequest(
                space if inside else None, word, read, write, byte, data & 0xFF, data >> 8 & 0xFF
            )
        ]

    return decode


class OdinPinsShell(PinsShell):
    """A core of the ODIN family behind the pins of the published chips, as a drop-in for them.

    Specification of ODIN, sections 2 and 3.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    pins : PinMap
        Its pins, as `odin_pins` gives them.
    idle_pin : bool
        Add the pin `IDLE`.

    Members
    -------
    CLK : In(1)
        Clock, rising edge.
    RST : In(1)
        Reset, active high; clears what is under way and queued, not the registers and memories. A
        register write is lost if RST rises within three cycles of CLK of its last falling edge of
        SCK. Where flip-flops have no initial values registers are undefined at power-on: pulse RST,
        write them all, gate first, and pulse RST again.
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

    def __init__(self, core: wiring.Component, pins: PinMap, *, idle_pin: bool = False) -> None:
        self._address_bits = core.config.spi_address_bits
        ports = {
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
        ports |= {pin: Out(1) for pin in pins.statuses.values()}
        super().__init__(core, pins, ports, idle_pin=idle_pin)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core = self.core
        m.submodules.core = core
        m.submodules.spi = spi = SpiSlave(self._address_bits)
        m.submodules.events = events = AerReceiver(core.events.payload.shape())
        m.submodules.output = output = AerSender(core.output.payload.shape())

        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += ClockSignal("sync").eq(self.CLK)
        disabled = reset_after_bus(m, self.RST)
        if self.pins.gate_resets_output:
            disabled |= core.gate

        m.d.comb += [
            events.address.eq(self.AERIN_ADDR),
            events.request.eq(self.AERIN_REQ),
            self.AERIN_ACK.eq(events.acknowledge),
            self.AEROUT_ADDR.eq(output.address),
            self.AEROUT_REQ.eq(output.request),
            output.acknowledge.eq(self.AEROUT_ACK),
            output.enable.eq(~disabled),
        ]
        wiring.connect(m, events.events, core.events)
        wiring.connect(m, core.output, output.words)
        for status, pin in self.pins.statuses.items():
            m.d.comb += getattr(self, pin).eq(getattr(core, status))
        if self.has_idle_pin:
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
        spaces = core.interface.spaces
        width = self._address_bits
        address = spi.address[:width]
        space = spi.address[width : width + 2]

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
        with m.If(space == spaces["register"]):
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
            memory = core.interface.memories[name]
            with m.If(space == spaces[name]):
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
                inside & (spi.address[width + 2] | (space == spaces["register"]))
            )
        # What the core, still busy with an event, did not serve in time is given up, long before
        # the next address word takes the place of this one.
        with m.If(~read_level & read_before):
            m.d.sync += reading.eq(0)
        with m.If(~write_level & write_before):
            m.d.sync += writing.eq(0)
        m.d.comb += [
            request.valid.eq(reading | writing),
            request.p.write.eq(writing),
            request.p.space.eq(space),
            request.p.address.eq(word_address),
            request.p.byte.eq(byte),
            request.p.data.eq(spi.data),
            request.p.mask.eq(spi.data[8:]),
        ]

    def _synapse_byte(self, address: Signal) -> Signal:
        """Byte field of a synapse address: two bits, or three for words of more than four bytes."""
        width = self._address_bits
        if self.core.interface.memories["synapses"].bytes_per_word > 4:
            return address[width - 3 :]
        return address[width - 3 : width - 1]
