"""The twenty behaviours of Izhikevich's catalogue, each by one neuron of ODIN.

A behaviour is a neuron, described by named fields, and some input. Input comes in windows, each of
which ends with a time reference to the neuron. k > 0 in a window means k *carries*, unit steps of
the potential, given as 2k excitatory virtual events of weight 4; k < 0 means -k carries from
inhibitory ones. The core settles after every event. What comes out is compared with the response
recorded from the published chip's code, window by window.

Every behaviour runs twice on the device: once as it is, counting output words, and once in monitor
mode, which tells the neuron's potential after each of its updates. Both must show the same spikes.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...hdl.error import InputError
from ...hdl.neuron.word import izhikevich_word
from ...hdl.odin.event import OdinEvents
from ..device import Device
from .result import Progress, TaskResult

__all__ = [
    "BEHAVIOURS",
    "NEURON",
    "Behaviour",
    "Outcome",
    "Response",
    "Run",
    "Update",
    "perform",
    "respond",
    "run",
]

#: Address of the neuron that behaves.
NEURON = 5

#: A source that never spikes; its synapses are monitored, so no synapse shows in monitor mode.
SILENT_SOURCE = 6

#: Two virtual events of this weight make a carry, if the neuron's fan-in is 0.
WEIGHT, EVENTS_PER_CARRY = 4, 2

#: Least clock cycles of a burst tick; a tick must be longer than a sweep over all neurons.
BURST_TIME_UNIT = 1000


@dataclass(frozen=True)
class Run:
    """Input of a neuron from rest, and the recorded response.

    Attributes
    ----------
    windows : tuple of int
        Carries of each window, negative for inhibition.
    expected : tuple of str
        Response in each window: `.` for none, `i` for a spike during the input, `t` for one at the
        time reference, followed by the number of spikes if there are several. Or states, see
        `Behaviour`.
    """

    windows: tuple[int, ...]
    expected: tuple[str, ...]


@dataclass(frozen=True)
class Behaviour:
    """A neuron, its inputs, and the responses recorded from the published chip's code.

    Attributes
    ----------
    letter : str
        Letter in the usual catalogue; `K2` is a second way to do (K).
    name : str
        What the catalogue calls it.
    fields : mapping of int
        Fields of the neuron word, by name; others are zero.
    runs : tuple of Run
        Inputs, each from rest.
    bursts : bool
        Closed loop with the burst queue, so that bursts are played; all their spikes are counted.
    states : bool
        Expected are rotation phase and potential at the end of each window, as `phase:potential`, a
        `*` before them if the neuron has fired in it.
    """

    letter: str
    name: str
    fields: Mapping[str, int]
    runs: tuple[Run, ...]
    bursts: bool = False
    states: bool = False

    @property
    def title(self) -> str:
        """Letter and name, as in a figure's title."""
        return f"({self.letter}) {self.name}"

    @property
    def word(self) -> int:
        """Word of the neuron."""
        return izhikevich_word(**self.fields)


def _behaviour(
    letter: str,
    name: str,
    fields: Mapping[str, int],
    *lines: str,
    bursts: bool = False,
    states: bool = False,
) -> Behaviour:
    """Make a behaviour from lines of input and response in turn."""
    runs = [
        Run(tuple(int(item) for item in windows.split()), tuple(expected.split()))
        for windows, expected in zip(lines[::2], lines[1::2], strict=True)
    ]
    return Behaviour(letter, name, fields, tuple(runs), bursts, states)


_TABLE = (
    _behaviour(
        "A",
        "tonic spiking",
        dict(threshold=3, reset_depth=1),
        "0 0 2 2 2 2 2 2 2 2 2 2 0 0 0",
        ". . . i . i . i . i . i . . .",
    ),
    _behaviour(
        "B",
        "phasic spiking",
        dict(threshold=2, reset_depth=1, phasic_enable=1, stimulation_threshold=2),
        "0 0 3 3 3 3 3 3 0 0 0 3 3 3 0",
        ". . i . . . . . . . . i . . .",
    ),
    _behaviour(
        "C",
        "tonic bursting",
        dict(threshold=2, reset_depth=2, burst_spikes=2, burst_interval=1),
        " 0  1  1  1  1  1  1  1  1  1  1  1  1  0  0",
        " .  . i3  .  . i3  .  . i3  .  . i3  .  .  .",
        bursts=True,
    ),
    _behaviour(
        "D",
        "phasic bursting",
        dict(
            threshold=2,
            reset_depth=1,
            burst_spikes=2,
            burst_interval=1,
            phasic_enable=1,
            stimulation_threshold=2,
        ),
        " 0  3  3  3  3  3  3  0  0  0  3  3  3  0",
        " . i3  .  .  .  .  .  .  .  . i3  .  .  .",
        bursts=True,
    ),
    _behaviour(
        "E",
        "mixed mode",
        dict(
            threshold=2,
            reset_depth=1,
            burst_spikes=2,
            burst_interval=1,
            mixed_enable=1,
            stimulation_threshold=2,
        ),
        " 0  3  3  3  3  3  3  3  0  0  0  3  3  3  0",
        " . i3  i  i  i  i  i  i  .  .  . i3  i  i  .",
        bursts=True,
    ),
    _behaviour(
        "F",
        "spike frequency adaptation",
        dict(
            threshold=1,
            reset_depth=0,
            threshold_variation_enable=1,
            threshold_variation_source=1,
            threshold_leak_period=15,
        ),
        "0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 0 0",
        ". i . i . . i . . . i . . . . i . . . i . . . . . .",
    ),
    _behaviour(
        "G",
        "class 1 excitability",
        dict(threshold=6, reset_depth=0),
        "0 0 1 1 1 1 1 1 2 2 2 2 2 2 3 3 3 3 3 3 4 4 4 4 4 4 6 6 6 6",
        ". . . . . . . i . . i . . i . i . i . i . i i . i i i i i i",
    ),
    _behaviour(
        "H",
        "class 2 excitability",
        dict(threshold=3, reset_depth=0, class_2_enable=1, stimulation_threshold=4),
        " 0  0  1  1  1  1  2  2  2  2  3  3  3  3  4  4  4  4  4  4  5  5  5  5  6  6  6  6",
        " .  .  .  .  .  .  .  .  .  .  .  .  .  .  .  i  i i2  i  i i2 i2  i i2 i2 i2 i2 i2",
    ),
    _behaviour(
        "I",
        "spike latency",
        dict(threshold=2, reset_depth=0, latency_enable=1, delay=4),
        "0 2 0 0 0 0 0 0 0 0",
        ". . . . t . . . . .",
    ),
    _behaviour(
        "J",
        "subthreshold oscillations",
        dict(threshold=4, reset_depth=3, resonance_enable=1),
        "   0    4    0    0    0    0    0    0    0    0    0    0    0    0    0    0",
        " 0:0 *2:3  0:3  3:3  1:2  2:2  0:2  3:2  1:1  2:1  0:1  3:1  0:0  0:0  0:0  0:0",
        states=True,
    ),
    _behaviour(
        "K",
        "resonator",
        dict(threshold=3, reset_depth=0, resonance_enable=1),
        "0 2 0 2 0 0 0 0 0",
        ". . . . . . . . .",
        "0 2 0 0 2 0 0 0",
        ". . . . t . . .",
        "0 2 0 0 0 2 0 0 0",
        ". . . . . i . . .",
        "0 2 0 0 0 0 0 2 0 0 0",
        ". . . . . . . . . . .",
    ),
    _behaviour(
        "K2",
        "resonator, exact interval",
        dict(threshold=7, reset_depth=0, sharp_resonance_enable=1, sharp_resonance_interval=3),
        "0 1 0 1 0 0 0 0",
        ". . . . . . . .",
        "0 1 0 0 1 0 0 0",
        ". . . . i . . .",
        "0 1 0 0 0 1 0 0 0",
        ". . . . . . . . .",
    ),
    _behaviour(
        "L",
        "integrator",
        dict(threshold=4, reset_depth=0, leak_enable=1, leak=8),
        "0 2 3 0 0 0 0",
        ". . i . . . .",
        "0 2 0 3 0 0 0 0",
        ". . . . . . . .",
        "0 2 0 0 3 0 0 0",
        ". . . . . . . .",
    ),
    _behaviour(
        "M",
        "rebound spike",
        dict(
            threshold=4,
            reset_depth=1,
            rebound_enable=1,
            negative_enable=1,
            stimulation_threshold=2,
            leak_enable=1,
            leak=8,
        ),
        " 0  0 -3  0  0  0  0  0",
        " .  .  .  t  .  .  .  .",
        " 0  0 -1  0  0  0  0  0",
        " .  .  .  .  .  .  .  .",
        " 0  0 -3 -3  0  0  0",
        " .  .  .  .  .  .  .",
    ),
    _behaviour(
        "N",
        "rebound burst",
        dict(
            threshold=4,
            reset_depth=1,
            rebound_enable=1,
            negative_enable=1,
            stimulation_threshold=2,
            leak_enable=1,
            leak=8,
            burst_spikes=3,
            burst_interval=1,
        ),
        " 0  0 -3  0  0  0  0  0",
        " .  .  . t4  .  .  .  .",
        bursts=True,
    ),
    _behaviour(
        "O",
        "threshold variability",
        dict(
            threshold=3,
            reset_depth=0,
            threshold_variation_enable=1,
            threshold_variation_source=0,
            threshold_leak_period=3,
            leak_enable=1,
            leak=8,
        ),
        "0 2 0 0 0 0",
        ". . . . . .",
        " 0 -2  2  0  0  0",
        " .  .  i  .  .  .",
        " 0 -2  0  0  0  0  0  0  2  0",
        " .  .  .  .  .  .  .  .  .  .",
    ),
    _behaviour(
        "P",
        "bistability",
        dict(threshold=7, reset_depth=2, bistable_enable=1, stimulation_threshold=2),
        "0 0 2 0 0 0 0 0 0 0 0 2 0 0 0 0 0 0",
        ". . . t . t . t . t . t . . . . . .",
    ),
    _behaviour(
        "Q",
        "depolarising after-potential",
        dict(threshold=4, reset_depth=2, after_potential_enable=1, delay=3),
        "0 4 0 2 0 0 0 0",
        ". i . i . . . .",
        "0 4 0 0 0 0 2 0 0",
        ". i . . . . . . .",
    ),
    _behaviour(
        "R",
        "accommodation",
        dict(threshold=2, reset_depth=0, accommodation_enable=1),
        "0 1 2 3 4 5 5 0 0",
        ". . . . . . . . .",
        "0 0 0 3 0 0",
        ". . . i . .",
    ),
    _behaviour(
        "S",
        "inhibition-induced spiking",
        dict(threshold=3, reset_depth=2, inhibition_induced_enable=1, negative_enable=1),
        " 0  0 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1  0  0  0  0",
        " .  .  .  .  .  .  t  .  t  .  t  .  t  .  .  .",
    ),
    _behaviour(
        "T",
        "inhibition-induced bursting",
        dict(
            threshold=3,
            reset_depth=2,
            inhibition_induced_enable=1,
            negative_enable=1,
            burst_spikes=2,
            burst_interval=1,
        ),
        " 0  0 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1  0  0  0  0",
        " .  .  .  .  .  . t3  . t3  . t3  . t3  .  .  .",
        bursts=True,
    ),
)

#: The twenty behaviours and the second resonator, by letter.
BEHAVIOURS: Mapping[str, Behaviour] = {behaviour.letter: behaviour for behaviour in _TABLE}


@dataclass(frozen=True)
class Update:
    """What monitor mode tells about an update of the neuron.

    Attributes
    ----------
    window : int
        Number of the window.
    tick : bool
        The event was the time reference that ends the window.
    spike : bool
        The neuron fired, or in a burst one of its spikes was played.
    rotation : int
        Phase of the oscillation, 0 to 3.
    potential : int
        Potential afterwards, -8 to 7.
    """

    window: int
    tick: bool
    spike: bool
    rotation: int
    potential: int


@dataclass(frozen=True)
class Response:
    """Response of a neuron to some windows.

    Attributes
    ----------
    input_spikes, tick_spikes : tuple of int
        Spikes in each window during its input and at its time reference.
    updates : tuple of Update
        Updates of the neuron in order, in monitor mode; else empty.
    words : list of ndarray
        Output words of each event.
    """

    input_spikes: tuple[int, ...]
    tick_spikes: tuple[int, ...]
    updates: tuple[Update, ...]
    words: list[np.ndarray]

    @property
    def spikes(self) -> tuple[str, ...]:
        """The spikes of each window in the notation of `Run`."""
        return tuple(
            (_several("i", inputs) + _several("t", ticks)) or "."
            for inputs, ticks in zip(self.input_spikes, self.tick_spikes, strict=True)
        )

    @property
    def states(self) -> tuple[str, ...]:
        """The state at the end of each window in the notation of `Behaviour.states`."""
        found = []
        for window in range(len(self.input_spikes)):
            updates = [update for update in self.updates if update.window == window]
            last = updates[-1]
            mark = "*" if any(update.spike for update in updates) else ""
            found.append(f"{mark}{last.rotation}:{last.potential}")
        return tuple(found)


def _several(letter: str, spikes: int) -> str:
    return f"{letter}{spikes}" if spikes > 1 else letter * spikes


def _prepare(device: Device) -> None:
    """Quiet all neurons of a device and remove the synapses of the one that behaves.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """
    config = device.config
    for name in ("izhikevich", "burst_queue"):
        if not getattr(config, name):
            raise InputError(f"izhikevich: {name} is 0, this task needs it")
    # While neurons are loaded the loop is open, see section 14 of the specification.
    device.configure(gate=1, open_loop=1)
    device.load("neurons", [izhikevich_word(threshold=7, disabled=1)] * config.neurons)
    row = config.neurons // 8
    device.load("synapses", [0] * row, NEURON * row)
    # A sweep takes two cycles for each neuron, an event hardly more.
    unit = max(BURST_TIME_UNIT, 4 * config.neurons)
    device.configure(burst_time_unit=unit, monitored_neuron=NEURON, monitor_enable=0)
    if config.plasticity:
        device.configure(monitored_source=SILENT_SOURCE)


def respond(
    device: Device,
    word: int,
    windows: Sequence[int],
    *,
    bursts: bool = False,
    monitor: bool = False,
) -> Response:
    """Put a neuron into a device and record its response to some windows of input.

    All other neurons are quiet, as `run` leaves them. On a device that is new, or that did
    something else, call `run` first, for instance with no behaviours.

    Parameters
    ----------
    device : Device
        A device of an ODIN core.
    word : int
        The neuron, see `izhikevich_word`.
    windows : sequence of int
        Carries of each window, negative for inhibition.
    bursts : bool
        Closed loop with the burst queue, so that bursts are played; all their spikes are counted.
    monitor : bool
        Use monitor mode, which gives the updates.
    """
    device.configure(gate=1, open_loop=1)
    device.load("neurons", [word], NEURON)
    # With bursts a word, or a marked packet, for each spike that is processed: replays count.
    device.configure(
        output_source=int(bursts), monitor_enable=int(monitor), open_loop=int(not bursts), gate=0
    )
    events = OdinEvents(device.config)
    counts = np.zeros((2, len(windows)), int)
    updates, outputs = [], []
    for window, carries in enumerate(windows):
        event = events.virtual(NEURON, WEIGHT, inhibitory=carries < 0)
        words = [event] * (EVENTS_PER_CARRY * abs(carries)) + [events.tick(NEURON)]
        for number, word in enumerate(words):
            tick = number == len(words) - 1
            device.send([word])
            output = device.settle()
            outputs.append(output)
            if monitor:
                found = _updates(output, window, tick)
                updates += found
                counts[int(tick), window] += sum(update.spike for update in found)
            else:
                counts[int(tick), window] += len(output)
    inputs, ticks = (tuple(int(count) for count in row) for row in counts)
    return Response(inputs, ticks, tuple(updates), outputs)


def _updates(packets: np.ndarray, window: int, tick: bool) -> list[Update]:
    """Read the packets of monitor mode, two for each update (section 10 of the specification)."""
    found = []
    for state, potential in packets.astype(int).reshape(-1, 2).tolist():
        signed = (potential ^ 8) - 8
        found.append(Update(window, tick, bool(state >> 7), state & 3, signed))
    return found


@dataclass(frozen=True)
class Outcome:
    """What a behaviour came to on a device.

    Attributes
    ----------
    behaviour : Behaviour
        The behaviour.
    monitored : tuple of Response
        Responses in monitor mode, one for each run.
    difference : dict or None
        The first difference from what was expected: run, window, what was expected and got, and in
        which pass, `output` or `monitor`.
    """

    behaviour: Behaviour
    monitored: tuple[Response, ...]
    difference: dict[str, Any] | None

    @property
    def ok(self) -> bool:
        """The response is the recorded one."""
        return self.difference is None

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as reports print it."""
        values: dict[str, Any] = {
            "letter": self.behaviour.letter,
            "name": self.behaviour.name,
            "ok": self.ok,
        }
        return values if self.ok else values | {"difference": self.difference}


def _difference(
    run: int, way: str, expected: Sequence[str], got: Sequence[str]
) -> dict[str, Any] | None:
    for window, (wanted, found) in enumerate(zip(expected, got, strict=True)):
        if wanted != found:
            return {
                "run": run + 1,
                "window": window + 1,
                "pass": way,
                "expected": wanted,
                "got": found,
            }
    return None


def _observe(device: Device, behaviour: Behaviour) -> tuple[Outcome, list[np.ndarray]]:
    """Run a behaviour, plainly and in monitor mode; also return all output words."""
    difference, monitored, words = None, [], []
    for number, run in enumerate(behaviour.runs):
        plain, watched = (
            respond(device, behaviour.word, run.windows, bursts=behaviour.bursts, monitor=monitor)
            for monitor in (False, True)
        )
        words += plain.words + watched.words
        monitored.append(watched)
        if behaviour.states:
            difference = difference or _difference(number, "monitor", run.expected, watched.states)
            expected = watched.spikes
        else:
            expected = run.expected
            difference = difference or _difference(number, "monitor", expected, watched.spikes)
        difference = difference or _difference(number, "output", expected, plain.spikes)
    return Outcome(behaviour, tuple(monitored), difference), words


def run(
    device: Device, behaviours: Sequence[Behaviour], progress: Progress | None = None
) -> tuple[list[Outcome], TaskResult]:
    """Run behaviours on a device, one after the other.

    Parameters
    ----------
    device : Device
        A device of an ODIN core with Izhikevich-type neurons and a burst queue.
    behaviours : sequence of Behaviour
        What to run.
    progress : callable, optional
        Called after each behaviour with the number of behaviours done and the total.

    Returns
    -------
    outcomes : list of Outcome
        One for each behaviour.
    result : TaskResult
        The figures; a letter is right if all its variants are.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """
    _prepare(device)
    outcomes, outputs, events = [], [], 0
    first_cycle, start = getattr(device, "cycles", None), time.perf_counter()
    for behaviour in behaviours:
        outcome, words = _observe(device, behaviour)
        outcomes.append(outcome)
        outputs += words
        # Each event has its settle.
        events += len(words)
        if progress is not None:
            progress(len(outcomes), len(behaviours))
    seconds = time.perf_counter() - start
    right: dict[str, bool] = {}
    for outcome in outcomes:
        letter = outcome.behaviour.letter[0]
        right[letter] = right.get(letter, True) and outcome.ok
    answers = np.array(list(right.values()), dtype=int)
    result = TaskResult(
        task="izhikevich",
        correct=int(answers.sum()),
        samples=len(answers),
        events=events,
        output_events=outputs,
        predictions=answers,
        labels=np.ones_like(answers),
        cycles=None if first_cycle is None else device.cycles - first_cycle,
        seconds=seconds,
        passed=bool(answers.all()),
        details={"behaviours": [outcome.as_dict() for outcome in outcomes]},
    )
    return outcomes, result


def perform(
    device: Device,
    *,
    samples: int | None = None,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
) -> TaskResult:
    """Do the whole task: run all behaviours and compare them.

    Parameters
    ----------
    device : Device
        A device of an ODIN core with Izhikevich-type neurons and a burst queue.
    samples : int, optional
        Only the first letters.
    keep_plot_data : bool
        Keep what `save_plot` of `izhikevich_plot` draws.
    progress : callable, optional
        As for `run`.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """
    letters = sorted({letter[0] for letter in BEHAVIOURS})[:samples]
    chosen = [behaviour for letter, behaviour in BEHAVIOURS.items() if letter[0] in letters]
    outcomes, result = run(device, chosen, progress)
    return replace(result, plot_data=outcomes) if keep_plot_data else result
