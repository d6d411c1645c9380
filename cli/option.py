"""Arguments and options that several commands have."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ..hdl.catalogue import SHELLS, core_names, make_config, parse_parameters
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
    "completion",
    "given_options",
    "make_configuration",
    "one_of",
]


def one_of(names: Iterable[str]) -> str:
    """Return names as a help text gives them."""
    return ", ".join(names)


def completion(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Return the function that completes one of some names in a shell."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


CoreName = Annotated[
    str,
    typer.Argument(
        metavar="CORE",
        help=f"Core: {one_of(core_names())}, or package.module:NAME.",
        autocompletion=completion(core_names()),
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter; can be repeated."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE.toml", help="Read parameters from a file.")
]
ShellName = Annotated[
    str,
    typer.Option(
        "--shell",
        metavar="SHELL",
        help="Interface of the hardware: native or pins.",
        autocompletion=completion(("native", "pins")),
    ),
]
AnyShellName = Annotated[
    str | None,
    typer.Option(
        "--shell",
        metavar="SHELL",
        help=f"Interface of the hardware: {one_of(SHELLS)}; the core's first one if not given.",
        autocompletion=completion(SHELLS),
    ),
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help=f"Simulation engine: {one_of(ENGINES)}.",
        autocompletion=completion(ENGINES),
    ),
]
Cells = Annotated[
    str,
    typer.Option(
        "--cells",
        metavar="FAMILY",
        help=f"Cells of a netlist: {one_of(FAMILIES)}.",
        autocompletion=completion(FAMILIES),
    ),
]
On = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="PLACE",
        help=f"What to run on: {one_of(ON)}.",
        autocompletion=completion(ON),
    ),
]
Port = Annotated[
    str | None, typer.Option("--port", metavar="PORT", help="Serial port of the board.")
]
Memory = Annotated[
    str,
    typer.Option(
        "--memory",
        metavar="TECHNOLOGY",
        help=f"Memory technology: {one_of(TECHNOLOGIES)}, or FILE.toml.",
        autocompletion=completion(TECHNOLOGIES),
    ),
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


def given_options(context: typer.Context) -> set[str]:
    """Return the names of the options and arguments that the command line has."""
    return {
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name != "DEFAULT"
    }
