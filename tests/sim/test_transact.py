"""What raw SPI transactions do, on the models; words are those of the specifications, section 3."""

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model import open_model
from spikewright.sim.model.tinyodin import TinyOdinModel
from spikewright.sim.workload.reckon import CONFIGURATIONS

READ, WRITE = 1 << 19, 1 << 18
NEURONS, SYNAPSES, NOTHING = 1 << 16, 2 << 16, 3 << 16


def gated(**parameters):
    model = TinyOdinModel(TinyOdinConfig(**parameters))
    model.configure(gate=1)
    return model


def transact(device, address, data):
    """Carry out a transaction of two words; return the byte that comes back."""
    first, reply = device.transact([address, data])
    assert first == 0
    return reply


def test_registers():
    model = TinyOdinModel()
    assert transact(model, 3, 0xF1234) == 0  # low bits of the value; no write bit needed
    assert model.register_values["last_neuron"] == 0x34
    transact(model, READ | 3, 0x12)
    assert model.register_values["last_neuron"] == 0x12
    transact(model, WRITE | 1, 3)
    assert model.register_values["open_loop"] == 1
    transact(model, 0, 0xFFFFF)
    assert model.register_values["gate"] == 1
    transact(model, 0, 0xFFFFE)
    assert model.register_values["gate"] == 0


@pytest.mark.parametrize("number", [4, 255, 256, 0x8003, 0x103, 0xFFFF])
def test_other_registers_are_ignored(number):
    """All address bits are compared."""
    model = TinyOdinModel()
    assert transact(model, WRITE | number, 0xFFFFF) == 0
    assert set(model.register_values.values()) == {0}


@pytest.mark.parametrize("byte", range(4))
def test_neuron_bytes(byte):
    model = gated()
    model.load("neurons", [0x44332211], at=7)
    address = NEURONS | byte << 8 | 7
    assert transact(model, READ | address, 0) == 0x11 * (byte + 1)
    assert transact(model, WRITE | address, 0xA5) == 0
    expected = bytearray.fromhex("11223344")
    expected[byte] = 0xA5
    assert model.dump("neurons", 6, 3).tolist() == [0, int.from_bytes(expected, "little"), 0]


@pytest.mark.parametrize("byte", range(4))
@pytest.mark.parametrize("ignored", [0, 1 << 15])
def test_synapse_bytes(byte, ignored):
    model = gated()
    model.load("synapses", [0x44332211], at=0x1FFF)
    address = SYNAPSES | ignored | byte << 13 | 0x1FFF
    assert transact(model, READ | address, 0) == 0x11 * (byte + 1)
    transact(model, WRITE | address, 0xA5)
    expected = bytearray.fromhex("11223344")
    expected[byte] = 0xA5
    assert model.dump("synapses", 0x1FFE).tolist() == [0, int.from_bytes(expected, "little")]


def test_mask_bits_keep_old_bits():
    model = gated()
    model.load("neurons", [0xCC], at=0)
    transact(model, WRITE | NEURONS, 0x0F << 8 | 0xAA)
    assert model.dump("neurons", 0, 1).tolist() == [0xAC]
    transact(model, WRITE | NEURONS, 0xF0000 | 0xFF << 8 | 0x55)
    assert model.dump("neurons", 0, 1).tolist() == [0xAC]


def test_read_and_write_reads_first():
    model = gated()
    model.load("synapses", [0x1234], at=5)
    assert transact(model, READ | WRITE | SYNAPSES | 1 << 13 | 5, 0xFF) == 0x12
    assert model.dump("synapses", 5, 1).tolist() == [0xFF34]


def test_neither_bit_and_no_target_do_nothing():
    model = gated()
    model.load("neurons", [0xFFFFFFFF] * 256)
    for address in (NEURONS, NOTHING, READ | NOTHING, WRITE | NOTHING, READ | WRITE | NOTHING):
        assert transact(model, address, 0) == 0
    assert model.dump("neurons").tolist() == [0xFFFFFFFF] * 256


@pytest.mark.parametrize("byte", [4, 5, 128, 255])
def test_missing_neuron_bytes(byte):
    model = gated()
    model.load("neurons", [0xFFFFFFFF] * 256)
    assert transact(model, READ | WRITE | NEURONS | byte << 8, 0) == 0
    assert model.dump("neurons").tolist() == [0xFFFFFFFF] * 256


def test_missing_words_of_a_small_core():
    model = gated(neurons=16)
    for target, word, count in ((NEURONS, 16, 16), (NEURONS, 255, 16), (SYNAPSES, 32, 32)):
        memory = "neurons" if target == NEURONS else "synapses"
        model.load(memory, [0xFFFFFFFF] * count)
        assert transact(model, READ | WRITE | target | word, 0) == 0
        assert model.dump(memory).tolist() == [0xFFFFFFFF] * count


def test_memory_only_while_gated():
    model = gated()
    model.load("neurons", [0x12])
    model.configure(gate=0)
    assert transact(model, READ | WRITE | NEURONS, 0xFF) == 0
    transact(model, 0, 1)
    assert transact(model, READ | NEURONS, 0) == 0x12


def test_t1_neuron_write_causes_no_event():
    model = TinyOdinModel()
    model.configure(gate=1, output_source=1, last_neuron=3)
    model.load("neurons", [4095 << 12] * 4)
    for data in (0, 0xFF00, 0x5):
        transact(model, WRITE | NEURONS | 9, data)  # v = 0 and threshold 0
    model.configure(gate=0)
    assert model.settle().tolist() == []


def test_large_core():
    """A = 20 for 1024 neurons: ten bits of word number, byte number above them."""
    model = gated(neurons=1024)
    assert model.pins.spi.bits == 24
    model.load("neurons", [0x44332211], at=1000)
    assert transact(model, 1 << 23 | 1 << 20 | 2 << 10 | 1000, 0) == 0x33
    model.load("synapses", [0x44332211], at=131071)
    for ignored in (0, 1 << 19):
        assert transact(model, 1 << 23 | 2 << 20 | ignored | 3 << 17 | 131071, 0) == 0x44
    transact(model, 3, 0xFFC01)
    assert model.register_values["last_neuron"] == 1


def test_wide_and_partly_filled_words():
    """Words of more than four bytes have a byte number of three bits; missing bits are zero."""
    model = gated(weight_bits=7, potential_bits=9)
    address = SYNAPSES | 6 << 13 | 3
    transact(model, WRITE | address, 0xAB)
    assert model.dump("synapses", 3, 1).tolist() == [0xAB << 48]
    assert transact(model, READ | address, 0) == 0xAB
    assert transact(model, READ | WRITE | SYNAPSES | 7 << 13 | 3, 0xFF) == 0
    transact(model, WRITE | NEURONS | 3 << 8, 0xFF)  # bits 24 and 25 of 26
    assert model.dump("neurons", 0, 1).tolist() == [3 << 24]
    assert transact(model, READ | NEURONS | 3 << 8, 0) == 3


@pytest.mark.parametrize(("address", "data"), [(1 << 20, 0), (-1, 0), (0, 1 << 20), (0, -1)])
def test_words_that_do_not_fit(address, data):
    with pytest.raises(InputError, match="allowed is a whole number of 20 bits"):
        TinyOdinModel().transact([address, data])


# ReckOn: bursts.


def header(read, space, count, address):
    return read << 31 | space << 28 | count << 16 | address


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.name)
def test_memories_in_bursts(config):
    """Whole memories written, chunks beyond a word included, and read back word by word."""
    random = np.random.default_rng(1)
    model = open_model(config)
    for name, size in model.memories.items():
        chunks = 1 << (-(-size.width // 32) - 1).bit_length()
        count = min(size.words, 40)
        start = size.words - count
        data = random.integers(0, 1 << 32, count * chunks).tolist()
        address = start * chunks
        model.transact([header(False, size.space, len(data), address), *data])
        words = model.dump(name, start).tolist()
        for index, word in enumerate(words):
            part = data[index * chunks : (index + 1) * chunks]
            whole = sum(chunk << 32 * number for number, chunk in enumerate(part))
            assert word == whole & ((1 << size.width) - 1)
        reply = model.transact([header(True, size.space, len(data), address), *([0] * len(data))])
        expected = [word >> 32 * chunk & 0xFFFFFFFF for word in words for chunk in range(chunks)]
        assert reply == [0, *expected]


def test_addresses_wrap_around():
    model = open_model(ReckonConfig())
    model.transact([header(False, 2, 3, 0xFFFF), 5, 6, 7])
    assert model.dump("outputs", 0, 2).tolist() == [6, 7]
    assert model.dump("outputs", 15, 1).tolist() == [5]


def test_addresses_beyond_a_word():
    """Chunks and words above those that exist are those that exist; spaces 6 and 7 are nothing."""
    model = open_model(
        ReckonConfig(neurons=32, outputs=4, weight_bits=5, weight_lanes=8, neuron_lanes=1)
    )
    for name, space, address, word, shift in (
        ("neurons", 1, 0b10_10110_10, 0b10110, 64),
        ("weights_in", 3, 0b0111_0011, 0b0111001, 32),
        ("weights_out", 5, 0b1_111010, 0b111010, 0),
        ("outputs", 2, 0b111, 3, 0),
    ):
        size = model.memories[name]
        model.load(name, [0] * size.words)
        model.transact([header(False, space, 1, address), 0xFFFFFFFF])
        expected = [0] * size.words
        expected[word] = 0xFFFFFFFF << shift & (1 << size.width) - 1
        assert model.dump(name).tolist() == expected, name
        before = {name: model.dump(name).tolist() for name in model.memories}
    for space in (6, 7):
        model.transact([header(False, space, 1, 3), 0xFFFFFFFF])
    assert {name: model.dump(name).tolist() for name in model.memories} == before


def test_a_read_that_reaches_nothing_gives_what_was_read_last():
    model = open_model(ReckonConfig(neurons=16))
    model.load("outputs", [0x1234] * 16)
    assert model.transact([header(True, 2, 1, 3), 0]) == [0, 0x1234]
    for space in (0, 6, 7):
        assert model.transact([header(True, space, 2, 3), 0, 0]) == [0, 0x1234, 0x1234]
    model.configure(config_mode=0)
    model.drive(sample=1)
    assert model.transact([header(True, 1, 1, 0), 0]) == [0, 0x1234]
    model.reset()
    assert model.transact([header(True, 6, 1, 3), 0]) == [0, 0]
