"""Names in the generated files are keywords of none of the languages that use them."""

import json
import keyword
from types import SimpleNamespace

import pytest
from pyslang import syntax

from spikewright.hdl.error import InputError
from spikewright.hdl.handoff import names as names_module
from spikewright.hdl.handoff.names import check_names
from spikewright.hdl.keywords import KEYWORDS, VERILOG_KEYWORDS, is_name, languages_of


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("event", ["SystemVerilog"]),
        ("output", ["SystemVerilog"]),
        ("disable", ["SystemVerilog"]),
        ("virtual", ["SystemVerilog", "C++"]),
        ("entity", ["VHDL"]),
        ("Entity", ["VHDL"]),
        ("restrict", ["SystemVerilog", "VHDL", "C"]),
        ("lambda", ["Python"]),
        ("level", ["SystemRDL"]),
        ("input_event", []),
    ],
)
def test_languages(name: str, languages: list[str]) -> None:
    assert languages_of(name) == languages
    assert is_name(name) == (not languages)


@pytest.mark.parametrize("name", ["", "_a", "a_", "a__b", "1a", "a-b", "a b", "é", "a$"])
def test_form(name: str) -> None:
    assert not is_name(name)


def test_tables_are_right() -> None:
    """What knows a language takes none of its keywords as a name."""
    assert KEYWORDS["Python"] == set(keyword.kwlist)
    for word in VERILOG_KEYWORDS:
        tree = syntax.SyntaxTree.fromText(f"module m; wire {word}; endmodule")
        assert any(item.isError() for item in tree.diagnostics), word


@pytest.mark.parametrize("kind", ["register", "memory", "port", "control word", "parameter"])
def test_keyword_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        names_module, "names", lambda product: [("register", "gate"), (kind, "wait")]
    )
    product = SimpleNamespace(config=SimpleNamespace(core="mine"))
    with pytest.raises(InputError, match=f"^mine: {kind} is 'wait', allowed is a letter, then "):
        check_names(product)


def test_all_names(core: str, shell: str, folders) -> None:
    """All names in the description of a folder, whatever they are of."""
    folder = folders(core, shell)
    (path,) = (path for path in folder.glob("*.json") if path.name != "librelane.json")
    shown = json.loads(path.read_text())
    found = [shown["top"], *shown["parameters"], *shown["memories"]]
    found += [register["name"] for register in shown["registers"]]
    found += [port["name"] for port in shown["ports"]]
    found += [field["field"] for word in shown["words"].values() for field in word]
    for group in shown.get("addresses", {}).values():
        found += list(group) if isinstance(group, dict) else []
    assert [(name, languages_of(name)) for name in found if not is_name(name)] == []
    assert len(found) > 30
