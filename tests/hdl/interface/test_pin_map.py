"""Words of SPI transactions: built, checked, taken apart and packed from accesses."""

import numpy as np
import pytest

from spikewright.hdl.catalogue import interface_of, make_config, pins_of
from spikewright.hdl.error import InputError
from spikewright.hdl.interface.interface import HostMemory, Interface, Stream
from spikewright.hdl.interface.pin_map import ACCESS, SpiPlace, SpiRequest, SpiWords
from spikewright.hdl.interface.register import Register, RegisterMap
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.workload.reckon import CONFIGURATIONS


def requests_of(*items):
    """Return accesses as an array; fields that are not given are 0."""
    found = np.zeros(len(items), dtype=ACCESS)
    for index, fields in enumerate(items):
        for name, value in fields.items():
            found[name][index] = value
    return found


def packed(spi, interface, *items):
    """Return the transactions of accesses: words in hexadecimal, half period, accesses."""
    return [
        ([[f"{word:x}" for word in row] for row in part.words.tolist()], *part_of(part))
        for part in spi.pack(interface, requests_of(*items))
    ]


def part_of(part):
    assert part.words.dtype == np.uint64
    return part.half_period, part.accesses


# ODIN and tinyODIN: an address word and a data word.


@pytest.mark.parametrize(
    ("core", "parameters", "bits"),
    [
        ("tinyodin", {"neurons": 16, "weight_bits": 2}, 16),
        ("tinyodin", {"neurons": 512, "weight_bits": 8, "potential_bits": 24}, 18),
        ("tinyodin", {"neurons": 1024}, 20),
        ("odin", {}, 16),
        ("odin", {"neurons": 16}, 16),
    ],
)
def test_odin_reads_what_it_builds(core, parameters, bits):
    config = make_config(core, parameters)
    interface, spi = interface_of(config), pins_of(config).spi
    assert (spi.bits, spi.register_bits, spi.longest) == (bits + 4, bits, 1)
    random = np.random.default_rng(3)
    for name, size in interface.memories.items():
        for _ in range(20):
            word = int(random.integers(size.words))
            byte = int(random.integers(size.bytes_per_word))
            data, mask = (int(value) for value in random.integers(256, size=2))
            read, write = (bool(bit) for bit in random.integers(2, size=2))
            first = spi.places[name].at(word, byte) | read * spi.read | write * spi.write
            assert first < 1 << spi.bits
            assert spi.decode([first, mask << 8 | data]) == [
                SpiRequest(size.space, word, read, write, byte, data, mask)
            ]
    for constant in (0, spi.read, spi.write, spi.read | spi.write):
        assert spi.decode([constant | 300, 5]) == [SpiRequest(0, 300, False, True, data=5)]


def test_published_words_of_odin():
    """Section 3: R and W on top, then two bits that choose, then byte and word."""
    spi = pins_of(make_config("odin")).spi
    assert spi.first(write=True, address=0x1234) == 0x41234
    assert spi.first(write=False, address=0x1234) == 0x81234
    assert spi.places["neurons"].at(0xAB, 0xC) == 0x10CAB
    assert spi.places["synapses"].at(0x1ABC, 3) == 0x27ABC


@pytest.mark.parametrize(
    ("first", "space"),
    [
        (0x10000 | 16, None),
        (0x10000 | 15, 1),
        (0x10000 | 4 << 8, None),
        (0x10000 | 3 << 8, 1),
        (0x20000 | 32, None),
        (0x20000 | 31, 2),
        (0x28000 | 31, 2),
        (0x30000, None),
    ],
)
def test_what_a_small_core_has_not_got(first, space):
    spi = pins_of(TinyOdinConfig(neurons=16)).spi
    for constant in (spi.read, spi.write):
        assert [request.space for request in spi.decode([constant | first, 0])] == [space]


def test_odin_packs_runs_of_equal_direction_and_space():
    config = TinyOdinConfig(neurons=16)
    found = packed(
        pins_of(config).spi,
        interface_of(config),
        {"write": 1, "address": 3, "data": 9},
        {"write": 1, "space": 1, "address": 15, "byte": 2, "data": 0xA5, "mask": 0x0F},
        {"write": 1, "space": 1, "address": 0, "data": 1},
        {"space": 1, "address": 0, "data": 77},
        {"space": 2, "address": 31, "byte": 3},
    )
    assert found == [
        ([["40003", "9"]], 2, 1),
        ([["5020f", "fa5"], ["50000", "1"]], 2, 2),
        ([["90000", "0"]], 2, 1),
        ([["a601f", "0"]], 2, 1),
    ]


def test_nothing_to_pack():
    for core in ("tinyodin", "reckon"):
        config = make_config(core)
        assert list(pins_of(config).spi.pack(interface_of(config), requests_of())) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([1 << 20, 0], "tinyodin: SPI word is 1048576, allowed is a whole number of 20 bits"),
        ([-1, 0], "SPI word is -1, allowed"),
        ([0, 1 << 20], "SPI word is 1048576"),
        ([0, -1], "SPI word is -1"),
        ([0, 1.0], r"SPI word is 1\.0, allowed is a whole number"),
        (["0", 0], "SPI word is '0', allowed is a whole number"),
        ([], "without words"),
        ([0], "SPI transaction has 0 data words, its first word says 1"),
        ([0, 0, 0], "SPI transaction has 2 data words, its first word says 1"),
    ],
)
def test_odin_refuses(words, message):
    with pytest.raises(InputError, match=message):
        pins_of(TinyOdinConfig()).spi.check("tinyodin", words)


def test_checked_words_are_python_integers():
    spi = pins_of(TinyOdinConfig()).spi
    for words in ((np.uint32(3), np.int64(4)), np.array([3, 4])):
        checked = spi.check("tinyodin", words)
        assert checked == [3, 4]
        assert {type(word) for word in checked} == {int}


# ReckOn: a header that says how many data words follow.


def first_of(spi, name, word, chunk=0, count=1, *, write=False):
    return spi.first(write=write, address=spi.places[name].at(word, chunk), count=count)


def test_published_header_of_reckon():
    spi = pins_of(ReckonConfig()).spi
    assert first_of(spi, "weights_rec", 0x30, 0, 8) == 0xC00800C0
    assert first_of(spi, "weights_rec", 0x30, 2, 8, write=True) == 0x400800C2
    assert first_of(spi, "outputs", 15, write=True) == 0x2001000F
    assert spi.first(write=True, address=69) == 0x00010045


def test_addresses_of_reckon_are_passed_on_whole():
    """The table of section 3; what lies above a word is the core's business."""
    spi = pins_of(ReckonConfig()).spi
    for address in (*range(0x420), 0x5432, 0xFFFF):
        for space in range(8):
            for read in (False, True):
                reached = space if 0 < space < 6 or (space == 0 and not read) else None
                assert spi.decode([read << 31 | space << 28 | 1 << 16 | address, 7]) == [
                    SpiRequest(reached, address, read, not read, data=7)
                ]


def test_bursts_of_reckon_advance():
    spi = pins_of(ReckonConfig()).spi
    assert spi.decode([0x2003FFFF, 5, 6, 7]) == [
        SpiRequest(2, 0xFFFF, False, True, data=5),
        SpiRequest(2, 0, False, True, data=6),
        SpiRequest(2, 1, False, True, data=7),
    ]
    # That of a register does not.
    assert [request.address for request in spi.decode([0x00020045, 1, 2])] == [69, 69]
    assert spi.decode([0x00000045]) == []


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.name)
def test_reckon_reads_what_it_builds(config):
    """Chunks of a word are numbered by the low bits of the address, words above them."""
    interface, spi = interface_of(config), pins_of(config).spi
    for name, size in interface.memories.items():
        chunks = -(-size.width // 32)
        step = 1 << (chunks - 1).bit_length()
        assert interface.units(name) == chunks
        for word in {0, 1, size.words // 2, size.words - 1}:
            for chunk in range(chunks):
                (found,) = spi.decode([first_of(spi, name, word, chunk), 0])
                assert found == SpiRequest(size.space, step * word + chunk, True, False)


def test_reckon_cuts_accesses_into_bursts():
    config = ReckonConfig(neurons=16, outputs=4, weight_bits=5, neuron_lanes=1)
    interface, spi = interface_of(config), pins_of(config).spi
    # 78 bits: 3 chunks, so that addresses have gaps; registers are written one by one.
    assert interface.units("neurons") == 3
    found = packed(
        spi,
        interface,
        {"write": 1, "address": 1, "data": 5},
        {"write": 1, "address": 2, "data": 6},
        *({"write": 1, "space": 1, "address": address, "data": 9} for address in (4, 5, 6, 8, 9)),
        *({"space": 2, "address": address} for address in (2, 3, 0)),
    )
    assert found == [
        ([["10001", "5"]], 2, 1),
        ([["10002", "6"]], 2, 1),
        ([["10030004", "9", "9", "9"]], 2, 3),
        ([["10020008", "9", "9"]], 2, 2),
        ([["a0020002", "0", "0"]], 4, 2),
        ([["a0010000", "0"]], 4, 1),
    ]


def test_the_longest_burst():
    config = ReckonConfig()
    spi = pins_of(config).spi
    assert spi.longest == 4095
    addresses = [{"write": 1, "space": 3, "address": n, "data": n} for n in range(2 * 4095 + 2)]
    parts = list(spi.pack(interface_of(config), requests_of(*addresses)))
    assert [part.words.shape for part in parts] == [(1, 4096), (1, 4096), (1, 3)]
    assert [f"{part.words[0, 0]:x}" for part in parts] == ["3fff0000", "3fff0fff", "30021ffe"]
    data = np.concatenate([part.words[0, 1:] for part in parts])
    np.testing.assert_array_equal(data, np.arange(2 * 4095 + 2))


@pytest.mark.parametrize(
    "words", [[], [0x00010003], [0x00010003, 1, 2], [-1], [0x00010003, 1 << 32], [0.5]]
)
def test_reckon_refuses(words):
    with pytest.raises(InputError, match="reckon: SPI"):
        pins_of(ReckonConfig()).spi.check("reckon", words)
    assert pins_of(ReckonConfig()).spi.check("reckon", [0x00010003, 9]) == [0x00010003, 9]


# A chip that is made up: pages, banks, and replies of few bits.


def made_up(**changes):
    """An interface with two cores of 600 words, and SPI of 16 bits with an address of 8."""
    registers = RegisterMap(
        "made-up",
        [
            Register("gate", 0, 1, "GATE", "opens the memories"),
            Register("page", 5, 4, "PAGE", "chooses 256 addresses"),
            Register("core", 6, 1, "CORE", "chooses a core"),
        ],
    )
    interface = Interface(
        core="made-up",
        registers=registers,
        memories={
            "first": HostMemory(words=600, width=12, space=1, bank=0),
            "second": HostMemory(words=600, width=12, space=1, bank=1),
            "table": HostMemory(words=8, width=8, space=2),
        },
        inputs={"events": Stream(8)},
        outputs={"output": Stream(8)},
        banks=2,
    )
    paged = SpiPlace(base=1 << 12, step=2, unit_step=1, page_bits=8)
    spi = {
        "bits": 16,
        "read": 1 << 15,
        "write": 1 << 14,
        "register_bits": 8,
        "places": {
            "first": paged,
            "second": paged,
            "table": SpiPlace(base=2 << 12, step=1, unit_step=0),
        },
        "reply_bits": 8,
        "read_half_period": 6,
        "write_half_period": 3,
        "page_register": "page",
        "decode": lambda words: [],
    }
    return SpiWords(**spi | changes), interface


def test_page_register():
    spi, interface = made_up()
    found = packed(
        spi,
        interface,
        *({"space": 1, "address": word, "byte": byte} for word in (127, 128) for byte in (0, 1)),
        {"write": 1, "space": 1, "address": 599, "byte": 1, "data": 0xA5},
        {"space": 2, "address": 7},
        {"write": 1, "address": 0, "data": 1},
    )
    assert found == [
        ([["4005", "0"]], 3, 0),
        ([["90fe", "0"], ["90ff", "0"]], 6, 2),
        ([["4005", "1"]], 3, 0),
        ([["9000", "0"], ["9001", "0"]], 6, 2),
        ([["4005", "4"]], 3, 0),
        ([["50af", "a5"]], 3, 1),
        # What has no pages is reached from page 0.
        ([["4005", "0"]], 3, 0),
        ([["a007", "0"]], 6, 1),
        # Registers are reached from any.
        ([["4000", "1"]], 3, 1),
    ]


def test_bank_register():
    spi, interface = made_up(page_register=None, bank_register="core")
    found = packed(
        spi,
        interface,
        {"write": 1, "space": 1, "address": 2, "data": 1},
        {"write": 1, "space": 1, "bank": 1, "address": 2, "data": 2},
        {"write": 1, "space": 1, "bank": 1, "address": 3, "data": 3},
    )
    assert found == [
        ([["4006", "0"]], 3, 0),
        ([["5004", "1"]], 3, 1),
        ([["4006", "1"]], 3, 0),
        ([["5004", "2"], ["5006", "3"]], 3, 2),
    ]


def test_page_and_bank_registers():
    spi, interface = made_up(bank_register="core")
    found = packed(spi, interface, {"space": 1, "bank": 1, "address": 300, "byte": 1})
    assert found == [
        ([["4006", "1"]], 3, 0),
        ([["4005", "2"]], 3, 0),
        ([["9059", "0"]], 6, 1),
    ]


def test_mask_and_count_of_one_chip():
    spi, interface = made_up(mask_shift=8, count_shift=10, longest=3, page_register=None)
    items = [
        {"write": 1, "space": 2, "address": n, "data": n, "mask": 0xF0} for n in (0, 1, 2, 3, 6)
    ]
    assert packed(spi, interface, *items) == [
        ([["6c00", "f000", "f001", "f002"]], 3, 3),
        ([["6403", "f003"]], 3, 1),
        ([["6406", "f006"]], 3, 1),
    ]
