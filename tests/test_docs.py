"""Documentation that is made from the code is up to date, and links lead somewhere."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import core_names, make_component, make_config
from spikewright.hdl.handoff.reference import reference
from spikewright.hdl.memory.planner import DENSITY, FLIP_FLOP_BITS, SMALL_BITS, plan_memory
from spikewright.hdl.memory.reference import plan_reference, technology_reference
from spikewright.hdl.memory.requirement import Requirement
from spikewright.hdl.memory.survey import survey
from spikewright.hdl.memory.technology import TECHNOLOGIES, find_technology
from spikewright.hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD, PUBLISHED_NAMES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks/README.md",
    ROOT / "examples/own_core/README.md",
]


@pytest.mark.parametrize("name", core_names())
def test_tables_are_those_of_the_code(name: str) -> None:
    config = make_config(name)
    text = (ROOT / f"docs/{name}.md").read_text()
    shown = text.split("begin -->\n")[1].split("<!-- made from the code: end")[0]
    made = reference(config)
    made = made[made.index("## Parameters") :]
    assert shown.replace("### ", "## ").strip() == made.strip()


def memory_parts() -> dict[str, str]:
    """Return what docs/memory.md has from the code, by the name of the part."""
    plans, macros = [], []
    for name in TECHNOLOGIES[1:]:
        technology = find_technology(name)
        macros.append(technology_reference(technology))
        if technology.instantiated:
            component, _ = make_component(make_config("odin"), "pins")
            text = plan_reference(survey(component, technology), technology)
            plans.append(text.replace("## Memories made of", "## ODIN on"))
    return {
        part: "\n".join(texts).replace("## ", "### ")
        for part, texts in (("plans", plans), ("macros", macros))
    }


@pytest.mark.parametrize("part", ["plans", "macros"])
def test_memory_tables_are_those_of_the_code(part: str) -> None:
    text = (ROOT / "docs/memory.md").read_text()
    shown = text.split(f"begin {part} -->\n")[1].split(f"<!-- made from the code: end {part}")[0]
    assert shown.strip() == memory_parts()[part].strip()


def test_memory_rules_are_those_of_the_code() -> None:
    text = (ROOT / "docs/memory.md").read_text()
    assert f"over {100 * DENSITY:.0f} % of filled rows" in text
    assert f"flip-flops, up to {FLIP_FLOP_BITS} bits" in text
    assert f"up to {SMALL_BITS} bits go into flip-flops" in text


def test_example_of_a_memory_library_is_accepted(tmp_path: Path) -> None:
    text = (ROOT / "docs/memory.md").read_text()
    (tmp_path / "mine.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    technology = find_technology(str(tmp_path / "mine.toml"))
    plan = plan_memory(Requirement(1024, 64, 8), technology)
    assert plan.macros == {"mine_512x32": 4}


def test_fields_of_odin_are_explained() -> None:
    rows = [
        [set(re.findall(r"`([^`]+)`", cell)) for cell in line.split("|")[1:3]]
        for line in (ROOT / "docs/odin.md").read_text().splitlines()
        if line.startswith("| `") and line.count("|") == 4
    ]
    for word in (LIF_WORD, IZHIKEVICH_WORD):
        for field, _ in word:
            if not field.startswith("unused"):
                published = PUBLISHED_NAMES[field]
                assert any(field in names and published in others for names, others in rows), field


OWN_CORE = ROOT / "examples/own_core"


def blocks(text: str) -> list[str]:
    """Return the code blocks of a page."""
    return re.findall(r"^```\w+\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    [*sorted(OWN_CORE.glob("*/*.py")), OWN_CORE / "pyproject.toml"],
    ids=lambda path: path.name,
)
def test_page_of_an_own_core_shows_all_lines(path: Path) -> None:
    text = (ROOT / "docs/own-core.md").read_text()
    section = text.split(f"\n## `{path.relative_to(OWN_CORE)}`\n")[1].split("\n## ")[0]
    shown = [line for block in blocks(section) for line in block.splitlines() if line]
    assert shown == [line for line in path.read_text().splitlines() if line]


def test_page_of_an_own_core_explains_all_fields() -> None:
    text = (ROOT / "docs/own-core.md").read_text()
    for file, name in (
        ("hdl/core.py", "Core"),
        ("hdl/interface/interface.py", "Interface"),
        ("hdl/interface/pin_map.py", "PinMap"),
        ("sim/workload/__init__.py", "Workload"),
    ):
        table = re.split(rf"^\| (?:field of|name in) `{name}` \|.*\n", text, flags=re.MULTILINE)[1]
        first_cells = "".join(line.split("|")[1] for line in table.split("\n\n")[0].splitlines())
        explained = set(re.findall(r"`(\w+)`", first_cells))
        (of_class,) = [
            node
            for node in ast.parse((ROOT / file).read_text()).body
            if isinstance(node, ast.ClassDef) and node.name == name
        ]
        fields = {node.target.id for node in of_class.body if isinstance(node, ast.AnnAssign)}
        if name == "Workload":
            fields |= {node.name for node in of_class.body if isinstance(node, ast.FunctionDef)}
        assert explained == fields, name


def test_program_of_an_own_core_prints_what_the_page_says(tmp_path: Path) -> None:
    text = (ROOT / "docs/own-core.md").read_text()
    program = blocks(text.split("## Use it")[1])[0]
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(OWN_CORE)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert result.stdout.splitlines() == ["[2, 3, 1]"] * 2
    assert "prints `[2, 3, 1]` twice" in text
    assert (tmp_path / "first.trace.jsonl.gz").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    for link in links:
        assert (page.parent / link).exists(), f"{page.name}: {link}"
    # Placeholders of a page under work.
    assert not re.search(r"@[A-Z]+@", text)
