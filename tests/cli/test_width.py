"""What is printed in a terminal of 80 columns: nothing is wider, and nothing is cut off."""

import io
import re
import sys

import pytest
from rich.cells import cell_len
from rich.console import Console

from spikewright.cli import main
from spikewright.cli.command.list import list_all
from spikewright.cli.report import Report
from spikewright.hdl.catalogue import core_names, make_component, make_config
from spikewright.hdl.memory.plan import TABLE_HEADS, plan_table
from spikewright.hdl.memory.survey import survey
from spikewright.hdl.memory.technology import find_technology

WIDTH = 80


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs something in a terminal of a width and returns what it prints."""

    def call(action, width=WIDTH):
        monkeypatch.setenv("COLUMNS", str(width))
        capsys.readouterr()
        action()
        # Colours take no room; under some CI systems Typer prints them in any case.
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    return call


def words_of(text):
    """Return the words of a text, without the lines of tables and without line ends."""
    return re.sub(r"[│┃━─╭╮╰╯┏┓┗┛┡┩╇┳┻┴┬├┤┼└┘┌┐]", " ", text).split()


def check(text, width=WIDTH):
    assert text
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text


@pytest.mark.parametrize("command", [None, *main.COMMANDS])
def test_help(run, monkeypatch, command):
    words = ["--help"] if command is None else [command, "--help"]
    monkeypatch.setattr(sys, "argv", ["spikewright", *words])
    text = run(lambda: main._status())
    check(text)
    found = " ".join(words_of(text))
    for name, (_, about) in main.COMMANDS.items():
        if command in (None, name):
            assert about in found


def test_list(run):
    text = run(lambda: list_all())
    check(text)
    # All words of what is printed where there is room.
    wide = run(lambda: list_all(), 300)
    assert max(cell_len(line) for line in wide.splitlines()) > WIDTH
    assert sorted(words_of(text)) == sorted(words_of(wide))
    assert {*core_names(), "ulx3s-85f", "gowin-gw1nr9", "neuron_memory_ports"} <= set(
        words_of(text)
    )


def test_memory_table(run):
    component, _ = make_component(make_config("odin"), "native")
    technology = find_technology("sky130")
    rows = plan_table(survey(component, technology))
    assert sum(max(len(row[i]) for row in rows) for i in range(len(TABLE_HEADS))) > 2 * WIDTH

    def show():
        Report(as_json=False).table("memories", TABLE_HEADS, rows)

    text = run(show)
    check(text)
    found = " ".join(words_of(text))
    for row in rows:
        for head, value in zip(TABLE_HEADS, row, strict=True):
            if value:
                assert f"{head} {value}" in found
    # Where there is room it is a table: a line of heads, then one for each memory.
    wide = run(show, 300)
    check(wide, 300)
    lines = [line for line in wide.splitlines() if line.startswith(("┃", "│"))]
    assert len(lines) == 1 + len(rows)
    assert all(head in lines[0] for head in TABLE_HEADS)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize(
    "table",
    [
        (("file",), [["/a/very/long/path" * 9]]),
        (("figure", "value"), [("cells", {f"cell_{n}": n for n in range(30)}), ("none", None)]),
        (("trace", "ok", "first difference"), [("[b]x[/b]", "NO", "step 3, kind event " * 5)]),
        (("step", "outcome", "made"), [("build " * 5, "one " * 20, "a/b.bin" * 6)]),
        (("nothing", "here"), []),
    ],
    ids=lambda table: " ".join(table[0]),
)
def test_any_table(run, table, width):
    columns, rows = table
    text = run(lambda: Report(as_json=False).table("title", columns, rows), width)
    check(text, width)
    # Long words are broken, so only letters are compared.
    letters = "".join(words_of(text))
    for row in rows:
        for value in row:
            assert value is None or "".join(str(value).split()) in letters


def test_a_pipe_is_wide(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    Report(as_json=False).table("title", ("name", "what it is"), [("x", "word " * 30)])
    assert "word " * 29 in capsys.readouterr().out


def test_progress_fits(monkeypatch):
    """What is shown while something runs is as wide as the terminal, too."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    report = Report(as_json=False)
    report._progress = Console(file=io.StringIO(), force_terminal=True, width=WIDTH)
    with report.counting("verify " * 3) as progress:
        progress(1, 2)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", report._progress.file.getvalue())
    assert "1/2" in text
    assert max(cell_len(line) for line in re.split(r"[\r\n]", text)) <= WIDTH
