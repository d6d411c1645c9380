"""Child processes that do not outlive what started them."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from .error import RunError

__all__ = ["run_process", "stop_processes"]

#: Seconds in which a program that is to end may remove what it has made.
_PATIENCE = 2.0

_lock = threading.Lock()
_running: dict[subprocess.Popen, Path] = {}
_stopped: set[Path] = set()


def run_process(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program to its end; return its exit status and what it printed.

    It has a process group of its own. If waiting for it is given up, by an exception as Ctrl-C
    raises it or by `stop_processes`, the whole group is ended.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    folder : Path
        Working directory.
    environment : mapping, optional
        Environment variables beside the present ones.

    Raises
    ------
    RunError
        If `stop_processes` has been called for the folder.
    """
    with _lock:
        if folder in _stopped:
            raise RunError(f"{command[0]} is not started any more")
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        _running[process] = folder
    try:
        output, _ = process.communicate()
    except BaseException:
        _end(process)
        raise
    finally:
        with _lock:
            del _running[process]
    return process.returncode, output


def stop_processes(folder: Path) -> None:
    """End all programs that run in a folder, from any thread, and start no more there."""
    with _lock:
        _stopped.add(folder)
        processes = [process for process, place in _running.items() if place == folder]
    for process in processes:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    """End a program and all that it has started."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen, number: int) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
