"""The command `list`."""

from ...boards.catalogue import BOARDS
from ...hdl.catalogue import CORES, make_config
from ...hdl.memory.technology import TECHNOLOGIES, find_technology
from ...sim.engine import ENGINES
from ...sim.task.catalogue import TASKS
from ...synth.device import DEVICES
from ..option import Json
from ..report import Report

__all__ = ["list_all"]


def list_all(as_json: Json = False) -> None:
    """List cores, shells, boards, devices, engines and tasks."""
    report = Report(as_json)
    groups = {
        "cores": {name: core.about for name, core in CORES.items()},
        "shells": {
            f"{core} {name}": shell.about
            for core, found in CORES.items()
            for name, shell in found.shells.items()
        },
        "boards": BOARDS,
        "devices": {name: "for synth" for name in DEVICES},
        "engines": ENGINES,
        "tasks": {name: task.about for name, task in TASKS.items()},
        "memory technologies": {name: find_technology(name).about for name in TECHNOLOGIES},
    }
    for name, entries in groups.items():
        report.table(name, ("name", "what it is"), list(entries.items()))
    for core in CORES:
        parameters = make_config(core).parameters()
        report.table(
            f"parameters of {core}",
            ("name", "default", "allowed", "what it is"),
            [(item.name, item.default, item.allowed, item.about) for item in parameters],
        )
    report.result({name: list(entries) for name, entries in groups.items()})
