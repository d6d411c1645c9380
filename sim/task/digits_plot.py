"""Pictures of what the digits task did: spikes of some images, and which digits were confused."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from .digits import CLASSES, STEPS, DigitsNetwork, Samples
from .picture import new_figure, save_picture
from .result import TaskResult

__all__ = ["plot_confusion", "plot_raster", "save_plot"]

INPUT, HIDDEN, OUTPUT, WRONG, FAINT = "#7a8794", "#2a78b5", "#d1495b", "#b3261e", "#e4e8ec"


def plot_raster(
    figure: Figure | SubFigure,
    network: DigitsNetwork,
    samples: Samples,
    result: TaskResult,
    chosen: list[int],
) -> None:
    """Draw images and, below each, its events: input by source, output by neuron.

    Time runs in the network's time steps. Within a step, events stand in their order. The rows of
    the answers are drawn farther apart than others, and the spike that decides has a ring.

    Parameters
    ----------
    figure : Figure or SubFigure
        Where to draw.
    network : DigitsNetwork
        The network that ran.
    samples : Samples
        The samples that it ran on.
    result : TaskResult
        What came out.
    chosen : list of int
        Indices of the samples to draw, side by side.
    """
    axes = figure.subplots(
        2, len(chosen), squeeze=False, gridspec_kw={"height_ratios": [1, 3.4], "hspace": 0.06}
    )
    bands = [
        ("answers", OUTPUT, 0, network.first_hidden),
        ("hidden", HIDDEN, network.first_hidden, network.first_pixel),
        ("pixels", INPUT, network.first_pixel, network.question),
    ]
    for column, index in enumerate(chosen):
        picture, raster = axes[:, column]
        picture.imshow(samples.images[index].reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        picture.set_xticks([])
        picture.set_yticks([])
        for spine in picture.spines.values():
            spine.set_color(FAINT)
        answer, label = int(result.predictions[index]), int(samples.labels[index])
        right = answer == label
        said = "no answer" if answer < 0 else f"answer {answer}"
        picture.set_title(
            said if right else f"{said}, is {label}",
            fontsize=9,
            color="black" if right else WRONG,
            fontweight="normal" if right else "bold",
        )

        outputs = result.output_events[index * STEPS : (index + 1) * STEPS]
        for step, (sent, fired) in enumerate(
            zip(network.encode(samples.images[index]), outputs, strict=True)
        ):
            sent = sent[sent < network.config.neurons].astype(int)  # without the time references
            raster.scatter(_times(step, len(sent)), _height(sent), 5, INPUT, linewidths=0)
            fired = np.asarray(fired).astype(int)
            times, heights = _times(step, len(fired)), _height(fired)
            answers = fired < CLASSES
            raster.scatter(times[~answers], heights[~answers], 6, HIDDEN, linewidths=0)
            raster.scatter(times[answers], heights[answers], 8, OUTPUT, linewidths=0)
            raster.scatter(
                times[answers][:1],
                heights[answers][:1],
                55,
                "none",
                edgecolors=OUTPUT,
                linewidths=1,
            )
        for step in range(1, STEPS):
            raster.axvline(step, color=FAINT, linewidth=0.8, zorder=0)
        for _, _, _, end in bands:
            raster.axhline(_height(end) - 1, color=FAINT, linewidth=0.8, zorder=0)
        raster.set_xlim(0, STEPS)
        raster.set_ylim(-3, _height(network.answer) + 3)
        raster.set_xticks(
            np.arange(STEPS) + 0.5, ["bright", "grey", "question", "answer"], fontsize=7
        )
        raster.tick_params(length=0)
        raster.set_yticks([])
        for spine in raster.spines.values():
            spine.set_color(FAINT)
    for name, color, start, end in bands:
        axes[1, 0].text(
            -0.12,
            (_height(start) + _height(end - 1)) / 2,
            f"{name}\n{start} to {end - 1}",
            color=color,
            fontsize=8,
            ha="right",
            va="center",
        )


def _height(addresses: np.ndarray | int) -> np.ndarray | int:
    """Return where an address is drawn: the answers take three rows each."""
    return addresses + 2 * np.minimum(addresses, CLASSES)


def _times(step: int, count: int) -> np.ndarray:
    """Return positions of the events of a step, evenly spread."""
    return step + 0.04 + 0.92 * (np.arange(count) + 0.5) / max(count, 1)


def plot_confusion(axes: Axes, result: TaskResult) -> None:
    """Draw how often each digit (row) was given each answer (column), "none" last if it occurs."""
    silent = bool((result.predictions < 0).any())
    columns = CLASSES + silent
    counts = np.zeros((CLASSES, columns), int)
    np.add.at(counts, (result.labels, result.predictions % columns), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Square root, so that the few confusions can be seen beside the many right answers.
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1.15)
    for row, column in zip(*counts.nonzero(), strict=True):
        axes.text(
            column,
            row,
            counts[row, column],
            ha="center",
            va="center",
            fontsize=8,
            color="white" if row == column and shares[row, column] > 0.3 else WRONG,
            fontweight="normal" if row == column else "bold",
        )
    names = [str(digit) for digit in range(CLASSES)]
    axes.set_xticks(range(columns), names + ["none"] * silent)
    axes.set_yticks(range(CLASSES), names)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(columns - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(CLASSES - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("answer")
    axes.set_ylabel("digit")
    right = int((result.predictions == result.labels).sum())
    axes.set_title(f"{right} of {result.samples} right, {result.accuracy:.1%}", fontsize=11)


def _choose(result: TaskResult, count: int) -> list[int]:
    """Choose samples to draw: one of each digit answered rightly, then one mistake, if there
    are.
    """
    right = result.predictions == result.labels
    mistakes = [int(index) for index in np.flatnonzero(~right)[:1]]
    chosen = []
    for digit in range(CLASSES):
        chosen += [int(index) for index in np.flatnonzero(right & (result.labels == digit))[:1]]
    return chosen[: count - len(mistakes)] + mistakes


def save_plot(path: Path | str, result: TaskResult) -> None:
    """Save the spikes of some images and the table of confusions as one picture.

    Parameters
    ----------
    path : Path or str
        File to write; its ending says the format, PNG if it has none.
    result : TaskResult
        What came out; its data are the network that ran and the samples that it ran on.

    Raises
    ------
    InputError
        If the picture cannot be written.
    """
    network, samples = result.plot_data
    figure = new_figure(16, 5.6)
    left, right = figure.subfigures(1, 2, width_ratios=[2.1, 1])
    plot_raster(left, network, samples, result, _choose(result, 5))
    plot_confusion(right.subplots(), result)
    save_picture(figure, path)
