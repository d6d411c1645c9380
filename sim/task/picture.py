"""Pictures as files: looking first whether one can be written, and writing it."""

import io
import os
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...hdl.error import InputError
from ...hdl.files import check_output, file_kind, write_file

__all__ = ["check_picture", "new_figure", "save_picture"]


def check_picture(path: Path | str) -> Path:
    """Check that a picture can be written, before the work that it is to show.

    Parameters
    ----------
    path : Path or str
        File to write; its ending says the format, PNG if it has none. An earlier picture of the
        format may be there.

    Returns
    -------
    Path
        The file's name, with its ending.

    Raises
    ------
    InputError
        If the ending names no format that can be written here, or the file cannot be written or is
        something else.
    """
    if os.path.isdir(path):
        raise InputError(f"{path}: cannot be written: it is a folder; choose another name")
    path = Path(path)
    if path.name and not path.suffix:
        path = path.with_name(f"{path.name}.png")
    formats = FigureCanvasAgg.get_supported_filetypes()
    ending = path.suffix.removeprefix(".").lower()
    if ending and ending not in formats:
        raise InputError(f"{path}: cannot draw {ending}, allowed is {', '.join(sorted(formats))}")
    # Some formats need programs, or packages: a small picture tells.
    small = new_figure(1, 1)
    small.text(0.5, 0.5, "1")
    try:
        drawn = _drawn(small, path, 10)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: {ending} cannot be drawn here: {reason}") from None
    check_output(path, file_kind(drawn))
    return path


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, whose parts keep clear of each other."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _drawn(figure: Figure, path: Path, dots_per_inch: int) -> bytes:
    """Return what the file of a figure holds."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix.removeprefix(".").lower(), dpi=dots_per_inch)
    return buffer.getvalue()


def save_picture(figure: Figure, path: Path | str, dots_per_inch: int = 150) -> None:
    """Save a figure; the ending of the file says the format, PNG if it has none.

    The file appears whole or not at all.

    Raises
    ------
    InputError
        If the picture cannot be written.
    """
    path = check_picture(path)
    write_file(path, _drawn(figure, path, dots_per_inch))
