"""Replacing a folder of generated files: wholly or not at all, and never one that holds anything else."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..error import InputError

__all__ = ["GENERATOR", "check_replaceable", "replacing"]

#: Value of `generator` in the description; marks a folder as ours.
GENERATOR = "spikewright"


def check_replaceable(folder: Path) -> None:
    """Raise `InputError` unless a folder is absent, empty, or holds an earlier output only."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise InputError(f"{folder} is not a folder; choose another")
    present = {path.name for path in folder.iterdir()}
    if not present:
        return
    ours: set[str] = set()
    for path in sorted(folder.glob("*.json")):
        ours |= _written_files(path)
    if not ours:
        raise InputError(f"{folder} holds files that Spikewright did not write; choose another")
    foreign = sorted(present - ours)
    if foreign:
        raise InputError(f"{folder} also holds {foreign[0]!r}, not written by Spikewright; move it")


def _written_files(path: Path) -> set[str]:
    """Return the files a description lists, none if it is not a description of ours."""
    try:
        description = json.loads(path.read_text())
    except (OSError, ValueError):
        return set()
    if not isinstance(description, Mapping) or description.get("generator") != GENERATOR:
        return set()
    return set(map(str, description.get("files", [])))


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a new folder beside `folder`, to take its place in the end if nothing goes wrong."""
    new = folder.with_name(f".{folder.name}.new{os.getpid()}")
    old = folder.with_name(f".{folder.name}.old{os.getpid()}")
    try:
        new.mkdir(parents=True)
        yield new
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
