"""The command `replay`."""

from pathlib import Path
from typing import Annotated

import typer

from ...hdl.catalogue import make_config, parse_parameters
from ...hdl.error import InputError
from ...hdl.memory.technology import INFERRED
from ...sim.engine import DEFAULT_ENGINE
from ...sim.trace import read_trace
from ...sim.trace import replay as replay_trace
from ..device import open_device
from ..option import Cells, EngineName, Json, Memory, On, Parameters, Port, ShellName, given_options
from ..outcome import difference_text, finish
from ..report import Report

__all__ = ["replay"]


def replay(
    context: typer.Context,
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE", help="Trace files.")],
    on: On = "model",
    parameters: Parameters = None,
    engine: EngineName = DEFAULT_ENGINE,
    shell: ShellName = "native",
    cells: Cells = "ice40",
    memory: Memory = INFERRED,
    port: Port = None,
    wave: Annotated[
        Path | None,
        typer.Option("--wave", metavar="FILE", help="Waveform file to write."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay recorded traces and compare every answer.

    -p sets parameters that do not change results, such as lanes.
    """
    report = Report(as_json)
    extra = parse_parameters(parameters or [])
    if wave is not None and len(traces) > 1:
        raise InputError(f"--wave takes one trace, not {len(traces)}")
    # All are read before anything runs, so that a damaged one is found at once.
    read = [read_trace(path) for path in traces]
    results = []
    with report.counting(f"replay on {on}") as progress:
        for number, trace in enumerate(read):
            progress(number, len(read))
            config = make_config(trace.core, trace.config.as_dict() | extra)
            with open_device(
                config,
                on,
                engine=engine,
                shell=shell,
                cells=cells,
                memory=memory,
                port=port,
                wave=wave,
                given=given_options(context),
            ) as device:
                results.append(replay_trace(trace, device))
        progress(len(read), len(read))
    report.table(
        f"replay on {on}",
        ("trace", "ok", "steps", "cycles", "first difference"),
        [
            (
                result.name,
                "yes" if result.ok else "NO",
                result.steps,
                result.cycles,
                difference_text(result.difference),
            )
            for result in results
        ],
    )
    finish(report, "traces", [result.as_dict() for result in results])
