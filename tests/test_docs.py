"""Documentation that is made from the code is up to date, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import make_component, make_config
from spikewright.hdl.generate import reference

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks/README.md"]


def test_tables_of_tinyodin_are_those_of_the_code() -> None:
    config = make_config("tinyodin")
    _, core = make_component(config, "native")
    text = (ROOT / "docs/tinyodin.md").read_text()
    shown = text.split("begin -->\n")[1].split("<!-- made from the code: end")[0]
    made = reference(config, core)
    made = made[made.index("## Parameters") :]
    assert shown.replace("### ", "## ").strip() == made.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    for link in links:
        assert (page.parent / link).exists(), f"{page.name}: {link}"
    # Placeholders of a page under work.
    assert not re.search(r"@[A-Z]+@", text)


def test_every_package_is_installed() -> None:
    listed = set(re.findall(r'"(spikewright\.[a-z_.]+)"', (ROOT / "pyproject.toml").read_text()))
    for top in ("hdl", "sim", "boards", "cli"):
        for path in (ROOT / top).rglob("__init__.py"):
            package = ".".join(("spikewright", *path.parent.relative_to(ROOT).parts))
            assert package in listed, f"pyproject.toml does not list {package}"
