"""How commands that check something report what passed and what failed."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from .report import Report

__all__ = ["difference_text", "finish"]


def difference_text(difference: Mapping[str, Any] | None) -> str:
    """Return a difference between what was expected and what came, on one line."""
    return ", ".join(f"{name} {value}" for name, value in (difference or {}).items())


def finish(report: Report, what: str, results: Sequence[Mapping[str, Any]]) -> None:
    """Print how many results passed; exit status 1 if one failed.

    Parameters
    ----------
    report : Report
        Where to print.
    what : str
        What a result is of, in the plural: the name of the list in the JSON object.
    results : sequence of mapping
        Results; `ok` of each says whether it passed.

    Raises
    ------
    typer.Exit
        With status 1 if one failed.
    """
    passed = sum(result["ok"] for result in results)
    failed = len(results) - passed
    report.line(f"{passed} passed, {failed} failed")
    report.result({"passed": passed, "failed": failed, what: list(results)})
    if failed:
        raise typer.Exit(1)
