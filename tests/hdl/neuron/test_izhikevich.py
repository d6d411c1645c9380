"""ODIN's whole neuron update, of either model, against its NumPy model, and the published block
vectors.

For all inputs it is proved equal to the specification's text in tests/proof/test_odin_neuron.py.
"""

from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator

from spikewright.hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.neuron_update import NeuronUpdate, weight_width
from spikewright.sim.model.neuron.layout import join_words, put_field
from spikewright.sim.model.odin import update_neurons

TRACES = Path(__file__).resolve().parents[2] / "traces/odin"
SEED = 20269
CASES = 600
INPUTS = ("weight", "inhibitory", "tick", "burst_end")


def update(config, words, inputs):
    """Run updates through the circuit, one after the other, with its registers."""
    neuron = NeuronUpdate(config)
    found = {name: [] for name in ("next_word", "fires", "spikes", "interval", "monitored")}

    async def run(ctx):
        ctx.set(neuron.move, 0b11)
        for word, values in zip(words, zip(*inputs, strict=True), strict=True):
            ctx.set(neuron.word, word)
            for name, value in zip(INPUTS, values, strict=True):
                ctx.set(getattr(neuron.input, name), int(value))
            await ctx.tick()
            found["fires"].append(ctx.get(neuron.fires))
            found["spikes"].append(ctx.get(neuron.burst_spikes))
            found["interval"].append(ctx.get(neuron.burst_interval))
            await ctx.tick()
            found["next_word"].append(ctx.get(neuron.next_word))
            found["monitored"].append(ctx.get(neuron.monitored.as_value()))

    simulator = Simulator(neuron)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    return found


def check(config, words, inputs):
    """Compare circuit and model; return which updates fired."""
    words = [int(word) for word in words]
    found = update(config, words, inputs)
    expected = update_neurons(config, words, *inputs)
    for index, word in enumerate(words):
        where = f"seed {SEED}: {word:#x}, {[int(values[index]) for values in inputs]}"
        assert found["next_word"][index] == int(expected.next_words[index]), where
        assert found["fires"][index] == expected.fires[index], where
        assert found["spikes"][index] == expected.burst_spikes[index], where
        assert found["interval"][index] == expected.burst_interval[index], where
        assert found["monitored"][index] == expected.monitor[index], where
    return np.array(found["fires"])


def random_inputs(config, random, count=CASES):
    return (
        random.integers(0, 1 << weight_width(config), count),
        random.integers(0, 2, count),
        random.integers(0, 4, count) == 0,
        random.integers(0, 2, count),
    )


def random_words(random, count=CASES):
    """Return words of any bits, half of them with few features, which lets each of them show."""
    halves = random.integers(0, 1 << 64, (count, 2), dtype=np.uint64)
    few = random.integers(0, 2, count) == 0
    for name, _ in IZHIKEVICH_WORD:
        if name.endswith("_enable") and name != "leak_enable":
            mask = few & (random.integers(0, 8, count) != 0) & (halves[:, 0] & np.uint64(1) == 0)
            part = halves[mask]
            put_field(part, IZHIKEVICH_WORD, name, np.zeros(len(part), dtype=np.int64))
            halves[mask] = part
    return join_words(halves)


CONFIGS = [
    OdinConfig(),
    OdinConfig(weight_bits=7),
    OdinConfig(weight_bits=1, lif=0),
    OdinConfig(izhikevich=0),
    OdinConfig(plasticity=0),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: str(config.changed))
def test_random(config):
    random = np.random.default_rng(SEED)
    fires = check(config, random_words(random), random_inputs(config, random))
    assert 0 < fires.sum() < CASES


def at(layout, **fields):
    """Return a word with some fields set, given as a number below 0 for all ones."""
    word = 0
    for name, value in fields.items():
        place = layout[name]
        width = place.width
        word |= (value % (1 << width)) << place.offset
    return word


def test_corners_of_lif():
    rows = [
        (
            at(
                LIF_WORD,
                model=1,
                potential=v,
                threshold=threshold,
                leak=leak,
                leak_enable=1,
                disabled=d,
            ),
            weight,
            sign,
            tick,
            0,
        )
        for v in (0, 1, 6, 7, 8, 127, 128, 248, 249, 254, 255)
        for threshold in (0, 1, 255)
        for leak in (0, 1, 127)
        for weight in (0, 1, 7)
        for sign, tick in ((0, 0), (1, 0), (0, 1))
        for d in (0, 1)
    ]
    words, *inputs = zip(*rows, strict=True)
    check(OdinConfig(), words, tuple(np.array(values) for values in inputs))


def test_corners_of_izhikevich():
    """Potentials, thresholds and stimulations at their ends, with each feature by itself."""
    features = [name for name, _ in IZHIKEVICH_WORD if name.endswith("_enable")]
    rows = [
        (
            at(
                IZHIKEVICH_WORD,
                threshold=7,
                stimulation_threshold=2,
                reset_depth=3,
                potential=potential,
                stimulation=stimulation,
                accumulator=accumulator,
                delay_count=delay,
                rotation=rotation,
                **{feature: 1},
            ),
            1,
            sign,
            tick,
            0,
        )
        for feature in features
        for potential in (0, 6, 7, 8, 15)
        for stimulation in (0, 7, 9)
        for rotation, delay in ((0, 1), (1, 0), (2, 7), (3, 1))
        # With and without a carry.
        for sign, tick, accumulator in ((0, 0, 7), (0, 0, 0), (1, 0, 8), (0, 1, 0))
    ]
    rows = rows[:: len(rows) // 800]
    words, *inputs = zip(*rows, strict=True)
    check(OdinConfig(), words, tuple(np.array(values) for values in inputs))


@pytest.mark.parametrize("name", ["lif-neuron", "izh-neuron"])
def test_vectors(name):
    vectors = np.load(TRACES / f"{name}.vectors.npz")
    chosen = np.random.default_rng(SEED).permutation(len(vectors["word"]))[:CASES]

    def words(key):
        return [
            sum(int(part) << 32 * place for place, part in enumerate(row))
            for row in vectors[key][chosen]
        ]

    found = update(OdinConfig(), words("word"), [vectors[key][chosen] for key in INPUTS])
    assert found["next_word"] == words("next_word")
    for key, column in (
        ("fires", "fires"),
        ("burst_spikes", "spikes"),
        ("burst_interval", "interval"),
        ("monitor", "monitored"),
    ):
        assert found[column] == vectors[key][chosen].tolist()
