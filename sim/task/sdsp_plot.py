"""Picture of what learning on chip came to: learning curve, weights, and confusions."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from .digits_plot import plot_confusion
from .picture import new_figure, save_picture
from .result import TaskResult
from .sdsp import Learning

__all__ = ["plot_learning", "plot_weights", "save_plot"]

CURVE, TESTED, FAINT = "#2a78b5", "#d1495b", "#e4e8ec"


def plot_learning(axes: Axes, right: np.ndarray, accuracy: float) -> None:
    """Draw the share of right answers while learning, each given before its image was learnt.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    right : ndarray of bool
        Whether each training image was answered rightly.
    accuracy : float
        Share of right answers in the test, drawn as a line.
    """
    window = max(1, min(500, len(right) // 6))
    done = np.arange(1, len(right) + 1)
    total = np.concatenate([[0], np.cumsum(right)])
    share = (total[done] - total[np.maximum(done - window, 0)]) / np.minimum(done, window)
    axes.plot(done, 100 * share, color=CURVE, linewidth=1.3)
    axes.axhline(100 * accuracy, color=TESTED, linewidth=1, linestyle="--")
    axes.text(
        0.97 * len(right),
        100 * accuracy - 2,
        f"test {accuracy:.1%}",
        color=TESTED,
        ha="right",
        va="top",
        fontsize=9,
    )
    axes.set_xlim(0, len(right))
    axes.set_ylim(0, 102)
    axes.grid(color=FAINT)
    axes.set_xlabel("training images, each shown once")
    axes.set_ylabel(f"right answers among the last {window}, %")
    axes.set_title("answers before each image was learnt", fontsize=11)
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def plot_weights(figure: Figure | SubFigure, weights: np.ndarray) -> None:
    """Draw the weights of each class as an image.

    Parameters
    ----------
    figure : Figure or SubFigure
        Where to draw.
    weights : ndarray of int
        Array of (pixels, classes).
    """
    side = round(len(weights) ** 0.5)
    axes = figure.subplots(2, weights.shape[1] // 2).ravel()
    for digit, place in enumerate(axes):
        place.imshow(
            weights[:, digit].reshape(side, side), cmap="gray_r", vmin=0, vmax=max(7, weights.max())
        )
        place.set_xticks([])
        place.set_yticks([])
        for spine in place.spines.values():
            spine.set_color(FAINT)
        place.set_title(str(digit), fontsize=9)
    figure.suptitle("weights after learning", fontsize=11)


def save_plot(path: Path | str, result: TaskResult) -> None:
    """Save learning curve, weights and confusions of the test as one picture.

    Parameters
    ----------
    path : Path or str
        File to write; its ending says the format, PNG if it has none.
    result : TaskResult
        What came out of the test; its data are `Learning`.

    Raises
    ------
    InputError
        If the picture cannot be written.
    """
    learning: Learning = result.plot_data
    figure = new_figure(16, 4.4)
    left, middle, last = figure.subfigures(1, 3, width_ratios=[1, 1.3, 1])
    plot_learning(left.subplots(), learning.right, result.accuracy)
    plot_weights(middle, learning.weights)
    plot_confusion(last.subplots(), result)
    save_picture(figure, path, 110)
