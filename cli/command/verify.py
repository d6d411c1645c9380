"""The command `verify`."""

from typing import Annotated, Any

import typer

from ...hdl.catalogue import make_config, parse_parameters
from ...hdl.error import InputError
from ...hdl.memory.technology import INFERRED
from ...sim.engine import DEFAULT_ENGINE
from ...sim.verify import verify as verify_core
from ..device import check_effect
from ..option import (
    Cells,
    CoreName,
    EngineName,
    Json,
    Memory,
    Parameters,
    completion,
    given_options,
)
from ..outcome import difference_text, finish
from ..report import Report

__all__ = ["verify"]


def verify(
    context: typer.Context,
    core: CoreName,
    parameters: Parameters = None,
    seeds: Annotated[int, typer.Option("--seeds", metavar="NUMBER", help="Number of seeds.")] = 20,
    first_seed: Annotated[
        int, typer.Option("--first-seed", metavar="NUMBER", help="The first seed.")
    ] = 0,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="PLACE",
            help="What to run on: rtl or netlist.",
            autocompletion=completion(("rtl", "netlist")),
        ),
    ] = "rtl",
    engine: EngineName = DEFAULT_ENGINE,
    shell: Annotated[
        str | None,
        typer.Option(
            "--shell",
            metavar="SHELL",
            help="Interface of the hardware: native or pins; both in turn if not given.",
            autocompletion=completion(("native", "pins")),
        ),
    ] = None,
    cells: Cells = "ice40",
    memory: Memory = INFERRED,
    as_json: Json = False,
) -> None:
    """Compare hardware and model on random stimulus, random stalls and random configurations."""
    report = Report(as_json)
    if on not in ("rtl", "netlist"):
        raise InputError(f"cannot verify on {on!r}, allowed is rtl, netlist")
    if seeds < 1 or first_seed < 0:
        raise InputError(f"seeds are {seeds} from {first_seed}, allowed are 1 or more from 0")
    make_config(core)
    check_effect(on, given_options(context))
    done = []
    with report.counting(f"verify {core} on {on}") as progress:

        def note(result: Any) -> None:
            done.append(result)
            progress(len(done), seeds)
            if not result.replay.ok:
                report.say(
                    f"seed {result.seed} failed: {difference_text(result.replay.difference)}; "
                    f"kept as {result.trace}"
                )

        results = verify_core(
            core,
            seeds=seeds,
            first_seed=first_seed,
            parameters=parse_parameters(parameters or []),
            shell=shell,
            engine=engine,
            netlist=cells if on == "netlist" else None,
            memory=memory,
            progress=note,
        )
    steps = sum(result.replay.steps for result in results)
    cycles = sum(result.replay.cycles for result in results)
    report.line(
        f"seeds {first_seed} to {first_seed + seeds - 1}, "
        f"{len({result.config for result in results})} configurations, "
        f"{steps} steps, {cycles} cycles"
    )
    finish(report, "seeds", [result.as_dict() for result in results])
