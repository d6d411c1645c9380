"""Tasks by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from ...hdl.error import InputError
from ...hdl.extra import require
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
    parameters : mapping of int
        Parameters of the core, where the task wants other than the defaults.
    learns : bool
        It learns on the core, and can be given fewer training samples.
    options : tuple of str
        Further options that its function takes, of `data` (a folder with data) and `epochs`.
    """

    about: str
    cores: tuple[str, ...]
    module: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    learns: bool = False
    options: tuple[str, ...] = ()

    def load(self) -> Callable[..., TaskResult]:
        """Return its function.

        Raises
        ------
        InputError
            If a package that it needs is not installed.
        """
        with require("tasks"):
            return import_module(f".{self.module}", __package__).perform

    def perform(
        self,
        device: Device,
        *,
        samples: int | None = None,
        training: int | None = None,
        plot: Path | None = None,
        progress: Progress | None = None,
        **more: Any,
    ) -> TaskResult:
        """Do the task on a device and draw a picture.

        On the first `samples` test samples or all; if the task learns on the core, from the first
        `training` samples or all. `more` are values of its further options.
        """
        function = self.load()
        options: dict[str, Any] = {"training": training} if self.learns else {}
        return function(device, samples=samples, plot=plot, progress=progress, **options, **more)


#: Tasks by name.
TASKS = {
    "digits": Task(
        "handwritten digits, 8x8 pixels, by a network trained off line", ("tinyodin",), "digits"
    ),
    "izhikevich": Task(
        "the twenty behaviours of Izhikevich's catalogue, each by one neuron",
        ("odin",),
        "izhikevich",
    ),
    "mnist-sdsp": Task(
        "ten neurons learn MNIST on the core, 16x16 pixels, one pass over 6000 images",
        ("odin",),
        "mnist_sdsp",
        learns=True,
    ),
    "digits-sdsp": Task(
        "ten neurons learn handwritten digits on the core, 8x8 pixels, one pass over 898 images",
        ("odin",),
        "digits_sdsp",
        parameters={"neurons": 64},
        learns=True,
    ),
    "cue-accumulation": Task(
        "a recurrent network learns on the core to weigh cues and remember them (e-prop)",
        ("reckon",),
        "cue_accumulation",
        learns=True,
        options=("data", "epochs"),
    ),
    "digits-eprop": Task(
        "a recurrent network learns on the core to read handwritten digits, row by row (e-prop)",
        ("reckon",),
        "digits_eprop",
        parameters={"neurons": 64},
        learns=True,
        options=("epochs",),
    ),
}


def find_task(name: str, core: str | None) -> tuple[Task, str]:
    """Return a task and the core to run it on.

    Raises
    ------
    InputError
        If there is no such task, it does not run on the core, or a package that it needs is not
        installed.
    """
    if name not in TASKS:
        raise InputError(f"there is no task {name!r}, there are {', '.join(TASKS)}")
    task = TASKS[name]
    core = core or task.cores[0]
    if core not in task.cores:
        raise InputError(
            f"task {name} does not run on {core!r}, it runs on {', '.join(task.cores)}"
        )
    task.load()
    return task, core
