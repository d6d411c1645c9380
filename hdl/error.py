"""The one exception for bad input."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names what was wrong and what is allowed. The command line prints it
    without a stack trace and exits with status 2.
    """
