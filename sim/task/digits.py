"""Handwritten digits on tinyODIN: 64 pixels, a hidden layer and ten answers, all in one core.

The images are the 1797 real digits of scikit-learn, 8x8 pixels of 17 grey levels. A small network
is trained off line with weights rounded as the core holds them, and runs on any `Device`:

1. All potentials are leaked to zero. Pixels of at least the upper grey level send one spike each.
2. So do the pixels of at least the lower grey level; a bright pixel has then spiked twice.
3. The *question*: a source raises all hidden neurons in steps, and those that reach their
   threshold spike. A hidden spike, in closed loop, inhibits the answers that it speaks against.
4. The *answer*: another source raises the ten output neurons in steps. The least inhibited one
   fires first, and names the digit.

The host waits for the core to be idle after each of these time steps. Within a step the results do
not depend on how fast events come: hidden neurons see nothing but input events, whose order is
fixed, and output neurons only add up until the last step. See docs/digits.md for how it was chosen.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

from ...hdl.error import InputError
from ...hdl.tinyodin.config import TinyOdinConfig
from ...hdl.tinyodin.layout import LEAK_BITS, event_word, neuron_word
from ..device import Device
from .result import NO_ANSWER, Progress, TaskResult

__all__ = [
    "CLASSES",
    "NO_ANSWER",
    "PIXELS",
    "STEPS",
    "DigitsNetwork",
    "Samples",
    "TrainedWeights",
    "cross_validate",
    "hidden_neurons",
    "load_data",
    "perform",
    "run",
    "train",
    "train_weights",
]

CLASSES = 10
PIXELS = 64

#: Grey levels, of 0 to 16, from which on a pixel spikes; the brightest come first.
GREY_LEVELS = (10, 4)

#: Time steps of an image: one for each grey level, the question and the answer.
STEPS = len(GREY_LEVELS) + 2

#: Hidden neurons, if the core has room for them.
HIDDEN = 80

#: Events that raise the hidden neurons in the question, and by how much each does if the weights of
#: the core reach that far.
QUESTION_EVENTS, QUESTION_WEIGHT = 8, 7

#: How far each event of the answer raises the output neurons.
ANSWER_WEIGHT = 4


@dataclass(frozen=True)
class Samples:
    """Images, as integers 0 to 16 in an array of (samples, 64), and their labels."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, part: slice | np.ndarray) -> Self:
        return type(self)(self.images[part], self.labels[part])


def load_data() -> tuple[Samples, Samples]:
    """Return the training half (898 images) and the test half (899).

    The images are put in the order of `numpy.random.RandomState(0).permutation(1797)`, a sequence
    that NumPy guarantees for ever. The first half is for training and for every choice; the second
    half is for the final figure alone.
    """
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.target))
    samples = Samples(digits.data.astype(np.int64)[order], digits.target.astype(np.int64)[order])
    half = len(samples) // 2
    return samples[:half], samples[half:]


@dataclass(frozen=True)
class TrainedWeights:
    """A trained network of integers, before it is given its place in a core.

    Attributes
    ----------
    hidden : ndarray
        Weights from pixels to hidden neurons, (64, hidden).
    thresholds : ndarray
        What a hidden neuron's sum must reach at the end of an image for it to spike; any sign.
    output : ndarray
        Weights from hidden neurons to answers, (hidden, 10); never positive.
    answer_events : int
        Events of the answer, enough for all training images.
    """

    hidden: np.ndarray
    thresholds: np.ndarray
    output: np.ndarray
    answer_events: int


def hidden_neurons(config: TinyOdinConfig) -> int:
    """Return how many hidden neurons a core has room for, at most `HIDDEN`.

    Answers, hidden neurons, pixels, the question and the answer each need an address.

    Raises
    ------
    InputError
        If the core is too small for the task.
    """
    for name, least in (("neurons", 128), ("fifo_depth", 128), ("potential_bits", 10)):
        value = getattr(config, name)
        if value < least:
            raise InputError(f"digits: {name} is {value}, this task needs at least {least}")
    return min(HIDDEN, config.neurons - CLASSES - PIXELS - 2)


def count_spikes(images: np.ndarray) -> np.ndarray:
    """Return how often each pixel spikes in all time steps together."""
    return sum((images >= level).astype(np.float32) for level in GREY_LEVELS)


def distort(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return images shifted, turned, scaled and sheared a little, each in its own way."""
    count = len(images)
    shift = random.normal(0, 0.175, (count, 2))
    angle = random.normal(0, 0.04, count)
    scale = 1 + random.normal(0, 0.025, (count, 2))
    shear = random.normal(0, 0.05, count)
    center = np.array([3.5, 3.5])
    result = np.empty_like(images)
    for index, image in enumerate(images.reshape(-1, 8, 8).astype(float)):
        sine, cosine = np.sin(angle[index]), np.cos(angle[index])
        matrix = np.array([[cosine, -sine], [sine, cosine]]) * scale[index]
        matrix = matrix @ np.array([[1, 0], [shear[index], 1]])
        moved = ndimage.affine_transform(
            image, matrix, offset=center - matrix @ center + shift[index], order=1
        )
        result[index] = np.clip(np.round(moved), 0, 16).ravel()
    return result


class Adam:
    """Adam, changing parameters in place."""

    def __init__(self, parameters: Sequence[np.ndarray]) -> None:
        self.parameters = parameters
        self.mean = [np.zeros_like(parameter) for parameter in parameters]
        self.square = [np.zeros_like(parameter) for parameter in parameters]
        self.steps = 0

    def step(self, gradients: Sequence[np.ndarray], rate: float) -> None:
        """Take one step of a given rate."""
        self.steps += 1
        mean_part, square_part = 1 - 0.9**self.steps, 1 - 0.99**self.steps
        for parameter, gradient, mean, square in zip(
            self.parameters, gradients, self.mean, self.square, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.01 * (gradient * gradient - square)
            size = np.sqrt(square / np.float32(square_part)) + np.float32(1e-8)
            parameter -= np.float32(rate / mean_part) * mean / size


def train_weights(
    config: TinyOdinConfig, samples: Samples, *, seed: int = 0, epochs: int = 400
) -> TrainedWeights:
    """Train a network for a configuration; about two seconds for the training half.

    Forward, weights and thresholds are rounded and clipped to what the core holds; backward, the
    gradient passes the rounding as if it were not there and the threshold of a hidden neuron as if
    it were a smooth step. The loss is the cross entropy of the answers, their inhibition as logits.
    In each epoch an image is itself or one of fifteen distortions of it, with a tenth of its spikes
    left out.

    Raises
    ------
    InputError
        If the core is too small for the task.
    """
    hidden_count = hidden_neurons(config)
    low, high = -(1 << config.weight_bits - 1), (1 << config.weight_bits - 1) - 1
    batch_size, temperature, width = 64, np.float32(0.3), np.float32(8)

    random = np.random.default_rng(seed)
    variants = [samples.images] + [distort(samples.images, random) for _ in range(15)]
    inputs = np.array([count_spikes(variant) for variant in variants])
    wanted = np.eye(CLASSES, dtype=np.float32)[samples.labels]
    hidden = random.normal(0, 0.5, (PIXELS, hidden_count)).astype(np.float32)
    thresholds = np.full(hidden_count, 10, np.float32)
    # A constant added to all weights of a hidden neuron changes no comparison of answers, so it is
    # no loss that they can only inhibit, and it keeps the answers silent until they are asked.
    output = -np.abs(random.normal(0, 1, (hidden_count, CLASSES))).astype(np.float32)
    adam = Adam([hidden, thresholds, output])

    total = epochs * -(-len(samples) // batch_size)
    for _ in range(epochs):
        chosen = inputs[random.integers(0, len(inputs), len(samples)), np.arange(len(samples))]
        order = random.permutation(len(samples))
        for start in range(0, len(samples), batch_size):
            batch = order[start : start + batch_size]
            spikes = chosen[batch]
            spikes = spikes * (random.random(spikes.shape, dtype=np.float32) >= 0.1)
            above = spikes @ np.clip(np.round(hidden), low, high) - np.round(thresholds)
            fired = (above >= 0).astype(np.float32)
            rounded_output = np.clip(np.round(output), low, 0)
            logits = fired @ rounded_output * temperature
            likely = np.exp(logits - logits.max(axis=1, keepdims=True))
            likely /= likely.sum(axis=1, keepdims=True)

            error = (likely - wanted[batch]) * (temperature / len(batch))
            slope = 1 / (width * (1 + (above / width) ** 2))
            hidden_error = error @ rounded_output.T * slope
            rate = 0.05 * (1 + np.cos(np.pi * (adam.steps + 1) / total))
            adam.step([spikes.T @ hidden_error, -hidden_error.sum(axis=0), fired.T @ error], rate)
            # A weight pushed beyond the range would need as long to come back.
            np.clip(hidden, low - 0.49, high + 0.49, out=hidden)
            np.clip(output, low - 0.49, 0.49, out=output)

    hidden, thresholds = np.clip(np.round(hidden), low, high), np.round(thresholds)
    output = np.clip(np.round(output), low, 0)
    fired = count_spikes(samples.images) @ hidden >= thresholds
    inhibition = -(fired @ output).max(axis=1).min()
    return TrainedWeights(
        hidden.astype(np.int64),
        thresholds.astype(np.int64),
        output.astype(np.int64),
        # One more than needed to lift the most inhibited winner of the training images to 1.
        answer_events=int(inhibition) // _answer_weight(config) + 2,
    )


def _largest_weight(config: TinyOdinConfig) -> int:
    return (1 << config.weight_bits - 1) - 1


def _question_weight(config: TinyOdinConfig) -> int:
    return min(QUESTION_WEIGHT, _largest_weight(config))


def _answer_weight(config: TinyOdinConfig) -> int:
    return min(ANSWER_WEIGHT, _largest_weight(config))


@dataclass(frozen=True)
class DigitsNetwork:
    """A trained network in its place in a core: what to load, what to send, how to read the answer.

    Neurons 0 to 9 are the answers and those that follow the hidden neurons. The addresses above are
    used as sources only: 64 pixels, the question and the answer. Sweeps end at the last hidden
    neuron, so an event costs about two cycles for each of the neurons that there are.
    """

    config: TinyOdinConfig
    weights: TrainedWeights

    def __post_init__(self) -> None:
        if hidden_neurons(self.config) < self.hidden_count:
            raise InputError(
                f"digits: {self.hidden_count} hidden neurons, {self.config.neurons} neurons leave "
                f"room for {hidden_neurons(self.config)}"
            )

    @property
    def hidden_count(self) -> int:
        """Number of hidden neurons."""
        return len(self.weights.thresholds)

    @property
    def first_hidden(self) -> int:
        """Address of the first hidden neuron."""
        return CLASSES

    @property
    def first_pixel(self) -> int:
        """Source address of the first pixel."""
        return CLASSES + self.hidden_count

    @property
    def question(self) -> int:
        """Source address that raises the hidden neurons."""
        return self.first_pixel + PIXELS

    @property
    def answer(self) -> int:
        """Source address that raises the output neurons."""
        return self.question + 1

    @property
    def registers(self) -> dict[str, int]:
        """Register values while images are processed."""
        return {
            "open_loop": 0,
            "output_source": 0,
            "last_neuron": self.first_pixel - 1,
            "gate": 0,
        }

    @property
    def reset_events(self) -> int:
        """Time references that bring every potential to zero, from the most it can have left.

        Sums are those of all pixels at their brightest and of all hidden neurons firing once.
        """
        weights = self.weights
        least = min(
            len(GREY_LEVELS) * np.minimum(weights.hidden, 0).sum(axis=0).min(),
            weights.output.sum(axis=0).min(),
        )
        most = self.hidden_thresholds.max()
        return int(-(-max(-least, most) // self._leak))

    @property
    def _leak(self) -> int:
        return (1 << LEAK_BITS) - 1

    @property
    def hidden_thresholds(self) -> np.ndarray:
        """Thresholds as loaded: higher than trained by what the question adds."""
        lift = QUESTION_EVENTS * _question_weight(self.config)
        highest = (1 << self.config.potential_bits - 1) - 1
        return np.clip(self.weights.thresholds + lift, 1, highest)

    @property
    def neuron_words(self) -> np.ndarray:
        """Words of the neuron memory from word 0: all neurons at rest."""
        thresholds = np.concatenate([np.ones(CLASSES, np.int64), self.hidden_thresholds])
        layout = neuron_word(self.config)
        return np.array(
            [
                int(threshold) << layout["threshold"].offset | self._leak << layout["leak"].offset
                for threshold in thresholds
            ],
            dtype=np.uint64,
        )

    @property
    def synapses(self) -> np.ndarray:
        """Signed weights, a row for each source that is used, a column for each neuron."""
        matrix = np.zeros((self.answer + 1, self.config.neurons), np.int64)
        hidden = slice(self.first_hidden, self.first_pixel)
        matrix[self.first_pixel : self.question, hidden] = self.weights.hidden
        matrix[hidden, :CLASSES] = self.weights.output
        matrix[self.question, hidden] = _question_weight(self.config)
        matrix[self.answer, :CLASSES] = _answer_weight(self.config)
        return matrix

    @property
    def synapse_words(self) -> np.ndarray:
        """Words of the synapse memory from word 0: `synapses`, eight to a word."""
        bits = self.config.weight_bits
        fields = (self.synapses.reshape(-1, 8) & (1 << bits) - 1).astype(np.uint64)
        shifts = np.arange(8, dtype=np.uint64) * np.uint64(bits)
        return np.bitwise_or.reduce(fields << shifts, axis=1)

    def encode(self, image: np.ndarray) -> list[np.ndarray]:
        """Return the input events of an image, one array for each time step.

        Pixels are sent row by row. The core must be idle before each step.
        """
        layout = event_word(self.config)
        tick_all = 1 << layout["tick"].offset | (1 << self.config.low_bits) - 1
        steps = [self.first_pixel + np.flatnonzero(image >= level) for level in GREY_LEVELS]
        # Time references do not queue, so they come before the spikes of the step.
        steps[0] = np.concatenate([[tick_all] * self.reset_events, steps[0]])
        steps.append([self.question] * QUESTION_EVENTS)
        steps.append([self.answer] * self.weights.answer_events)
        return [np.array(step, dtype=np.uint64) for step in steps]

    def decode(self, words: Sequence[int] | np.ndarray) -> int:
        """Return the digit that the output words of an image name, or `NO_ANSWER`.

        The first output neuron that fired is the answer. Two that are lifted to their threshold by
        the same event fire in the order of their addresses: the lower digit wins.
        """
        for word in words:
            if word < CLASSES:
                return int(word)
        return NO_ANSWER


def train(
    config: TinyOdinConfig, samples: Samples, *, seed: int = 0, epochs: int = 400
) -> DigitsNetwork:
    """Train a network and give it its place in a core; see `train_weights`.

    Raises
    ------
    InputError
        If the core is too small for the task.
    """
    return DigitsNetwork(config, train_weights(config, samples, seed=seed, epochs=epochs))


def load(device: Device, network: DigitsNetwork) -> None:
    """Load a network into a device and make it ready for images.

    Raises
    ------
    InputError
        If the network was made for a core of other sizes.
    """
    for name in ("neurons", "weight_bits", "potential_bits", "fifo_depth"):
        has, needs = getattr(device.config, name), getattr(network.config, name)
        if has != needs:
            raise InputError(f"digits: {name} is {has}, this network was made for {needs}")
    device.configure(gate=1, open_loop=1)
    device.load("neurons", network.neuron_words)
    device.load("synapses", network.synapse_words)
    device.configure(**network.registers)


def run(
    device: Device, network: DigitsNetwork, samples: Samples, progress: Progress | None = None
) -> TaskResult:
    """Classify images on a device, one after the other.

    Parameters
    ----------
    device : Device
        A device of a tinyODIN core; lanes and memory ports may differ from the network's.
    network : DigitsNetwork
        What to run.
    samples : Samples
        Images and labels.
    progress : callable, optional
        Called after each image with the number of images done and the total.

    Raises
    ------
    InputError
        If the network was made for a core of other sizes, or there are no samples.
    """
    if not len(samples):
        raise InputError("digits: no samples")
    load(device, network)
    events, outputs, predictions = 0, [], []
    first_cycle, start = getattr(device, "cycles", None), time.perf_counter()
    for image in samples.images:
        for step in network.encode(image):
            device.send(step)
            outputs.append(device.settle())
            events += len(step)
        predictions.append(network.decode(np.concatenate(outputs[-STEPS:])))
        if progress is not None:
            progress(len(predictions), len(samples))
    seconds = time.perf_counter() - start
    answers = np.array(predictions)
    return TaskResult(
        task="digits",
        accuracy=float((answers == samples.labels).mean()),
        samples=len(samples),
        events=events,
        output_events=outputs,
        predictions=answers,
        labels=samples.labels,
        cycles=None if first_cycle is None else device.cycles - first_cycle,
        seconds=seconds,
    )


def perform(
    device: Device,
    *,
    samples: int | None = None,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
) -> TaskResult:
    """Do the whole task: train for the device's core, run the test half on it.

    Parameters
    ----------
    device : Device
        A device of a tinyODIN core.
    samples : int, optional
        Only the first samples of the test half.
    keep_plot_data : bool
        Keep what `save_plot` of `digits_plot` draws.
    progress : callable, optional
        As for `run`.

    Raises
    ------
    InputError
        If the core is too small for the task.
    """
    training, test = load_data()
    network = train(device.config, training)
    chosen = test[:samples]
    result = run(device, network, chosen, progress)
    return replace(result, plot_data=(network, chosen)) if keep_plot_data else result


def cross_validate(
    device: Device, samples: Samples, *, folds: int = 4, seed: int = 0, epochs: int = 400
) -> float:
    """Return the accuracy on parts of the samples that took no part in training.

    This is what choices are made by: with the training half, it leaves the test half untouched.
    """
    parts = np.array_split(np.arange(len(samples)), folds)
    right = 0
    for fold, part in enumerate(parts):
        rest = np.concatenate(parts[:fold] + parts[fold + 1 :])
        network = train(device.config, samples[rest], seed=seed + fold, epochs=epochs)
        result = run(device, network, samples[part])
        right += int((result.predictions == result.labels).sum())
    return right / len(samples)


def main() -> None:
    """Print the figures of docs/digits.md: cross-validation, training half, test half."""
    from ..model.tinyodin import TinyOdinModel

    training, test = load_data()
    config = TinyOdinConfig()
    model = TinyOdinModel(config)
    print(f"cross-validation    {cross_validate(model, training):.4f}")
    network = train(config, training)
    last = network.registers["last_neuron"]
    for name, samples in (("training half", training), ("test half", test)):
        result = run(model, network, samples)
        spikes = sum(len(words) for words in result.output_events)
        resets = network.reset_events * len(samples)
        # Each spike, sent or fired, is a sweep and a cycle to leave the FIFO; one that is sent
        # takes a cycle to enter it (specification, section 6).
        sent = result.events - resets
        cycles = (result.events + spikes) * 2 * (last + 1) + 2 * sent + spikes
        print(
            f"{name:20}{result.accuracy:.4f}, for each image {result.events / len(samples):.1f} "
            f"events in, {spikes / len(samples):.1f} spikes out, {cycles / len(samples):.0f} cycles"
        )


if __name__ == "__main__":
    main()
