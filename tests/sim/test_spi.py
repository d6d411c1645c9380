"""Raw SPI transactions, on the model and on devices of other kinds."""

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.memory.logical import LogicalMemory
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.tinyodin import TinyOdinModel
from spikewright.sim.spi import SpiFrame, SpiRequest, spi_transaction

READ, WRITE = 1 << 19, 1 << 18
NEURONS, SYNAPSES, NOTHING = 1 << 16, 2 << 16, 3 << 16


def gated(**parameters):
    model = TinyOdinModel(TinyOdinConfig(**parameters))
    model.configure(gate=1)
    return model


class Plain:
    """A device that shows nothing but what the protocol asks for."""

    def __init__(self, model):
        self.config, self.registers, self.memories = model.config, model.registers, model.memories
        self.configure, self.load, self.dump = model.configure, model.load, model.dump


def test_registers():
    model = TinyOdinModel()
    assert spi_transaction(model, 3, 0xF1234) == 0  # low bits of the value; no write bit needed
    assert model.register_values["last_neuron"] == 0x34
    spi_transaction(model, READ | 3, 0x12)
    assert model.register_values["last_neuron"] == 0x12
    spi_transaction(model, WRITE | 1, 3)
    assert model.register_values["open_loop"] == 1
    spi_transaction(model, 0, 0xFFFFF)
    assert model.register_values["gate"] == 1
    spi_transaction(model, 0, 0xFFFFE)
    assert model.register_values["gate"] == 0


@pytest.mark.parametrize("number", [4, 255, 256, 0x8003, 0x103, 0xFFFF])
def test_other_registers_are_ignored(number):
    """All address bits are compared."""
    model = TinyOdinModel()
    assert spi_transaction(model, WRITE | number, 0xFFFFF) == 0
    assert set(model.register_values.values()) == {0}


@pytest.mark.parametrize("byte", range(4))
def test_neuron_bytes(byte):
    model = gated()
    model.load("neurons", [0x44332211], at=7)
    address = NEURONS | byte << 8 | 7
    assert spi_transaction(model, READ | address, 0) == 0x11 * (byte + 1)
    assert spi_transaction(model, WRITE | address, 0xA5) == 0
    expected = bytearray.fromhex("11223344")
    expected[byte] = 0xA5
    assert model.dump("neurons", 6, 3).tolist() == [0, int.from_bytes(expected, "little"), 0]


@pytest.mark.parametrize("byte", range(4))
@pytest.mark.parametrize("ignored", [0, 1 << 15])
def test_synapse_bytes(byte, ignored):
    model = gated()
    model.load("synapses", [0x44332211], at=0x1FFF)
    address = SYNAPSES | ignored | byte << 13 | 0x1FFF
    assert spi_transaction(model, READ | address, 0) == 0x11 * (byte + 1)
    spi_transaction(model, WRITE | address, 0xA5)
    expected = bytearray.fromhex("11223344")
    expected[byte] = 0xA5
    assert model.dump("synapses", 0x1FFE).tolist() == [0, int.from_bytes(expected, "little")]


def test_mask_bits_keep_old_bits():
    model = gated()
    model.load("neurons", [0xCC], at=0)
    spi_transaction(model, WRITE | NEURONS, 0x0F << 8 | 0xAA)
    assert model.dump("neurons", 0, 1).tolist() == [0xAC]
    spi_transaction(model, WRITE | NEURONS, 0xF0000 | 0xFF << 8 | 0x55)
    assert model.dump("neurons", 0, 1).tolist() == [0xAC]


def test_read_and_write_reads_first():
    model = gated()
    model.load("synapses", [0x1234], at=5)
    assert spi_transaction(model, READ | WRITE | SYNAPSES | 1 << 13 | 5, 0xFF) == 0x12
    assert model.dump("synapses", 5, 1).tolist() == [0xFF34]


def test_neither_bit_and_no_target_do_nothing():
    model = gated()
    model.load("neurons", [0xFFFFFFFF] * 256)
    for address in (NEURONS, NOTHING, READ | NOTHING, WRITE | NOTHING, READ | WRITE | NOTHING):
        assert spi_transaction(model, address, 0) == 0
    assert model.dump("neurons").tolist() == [0xFFFFFFFF] * 256


@pytest.mark.parametrize("byte", [4, 5, 128, 255])
def test_missing_neuron_bytes(byte):
    model = gated()
    model.load("neurons", [0xFFFFFFFF] * 256)
    assert spi_transaction(model, READ | WRITE | NEURONS | byte << 8, 0) == 0
    assert model.dump("neurons").tolist() == [0xFFFFFFFF] * 256


def test_missing_words_of_a_small_core():
    model = gated(neurons=16)
    for target, word, count in ((NEURONS, 16, 16), (NEURONS, 255, 16), (SYNAPSES, 32, 32)):
        memory = "neurons" if target == NEURONS else "synapses"
        model.load(memory, [0xFFFFFFFF] * count)
        assert spi_transaction(model, READ | WRITE | target | word, 0) == 0
        assert model.dump(memory).tolist() == [0xFFFFFFFF] * count


def test_memory_only_while_gated():
    model = gated()
    model.load("neurons", [0x12])
    model.configure(gate=0)
    assert spi_transaction(model, READ | WRITE | NEURONS, 0xFF) == 0
    spi_transaction(model, 0, 1)
    assert spi_transaction(model, READ | NEURONS, 0) == 0x12


def test_t1_neuron_write_causes_no_event():
    model = TinyOdinModel()
    model.configure(gate=1, output_source=1, last_neuron=3)
    model.load("neurons", [4095 << 12] * 4)
    for data in (0, 0xFF00, 0x5):
        spi_transaction(model, WRITE | NEURONS | 9, data)  # v = 0 and threshold 0
    model.configure(gate=0)
    assert model.settle().tolist() == []


def test_large_core():
    """A = 20 for 1024 neurons: ten bits of word number, byte number above them."""
    model = gated(neurons=1024)
    frame = SpiFrame.of(model)
    assert frame.bits == 24
    model.load("neurons", [0x44332211], at=1000)
    assert spi_transaction(model, 1 << 23 | 1 << 20 | 2 << 10 | 1000, 0) == 0x33
    model.load("synapses", [0x44332211], at=131071)
    for ignored in (0, 1 << 19):
        assert spi_transaction(model, 1 << 23 | 2 << 20 | ignored | 3 << 17 | 131071, 0) == 0x44
    spi_transaction(model, 3, 0xFFC01)
    assert model.register_values["last_neuron"] == 1


def test_wide_and_partly_filled_words():
    """Words of more than four bytes have a byte number of three bits; missing bits are zero."""
    model = gated(weight_bits=7, potential_bits=9)
    address = SYNAPSES | 6 << 13 | 3
    spi_transaction(model, WRITE | address, 0xAB)
    assert model.dump("synapses", 3, 1).tolist() == [0xAB << 48]
    assert spi_transaction(model, READ | address, 0) == 0xAB
    assert spi_transaction(model, READ | WRITE | SYNAPSES | 7 << 13 | 3, 0xFF) == 0
    spi_transaction(model, WRITE | NEURONS | 3 << 8, 0xFF)  # bits 24 and 25 of 26
    assert model.dump("neurons", 0, 1).tolist() == [3 << 24]
    assert spi_transaction(model, READ | NEURONS | 3 << 8, 0) == 3


@pytest.mark.parametrize("address_bits", [16, 18, 20])
@pytest.mark.parametrize("synapse_bits", [16, 32, 64])
def test_frame_reads_what_it_builds(address_bits, synapse_bits):
    memories = {
        "neurons": LogicalMemory(1 << address_bits // 2, 128),
        "synapses": LogicalMemory(1 << (address_bits - 3), synapse_bits),
    }
    frame = SpiFrame(address_bits, memories)
    assert frame.bits == address_bits + 4
    random = np.random.default_rng(3)
    for name, size in memories.items():
        for _ in range(20):
            word = int(random.integers(size.words))
            byte = int(random.integers(size.bytes_per_word))
            read, write = (bool(bit) for bit in random.integers(2, size=2))
            address = frame.memory(name, word, byte, read=read, write=write)
            assert address < 1 << frame.bits
            assert frame.decode(address) == SpiRequest(read, write, None, name, word, byte)
    assert frame.decode(frame.register(300)) == SpiRequest(False, True, 300, None, 0, 0)


def test_device_with_pins_is_asked():
    device = Plain(TinyOdinModel())
    device.spi = lambda address, data: address + data
    assert spi_transaction(device, 5, 6) == 11


def test_plain_device_with_the_gate_told():
    device = Plain(gated())
    assert spi_transaction(device, WRITE | NEURONS, 0x12, gated=True) == 0
    assert spi_transaction(device, READ | NEURONS, 0, gated=True) == 0x12
    assert spi_transaction(device, READ | NEURONS, 0, gated=False) == 0


@pytest.mark.parametrize(("address", "data"), [(1 << 20, 0), (-1, 0), (0, 1 << 20), (0, -1)])
def test_words_that_do_not_fit(address, data):
    with pytest.raises(InputError, match="allowed are 20 bits"):
        spi_transaction(TinyOdinModel(), address, data)
