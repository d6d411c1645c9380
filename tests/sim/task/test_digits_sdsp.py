import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.odin.config import OdinConfig
from spikewright.sim.model import open_model
from spikewright.sim.task import digits, digits_sdsp
from spikewright.sim.task.catalogue import TASKS

CONFIG = OdinConfig(neurons=64)


@pytest.fixture(scope="module")
def result():
    with open_model(CONFIG) as model:
        return digits_sdsp.perform(model)


def test_the_corner_is_never_lit():
    training, test = digits.load_data()
    assert (training.images[:, 0] < digits_sdsp.LEVEL).all()
    assert (test.images[:, 0] < digits_sdsp.LEVEL).all()


def test_training_and_test_are_the_halves_of_the_digits_task():
    for found, half in zip(digits_sdsp.load_data(), digits.load_data(), strict=True):
        assert np.array_equal(found.labels, half.labels)
        for spikes, image in zip(found.spikes, half.images, strict=True):
            assert set(spikes) == set(np.flatnonzero(image >= digits_sdsp.LEVEL))
            assert (np.diff(image[spikes]) <= 0).all()


def test_accuracy_on_the_test_half(result):
    right = result.predictions == digits_sdsp.load_data()[1].labels
    assert (result.task, result.samples) == ("digits-sdsp", 899)
    assert result.correct == right.sum() == 771
    assert result.passed
    learning, test = result.details["phases"]
    assert (learning["phase"], learning["images"]) == ("learning", 898)
    assert (test["phase"], test["correct"]) == ("test", 771)
    # Before it has learnt an image, it answers worse.
    assert learning["correct"] == 678
    assert result.events == learning["events"] + test["events"]
    assert result.cycles is None


def test_a_part_and_a_picture(tmp_path):
    seen = []
    path = tmp_path / "learning.png"
    with open_model(CONFIG) as model:
        result = TASKS["digits-sdsp"].perform(
            model, samples=7, training=5, plot=path, progress=lambda *done: seen.append(done)
        )
    assert seen == [(index, 12) for index in range(1, 13)]
    assert [phase["images"] for phase in result.details["phases"]] == [5, 7]
    assert path.read_bytes().startswith(b"\x89PNG")


def test_bad_input(tmp_path):
    with open_model(OdinConfig(neurons=32)) as model:
        with pytest.raises(InputError, match="digits-sdsp: neurons is 32"):
            digits_sdsp.perform(model)
    with open_model(CONFIG) as model:
        with pytest.raises(InputError, match="cannot draw xyz"):
            TASKS["digits-sdsp"].perform(model, plot=tmp_path / "learning.xyz")
        with pytest.raises(InputError, match="no samples"):
            digits_sdsp.perform(model, samples=0)
