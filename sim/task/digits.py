"""Handwritten digits on tinyODIN: 64 pixels, a hidden layer and ten answers, all in one core.

The images are the 1797 real digits of scikit-learn, 8x8 pixels of 17 grey levels. A small network
is trained off line with weights rounded as the core holds them (`digits_training`), shipped as
integers, and runs on any `Device`:

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
from pathlib import Path
from typing import Self

import numpy as np
from sklearn.datasets import load_digits

from ...hdl.error import InputError
from ...hdl.tinyodin.config import TinyOdinConfig
from ...hdl.tinyodin.layout import LEAK_BITS, event_word, neuron_word
from ..device import Device
from .result import NO_ANSWER, Progress, TaskResult
from .shipped import FOLDER, read_arrays

__all__ = [
    "CLASSES",
    "NETWORK_SIZES",
    "NO_ANSWER",
    "PIXELS",
    "STEPS",
    "DigitsNetwork",
    "Samples",
    "TrainedWeights",
    "answer_weight",
    "count_spikes",
    "hidden_neurons",
    "load_data",
    "network_name",
    "perform",
    "read_network",
    "run",
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

#: Networks are shipped for cores of at least so many neurons and of so many bits of a weight; more
#: bits gain nothing here, so the widest network is used for all wider ones.
NETWORK_SIZES = tuple((neurons, bits) for neurons in (128, 256) for bits in (2, 3, 4))


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


def _largest_weight(config: TinyOdinConfig) -> int:
    return (1 << config.weight_bits - 1) - 1


def _question_weight(config: TinyOdinConfig) -> int:
    return min(QUESTION_WEIGHT, _largest_weight(config))


def answer_weight(config: TinyOdinConfig) -> int:
    """Return how far each event of the answer raises the output neurons."""
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
        matrix[self.answer, :CLASSES] = answer_weight(self.config)
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


def network_name(config: TinyOdinConfig) -> str:
    """Return the name of the network for a configuration: its hidden neurons and bits of a weight.

    Raises
    ------
    InputError
        If the core is too small for the task.
    """
    bits = min(config.weight_bits, max(bits for _, bits in NETWORK_SIZES))
    return f"{hidden_neurons(config)}x{bits}"


def read_network(config: TinyOdinConfig, folder: Path | None = None) -> DigitsNetwork:
    """Read the trained network for a configuration and give it its place in the core.

    Parameters
    ----------
    config : TinyOdinConfig
        The core.
    folder : Path, optional
        Where `spikewright train digits` has put its networks; those of the package if absent.

    Raises
    ------
    InputError
        If the core is too small for the task, or the network is missing or not one for this core.
    """
    name = network_name(config)
    folder = FOLDER if folder is None else folder
    arrays = read_arrays("digits", folder)
    hidden = hidden_neurons(config)
    shapes = {
        "hidden": (PIXELS, hidden),
        "thresholds": (hidden,),
        "output": (hidden, CLASSES),
        "answer_events": (),
    }
    found = {key: arrays.get(f"{name}.{key}") for key in shapes}
    highest = _largest_weight(config)
    for key, shape in shapes.items():
        values = found[key]
        if values is None or values.shape != shape:
            raise InputError(f"digits: no {name}.{key} of {shape} in {folder}")
        least, most = {
            "hidden": (-highest - 1, highest),
            "thresholds": (-(1 << 23), 1 << 23),
            "output": (-highest - 1, 0),
            "answer_events": (1, config.fifo_depth),
        }[key]
        if values.min() < least or values.max() > most:
            raise InputError(
                f"digits: {name}.{key} in {folder} has {values.min()} to {values.max()}, "
                f"allowed is {least} to {most}"
            )
    return DigitsNetwork(
        config,
        TrainedWeights(
            found["hidden"], found["thresholds"], found["output"], int(found["answer_events"])
        ),
    )


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
        correct=int((answers == samples.labels).sum()),
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
    data: Path | None = None,
) -> TaskResult:
    """Do the whole task: run the test half on the network for the device's core.

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
    data : Path, optional
        Folder with networks that `spikewright train digits` wrote; those of the package if absent.

    Raises
    ------
    InputError
        If the core is too small for the task, or the networks cannot be read.
    """
    network = read_network(device.config, data)
    chosen = load_data()[1][:samples]
    result = run(device, network, chosen, progress)
    return replace(result, plot_data=(network, chosen)) if keep_plot_data else result
