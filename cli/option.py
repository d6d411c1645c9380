"""Arguments and options that several commands have."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ..hdl.catalogue import CORES, make_config, parse_parameters
from ..hdl.config import CoreConfig, read_config_file
from ..hdl.memory.technology import TECHNOLOGIES
from ..sim.engine import ENGINES
from ..synth.netlist import FAMILIES
from .device import ON

__all__ = [
    "AnyShellName",
    "Cells",
    "ConfigFile",
    "CoreName",
    "EngineName",
    "Json",
    "Memory",
    "On",
    "Parameters",
    "Port",
    "ShellName",
    "make_configuration",
    "one_of",
]


def one_of(names: Iterable[str]) -> str:
    """Return names as a help text gives them."""
    return ", ".join(names)


CoreName = Annotated[str, typer.Argument(metavar="CORE", help=f"Core: {one_of(CORES)}.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter; may come several times."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE.toml", help="Parameters from a file.")
]
ShellName = Annotated[str, typer.Option("--shell", help="Shell: native or pins.")]
AnyShellName = Annotated[
    str, typer.Option("--shell", help="Shell, as `list` gives them: pins, native, wishbone or axi.")
]
EngineName = Annotated[str, typer.Option("--engine", help=f"Engine: {one_of(ENGINES)}.")]
Cells = Annotated[str, typer.Option("--cells", help=f"Cells of a netlist: {one_of(FAMILIES)}.")]
On = Annotated[str, typer.Option("--on", help=f"What to run on: {one_of(ON)}.")]
Port = Annotated[str | None, typer.Option("--port", help="Serial port of a board.")]
Memory = Annotated[
    str,
    typer.Option("--memory", help=f"Memory technology: {one_of(TECHNOLOGIES)}, or FILE.toml."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def make_configuration(
    core: str,
    parameters: list[str] | None,
    file: Path | None,
    defaults: Mapping[str, Any] = {},
) -> CoreConfig:
    """Return the configuration that a command was given.

    Parameters
    ----------
    core : str
        Name of the core.
    parameters : list of str or None
        `NAME=VALUE`, as on the command line; they override the file.
    file : Path or None
        File with parameters, which override the defaults.
    defaults : mapping, optional
        Parameters that hold where nothing else is given.

    Raises
    ------
    InputError
        If there is no such core or parameter, a value is not allowed, or the file cannot be read.
    """
    values: dict[str, Any] = read_config_file(file) if file else {}
    return make_config(core, {**defaults, **values, **parse_parameters(parameters or [])})
