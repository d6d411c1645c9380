"""Picture of the twenty behaviours: input, potential and spikes of each, twenty panels."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from .izhikevich import Outcome
from .picture import new_figure, save_picture
from .result import TaskResult

__all__ = ["plot_behaviour", "save_plot"]

POTENTIAL, SPIKE, EXCITATION, INHIBITION = "#2a78b5", "#d1495b", "#7a8794", "#b08a3e"
WRONG, FAINT = "#b3261e", "#e4e8ec"

COLUMNS = 5

#: Windows between two runs, without a line; and between the spikes of a burst after a time
#: reference.
GAP, REPLAY = 1.5, 0.2

#: What becomes of the amplitude of an oscillation in each rotation phase, a quarter turn apart.
TURN = {0: 1, 3: 0, 1: -1, 2: 0}

#: Height of a spike, of the resting potential's line in the input, and of a carry of input.
TOP, INPUT_LINE, CARRY = 9.0, -8.0, 0.5


def plot_behaviour(axes: Axes, outcome: Outcome) -> None:
    """Draw a behaviour: potential with its spikes above, input below, runs side by side.

    The updates of a window are spread evenly over it, its time reference at its end. The potential
    of a resonator is an amplitude; what is drawn is the oscillation, its amplitude times the phase.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    outcome : Outcome
        What the behaviour came to.
    """
    behaviour, start = outcome.behaviour, 0.0
    oscillates = bool(behaviour.fields.get("resonance_enable"))
    for run, response in zip(behaviour.runs, outcome.monitored, strict=True):
        times, potentials = [start], [0]
        for window, carries in enumerate(run.windows):
            updates = [update for update in response.updates if update.window == window]
            inputs = sum(not update.tick for update in updates)
            for number, update in enumerate(updates):
                # The input stands in the window, the time reference at its end; it may start a
                # burst.
                after = number - inputs
                part = 1 + REPLAY * after if update.tick else (number + 0.5) / (inputs + 1)
                times.append(start + window + part)
                turn = TURN[update.rotation] if oscillates else 1
                potentials.append(update.potential * turn)
                if update.spike:
                    axes.vlines(times[-1], potentials[-2], TOP, SPIKE, linewidth=1.1)
            if carries:
                axes.bar(
                    start + window + 0.5,
                    CARRY * carries,
                    1,
                    INPUT_LINE,
                    color=EXCITATION if carries > 0 else INHIBITION,
                    linewidth=0,
                )
        style = "default" if oscillates else "steps-post"
        axes.plot(times, potentials, drawstyle=style, color=POTENTIAL, linewidth=1.1)
        end = start + len(run.windows)
        axes.hlines(INPUT_LINE, start, end, EXCITATION, linewidth=0.8)
        start = end + GAP
    axes.axhline(0, color=FAINT, linewidth=0.7, zorder=0)
    axes.set_xlim(-0.3, start - GAP + 0.3)
    axes.set_ylim(INPUT_LINE - 3.5, TOP + 0.3)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(
        behaviour.title if outcome.ok else f"{behaviour.title}: differs",
        fontsize=9,
        color="black" if outcome.ok else WRONG,
    )


def save_plot(path: Path | str, result: TaskResult) -> None:
    """Save behaviours as one picture, a panel for each letter.

    Parameters
    ----------
    path : Path or str
        File to write; its ending says the format, PNG if it has none.
    result : TaskResult
        Its data are a sequence of `Outcome`, what the behaviours came to; of several with one
        letter the first is drawn.

    Raises
    ------
    InputError
        If the picture cannot be written.
    """
    panels: dict[str, Outcome] = {}
    outcomes: Sequence[Outcome] = result.plot_data
    for outcome in outcomes:
        panels.setdefault(outcome.behaviour.letter[0], outcome)
    rows = -(-len(panels) // COLUMNS)
    figure = new_figure(12, 1.9 * rows + 0.3)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for place, outcome in zip(axes, panels.values(), strict=False):
        plot_behaviour(place, outcome)
    for place in axes[len(panels) :]:
        place.set_axis_off()
    figure.supxlabel(
        "potential and spikes above, input below; from the device's monitor mode",
        fontsize=8,
        color=EXCITATION,
    )
    save_picture(figure, path, 120)
