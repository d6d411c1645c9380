"""Picture of the digits task on ReckOn: learning curve, weights, samples in detail, and
confusions.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure, SubFigure

from .digits import CLASSES
from .digits_eprop import INPUTS, LEARNING, NETWORK, STEPS, Sample
from .digits_plot import plot_confusion
from .eprop import Learning
from .eprop_plot import (
    FAINT,
    TESTED,
    Recording,
    plain,
    plot_learning_curve,
    plot_spikes,
    plot_weights,
    record,
)
from .picture import new_figure, save_picture
from .result import TaskResult

__all__ = ["plot_samples", "save_plot"]

OTHER = "#b9c3cc"

#: Samples in detail.
_SHOWN = 3


def plot_samples(
    figure: Figure | SubFigure, samples: list[Sample], recordings: list[Recording]
) -> None:
    """Draw samples, one a column: input spikes, recurrent spikes, and outputs."""
    grid = figure.subplots(
        3,
        len(samples),
        sharex=True,
        sharey="row",
        squeeze=False,
        gridspec_kw={"height_ratios": [1.2, 1.2, 1]},
    )
    for (inputs, neurons, outputs), sample, recording in zip(
        grid.T, samples, recordings, strict=True
    ):
        plot_spikes(inputs, neurons, sample, recording, (4, 3))
        inputs.set_ylim(INPUTS, -1)
        inputs.set_title(f"a {sample.label} of the test half", fontsize=10)
        for digit in range(CLASSES):
            right = digit == sample.label
            outputs.plot(
                recording.outputs[:, digit],
                color=TESTED if right else OTHER,
                linewidth=1.4 if right else 0.8,
                zorder=3 if right else 2,
            )
        outputs.axvspan(LEARNING, STEPS - 1, color=FAINT, zorder=0)
        outputs.set_xlim(-0.5, STEPS - 0.5)
        outputs.set_xlabel("time step", fontsize=8)
        for axes in (inputs, neurons, outputs):
            axes.tick_params(labelsize=7, length=2)
            plain(axes)
    for axes, name in zip(grid[:, 0], ("input", "neuron", "output"), strict=True):
        axes.set_ylabel(name, fontsize=8)


def _choose(samples: Sequence[Sample]) -> list[Sample]:
    """Choose samples to draw: the first of each of some digits."""
    first = {sample.label: sample for sample in reversed(samples)}
    return [first[label] for label in sorted(first)][:_SHOWN]


def save_plot(path: Path | str, result: TaskResult) -> None:
    """Save learning curve, weights, some samples after learning, and confusions as one picture.

    The samples run on the model with the weights that were learned, whatever device learned them.

    Parameters
    ----------
    path : Path or str
        File to write; its ending says the format, PNG if it has none.
    result : TaskResult
        What came out; its data are `Learning`.

    Raises
    ------
    InputError
        If the picture cannot be written.
    """
    learning: Learning = result.plot_data
    figure = new_figure(19, 5)
    curve, weights, inside, confusion = figure.subfigures(1, 4, width_ratios=[0.9, 1.3, 1.5, 1.1])
    plot_learning_curve(curve.subplots(), result, 100 / CLASSES)
    plot_weights(weights, learning.before, learning.after)
    chosen = _choose(learning.samples)
    recordings = [record(NETWORK, learning.config, learning.after, sample) for sample in chosen]
    plot_samples(inside, chosen, recordings)
    plot_confusion(confusion.subplots(), result)
    save_picture(figure, path, 110)
