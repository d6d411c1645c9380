import dataclasses
import re

import pytest
from matplotlib.figure import Figure

from spikewright.hdl.error import InputError
from spikewright.hdl.neuron.word import izhikevich_word
from spikewright.hdl.odin.config import OdinConfig
from spikewright.sim.model import open_model
from spikewright.sim.rtl import RtlDevice
from spikewright.sim.task import izhikevich
from spikewright.sim.task.catalogue import TASKS
from spikewright.sim.task.izhikevich import BEHAVIOURS, Run
from spikewright.sim.task.izhikevich_plot import plot_behaviour, save_plot

# The words as section 18 of the specification gives them.
WORDS = {
    "A": 0x00000000000000000000000000580000,
    "B": 0x00000000000000000000000280500000,
    "C": 0x0000000000000000000000000090A000,
    "D": 0x0000000000000000000000028050A000,
    "E": 0x0000000000000000000000048050A000,
    "F": 0x000000000000000000007E0000080000,
    "G": 0x00000000000000000000000000300000,
    "H": 0x00000000000000000000000900180000,
    "I": 0x00000000000000000000000018100000,
    "J": 0x00000000000000000000010000E00000,
    "K": 0x00000000000000000000010000180000,
    "K2": 0x000000000000001800000000003C0000,
    "L": 0x00000000000000000000000000200110,
    "M": 0x00000000000000000000003080600110,
    "N": 0x0000000000000000000000308060B110,
    "O": 0x000000000000000000001A0000180110,
    "P": 0x00000000000000000000008080B80000,
    "Q": 0x00000000000000000000000026A00000,
    "R": 0x00000000000000000000800000100000,
    "S": 0x00000000000000000000005000980000,
    "T": 0x0000000000000000000000500098A000,
}


def changed(letter, fields=None, **changes):
    """Return a behaviour with some fields of its neuron, or other things, changed."""
    behaviour = BEHAVIOURS[letter]
    return dataclasses.replace(behaviour, fields={**behaviour.fields, **(fields or {})}, **changes)


@pytest.fixture
def model():
    with open_model(OdinConfig()) as device:
        yield device


def test_named_fields_give_the_published_words():
    assert {letter: behaviour.word for letter, behaviour in BEHAVIOURS.items()} == WORDS
    assert len({letter[0] for letter in BEHAVIOURS}) == 20


def test_all_twenty_on_the_model(model):
    outcomes, result = izhikevich.run(model, list(BEHAVIOURS.values()))
    assert [outcome.difference for outcome in outcomes] == [None] * 21
    assert (result.accuracy, result.samples, result.passed) == (1.0, 20, True)
    assert len(result.output_events) == result.events
    assert all(item["ok"] and "difference" not in item for item in result.details["behaviours"])


def test_model_and_hardware_give_the_same_words():
    config = OdinConfig(neurons=16)
    found = []
    for device in (open_model(config), RtlDevice(config)):
        with device:
            outcomes, result = izhikevich.run(device, list(BEHAVIOURS.values()))
            assert result.passed
            found.append(([outcome.monitored for outcome in outcomes], result))
    (model_updates, model), (rtl_updates, rtl) = found
    assert [list(words) for words in model.output_events] == [
        list(words) for words in rtl.output_events
    ]
    assert [[item.updates for item in items] for items in model_updates] == [
        [item.updates for item in items] for items in rtl_updates
    ]
    assert model.cycles is None
    assert rtl.cycles > 0


@pytest.mark.parametrize(
    "parameters",
    [
        {"neurons": 512, "weight_bits": 5},
        {"neurons": 16, "lif": 0, "plasticity": 0},
        {"burst_slot_depth": 1, "fifo_depth": 4},
    ],
)
def test_other_configurations(parameters):
    with open_model(OdinConfig(**parameters)) as device:
        assert izhikevich.run(device, list(BEHAVIOURS.values()))[1].passed


@pytest.mark.parametrize("name", ["izhikevich", "burst_queue"])
def test_too_little_a_core(name):
    with open_model(OdinConfig(**{name: 0})) as device:
        with pytest.raises(InputError, match=f"izhikevich: {name} is 0"):
            izhikevich.run(device, [])


def test_a_difference_is_found_and_told(model):
    wrong = changed("A", {"threshold": 5})
    outcomes, result = izhikevich.run(model, [wrong, BEHAVIOURS["B"]])
    expected = {"run": 1, "window": 4, "pass": "monitor", "expected": "i", "got": "."}
    assert [outcome.difference for outcome in outcomes] == [expected, None]
    assert (result.accuracy, result.passed) == (0.5, False)
    assert result.predictions.tolist() == [0, 1]
    assert result.details["behaviours"][0] == {
        "letter": "A",
        "name": "tonic spiking",
        "ok": False,
        "difference": expected,
    }


def test_a_letter_needs_all_its_variants(model):
    wrong = changed("K2", {"sharp_resonance_interval": 2})
    outcomes, result = izhikevich.run(model, [BEHAVIOURS["K"], wrong])
    assert [outcome.ok for outcome in outcomes] == [True, False]
    assert (result.accuracy, result.samples) == (0.0, 1)


def test_states_are_compared(model):
    run = BEHAVIOURS["J"].runs[0]
    wrong = Run(run.windows, ("0:0", "2:3", *run.expected[2:]))
    outcomes, _ = izhikevich.run(model, [changed("J", runs=(wrong,))])
    assert outcomes[0].difference["window"] == 2
    assert outcomes[0].difference["expected"] == "2:3"
    assert outcomes[0].difference["got"] == "*2:3"


def test_a_pass_that_disagrees_is_found(model):
    """Output words that monitor mode does not tell of make a difference too."""

    class Chatty(type(model)):
        def settle(self):
            words = super().settle()
            return words if self.register_values["monitor_enable"] else words[:0]

    device = Chatty(OdinConfig(neurons=16))
    outcomes, result = izhikevich.run(device, [BEHAVIOURS["A"], BEHAVIOURS["J"]])
    assert [outcome.difference["pass"] for outcome in outcomes] == ["output", "output"]
    assert not result.passed


def test_own_neurons(model):
    """A neuron by named fields, its input, and what it does."""
    izhikevich.run(model, [])
    word = izhikevich_word(threshold=2, burst_spikes=1, burst_interval=2)
    response = izhikevich.respond(model, word, [2, 0, 3], bursts=True)
    assert response.spikes == ("i2", ".", "i2")
    assert response.updates == ()
    watched = izhikevich.respond(model, word, [2, 0, 3], bursts=True, monitor=True)
    assert watched.spikes == response.spikes
    assert watched.states == ("*0:0", "0:0", "*0:1")
    # In open loop no burst is played.
    assert izhikevich.respond(model, word, [2, 0, 3]).spikes == ("i", ".", "i")
    # A spike in the input and another at the time reference: it is left at its threshold.
    restless = izhikevich_word(threshold=1, reset_depth=1, after_potential_enable=1, delay=3)
    assert izhikevich.respond(model, restless, [1]).spikes == ("it",)


def test_perform(model, tmp_path):
    seen = []
    path = tmp_path / "some.png"
    result = TASKS["izhikevich"].perform(
        model, samples=11, plot=path, progress=lambda *done: seen.append(done)
    )
    assert result.samples == 11
    assert seen[-1] == (12, 12)
    assert [item["letter"] for item in result.details["behaviours"]][-2:] == ["K", "K2"]
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=re.escape("cannot draw xyz")):
        TASKS["izhikevich"].perform(model, plot=tmp_path / "some.xyz")


def test_picture(model, tmp_path):
    outcomes, result = izhikevich.run(
        model, [BEHAVIOURS["J"], BEHAVIOURS["N"], changed("A", {"threshold": 5})]
    )
    figure = Figure()
    for place, outcome in zip(figure.subplots(3), outcomes, strict=True):
        plot_behaviour(place, outcome)
    oscillation, burst, wrong = figure.axes
    assert oscillation.get_title() == "(J) subthreshold oscillations"
    assert wrong.get_title() == "(A) tonic spiking: differs"
    # The oscillation swings to both sides; the spikes of a burst stand apart.
    (line,) = (line for line in oscillation.get_lines() if len(line.get_xdata()) > 2)
    assert line.get_ydata().min() < 0 < line.get_ydata().max()
    spikes = {
        segment[0][0]
        for collection in burst.collections
        for segment in collection.get_segments()
        if segment[0][0] == segment[1][0]
    }
    assert len(spikes) == 4
    save_plot(tmp_path / "three.png", dataclasses.replace(result, plot_data=outcomes))
