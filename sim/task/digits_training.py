"""Training of the networks that classify digits on tinyODIN, in floating point, off line.

What it gives depends a little on libraries and processors, so the networks are shipped; see
`shipped`. `spikewright train digits` makes them again. `python -m
spikewright.sim.task.digits_training` prints the figures of docs/digits.md.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage
from threadpoolctl import threadpool_limits

from ...hdl.tinyodin.config import TinyOdinConfig
from ..device import Device
from ..model import open_model
from .digits import (
    CLASSES,
    NETWORK_SIZES,
    PIXELS,
    DigitsNetwork,
    Samples,
    TrainedWeights,
    answer_weight,
    count_spikes,
    hidden_neurons,
    load_data,
    network_name,
    read_network,
    run,
)
from .result import Progress

__all__ = ["EPOCHS", "cross_validate", "make", "train", "train_weights"]

#: Passes over the training samples.
EPOCHS = 400

_SEED = 0


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
    config: TinyOdinConfig, samples: Samples, *, seed: int = _SEED, epochs: int = EPOCHS
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
        answer_events=int(inhibition) // answer_weight(config) + 2,
    )


def train(
    config: TinyOdinConfig, samples: Samples, *, seed: int = _SEED, epochs: int = EPOCHS
) -> DigitsNetwork:
    """Train a network and give it its place in a core; see `train_weights`.

    Raises
    ------
    InputError
        If the core is too small for the task.
    """
    return DigitsNetwork(config, train_weights(config, samples, seed=seed, epochs=epochs))


def make(progress: Progress | None = None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Train all networks that the task is shipped with; a few seconds for each.

    Parameters
    ----------
    progress : callable, optional
        Called after each network with the number of networks done and the total.

    Returns
    -------
    tuple
        Arrays by name, and settings and figures of each network, for the record.
    """
    training, test = load_data()
    arrays: dict[str, np.ndarray] = {}
    figures: dict[str, Any] = {}
    for number, (neurons, weight_bits) in enumerate(NETWORK_SIZES, 1):
        config = TinyOdinConfig(neurons=neurons, weight_bits=weight_bits)
        name = network_name(config)
        # Sums of several threads would depend on how many there are.
        with threadpool_limits(1):
            network = train(config, training)
        arrays |= {f"{name}.{key}": value for key, value in vars(network.weights).items()}
        figures[name] = {"seed": _SEED, "epochs": EPOCHS}
        for half, samples in (("training", training), ("test", test)):
            with open_model(config) as model:
                result = run(model, network, samples)
            figures[name] |= {f"{half}_correct": result.correct, f"{half}_samples": len(samples)}
        if progress is not None:
            progress(number, len(NETWORK_SIZES))
    return arrays, {"networks": figures}


def cross_validate(
    device: Device, samples: Samples, *, folds: int = 4, seed: int = _SEED, epochs: int = EPOCHS
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
        right += result.correct
    return right / len(samples)


def main() -> None:
    """Print the figures of docs/digits.md: cross-validation, training half, test half.

    Those of the halves are of the shipped network.
    """
    training, test = load_data()
    config = TinyOdinConfig()
    model = open_model(config)
    print(f"cross-validation    {cross_validate(model, training):.4f}")
    network = read_network(config)
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
