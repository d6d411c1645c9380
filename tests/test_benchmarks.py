"""The benchmarks are still about this code."""

import importlib.util
import sys
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import core_names

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def mutations():
    spec = importlib.util.spec_from_file_location("mutations", ROOT / "benchmarks/mutations.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # Dataclasses look for the module they are in.
        patch.setitem(sys.modules, "mutations", module)
        spec.loader.exec_module(module)
        yield module


def test_every_mutation_has_its_place(mutations):
    """A line that was changed must be broken in a new way, not silently left out."""
    chosen = mutations.load_mutations()
    assert len(chosen) > 300
    texts = {path: (ROOT / path).read_text() for path in {item.file for item in chosen}}
    assert not [item for item in chosen if texts[item.file].count(item.old) != 1]
    assert not [item for item in chosen if item.old == item.new]


def test_every_core_has_mutations_and_checks(mutations):
    """None may be missing, nor a file of tests that is gone stand for a check that notices."""
    found = mutations.load_mutations()
    assert {item.core for item in found} == set(core_names())
    tests = {name for item in found for name in (item.first_tests, item.last_tests) if name}
    for core in core_names():
        checks = mutations.load_checks(core)
        assert any(name.startswith("verify") for name, _ in checks)
        tests |= {name for name, _ in checks if name.startswith("tests/")}
    assert len(tests) > 9
    assert not [name for name in tests if not (ROOT / name).is_file()]
