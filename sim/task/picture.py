"""Pictures as files: looking first whether one can be written, and writing it."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...hdl.error import InputError

__all__ = ["check_picture", "new_figure", "save_picture"]


def check_picture(path: Path) -> None:
    """Check that a picture can be written, before the work that it is to show.

    Raises
    ------
    InputError
        If the ending names no format that can be written, or the folder cannot be made.
    """
    formats = FigureCanvasAgg.get_supported_filetypes()
    ending = path.suffix.removeprefix(".")
    if ending and ending not in formats:
        raise InputError(f"{path}: cannot draw {ending}, allowed is {', '.join(sorted(formats))}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, whose parts keep clear of each other."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_picture(figure: Figure, path: Path | str, dots_per_inch: int = 150) -> None:
    """Save a figure; the ending of the file says the format, PNG if it has none.

    Raises
    ------
    InputError
        If the picture cannot be written.
    """
    check_picture(Path(path))
    try:
        figure.savefig(path, dpi=dots_per_inch)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
