"""From a configuration to a bitstream on a board."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..hdl.catalogue import interface_of, make_core
from ..hdl.config import CoreConfig
from ..hdl.error import InputError
from ..hdl.files import check_folder, new_folder, write_file
from ..hdl.interface.host_link import LinkFormat
from ..hdl.interface.uart import divisor_for
from ..hdl.toolchain import ToolError, find_tool, run_tool
from ..synth.placement import TOO_LARGE
from .board import SEED, Board, BoardTop
from .catalogue import find_board
from .driver import BAUD_RATE

__all__ = ["BuildResult", "build", "check_tools", "program"]

#: What stays of a build besides the bitstream.
_KEPT = ("top.il", "top.ys", "top.pcf", "top.lpf", "report.json")

#: Placements, each from a seed of its own, that are tried for a board's slowest clock.
_PLACEMENTS = 4


@dataclass(frozen=True)
class BuildResult:
    """A finished bitstream.

    Attributes
    ----------
    bitstream : Path
        The file to program.
    clock_mhz : float
        Clock the design runs at.
    fmax_mhz : float
        Highest clock that its paths allow, as nextpnr reports it.
    baud_rate : int
        Of the serial line.
    utilisation : dict of str to (int, int)
        Used and available cells, by nextpnr's names, where any is used.
    """

    bitstream: Path
    clock_mhz: float
    fmax_mhz: float
    baud_rate: int
    utilisation: dict[str, tuple[int, int]]


def check_tools(board: str | Board) -> None:
    """Check that what builds for a board is installed.

    Raises
    ------
    InputError
        If the board is unknown or something is missing; names the extra that brings it.
    """
    board = find_board(board) if isinstance(board, str) else board
    for stage in board.stages:
        find_tool(stage.tool)


def build(
    config: CoreConfig,
    board: str | Board,
    folder: Path,
    progress: Callable[[str], None] | None = None,
) -> BuildResult:
    """Build the bitstream of a core for a board, with the fastest of the board's clocks that it
    meets.

    For the slowest clock several placements are tried.

    Parameters
    ----------
    config : CoreConfig
        The core.
    board : str or Board
        Name of the board, or a board of one's own.
    folder : Path
        Gets the bitstream, the logs, the inputs of the tools, `result.json` and
        `spikewright.sha256`, which lists them. An earlier output there is replaced if the build
        succeeds. The logs of one that fails go to a folder beside it, with `-failed` after its
        name.
    progress : callable, optional
        Called with what is done next.

    Raises
    ------
    InputError
        If the board is unknown, the core cannot be put on it, a tool is missing, or one of the
        folders cannot be written or holds something other than an earlier output.
    ToolError
        If a tool fails or not even the slowest clock is met; says where the logs are.
    """
    board = find_board(board) if isinstance(board, str) else board
    LinkFormat.of(interface_of(config))
    say = progress or (lambda _: None)
    check_tools(board)

    # Not only in the end, which is minutes away.
    check_folder(_failed(folder))
    with new_folder(folder) as work:
        try:
            return _build(config, board, folder, work, say)
        except ToolError as error:
            raise _keep_logs(error, work, _failed(folder)) from None


def _build(
    config: CoreConfig, board: Board, folder: Path, work: Path, say: Callable[[str], None]
) -> BuildResult:
    """Build in the folder `work`, for `folder`."""
    clock_hz, *clocks = board.clocks_hz
    seed = 1
    while True:
        try:
            _run_tools(config, board, clock_hz, seed, work, say)
        except ToolError as error:
            if board.smaller is None or not TOO_LARGE.search(str(error)):
                raise
            # Another netlist, whose placements begin anew.
            board, seed = board.smaller, 1
            clock_hz, *clocks = board.clocks_hz
            say(f"{str(error).split(' (log:')[0]}, trying with fewer cells")
            continue
        result = _result(board, clock_hz, work, folder)
        if result.fmax_mhz >= result.clock_mhz:
            break
        missed = (
            f"the clock is not met: {result.fmax_mhz:.1f} MHz reached, "
            f"{result.clock_mhz:g} MHz needed"
        )
        # A clock above what has been reached has no chance, but the slowest is worth trying.
        while len(clocks) > 1 and clocks[0] / 1e6 > result.fmax_mhz:
            clocks.pop(0)
        if clocks:
            clock_hz = clocks.pop(0)
            say(f"{missed}, trying {clock_hz / 1e6:g} MHz")
        elif seed < _PLACEMENTS:
            seed += 1
            say(f"{missed}, trying placement {seed} of {_PLACEMENTS}")
        else:
            raise ToolError(f"{board.name}: {missed}, in {_PLACEMENTS} placements")
    _tidy(work, board, result)
    return result


def _run_tools(
    config: CoreConfig,
    board: Board,
    clock_hz: int,
    seed: int,
    work: Path,
    say: Callable[[str], None],
) -> None:
    """Carry out the stages of a build in a folder; of one with another seed those that depend on
    it.
    """
    seeded = [any(SEED in argument for argument in stage.arguments) for stage in board.stages]
    if seed == 1:
        _prepare(config, board, clock_hz, work, say)
    first = 0 if seed == 1 else seeded.index(True)
    for number, stage in enumerate(board.stages[first:], first + 1):
        say(stage.about)
        arguments = [argument.replace(SEED, str(seed)) for argument in stage.arguments]
        log = f"{number}-{stage.about.replace(' ', '-')}.log"
        run_tool(stage.tool, arguments, folder=work, log=log)


def _prepare(
    config: CoreConfig, board: Board, clock_hz: int, work: Path, say: Callable[[str], None]
) -> None:
    """Write the inputs of the tools."""
    say("elaborate")
    top = BoardTop(board, make_core(config), clock_hz, divisor_for(clock_hz, BAUD_RATE))
    plan = board.platform().prepare(
        top, "top", debug_verilog=False, emit_src=False, **board.overrides
    )
    for name, content in plan.files.items():
        data = content.encode() if isinstance(content, str) else content
        (work / name).write_bytes(data)


def _result(board: Board, clock_hz: int, work: Path, folder: Path) -> BuildResult:
    report = json.loads((work / "report.json").read_text(encoding="utf-8"))
    clock_mhz = clock_hz / 1e6
    clocks = report["fmax"].values()
    # Placement aims at the constraint, so one that got lost would be a failure to notice.
    if not clocks or any(
        abs(clock["constraint"] - clock_mhz) > 0.01 * clock_mhz for clock in clocks
    ):
        raise ToolError(f"{board.name}: nextpnr did not work for a clock of {clock_mhz:g} MHz")
    return BuildResult(
        bitstream=Path(os.path.abspath(folder)) / board.bitstream,
        clock_mhz=clock_mhz,
        fmax_mhz=round(min(clock["achieved"] for clock in clocks), 2),
        baud_rate=BAUD_RATE,
        utilisation={
            name: (cells["used"], cells["available"])
            for name, cells in report["utilization"].items()
            if cells["used"]
        },
    )


def _tidy(work: Path, board: Board, result: BuildResult) -> None:
    """Leave what a user can use, and write the result."""
    for path in work.iterdir():
        if path.name not in (*_KEPT, board.bitstream) and path.suffix != ".log":
            path.unlink()
    summary = {
        "board": board.name,
        "bitstream": board.bitstream,
        "clock_mhz": result.clock_mhz,
        "fmax_mhz": result.fmax_mhz,
        "baud_rate": result.baud_rate,
        "utilisation": {name: list(cells) for name, cells in result.utilisation.items()},
    }
    write_file(work / "result.json", json.dumps(summary, indent=2) + "\n")


def _failed(folder: Path) -> Path:
    """Return where the logs of a failed build go."""
    return folder.with_name(f"{folder.name}-failed") if folder.name else folder


def _keep_logs(error: ToolError, work: Path, failed: Path) -> ToolError:
    """Move the logs of a failed build to a folder; return the error, which names it."""
    with new_folder(failed) as kept:
        for path in work.iterdir():
            if path.suffix in (".log", ".json", ".ys") and path.name != "top.json":
                path.replace(kept / path.name)
    message = str(error).split(" (log:")[0]
    return ToolError(f"{message} (logs: {failed})")


def program(board: str | Board, bitstream: Path) -> None:
    """Load a bitstream into a board.

    Raises
    ------
    InputError
        If the file does not exist or no program for it is installed.
    ToolError
        If the program fails.
    """
    board = find_board(board) if isinstance(board, str) else board
    if not bitstream.is_file():
        raise InputError(f"there is no bitstream {bitstream}; build it first")
    for name, arguments in board.programmers.items():
        tool = shutil.which(name)
        if tool is not None:
            result = subprocess.run([tool, *arguments, str(bitstream)], check=False)
            if result.returncode != 0:
                raise ToolError(f"{name} failed with status {result.returncode}")
            return
    raise InputError(
        f"programming {board.name} needs {' or '.join(board.programmers)}; install one of them"
    )
