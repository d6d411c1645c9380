# amaranth: UnusedElaboratable=no
"""The address map of the bus shells: what drivers rely on, and that its page tells the same."""

import itertools
import re
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import core_names, make_config, make_core
from spikewright.hdl.interface.bus_map import BusMap

PAGE = (Path(__file__).resolve().parents[3] / "docs/buses.md").read_text()


def bus_map(name: str, *, mailbox: bool = True, **parameters: int) -> BusMap:
    return BusMap(make_core(make_config(name, parameters)), mailbox=mailbox)


def section(start: str) -> str:
    """Return the table after a line of the page."""
    return PAGE.split(start, 1)[1].strip("\n").split("\n\n")[0]


@pytest.mark.parametrize("mailbox", [True, False])
@pytest.mark.parametrize("core", core_names())
def test_page_tells_offsets_and_bits(core: str, mailbox: bool) -> None:
    found = bus_map(core, mailbox=mailbox)
    rows = re.findall(r"^\| `(0x[0-9a-f]{2})` \| `(\w+)` \| (\w+) \|", PAGE, re.M)
    told = {name: (int(offset, 16), access) for offset, name, access in rows}
    made = {name: (word.offset, word.access) for name, word in found.control.items()}
    only_mailbox = {"input_event", "output_word"}
    assert made == {k: v for k, v in told.items() if mailbox or k not in only_mailbox}
    for name in ("status", "control"):
        table = section(f"\n`{name}`:\n")
        for field in found.control[name].fields:
            if field.low < 8:
                assert f"| {field.low} | `{field.name}` |" in table
            else:
                assert f"{field.low} `{field.name}`" in table
    first = min(register.offset for register in found.registers.values())
    assert first == 0x1000 and "| `0x1000` + 4 *n* |" in PAGE


@pytest.mark.parametrize("core", core_names())
def test_page_tells_targets(core: str) -> None:
    published = {"tinyodin": "tinyODIN", "odin": "ODIN", "reckon": "ReckOn"}[core]
    (row,) = [
        line
        for line in section(
            "ReckOn: 8 `sample`, 9 `target_valid`, 10 `infer_accumulate` |\n"
        ).splitlines()
        if re.search(rf"\b{published}\b", line)
    ]
    names = re.findall(r"`(\w+)`", row)
    assert {name: number << 20 for number, name in enumerate(names, 1)} == {
        name: memory.offset for name, memory in bus_map(core).memories.items()
    }


def test_words_of_memories() -> None:
    neurons = bus_map("odin").memories["neurons"]
    assert (neurons.chunks, neurons.stride) == (4, 16)
    assert neurons.at(3, 2) == 0x100000 + 3 * 16 + 2 * 4
    # 78 bits: three words of the bus in the place of four.
    neurons = bus_map("reckon", neuron_lanes=1).memories["neurons"]
    assert (neurons.chunks, neurons.stride, neurons.at(2)) == (3, 16, 0x100020)


@pytest.mark.parametrize("mailbox", [True, False])
@pytest.mark.parametrize("core", core_names())
def test_nothing_overlaps(core: str, mailbox: bool) -> None:
    found = bus_map(core, mailbox=mailbox)
    places = [word.offset for word in (found.control | found.registers).values()]
    ranges = [range(offset, offset + 4) for offset in places]
    ranges += [
        range(memory.offset, memory.at(memory.memory.words)) for memory in found.memories.values()
    ]
    ranges.sort(key=lambda place: place.start)
    for first, second in itertools.pairwise(ranges):
        assert first.stop <= second.start
    assert ranges[-1].stop <= 1 << found.address_bits


def test_the_largest_memories_fit_their_windows() -> None:
    for name in ("tinyodin", "odin"):
        bits = {"tinyodin": 8, "odin": 7}[name]
        synapses = bus_map(name, neurons=1024, weight_bits=bits).memories["synapses"]
        assert synapses.at(synapses.memory.words) == 0x300000


def test_identity_tells_configurations_apart() -> None:
    numbers = [bus_map(name).identity for name in core_names()]
    numbers += [bus_map("tinyodin", lanes=lanes).identity for lanes in (1, 2)]
    assert len(set(numbers)) == len(core_names()) + 1
