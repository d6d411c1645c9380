import re
from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.tinyodin import TinyOdinModel, unpack_neurons
from spikewright.sim.task import digits
from spikewright.sim.task.digits_plot import save_plot

CONFIG = TinyOdinConfig()
TICK_ALL = 0x1FF


@pytest.fixture(scope="module")
def data():
    return digits.load_data()


@pytest.fixture(scope="module")
def network(data):
    return digits.train(CONFIG, data[0])


@pytest.fixture(scope="module")
def result(network, data):
    with TinyOdinModel(CONFIG) as model:
        return digits.run(model, network, data[1])


def small_network(data, epochs=60, **parameters):
    """Train quickly; enough for what does not ask for the best accuracy."""
    return digits.train(TinyOdinConfig(**parameters), data[0], epochs=epochs)


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
    everything = digits.load_digits()
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
    assert result.accuracy == pytest.approx(right.mean())
    assert right.mean() >= 0.95
    assert result.cycles is None
    assert set(result.summary()) == {
        "task",
        "accuracy",
        "samples",
        "events",
        "cycles",
        "seconds",
    }


def test_training_is_repeatable(data):
    first, second = (small_network(data, epochs=3).weights for _ in range(2))
    assert np.array_equal(first.hidden, second.hidden)
    assert np.array_equal(first.thresholds, second.thresholds)
    assert np.array_equal(first.output, second.output)


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
    network = small_network(data, epochs=1, neurons=1024)
    assert network.encode(data[1].images[0])[0][0] == 1 << 10 | 0x3FF


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weights_are_in_range_and_packed(data, bits):
    network = small_network(data, epochs=5, weight_bits=bits)
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
    "parameters", [{"neurons": 128}, {"weight_bits": 2}, {"weight_bits": 8, "potential_bits": 10}]
)
def test_other_configurations(data, parameters):
    network = small_network(data, **parameters)
    with TinyOdinModel(network.config) as model:
        assert digits.run(model, network, data[1][:300]).accuracy > 0.85


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"neurons": 64}, "digits: neurons is 64, this task needs at least 128"),
        ({"fifo_depth": 64}, "digits: fifo_depth is 64, this task needs at least 128"),
        ({"potential_bits": 9}, "digits: potential_bits is 9, this task needs at least 10"),
    ],
)
def test_too_small_a_core(data, parameters, message):
    with pytest.raises(InputError, match=re.escape(message)):
        digits.train(TinyOdinConfig(**parameters), data[0])


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
