"""What every command prints: results on standard output, progress on standard error."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.cells import cell_len
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
from rich.text import Text

__all__ = ["Report"]

#: Characters that the last column of a table needs, if it is wider.
_READABLE = 30


def _width(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)


def _as_table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column is not columns[-1])
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _as_list(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    """Return a table of two columns: the heads of what is in a row, and what is in it."""
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in cells:
        for column, text in zip(columns, row, strict=True):
            if text:
                table.add_row(column, Text(text))
        table.add_section()
    return table


class _Console(Console):
    """A console that prints text as it is, and raises what goes wrong with that."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def on_broken_pipe(self) -> None:
        raise  # called where the error is handled


class Report:
    """Results of a command, for people or for scripts.

    Parameters
    ----------
    as_json : bool
        Print one JSON object on standard output and nothing else there.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        # A file or a pipe has no width, unless it is told one: there, hardly anything is folded.
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200
        self._output = _Console(width=width)
        self._progress = _Console(stderr=True)

    def say(self, text: str) -> None:
        """Tell people something on the way."""
        self._progress.print(text, soft_wrap=True)

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show how far something is; gives a function to be called with what is done and the
        total.
        """
        with self._bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def steps(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show what is being done; gives a function to be called with a few words."""
        if not self._progress.is_terminal:
            yield self.say
            return
        with self._progress.status(Text(what)) as status:
            yield lambda text: status.update(Text(f"{what}: {text}"))

    def _bar(self) -> Progress:
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._progress,
            disable=not self._progress.is_terminal,
        )

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print a table, for people only.

        Only its last column is folded. Where that leaves too little room for it, as in a narrow
        terminal, every row becomes a list of what is in its columns.
        """
        if self.as_json:
            return
        cells = [["" if value is None else str(value) for value in row] for row in rows]
        widths = [
            max(_width(text) for text in column) for column in zip(columns, *cells, strict=True)
        ]
        # A border and two spaces beside each column.
        room = self._output.width - sum(widths[:-1]) - 3 * len(columns) - 1
        self._output.print(title, style="italic")
        if room >= min(widths[-1], _READABLE):
            self._output.print(_as_table(columns, cells))
        else:
            self._output.print(_as_list(columns, cells))

    def line(self, text: str) -> None:
        """Print a line, for people only."""
        if not self.as_json:
            self._output.print(text, soft_wrap=True)

    def result(self, values: Mapping[str, Any]) -> None:
        """Print the JSON object, for scripts only."""
        if self.as_json:
            print(json.dumps(values, indent=2))
