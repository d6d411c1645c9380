"""The command `build`."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ...boards.build import build as build_bitstream
from ...boards.build import program as program_board
from ...boards.catalogue import BOARDS, board_parameters
from ..option import ConfigFile, CoreName, Json, Parameters, completion, make_configuration, one_of
from ..report import Report

__all__ = ["build"]


def build(
    core: CoreName,
    board: Annotated[
        str,
        typer.Option(
            "--board",
            metavar="BOARD",
            help=f"Board: {one_of(BOARDS)}.",
            autocompletion=completion(BOARDS),
        ),
    ],
    parameters: Parameters = None,
    config_file: ConfigFile = None,
    program: Annotated[
        bool, typer.Option("--program", help="Program the board afterwards.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Output folder; build/CORE-BOARD if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Build the bitstream of a core with its host link for a board."""
    report = Report(as_json)
    # What is given is checked even if the board is unknown.
    make_configuration(core, parameters, config_file)
    config = make_configuration(core, parameters, config_file, board_parameters(board, core))
    folder = output or Path("build") / f"{core}-{board}"
    with report.steps(f"build {config.name} for {board}") as step:
        result = build_bitstream(config, board, folder, step)
        if program:
            step("programming")
            program_board(board, result.bitstream)
    values = {"core": core, "board": board} | {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(result).items()
    }
    report.table(f"{config.name} on {board}", ("figure", "value"), list(values.items()))
    report.result(values)
