"""Extras: packages that a light installation leaves out, and what to say where one is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from .error import InputError

__all__ = ["missing", "require"]


def missing(what: str, extra: str) -> InputError:
    """Return the error that says that something is not installed, and which extra brings it.

    Parameters
    ----------
    what : str
        A package or a program.
    extra : str
        An extra of the package spikewright, as in pyproject.toml.
    """
    return InputError(f"{what} is not installed: pip install 'spikewright[{extra}]'")


@contextmanager
def require(extra: str) -> Iterator[None]:
    """Import in this context what belongs to an extra.

        with require("board"):
            import serial

    Raises
    ------
    InputError
        If a package is not installed; names it and the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        # One of ours that is missing is a mistake of ours.
        if package in ("", "spikewright"):
            raise
        raise missing(package, extra) from None
