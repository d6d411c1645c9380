"""The command `generate`."""

from pathlib import Path
from typing import Annotated

import typer

from ...hdl.catalogue import find_shell, make_component
from ...hdl.memory.plan import TABLE_HEADS, plan_table, summary
from ...hdl.memory.survey import survey
from ...hdl.memory.technology import INFERRED, find_technology
from ...sim.generate import generate as generate_files
from ..option import (
    AnyShellName,
    ConfigFile,
    CoreName,
    Json,
    Memory,
    Parameters,
    make_configuration,
)
from ..report import Report

__all__ = ["generate"]


def generate(
    core: CoreName,
    parameters: Parameters = None,
    config_file: ConfigFile = None,
    shell: AnyShellName = None,
    top: Annotated[
        str | None, typer.Option("--top", metavar="NAME", help="Name of the top module.")
    ] = None,
    memory: Memory = INFERRED,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Output folder; build/CORE if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the Verilog of a core, with test bench, constraints, register map and header."""
    report = Report(as_json)
    config = make_configuration(core, parameters, config_file)
    shell = find_shell(config.core, shell)
    folder = output or Path("build") / config.core
    with report.steps(f"generate {config.name}"):
        paths = generate_files(config, shell, top, folder, memory)
    report.table("written", ("file",), [(path,) for path in paths])
    technology = find_technology(memory)
    plans = survey(make_component(config, shell)[0], technology)
    if technology.name != INFERRED:
        report.table(f"memories made of {technology.name}", TABLE_HEADS, plan_table(plans))
    report.result(
        {
            "core": config.core,
            "shell": shell,
            "files": [str(path) for path in paths],
            "memory": {"technology": technology.name} | summary(plans),
        }
    )
