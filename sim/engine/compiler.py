"""Compiled simulations: one place that finds a C++ compiler and runs it."""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from ...hdl.error import InputError
from ...hdl.process import run_process
from ...hdl.toolchain import ToolError
from .cache import cached_file

__all__ = ["compile_library", "find_compiler"]


def find_compiler() -> list[str]:
    """Return the command of a C++ compiler: `CXX`, the system's, or the one in the package ziglang.

    Raises
    ------
    InputError
        If there is none.
    """
    chosen = os.environ.get("CXX", "").split()
    if chosen:
        if shutil.which(chosen[0]) is None:
            raise InputError(f"CXX names {chosen[0]!r}, which is not installed")
        return chosen
    for name in ("g++", "clang++", "c++"):
        if shutil.which(name):
            return [name]
    if find_spec("ziglang"):
        command = [sys.executable, "-m", "ziglang", "c++"]
        # With the target named it brings its own C library; else it looks for the system's headers,
        # which may be missing.
        if sys.platform == "linux":
            command += ["-target", f"{platform.machine()}-linux-gnu"]
        return command
    raise InputError(
        "no C++ compiler: install g++, or pip install 'spikewright[compiler]', "
        "or use --engine amaranth"
    )


def compile_library(
    sources: Mapping[str, str],
    main: str,
    *,
    options: Sequence[str] = (),
    libraries: Sequence[str] = (),
    include: Sequence[Path] = (),
) -> Path:
    """Compile C++ source texts into a shared library and return its path.

    The library is cached under a key made of everything that goes into it, so the same sources are
    compiled once.

    Parameters
    ----------
    sources : mapping of str to str
        File names and contents.
    main : str
        The file to compile; it includes the others.
    options : sequence of str
        Compiler options.
    libraries : sequence of str
        Linker options.
    include : sequence of Path
        Folders with further headers.

    Raises
    ------
    InputError
        If there is no compiler.
    ToolError
        If the compiler fails.
    """
    compiler = find_compiler()
    flags = ["-std=c++17", "-O2", "-fPIC", "-shared", *options]
    everything = [compiler, flags, list(libraries), main, [str(path) for path in include]]
    # Machines with different processors may share a home.
    everything += [sorted(sources.items()), sys.platform, platform.machine()]
    key = hashlib.sha256(repr(everything).encode()).hexdigest()[:32]

    def run_compiler(folder: Path) -> Path:
        for source, text in sources.items():
            (folder / source).write_text(text, encoding="utf-8")
        command = [
            *compiler,
            *flags,
            *(f"-I{path}" for path in include),
            main,
            "-o",
            "library.so",
            *libraries,
        ]
        status, output = run_process(command, folder=folder, environment={"TMPDIR": str(folder)})
        if status != 0:
            lines = [line for line in output.splitlines() if "error" in line]
            raise ToolError(f"{compiler[0]} failed: {(lines or ['no output'])[0]}")
        return folder / "library.so"

    return cached_file(f"compiled/{key}.so", run_compiler)
