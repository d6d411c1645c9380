"""The models against the golden traces and block vectors."""

from pathlib import Path

import numpy as np
import pytest

from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model import odin, open_model, tinyodin
from spikewright.sim.model.neuron import leaky_integrator
from spikewright.sim.model.plasticity import eprop, sdsp
from spikewright.sim.model.random.lfsr import Lfsr, Recurrence
from spikewright.sim.trace import SUFFIX, read_trace, replay

TRACES = Path(__file__).resolve().parent / "traces"
NAMES = [
    (core, path.name.removesuffix(SUFFIX))
    for core in ("odin", "reckon", "tinyodin")
    for path in sorted((TRACES / core).glob("*" + SUFFIX))
]


def vectors(core, name):
    return np.load(TRACES / core / f"{name}.vectors.npz")


@pytest.mark.parametrize(("core", "name"), NAMES)
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


def blocks(name):
    return np.load(TRACES / "reckon" / "blocks" / f"{name}.npz")


#: a, b, the bits of a draw and the part it is looked at in, by kind of generator.
GENERATORS = {
    "update_in_rec": (3, 25, 512, 32),
    "update_out": (1, 22, 448, 28),
    "round15": (1, 15, 15, 15),
    "round7": (1, 15, 7, 7),
    "noise": (3, 17, 32, 32),
}


def test_reckon_generators():
    cases = blocks("lfsr")
    assert {name.rpartition("_")[0] for name in cases.files} == set(GENERATORS)
    for name in cases.files:
        kind, _, seed = name.rpartition("_")
        a, b, size, width = GENERATORS[kind]
        expected = np.unpackbits(cases[name], axis=1, bitorder="little")
        assert not expected[:, size:].any()
        parts = expected[:, :size].reshape(-1, size // width, width)
        expected = (parts.astype(np.int64) << np.arange(width)).sum(axis=2)
        generator = Lfsr(Recurrence(a, b, size), int(seed, 16))
        got = np.concatenate([generator.draw(count, width) for count in (1, 9, 90, 900)])
        assert (got == expected).all(), name


def carried(cases, one, shift=0):
    """What the rounding of each case adds to its product."""
    random = np.where(cases["rounding"] == 1, cases["random"] << shift, 1 << 15)
    return np.where(one, 0, leaky_integrator.rounding(random)).astype(np.int32)


def narrow(values):
    return values.astype(np.int32)


def test_reckon_neuron_leak_vectors():
    cases = blocks("neuron_leak")
    u, alpha, threshold = (narrow(cases[key]) for key in ("u", "alpha", "threshold"))
    fired = u >= threshold
    leaked = leaky_integrator.decay(
        u, alpha, carried(cases, alpha == 1 << 15), np.full_like(u, 16), np.ones_like(fired)
    )
    to_zero = cases["reset_to_zero"] == 1
    for zero in (False, True):
        got = leaky_integrator.reset(leaked, threshold, fired, zero)
        assert (to_zero == zero).sum() > 100
        assert (got == cases["u_new"])[to_zero == zero].all()
    assert (fired == cases["spike"]).all()
    # Where no factor is above 1 the model leaves out wrapping.
    small = alpha <= 1 << 15
    plain = leaky_integrator.decay(u[small], alpha[small], carried(cases, alpha == 1 << 15)[small])
    assert small.sum() > 100
    assert (plain == leaked[small]).all()


def test_reckon_trace_leak_vectors():
    cases = blocks("trace_leak")
    output = cases["kind"] == 2
    shift = np.where(output, 8, 0)
    factors = narrow(cases["factor"] << shift)
    bits = narrow(np.where(output, 10, 12))
    got = leaky_integrator.decay(
        narrow(cases["trace"]),
        factors,
        carried(cases, factors == 1 << 15, shift),
        bits,
        np.zeros_like(output),
    )
    assert (got == cases["trace_new"]).all()


def test_reckon_output_leak_vectors():
    cases = blocks("output_leak")
    factors = narrow(cases["kappa"] << 8)
    y = narrow(cases["y"])
    got = leaky_integrator.decay(
        y,
        factors,
        carried(cases, factors == 1 << 15, 8),
        np.full_like(y, 16),
        np.ones(y.shape, dtype=bool),
    )
    assert (got == cases["y_new"]).all()


def test_reckon_surrogate_vectors():
    cases = blocks("surrogate")
    h = eprop.surrogate_derivatives(
        cases["u"],
        [cases[f"threshold_{index}"] for index in range(4)],
        [cases[f"h_{index}"] for index in range(5)],
    )
    assert (h == cases["h"]).all()
    levels = eprop.regularisation_levels(
        cases["trace_rec"], cases["frac"], cases["regul_threshold"]
    )
    assert (levels == cases["level"]).all()


def test_reckon_output_error_vectors():
    cases = blocks("output_error")
    for linear in (0, 1):
        chosen = cases["linear"] == linear
        got = eprop.output_errors(cases["y"], cases["target"], bool(linear))
        assert chosen.any()
        assert (got == cases["error"])[chosen].all()


def test_reckon_learning_signal_vectors():
    cases = blocks("learning_signal")
    used = np.arange(16) <= cases["last_output"][:, None]
    errors = np.stack([cases[f"e_{index}"] for index in range(16)], axis=1) * used
    weights = np.stack([cases[f"w_{index}"] for index in range(16)], axis=1)
    got = eprop.learning_signals(errors, weights, cases["scale"])
    assert (got == cases["signal"]).all()


@pytest.mark.parametrize("width", [28, 32])
def test_reckon_weight_update_vectors(width):
    cases = blocks("weight_update")
    chosen = cases["width"] == width
    drive, weight, right, left, random, new, write = (
        cases[key][chosen]
        for key in ("drive", "weight", "right", "left", "random", "new_weight", "write")
    )
    fires = eprop.update_fires(drive, random, width, right, left)
    assert (fires == write).all()
    assert 100 < fires.sum() < len(fires)
    changed = np.where(fires, eprop.change_weights(weight, drive, 8), weight)
    assert (changed == new).all()
