"""How the command ends that is stopped, or that cannot write: one line, a status, and nothing left
behind.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spikewright.cli import main
from spikewright.sim.task.catalogue import Task

SMALL = ("-p", "neurons=16")

#: Runs the command with tools that start a child, say so in the folder they are given, and wait.
COMMAND = """\
import os

from spikewright.cli import main
from spikewright.hdl import toolchain
from spikewright.sim.engine import compiler

toolchain.find_tool = lambda name: os.environ["TOOL"]
compiler.find_compiler = lambda: [os.environ["TOOL"]]
main.run()
"""

TOOL = f"""\
#!{sys.executable}
import os, subprocess, sys, time
if sys.argv[1:] != ["child"]:
    subprocess.Popen([__file__, "child"])
with open(os.environ["UP"], "a") as file:
    file.write(f"{{os.getpid()}}\\n")
time.sleep(600)
"""


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    # What has ended and has not been waited for is not alive.
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


BUILD = ["build", "tinyodin", *SMALL, "--board", "icebreaker", "-o", "deep/out"]


#: Commands, and the signal that stops them.
STOPPED = [
    (["synth", "tinyodin", *SMALL, "--device", "ice40up5k"], signal.SIGTERM),
    (["generate", "tinyodin", *SMALL, "-o", "deep/out"], signal.SIGTERM),
    (["verify", "tinyodin", *SMALL, "--seeds", "1"], signal.SIGTERM),
    (BUILD, signal.SIGTERM),
    (BUILD, signal.SIGINT),
    (BUILD, signal.SIGHUP),
]


@pytest.mark.parametrize(
    ("words", "number"),
    STOPPED,
    ids=lambda value: value[0] if isinstance(value, list) else value.name,
)
def test_a_signal_leaves_nothing(tmp_path, words, number):
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    tool, up = tmp_path / "tool", tmp_path / "up"
    tool.write_text(TOOL)
    tool.chmod(0o755)
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "SPIKEWRIGHT_CACHE": str(tmp_path / "cache"),
        "TOOL": str(tool),
        "UP": str(up),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        cwd=here,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs in the background, or under nohup, ignores some, and so do its children.
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for _, each in STOPPED],
    )
    while not up.exists() or up.read_text().count("\n") < 2:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(number)
    output, errors = process.communicate()
    assert process.returncode == 128 + number, errors
    assert errors.splitlines()[-1] == (
        "spikewright: interrupted"
        if number == signal.SIGINT
        else f"spikewright: stopped by {signal.Signals(number).name}"
    )
    assert "Traceback" not in errors
    assert output.strip() == ""
    for line in up.read_text().split():
        for _ in range(1000):  # it may be dying
            if not alive(int(line)):
                break
            time.sleep(0.01)
        assert not alive(int(line))
    assert os.listdir(temporary) == []
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
    assert os.listdir(here) == []


def run(words, redirection, tmp_path):
    """Run the command in a shell; return its exit status and what it said as errors."""
    command = f'"$0" -m spikewright {words} {redirection}; exit ${{PIPESTATUS[0]}}'
    result = subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize("words", ["list", "list --json", "--help", "list --help", "--version"])
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        (">/dev/full", "No space left on device"),
        (">&-", "standard output is closed"),
    ],
)
def test_results_that_cannot_be_printed(tmp_path, words, redirection, reason):
    assert run(words, redirection, tmp_path) == (2, f"spikewright: {reason}\n")


def test_nobody_reads(tmp_path):
    status, errors = run("list", "| true", tmp_path)
    assert (status, errors) in [(2, "spikewright: Broken pipe\n"), (0, "")]
    # With certainty: the reader has gone before anything is written.
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "spikewright", "list"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (result.returncode, result.stderr) == (2, "spikewright: Broken pipe\n")


def test_errors_that_cannot_be_printed(tmp_path):
    for redirection in ("2>/dev/full", "2>&-"):
        assert run("replay none", redirection, tmp_path) == (2, "")


def test_what_the_system_refuses_is_one_line(monkeypatch, capsys):
    """Wherever that is, and whether it has been thought of or not."""

    def refuse(*arguments, **options):
        raise OSError(30, "Read-only file system", "/somewhere")

    monkeypatch.setattr(main, "app", refuse)
    assert main._status() == 2
    assert capsys.readouterr().err == "spikewright: /somewhere: Read-only file system\n"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command in an empty folder: exit status, output, errors."""
    monkeypatch.chdir(tmp_path)

    def run_here(*words):
        monkeypatch.setattr(sys, "argv", ["spikewright", *map(str, words)])
        capsys.readouterr()
        return main._status(), *capsys.readouterr()

    return run_here


@pytest.mark.parametrize("name", ["[/]", "[red]out[/red]", ":boom:", "a[/b]"])
def test_names_are_no_markup(call, name, monkeypatch):
    paths = [Path(name, "tinyODIN.v")]
    monkeypatch.setattr("spikewright.cli.command.generate.generate_files", lambda *arguments: paths)
    status, output, errors = call("generate", "tinyodin", *SMALL, "-o", name)
    assert (status, errors) == (0, "")
    assert f"{name}/tinyODIN.v" in output


def test_names_do_not_command_the_terminal(call):
    status, output, errors = call("replay", "\x1b[2Jx")
    assert (status, output) == (2, "")
    assert errors.startswith(r"spikewright: \x1b[2Jx: ")


def test_any_encoding(tmp_path):
    """What the terminal cannot show is shown as its number."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    for words, shown in (
        (["list"], "tinyodin"),
        (["replay", "x\udcff"], r"x\udcff: cannot be read"),
    ):
        result = subprocess.run(
            [sys.executable, "-m", "spikewright", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert shown in (result.stdout + result.stderr).decode("ascii")
        assert b"Traceback" not in result.stderr


# Pictures.


def test_results_come_before_the_picture(call, monkeypatch):
    def fail(task, path, result):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Task, "save_plot", fail)
    words = ("run", "izhikevich", "--samples", "1", "--plot", "one")
    status, output, errors = call(*words, "--json")
    assert status == 2
    assert json.loads(output)["accuracy"] == 1.0
    assert json.loads(output)["plot"] == "one.png"
    assert errors == "spikewright: one.png: No space left on device\n"
    status, output, errors = call(*words)
    assert "accuracy" in output


def test_the_name_of_the_picture(call):
    status, output, _ = call("run", "izhikevich", "--samples", "1", "--plot", "new/one", "--json")
    assert status == 0
    assert json.loads(output)["plot"] == "new/one.png"
    assert Path("new/one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("plot", "reason"),
    [
        ("here.png/x.png", "cannot be written"),
        (".", "it is a folder"),
        ("here.png", "it is a text file, only a PNG image is replaced"),
        ("some.xyz", "cannot draw xyz"),
    ],
)
def test_the_picture_is_looked_at_first(call, monkeypatch, plot, reason):
    def work(*arguments, **options):
        pytest.fail("the work has begun")

    monkeypatch.setattr(Task, "perform", work)
    Path("here.png").write_text("mine")
    status, output, errors = call("run", "izhikevich", "--plot", plot)
    assert (status, output) == (2, "")
    assert reason in errors
    assert [path.read_text() for path in Path().iterdir()] == ["mine"]


# Options without effect.


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["run", "izhikevich", "--engine", "cxxrtl"], "--engine has no effect on model"),
        (["run", "izhikevich", "--shell", "pins"], "--shell has no effect on model"),
        (["run", "izhikevich", "--on", "rtl", "--cells", "ecp5"], "--cells has no effect on rtl"),
        (["run", "izhikevich", "--on", "rtl", "--port", "x"], "--port has no effect on rtl"),
        (["run", "digits", "--on", "board", "--engine", "plain"], "has no effect on board"),
        (["verify", "tinyodin", "--cells", "ecp5"], "--cells has no effect on rtl"),
        (["verify", "tinyodin", "--on", "netlist", "--memory", "sky130"], "no effect on netlist"),
        (["synth", "tinyodin", "--device", "generic", "--seeds", "3"], "--seeds has no effect"),
        (["synth", "tinyodin", "--device", "ice40up5k", "--memory", "ice40"], "inferred"),
        (["synth", "tinyodin", "--device", "ice40up5k", "--seeds", "9" * 30], "1 to 1000"),
    ],
)
def test_options_without_effect(call, words, reason):
    status, output, errors = call(*words)
    assert (status, output) == (2, "")
    assert reason in errors
    assert errors.count("\n") == 1
