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
from .shipped import check_places, write_arrays

__all__ = ["TASKS", "Task", "find_task", "train_task"]


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
    plot : str
        Module of this package; its function `save_plot` draws what the task did.
    parameters : mapping of int
        Parameters of the core, where the task wants other than the defaults.
    learns : bool
        It learns on the core, and can be given fewer training samples.
    options : tuple of str
        Further options that its function takes, of `data` (a folder with data) and `epochs`.
    maker : str
        Module of which the function `make` makes the integers that it is shipped with, see
        `shipped`.
    """

    about: str
    cores: tuple[str, ...]
    module: str
    plot: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    learns: bool = False
    options: tuple[str, ...] = ()
    maker: str = ""

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
        keep_plot_data: bool = False,
        progress: Progress | None = None,
        **more: Any,
    ) -> TaskResult:
        """Do the task on a device, and draw a picture if one is asked for.

        Who must not lose the result if the picture cannot be written calls `check_plot` before, and
        `save_plot` afterwards.

        Parameters
        ----------
        device : Device
            A device of one of the task's cores.
        samples : int, optional
            Only the first test samples.
        training : int, optional
            Only the first training samples, if the task learns on the core.
        plot : Path, optional
            Picture to write; its ending says the format, PNG if it has none.
        keep_plot_data : bool
            Keep in the result what `save_plot` draws.
        progress : callable, optional
            Called as the task goes on, with what is done and with the total.
        **more
            Values of its further options.

        Raises
        ------
        InputError
            If the core cannot do the task, data are missing, a number is less than 1, or the
            picture cannot be written; before the work, if that can be known.
        """
        function = self.load()
        if plot is not None:
            self.check_plot(plot)
        options: dict[str, Any] = {"training": training} if self.learns else {}
        result = function(
            device,
            samples=samples,
            keep_plot_data=keep_plot_data or plot is not None,
            progress=progress,
            **options,
            **more,
        )
        if plot is not None:
            self.save_plot(plot, result)
        return result

    def check_plot(self, path: Path) -> Path:
        """Check that a picture can be written; return the name of its file, with an ending.

        Raises
        ------
        InputError
            If it cannot, or a package that it needs is not installed.
        """
        with require("tasks"):
            picture = import_module(".picture", __package__)
        return picture.check_picture(path)

    def save_plot(self, path: Path, result: TaskResult) -> None:
        """Draw what the task did, from a result with the data for it.

        Raises
        ------
        InputError
            If the picture cannot be written.
        """
        with require("tasks"):
            module = import_module(f".{self.plot}", __package__)
        module.save_plot(path, result)


#: Tasks by name.
TASKS = {
    "digits": Task(
        "handwritten digits, 8x8 pixels, by a network trained off line",
        ("tinyodin",),
        "digits",
        "digits_plot",
        options=("data",),
        maker="digits_training",
    ),
    "izhikevich": Task(
        "the twenty behaviours of Izhikevich's catalogue, each by one neuron",
        ("odin",),
        "izhikevich",
        "izhikevich_plot",
    ),
    "mnist-sdsp": Task(
        "ten neurons learn MNIST on the core, 16x16 pixels, one pass over 6000 images",
        ("odin",),
        "mnist_sdsp",
        "sdsp_plot",
        learns=True,
    ),
    "digits-sdsp": Task(
        "ten neurons learn handwritten digits on the core, 8x8 pixels, one pass over 898 images",
        ("odin",),
        "digits_sdsp",
        "sdsp_plot",
        parameters={"neurons": 64},
        learns=True,
    ),
    "cue-accumulation": Task(
        "a recurrent network learns on the core to weigh cues and remember them (e-prop)",
        ("reckon",),
        "cue_accumulation",
        "cue_accumulation_plot",
        learns=True,
        options=("data", "epochs"),
        maker="cue_accumulation",
    ),
    "digits-eprop": Task(
        "a recurrent network learns on the core to read handwritten digits, row by row (e-prop)",
        ("reckon",),
        "digits_eprop",
        "digits_eprop_plot",
        parameters={"neurons": 64},
        learns=True,
        options=("epochs",),
        maker="digits_eprop",
    ),
}


def train_task(name: str, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Make the integers that a task is shipped with, put them into a folder, and return the paths.

    Parameters
    ----------
    name : str
        Name of the task.
    folder : Path
        Where to; made if it is not there.
    progress : callable, optional
        Called as it goes on, with what is done and with the total.

    Raises
    ------
    InputError
        If there is no such task, it is shipped with nothing, or the files cannot be written.
    """
    trained = [other for other, task in TASKS.items() if task.maker]
    if name not in trained:
        raise InputError(
            f"task {name!r} is shipped with no weights, allowed are {', '.join(trained)}"
        )
    # Not only in the end, which may be minutes away.
    check_places(folder, name)
    with require("tasks"):
        maker = import_module(f".{TASKS[name].maker}", __package__)
        arrays, made = maker.make(progress)
    return write_arrays(folder, name, arrays, made)


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
