"""Integers that tasks are shipped with, so that a task gives the same result on every machine.

They are what a network was trained to off line, or the weights that learning on a core begins with.
Both are made in floating point, whose results differ a little between libraries and processors, so
they are made once, by `spikewright train TASK`, and shipped in the folder `data`. Of each task
there are two files: `TASK.npz`, arrays of integers; and `TASK.json`, how and with which versions of
what they were made, and what came out.
"""

import io
import json
import platform
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ...hdl.error import InputError
from ...hdl.files import LARGEST_CONTENT, check_output, file_kind, read_bytes, write_file

__all__ = ["FOLDER", "check_places", "read_arrays", "versions", "write_arrays"]

#: What belongs to the package.
FOLDER = Path(__file__).parent / "data"


def read_arrays(task: str, folder: Path | None = None) -> dict[str, np.ndarray]:
    """Read the integers of a task, by name, as int64.

    Parameters
    ----------
    task : str
        Name of the task.
    folder : Path, optional
        Where `write_arrays` has put them; those of the package if absent.

    Raises
    ------
    InputError
        If the file is missing, or is not a file of integer arrays.
    """
    path = (FOLDER if folder is None else folder) / f"{task}.npz"
    content = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(item.file_size for item in archive.infolist())
        if size > LARGEST_CONTENT:
            raise InputError(f"{path}: unpacks to {size} bytes, allowed are {LARGEST_CONTENT}")
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        kinds = {name: array.dtype for name, array in arrays.items()}
    except InputError:
        raise
    # What NumPy and the archive raise for what is not theirs is not written down anywhere.
    except Exception:
        raise InputError(
            f"{path}: not a file that `spikewright train {task}` wrote but {file_kind(content)}"
        ) from None
    for name, kind in kinds.items():
        if kind.kind not in "iu":
            raise InputError(f"{path}: {name} is of {kind}, allowed are integers")
    return {name: array.astype(np.int64) for name, array in arrays.items()}


def write_arrays(
    folder: Path, task: str, arrays: Mapping[str, np.ndarray], made: Mapping[str, Any]
) -> list[Path]:
    """Write the integers of a task and how they were made; return the paths of both files.

    The same arrays give the same bytes.

    Parameters
    ----------
    folder : Path
        Where to; made if it is not there.
    task : str
        Name of the task.
    arrays : mapping of ndarray
        Arrays of integers by name; each is stored in the narrowest type that holds it.
    made : mapping
        Settings and figures, for the record; the versions are added.

    Raises
    ------
    InputError
        If the files cannot be written.
    """
    content = io.BytesIO()
    np.savez_compressed(content, **{name: _narrow(array) for name, array in arrays.items()})
    record = {"task": task, "command": f"spikewright train {task}", **made, "versions": versions()}
    arrays_path, record_path = check_places(folder, task)
    write_file(arrays_path, content.getvalue())
    write_file(record_path, json.dumps(record, indent=2) + "\n")
    return [arrays_path, record_path]


def check_places(folder: Path, task: str) -> tuple[Path, Path]:
    """Return the paths of the integers of a task and of their record, checked before the work.

    Raises
    ------
    InputError
        If one cannot be written, or is something other than an earlier one.
    """
    places = folder / f"{task}.npz", folder / f"{task}.json"
    for path, kind in zip(places, ("a ZIP archive", "a text file"), strict=True):
        check_output(path, kind)
    return places


def _narrow(array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    return array.astype(
        np.result_type(*map(np.min_scalar_type, (array.min(), array.max(), np.int8(-1))))
    )


def versions() -> dict[str, str]:
    """Return what results in floating point depend on: versions of libraries, and the machine."""
    # Comes with scikit-learn, which reading does not need.
    from threadpoolctl import threadpool_info

    parts = {name: version(name) for name in ("spikewright", "numpy", "scipy", "scikit-learn")}
    blas = {
        f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return {
        "python": platform.python_version(),
        **parts,
        "blas": ", ".join(sorted(blas)),
        "machine": platform.machine(),
    }
