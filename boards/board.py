"""What a board is: its platform, its clock, its lights, and the tools that build for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from amaranth.build import Platform
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import Out

from ..hdl.interface.uart_shell import UartShell

__all__ = ["SEED", "Board", "BoardTop", "BuildStage", "ClockPins"]

#: What stands for the seed of a placement.
SEED = "{seed}"


class ClockPins(wiring.Signature):
    """What a board's clock generator gives.

    Members
    -------
    clock : Out(1)
        The design's clock.
    locked : Out(1)
        The clock is stable.
    """

    def __init__(self) -> None:
        super().__init__({"clock": Out(1), "locked": Out(1)})


@dataclass(frozen=True)
class BuildStage:
    """A stage of a build: what it does, the tool that does it, its arguments; files are called
    `top`.

    In arguments of the placement `SEED` stands for its seed.
    """

    about: str
    tool: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board that cores are built for.

    Attributes
    ----------
    name : str
        Name on the command line.
    clocks_hz : tuple of int
        Clocks that the core and the link can run at, the fastest first.
    platform : callable
        Makes the platform of amaranth-boards.
    clock : callable
        Makes the generator of one of these clocks, a component with `ClockPins` that requests its
        own pins.
    lights : mapping of str to (str, int)
        For `idle`, `full` and `active`: name and number of the LED that shows it.
    overrides : mapping of str to str
        Options for the platform's build files.
    stages : tuple of BuildStage
        What the tools do, in order. One places from a seed and writes nextpnr's report to
        `report.json`.
    bitstream : str
        Name of the finished file.
    programmers : mapping of str to tuple of str
        Programs that can load it, the preferred first, and their arguments before the file.
    smaller : Board, optional
        The same board with options and stages that need fewer cells and are slower, for cores that
        are too large otherwise.
    """

    name: str
    clocks_hz: tuple[int, ...]
    platform: Callable[[], Platform]
    clock: Callable[[int], wiring.Component]
    lights: Mapping[str, tuple[str, int]]
    overrides: Mapping[str, str]
    stages: tuple[BuildStage, ...]
    bitstream: str
    programmers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    smaller: "Board | None" = None


class BoardTop(Elaboratable):
    """A core on a board: the UART shell with the board's clock, serial line and lights.

    Everything but the clock generator and the pins is `UartShell`, which `SimulatedBoard` runs.

    Parameters
    ----------
    board : Board
        The board.
    core : wiring.Component
        Core with the native interface.
    clock_hz : int
        One of the board's clocks.
    divisor : int
        Clock cycles per bit of the serial line.
    """

    def __init__(self, board: Board, core: Any, clock_hz: int, divisor: int) -> None:
        self._board = board
        self._clock_hz = clock_hz
        self._shell = UartShell(core, divisor)

    def elaborate(self, platform: Platform) -> Module:
        m = Module()
        board = self._board
        m.submodules.clock_generator = clock = board.clock(self._clock_hz)
        m.submodules.shell = shell = self._shell

        m.domains.start = ClockDomain("start", reset_less=True, local=True)
        m.domains.sync = ClockDomain("sync")
        m.d.comb += [ClockSignal("start").eq(clock.clock), ClockSignal("sync").eq(clock.clock)]
        platform.add_clock_constraint(clock.clock, self._clock_hz)

        # iCE40 block RAM reads as zero for some microseconds after configuration (icestorm issue
        # 76); 15 of them are what Amaranth's own platforms wait.
        timer = Signal(range(self._clock_hz * 15 // 1_000_000 + 1))
        started = Signal()
        with m.If(timer == self._clock_hz * 15 // 1_000_000):
            m.d.start += started.eq(1)
        with m.Else():
            m.d.start += timer.eq(timer + 1)
        m.submodules.reset = ResetSynchronizer(~(started & clock.locked), domain="sync")

        uart = platform.request("uart", 0, dir={"rx": "-", "tx": "-"} | _unused(platform))
        m.submodules.rx_pin = rx_pin = io.Buffer("i", uart.rx)
        m.submodules.tx_pin = tx_pin = io.Buffer("o", uart.tx)
        m.d.comb += [shell.rx.eq(rx_pin.i), tx_pin.o.eq(shell.tx)]
        for signal, (name, number) in board.lights.items():
            pin = io.Buffer("o", platform.request(name, number, dir="-"))
            m.submodules[f"{signal}_light"] = pin
            m.d.comb += pin.o.eq(getattr(shell, signal))
        return m


def _unused(platform: Platform) -> dict[str, str]:
    """Return directions for the modem lines that some boards' serial lines have: not connected."""
    resource = platform.lookup("uart", 0)
    return {part.name: "-" for part in resource.ios if part.name not in ("rx", "tx")}
