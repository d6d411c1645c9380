"""Every example runs, and the README's program is one of them."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_alike_on_all_devices(path: Path) -> None:
    answers = runpy.run_path(str(path))["main"]()
    assert len(answers) >= 2
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]


def test_readme_program_prints_the_same_on_model_and_hardware(capsys) -> None:
    text = (ROOT / "README.md").read_text()
    program = text.split("```python\n")[1].split("```")[0]
    exec(compile(program, "README.md", "exec"), {})
    lines = [line for line in capsys.readouterr().out.split("]") if line.strip()]
    assert len(lines) == 2
    assert lines[0].strip() == lines[1].strip()
    assert len(lines[0].strip("[ \n").split()) == 16
