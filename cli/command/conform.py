"""The command `conform`."""

from typing import Annotated

import typer

from ...hdl.catalogue import find_core
from ...hdl.error import InputError
from ..conformance import CHECKS
from ..conformance import conform as conform_core
from ..option import CoreName, Json
from ..outcome import finish
from ..report import Report

__all__ = ["conform"]


def conform(
    core: CoreName,
    seeds: Annotated[
        int,
        typer.Option("--seeds", metavar="NUMBER", help="Seeds of random stimulus, at least."),
    ] = 8,
    as_json: Json = False,
) -> None:
    """Check that a core keeps what its description says: the suite for one's own core."""
    report = Report(as_json)
    if seeds < 1:
        raise InputError(f"seeds is {seeds}, allowed is 1 or more")
    name = find_core(core).name
    results = []
    with report.counting(f"conform {name}") as progress:
        for result in conform_core(core, seeds=seeds):
            results.append(result)
            progress(len(results), len(CHECKS))
            if not result.ok or result.left_out:
                what = "left out" if result.left_out else "failed"
                report.say(f"{result.name} {what}: {result.message}")
    report.table(
        f"conformance of {name}",
        ("check", "result"),
        [
            (result.name, "left out" if result.left_out else "passed" if result.ok else "failed")
            for result in results
        ],
    )
    finish(report, "checks", [result.as_dict() for result in results])
