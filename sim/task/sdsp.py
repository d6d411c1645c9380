"""Ten neurons of ODIN that learn to tell digits apart, on chip, in one pass over some images.

Neurons 0 to 9 are the classes, leaky integrate-and-fire neurons with plastic synapses from every
pixel; all other neurons are disabled. A pixel is a source: lit pixels spike once each, the
brightest first. What happens to an image:

1. *Recognition*. The pixels spike, then the *lift* raises all classes alike until the first fires.
   The class that fires first is the answer. A class that fires has calcium 1, too little to learn.
2. *Teaching*, in training only, if a wrong class has fired, either first or within some events (the
   *margin*) after the right one. The teacher lets that rival and the right class fire again with
   virtual events, which gives them calcium 2: now they learn. It then raises the right class above
   the potential threshold of learning; the rival stays below it.
3. *Learning*. Some lit pixels spike again. By SDSP their synapses to the right class grow, those to
   the rival shrink, all others stay. Pixels that were also lit in the last image of the rival's
   class are left out, since they say nothing about the difference.
4. *Recovery*. Time references leak potentials and calcium to zero.

All of this is input events; the host sees nothing but output words. The core runs in open loop, and
the host waits for idle after each event from which on a class may fire. After training, the classes
are loaded again without their learning enable bit, and nothing changes any more.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np

from ...hdl.error import InputError
from ...hdl.neuron.word import lif_word
from ...hdl.odin.config import OdinConfig
from ...hdl.odin.event import OdinEvents
from ..device import Device
from .result import Progress, TaskResult

__all__ = [
    "CLASSES",
    "LIFT",
    "Learner",
    "Samples",
    "Settings",
    "check_core",
    "encode",
    "learn_and_test",
]

CLASSES = 10

#: Source address of the lift, and so a pixel that is never sent: the upper left corner.
LIFT = 0

#: Leak at each time reference; two of them clear every potential below the highest threshold.
LEAK, CLEARING_TICKS = 127, 2

#: Time references that take one off the calcium: as many as follow an image that teaches nothing.
CALCIUM_PERIOD = CLEARING_TICKS + 1

#: Calcium at which a class learns.
LEARNING_CALCIUM = 2

#: Weight of the teacher's virtual events.
TEACHER_WEIGHT = 7

#: The chip's highest threshold and calcium threshold.
HIGHEST_THRESHOLD, HIGHEST_CALCIUM = 255, 7


@dataclass(frozen=True)
class Samples:
    """Images as the core gets them.

    Attributes
    ----------
    spikes : list of ndarray
        For each image its lit pixels, in the order in which they spike.
    labels : ndarray of int
        Digits, 0 to 9.
    """

    spikes: list[np.ndarray]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, part: slice) -> Self:
        return type(self)(self.spikes[part], self.labels[part])


def encode(images: np.ndarray, labels: np.ndarray, level: int) -> Samples:
    """Turn images into spikes: pixels of at least a level, in order of brightness.

    Parameters
    ----------
    images : ndarray of int
        Array of (samples, pixels). Equally bright pixels spike in the order of their numbers.
    labels : ndarray of int
        Digits.
    level : int
        Brightness from which on a pixel is lit. The first pixel never is: its address is the
        lift's.
    """
    images = np.asarray(images).astype(np.int64)
    lit = images >= level
    lit[:, LIFT] = False
    order = np.argsort(-images, axis=1, kind="stable")
    spikes = [row[chosen[row]] for row, chosen in zip(order, lit, strict=True)]
    return Samples(spikes, np.asarray(labels).astype(np.int64))


@dataclass(frozen=True)
class Learning:
    """What a picture of learning is drawn from.

    Attributes
    ----------
    right : ndarray of bool
        Whether each training image was answered rightly before it was learnt.
    weights : ndarray of int
        Array of (pixels, classes).
    """

    right: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the classes learn; all numbers are chosen for each set of images.

    Pairs are values for the first and the last training image; between them they change evenly.

    Attributes
    ----------
    threshold : int
        Potential at which a class fires.
    learning_threshold : int
        Potential from which on a class that learns is strengthened, below it is weakened.
    initial_weight : int
        All plastic weights at first.
    lift_weight : int
        What an event of the lift adds to each class.
    learning_events : pair of float
        Pixels that spike again when something is learnt; fractions add up over the images.
    margin : pair of float
        Events for which training goes on after the right class has fired, to see if another does.
    seed : int
        Seed of the choice of pixels that spike again.
    """

    threshold: int
    learning_threshold: int
    initial_weight: int
    lift_weight: int
    learning_events: tuple[float, float]
    margin: tuple[float, float]
    seed: int = 0


def _between(pair: tuple[float, float], part: Fraction) -> Fraction:
    first, last = map(Fraction, pair)
    return first + (last - first) * part


def check_core(config: OdinConfig, pixels: int, settings: Settings, name: str) -> None:
    """Check that a core can do a task.

    Raises
    ------
    InputError
        If it cannot.
    """
    for parameter, least in (("neurons", pixels), ("lif", 1), ("plasticity", 1)):
        value = getattr(config, parameter)
        if value < least:
            raise InputError(f"{name}: {parameter} is {value}, this task needs at least {least}")
    needed = max(settings.initial_weight, settings.lift_weight)
    if (1 << config.weight_bits) - 1 < needed:
        raise InputError(
            f"{name}: weight_bits is {config.weight_bits}, this task has weights up to {needed}"
        )


class Learner:
    """Ten classes on a device.

    Parameters
    ----------
    device : Device
        A device of an ODIN core; it is loaded and left ready to learn.
    pixels : int
        Pixels of an image.
    settings : Settings
        How to learn.
    name : str
        Name of the task, for messages.

    Attributes
    ----------
    events : int
        Input events sent so far.
    outputs : list of ndarray
        Output words of each settle so far.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """

    def __init__(self, device: Device, pixels: int, settings: Settings, name: str = "sdsp") -> None:
        config = device.config
        check_core(config, pixels, settings, name)
        self._highest_weight = (1 << config.weight_bits) - 1
        self.device, self.pixels, self.settings = device, pixels, settings
        self.events, self.outputs = 0, []
        self._words = OdinEvents(config)
        self._spike = np.array([self._words.spike(pixel) for pixel in range(pixels)])
        self._load()

    def _class_word(self, learning: bool) -> int:
        settings = self.settings
        return lif_word(
            threshold=settings.threshold,
            leak=LEAK,
            leak_enable=1,
            learning_enable=int(learning),
            learning_threshold=settings.learning_threshold,
            calcium_threshold_1=LEARNING_CALCIUM,
            calcium_threshold_2=HIGHEST_CALCIUM,
            calcium_threshold_3=HIGHEST_CALCIUM,
            calcium_period=CALCIUM_PERIOD,
        )

    def _load(self) -> None:
        config, device, settings = self.device.config, self.device, self.settings
        device.configure(gate=1, open_loop=1, output_source=0, monitor_enable=0)
        # The lift's synapses have no mapping bit: they act, and do not learn.
        device.configure(propagate_unmapped=1, learn_unmapped=0)
        device.configure(**{f"sign_{index}": 0 for index in range(config.neurons // 16)})
        idle = lif_word(threshold=HIGHEST_THRESHOLD, disabled=1)
        device.load(
            "neurons",
            [self._class_word(True)] * CLASSES + [idle] * (config.neurons - CLASSES),
        )
        plastic = 1 << config.weight_bits | settings.initial_weight
        synapses = np.zeros((config.neurons, config.neurons), dtype=np.uint64)
        synapses[: self.pixels, :CLASSES] = plastic
        synapses[LIFT, :CLASSES] = settings.lift_weight
        shifts = np.arange(8, dtype=np.uint64) * np.uint64(config.weight_bits + 1)
        device.load("synapses", np.bitwise_or.reduce(synapses.reshape(-1, 8) << shifts, axis=1))
        device.configure(gate=0)
        # Flags are not defined before; a whole calcium period, so that none is left half done.
        self._send([self._words.tick()] * CALCIUM_PERIOD)

    def stop_learning(self) -> None:
        """Take the learning enable bit off the classes: no synapse changes any more."""
        self.device.configure(gate=1)
        self.device.load("neurons", [self._class_word(False)] * CLASSES)
        self.device.configure(gate=0)

    def weights(self) -> np.ndarray:
        """Read the weights from the core: an array of (pixels, 10); the lift's are 0."""
        config = self.device.config
        self.device.configure(gate=1)
        words = self.device.dump("synapses", count=self.pixels * config.neurons // 8)
        self.device.configure(gate=0)
        shifts = np.arange(8, dtype=np.uint64) * np.uint64(config.weight_bits + 1)
        nibbles = words[:, np.newaxis].astype(np.uint64) >> shifts
        weights = (nibbles & np.uint64(self._highest_weight)).astype(np.int64)
        weights = weights.reshape(self.pixels, config.neurons)[:, :CLASSES]
        weights[LIFT] = 0
        return weights

    def _send(self, events: Sequence[int] | np.ndarray) -> list[int]:
        """Send events, wait until the core is idle, and return who has fired."""
        self.device.send(events)
        self.events += len(events)
        self.outputs.append(self.device.settle())
        return self.outputs[-1].tolist()

    def _recognise(self, pixels: np.ndarray, label: int | None, margin: int) -> list[int]:
        """Show an image; return the classes that fire, in order.

        Without a label the first is all. With one, that is awaited too, and the events of the
        margin after it, unless a wrong class fires before.
        """
        lifts = -(-self.settings.threshold // self.settings.lift_weight)
        events = np.concatenate([self._spike[pixels], np.full(lifts, self._spike[LIFT])])
        # Before so many events no class can reach its threshold.
        done = min((self.settings.threshold - 1) // self._highest_weight, len(events) - 1)
        fired = self._send(events[:done])
        for event in events[done:]:
            fired += self._send([event])
            if any(neuron != label for neuron in fired):
                break
            if fired:
                if not margin:
                    break
                margin -= 1
        return fired

    def answer(self, pixels: np.ndarray) -> int:
        """Show an image and return the answer, without learning."""
        fired = self._recognise(pixels, None, 0)
        self._send([self._words.tick()] * CLEARING_TICKS)
        return fired[0]

    def _fire(self, neuron: int) -> None:
        """Let a neuron fire by the teacher's virtual events."""
        event = self._words.virtual(neuron, TEACHER_WEIGHT)
        while neuron not in self._send([event]):
            pass

    def _teach(self, label: int, rival: int, fired: list[int], pixels: np.ndarray) -> None:
        """Strengthen the synapses from some pixels to the label, weaken those to the rival."""
        self._fire(rival)
        for _ in range(LEARNING_CALCIUM - fired.count(label)):
            self._fire(label)
        raises = -(-self.settings.learning_threshold // TEACHER_WEIGHT)
        self._send([self._words.virtual(label, TEACHER_WEIGHT)] * raises)
        self._send(self._spike[pixels])

    def learn(self, samples: Samples, progress: Progress | None = None) -> np.ndarray:
        """Learn images, one pass in their order; return the answers given before each was learnt.

        Parameters
        ----------
        samples : Samples
            Images and labels.
        progress : callable, optional
            Called after each image with the number of images done and the total.
        """
        settings = self.settings
        # A sequence that NumPy guarantees for ever.
        random = np.random.RandomState(settings.seed)
        answers, budget = [], Fraction(0)
        last: dict[int, np.ndarray] = {}
        for index, (pixels, label) in enumerate(
            zip(samples.spikes, samples.labels.tolist(), strict=True)
        ):
            part = Fraction(index, len(samples))
            shuffled = random.permutation(pixels)
            fired = self._recognise(pixels, label, int(_between(settings.margin, part)))
            answers.append(fired[0])
            self._send([self._words.tick()])
            rival = next((neuron for neuron in fired if neuron != label), None)
            ticks = CLEARING_TICKS
            if rival is not None:
                budget += _between(settings.learning_events, part)
                differing = shuffled[~np.isin(shuffled, last.get(rival, []))]
                count = int(budget)
                budget -= count
                self._teach(label, rival, fired, differing[:count])
                # One more calcium to get rid of.
                ticks += CALCIUM_PERIOD * (LEARNING_CALCIUM - 1)
            self._send([self._words.tick()] * ticks)
            last[label] = pixels
            if progress is not None:
                progress(index + 1, len(samples))
        return np.array(answers)

    def test(self, samples: Samples, progress: Progress | None = None) -> np.ndarray:
        """Return the answers to images; nothing is learnt from them after `stop_learning`."""
        answers = []
        for pixels in samples.spikes:
            answers.append(self.answer(pixels))
            if progress is not None:
                progress(len(answers), len(samples))
        return np.array(answers)


def learn_and_test(
    device: Device,
    name: str,
    settings: Settings,
    pixels: int,
    training: Samples,
    test: Samples,
    *,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
) -> TaskResult:
    """Learn images on a device and test others.

    Parameters
    ----------
    device : Device
        A device of an ODIN core.
    name : str
        Name of the task.
    settings : Settings
        How to learn.
    pixels : int
        Pixels of an image.
    training, test : Samples
        The images.
    keep_plot_data : bool
        Keep what `save_plot` of `sdsp_plot` draws.
    progress : callable, optional
        Called after each image with the number of images done, training and test, and the total.

    Raises
    ------
    InputError
        If the core cannot do the task or there are no samples.
    """
    if not len(training) or not len(test):
        raise InputError(f"{name}: no samples")
    learner = Learner(device, pixels, settings, name)
    total = len(training) + len(test)

    def note(before: int) -> Progress | None:
        if progress is None:
            return None
        return lambda done, _: progress(before + done, total)

    phases: list[dict[str, Any]] = []

    def timed(phase: str, samples: Samples, work: Any, before: int) -> np.ndarray:
        events, cycle = learner.events, getattr(device, "cycles", None)
        start = time.perf_counter()
        answers = work(samples, note(before))
        phases.append(
            {
                "phase": phase,
                "images": len(samples),
                "correct": int((answers == samples.labels).sum()),
                "events": learner.events - events,
                "cycles": None if cycle is None else device.cycles - cycle,
                "seconds": time.perf_counter() - start,
            }
        )
        return answers

    learned = timed("learning", training, learner.learn, 0)
    weights = learner.weights()
    learner.stop_learning()
    answers = timed("test", test, learner.test, len(training))
    cycles = [phase["cycles"] for phase in phases]
    return TaskResult(
        task=name,
        correct=phases[-1]["correct"],
        samples=len(test),
        events=sum(phase["events"] for phase in phases),
        output_events=learner.outputs,
        predictions=answers,
        labels=test.labels,
        cycles=None if None in cycles else sum(cycles),
        seconds=sum(phase["seconds"] for phase in phases),
        details={"phases": phases},
        plot_data=Learning(learned == training.labels, weights) if keep_plot_data else None,
    )
