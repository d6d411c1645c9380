"""The models against the golden traces and block vectors, which lie beside the repository."""

from pathlib import Path

import numpy as np
import pytest

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.tinyodin import TinyOdinModel, signed, update_neurons
from spikewright.sim.trace import SUFFIX, read_trace, replay

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"
NAMES = sorted(path.name for path in (TRACES / "tinyodin").glob("*" + SUFFIX))

pytestmark = pytest.mark.skipif(
    not (TRACES / "tinyodin").is_dir(),
    reason="the golden traces (../shared/traces) are not beside the repository",
)


@pytest.mark.parametrize("name", NAMES or ["none"])
def test_tinyodin_trace(name):
    trace = read_trace(TRACES / "tinyodin" / name, core="tinyodin")
    result = replay(trace, TinyOdinModel(trace.config))
    assert result.ok, result.difference
    assert result.steps == len(trace.steps) > 0


def test_tinyodin_neuron_vectors():
    vectors = np.load(TRACES / "tinyodin" / "neuron.vectors.npz")
    words, fires = update_neurons(
        TinyOdinConfig(),
        vectors["word"],
        signed(vectors["weight"].astype(int), 4),
        vectors["tick"],
    )
    assert len(words) > 0
    assert (words == vectors["next_word"]).all()
    assert (fires == vectors["fires"]).all()
