import numpy as np
import pytest

from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.sim.model import open_model
from spikewright.sim.rtl import open_rtl
from spikewright.sim.task import digits
from spikewright.sim.task import digits_eprop as task
from spikewright.sim.task.catalogue import find_task
from spikewright.sim.task.eprop_plot import record

CONFIG = ReckonConfig(neurons=64)


def check_same_learning(lanes, **part):
    """Learn and test a part on model and RTL, and compare all they say and learn."""
    with open_model(CONFIG) as model:
        expected = task.perform(model, **part)
        weights = task.NETWORK.learnt_weights(model)
    with open_rtl(ReckonConfig(neurons=64, lanes=lanes)) as device:
        result = task.perform(device, **part)
        found = task.NETWORK.learnt_weights(device)
    assert result.details == expected.details
    for words, other in zip(result.output_events, expected.output_events, strict=True):
        assert words.tolist() == other.tolist()
    for memory, values in weights.items():
        assert np.array_equal(found[memory], values), memory
    assert result.cycles > 0
    # Something has been learned.
    for memory, values in task.NETWORK.initial_weights().items():
        assert not np.array_equal(found[memory], values), memory


def test_rows_follow_one_another():
    image = np.zeros(64, dtype=int)
    image[[3, 10, 63]] = 16, 6, 1
    image[11] = 2
    steps = [spikes.tolist() for spikes in task.encode(image)]
    assert len(steps) == task.STEPS == 36
    assert steps[:8] == [[3], [3], [3], [3], [10, 11], [10], [], []]
    assert not any(steps[8:])


def test_the_halves_are_those_of_the_digits_task():
    for found, half in zip(task.load_data(), digits.load_data(), strict=True):
        assert [sample.label for sample in found] == half.labels.tolist()
        for sample, image in zip(found, half.images, strict=True):
            assert sample.events == sum((image >= level).sum() for level in task.LEVELS)


def test_rates_are_halved():
    rates = [task.epoch_rates(epoch, 10)["rate_in_left"] for epoch in range(10)]
    assert rates == [15, 15, 15, 14, 14, 13, 13, 13, 12, 12]
    assert [task.epoch_rates(epoch, 1)["rate_out_left"] for epoch in range(1)] == [6]
    assert min(task.epoch_rates(99, 100).values()) >= 0


def test_it_learns():
    """A third of the training half, twice, already does much better than chance."""
    with open_model(CONFIG) as model:
        result = task.perform(model, samples=100, training=300, epochs=2)
    first, second = result.details["epochs"]
    assert second["training_correct"] > first["training_correct"]
    assert [epoch["test_correct"] for epoch in result.details["epochs"]] == [78, 90]
    assert (first["training_correct"], result.correct) == (150, 90)


def test_a_recording_shows_spikes():
    _, test = task.load_data()
    recording = record(task.NETWORK, CONFIG, task.NETWORK.initial_weights(), test[0])
    assert recording.spikes.shape == recording.traces.shape == (task.STEPS, task.NEURONS)
    assert recording.spikes.any()
    assert not recording.spikes.all(axis=1).any()
    assert recording.outputs.shape == (task.STEPS, 10)


def test_model_and_hardware_learn_the_same():
    check_same_learning(4, samples=4, training=12, epochs=2)


def test_the_catalogue():
    found, core = find_task("digits-eprop", None)
    assert core == "reckon"
    assert (found.options, found.parameters) == (("epochs",), {"neurons": 64})


@pytest.mark.slow
def test_accuracy_on_the_test_half():
    with open_model(CONFIG) as model:
        result = task.perform(model)
    assert (result.samples, len(result.details["epochs"])) == (899, task.EPOCHS)
    assert result.accuracy == np.mean(result.predictions == result.labels)
    assert result.correct == 843


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [1, 16])
def test_model_and_hardware_learn_the_same_for_longer(lanes):
    check_same_learning(lanes, samples=100, training=300, epochs=2)
