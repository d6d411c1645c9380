"""The command `train`."""

from pathlib import Path
from typing import Annotated

import typer

from ...sim.task.catalogue import TASKS, train_task
from ..option import Json, completion, one_of
from ..report import Report

__all__ = ["train"]

_TRAINED = [name for name, task in TASKS.items() if task.maker]


def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help=f"Task: {one_of(_TRAINED)}.",
            autocompletion=completion(_TRAINED),
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Output folder; build/TASK if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train the weights that a task is shipped with.

    They are trained ones, or those that learning begins with. This takes floating point, so another
    machine may give other weights. TASK.json says with which versions of what they were made.
    `run digits --data DIR` uses them.
    """
    report = Report(as_json)
    with report.counting(f"train {task}") as progress:
        paths = train_task(task, output or Path("build") / task, progress)
    report.table("written", ("file",), [(path,) for path in paths])
    report.result({"task": task, "files": [str(path) for path in paths]})
