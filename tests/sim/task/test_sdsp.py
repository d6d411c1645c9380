import re

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.neuron.word import neuron_fields
from spikewright.hdl.odin.config import OdinConfig
from spikewright.sim.model import open_model
from spikewright.sim.task import digits_sdsp, sdsp
from spikewright.sim.task.sdsp import Learner, Samples, Settings

CONFIG = OdinConfig(neurons=64)
PIXELS = 16

#: Few pixels, so that what happens can be told by hand.
SMALL = Settings(
    threshold=60,
    learning_threshold=20,
    initial_weight=3,
    lift_weight=2,
    learning_events=(4, 4),
    margin=(0, 0),
)


def samples(*pairs):
    return Samples(
        [np.array(pixels) for pixels, _ in pairs], np.array([label for _, label in pairs])
    )


def small(settings=SMALL, device=None, pixels=PIXELS):
    return Learner(device or open_model(OdinConfig(neurons=16)), pixels, settings)


class Twin:
    """The ten classes again, without a core: plain numbers, no events, no memories.

    Written from the specification (sections 11 and 12) to be compared with the model.
    """

    def __init__(self, pixels, settings):
        self.settings = settings
        self.weights = np.full((pixels, 10), settings.initial_weight)
        self.potential = np.zeros(10, int)
        self.calcium = np.zeros(10, int)
        self.ticks = 0

    def spike(self, pixel):
        if pixel is None:
            drive = np.full(10, self.settings.lift_weight)
        else:
            drive = self.weights[pixel].copy()
            learning = (self.calcium >= 2) & (self.calcium < 7)
            step = np.where(self.potential >= self.settings.learning_threshold, 1, -1)
            self.weights[pixel] = np.clip(self.weights[pixel] + step * learning, 0, 7)
        return self.add(drive)

    def add(self, drive):
        self.potential = np.minimum(self.potential + drive, 255)
        fired = self.potential >= self.settings.threshold
        self.potential[fired] = 0
        self.calcium = np.minimum(self.calcium + fired, 7)
        return np.flatnonzero(fired).tolist()

    def tick(self):
        self.potential = np.maximum(self.potential - 127, 0)
        self.ticks += 1
        if self.ticks % 3 == 0:
            self.calcium = np.maximum(self.calcium - 1, 0)

    def excite(self, neuron, until):
        while True:
            fired = self.add(np.eye(10, dtype=int)[neuron] * 7)
            if until(fired):
                return

    def learn(self, data):
        settings, random = self.settings, np.random.RandomState(self.settings.seed)
        answers, budget, last = [], 0.0, {}
        for index, (pixels, label) in enumerate(
            zip(data.spikes, data.labels.tolist(), strict=True)
        ):
            part = index / len(data)
            order = random.permutation(pixels).tolist()
            margin = int(settings.margin[0] + (settings.margin[1] - settings.margin[0]) * part)
            fired, events = [], iter([*pixels.tolist(), *[None] * 300])
            while not fired:
                fired += self.spike(next(events))
            answers.append(fired[0])
            while fired == [label] and margin:
                fired += self.spike(next(events))
                margin -= 1
            self.tick()
            rivals = [neuron for neuron in fired if neuron != label]
            if rivals:
                first, final = settings.learning_events
                budget += first + (final - first) * part
                self.excite(rivals[0], lambda got: got)
                for _ in range(2 - fired.count(label)):
                    self.excite(label, lambda got: got)
                self.excite(
                    label, lambda _, n=label: self.potential[n] >= settings.learning_threshold
                )
                common = set(last.get(rivals[0], []))
                for pixel in [pixel for pixel in order if pixel not in common][: int(budget)]:
                    self.spike(pixel)
                budget -= int(budget)
                for _ in range(3):
                    self.tick()
            self.tick()
            self.tick()
            last[label] = pixels.tolist()
        return np.array(answers)


def test_encoding():
    image = [9, 5, 8, 3, 8, 4, 0, 9]
    found = sdsp.encode(np.array([image, image[::-1]]), np.array([3, 4]), 4)
    # The brightest first, the lower number first among equals, and never the corner.
    assert found.spikes[0].tolist() == [7, 2, 4, 1, 5]
    assert found.spikes[1].tolist() == [7, 3, 5, 6, 2]
    assert found.labels.tolist() == [3, 4]
    assert len(found[:1]) == 1


@pytest.mark.parametrize("seed", [0, 5])
def test_equals_a_twin_of_ten_neurons(seed):
    data = digits_sdsp.load_data()[0][:150]
    settings = Settings(
        threshold=100,
        learning_threshold=50,
        initial_weight=2,
        lift_weight=2,
        learning_events=(8.5, 0.5),
        margin=(7, 1),
        seed=seed,
    )
    learner = Learner(open_model(CONFIG), digits_sdsp.PIXELS, settings)
    twin = Twin(digits_sdsp.PIXELS, settings)
    assert np.array_equal(learner.learn(data), twin.learn(data))
    expected = twin.weights
    expected[sdsp.LIFT] = 0
    assert np.array_equal(learner.weights(), expected)
    assert len(np.unique(expected)) == 8


def test_first_to_fire_answers():
    learner = small()
    # All weights are equal: all fire together, the lowest address first.
    assert learner.answer(np.array([3, 4])) == 0
    # Nothing is lit: the lift alone.
    assert learner.answer(np.array([], int)) == 0
    assert set(learner.outputs[-2]) == set(range(10))


def test_what_one_lesson_changes():
    learner = small()
    before = learner.weights()
    answers = learner.learn(samples(([2, 3, 5, 7, 11, 13], 8)))
    assert answers.tolist() == [0]
    change = learner.weights() - before
    # Four of the lit pixels: stronger to the right class, weaker to the one that had fired.
    taught = np.flatnonzero(change[:, 8])
    assert len(taught) == 4
    assert set(taught) <= {2, 3, 5, 7, 11, 13}
    assert (change[taught, 8] == 1).all()
    assert (change[taught, 0] == -1).all()
    change[taught, 8] = change[taught, 0] = 0
    assert not change.any()


def test_a_right_answer_changes_nothing():
    learner = small()
    lit = [2, 3, 5, 7]
    learner.learn(samples((lit, 8)))
    before = learner.weights()
    events = learner.events
    assert learner.learn(samples((lit, 8))).tolist() == [8]
    assert np.array_equal(learner.weights(), before)
    assert learner.events - events < 40


def test_the_margin_sees_who_comes_next():
    lit = [2, 3, 5, 7]
    close = small(Settings(**vars(SMALL) | {"margin": (3, 3)}))
    close.learn(samples((lit, 8)))
    before = close.weights()
    # 8 is four pixels ahead, 4 of potential; the others follow within two events of the lift.
    assert close.learn(samples((lit, 8))).tolist() == [8]
    change = close.weights() - before
    assert change[:, 8].sum() > 0
    assert change[:, :8].sum() < 0


def test_pixels_in_common_with_the_rival_are_left_out():
    learner = small()
    learner.learn(samples(([2, 3, 5], 0), ([2, 3, 7], 8)))
    before = learner.weights()
    assert before[7, 8] == 4
    assert before[[2, 3, 5], 8].tolist() == [3, 3, 3]


def test_fractions_of_learning_events_add_up():
    taught = []

    class Watched(Learner):
        def _teach(self, label, rival, fired, pixels):
            taught.append(len(pixels))
            super()._teach(label, rival, fired, pixels)

    settings = Settings(**vars(SMALL) | {"learning_events": (0.5, 0.5)})
    learner = Watched(open_model(OdinConfig(neurons=16)), PIXELS, settings)
    learner.learn(samples(*[([2 * index, 2 * index + 1], index) for index in range(1, 7)]))
    assert taught == [0, 1, 0, 1, 0, 1]


def test_nothing_is_left_between_images():
    device = open_model(CONFIG)
    learner = Learner(device, digits_sdsp.PIXELS, digits_sdsp.SETTINGS)
    training, test = digits_sdsp.load_data()
    learner.learn(training[:60])

    def classes():
        device.configure(gate=1)
        words = device.dump("neurons", count=64)
        device.configure(gate=0)
        return [neuron_fields(word) for word in words]

    state = ("potential", "calcium", "calcium_count")
    assert all(fields[name] == 0 for fields in classes() for name in state)
    assert [fields["disabled"] for fields in classes()] == [0] * 10 + [1] * 54
    learner.stop_learning()
    before = learner.weights()
    assert all(fields["learning_enable"] == 0 for fields in classes())
    learner.test(test[:60])
    assert np.array_equal(learner.weights(), before)
    assert all(fields[name] == 0 for fields in classes() for name in state)


def test_only_synapses_to_classes_learn():
    device = open_model(CONFIG)
    learner = Learner(device, digits_sdsp.PIXELS, digits_sdsp.SETTINGS)
    learner.learn(digits_sdsp.load_data()[0][:60])
    device.configure(gate=1)
    words = device.dump("synapses").astype(np.uint64)
    nibbles = words[:, np.newaxis] >> np.arange(0, 32, 4, dtype=np.uint64) & np.uint64(15)
    nibbles = nibbles.reshape(64, 64)
    assert not nibbles[:, 10:].any()
    assert (nibbles[sdsp.LIFT, :10] == digits_sdsp.SETTINGS.lift_weight).all()
    assert (nibbles[1:, :10] >= 8).all()
    assert len(np.unique(nibbles[1:, :10])) > 4


def test_a_device_used_before_is_no_matter():
    device = open_model(OdinConfig(neurons=16))
    data = samples(([2, 3, 5], 4), ([3, 7], 1), ([5, 9, 11], 4))
    found = []
    for _ in range(2):
        learner = small(device=device)
        found.append((learner.learn(data).tolist(), learner.weights().tolist()))
        assert device.register_values["learn_unmapped"] == 0
        device.configure(sign_0=0xFFFF, output_source=1, monitor_enable=1, open_loop=0)
        device.configure(learn_unmapped=1)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"neurons": 32}, "sdsp: neurons is 32, this task needs at least 64"),
        ({"lif": 0, "neurons": 64}, "sdsp: lif is 0, this task needs at least 1"),
        ({"plasticity": 0, "neurons": 64}, "sdsp: plasticity is 0, this task needs at least 1"),
        ({"weight_bits": 1, "neurons": 64}, "weight_bits is 1, this task has weights up to 3"),
    ],
)
def test_too_small_a_core(parameters, message):
    with pytest.raises(InputError, match=re.escape(message)):
        Learner(open_model(OdinConfig(**parameters)), 64, SMALL)


def test_more_weight_bits():
    device = open_model(OdinConfig(neurons=64, weight_bits=5))
    learner = Learner(device, digits_sdsp.PIXELS, digits_sdsp.SETTINGS)
    learner.learn(digits_sdsp.load_data()[0][:150])
    assert 7 < learner.weights().max() <= 31


@pytest.mark.parametrize(
    "parameters",
    [{}, pytest.param({"lanes": 8, "neuron_memory_ports": 2}, marks=pytest.mark.slow)],
)
def test_model_and_hardware_learn_the_same(learn_alike, parameters):
    training, test = digits_sdsp.load_data()
    rtl = OdinConfig(neurons=64, **parameters)
    weights = learn_alike(CONFIG, rtl, digits_sdsp, training[:60], test[:20])
    assert len(np.unique(weights)) > 4
