"""Raw SPI transactions of ReckOn: headers, and what addresses reach."""

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.layout import SPACES, memories
from spikewright.sim.model import open_model
from spikewright.sim.spi32 import Spi32Frame, Spi32Header, Spi32Target
from spikewright.sim.workload.reckon import CONFIGURATIONS


def test_header():
    header = Spi32Header(read=True, space=4, count=8, address=0x00C0)
    assert header.pack() == 0xC00800C0
    assert Spi32Header.unpack(0xC00800C0) == header
    for word in (0, 0xFFFFFFFF, 0x12345678, 0x8FFF0001):
        assert Spi32Header.unpack(word).pack() == word


def test_published_addresses():
    """The table of section 3."""
    frame = Spi32Frame(ReckonConfig())
    for address in (*range(0x420), 0x5432, 0xFFFF):
        neuron = address & 0xFF if address >> 9 & 1 else None
        assert frame.locate(1, address) == Spi32Target(
            "neurons", address >> 2 & 0x7F, address & 3, neuron
        )
        assert frame.locate(2, address) == Spi32Target("outputs", address & 15, 0, None)
        for space, name in ((3, "weights_in"), (4, "weights_rec")):
            assert frame.locate(space, address) == Spi32Target(
                name, address >> 2 & 0xFFF, address & 3, None
            )
        assert frame.locate(5, address) == Spi32Target(
            "weights_out", address >> 2 & 0x1FF, address & 3, None
        )
        for space in (0, 6, 7):
            assert frame.locate(space, address) is None


def test_addresses_of_other_sizes():
    config = ReckonConfig(neurons=32, outputs=4, weight_bits=5, weight_lanes=8, neuron_lanes=1)
    frame = Spi32Frame(config)
    # 78 bits: 3 chunks, so 2 bits; 40 bits: 1 bit; 20 bits: none.
    assert frame.locate(1, 0b10_10110_11) == Spi32Target("neurons", 0b10110, 3, None)
    assert frame.locate(1, 0b1_10110_11) == Spi32Target("neurons", 0b10110, 3, 0b11011)
    assert frame.locate(3, 0b0111_0011) == Spi32Target("weights_in", 0b0111001, 1, None)
    assert frame.locate(5, 0b111010) == Spi32Target("weights_out", 0b111010, 0, None)
    assert frame.locate(2, 0b111) == Spi32Target("outputs", 3, 0, None)


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.name)
def test_address_is_the_inverse_of_locate(config):
    frame = Spi32Frame(config)
    for space, name in SPACES.items():
        size = memories(config)[name]
        chunks = -(-size.width // 32)
        for word in {0, 1, size.words // 2, size.words - 1}:
            for chunk in range(chunks):
                found = frame.locate(space, frame.address(name, word, chunk))
                assert found == Spi32Target(name, word, chunk, None)
        if name == "neurons":
            for neuron in (0, 1, config.neurons - 1):
                assert frame.locate(space, frame.flag_address(neuron)).flags == neuron


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.name)
def test_memories_by_raw_transactions(config):
    """Whole memories written in bursts, chunks beyond a word included, and read back word by word."""
    random = np.random.default_rng(1)
    model = open_model(config)
    frame = Spi32Frame(config)
    for space, name in SPACES.items():
        size = model.memories[name]
        chunks = frame.address(name, 1)
        count = min(size.words, 40)
        start = size.words - count
        data = random.integers(0, 1 << 32, count * chunks).tolist()
        address = frame.address(name, start)
        model.spi32([Spi32Header(False, space, len(data), address).pack(), *data])
        words = model.dump(name, start).tolist()
        for index, word in enumerate(words):
            part = data[index * chunks : (index + 1) * chunks]
            whole = sum(chunk << 32 * number for number, chunk in enumerate(part))
            assert word == whole & ((1 << size.width) - 1)
        reply = model.spi32(
            [Spi32Header(True, space, len(data), address).pack(), *([0] * len(data))]
        )
        expected = [word >> 32 * chunk & 0xFFFFFFFF for word in words for chunk in range(chunks)]
        assert reply[1:] == expected


def test_addresses_wrap_around():
    model = open_model(ReckonConfig())
    model.spi32([Spi32Header(False, 2, 3, 0xFFFF).pack(), 5, 6, 7])
    assert model.dump("outputs", 0, 2).tolist() == [6, 7]
    assert model.dump("outputs", 15, 1).tolist() == [5]


def test_check():
    frame = Spi32Frame(ReckonConfig())
    assert frame.check([0x00010003, 9]) == (Spi32Header(False, 0, 1, 3), [9])
    for words in ([], [0x00010003], [0x00010003, 1, 2], [-1], [0x00010003, 1 << 32]):
        with pytest.raises(InputError, match="reckon: SPI"):
            frame.check(words)
