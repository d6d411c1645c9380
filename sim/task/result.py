"""What a task gives back, whatever the task, the core and the device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["NO_ANSWER", "Progress", "TaskResult"]

#: Among the predictions: none was given.
NO_ANSWER = -1

#: Called as a task goes on, with what is done and with the total.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """Outcome of a task on a device.

    Attributes
    ----------
    task : str
        Name of the task.
    correct : int
        Samples that were answered rightly.
    samples : int
        Number of samples.
    events : int
        Input events sent.
    output_events : list of ndarray
        Output words, one array for each `settle`; equal on all devices.
    predictions, labels : ndarray of int
        Answers given, or `NO_ANSWER`, and right answers.
    cycles : int or None
        Clock cycles spent on the samples, without the loading of memories; None if the device does
        not count them.
    seconds : float
        Time spent on the samples, without the loading of memories.
    passed : bool
        False if the task has something that it must reach, and did not.
    details : mapping
        What the task reports beside the figures, for JSON.
    plot_data : object
        What a picture of the task is drawn from, in a form of its own; None if it was not asked
        for.
    """

    task: str
    correct: int
    samples: int
    events: int
    output_events: list[np.ndarray]
    predictions: np.ndarray
    labels: np.ndarray
    cycles: int | None
    seconds: float
    passed: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)
    plot_data: Any = None

    @property
    def accuracy(self) -> float:
        """Part of the samples that were answered rightly, 0 to 1."""
        return self.correct / self.samples if self.samples else 1.0

    def summary(self) -> dict[str, Any]:
        """Return the figures without the arrays, as reports print them."""
        return {
            "task": self.task,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "samples": self.samples,
            "events": self.events,
            "cycles": self.cycles,
            "seconds": self.seconds,
        }
