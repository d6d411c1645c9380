"""The benchmarks are still about this code."""

import importlib.util
import sys
from pathlib import Path

import pytest

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
    chosen = [item for items in mutations.MUTATIONS.values() for item in items]
    assert len(chosen) > 200
    texts = {path: (ROOT / path).read_text() for path in {item.file for item in chosen}}
    assert not [item for item in chosen if texts[item.file].count(item.old) != 1]
    assert not [item for item in chosen if item.old == item.new]
