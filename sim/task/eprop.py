"""What tasks share that learn on ReckOn with e-prop: a recurrent network that learns and is
tested.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.reckon.config import ReckonConfig
from ...hdl.reckon.layout import pack_neuron_word
from ..device import Device
from .result import NO_ANSWER, Progress, TaskResult
from .shipped import read_arrays

__all__ = [
    "LEARN_ALL",
    "WEIGHT_BITS",
    "Network",
    "Sample",
    "Weights",
    "load_weights",
    "make_neuron_word",
]

#: Weights by memory, arrays of signed integers, pre-synaptic neurons in rows.
Weights = dict[str, np.ndarray]

WEIGHT_BITS = 8

#: Register `learn` in training: all weights.
LEARN_ALL = 7


@dataclass(frozen=True)
class Sample:
    """What is presented to a network, time step by time step.

    Attributes
    ----------
    spikes : tuple of ndarray
        For each time step the inputs that spike before the tick that ends it.
    label : int
        The right answer.
    """

    spikes: tuple[np.ndarray, ...]
    label: int

    @property
    def events(self) -> int:
        """Number of spikes."""
        return sum(map(len, self.spikes))


def _pack_rows(weights: np.ndarray, lanes: int) -> list[int]:
    """Put weights into words: each row begins a word, and its last word is filled with zeros."""
    words = []
    for row in weights.tolist():
        for start in range(0, len(row), lanes):
            data = bytes(weight & 0xFF for weight in row[start : start + lanes])
            words.append(int.from_bytes(data, "little"))
    return words


def load_weights(device: Device, weights: Weights) -> None:
    """Write weights into the core; `config_mode` is 1. Words without any of them stay as they
    are.
    """
    config: ReckonConfig = device.config
    for memory, values in weights.items():
        if memory == "weights_out":
            device.load(memory, _pack_rows(values, config.outputs))
            continue
        words = _pack_rows(values, config.weight_lanes)
        row = len(words) // len(values)
        for index in range(len(values)):
            device.load(memory, words[row * index : row * (index + 1)], index * config.groups)


def make_neuron_word(config: ReckonConfig, threshold: int, alpha: int) -> int:
    """Return a neuron word at rest, given the threshold and the low bits of alpha."""
    return pack_neuron_word(config, (), threshold=threshold, alpha=alpha)


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What a picture of learning is drawn from.

    Attributes
    ----------
    config : ReckonConfig
        The core.
    before, after : dict of ndarray
        Weights by memory.
    samples : sequence of Sample
        Test samples.
    """

    config: ReckonConfig
    before: Weights
    after: Weights
    samples: Sequence[Sample]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A recurrent network that learns a task on a core.

    Attributes
    ----------
    task : str
        Name of the task.
    inputs, neurons, outputs : int
        How many of them it has.
    threshold, alpha : int
        Threshold of all neurons, and the low bits of their alpha.
    settings : mapping of int
        Values of registers; those not named are 0.
    spreads : mapping of float
        Standard deviation of random weights, by memory.
    learning : int
        Time step of a sample from which on there is a label and weights learn.
    inference : int
        Time step from which on winners are counted.
    """

    task: str
    inputs: int
    neurons: int
    outputs: int
    threshold: int
    alpha: int
    settings: Mapping[str, int]
    spreads: Mapping[str, float]
    learning: int
    inference: int

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Shapes of the arrays of weights: pre-synaptic and post-synaptic neurons."""
        return {
            "weights_in": (self.inputs, self.neurons),
            "weights_rec": (self.neurons, self.neurons),
            "weights_out": (self.neurons, self.outputs),
        }

    def check_core(self, config: CoreConfig) -> None:
        """Check that a core can do the task.

        Raises
        ------
        InputError
            If it is another core, too small, has other weights or does not learn.
        """
        if not isinstance(config, ReckonConfig):
            raise InputError(f"{self.task}: the core is {config.core}, allowed is reckon")
        for name, least in (("neurons", self.neurons), ("outputs", self.outputs)):
            value = getattr(config, name)
            if value < least:
                raise InputError(f"{self.task}: {name} is {value}, allowed is {least} or more")
        for name, needed in (("weight_bits", WEIGHT_BITS), ("learning", 1)):
            value = getattr(config, name)
            if value != needed:
                raise InputError(f"{self.task}: {name} is {value}, allowed is {needed}")

    def check(self, config: CoreConfig, **counts: int | None) -> None:
        """Check what a task was asked for, before anything is done.

        Parameters
        ----------
        config : CoreConfig
            The core.
        **counts : int, optional
            Numbers of samples and epochs; those that are None were not given.

        Raises
        ------
        InputError
            If a number is less than 1 or the core cannot do the task.
        """
        for name, count in counts.items():
            if count is not None and count < 1:
                raise InputError(f"{self.task}: {name} is {count}, allowed is 1 or more")
        self.check_core(config)

    def initial_weights(self) -> Weights:
        """Read the weights to begin with, which are shipped; see `shipped`."""
        return read_arrays(self.task)

    def random_weights(self, seed: int) -> Weights:
        """Draw weights to begin with; no neuron has one to itself.

        They are normal random numbers, rounded: in floating point, so another machine may give
        others.
        """
        random = np.random.RandomState(seed)
        limit = 1 << (WEIGHT_BITS - 1)
        weights = {
            memory: np.clip(
                np.rint(random.normal(0, self.spreads[memory], shape)), -limit, limit - 1
            ).astype(int)
            for memory, shape in self.shapes.items()
        }
        np.fill_diagonal(weights["weights_rec"], 0)
        return weights

    def set_up(self, device: Device, weights: Weights) -> None:
        """Write all registers, neurons and weights; afterwards `config_mode` is 0.

        Parameters
        ----------
        device : Device
            A device of a core in IDLE.
        weights : dict of ndarray
            Weights by memory.

        Raises
        ------
        InputError
            If the core cannot do the task.
        """
        config: ReckonConfig = device.config
        self.check_core(config)
        device.configure(config_mode=1)
        values = {register.name: 0 for register in device.registers} | dict(self.settings)
        mask = {register.name: (1 << register.width) - 1 for register in device.registers}
        del values["config_mode"]
        # Seeds of lanes that are not there have no bits.
        device.configure(**{name: value & mask[name] for name, value in values.items()})
        word = make_neuron_word(config, self.threshold, self.alpha)
        device.load("neurons", [word] * (self.neurons // config.neuron_lanes))
        load_weights(device, weights)
        device.configure(config_mode=0)

    def dump_weights(self, device: Device) -> Weights:
        """Read the weights of the network from the core; `config_mode` is 1."""
        config: ReckonConfig = device.config
        found: Weights = {}
        for memory, (rows, columns) in self.shapes.items():
            lanes = config.outputs if memory == "weights_out" else config.weight_lanes
            step = 1 if memory == "weights_out" else config.groups
            used = -(-columns // lanes)
            words = [
                int(word)
                for index in range(rows)
                for word in device.dump(memory, index * step, used)
            ]
            data = b"".join(word.to_bytes(lanes, "little") for word in words)
            found[memory] = (
                np.frombuffer(data, dtype=np.int8).reshape(rows, -1)[:, :columns].astype(int)
            )
        return found

    def learnt_weights(self, device: Device) -> Weights:
        """Read the weights of the network from the core, which is in IDLE; `config_mode` is 0."""
        device.configure(config_mode=1)
        weights = self.dump_weights(device)
        device.configure(config_mode=0)
        return weights

    def present(self, device: Device, sample: Sample, train: bool) -> np.ndarray:
        """Present a sample, with its label if the core is to learn; return the output words.

        Register `learn` says which weights change. `device` is in IDLE, before and afterwards.
        """
        device.drive(sample=1)
        for step, spikes in enumerate(sample.spikes):
            if step == self.learning and train:
                device.send([1 << device.config.event_address_bits | sample.label])
                device.drive(target_valid=1)
            if step == self.inference:
                device.drive(infer_accumulate=1)
            if len(spikes):
                device.send(spikes)
            if step == len(sample.spikes) - 1:
                device.drive(sample=0)
            device.tick()
        words = device.settle()
        device.drive(target_valid=0, infer_accumulate=0)
        return words

    def learn_and_test(
        self,
        device: Device,
        weights: Weights,
        training: Sequence[Sample],
        test: Sequence[Sample],
        *,
        rates: Sequence[Mapping[str, int]],
        shuffle: np.random.RandomState | None = None,
        progress: Progress | None = None,
        note: Callable[[dict[str, int]], None] | None = None,
    ) -> TaskResult:
        """Learn from given weights on, and test after each epoch with learning off.

        Weights and random generators are carried on from sample to sample.

        Parameters
        ----------
        device : Device
            A device of a core that can do the task, in IDLE.
        weights : dict of ndarray
            Weights to begin with.
        training, test : sequence of Sample
            Samples to learn from and to test with, one or more.
        rates : sequence of mapping
            For each epoch the registers that it sets anew.
        shuffle : RandomState, optional
            Puts the training samples into another order in each epoch.
        progress : callable, optional
            Called after each sample with the number of samples done, training and test, and the
            total.
        note : callable, optional
            Called after each epoch with its right answers.

        Returns
        -------
        TaskResult
            Figures are those of the test of the last epoch, but events, time and output words those
            of all samples. `details` has `epochs`: the right answers of each.

        Raises
        ------
        InputError
            If the core cannot do the task.
        """
        self.set_up(device, weights)
        total = len(rates) * (len(training) + len(test))
        outputs: list[np.ndarray] = []
        curve: list[dict[str, int]] = []
        predictions = np.zeros(0, dtype=int)
        events = 0
        start, cycles = time.perf_counter(), getattr(device, "cycles", None)
        for epoch, settings in enumerate(rates, 1):
            found = {"epoch": epoch}
            learnt = training
            if shuffle is not None:
                learnt = [training[index] for index in shuffle.permutation(len(training))]
            for part, samples in (("training", learnt), ("test", test)):
                train = part == "training"
                device.configure(learn=LEARN_ALL if train else 0, **settings)
                answers = []
                for sample in samples:
                    words = self.present(device, sample, train)
                    outputs.append(words)
                    answers.append(int(words[0]) if len(words) else NO_ANSWER)
                    events += sample.events
                    if progress is not None:
                        progress(len(outputs), total)
                predictions = np.array(answers)
                right = predictions == [sample.label for sample in samples]
                found |= {f"{part}_correct": int(right.sum()), f"{part}_samples": len(samples)}
            curve.append(found)
            if note is not None:
                note(found)
        return TaskResult(
            task=self.task,
            correct=curve[-1]["test_correct"],
            samples=len(test),
            events=events,
            output_events=outputs,
            predictions=predictions,
            labels=np.array([sample.label for sample in test]),
            cycles=None if cycles is None else device.cycles - cycles,
            seconds=time.perf_counter() - start,
            details={"epochs": curve},
        )
