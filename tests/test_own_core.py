"""A core of somebody's own, `examples/own_core`: it conforms, and copies that are broken do not."""

import dataclasses
import json
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spikewright.cli.conformance import CHECKS, check_conformance, conform
from spikewright.hdl.catalogue import core_names, find_core, make_config, register_core, shells_of
from spikewright.hdl.error import InputError

OWN = Path(__file__).resolve().parent.parent / "examples" / "own_core"

#: Breakages: file, text and what takes its place, and the check that notices.
BROKEN = {
    "leak": (
        "hardware.py",
        "potential >> values.leak",
        "potential >> (values.leak | 1)",
        "model against RTL, random stimulus",
    ),
    "floor": (
        "model.py",
        'np.maximum(total, values["floor"])',
        "total",
        "model against RTL, random stimulus",
    ),
    "space": ("config.py", "HostMemory(space=2,", "HostMemory(space=1,", "interface"),
    "member": (
        "hardware.py",
        "super().__init__(self.interface.members())",
        'super().__init__(self.interface.members() | {"more": wiring.Out(1)})',
        "hardware has the interface",
    ),
    "reset": (
        "hardware.py",
        "spikes = Signal(16)",
        "spikes = Signal(16, reset_less=True)",
        "reset",
    ),
    "gate": (
        "hardware.py",
        "self.output.valid.eq(fires)",
        "self.output.valid.eq(fires & ~values.gate)",
        "gate in the middle of an event",
    ),
    "keyword": ("config.py", 'Register("leak"', 'Register("signed"', "interface"),
    "random": (
        "workload.py",
        "sources = _sources(device.config, random, 6)\n",
        "sources = _sources(device.config, np.random.default_rng(), 6)\n",
        "model",
    ),
    "parameter": (
        "__init__.py",
        'trace_parameters=("neurons", ',
        'trace_parameters=("neuron", ',
        "description",
    ),
}


@pytest.fixture
def own(monkeypatch):
    """The core, importable as it is, and named by its module."""
    monkeypatch.syspath_prepend(str(OWN))
    return "refractory:REFRACTORY"


def copy_of(tmp_path, monkeypatch, name):
    """Return a copy of the core under another name, and its folder."""
    folder = tmp_path / name
    shutil.copytree(OWN / "refractory", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('"refractory.', f'"{name}.').replace('"refractory"', f'"{name}"')
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return f"{name}:REFRACTORY", folder


@pytest.mark.needs("iverilog", "verilator", "cc")
@pytest.mark.parametrize(
    "left_out",
    [{"test bench in Verilator"}, pytest.param(set(), marks=pytest.mark.slow)],
    ids=["quick", "all"],
)
def test_it_conforms(own, left_out):
    checks = [name for name in CHECKS if name not in left_out]
    results = list(conform(own, seeds=5, checks=checks))
    assert [result.name for result in results] == checks
    assert [result for result in results if not result.ok or result.left_out] == []


@pytest.mark.slow
@pytest.mark.needs("iverilog", "verilator", "cc")
@pytest.mark.parametrize("core", core_names())
def test_ours_conform(core):
    check_conformance(core)


#: Those that also the quick tests make on our cores.
QUICK = ("description", "interface", "hardware has the interface")


@pytest.mark.parametrize("core", core_names())
def test_ours_keep_their_descriptions(core):
    check_conformance(core, checks=QUICK)


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_copy_does_not_conform(what, tmp_path, monkeypatch):
    file, old, new, check = BROKEN[what]
    name = f"broken_{what}"
    place, folder = copy_of(tmp_path, monkeypatch, name)
    assert [result for result in conform(place, checks=[check]) if not result.ok] == []
    # The same once more, broken.
    place, folder = copy_of(tmp_path, monkeypatch, name + "_again")
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    (result,) = conform(place, checks=[check])
    assert not result.ok
    assert result.message
    with pytest.raises(AssertionError, match="does not conform"):
        check_conformance(place, checks=[check])


def test_commands_take_a_module(own, tmp_path, monkeypatch):
    from spikewright.cli.main import app

    run = CliRunner().invoke
    monkeypatch.chdir(tmp_path)
    shown = run(app, ["verify", own, "--seeds", "2", "-p", "neurons=16", "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["failed"] == 0
    shown = run(
        app, ["generate", own, "-p", "neurons=16", "--shell", "wishbone", "-o", "w", "--json"]
    )
    assert shown.exit_code == 0, shown.output
    assert {Path(name).suffix for name in json.loads(shown.stdout)["files"]} >= {".v", ".rdl", ".h"}


def test_a_core_without_pins_has_no_pins(own):
    find_core(own)
    assert "pins" not in shells_of("refractory")
    with pytest.raises(InputError, match="has no shell 'pins', allowed is native or"):
        from spikewright.hdl.catalogue import find_shell

        find_shell("refractory", "pins")
    assert make_config("refractory").core == "refractory"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "there is no core 'nothing', allowed is"),
        ("no_such_module:CORE", "cannot be imported"),
        ("refractory:CORE", "refractory has no CORE"),
        ("refractory.config:RefractoryConfig", "allowed is a Core"),
    ],
)
def test_what_is_no_core(own, name, message):
    with pytest.raises(InputError, match=message):
        find_core(name)


def test_two_cores_cannot_have_one_name(own):
    core = find_core(own)
    register_core(core)
    with pytest.raises(InputError, match="there is another core 'refractory' already"):
        register_core(dataclasses.replace(core, about="another"))
    with pytest.raises(InputError, match="there is another core 'tinyodin' already"):
        register_core(dataclasses.replace(core, name="tinyodin"))


def test_it_is_about_as_long_as_it_says():
    lines = sum(
        len(path.read_text(encoding="utf-8").splitlines())
        for path in (OWN / "refractory").glob("*.py")
    )
    assert lines < 450
    assert "refractory" not in sys.modules or import_module("refractory").REFRACTORY.pins is None
