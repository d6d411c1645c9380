"""The pins of ReckOn: 32-bit SPI and four-phase buses with the published names."""

from collections.abc import Callable, Sequence
from typing import Any

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from .aer import AerReceiver, AerSender, reset_after_bus
from .interface import Interface
from .pin_map import AerBus, PinMap, SpiPlace, SpiRequest, SpiWords
from .pins_shell import PinsShell
from .reckon_spi import HEADER, AccessBridge, Spi32Slave

__all__ = ["ReckonPinsShell", "reckon_pins"]


def reckon_pins(config: Any, interface: Interface) -> PinMap:
    """Return the pins of ReckOn (specification, sections 2 and 3).

    `MISO` between SPI transactions says that the core waits for a target.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.
    interface : Interface
        Its interface.
    """
    space = HEADER["space"].offset
    return PinMap(
        about="32-bit SPI and four-phase buses with the published pins, a drop-in for the chip",
        shell="spikewright.hdl.interface.reckon_pins:ReckonPinsShell",
        top="reckon",
        parameters={"N": config.neurons, "M": config.address_bits},
        clock="CLK_EXT",
        buses={
            interface.event: AerBus(
                address="AERIN_ADDR",
                request="AERIN_REQ",
                acknowledge="AERIN_ACK",
                flags={"target": "AERIN_TAR_EN"},
            ),
            interface.output: AerBus(address="OUT_DATA", request="OUT_REQ", acknowledge="OUT_ACK"),
        },
        pulses={"tick": "TIME_TICK"},
        levels={
            "sample": "SAMPLE",
            "target_valid": "TARGET_VALID",
            "infer_accumulate": "INFER_ACC",
        },
        statuses={
            "configuring": "SPI_RDY",
            "ready": "TIMING_ERROR_RDY",
            "target_request": "MISO",
        },
        spi=SpiWords(
            bits=HEADER.size,
            read=1 << HEADER["read"].offset,
            write=0,
            register_bits=HEADER["address"].width,
            places={
                name: SpiPlace(
                    base=memory.space << space, step=1 << interface.unit_bits(name), unit_step=1
                )
                for name, memory in interface.memories.items()
            },
            count_shift=HEADER["count"].offset,
            longest=(1 << HEADER["count"].width) - 1,
            reply_bits=HEADER.size,
            # The published chip reads at an eighth of its clock.
            read_half_period=4,
            keeps_reply=True,
            decode=_decoder(interface),
        ),
        sck_period=6,
    )


def _decoder(interface: Interface) -> Callable[[Sequence[int]], list[SpiRequest]]:
    """Return the function that takes a transaction apart."""
    spaces = {memory.space for memory in interface.memories.values()}

    def decode(words: Sequence[int]) -> list[SpiRequest]:
        head = {name: words[0] >> field.offset & (1 << field.width) - 1 for name, field in HEADER}
        read, space = bool(head["read"]), head["space"]
        # Registers cannot be read, and their address does not advance.
        reached = space if space in spaces or (space == 0 and not read) else None
        step = int(space != 0)
        mask = (1 << HEADER["address"].width) - 1
        return [
            SpiRequest(reached, head["address"] + step * n & mask, read, not read, data=data)
            for n, data in enumerate(words[1:])
        ]

    return decode


class ReckonPinsShell(PinsShell):
    """ReckOn behind the pins of the published chip, as a drop-in for it.

    Specification of ReckOn, sections 2 and 3. Two things differ: registers are written by the
    core's clock, up to four cycles after the last bit, and reads work up to a sixth of the clock.

    Parameters
    ----------
    core : wiring.Component
        The core.
    pins : PinMap
        Its pins, as `reckon_pins` gives them.
    idle_pin : bool
        Add the pin `IDLE`.

    Members
    -------
    CLK_EXT : In(1)
        Clock, rising edge.
    CLK_INT_EN : In(1)
        Without function: there is no internal oscillator.
    RST : In(1)
        Reset, active high; asynchronous for the SPI, and kept for two cycles for the core. Memories
        keep their contents.
    SCK, MOSI, MISO : In(1), In(1), Out(1)
        SPI, at most a quarter as fast as CLK_EXT, a sixth when memories are read. MISO also shows
        that the core waits for a target, if register `target_request_monitor` is 1.
    AERIN_ADDR : In(event address)
        Address of a spike, or target byte; stands still from before AERIN_REQ rises until AERIN_ACK
        has risen, as AERIN_TAR_EN does.
    AERIN_REQ, AERIN_ACK : In(1), Out(1)
        Input handshake.
    AERIN_TAR_EN : In(1)
        The item is a target byte.
    SAMPLE, TARGET_VALID, INFER_ACC : In(1)
        Held from three cycles before a tick until the core is ready again.
    TIME_TICK : In(1)
        The rising edge ends the time step; high and low for at least two cycles each.
    SPI_RDY : Out(1)
        The core waits in CONFIG.
    TIMING_ERROR_RDY : Out(1)
        Ready for the next tick; or, with register `timing_mode`, a timing error has happened.
    OUT_REQ, OUT_ACK : Out(1), In(1)
        Output handshake.
    OUT_DATA : Out(8)
        Output byte; valid from before OUT_REQ rises until OUT_ACK has fallen, 0 in IDLE.
    IDLE : Out(1)
        The core's `idle`. Only on request, for simulations: the published chip has no such pin.
    """

    def __init__(self, core: wiring.Component, pins: PinMap, *, idle_pin: bool = False) -> None:
        ports = {
            "CLK_EXT": In(1),
            "CLK_INT_EN": In(1),
            "RST": In(1),
            "SCK": In(1),
            "MOSI": In(1),
            "MISO": Out(1),
            "AERIN_ADDR": In(core.config.event_address_bits),
            "AERIN_REQ": In(1),
            "AERIN_ACK": Out(1),
            "AERIN_TAR_EN": In(1),
            "SAMPLE": In(1),
            "TIME_TICK": In(1),
            "TARGET_VALID": In(1),
            "INFER_ACC": In(1),
            "SPI_RDY": Out(1),
            "TIMING_ERROR_RDY": Out(1),
            "OUT_REQ": Out(1),
            "OUT_ACK": In(1),
            "OUT_DATA": Out(core.config.output_bits),
        }
        super().__init__(core, pins, ports, idle_pin=idle_pin)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core = self.core
        m.submodules.core = core
        m.submodules.spi = spi = Spi32Slave()
        m.submodules.bridge = bridge = AccessBridge(core.interface.access_signature)
        m.submodules.events = events = AerReceiver(core.events.payload.shape())
        m.submodules.output = output = AerSender(core.output.payload.shape())

        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += ClockSignal("sync").eq(self.CLK_EXT)
        bus_reset = reset_after_bus(m, self.RST)

        m.d.comb += [
            events.address.eq(Cat(self.AERIN_ADDR, self.AERIN_TAR_EN)),
            events.request.eq(self.AERIN_REQ),
            self.AERIN_ACK.eq(events.acknowledge),
            self.OUT_DATA.eq(output.address),
            self.OUT_REQ.eq(output.request),
            output.acknowledge.eq(self.OUT_ACK),
            output.enable.eq(~bus_reset),
        ]
        wiring.connect(m, events.events, core.events)
        wiring.connect(m, core.output, output.words)

        m.d.comb += [
            spi.reset.eq(self.RST),
            spi.sck.eq(self.SCK),
            spi.mosi.eq(self.MOSI),
            spi.reply.eq(bridge.reply),
            bridge.request.eq(spi.request),
            bridge.read.eq(spi.read),
            bridge.space.eq(spi.space),
            bridge.address.eq(spi.address),
            bridge.data.eq(spi.data),
        ]
        wiring.connect(m, bridge.access, core.access)

        # The same delay for all, so that the others are there when the tick comes.
        for pin, level in (
            (self.SAMPLE, core.sample),
            (self.TARGET_VALID, core.target_valid),
            (self.INFER_ACC, core.infer_accumulate),
        ):
            m.submodules[f"{pin.name.lower()}_synchronizer"] = FFSynchronizer(pin, level)
        tick, tick_before = Signal(), Signal(reset_less=True)
        m.submodules.time_tick_synchronizer = FFSynchronizer(self.TIME_TICK, tick)
        m.d.sync += tick_before.eq(tick)
        m.d.comb += core.tick.eq(tick & ~tick_before)

        m.d.comb += [
            self.SPI_RDY.eq(self._steady(m, core.configuring)),
            self.TIMING_ERROR_RDY.eq(self._steady(m, core.ready)),
            self.MISO.eq(spi.miso | self._steady(m, core.target_request)),
        ]
        if self.has_idle_pin:
            m.d.comb += self.IDLE.eq(core.idle)
        return m

    @staticmethod
    def _steady(m: Module, level: Signal) -> object:
        """Let a level rise a cycle later, without what flickers as the core goes on to another
        phase.
        """
        before = Signal(name=f"{level.name}_before")
        m.d.sync += before.eq(level)
        return level & before
