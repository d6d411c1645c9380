"""Documentation that is made from the code is up to date, and links lead somewhere."""

import re
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
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks/README.md"]


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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    for link in links:
        assert (page.parent / link).exists(), f"{page.name}: {link}"
    # Placeholders of a page under work.
    assert not re.search(r"@[A-Z]+@", text)
