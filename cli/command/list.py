"""The command `list`."""

from ...boards.catalogue import BOARDS
from ...hdl.catalogue import core_names, find_core, make_config, shell_about, shells_of
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
        "cores": {name: find_core(name).about for name in core_names()},
        "shells": {
            f"{core} {name}": shell_about(core, name)
            for core in core_names()
            for name in shells_of(core)
        },
        "boards": BOARDS,
        "devices": {name: device.about for name, device in DEVICES.items()},
        "engines": ENGINES,
        "tasks": {name: task.about for name, task in TASKS.items()},
        "memory technologies": {name: find_technology(name).about for name in TECHNOLOGIES},
    }
    for name, entries in groups.items():
        if name == "shells":
            report.table(name, ("name", "cores", "what it is"), _shells())
        else:
            report.table(name, ("name", "what it is"), list(entries.items()))
    for core in core_names():
        parameters = make_config(core).parameters()
        report.table(
            f"parameters of {core}",
            ("name", "default", "what it is, and allowed values"),
            [(item.name, item.default, f"{item.about}\n{item.allowed}") for item in parameters],
        )
    report.result({name: list(entries) for name, entries in groups.items()})


def _shells() -> list[tuple[str, str, str]]:
    """Return rows of a table of shells, one for all cores that have the same."""
    cores: dict[tuple[str, str], list[str]] = {}
    for core in core_names():
        for name in shells_of(core):
            cores.setdefault((name, shell_about(core, name)), []).append(core)
    return [
        (name, "all" if len(names) == len(core_names()) else ", ".join(names), about)
        for (name, about), names in cores.items()
    ]
