"""The exceptions that the command line turns into one line."""

__all__ = ["InputError", "RunError"]


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names what was wrong and what is allowed. The command line prints it
    without a stack trace and exits with status 2.
    """


class RunError(RuntimeError):
    """Something failed that is no fault of the input: a tool, a line to a board, a core that hangs.

    The message is one line that names what failed. The command line prints it without a stack trace
    and exits with status 1.
    """
