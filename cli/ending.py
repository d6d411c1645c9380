"""How a command ends that is stopped from outside or cannot write what it prints."""

import io
import os
import signal
import sys
from types import FrameType

__all__ = ["Stopped", "catch_signals", "discard_output", "failure_text", "prepare_output"]


class Stopped(BaseException):
    """A signal asks the program to end; what is raised on its way out cleans up.

    Attributes
    ----------
    signal : signal.Signals
        The signal.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


def catch_signals() -> None:
    """Let signals that would end the program at once raise `Stopped`."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Who is told to ignore a signal, as by nohup, goes on doing so.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    # Another one would disturb the cleaning up.
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(number)


def prepare_output() -> None:
    """Let any text be printed, whatever the encoding of the terminal.

    Raises
    ------
    OSError
        If standard output is closed.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        raise OSError("standard output is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Let what standard output still holds be lost, when it has failed."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def failure_text(error: OSError) -> str:
    """Return what the operating system has refused, on one line."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason
