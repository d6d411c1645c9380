"""A light installation: what is imported when, and what is said where an extra is missing."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from spikewright.cli.main import COMMANDS
from spikewright.hdl.error import InputError
from spikewright.hdl.extra import require

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: Packages of each extra by the names they are imported by.
EXTRAS = {
    "fpga": ("amaranth_boards",),
    "tasks": ("sklearn", "scipy", "matplotlib"),
    "board": ("serial",),
}

#: Runs the command line as if some packages were not installed, then prints which are imported.
PROGRAM = """
import sys
blocked = {blocked!r}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
from spikewright.cli import main
sys.argv = ["spikewright", *{words!r}]
status = main._status()
print("imported", *sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
sys.exit(status)
"""


def call(folder, words, blocked=()):
    """Run the command in a process of its own; return its status, output, errors and imports."""
    program = PROGRAM.format(blocked=set(blocked), words=words)
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    errors, _, imported = result.stderr.rpartition("imported ")
    return result.returncode, result.stdout, errors, set(imported.split())


def test_help_imports_nothing_heavy(tmp_path):
    for words in (["--help"], ["--version"], []):
        status, output, errors, imported = call(tmp_path, words)
        assert (status, errors) == (0, "")
        assert "typer" in imported
        assert not imported & {"numpy", "amaranth", *sum(EXTRAS.values(), ())}
    assert "Usage: spikewright" in output


def test_version(tmp_path):
    expected = f"spikewright {version('spikewright')}\n"
    assert version("spikewright") == PROJECT["version"]
    assert call(tmp_path, ["--version"])[:3] == (0, expected, "")
    by_module = [sys.executable, "-m", "spikewright", "--version"]
    result = subprocess.run(by_module, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_the_same_in_both_places(name):
    """The line in the list of commands is the first of the command's own help."""
    module, _, function = COMMANDS[name][0].partition(":")
    command = getattr(import_module(f"spikewright.cli.command.{module}"), function)
    assert " ".join(command.__doc__.split("\n\n")[0].split()) == COMMANDS[name][1]


@pytest.mark.parametrize("word", ["generate", "--core", "ulx3s", "--no-such"])
def test_completion(tmp_path, monkeypatch, word):
    """Names of commands, options and values."""
    words, expected = {
        "generate": ("spikewright gen", {"generate"}),
        "--core": ("spikewright run digits --co", {"--core"}),
        "ulx3s": ("spikewright build odin --board ul", {"ulx3s-85f"}),
        "--no-such": ("spikewright build --no-s", set()),
    }[word]
    monkeypatch.setenv("_SPIKEWRIGHT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    status, output, _, _ = call(tmp_path, [])
    assert (status, set(output.split())) == (0, expected)


def test_light_installation(tmp_path):
    """Nothing beyond the dependencies is needed to list, to generate, to verify and to replay."""
    more = set(sum(EXTRAS.values(), ()))
    status, output, errors, imported = call(tmp_path, ["list", "--json"], more)
    assert (status, errors) == (0, "")
    assert {"tinyodin", "odin", "reckon"} <= set(json.loads(output)["cores"])
    small = ["-p", "neurons=16"]
    status, _, errors, imported = call(tmp_path, ["generate", "tinyodin", *small], more)
    assert status == 0, errors
    assert not imported & more
    verify = ["verify", "tinyodin", *small, "--seeds", "1", "--engine", "amaranth"]
    status, output, errors, imported = call(tmp_path, [*verify, "--shell", "native"], more)
    assert status == 0, errors
    assert "1 passed, 0 failed" in output


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["run", "digits"], "tasks"),
        (["run", "izhikevich", "--samples", "1", "--plot", "x.png"], "tasks"),
        (["build", "tinyodin", "--board", "icebreaker"], "fpga"),
        (["demo"], "fpga"),
        (["run", "digits", "--on", "board", "--port", "no-such-port"], "board"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_missing_extra(tmp_path, words, extra):
    status, output, errors, _ = call(tmp_path, words, EXTRAS[extra])
    assert (status, output) == (2, "")
    assert re.fullmatch(
        rf"spikewright: (\w+) is not installed: pip install 'spikewright\[{extra}\]'\n", errors
    )
    assert errors.split()[1] in EXTRAS[extra]
    assert not list(tmp_path.iterdir())


def test_require():
    with pytest.raises(InputError, match=r"'spikewright\[board\]'"), require("board"):
        import no_such_package  # noqa: F401
    # What is missing in the package itself, and other mistakes, stay what they are.
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), require("board"):
        import spikewright.no_such_module  # noqa: F401
    with pytest.raises(ImportError, match="no_such_name"), require("board"):
        from json import no_such_name  # noqa: F401


def test_extras_exist():
    """Every extra that the code or a page names is in pyproject.toml."""
    extras = PROJECT["optional-dependencies"]
    assert set(EXTRAS) <= set(extras)
    files = [ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "CHANGELOG.md"]
    files += [
        path
        for top in ("hdl", "synth", "sim", "boards", "cli")
        for path in (ROOT / top).rglob("*.py")
    ]
    named = set()
    for path in files:
        text = path.read_text()
        named |= set(re.findall(r'(?:require\(|missing\([^)]*, )"(\w+)"', text))
        named |= {
            name
            for group in re.findall(r"spikewright\[([a-z,]+)\]", text)
            for name in group.split(",")
        }
    assert {"fpga", "tasks", "board", "compiler"} <= named
    assert named <= set(extras)
