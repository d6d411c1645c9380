"""Picture of the cue-accumulation task: learning curve, weights, and one sample in detail."""

from pathlib import Path

from matplotlib.figure import Figure, SubFigure

from .cue_accumulation import INPUTS, NETWORK, NEURONS, OUTPUTS, RECALL, STEPS, Sample
from .eprop import Learning
from .eprop_plot import (
    FAINT,
    TESTED,
    TRAINED,
    Recording,
    plain,
    plot_learning_curve,
    plot_spikes,
    plot_weights,
    record,
)
from .picture import new_figure, save_picture
from .result import TaskResult

__all__ = ["plot_sample", "save_plot"]

_GROUPS = (("left", 0), ("right", 10), ("recall", 20), ("background", 30))


def plot_sample(figure: Figure | SubFigure, sample: Sample, recording: Recording) -> None:
    """Draw a sample: input spikes, recurrent spikes, traces of all neurons, and outputs."""
    inputs, neurons, traces, outputs = figure.subplots(
        4, 1, sharex=True, gridspec_kw={"height_ratios": [1, 1.5, 1.5, 1]}
    )
    plot_spikes(inputs, neurons, sample, recording, (2, 2))
    inputs.set_ylim(INPUTS, -1)
    inputs.set_yticks([start + 4.5 for _, start in _GROUPS], [name for name, _ in _GROUPS])
    inputs.tick_params(labelsize=8, length=0)
    inputs.set_title(
        f"a test sample, label {sample.label} ({'right' if sample.label else 'left'})", fontsize=11
    )
    neurons.set_ylabel("neuron", fontsize=8)
    traces.imshow(
        recording.traces.T,
        cmap="magma",
        aspect="auto",
        extent=(0, STEPS, NEURONS, 0),
        interpolation="nearest",
    )
    traces.set_ylabel("trace", fontsize=8)
    for number, color in enumerate((TRAINED, TESTED)):
        side = ("left", "right")[number]
        outputs.plot(recording.outputs[:, number], color=color, linewidth=0.9, label=side)
    outputs.axvspan(RECALL, STEPS, color=FAINT, zorder=0)
    outputs.legend(frameon=False, fontsize=8, loc="upper center", ncols=2)
    outputs.set_ylabel("output", fontsize=8)
    outputs.set_xlabel("time step")
    outputs.set_xlim(0, STEPS)
    for axes in (inputs, neurons, traces, outputs):
        plain(axes)


def save_plot(path: Path | str, result: TaskResult) -> None:
    """Save learning curve, weights, and a sample after learning as one picture.

    The first test sample runs on the model with the weights that were learned, whatever device
    learned them.

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
    figure = new_figure(17, 6)
    left, middle, right = figure.subfigures(1, 3, width_ratios=[1, 1.1, 1.7])
    plot_learning_curve(left.subplots(), result, 100 / OUTPUTS)
    plot_weights(middle, learning.before, learning.after)
    sample = learning.samples[0]
    recording = record(NETWORK, learning.config, learning.after, sample)
    plot_sample(right, sample, recording)
    save_picture(figure, path)
