"""Small handwritten digits on ReckOn: a recurrent network learns on the core to read them row by
row.

The 1797 images of scikit-learn, 8x8 pixels of 17 grey levels, are presented like a scan: each row
for a few time steps, from the top down. A pixel spikes in each of them in which its grey level is
at least that step's level, so the brighter it is the more often. Each pixel is an input of its own.
When a row has gone nothing of it is left but what the network keeps in its potentials and traces;
the label is there in the last steps only, and then all weights learn with e-prop, from random ones
that are shipped.

An epoch presents all training samples in random order, then all test samples with learning off.
See docs/digits-eprop.md for how it was chosen.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from ...hdl.reckon.config import ReckonConfig
from ..device import Device
from . import digits
from .digits import CLASSES, PIXELS
from .eprop import Learning, Network, Sample, Weights
from .result import Progress, TaskResult

__all__ = [
    "EPOCHS",
    "INFERENCE",
    "INPUTS",
    "LEARNING",
    "LEVELS",
    "NETWORK",
    "NEURONS",
    "SETTINGS",
    "STEPS",
    "Sample",
    "check_core",
    "dump_weights",
    "encode",
    "epoch_rates",
    "load_data",
    "make",
    "perform",
    "present",
    "set_up",
]

NAME = "digits-eprop"

INPUTS, NEURONS = PIXELS, 64

#: Epochs, if it is not said how many.
EPOCHS = 10

#: Grey level, of 0 to 16, from which on a pixel spikes in each step of its row.
LEVELS = (2, 6, 10, 14)

_SIDE = 8  # pixels

#: Time steps after the last row, without input.
_SILENT_STEPS = 4

#: Time steps of a sample.
STEPS = _SIDE * len(LEVELS) + _SILENT_STEPS

#: Steps from which on there is a label and weights learn, and from which on winners are counted.
LEARNING, INFERENCE = STEPS - 5, STEPS - 4

#: Potential from which on the surrogate derivative is 1; below it is 0.
_SURROGATE_THRESHOLD = -200

#: Registers; all others are 0. The seeds are those of the published demonstration.
SETTINGS = {
    "halt_on_error": 1,
    "shift_w_in": 3,
    "shift_w_rec": 3,
    "shift_w_out": 2,
    "frac_trace_in": 3,
    "frac_trace_rec": 3,
    "frac_trace_out": 3,
    "signal_scale": 7,
    "stochastic_rounding": 1,
    "single_label": 1,
    "send_label": 1,
    "kappa": 0x7F,
    **{f"h_threshold_{index}": _SURROGATE_THRESHOLD for index in range(4)},
    "h_value_4": 1,
    "seed_in": 0xF0F0,
    "seed_rec": 0xF1F1,
    "seed_out": 0xF2F2,
    "seed_round_neuron": 0x3F3FF3F3,
    "seed_round_output": 0x74F4,
    "seed_round_trace_in": 0x3F5FF5F5,
    "seed_round_trace_rec": 0x3F6FF6F6,
    "seed_round_trace_out": 0x3F7FF7F7,
    "last_input": INPUTS - 1,
    "last_neuron": NEURONS - 1,
    "last_output": CLASSES - 1,
}

#: Learning rates of the first epochs, as shifts to the left; they are halved `_HALVINGS` times.
_RATES = {"rate_in_left": 15, "rate_rec_left": 6, "rate_out_left": 6}
_HALVINGS = 3

NETWORK = Network(
    task=NAME,
    inputs=INPUTS,
    neurons=NEURONS,
    outputs=CLASSES,
    threshold=614,
    alpha=0xC29,  # 0.97
    settings=SETTINGS,
    spreads={"weights_in": 10.0, "weights_rec": 3.0, "weights_out": 20.0},
    learning=LEARNING,
    inference=INFERENCE,
)

#: Checks, set-up, weights and presentation of a sample: see `Network`.
check_core = NETWORK.check_core
set_up = NETWORK.set_up
dump_weights = NETWORK.dump_weights
present = NETWORK.present

_SEED = 0


def encode(image: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return for each time step the pixels of an image that spike: rows in turn, bright pixels more
    often.
    """
    rows = image.reshape(_SIDE, _SIDE)
    steps = [
        number * _SIDE + np.flatnonzero(row >= level)
        for number, row in enumerate(rows)
        for level in LEVELS
    ]
    return (*steps, *[np.zeros(0, dtype=int)] * _SILENT_STEPS)


def load_data() -> tuple[list[Sample], list[Sample]]:
    """Return the halves for training (898 samples) and for testing (899), as `digits.load_data`."""
    training, test = (
        [
            Sample(encode(image), int(label))
            for image, label in zip(half.images, half.labels, strict=True)
        ]
        for half in digits.load_data()
    )
    return training, test


def make(progress: Progress | None = None) -> tuple[Weights, dict[str, Any]]:
    """Draw the weights to begin with; return them, and the seed for the record."""
    return NETWORK.random_weights(_SEED), {"seed": _SEED}


def epoch_rates(epoch: int, epochs: int) -> dict[str, int]:
    """Return the learning rates of an epoch, of 0 to `epochs` - 1: halved in equal parts of the
    epochs.
    """
    halvings = epoch * (_HALVINGS + 1) // epochs
    return {name: rate - halvings for name, rate in _RATES.items()}


def _learn_and_test(
    device: Device,
    weights: Weights,
    training: list[Sample],
    test: list[Sample],
    epochs: int,
    seed: int = _SEED,
    **more: Any,
) -> TaskResult:
    """Learn in an order that follows from a seed; `more` as in `Network.learn_and_test`."""
    return NETWORK.learn_and_test(
        device,
        weights,
        training,
        test,
        rates=[epoch_rates(epoch, epochs) for epoch in range(epochs)],
        shuffle=np.random.RandomState(seed),
        **more,
    )


def perform(
    device: Device,
    *,
    samples: int | None = None,
    training: int | None = None,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
    epochs: int | None = None,
) -> TaskResult:
    """Do the whole task: learn one half on the device, test the other.

    Parameters
    ----------
    device : Device
        A device of a ReckOn core with at least 64 neurons and 10 outputs.
    samples : int, optional
        In each epoch only the first test samples.
    training : int, optional
        Only the first training samples.
    keep_plot_data : bool
        Keep what `save_plot` of `digits_eprop_plot` draws.
    progress : callable, optional
        Called after each sample with the number of samples done, training and test, and the total.
    epochs : int, optional
        How many epochs; 10 if absent.

    Returns
    -------
    TaskResult
        Figures are those of the test of the last epoch, but events, time and output words those of
        all samples. `details` has `epochs`: the right answers of each.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """
    epochs = EPOCHS if epochs is None else epochs
    NETWORK.check(device.config, epochs=epochs, samples=samples, training=training)
    learnt, tested = load_data()
    learnt, tested = learnt[:training], tested[:samples]
    initial = NETWORK.initial_weights()
    result = _learn_and_test(device, initial, learnt, tested, epochs, progress=progress)
    if not keep_plot_data:
        return result
    learning = Learning(
        config=device.config,
        before=initial,
        after=NETWORK.learnt_weights(device),
        samples=tested,
    )
    return replace(result, plot_data=learning)


def main() -> None:
    """Print what choices were confirmed by: cross-validation in three parts of the training
    half.
    """
    from ..model import open_model

    training, _ = load_data()
    parts = np.array_split(np.arange(len(training)), 3)
    right = 0
    for seed, part in enumerate(parts):
        inside = np.isin(np.arange(len(training)), part)
        learnt, tested = (
            [training[index] for index in np.flatnonzero(which)] for which in (~inside, inside)
        )
        with open_model(ReckonConfig(neurons=NEURONS)) as model:
            weights = NETWORK.random_weights(seed)
            result = _learn_and_test(model, weights, learnt, tested, EPOCHS, seed, note=print)
        right += result.correct
    print(f"cross-validation {right / len(training):.4f}")


if __name__ == "__main__":
    main()
