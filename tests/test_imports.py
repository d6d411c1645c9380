"""What may import what, as `make lint` checks it: that it holds, and that a breach is noticed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture
def package(tmp_path):
    """A copy of the package, to plant something in."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src/spikewright", tmp_path / "spikewright", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path / "spikewright"


def lint(package):
    """Return exit status and output."""
    result = subprocess.run(
        [sys.executable, "-c", _LINT, "--no-cache"],
        cwd=package.parent,
        # Found before the installed package.
        env=os.environ | {"PYTHONPATH": str(package.parent), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def plant(path, line):
    path.write_text(path.read_text() + f"\n\ndef _planted():\n    {line}\n")


def test_contracts_are_kept(package):
    status, output = lint(package)
    assert status == 0, output
    assert "2 kept, 0 broken" in output


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("hdl.verilog", "synth.mapping"),
        ("hdl.handoff.files", "sim.verify"),
        ("synth.netlist", "sim.engine"),
        ("sim.engine.design", "boards.build"),
        ("boards.build", "cli.main"),
    ],
)
def test_an_upward_import_in_a_function_is_noticed(package, importer, imported):
    path = package.joinpath(*importer.split(".")).with_suffix(".py")
    plant(path, f"import spikewright.{imported}")
    status, output = lint(package)
    assert status == 1
    assert "no package imports from one above it BROKEN" in output
    assert f"spikewright.{importer} -> spikewright.{imported}" in output


def test_modules_that_import_each_other_are_noticed(package):
    plant(package / "sim/task/digits.py", "from .digits_plot import save_plot")
    status, output = lint(package)
    assert status == 1
    assert "No cycles are allowed in spikewright.sim.task" in output


def test_a_new_package_must_be_given_its_place(package):
    (package / "other").mkdir()
    (package / "other/__init__.py").touch()
    status, output = lint(package)
    assert status == 1
    assert "other" in output
