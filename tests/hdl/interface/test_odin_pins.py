"""tinyODIN behind the published pins: gate, reset, handshakes and SPI as its users meet them."""

import numpy as np
import pytest

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.rtl import RtlDevice

READ, WRITE = 1 << 19, 1 << 18
NEURONS, SYNAPSES, NOTHING = 1 << 16, 2 << 16, 3 << 16
TICK, VIRTUAL = 1 << 8, 1 << 9
ALL = 0xFF
#: A neuron that no weight makes fire, and one that every update makes fire.
SILENT, EAGER = 0xFFF << 12, 0


def spi(device, address, data):
    """Carry out a raw transaction; return the byte that is read back."""
    return device.transact([address, data])[-1]


def shift(engine, words, half_period=2):
    """Shift words through the SPI pins, and wait for nothing afterwards."""
    return engine.spi(np.array([words], dtype=np.uint64), half_period, 0)[0].tolist()


def make_device(**parameters):
    config = TinyOdinConfig(neurons=16, **parameters)
    return RtlDevice(config, shell="pins", engine="amaranth")


@pytest.fixture
def device():
    with make_device() as device:
        yield device


def load(device, words, **registers):
    """Load neurons from 0 on, then set registers, ungated."""
    device.configure(gate=1, open_loop=1)
    device.load("neurons", words)
    device.configure(**{"open_loop": 0, "last_neuron": len(words) - 1} | registers)
    device.configure(gate=0)


def dump(device, count, at=0):
    device.configure(gate=1)
    return device.dump("neurons", at, count).tolist()


class Pins:
    """The engine of a device without its receiver on the output bus."""

    def __init__(self, device):
        self.engine = device.engine
        # The receiver never draws a cycle in which it answers.
        self.engine.stall(0, output=256)

    def step_until(self, pin, level, limit=2000):
        for cycles in range(limit):
            if self.engine.get(pin) == level:
                return cycles
            self.engine.step()
        raise AssertionError(f"{pin} is not {level} after {limit} cycles")

    def request(self, event):
        self.engine.set("AERIN_ADDR", event)
        self.engine.set("AERIN_REQ", 1)

    def release(self):
        self.engine.set("AERIN_REQ", 0)
        self.step_until("AERIN_ACK", 0)

    def take_word(self):
        for level in (1, 0):
            self.step_until("AEROUT_REQ", level)
            self.engine.set("AEROUT_ACK", level)

    def reset(self):
        self.engine.set("RST", 1)
        self.engine.step(4)
        self.engine.set("RST", 0)
        self.engine.step(4)


def test_spi_reads_and_writes_memories(device):
    device.configure(gate=1)
    for byte, value in enumerate((0x11, 0x22, 0x33, 0x44)):
        spi(device, WRITE | NEURONS | byte << 8 | 5, value)
        spi(device, WRITE | SYNAPSES | byte << 13 | 31, 0xF0 | value)
    read = [spi(device, READ | NEURONS | byte << 8 | 5, 0) for byte in range(4)]
    assert read == [0x11, 0x22, 0x33, 0x44]
    assert spi(device, READ | SYNAPSES | 2 << 13 | 31, 0) == 0xF3
    # Bit 15 of a synapse address is ignored.
    assert spi(device, READ | SYNAPSES | 1 << 15 | 2 << 13 | 31, 0) == 0xF3


def test_spi_mask_bits_keep_old_bits(device):
    device.configure(gate=1)
    spi(device, WRITE | NEURONS | 3, 0xCC)
    spi(device, WRITE | NEURONS | 3, 0x0F << 8 | 0xAA)
    assert spi(device, READ | NEURONS | 3, 0) == 0xAC


def test_spi_read_with_write_reads_first(device):
    device.configure(gate=1)
    spi(device, WRITE | SYNAPSES | 4, 0x12)
    assert spi(device, READ | WRITE | SYNAPSES | 4, 0x34) == 0x12
    assert spi(device, READ | SYNAPSES | 4, 0) == 0x34


@pytest.mark.parametrize(
    "address",
    [
        NEURONS | 16,
        *(pytest.param(NEURONS | high, marks=pytest.mark.slow) for high in (4 << 8, 0xFF03)),
        SYNAPSES | 32,
        pytest.param(NOTHING | 3, marks=pytest.mark.slow),
    ],
)
def test_spi_beyond_a_memory(device, address):
    """Writes nothing and reads zero; 16 would be word 0 if high address bits were dropped."""
    device.configure(gate=1)
    device.load("neurons", [0x5A5A5A5A] * 16)
    device.load("synapses", [0x5A5A5A5A] * 2)
    assert spi(device, READ | WRITE | address, 0xFF) == 0
    assert device.dump("neurons").tolist() == [0x5A5A5A5A] * 16
    assert device.dump("synapses", 0, 2).tolist() == [0x5A5A5A5A] * 2


def test_spi_register_address_bits_are_all_compared(device):
    load(device, [EAGER], open_loop=1)
    spi(device, WRITE | 0x8002, 1)  # not register 2
    device.send([TICK | 0])
    assert device.settle().tolist() == [0]
    spi(device, READ | 2, 1)  # a register is written whatever the read and write bits say
    device.send([TICK | 0])
    assert device.settle().tolist() == []


def test_spi_needs_the_gate(device):
    device.configure(gate=1)
    device.load("neurons", [0x12])
    device.configure(gate=0)
    assert spi(device, READ | WRITE | NEURONS, 0xFF) == 0
    assert dump(device, 1) == [0x12]


def test_spi_back_to_back_at_a_quarter_of_the_clock(device):
    """Each write is done although the next transaction follows without a pause."""
    device.configure(gate=1)
    for neuron in range(16):
        shift(device.engine, [WRITE | NEURONS | neuron, 0x30 + neuron])
    assert [spi(device, READ | NEURONS | neuron, 0) for neuron in range(16)] == list(
        range(0x30, 0x40)
    )


def test_reset_realigns_the_spi_counter(device):
    device.configure(gate=1)
    spi(device, WRITE | NEURONS | 1, 0x77)
    engine = device.engine
    for _ in range(7):
        engine.set("SCK", 1)
        engine.step(2)
        engine.set("SCK", 0)
        engine.step(2)
    assert spi(device, READ | NEURONS | 1, 0) != 0x77
    engine.reset()
    assert spi(device, READ | NEURONS | 1, 0) == 0x77


def test_t1_spi_write_pushes_nothing(device):
    load(device, [SILENT] * 16, output_source=1)
    device.configure(gate=1)
    for byte in range(4):
        spi(device, WRITE | NEURONS | byte << 8 | 9, 0)  # ends as v = 0, threshold 0
    spi(device, WRITE | NEURONS | 9, 0)
    device.configure(gate=0)
    assert device.settle().tolist() == []
    assert device.engine.get("SCHED_FULL") == 0


@pytest.mark.parametrize("delay", range(0, 180, 40))
def test_t4_gate_in_mid_event_damages_nothing(delay):
    """What the host asks for before the event is over may be lost, but goes nowhere else."""
    written = {10: (0x00, 0x55), 20: (0xF0, 0x0A), 30: (0x0F, 0xC0), 40: (0xAA, 0x11)}
    with RtlDevice(TinyOdinConfig(), shell="pins", engine="amaranth") as device:
        device.configure(open_loop=1, output_source=1, last_neuron=255)
        device.send([7])
        device.engine.step(delay)
        spi(device, 0, 1)
        assert not device.engine.get("IDLE")
        for neuron, (mask, byte) in written.items():
            spi(device, WRITE | NEURONS | neuron, mask << 8 | byte)
        spi(device, READ | NEURONS | 50, 0)
        device.settle()
        for neuron in (0, 9, 10, 11, 20, 30, 40, 50, 255):
            mask, byte = written.get(neuron, (0, 0))
            allowed = (0, byte & ~mask)
            assert spi(device, READ | NEURONS | neuron, 0) in allowed, f"neuron {neuron}"
        # Long after the event everything is served.
        assert spi(device, READ | NEURONS | 40, 0) == 0x11 & ~0xAA


def test_t4_the_event_is_finished_before_the_gate_closes():
    with RtlDevice(TinyOdinConfig(), shell="pins", engine="amaranth") as device:
        device.configure(gate=1, open_loop=1, output_source=1)
        device.load("neurons", [SILENT | 100, SILENT | 200], at=254)
        device.load("synapses", [0x21 << 24], at=7 * 32 + 31)
        device.configure(last_neuron=255, gate=0)
        device.send([7])
        spi(device, 0, 1)
        assert not device.engine.get("IDLE")
        device.settle()
        assert dump(device, 2, at=254) == [SILENT | 101, SILENT | 202]


def test_acknowledge_comes_after_execution(device):
    """A time reference is acknowledged when it is done, a queued event when it is queued."""
    load(device, [SILENT] * 16, output_source=1)
    pins = Pins(device)
    pins.request(TICK | ALL)
    # Two flip-flops, the event up to its last update, and the flip-flop of ACK.
    assert pins.step_until("AERIN_ACK", 1) == 2 + 1 + 15 * 2 + 3 + 1
    pins.release()
    pins.request(3)
    assert pins.step_until("AERIN_ACK", 1) == 2 + 1 + 1


def test_gate_holds_input_back(device):
    load(device, [SILENT] * 16, output_source=1)
    device.configure(gate=1)
    pins = Pins(device)
    pins.request(TICK | ALL)
    device.engine.step(200)
    assert device.engine.get("AERIN_ACK") == 0
    device.configure(gate=0)
    pins.step_until("AERIN_ACK", 1)


def test_gate_drops_a_hanging_output_request(device):
    load(device, [EAGER] * 16, open_loop=1)
    pins = Pins(device)
    pins.request(TICK | ALL)
    pins.step_until("AEROUT_REQ", 1)
    device.engine.step(100)
    # The receiver hangs and so does the core, in mid-event.
    assert device.engine.get("AEROUT_REQ") == 1
    assert device.engine.get("AERIN_ACK") == 0
    device.configure(gate=1)
    assert device.engine.get("AEROUT_REQ") == 0
    pins.step_until("AERIN_ACK", 1)
    pins.release()
    pins.step_until("IDLE", 1)
    # Words of the gated time are lost, later ones come.
    device.engine.stall(0)
    device.configure(gate=0)
    assert device.settle().tolist() == []
    device.send([TICK | 3])
    assert device.settle().tolist() == [3]


def test_reset_empties_the_queue_and_stops(device):
    load(device, [EAGER] * 16)
    pins = Pins(device)
    pins.request(TICK | 2)
    pins.take_word()
    pins.step_until("AERIN_ACK", 1)
    pins.release()
    # Neuron 2 has been pushed; its event makes neurons 0, 1, ... fire, and be pushed too.
    pins.take_word()
    pins.take_word()
    pins.step_until("AEROUT_REQ", 1)
    pins.reset()
    assert device.engine.get("IDLE") == 1
    assert device.engine.get("AERIN_ACK") == device.engine.get("AEROUT_REQ") == 0
    device.engine.stall(0)
    assert device.settle().tolist() == []


def test_reset_keeps_registers_and_memories(device):
    load(device, [SILENT | 0x10, SILENT | 0x20, 1 << 12 | 0x30], output_source=1, last_neuron=2)
    device.configure(gate=1)
    device.load("synapses", [0x321], at=2 * 5)
    device.configure(gate=0)
    device.engine.reset()
    device.send([5])
    # Output source 1: the source; neuron 2 fires and, in closed loop, spikes in its turn.
    assert device.settle().tolist() == [5, 2]
    assert dump(device, 3) == [SILENT | 0x11, SILENT | 0x22, 1 << 12]


def test_full_pin():
    with make_device(fifo_depth=4) as device:
        load(device, [EAGER] * 16, open_loop=0)
        pins = Pins(device)
        assert device.engine.get("SCHED_FULL") == 0
        pins.request(TICK | 2)
        pins.step_until("AEROUT_REQ", 1)
        device.engine.step(20)
        # The first word hangs; nothing has been pushed yet.
        assert device.engine.get("SCHED_FULL") == 0
        device.engine.stall(0)
        pins.step_until("AERIN_ACK", 1)
        pins.release()
        pins.step_until("SCHED_FULL", 1)
