"""The command `demo`: from a configuration to a bitstream, on real data, in minutes."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...boards.build import build, check_tools
from ...hdl.catalogue import make_config
from ...sim.generate import generate
from ...sim.model import open_model
from ...sim.rtl import RtlDevice
from ...sim.task.catalogue import find_task
from ...sim.verify import verify
from ..option import Json
from ..report import Report

__all__ = ["demo"]

_SEEDS = 26


def demo(
    output: Annotated[Path, typer.Option("-o", metavar="DIR", help="Output folder.")] = Path(
        "build/demo"
    ),
    as_json: Json = False,
) -> None:
    """Generate, verify, classify digits and build a bitstream: a tour in minutes."""
    _tour(Report(as_json), output)


def _tour(report: Report, folder: Path) -> None:
    """Generate the core of the task `digits`, verify it, classify on it and build its bitstream.

    Prints a table of what was done and where it is. Exit status 1 if a check fails.
    """
    # What is missing is said before anything is done.
    task, core = find_task("digits", None)
    check_tools("icebreaker")
    config = make_config(core)
    steps: list[dict[str, Any]] = []

    def do(what: str, action: Callable[[], tuple[bool, str, Path | None]]) -> None:
        report.say(f"{what} ...")
        start = time.perf_counter()
        ok, outcome, path = action()
        seconds = round(time.perf_counter() - start, 1)
        report.say(f"{what}: {outcome} ({seconds} s)")
        steps.append(
            {
                "step": what,
                "ok": ok,
                "outcome": outcome,
                "seconds": seconds,
                "path": None if path is None else str(path),
            }
        )

    def write_verilog() -> tuple[bool, str, Path]:
        paths = generate(config, "pins", None, folder / core)
        lines = sum(
            len(path.read_text(encoding="utf-8").splitlines())
            for path in paths
            if path.suffix == ".v"
        )
        return True, f"{lines} lines of Verilog", folder / core

    def compare() -> tuple[bool, str, Path | None]:
        with report.counting("verify") as progress:
            done = []
            results = verify(
                core,
                seeds=_SEEDS,
                folder=folder / "verify",
                progress=lambda result: (done.append(result), progress(len(done), _SEEDS)),
            )
        passed = sum(result.replay.ok for result in results)
        sizes = len({result.config for result in results})
        outcome = f"{passed} of {len(results)} random runs equal, {sizes} configurations"
        return passed == len(results), outcome, None

    outputs = []

    def classify(device: Any, plot: Path | None) -> tuple[bool, str, Path | None]:
        with device, report.counting("digits") as progress:
            result = task.perform(device, plot=plot, progress=progress)
        outputs.append(np.concatenate(result.output_events))
        outcome = f"{100 * result.accuracy:.1f} % of {result.samples} test images"
        if result.cycles is not None:
            outcome += f", {result.cycles // result.samples} cycles each"
        return result.accuracy >= 0.93, outcome, plot

    def on_model() -> tuple[bool, str, Path | None]:
        return classify(open_model(config), None)

    def on_rtl() -> tuple[bool, str, Path | None]:
        ok, outcome, path = classify(RtlDevice(config), folder / "digits.png")
        equal = len(outputs[0]) == len(outputs[1]) and bool((outputs[0] == outputs[1]).all())
        outcome += ", all spikes as the model's" if equal else ", SPIKES DIFFER from the model's"
        return ok and equal, outcome, path

    def bitstream() -> tuple[bool, str, Path]:
        with report.steps("build") as step:
            result = build(config, "icebreaker", folder / "icebreaker", step)
        outcome = f"{result.clock_mhz:.0f} MHz, could do {result.fmax_mhz:.1f} MHz"
        return True, outcome, folder / "icebreaker" / result.bitstream.name

    do(f"generate {core}", write_verilog)
    do("verify RTL against the model", compare)
    do("classify digits on the model", on_model)
    do("classify digits on the RTL", on_rtl)
    do("build the iCEBreaker bitstream", bitstream)

    report.table(
        "demo",
        ("step", "ok", "outcome", "seconds", "made"),
        [
            (
                step["step"],
                "yes" if step["ok"] else "NO",
                step["outcome"],
                step["seconds"],
                step["path"],
            )
            for step in steps
        ],
    )
    ok = all(step["ok"] for step in steps)
    report.result({"ok": ok, "steps": steps})
    if not ok:
        raise typer.Exit(1)
