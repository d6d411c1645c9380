"""Clock cycles that documents and devices tell are those of the code."""

import warnings
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import interface_of, make_config, make_core
from spikewright.hdl.handoff.cycles import cycle_reference
from spikewright.hdl.markdown import table
from spikewright.hdl.reckon.timing import time_step_cycles
from spikewright.sim.model import open_model

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "reckon.md"
SIZES = (8, 16, 20, 32, 64, 128, 256)
LANES = (1, 2, 4, 8, 16)


def published(size: int) -> tuple[int, int]:
    """Return the cycles of a step without spikes, and of learning (specification, section 15)."""
    last = size - 1
    propagate = last + 1
    return 3 + (max(last, 15) + 1) + 1 + propagate, (last // 16 + 1) * (32 + 2 * (last + 1))


def ours(size: int, lanes: int) -> tuple[int, int]:
    cycles = time_step_cycles(make_config("reckon", {"lanes": lanes}), size - 1, size - 1, 15)
    return cycles["tick"], cycles["learn"]


def size_table() -> str:
    rows = []
    for size in SIZES:
        steps = [published(size), *(ours(size, lanes) for lanes in LANES)]
        rows.append((size, *(f"{quiet}, {quiet + learning}" for quiet, learning in steps)))
    heads = ("inputs and neurons", "published", *(f"`lanes` {lanes}" for lanes in LANES))
    return "\n".join(table(heads, rows)).strip()


def spike_table(core: str) -> str:
    """Return the cycles of an event that goes to all neurons."""
    variants = [(lanes, ports) for ports in (1, 2) for lanes in (1, 2, 4, 8)]
    rows = []
    for neurons in (16, 64, 256, 1024):
        counts = []
        for lanes, ports in variants:
            parameters = {"neurons": neurons, "lanes": lanes, "neuron_memory_ports": ports}
            found = make_core(make_config(core, parameters))
            found._MustUse__silence = True  # asked for its numbers only
            counts.append(found.cycles()["spike"])
        rows.append((neurons, *counts))
    heads = [
        f"{lanes} lane{'s' if lanes > 1 else ''}{', two ports' if ports == 2 else ''}"
        for lanes, ports in variants
    ]
    return "\n".join(table(("neurons", *heads), rows)).strip()


@pytest.mark.parametrize("core", ["tinyodin", "odin", "reckon"])
def test_tables(core: str) -> None:
    text = (DOCS / f"{core}.md").read_text(encoding="utf-8")
    shown = text.split("begin cycles -->\n")[1].split("<!-- made from the code: end cycles")[0]
    assert shown.strip() == (size_table() if core == "reckon" else spike_table(core))


def test_what_is_said_of_slower_steps() -> None:
    """The page says from which sizes on 16 lanes are faster, and that others never are."""
    slower = {
        lanes: [n for n in SIZES if sum(ours(n, lanes)) > sum(published(n))] for lanes in LANES
    }
    assert [lanes for lanes in LANES if slower[lanes] != list(SIZES)] == [16]
    text = PAGE.read_text(encoding="utf-8")
    assert f"with 16 lanes up to {slower[16][-1]} inputs and neurons" in text


def test_period_that_cannot_be_kept() -> None:
    config = make_config("reckon", {"neurons": 16, "outputs": 4, "lanes": 4})
    cycles = time_step_cycles(config, 15, 15, 3)
    quiet, learns = cycles["tick"], cycles["tick"] + cycles["learn_quiet"]
    with open_model(config) as device:
        with pytest.warns(UserWarning) as caught:
            device.configure(cycles_per_tick=quiet - 1, local_tick=1)
        assert [str(item.message) for item in caught] == [
            f"reckon: cycles_per_tick is {quiet - 1}, but a time step without spikes takes "
            f"{quiet} clock cycles or more",
            f"reckon: cycles_per_tick is {quiet - 1}, but a time step that learns takes "
            f"{learns} clock cycles or more",
        ]
        with pytest.warns(UserWarning, match=f"that learns takes {learns} "):
            device.configure(cycles_per_tick=learns - 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            device.configure(cycles_per_tick=learns)
            device.configure(learn=0, cycles_per_tick=quiet)
            device.configure(local_tick=0, cycles_per_tick=1)


def test_reference() -> None:
    config = make_config("reckon", {"neurons": 16, "outputs": 4, "lanes": 4})
    cycles = time_step_cycles(config, 15, 15, 3)
    text = cycle_reference(interface_of(config), cycles)
    assert f"| `learn` | {cycles['learn']} |" in text
    assert (
        f": {cycles['tick']} without spikes, {cycles['tick'] + cycles['learn_quiet']} that" in text
    )
    assert "`cycles_per_tick` below that cannot be kept, with `local_tick` = 1" in text
    text = cycle_reference(interface_of(make_config("odin")), {"spike": 512})
    assert "| `spike` | 512 |" in text and "cannot be kept" not in text
