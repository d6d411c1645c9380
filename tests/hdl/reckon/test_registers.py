"""Parameters, words and registers of ReckOn, against the published ones."""

import re
from pathlib import Path

import pytest

from spikewright.hdl.reckon.alpha_select import alpha_select_address
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.layout import (
    STATE,
    event_word,
    memories,
    neuron_word,
    output_weight_word,
    weight_word,
)
from spikewright.hdl.reckon.registers import registers

PUBLISHED = Path(__file__).with_name("published_registers.md")


def test_published_sizes():
    config = ReckonConfig()
    sizes = {name: (size.words, size.width) for name, size in memories(config).items()}
    assert sizes == {
        "neurons": (128, 128),
        "weights_in": (4096, 128),
        "weights_rec": (4096, 128),
        "weights_out": (512, 128),
        "outputs": (16, 16),
    }
    assert (config.address_bits, config.output_index_bits) == (8, 4)
    assert (config.event_bits, config.output_bits, config.groups) == (9, 8, 16)
    assert (config.update_random_bits, config.output_update_random_bits) == (512, 448)
    assert config.target_counter_bits == 5


def test_other_sizes():
    config = ReckonConfig(
        neurons=512, outputs=2, weight_bits=3, neuron_lanes=1, weight_lanes=4, lanes=4
    )
    sizes = {name: (size.words, size.width) for name, size in memories(config).items()}
    assert sizes == {
        "neurons": (512, 78),
        "weights_in": (512 * 128, 12),
        "weights_rec": (512 * 128, 12),
        "weights_out": (1024, 6),
        "outputs": (2, 16),
    }
    assert (config.address_bits, config.event_address_bits, config.event_bits) == (9, 9, 10)
    assert ReckonConfig(neurons=16).event_address_bits == 8


def test_published_neuron_word():
    """The table of section 5.1."""
    layout = neuron_word(ReckonConfig())
    assert layout.size == 128
    assert (layout["alpha"].offset, layout["alpha"].width) == (116, 12)
    assert (layout["threshold"].offset, layout["threshold"].width) == (100, 16)
    fields = {name: (field.offset, field.width) for name, field in STATE}
    assert fields == {
        "potential": (0, 16),
        "input_trace": (16, 12),
        "recurrent_trace": (28, 12),
        "output_trace": (40, 10),
    }
    assert layout["lanes"].offset == 0
    assert STATE.size == 50


@pytest.mark.parametrize("parameters", [{}, {"neurons": 512, "neuron_lanes": 1, "weight_bits": 5}])
def test_layouts_fill_the_words(parameters):
    config = ReckonConfig(**parameters)
    sizes = memories(config)
    assert neuron_word(config).size == sizes["neurons"].width
    assert weight_word(config).size == sizes["weights_in"].width == sizes["weights_rec"].width
    assert output_weight_word(config).size == sizes["weights_out"].width
    assert event_word(config).size == config.event_bits
    assert event_word(config)["target"].offset == config.event_address_bits


def test_alpha_select():
    addresses = [alpha_select_address(index) for index in range(16)]
    assert addresses == [65, 66, 67, 68, *range(128, 140)]
    for neurons, lanes, widths in (
        (16, 2, [8]),
        (64, 2, [32]),
        (256, 2, [32] * 4),
        (512, 1, [32] * 16),
    ):
        found = registers(ReckonConfig(neurons=neurons, neuron_lanes=lanes))
        selects = [register for register in found if register.name.startswith("alpha_select")]
        assert [register.width for register in selects] == widths
        assert [register.address for register in selects] == addresses[: len(widths)]


def test_sizes_in_registers():
    found = registers(ReckonConfig(neurons=32, outputs=4, neuron_lanes=1))
    for name in ("last_input", "last_neuron"):
        assert (found[name].width, found[name].reset) == (5, 31)
    assert (found["last_output"].width, found["last_output"].reset) == (2, 3)
    for name in ("neuron", "trace_in", "trace_rec", "trace_out"):
        assert found[f"seed_round_{name}"].width == 15


def published():
    """Rows of the table: address, published names, bits, reset."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PUBLISHED.read_text().splitlines()
        if re.match(r"\| \d", line)
    ]


def test_registers_of_the_specification():
    config = ReckonConfig()
    found = registers(config)
    rows = published()
    assert len(rows) > 50
    count = 0
    for addresses, published_names, bits, reset in rows:
        numbers = [int(number) for number in re.findall(r"\d+", addresses)]
        if "\u2013" in addresses:
            numbers = list(range(numbers[0], numbers[1] + 1))
        names = published_names.split(", ")
        for index, number in enumerate(numbers):
            register = found.at(number)
            count += 1
            assert register is not None, number
            name = names[index] if len(names) == len(numbers) else names[0]
            if "…" in name:
                name = f"{name.split('0')[0]}{index}"
            assert register.published_name == name
            width = {"A": 8, "4\u00d732": 32}.get(bits) or int(bits.split()[0])
            assert register.width == width, register.name
            expected = {"\u2013": 0, "all ones": (1 << width) - 1}.get(reset)
            assert register.reset == (int(reset, 0) if expected is None else expected)
    assert count == len(list(found))
