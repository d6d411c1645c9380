"""Files that are read and written: one place for limits, encodings, ownership and failures.

What is read are regular files of bounded size. What is written appears whole or not at all, and
takes the place of nothing but an earlier output of this program. Text is UTF-8 whatever the locale.
A failure of the operating system becomes an `InputError` of one line.
"""

import gzip
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import tomllib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .error import InputError

__all__ = [
    "MANIFEST",
    "check_folder",
    "check_output",
    "clear_output",
    "file_kind",
    "named_failure",
    "new_folder",
    "read_bytes",
    "read_text",
    "read_toml",
    "unpack_gzip",
    "write_file",
]

#: File in every folder that this program writes: all files of the folder with their checksums, in
#: the format of `sha256sum`. It is what tells the program's own folders from others.
MANIFEST = "spikewright.sha256"

_MANIFEST_TITLE = "# Files written by Spikewright; `sha256sum -c` checks them.\n"

#: Bytes that are read at most, of files and of what is packed in them, and of TOML files.
LARGEST_FILE = 64 << 20
LARGEST_CONTENT = 256 << 20
_LARGEST_TOML = 1 << 20

#: How files of each kind begin.
_KINDS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as networks in NIR are"),
    (b"#!AER-DAT", "an AEDAT recording of events"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"RIFF", "a RIFF file, as WebP images are"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"<?xml", "an XML document"),
    (b"<svg", "an SVG image"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\2", "a Python pickle"),
    (b"\x80\3", "a Python pickle"),
    (b"\x80\4", "a Python pickle"),
    (b"\x80\5", "a Python pickle"),
    (b"\x7fELF", "a program or library"),
    (b"\0asm", "a WebAssembly module"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\0\0\0\0\0\0\x01\x49", "an FST waveform"),
    (b"$date", "a VCD waveform"),
    (b"$version", "a VCD waveform"),
    (b"$comment", "a VCD waveform"),
    (b"$timescale", "a VCD waveform"),
    (b"%!", "a PostScript document"),
)

#: A line of a manifest: checksum and name, which leads nowhere else.
_ENTRY = re.compile(r"^([0-9a-f]{64})  ([^/\\\0\n]+)$", re.MULTILINE)


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


@contextmanager
def named_failure(what: object, action: str) -> Iterator[None]:
    """Turn a failure of the operating system into one line, `what: cannot be ACTION: reason`.

    Raises
    ------
    InputError
        In place of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{what}: cannot be {action}: {_reason(error)}") from None


def file_kind(content: bytes) -> str:
    """Say in a few words what a file is, by how it begins."""
    for start, kind in _KINDS:
        if content.startswith(start):
            return kind
    if not content:
        return "an empty file"
    with suppress(UnicodeDecodeError):
        # The last character may be cut.
        text = content[:4096].decode(errors="strict" if len(content) <= 4096 else "ignore")
        if "\0" not in text:
            return "a text file"
    return "a file of an unknown kind"


# Reading.


def _open_regular(path: Path) -> int:
    """Open a regular file for reading; return its descriptor."""
    # Without O_NONBLOCK, opening a named pipe would wait for somebody to write into it.
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise InputError(f"{path}: cannot be read: it is {_irregular(mode)}")
    return descriptor


def _irregular(mode: int) -> str:
    return "a folder" if stat.S_ISDIR(mode) else "not a regular file"


def read_bytes(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """Return what is in a regular file.

    Raises
    ------
    InputError
        If the file cannot be read, is not a regular one, or has more than `limit` bytes.
    """
    try:
        with open(_open_regular(path), "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from None
    if len(content) > limit:
        raise InputError(f"{path}: larger than the {_size(limit)} allowed")
    return content


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"


def read_text(path: Path, limit: int = LARGEST_FILE) -> str:
    """Return the text of a regular file in UTF-8.

    Raises
    ------
    InputError
        As for `read_bytes`, or if it is not such a text; says what it is then.
    """
    content = read_bytes(path, limit)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text in UTF-8 but {file_kind(content)}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    InputError
        If the file cannot be read or is not TOML.
    """
    content = read_bytes(path, _LARGEST_TOML)
    kind = file_kind(content)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not TOML: not text in UTF-8 but {kind}") from None
    except RecursionError:
        raise InputError(f"{path}: not TOML that can be read: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        reason = str(error) if kind == "a text file" else f"it is {kind}"
        raise InputError(f"{path}: not TOML: {reason}") from None
    except ValueError:  # from the conversion of numbers
        raise InputError(f"{path}: not TOML that can be read: a number is too long") from None


def unpack_gzip(path: Path, content: bytes, limit: int | None = None) -> bytes:
    """Return what is packed in a gzip file, of one member or several.

    Parameters
    ----------
    path : Path
        The file's name, for messages.
    content : bytes
        What is in the file.
    limit : int, optional
        Bytes that it may unpack to; `LARGEST_CONTENT` if not given.

    Raises
    ------
    InputError
        If it is not a gzip file, is damaged or cut, or unpacks to more.
    """
    if not content:
        raise InputError(f"{path}: the file is empty")
    if not content.startswith(b"\x1f\x8b"):
        raise InputError(f"{path}: not a gzip file but {file_kind(content)}")
    allowed = LARGEST_CONTENT if limit is None else limit
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(content)).read(allowed + 1)
    except EOFError:
        raise InputError(f"{path}: the file is truncated") from None
    except (OSError, zlib.error):
        raise InputError(f"{path}: damaged, its gzip data cannot be unpacked") from None
    if len(unpacked) > allowed:
        raise InputError(f"{path}: unpacks to more than the {_size(allowed)} allowed")
    return unpacked


# Writing.


def _temporary(folder: Path) -> Path:
    """Return a name in a folder that nobody has."""
    return folder / f".spikewright-{secrets.token_hex(8)}"


def _write_new(path: Path, content: bytes) -> None:
    """Write a new file down to the disk."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file; it appears whole or not at all, text in UTF-8. Its folder is made if needed.

    Raises
    ------
    InputError
        If it cannot be written, or there is something of that name that is not a regular file.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = _temporary(path.parent)
    with named_failure(path, "written"):
        _check_regular(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_new(temporary, data)
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink()


def _check_regular(path: Path) -> bool:
    """Raise `InputError` if there is something other than a regular file; tell whether there is
    one.
    """
    if not path.name or path.name == "..":
        raise InputError(f"{path}: not the name of a file")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise InputError(
            f"{path}: cannot be written: it is {_irregular(mode)}; choose another name"
        )
    return True


def check_output(path: Path, *kinds: str) -> None:
    """Check before the work that a file can be written in the end, and leave everything as it is.

    Parameters
    ----------
    path : Path
        The file. What it holds now is left alone.
    *kinds : str
        What it may be now, by `file_kind`, so that nothing but an earlier output is lost.

    Raises
    ------
    InputError
        If the file cannot be written, or is something else.
    """
    with named_failure(path, "written"):
        if _check_regular(path):
            with open(_open_regular(path), "rb") as file:
                kind = file_kind(file.read(8192))
            if kind not in ("an empty file", *kinds):
                raise InputError(
                    f"{path}: cannot be written: it is {kind}, "
                    f"only {' or '.join(kinds)} is replaced; choose another name"
                )
            if not os.access(path, os.W_OK):
                raise InputError(f"{path}: cannot be written: it is read-only")
        made: list[Path] = []
        temporary = _temporary(path.parent)
        try:
            _make_folder(path.parent, made)
            # Looks for space too.
            _write_new(temporary, bytes(4096))
        finally:
            with suppress(OSError):
                temporary.unlink()
            _remove_folders(made)


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those it is in, and list what has been made."""
    for one in reversed([folder, *folder.parents]):
        if not one.exists():
            one.mkdir()
            made.append(one)


def _remove_folders(made: list[Path]) -> None:
    """Remove folders that have been made, as far as they are empty."""
    for one in reversed(made):
        with suppress(OSError):
            one.rmdir()


def clear_output(path: Path, *kinds: str) -> None:
    """Make an empty file for a program that writes it bit by bit; see `check_output`."""
    check_output(path, *kinds)
    with named_failure(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        # A new file: other names of the old one keep what it holds.
        path.unlink(missing_ok=True)
        path.open("xb").close()


# Folders.


def _digest(path: Path) -> str:
    with open(_open_regular(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(folder: Path) -> dict[str, str]:
    """Return the checksums of a folder's files by name, as its manifest says; none if there is
    none.
    """
    try:
        text = read_text(folder / MANIFEST, 1 << 20)
    except InputError:
        return {}
    if not text.startswith(_MANIFEST_TITLE):
        return {}
    return {name: digest for digest, name in _ENTRY.findall(text)}


def check_folder(folder: Path) -> None:
    """Check that a folder can be replaced: it is absent, empty, or holds what this program wrote.

    That is what its manifest lists (`MANIFEST`): regular files that are as they were written.

    Raises
    ------
    InputError
        If it is not; names the first thing that is in the way.
    """
    with named_failure(folder, "replaced"):
        if not os.path.lexists(folder):
            return
        if folder.is_symlink() or not folder.is_dir():
            raise InputError(f"{folder} is not a folder; choose another")
        if folder.samefile(os.curdir) or folder.samefile(folder / os.pardir):
            raise InputError(f"{folder} is the current or the root folder; choose another")
        present = sorted(os.listdir(folder))
        if not present:
            return
        listed = _listed(folder)
        if not listed:
            raise InputError(f"{folder} holds files that Spikewright did not write; choose another")
        for name in present:
            if name == MANIFEST:
                continue
            if name not in listed:
                raise InputError(
                    f"{folder} also holds {name!r}, not written by Spikewright; move it"
                )
            path = folder / name
            if not stat.S_ISREG(path.lstat().st_mode) or _digest(path) != listed[name]:
                raise InputError(
                    f"{folder} also holds {name!r}, changed since Spikewright wrote it; move it"
                )


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `folder` in the end, if nothing goes wrong.

    It gets a manifest of all its files then. If something goes wrong it vanishes, and `folder` is
    as it was. It stands beside `folder`, and its absolute path is given.

    Raises
    ------
    InputError
        If `folder` is not one that can be replaced (`check_folder`), or it cannot be written.
    """
    check_folder(folder)
    place = Path(os.path.abspath(folder))
    with named_failure(folder, "written"):
        parents: list[Path] = []
        new = _temporary(place.parent)
        try:
            _make_folder(place.parent, parents)
            new.mkdir()
            yield new
            names = sorted(path.name for path in new.iterdir())
            lines = "".join(f"{_digest(new / name)}  {name}\n" for name in names)
            _write_new(new / MANIFEST, (_MANIFEST_TITLE + lines).encode())
            # Minutes may have passed.
            check_folder(folder)
            _swap(new, place)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            _remove_folders(parents)
            raise


def _swap(new: Path, place: Path) -> None:
    """Put a new folder in the place of a checked old one, if there is one."""
    if not place.exists():
        new.rename(place)
        return
    old = _temporary(place.parent)
    place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        old.rename(place)
        raise
    # Only what has been looked at; were there more, it would stay.
    with suppress(OSError):
        for name in [*_listed(old), MANIFEST]:
            (old / name).unlink(missing_ok=True)
        old.rmdir()
