"""The command `run`."""

from pathlib import Path
from typing import Annotated

import typer

from ...boards.catalogue import BOARDS, board_parameters
from ...hdl.catalogue import core_names, make_config, parse_parameters
from ...hdl.error import InputError
from ...sim.engine import DEFAULT_ENGINE
from ...sim.task.catalogue import TASKS, find_task
from ..device import open_device
from ..option import (
    Cells,
    EngineName,
    Json,
    On,
    Parameters,
    Port,
    ShellName,
    completion,
    given_options,
    one_of,
)
from ..outcome import difference_text
from ..report import Report

__all__ = ["run_task"]


def run_task(
    context: typer.Context,
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help=f"Task: {one_of(TASKS)}.", autocompletion=completion(TASKS)
        ),
    ],
    core: Annotated[
        str | None,
        typer.Option(
            "--core",
            metavar="CORE",
            help="Core to run it on, if there is a choice.",
            autocompletion=completion(core_names()),
        ),
    ] = None,
    on: On = "model",
    parameters: Parameters = None,
    engine: EngineName = DEFAULT_ENGINE,
    shell: ShellName = "native",
    cells: Cells = "ice40",
    port: Port = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="BOARD",
            help="Use the parameters that `build` sets for this board.",
            autocompletion=completion(BOARDS),
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option("--samples", metavar="NUMBER", help="Test on the first samples only."),
    ] = None,
    training: Annotated[
        int | None,
        typer.Option(
            "--training", metavar="NUMBER", help="Learn from the first training samples only."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with the task's data.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", metavar="NUMBER", help="Passes over the training samples."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Figure to write.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a task on a core: classify, learn, reproduce spiking behaviours."""
    report = Report(as_json)
    found, core = find_task(task, core)
    if board is not None and on != "board":
        raise InputError(f"--board goes with --on board, not with --on {on}")
    # A bitstream knows no task.
    defaults = found.parameters if board is None else board_parameters(board, core)
    config = make_config(core, {**defaults, **parse_parameters(parameters or [])})
    for name, value in (("samples", samples), ("training", training), ("epochs", epochs)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}, allowed is 1 or more")
    if training is not None and not found.learns:
        raise InputError(f"task {task} does not learn on the core, so it takes no --training")
    more = {
        name: value for name, value in (("data", data), ("epochs", epochs)) if value is not None
    }
    for name in more:
        if name not in found.options:
            raise InputError(f"task {task} takes no --{name}")
    # Not only when there is something to draw, which may be minutes away.
    plot = found.check_plot(plot) if plot else None
    with (
        open_device(
            config,
            on,
            engine=engine,
            shell=shell,
            cells=cells,
            port=port,
            given=given_options(context),
        ) as device,
        report.counting(f"{task} on {on}") as progress,
    ):
        result = found.perform(
            device,
            samples=samples,
            training=training,
            keep_plot_data=plot is not None,
            progress=progress,
            **more,
        )
    values = {"task": task, "on": on} | result.summary()
    values |= {"plot": str(plot)} if plot else {}
    report.table(f"{task} on {on}", ("figure", "value"), list(values.items()))
    for name, items in result.details.items():
        columns = list(dict.fromkeys(column for item in items for column in item))
        rows = [[item.get(column) for column in columns] for item in items]
        report.table(
            name,
            columns,
            [
                [difference_text(cell) if isinstance(cell, dict) else cell for cell in row]
                for row in rows
            ],
        )
    report.result(values | result.details)
    # The figures are not lost if the picture is.
    if plot is not None:
        found.save_plot(plot, result)
    if not result.passed:
        raise typer.Exit(1)
