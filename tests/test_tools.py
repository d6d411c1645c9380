"""What happens to tests whose tools are missing: one rule for all of them, in conftest.py."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent

EXAMPLE = """
import pytest

@pytest.mark.needs("iverilog")
def test_of_one_tool(): pass

@pytest.mark.needs("cc", "verilator")
def test_of_two_tools(): pass

def test_of_none(): pass
"""


def run_without_tools(folder, **environment):
    """Run the example where no program is found; return its exit status and its last lines."""
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "test_example.py").write_text(EXAMPLE)
    (folder / "empty").mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore", "."],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "CI"}
        | {"PATH": str(folder / "empty")}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout.splitlines()


def test_two_lines_say_what_was_left_out(tmp_path):
    status, lines = run_without_tools(tmp_path)
    assert status == 0
    assert "1 passed, 2 skipped" in lines[-3]
    assert lines[-2:] == [
        "2 tests were left out, not installed: iverilog, cc.",
        "To run them too: apt-get install iverilog gcc",
    ]


def test_a_missing_tool_is_a_failure_in_ci(tmp_path):
    status, lines = run_without_tools(tmp_path, CI="true")
    assert status == 1
    assert any("not installed: iverilog" in line for line in lines)
    # Nothing after pytest's own last line.
    assert re.search(r"1 passed, 2 errors in", lines[-1])


def test_nothing_else_skips_tests():
    paths = set(TESTS.rglob("*.py")) - {TESTS / "conftest.py", Path(__file__)}
    skipping = re.compile(r"skipif|importorskip|pytest\.skip|unittest\.skip")
    assert [path for path in sorted(paths) if skipping.search(path.read_text())] == []
