import hashlib
import json
import pickle
import re
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.tinyodin import TinyOdinModel, unpack_neurons
from spikewright.sim.task import digits, digits_training
from spikewright.sim.task.digits_plot import save_plot
from spikewright.sim.task.shipped import FOLDER, read_arrays, write_arrays

CONFIG = TinyOdinConfig()
TICK_ALL = 0x1FF

#: SHA-256 of images and labels, training and test half, a byte for each pixel.
IMAGES = "0113aa32bd8e58750a54bcdae2a9bf5194cfb4bae3ad71eb5b1be3553b9c0c54"


@pytest.fixture(scope="module")
def data():
    return digits.load_data()


@pytest.fixture(scope="module")
def network():
    return digits.read_network(CONFIG)


@pytest.fixture(scope="module")
def result(network, data):
    with TinyOdinModel(CONFIG) as model:
        return digits.run(model, network, data[1])


def fast_host(network, steps):
    """Execute steps as hardware does that never waits for its input (specification, section 6).

    The model executes an event with all that it causes before the next. Here all waiting input
    goes into the FIFO before its entries are executed, as long as there is room.
    """
    synapses = network.synapses[:, : network.registers["last_neuron"] + 1]
    synapses = np.concatenate([synapses, np.zeros_like(synapses)])
    potential = np.zeros(synapses.shape[1], dtype=np.int64)
    threshold = np.concatenate([np.ones(digits.CLASSES), network.hidden_thresholds])
    depth, fifo, outputs, longest = network.config.fifo_depth, deque(), [], 0
    for step in steps:
        waiting, words = deque(step.tolist()), []
        while waiting or fifo:
            if waiting and len(fifo) < depth:
                event = waiting.popleft()
                if event != TICK_ALL:
                    fifo.append(event)
                    continue
                size = np.maximum(np.abs(potential) - 127, 0)
                potential = np.sign(potential) * size
            else:
                potential = potential + synapses[fifo[0]]
            fired = np.flatnonzero((potential >= 0) & (potential >= threshold)).tolist()
            potential[fired] = 0
            words += fired
            fifo.extend(fired)
            # Where spikes of answers find no room is no matter: they drive no synapse.
            if min(fired, default=digits.CLASSES) >= digits.CLASSES:
                longest = max(longest, len(fifo))
            if event != TICK_ALL:
                fifo.popleft()
        outputs.append(words)
    return outputs, longest


def test_split_is_fixed_and_disjoint(data):
    training, test = data
    assert (len(training), len(test)) == (898, 899)
    everything = load_digits()
    # The same rule again, from the images as they come.
    order = np.random.RandomState(0).permutation(1797)
    assert order[:5].tolist() == [1081, 1707, 927, 713, 262]
    assert not set(order[:898]) & set(order[898:])
    assert np.array_equal(training.images, everything.data[order[:898]])
    assert np.array_equal(test.labels, everything.target[order[898:]])
    # No image is in both halves under two indices.
    seen = {image.tobytes() for image in training.images}
    assert not any(image.tobytes() in seen for image in test.images)


def test_accuracy_on_the_test_half(result, data):
    right = result.predictions == data[1].labels
    assert result.samples == len(right) == 899
    assert result.correct == right.sum() == 867
    assert result.accuracy == 867 / 899
    assert result.cycles is None
    assert set(result.summary()) == {
        "task",
        "correct",
        "accuracy",
        "samples",
        "events",
        "cycles",
        "seconds",
    }


@pytest.mark.parametrize(
    ("neurons", "weight_bits", "training", "test"),
    [
        (128, 2, 777, 752),
        (128, 3, 884, 859),
        (128, 4, 891, 864),
        (256, 2, 878, 858),
        (256, 3, 890, 869),
        (256, 4, 895, 867),
    ],
)
@pytest.mark.parametrize("half", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_every_shipped_network(data, neurons, weight_bits, training, test, half):
    """To the last image, on every machine."""
    config = TinyOdinConfig(neurons=neurons, weight_bits=weight_bits)
    with TinyOdinModel(config) as model:
        found = digits.run(model, digits.read_network(config), data[half])
    assert found.correct == (training, test)[half]
    record = json.loads((FOLDER / "digits.json").read_text())["networks"]
    recorded = record[digits.network_name(config)]
    assert (recorded["training_correct"], recorded["test_correct"]) == (training, test)
    assert (recorded["training_samples"], recorded["test_samples"]) == (898, 899)


def test_the_record_names_every_shipped_network():
    record = json.loads((FOLDER / "digits.json").read_text())
    sizes = [TinyOdinConfig(neurons=n, weight_bits=b) for n, b in digits.NETWORK_SIZES]
    assert list(record["networks"]) == [digits.network_name(config) for config in sizes]
    assert {"python", "numpy", "scipy", "scikit-learn", "blas"} <= set(record["versions"])


def test_training_is_repeatable_and_learns(data):
    """What training gives is not the same on every machine, but much better than chance on each."""
    half = data[0][:200]
    first, second = (digits_training.train_weights(CONFIG, half, epochs=20) for _ in range(2))
    assert np.array_equal(first.hidden, second.hidden)
    assert np.array_equal(first.thresholds, second.thresholds)
    assert np.array_equal(first.output, second.output)
    assert first.hidden.min() >= -8
    assert first.hidden.max() <= 7
    with TinyOdinModel(CONFIG) as model:
        result = digits.run(model, digits.DigitsNetwork(CONFIG, first), half)
    assert result.accuracy > 0.5


def test_the_images_are_those_that_the_figures_are_of(data):
    content = b"".join(half.images.astype(np.uint8).tobytes() for half in data)
    content += b"".join(half.labels.astype(np.uint8).tobytes() for half in data)
    assert hashlib.sha256(content).hexdigest() == IMAGES


def test_networks_of_ones_own(tmp_path, data, network):
    arrays = read_arrays("digits")
    # The digits in another order, to see which network is used.
    arrays["80x4.output"] = np.roll(arrays["80x4.output"], 1, axis=1)
    write_arrays(tmp_path, "digits", arrays, {})
    with TinyOdinModel(CONFIG) as model:
        result = digits.perform(model, samples=20, data=tmp_path)
        expected = digits.run(model, network, data[1][:20])
    rolled = np.where(expected.predictions >= 0, (expected.predictions + 1) % 10, -1)
    # Ties go to another digit.
    assert (result.predictions == rolled).mean() > 0.8


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("80x4.hidden", np.zeros((63, 80), int), "no 80x4.hidden of (64, 80) in "),
        ("80x4.hidden", np.full((64, 80), 8), "has 8 to 8, allowed is -8 to 7"),
        ("80x4.output", np.ones((80, 10), int), "has 1 to 1, allowed is -8 to 0"),
        ("80x4.answer_events", np.array(0), "has 0 to 0, allowed is 1 to 128"),
        ("80x4.output", np.zeros((80, 10)), "is of float64, allowed are integers"),
    ],
)
def test_bad_networks(tmp_path, name, values, message):
    np.savez(tmp_path / "digits.npz", **(read_arrays("digits") | {name: values}))
    with pytest.raises(InputError, match=re.escape(message)):
        digits.read_network(CONFIG, tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"digits", pickle.dumps([1])])
def test_files_that_are_no_networks(tmp_path, content):
    (tmp_path / "digits.npz").write_bytes(content)
    with pytest.raises(InputError, match="not a file that `spikewright train digits` wrote"):
        digits.read_network(CONFIG, tmp_path)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        digits.read_network(CONFIG, tmp_path / "none")


def test_encoding(network, data):
    image = data[1].images[0]
    steps = network.encode(image)
    assert len(steps) == digits.STEPS
    resets = network.reset_events
    assert steps[0][:resets].tolist() == [TICK_ALL] * resets
    for step, level in ((steps[0][resets:], 10), (steps[1], 4)):
        assert set(step.tolist()) == {
            network.first_pixel + pixel for pixel in range(64) if image[pixel] >= level
        }
        assert len(set(step.tolist())) == len(step)
    assert set(steps[2].tolist()) == {network.question}
    assert set(steps[3].tolist()) == {network.answer}
    assert network.answer < CONFIG.neurons
    # The same image gives the same events, and a blank one only those that every image has.
    assert all(map(np.array_equal, steps, network.encode(image)))
    blank = network.encode(np.zeros(64, dtype=int))
    assert [len(step) for step in blank] == [resets, 0, len(steps[2]), len(steps[3])]


def test_event_words_follow_the_configuration(data):
    network = digits.read_network(TinyOdinConfig(neurons=1024))
    assert network.encode(data[1].images[0])[0][0] == 1 << 10 | 0x3FF


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weights_are_in_range_and_packed(bits):
    network = digits.read_network(TinyOdinConfig(weight_bits=bits))
    synapses = network.synapses
    assert synapses.min() >= -(1 << bits - 1)
    assert synapses.max() < 1 << bits - 1
    assert network.weights.output.max() <= 0
    assert network.hidden_thresholds.min() >= 1
    with TinyOdinModel(network.config) as model:
        digits.load(model, network)
        model.configure(gate=1)
        for memory, words in (
            ("neurons", network.neuron_words),
            ("synapses", network.synapse_words),
        ):
            assert np.array_equal(model.dump(memory, count=len(words)), words)
    source, neuron = network.first_pixel + 9, network.first_hidden + 3
    index = source * CONFIG.neurons + neuron
    word = int(network.synapse_words[index // 8])
    nibble = word >> bits * (index % 8) & (1 << bits) - 1
    assert nibble == synapses[source, neuron] % (1 << bits)


def test_decode(network):
    first = network.first_hidden
    assert network.decode([first, first + 5, 7, 2, 2, 2]) == 7
    assert network.decode([first]) == network.decode([]) == digits.NO_ANSWER


def test_tie_goes_to_the_lower_digit(network):
    """Without a hidden spike all answers are lifted alike and fire in the order of addresses."""
    with TinyOdinModel(CONFIG) as model:
        digits.load(model, network)
        model.send([network.answer])
        words = model.settle()
    assert words.tolist() == list(range(10))
    assert network.decode(words) == 0


def test_reset_events_clear_every_potential(network, data):
    with TinyOdinModel(CONFIG) as model:
        digits.load(model, network)
        for image in data[1].images[:100]:
            for step in network.encode(image):
                model.send(step)
            model.settle()
            model.send([TICK_ALL] * network.reset_events)
            assert not len(model.settle())
            model.configure(gate=1)
            words = model.dump("neurons", count=len(network.neuron_words))
            assert not unpack_neurons(CONFIG, words)[0].any()
            model.configure(gate=0)


def test_pace_of_the_host_does_not_matter(network, result, data):
    for index, image in enumerate(data[1].images[:100]):
        outputs, longest = fast_host(network, network.encode(image))
        assert longest <= CONFIG.fifo_depth
        for step, words in enumerate(outputs):
            assert result.output_events[index * digits.STEPS + step].tolist() == words


def test_room_in_the_fifo(network, result, data):
    """Whatever the pace, the input and all spikes of a step fit, so no hidden spike is lost."""
    for index, image in enumerate(data[1].images):
        for step, sent in enumerate(network.encode(image)[:-1]):
            fired = result.output_events[index * digits.STEPS + step]
            assert len(sent) + len(fired) <= CONFIG.fifo_depth


@pytest.mark.parametrize(
    "parameters",
    [{"neurons": 512}, {"weight_bits": 8, "potential_bits": 10}, {"weight_bits": 5, "lanes": 8}],
)
def test_wider_cores_give_the_same_answers(data, result, parameters):
    config = TinyOdinConfig(**parameters)
    with TinyOdinModel(config) as model:
        found = digits.run(model, digits.read_network(config), data[1][:100])
    assert found.predictions.tolist() == result.predictions[:100].tolist()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"neurons": 64}, "digits: neurons is 64, this task needs at least 128"),
        ({"fifo_depth": 64}, "digits: fifo_depth is 64, this task needs at least 128"),
        ({"potential_bits": 9}, "digits: potential_bits is 9, this task needs at least 10"),
    ],
)
def test_too_small_a_core(parameters, message):
    with pytest.raises(InputError, match=re.escape(message)):
        digits.read_network(TinyOdinConfig(**parameters))


def test_network_must_fit(network, data):
    with pytest.raises(InputError, match="80 hidden neurons, 128 neurons leave room for 52"):
        digits.DigitsNetwork(TinyOdinConfig(neurons=128), network.weights)
    other = TinyOdinModel(TinyOdinConfig(weight_bits=5))
    with pytest.raises(InputError, match="weight_bits is 5, this network was made for 4"):
        digits.run(other, network, data[1])
    with pytest.raises(InputError, match="no samples"):
        digits.run(TinyOdinModel(CONFIG), network, data[1][:0])


def test_lanes_need_no_other_network(network, data):
    lanes = TinyOdinModel(TinyOdinConfig(lanes=8, neuron_memory_ports=2))
    assert digits.run(lanes, network, data[1][:20]).samples == 20


def test_progress_and_cycles(network, data):
    class CountingModel(TinyOdinModel):
        @property
        def cycles(self):
            return self.operations

    seen = []
    result = digits.run(
        CountingModel(CONFIG), network, data[1][:3], lambda *done: seen.append(done)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert result.cycles > 0


def test_plots_are_written(tmp_path, network, result, data):
    path = tmp_path / "digits.png"
    save_plot(path, replace(result, plot_data=(network, data[1])))
    assert path.read_bytes().startswith(b"\x89PNG")
    # Few samples, one of them without an answer.
    silent = digits.DigitsNetwork(
        CONFIG,
        digits.TrainedWeights(
            network.weights.hidden, network.weights.thresholds, network.weights.output, 0
        ),
    )
    few = data[1][:2]
    with TinyOdinModel(CONFIG) as model:
        nothing = digits.run(model, silent, few)
    assert nothing.accuracy == 0
    assert set(nothing.predictions) == {digits.NO_ANSWER}
    save_plot(tmp_path / "few.png", replace(nothing, plot_data=(silent, few)))
