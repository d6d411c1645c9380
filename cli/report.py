"""What every command prints: results on standard output, progress on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

__all__ = ["Report"]


class Report:
    """Results of a command, for people or for scripts.

    Parameters
    ----------
    as_json : bool
        Print one JSON object on standard output and nothing else there.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        # A file or a pipe has no width: there, nothing is folded.
        width = None if sys.stdout.isatty() else 200
        self._output = Console(highlight=False, width=width)
        self._progress = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """Tell people something on the way."""
        self._progress.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show how far something is; gives a function to be called with what is done and the total."""
        with self._bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def steps(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show what is being done; gives a function to be called with a few words."""
        if not self._progress.is_terminal:
            yield self.say
            return
        with self._progress.status(what) as status:
            yield lambda text: status.update(f"{what}: {text}")

    def _bar(self) -> Progress:
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._progress,
            disable=not self._progress.is_terminal,
        )

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print a table, for people only."""
        if self.as_json:
            return
        table = Table(title=title, title_justify="left")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row))
        self._output.print(table)

    def line(self, text: str) -> None:
        """Print a line, for people only."""
        if not self.as_json:
            self._output.print(text, markup=False, soft_wrap=True)

    def result(self, values: Mapping[str, Any]) -> None:
        """Print the JSON object, for scripts only."""
        if self.as_json:
            print(json.dumps(values, indent=2))
