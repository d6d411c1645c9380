"""What is compiled and translated once: files under keys made of all they depend on, with
checksums.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from ...hdl.error import InputError

__all__ = ["cache_folder", "cached_file", "cached_text"]

#: What the name of a checksum has after the name of its file.
_SUFFIX = ".sha256"


def cache_folder() -> Path:
    """Return the folder for compiled simulations: `SPIKEWRIGHT_CACHE`, else the user's cache."""
    chosen = os.environ.get("SPIKEWRIGHT_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("spikewright"))


def cached_file(name: str, make: Callable[[Path], Path]) -> Path:
    """Return a file of the cache, made now if it is not there or not as it was written.

    Parameters
    ----------
    name : str
        Its name in the cache folder, with a key of all it depends on.
    make : callable
        Makes the file in an empty folder that it is given; returns its path there.

    Raises
    ------
    InputError
        If the cache cannot be used.
    """
    path = cache_folder() / name
    with _usable():
        if _read(path) is None:
            _make(path, make)
    return path


def cached_text(name: str, make: Callable[[Path], str]) -> str:
    """Return a text of the cache, made now if it is not there or not as it was written.

    Parameters
    ----------
    name : str
        Its name in the cache folder, with a key of all it depends on.
    make : callable
        Makes the text; it is given an empty folder for its files.

    Raises
    ------
    InputError
        If the cache cannot be used.
    """

    def write(folder: Path) -> Path:
        (folder / "text").write_text(make(folder), encoding="utf-8", newline="")
        return folder / "text"

    path = cache_folder() / name
    with _usable():
        content = _read(path)
        return (_make(path, write) if content is None else content).decode()


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the cache {cache_folder()} cannot be used: {error.strerror or error}; "
            "SPIKEWRIGHT_CACHE names another folder"
        ) from None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def _read(path: Path) -> bytes | None:
    """Return what is in a file if it is as its checksum says, else None."""
    try:
        content = path.read_bytes()
        right = _beside(path).read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return content if right == hashlib.sha256(content).hexdigest() else None


def _make(path: Path, make: Callable[[Path], Path]) -> bytes:
    """Make a file and its checksum; return what is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        made = make(Path(name))
        content = made.read_bytes()
        checksum = Path(name, "checksum" + _SUFFIX)
        checksum.write_text(hashlib.sha256(content).hexdigest(), encoding="ascii")
        # Renaming is atomic: two processes that make the same thing do not disturb each other.
        # After a crash in between, the checksum is missing or wrong, and the file is made again.
        for source, target in ((made, path), (checksum, _beside(path))):
            with source.open("rb") as file:
                os.fsync(file.fileno())
            source.replace(target)
    return content
