"""Cue accumulation on ReckOn: 100 recurrent neurons learn, on the core, to weigh evidence and
remember it.

A sample is 2250 time steps of 1 ms: seven cues, each from the left or from the right, a delay of
about a second, and a recall signal during which the network has to say from which side more cues
came (specification of ReckOn, section 18; Bellec et al. 2020). Only during the recall is there a
label, and only then do weights learn. An epoch presents all training samples, then all test samples
with learning off; weights and random generators are carried on from sample to sample.

Samples and initial weights come from files of the published demonstration; or samples from the
generator here and initial weights from those that are shipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...hdl.error import InputError
from ...hdl.files import read_text
from ..device import Device
from .eprop import WEIGHT_BITS, Learning, Network, Sample, Weights
from .result import Progress, TaskResult

__all__ = [
    "EPOCHS",
    "INPUTS",
    "NETWORK",
    "NEURONS",
    "OUTPUTS",
    "RECALL",
    "SETTINGS",
    "STEPS",
    "Data",
    "Sample",
    "Weights",
    "check_core",
    "dump_weights",
    "generate_data",
    "generate_sample",
    "make",
    "perform",
    "present",
    "read_data",
    "set_up",
]

NAME = "cue-accumulation"

INPUTS, NEURONS, OUTPUTS = 40, 100, 2

#: Time steps of a sample, and the step in which the recall begins.
STEPS, RECALL = 2250, 2100

#: Epochs, if it is not said how many.
EPOCHS = 5

#: Training and test samples of the generator.
_COUNT = 50

_GROUP = 10  # inputs
_CUES, _CUE_STEPS, _SILENT_STEPS = 7, 150, 50
_CUE_RATE, _BACKGROUND_RATE = 0.04, 0.01
#: Chance of a cue from the right; a sample has one of the two.
_RIGHT_CHANCES = 0.3, 0.7

_SEED = 1

#: Registers of the published demonstration; all others are 0.
SETTINGS = {
    "halt_on_error": 1,
    "shift_w_in": 3,
    "shift_w_rec": 3,
    "shift_w_out": 3,
    "frac_trace_in": 3,
    "frac_trace_rec": 4,
    "frac_trace_out": 6,
    "signal_scale": 5,
    "regul_mode": 2,
    "regul_weights": 3,
    "stochastic_rounding": 1,
    "single_label": 1,
    "send_label": 1,
    "kappa": 0x79,
    **{f"h_threshold_{index}": 205 for index in range(4)},
    "h_value_4": 1,
    "rate_in_left": 8,
    "rate_rec_left": 8,
    "rate_out_left": 14,
    "seed_in": 0xF0F0,
    "seed_rec": 0xF1F1,
    "seed_out": 0xF2F2,
    "seed_round_neuron": 0x3F3FF3F3,
    "seed_round_output": 0x74F4,
    "seed_round_trace_in": 0x3F5FF5F5,
    "seed_round_trace_rec": 0x3F6FF6F6,
    "seed_round_trace_out": 0x3F7FF7F7,
    "seed_noise": 0x0FF0,
    "last_input": INPUTS - 1,
    "last_neuron": NEURONS - 1,
    "last_output": OUTPUTS - 1,
    "regul_threshold": 160,
    "regul_in_left": 10,
    "regul_rec_left": 10,
}

NETWORK = Network(
    task=NAME,
    inputs=INPUTS,
    neurons=NEURONS,
    outputs=OUTPUTS,
    threshold=614,
    alpha=0xFEF,
    settings=SETTINGS,
    # Those of the published weights.
    spreads={"weights_in": 14.2, "weights_rec": 1.83, "weights_out": 9.4},
    learning=RECALL,
    inference=RECALL,
)

#: Checks, set-up, weights and presentation of a sample: see `Network`.
check_core = NETWORK.check_core
set_up = NETWORK.set_up
dump_weights = NETWORK.dump_weights
present = NETWORK.present

_TRAINING_FILE, _TEST_FILE = "dataset_cueAcc_train.dat", "dataset_cueAcc_test.dat"
_WEIGHT_FILES = {
    "weights_in": "init_rand_weights_inp_cueAcc.dat",
    "weights_rec": "init_rand_weights_rec_cueAcc.dat",
    "weights_out": "init_rand_weights_out_cueAcc.dat",
}

#: Marks in the first column of a data set.
_END, _LABEL = -1, -2


@dataclass(frozen=True)
class Data:
    """Samples to learn from and to test with, and the weights to begin with."""

    training: Sequence[Sample]
    test: Sequence[Sample]
    weights: Weights


def generate_sample(random: np.random.RandomState) -> Sample:
    """Make a sample (section 18, steps 1 to 6).

    A generator in the same state gives the same sample everywhere: NumPy guarantees its sequence of
    fractions of 2**53, and nothing is done with them but comparing.
    """
    fires = np.zeros((STEPS, INPUTS), dtype=bool)
    cues = random.random_sample(_CUES) < _RIGHT_CHANCES[random.randint(2)]
    for number, right in enumerate(cues):
        start = number * _CUE_STEPS + _SILENT_STEPS
        stop = (number + 1) * _CUE_STEPS
        first = _GROUP if right else 0
        shape = (stop - start, _GROUP)
        fires[start:stop, first : first + _GROUP] = random.random_sample(shape) < _CUE_RATE
    recalled = fires[RECALL:, 2 * _GROUP : 3 * _GROUP]
    recalled[:] = random.random_sample(recalled.shape) < _CUE_RATE
    background = fires[:, 3 * _GROUP :]
    background[:] = random.random_sample(background.shape) < _BACKGROUND_RATE
    return Sample(tuple(row.nonzero()[0] for row in fires), int(cues.sum() > _CUES // 2))


def generate_data(seed: int = _SEED) -> Data:
    """Make 50 training and 50 test samples, to learn from the weights that are shipped."""
    random = np.random.RandomState(seed)
    training, test = ([generate_sample(random) for _ in range(_COUNT)] for _ in range(2))
    return Data(training, test, NETWORK.initial_weights())


def make(progress: Progress | None = None) -> tuple[Weights, dict[str, Any]]:
    """Draw the weights to begin with; return them, and the seed for the record."""
    return NETWORK.random_weights(_SEED), {"seed": _SEED}


def _read_lines(path: Path) -> Iterator[tuple[int, list[int]]]:
    """Read the whole numbers of a file, line by line; blank lines are left out."""
    lines = read_text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, [int(item) for item in line.split(",")]
            except ValueError:
                raise InputError(
                    f"{path}: line {number} is {line[:40]!r}, allowed are whole numbers"
                ) from None


def _read_samples(path: Path) -> list[Sample]:
    """Read a data set."""
    lines = _read_lines(path)
    number, values = next(lines, (1, []))
    if len(values) != 1 or values[0] < 1:
        raise InputError(f"{path}: line {number} is not the number of samples, 1 or more")
    count = values[0]
    samples: list[Sample] = []
    spikes: list[list[int]] = [[] for _ in range(STEPS)]
    label: int | None = None
    for number, values in lines:
        if len(values) != 2:
            raise InputError(f"{path}: line {number} has {len(values)} numbers, allowed are 2")
        kind, value = values
        if 0 <= kind < INPUTS and 0 <= value < STEPS:
            spikes[value].append(kind)
        elif kind == _LABEL and 0 <= value < OUTPUTS and label is None:
            label = value
        elif kind == _END and value == STEPS and label is not None:
            samples.append(Sample(tuple(np.array(step, dtype=int) for step in spikes), label))
            spikes, label = [[] for _ in range(STEPS)], None
        else:
            raise InputError(
                f"{path}: line {number} is {kind}, {value}, allowed are input 0 to {INPUTS - 1} and "
                f"time 0 to {STEPS - 1}, one {_LABEL} and label 0 or 1, or then {_END} and {STEPS}"
            )
    if len(samples) != count or label is not None or any(spikes):
        raise InputError(
            f"{path}: {len(samples)} whole samples, the first line says {count}, and nothing after"
        )
    return samples


def _read_weights(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Read initial weights."""
    limit = 1 << (WEIGHT_BITS - 1)
    found = []
    for number, values in _read_lines(path):
        if len(values) != 1 or not -limit <= values[0] < limit:
            raise InputError(
                f"{path}: line {number}: allowed is one whole number from {-limit} to {limit - 1}"
            )
        found += values
    if len(found) != shape[0] * shape[1]:
        raise InputError(f"{path}: {len(found)} weights, allowed are {shape[0]} x {shape[1]}")
    return np.array(found).reshape(shape)


def read_data(folder: Path) -> Data:
    """Read samples and weights from the files of section 18.

    Raises
    ------
    InputError
        If one is missing or is not as it should be; names file and line.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    return Data(
        _read_samples(folder / _TRAINING_FILE),
        _read_samples(folder / _TEST_FILE),
        {
            memory: _read_weights(folder / name, NETWORK.shapes[memory])
            for memory, name in _WEIGHT_FILES.items()
        },
    )


def perform(
    device: Device,
    *,
    samples: int | None = None,
    training: int | None = None,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
    data: Path | None = None,
    epochs: int | None = None,
) -> TaskResult:
    """Do the whole task: learn and test for some epochs.

    Parameters
    ----------
    device : Device
        A device of a ReckOn core with at least 128 neurons.
    samples : int, optional
        In each epoch only the first test samples.
    training : int, optional
        In each epoch only the first training samples.
    keep_plot_data : bool
        Keep what `save_plot` of `cue_accumulation_plot` draws.
    progress : callable, optional
        Called after each sample with the number of samples done, training and test, and the total.
    data : Path, optional
        Folder with files of samples and weights, see `read_data`; generated if absent.
    epochs : int, optional
        How many epochs; 5 if absent.

    Returns
    -------
    TaskResult
        Figures are those of the test of the last epoch, but events, time and output words those of
        all samples. `details` has `epochs`: the right answers of each.

    Raises
    ------
    InputError
        If the core cannot do the task or the data cannot be read.
    """
    epochs = EPOCHS if epochs is None else epochs
    NETWORK.check(device.config, epochs=epochs, samples=samples, training=training)
    found = read_data(Path(data)) if data is not None else generate_data()
    result = NETWORK.learn_and_test(
        device,
        found.weights,
        found.training[:training],
        found.test[:samples],
        rates=[{}] * epochs,
        progress=progress,
    )
    if not keep_plot_data:
        return result
    learning = Learning(
        config=device.config,
        before=found.weights,
        after=NETWORK.learnt_weights(device),
        samples=found.test,
    )
    return replace(result, plot_data=learning)
