"""The models against the golden traces and block vectors, which lie beside the repository."""

from pathlib import Path

import numpy as np
import pytest

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model import odin, open_model, tinyodin
from spikewright.sim.model.plasticity import sdsp
from spikewright.sim.trace import SUFFIX, read_trace, replay

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"
NAMES = [
    (core, path.name.removesuffix(SUFFIX))
    for core in ("odin", "tinyodin")
    for path in sorted((TRACES / core).glob("*" + SUFFIX))
]

pytestmark = pytest.mark.skipif(
    not TRACES.is_dir(),
    reason="the golden traces (../shared/traces) are not beside the repository",
)


def vectors(core, name):
    path = TRACES / core / f"{name}.vectors.npz"
    if not path.is_file():
        pytest.skip(f"../shared/traces/{core}/{path.name} is not there")
    return np.load(path)


@pytest.mark.parametrize(("core", "name"), NAMES or [("no core", "none")])
def test_trace(core, name):
    trace = read_trace(TRACES / core / (name + SUFFIX), core=core)
    result = replay(trace, open_model(trace.config))
    assert result.ok, result.difference
    assert result.steps == len(trace.steps) > 0


def test_tinyodin_neuron_vectors():
    cases = vectors("tinyodin", "neuron")
    words, fires = tinyodin.update_neurons(
        TinyOdinConfig(),
        cases["word"],
        tinyodin.signed(cases["weight"].astype(int), 4),
        cases["tick"],
    )
    assert len(words) > 0
    assert (words == cases["next_word"]).all()
    assert (fires == cases["fires"]).all()


def whole(words):
    """Put 128-bit words, given in four parts, together."""
    return [sum(part << 32 * k for k, part in enumerate(parts)) for parts in words.tolist()]


@pytest.mark.parametrize("name", ["lif-neuron", "izh-neuron"])
def test_odin_neuron_vectors(name):
    cases = vectors("odin", name)
    updates = odin.update_neurons(
        OdinConfig(),
        whole(cases["word"]),
        cases["weight"],
        cases["inhibitory"],
        cases["tick"],
        cases["burst_end"],
    )
    assert len(updates.next_words) > 0
    assert updates.next_words.tolist() == whole(cases["next_word"])
    for key in ("fires", "burst_spikes", "burst_interval", "up", "down", "monitor"):
        assert (getattr(updates, key) == cases[key]).all(), key


def test_odin_neuron_vectors_mixed():
    """Words of both models in one call."""
    both = [vectors("odin", name) for name in ("lif-neuron", "izh-neuron")]
    order = np.random.default_rng(1).permutation(2000)
    cases = {key: np.concatenate([some[key][:1000] for some in both])[order] for key in both[0]}
    updates = odin.update_neurons(
        OdinConfig(),
        whole(cases["word"]),
        cases["weight"],
        cases["inhibitory"],
        cases["tick"],
        cases["burst_end"],
    )
    assert updates.next_words.tolist() == whole(cases["next_word"])
    assert (updates.fires == cases["fires"]).all()
    assert (updates.monitor == cases["monitor"]).all()


def test_odin_synapse_vectors():
    cases = vectors("odin", "sdsp")
    after = sdsp.update_synapses(
        *(cases[key] for key in ("nibble", "eligible", "bistability", "up", "down"))
    )
    assert len(after) > 0
    assert (after == cases["next_nibble"]).all()
