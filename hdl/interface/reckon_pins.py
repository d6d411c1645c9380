"""The `pins` shell of ReckOn: 32-bit SPI, four-phase buses and the published pin names."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.wiring import In, Out

from .aer import AerReceiver, AerSender
from .spi32 import AccessBridge, Spi32Slave

__all__ = ["ReckonPinsShell"]


class ReckonPinsShell(wiring.Component):
    """ReckOn behind the pins of the published chip, as a drop-in for it.

    Specification of ReckOn, sections 2 and 3. Two things differ: registers are written by the core's
    clock, up to four cycles after the last bit, and reads work up to a sixth of the clock.

    Parameters
    ----------
    core : wiring.Component
        The core.
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
        SPI, at most a quarter as fast as CLK_EXT, a sixth when memories are read. MISO also shows that
        the core waits for a target, if register `target_request_monitor` is 1.
    AERIN_ADDR : In(event address)
        Address of a spike, or target byte; stands still from before AERIN_REQ rises until AERIN_ACK has
        risen, as AERIN_TAR_EN does.
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

    def __init__(self, core: wiring.Component, *, idle_pin: bool = False) -> None:
        self.core = core
        self.config = core.config
        self._idle_pin = idle_pin
        pins = {
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
        m.submodules.spi = spi = Spi32Slave()
        m.submodules.bridge = bridge = AccessBridge()
        m.submodules.events = events = AerReceiver(core.events.payload.shape())
        m.submodules.output = output = AerSender(core.output.payload.shape())

        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += ClockSignal("sync").eq(self.CLK_EXT)
        m.submodules.reset = ResetSynchronizer(self.RST, domain="sync")

        m.d.comb += [
            events.address.eq(Cat(self.AERIN_ADDR, self.AERIN_TAR_EN)),
            events.request.eq(self.AERIN_REQ),
            self.AERIN_ACK.eq(events.acknowledge),
            self.OUT_DATA.eq(output.address),
            self.OUT_REQ.eq(output.request),
            output.acknowledge.eq(self.OUT_ACK),
            output.enable.eq(1),
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
        if self._idle_pin:
            m.d.comb += self.IDLE.eq(core.idle)
        return m

    @staticmethod
    def _steady(m: Module, level: Signal) -> object:
        """Let a level rise a cycle later, without what flickers as the core goes on to another phase."""
        before = Signal(name=f"{level.name}_before")
        m.d.sync += before.eq(level)
        return level & before
