"""Tasks by name."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ...hdl.error import InputError
from ..device import Device
from .result import Progress, TaskResult

__all__ = ["TASKS", "Task", "find_task"]


@dataclass(frozen=True)
class Task:
    """Real work for a core.

    Attributes
    ----------
    about : str
        What it is, a few words.
    cores : tuple of str
        Cores it runs on, the default first.
    module : str
        Module of this package; its function `perform` does the task.
    """

    about: str
    cores: tuple[str, ...]
    module: str

    def perform(
        self,
        device: Device,
        *,
        samples: int | None = None,
        plot: Path | None = None,
        progress: Progress | None = None,
    ) -> TaskResult:
        """Do the task on a device, on the first `samples` test samples or all, and draw a picture."""
        function: Callable[..., TaskResult] = import_module(f".{self.module}", __package__).perform
        return function(device, samples=samples, plot=plot, progress=progress)


#: Tasks by name.
TASKS = {
    "digits": Task(
        "handwritten digits, 8x8 pixels, by a network trained off line", ("tinyodin",), "digits"
    ),
}


def find_task(name: str, core: str | None) -> tuple[Task, str]:
    """Return a task and the core to run it on.

    Raises
    ------
    InputError
        If there is no such task, or it does not run on the core.
    """
    if name not in TASKS:
        raise InputError(f"there is no task {name!r}, there are {', '.join(TASKS)}")
    task = TASKS[name]
    core = core or task.cores[0]
    if core not in task.cores:
        raise InputError(
            f"task {name} does not run on {core!r}, it runs on {', '.join(task.cores)}"
        )
    return task, core
