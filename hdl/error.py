"""The exceptions that the command line turns into one line, and how their messages show a value."""

import reprlib
from typing import Any

__all__ = ["InputError", "RunError", "show"]


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names what was wrong and what is allowed. The command line prints
    it without a stack trace and exits with status 2.
    """


class RunError(RuntimeError):
    """Something failed that is no fault of the input: a tool, a line to a board, a core that hangs.

    The message is one line that names what failed. The command line prints it without a stack trace
    and exits with status 1.
    """


def show(value: Any) -> str:
    """Show a value that a user gave in a message: short and on one line."""
    try:
        return reprlib.repr(value)
    except ValueError:
        # Python does not convert numbers of thousands of digits.
        return "a number of thousands of digits"
