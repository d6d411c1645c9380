"""What pictures of tasks on ReckOn share: a sample seen from inside, and weights before and
after.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ...hdl.reckon.config import ReckonConfig
from ...hdl.reckon.layout import STATE
from ..model import open_model
from .eprop import Network, Sample, Weights
from .result import TaskResult

__all__ = [
    "FAINT",
    "TESTED",
    "TRAINED",
    "Recording",
    "plain",
    "plot_learning_curve",
    "plot_spikes",
    "plot_weights",
    "record",
]

TRAINED, TESTED, INPUT, FAINT = "#2a78b5", "#d1495b", "#7a8794", "#e4e8ec"


@dataclass(frozen=True)
class Recording:
    """What a sample did inside the network, by time step.

    Attributes
    ----------
    spikes : ndarray of bool
        Spikes of the recurrent neurons.
    traces : ndarray of float
        Their recurrent traces, in units of spikes.
    outputs : ndarray of int
        Potentials of the outputs.
    """

    spikes: np.ndarray
    traces: np.ndarray
    outputs: np.ndarray


def record(network: Network, config: ReckonConfig, weights: Weights, sample: Sample) -> Recording:
    """Present a sample to the model of a core, without learning, and look inside at every step."""
    neurons, outputs, lanes = network.neurons, network.outputs, config.neuron_lanes
    trace = STATE["recurrent_trace"]
    full = (1 << trace.width) - 1
    traces = np.zeros((len(sample.spikes), neurons), dtype=int)
    potentials = np.zeros((len(sample.spikes), outputs), dtype=int)
    with open_model(config) as model:
        network.set_up(model, weights)
        model.configure(learn=0, force_traces=1)
        model.drive(sample=1)
        for step, inputs in enumerate(sample.spikes):
            model.send(inputs)
            model.tick()
            model.configure(config_mode=1)
            words = model.dump("neurons", 0, -(-neurons // lanes))
            found = model.dump("outputs", 0, outputs).astype(int)
            model.configure(config_mode=0)
            states = [
                int(word) >> STATE.size * lane + trace.offset & full
                for word in words
                for lane in range(lanes)
            ]
            traces[step] = states[:neurons]
            potentials[step] = (found ^ 0x8000) - 0x8000
    # A trace only grows, or stays full, when its neuron spikes.
    spiked = (np.diff(traces, axis=0, prepend=0) > 0) | (traces == full)
    return Recording(spiked, traces / (8 << network.settings["frac_trace_rec"]), potentials)


def plain(axes: Axes) -> None:
    """Make the frame of a diagram faint."""
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def plot_learning_curve(axes: Axes, result: TaskResult, chance: float) -> None:
    """Draw the right answers in training and test, by epoch, from a bit below chance on."""
    epochs = result.details["epochs"]
    numbers = [item["epoch"] for item in epochs]
    for part, color in (("training", TRAINED), ("test", TESTED)):
        shares = [100 * item[f"{part}_correct"] / item[f"{part}_samples"] for item in epochs]
        axes.plot(numbers, shares, "o-", color=color, linewidth=1.3, markersize=4, label=part)
    axes.axhline(chance, color=FAINT, linewidth=1, zorder=0)
    axes.set_ylim(chance - 10, 102)
    axes.set_xticks(numbers if len(numbers) <= 20 else numbers[:: len(numbers) // 10])
    axes.set_xlabel("epoch")
    axes.set_ylabel("right answers, %")
    axes.set_title("learning curve", fontsize=11)
    axes.grid(color=FAINT)
    axes.legend(frameon=False, loc="lower right")
    plain(axes)


def plot_spikes(
    inputs: Axes, neurons: Axes, sample: Sample, recording: Recording, sizes: tuple[float, float]
) -> None:
    """Draw the spikes of all inputs and recurrent neurons, the first of each on top; a size for
    each.
    """
    times = np.repeat(np.arange(len(sample.spikes)), [len(step) for step in sample.spikes])
    inputs.scatter(times, np.concatenate(sample.spikes), sizes[0], INPUT, linewidths=0)
    times, index = recording.spikes.nonzero()
    neurons.scatter(times, index, sizes[1], TRAINED, linewidths=0)
    neurons.set_ylim(recording.spikes.shape[1], -1)


def plot_weights(figure: Figure | SubFigure, before: Weights, after: Weights) -> None:
    """Draw all weights before (above) and after learning (below), and how much they changed."""
    names = {"weights_in": "input", "weights_rec": "recurrent", "weights_out": "output"}
    grid = figure.subplots(3, len(names), gridspec_kw={"width_ratios": [1, 1.4, 0.3]})
    for column, (memory, name) in enumerate(names.items()):
        old, new = before[memory].T, after[memory].T
        if memory == "weights_out":
            old, new = old.T, new.T
        limit = max(1, int(np.abs(np.stack([old, new])).max()))
        change = max(1, int(np.abs(new - old).max()))
        for row, (values, top, title) in enumerate(
            (
                (old, limit, f"{name}, before"),
                (new, limit, "after"),
                (new - old, change, f"change, up to {change}"),
            )
        ):
            axes = grid[row, column]
            axes.imshow(
                values, cmap="RdBu_r", vmin=-top, vmax=top, aspect="auto", interpolation="nearest"
            )
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(title, fontsize=8)
            plain(axes)
