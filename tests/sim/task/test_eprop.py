import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.sim.model import open_model
from spikewright.sim.task import cue_accumulation, digits_eprop
from spikewright.sim.task.catalogue import TASKS


def cue_data():
    data = cue_accumulation.generate_data()
    return data.training, data.test, data.weights


def digits_data():
    return *digits_eprop.load_data(), digits_eprop.NETWORK.initial_weights()


#: What a task learns from, is tested with, and begins with.
DATA = {cue_accumulation: cue_data, digits_eprop: digits_data}

tasks = pytest.mark.parametrize("task", DATA, ids=lambda task: task.NAME)


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        (cue_accumulation, {}),
        (cue_accumulation, {"neurons": 128, "outputs": 2, "neuron_lanes": 1, "weight_lanes": 8}),
        (cue_accumulation, {"neurons": 512}),
        (digits_eprop, {"neurons": 64}),
    ],
)
def test_weights_come_back(task, parameters):
    _, _, weights = DATA[task]()
    with open_model(ReckonConfig(**parameters)) as model:
        task.set_up(model, weights)
        found = task.NETWORK.learnt_weights(model)
        assert model.register_values["config_mode"] == 0
    assert found.keys() == weights.keys()
    for memory in weights:
        assert np.array_equal(found[memory], weights[memory])


@tasks
def test_random_weights(task):
    weights, again, other = (task.NETWORK.random_weights(seed) for seed in (1, 1, 2))
    for memory, values in weights.items():
        assert np.array_equal(values, again[memory])
        assert not np.array_equal(values, other[memory])
        assert values.std() == pytest.approx(task.NETWORK.spreads[memory], rel=0.1)
        assert -128 <= values.min() <= values.max() <= 127
    assert not weights["weights_rec"].diagonal().any()


@pytest.mark.parametrize(
    ("task", "outputs"),
    [pytest.param(cue_accumulation, 4, marks=pytest.mark.slow), (digits_eprop, 16)],
)
def test_a_part_is_learnt_and_drawn(task, outputs, tmp_path):
    seen = []
    path = tmp_path / "learning.png"
    with open_model(ReckonConfig(neurons=128, outputs=outputs, neuron_lanes=1)) as model:
        result = TASKS[task.NAME].perform(
            model,
            samples=4,
            training=3,
            epochs=2,
            plot=path,
            progress=lambda *done: seen.append(done),
        )
    assert seen == [(index, 14) for index in range(1, 15)]
    epochs = result.details["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert [epoch["training_samples"] for epoch in epochs] == [3, 3]
    assert [epoch["test_samples"] for epoch in epochs] == [4, 4]
    training, test, _ = DATA[task]()
    assert result.labels.tolist() == [sample.label for sample in test[:4]]
    assert result.predictions.tolist() == [int(words[0]) for words in result.output_events[-4:]]
    assert result.events == 2 * sum(sample.events for sample in (*training[:3], *test[:4]))
    assert (result.task, result.samples, result.cycles) == (task.NAME, 4, None)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("task", "config", "message"),
    [
        (cue_accumulation, ReckonConfig(neurons=64), "neurons is 64, allowed is 100 or more"),
        (digits_eprop, ReckonConfig(neurons=32), "neurons is 32, allowed is 64 or more"),
        (digits_eprop, ReckonConfig(outputs=8), "outputs is 8, allowed is 10 or more"),
        *(
            (task, config, message)
            for task in DATA
            for config, message in (
                (OdinConfig(), "the core is odin, allowed is reckon"),
                (ReckonConfig(weight_bits=7), "weight_bits is 7, allowed is 8"),
                (ReckonConfig(learning=0), "learning is 0, allowed is 1"),
            )
        ),
    ],
)
def test_cores_that_cannot(task, config, message):
    with open_model(config) as model, pytest.raises(InputError, match=f"{task.NAME}: {message}"):
        task.perform(model)


@tasks
def test_bad_options(task, tmp_path):
    with open_model(ReckonConfig()) as model:
        for options, message in (
            ({"epochs": 0}, f"{task.NAME}: epochs is 0, allowed is 1 or more"),
            ({"samples": 0}, f"{task.NAME}: samples is 0, allowed is 1 or more"),
            ({"training": 0}, f"{task.NAME}: training is 0"),
            ({"plot": tmp_path / "learning.xyz"}, "cannot draw xyz"),
        ):
            with pytest.raises(InputError, match=message):
                TASKS[task.NAME].perform(model, **options)
