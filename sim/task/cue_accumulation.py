"""Cue accumulation on ReckOn: 100 recurrent neurons learn, on the core, to weigh evidence and remember it.

A sample is 2250 time steps of 1 ms: seven cues, each from the left or from the right, a delay of
about a second, and a recall signal during which the network has to say from which side more cues came
(specification of ReckOn, section 18; Bellec et al. 2020). Only during the recall is there a label, and only
then do weights learn. An epoch presents all training samples, then all test samples with learning off;
weights and random generators are carried on from sample to sample.

Samples and initial weights come from files of the published demonstration, or from the generator here.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.reckon.config import ReckonConfig
from ..device import TickedDevice
from . import eprop
from .eprop import LEARN_ALL, WEIGHT_BITS, Weights, check_counts, make_neuron_word
from .picture import check_picture
from .result import Progress, TaskResult

__all__ = [
    "EPOCHS",
    "INPUTS",
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

#: Threshold of all neurons, and the low bits of their alpha.
THRESHOLD, ALPHA = 614, 0xFEF

#: Spread of the generator's initial weights: that of the published ones.
_SPREADS = {"weights_in": 14.2, "weights_rec": 1.83, "weights_out": 9.4}

#: Array of the initial weights in each memory: pre-synaptic and post-synaptic neurons.
_SHAPES = {
    "weights_in": (INPUTS, NEURONS),
    "weights_rec": (NEURONS, NEURONS),
    "weights_out": (NEURONS, OUTPUTS),
}

_TRAINING_FILE, _TEST_FILE = "dataset_cueAcc_train.dat", "dataset_cueAcc_test.dat"
_WEIGHT_FILES = {
    "weights_in": "init_rand_weights_inp_cueAcc.dat",
    "weights_rec": "init_rand_weights_rec_cueAcc.dat",
    "weights_out": "init_rand_weights_out_cueAcc.dat",
}

#: Marks in the first column of a data set.
_END, _LABEL = -1, -2


@dataclass(frozen=True)
class Sample:
    """What happens in one sample.

    Attributes
    ----------
    spikes : tuple of ndarray
        For each time step the inputs that spike before the tick that ends it.
    label : int
        1: more cues were right; 0: more were left.
    """

    spikes: tuple[np.ndarray, ...]
    label: int

    @property
    def events(self) -> int:
        """Number of spikes."""
        return sum(map(len, self.spikes))


@dataclass(frozen=True)
class Data:
    """Samples to learn from and to test with, and the weights to begin with."""

    training: Sequence[Sample]
    test: Sequence[Sample]
    weights: Weights


def generate_sample(random: np.random.Generator) -> Sample:
    """Make a sample (section 18, steps 1 to 6)."""
    fires = np.zeros((STEPS, INPUTS), dtype=bool)
    cues = random.random(_CUES) < random.choice([0.3, 0.7])
    for number, right in enumerate(cues):
        start = number * _CUE_STEPS + _SILENT_STEPS
        stop = (number + 1) * _CUE_STEPS
        first = _GROUP if right else 0
        shape = (stop - start, _GROUP)
        fires[start:stop, first : first + _GROUP] = random.random(shape) < _CUE_RATE
    recalled = fires[RECALL:, 2 * _GROUP : 3 * _GROUP]
    recalled[:] = random.random(recalled.shape) < _CUE_RATE
    background = fires[:, 3 * _GROUP :]
    background[:] = random.random(background.shape) < _BACKGROUND_RATE
    return Sample(tuple(row.nonzero()[0] for row in fires), int(cues.sum() > _CUES // 2))


def generate_data(seed: int = 1) -> Data:
    """Make 50 training samples, 50 test samples and initial weights; a seed gives the same again."""
    random = np.random.default_rng(seed)
    limit = 1 << (WEIGHT_BITS - 1)
    weights = {
        memory: np.clip(
            np.rint(random.normal(0, _SPREADS[memory], shape)), -limit, limit - 1
        ).astype(int)
        for memory, shape in _SHAPES.items()
    }
    np.fill_diagonal(weights["weights_rec"], 0)
    training, test = ([generate_sample(random) for _ in range(_COUNT)] for _ in range(2))
    return Data(training, test, weights)


def _read_lines(path: Path) -> Iterator[tuple[int, list[int]]]:
    """Read the whole numbers of a file, line by line; blank lines are left out."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text") from None
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
            memory: _read_weights(folder / name, _SHAPES[memory])
            for memory, name in _WEIGHT_FILES.items()
        },
    )


def check_core(config: CoreConfig) -> None:
    """Check that a core can do the task.

    Raises
    ------
    InputError
        If it is another core, too small, has other weights or does not learn.
    """
    eprop.check_core(NAME, config, NEURONS, OUTPUTS)


def set_up(device: TickedDevice, weights: Weights) -> None:
    """Write all registers, neurons and weights; afterwards `config_mode` is 0.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """
    config: ReckonConfig = device.config
    check_core(config)
    word = make_neuron_word(config, THRESHOLD, ALPHA)
    eprop.set_up(device, SETTINGS, [word] * (NEURONS // config.neuron_lanes), weights)


def dump_weights(device: TickedDevice) -> Weights:
    """Read the weights of the network from the core; `config_mode` is 1."""
    return eprop.dump_weights(device, _SHAPES)


def present(device: TickedDevice, sample: Sample, train: bool) -> np.ndarray:
    """Present a sample, with its label if the core is to learn; return the output words.

    Register `learn` says whether weights change. `device` is in IDLE, before and afterwards.
    """
    device.drive(sample=1)
    for step, spikes in enumerate(sample.spikes):
        if step == RECALL:
            if train:
                device.send([1 << device.config.event_address_bits | sample.label])
                device.drive(target_valid=1)
            device.drive(infer_accumulate=1)
        if len(spikes):
            device.send(spikes)
        if step == STEPS - 1:
            device.drive(sample=0)
        device.tick()
    words = device.settle()
    device.drive(target_valid=0, infer_accumulate=0)
    return words


def perform(
    device: TickedDevice,
    *,
    samples: int | None = None,
    training: int | None = None,
    plot: Path | None = None,
    progress: Progress | None = None,
    data: Path | None = None,
    epochs: int | None = None,
) -> TaskResult:
    """Do the whole task: learn and test for some epochs, draw a picture.

    Parameters
    ----------
    device : TickedDevice
        A device of a ReckOn core with at least 128 neurons.
    samples : int, optional
        In each epoch only the first test samples.
    training : int, optional
        In each epoch only the first training samples.
    plot : Path, optional
        Picture to write, see `save_cue_accumulation`.
    progress : callable, optional
        Called after each sample with the number of samples done, training and test, and the total.
    data : Path, optional
        Folder with files of samples and weights, see `read_data`; generated if absent.
    epochs : int, optional
        How many epochs; 5 if absent.

    Returns
    -------
    TaskResult
        Figures are those of the test of the last epoch, but events, time and output words those of all
        samples. `details` has `epochs`: the right answers of each.

    Raises
    ------
    InputError
        If the core cannot do the task, the data cannot be read, or the picture cannot be written.
    """
    epochs = EPOCHS if epochs is None else epochs
    check_counts(NAME, epochs=epochs, samples=samples, training=training)
    check_core(device.config)
    if plot is not None:
        check_picture(plot)
    found = read_data(Path(data)) if data is not None else generate_data()
    parts = {"training": found.training[:training], "test": found.test[:samples]}
    set_up(device, found.weights)

    total = epochs * sum(map(len, parts.values()))
    done, events = 0, 0
    outputs: list[np.ndarray] = []
    curve: list[dict[str, int]] = []
    predictions: list[int] = []
    start = time.perf_counter()
    cycles = getattr(device, "cycles", None)
    for epoch in range(1, epochs + 1):
        right: dict[str, int] = {}
        for part, chosen in parts.items():
            train = part == "training"
            device.configure(learn=LEARN_ALL if train else 0)
            predictions = []
            for sample in chosen:
                words = present(device, sample, train)
                outputs.append(words)
                predictions.append(int(words[0]) if len(words) else -1)
                events += sample.events
                done += 1
                if progress is not None:
                    progress(done, total)
            right[part] = sum(
                answer == sample.label for answer, sample in zip(predictions, chosen, strict=True)
            )
        curve.append(
            {
                "epoch": epoch,
                "training_correct": right["training"],
                "training_samples": len(parts["training"]),
                "test_correct": right["test"],
                "test_samples": len(parts["test"]),
            }
        )
    seconds = time.perf_counter() - start
    result = TaskResult(
        task=NAME,
        accuracy=curve[-1]["test_correct"] / len(parts["test"]),
        samples=len(parts["test"]),
        events=events,
        output_events=outputs,
        predictions=np.array(predictions),
        labels=np.array([sample.label for sample in parts["test"]]),
        cycles=None if cycles is None else device.cycles - cycles,
        seconds=seconds,
        details={"epochs": curve},
    )
    if plot is not None:
        from .cue_accumulation_plot import save_cue_accumulation

        device.configure(config_mode=1)
        weights = dump_weights(device)
        device.configure(config_mode=0)
        save_cue_accumulation(plot, device.config, found.weights, weights, parts["test"][0], result)
    return result
