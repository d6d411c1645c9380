"""ReckOn behind the published pins: SPI, reset, handshakes and ticks as its users meet them.

Sections are those of its specification.
"""

import itertools
import random

import numpy as np
import pytest
from amaranth.hdl import Fragment

from spikewright.hdl.catalogue import default_top, find_shell, make_component, shells_of
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.registers import registers
from spikewright.sim.generate import generate
from spikewright.sim.rtl import RtlDevice, open_rtl

CONFIG = ReckonConfig(neurons=16, outputs=2, weight_lanes=4, lanes=4)
REGISTERS = registers(CONFIG)
CONFIG_MODE = REGISTERS["config_mode"].address
NEURONS, OUTPUTS, WEIGHTS_IN, WEIGHTS_REC, WEIGHTS_OUT = 1, 2, 3, 4, 5
#: Addresses in each space of the small core.
ADDRESSES = {NEURONS: 32, OUTPUTS: 2, WEIGHTS_IN: 64, WEIGHTS_REC: 64, WEIGHTS_OUT: 32}
SEED_OF_TESTS = 20265


def first_word(read, space, count, address):
    """Header of a transaction."""
    return bool(read) << 31 | space << 28 | count << 16 | address


def shift(engine, words, half_period=2):
    """Shift words through the SPI pins, and wait for nothing afterwards."""
    return engine.spi(np.array([words], dtype=np.uint64), half_period, 0)[0].tolist()


@pytest.fixture(scope="module")
def opened():
    with RtlDevice(CONFIG, shell="pins") as device:
        device.engine.limit = 10_000
        yield device


@pytest.fixture
def device(opened):
    opened.engine.stall(0)
    opened.drive(sample=0, target_valid=0, infer_accumulate=0)
    opened.reset()
    return opened


@pytest.fixture
def pins(device):
    return Pins(device)


class Pins:
    """Raw pins of a device; its receiver on the output bus can be kept from answering."""

    def __init__(self, device):
        self.engine = device.engine

    def deaf(self):
        """Let the receiver never answer, so that `OUT_ACK` is driven by the test."""
        self.engine.stall(0, output=256)

    def step_until(self, pin, level, limit=2000):
        for cycles in range(limit):
            if self.engine.get(pin) == level:
                return cycles
            self.engine.step()
        raise AssertionError(f"{pin} is not {level} after {limit} cycles")

    def spi(self, read, space, address, *words, half_period=None):
        first = first_word(read, space, len(words), address)
        half_period = half_period or (4 if read else 2)
        return shift(self.engine, [first, *words], half_period)[1:]

    def write(self, space, address, *words):
        self.spi(0, space, address, *words)
        self.engine.step(8)

    def read(self, space, address, count=1, half_period=4):
        return self.spi(1, space, address, *[0] * count, half_period=half_period)

    def request(self, address, target=0):
        self.engine.set("AERIN_ADDR", address)
        self.engine.set("AERIN_TAR_EN", target)
        self.engine.set("AERIN_REQ", 1)

    def tick(self, high=2, low=2):
        for level, cycles in ((1, high), (0, low)):
            self.engine.set("TIME_TICK", level)
            self.engine.step(cycles)

    def levels(self, pin, cycles):
        """Return the levels that a pin goes through, without repetitions."""
        seen = []
        for _ in range(cycles):
            self.engine.step()
            seen.append(self.engine.get(pin))
        return [level for level, _ in itertools.groupby(seen)]

    def running(self, **more):
        """Start a sample in a network that does nothing."""
        values = {"last_input": 3, "last_neuron": 3, "last_output": 1, "learn": 0} | more
        self.configure(values)
        self.engine.set("SAMPLE", 1)
        self.engine.step(3)
        self.tick()
        self.step_until("TIMING_ERROR_RDY", 1)

    def configure(self, values):
        for name, value in values.items():
            self.write(0, REGISTERS[name].address, value)


def test_pins_are_the_published_ones():
    component, _ = make_component(ReckonConfig(), "pins")
    ports = {
        path[0]: (member.flow.name, member.shape)
        for path, member, _ in component.signature.flatten(component)
    }
    inputs = [
        "CLK_EXT",
        "CLK_INT_EN",
        "RST",
        "SCK",
        "MOSI",
        "AERIN_REQ",
        "AERIN_TAR_EN",
        "SAMPLE",
        "TIME_TICK",
    ]
    inputs += ["TARGET_VALID", "INFER_ACC", "OUT_ACK"]
    outputs = ["MISO", "AERIN_ACK", "SPI_RDY", "TIMING_ERROR_RDY", "OUT_REQ"]
    expected = dict.fromkeys(inputs, ("In", 1)) | dict.fromkeys(outputs, ("Out", 1))
    assert ports == expected | {"AERIN_ADDR": ("In", 8), "OUT_DATA": ("Out", 8)}
    Fragment.get(component, None)


def test_it_is_the_first_shell():
    assert next(iter(shells_of("reckon"))) == find_shell("reckon") == "pins"


# SPI (section 3).


@pytest.mark.parametrize("half_period", [3, 4, 5, 16])
@pytest.mark.parametrize("space", ADDRESSES)
def test_write_at_a_quarter_and_read_at_an_eighth_of_the_clock(pins, space, half_period):
    """And at a sixth, which the published chip does not."""
    generator = random.Random(SEED_OF_TESTS)
    width = {NEURONS: 32, OUTPUTS: 16, WEIGHTS_OUT: 16}.get(space, 32)
    words = [generator.getrandbits(32) for _ in range(ADDRESSES[space])]
    # Back to back: the next transaction begins at once.
    pins.spi(0, space, 0, *words)
    pins.spi(0, space, 1, words[1])
    assert pins.read(space, 0, len(words), half_period) == [
        word & ((1 << width) - 1) for word in words
    ]
    for address in (0, len(words) - 1):
        assert pins.read(space, address, 1, half_period) == [words[address] & ((1 << width) - 1)]


def test_a_burst_of_4095_words(pins):
    """Addresses go round: the last words stay."""
    words = list(range(1000, 1000 + 4095))
    pins.spi(0, WEIGHTS_IN, 0, *words)
    expected = {index % 64: word for index, word in enumerate(words)}
    assert pins.read(WEIGHTS_IN, 0, 64) == [expected[address] for address in range(64)]
    assert pins.read(WEIGHTS_IN, 0, 4095) == [expected[index % 64] for index in range(4095)]


def test_address_wraps_after_sixteen_bits(pins):
    pins.spi(0, WEIGHTS_REC, 0xFFFF, 1, 2)
    assert pins.read(WEIGHTS_REC, 0xFFFF, 2) == [1, 2]
    assert pins.read(WEIGHTS_REC, 63) + pins.read(WEIGHTS_REC, 0) == [1, 2]


def test_header_alone_does_nothing(pins):
    pins.write(OUTPUTS, 0, 0x1234)
    for space, read in itertools.product(range(8), range(2)):
        pins.spi(read, space, 0)
    assert pins.read(OUTPUTS, 0) == [0x1234]


def test_registers(pins):
    """The full address is compared, and the last word of a burst counts."""
    kappa = REGISTERS["kappa"].address
    pins.write(0, kappa, 0x11, 0x22, 0x33)
    pins.write(0, 0x100 + CONFIG_MODE, 0)
    pins.write(0, 0x8000 + CONFIG_MODE, 0)
    pins.write(OUTPUTS, 0, 0x55)
    assert pins.read(OUTPUTS, 0) == [0x55]
    # Registers read as what was read last.
    assert pins.read(0, kappa, 2) == [0x55, 0x55]


def test_replies_are_all_that_comes_out(pins):
    pins.configure({"target_request_monitor": 0})
    pins.write(OUTPUTS, 0, 0xFFFF)
    header = first_word(True, OUTPUTS, 1, 0)
    assert shift(pins.engine, [header, 0xFFFFFFFF, 0, 0], 4) == [0, 0xFFFF, 0, 0]
    header = first_word(False, OUTPUTS, 1, 0)
    assert shift(pins.engine, [header, 0xFFFFFFFF], 2) == [0, 0]
    assert pins.engine.get("MISO") == 0


def test_without_config_mode_memories_are_out_of_reach(pins):
    pins.write(WEIGHTS_IN, 5, 0xAAAA5555)
    pins.write(0, CONFIG_MODE, 0)
    pins.write(WEIGHTS_IN, 5, 1, 2, 3)
    pins.read(WEIGHTS_IN, 5, 2)
    pins.write(0, CONFIG_MODE, 1)
    # Nothing is left to be done later.
    pins.engine.step(100)
    assert pins.read(WEIGHTS_IN, 5) == [0xAAAA5555]


def busy(pins):
    """Let the core wait in SEND, where it serves nobody."""
    pins.running()
    pins.deaf()
    pins.engine.set("SAMPLE", 0)
    pins.engine.step(3)
    pins.tick()
    pins.step_until("OUT_REQ", 1)


def release(pins):
    pins.engine.stall(0)
    pins.step_until("IDLE", 1)
    pins.engine.step(20)


def test_a_request_is_held_for_a_while(pins):
    pins.write(WEIGHTS_OUT, 3, 0x11)
    busy(pins)
    pins.spi(0, WEIGHTS_OUT, 3, 0x22)
    pins.engine.step(500)
    release(pins)
    assert pins.read(WEIGHTS_OUT, 3) == [0x22]


def test_a_request_is_given_up_in_the_next_word(pins):
    """So that a core that is busy for long keeps nobody from what comes later."""
    pins.write(WEIGHTS_OUT, 3, 0x11, 0x33)
    busy(pins)
    pins.spi(0, WEIGHTS_OUT, 3, 0x22)
    pins.read(WEIGHTS_OUT, 4, 2)
    # Registers are written meanwhile.
    pins.write(0, CONFIG_MODE, 0)
    release(pins)
    pins.write(0, CONFIG_MODE, 1)
    assert pins.read(WEIGHTS_OUT, 3, 2) == [0x11, 0x33]


def test_stalls_of_the_master(pins):
    generator = random.Random(SEED_OF_TESTS + 1)
    words = [generator.getrandbits(32) for _ in range(64)]
    pins.engine.stall(5, access=100)
    pins.spi(0, WEIGHTS_REC, 0, *words)
    assert pins.read(WEIGHTS_REC, 0, 64) == words


# Reset (section 2).


@pytest.mark.parametrize("read", [0, 1])
@pytest.mark.parametrize("bits", [1, 17, 32, 33, 50, 63])
def test_reset_in_mid_transaction(pins, bits, read):
    pins.write(WEIGHTS_IN, 7, 0x77, 0x88)
    words = first_word(read, WEIGHTS_IN, 1, 7) << 32
    for bit in range(bits):
        pins.engine.set("MOSI", words >> (63 - bit) & 1)
        pins.engine.step(4)
        pins.engine.set("SCK", 1)
        pins.engine.step(4)
        pins.engine.set("SCK", 0)
    pins.engine.reset()
    # The half word was not written, and the next word is a header again.
    assert pins.read(WEIGHTS_IN, 7, 2) == [0x77, 0x88]


def test_reset_gives_registers_their_values_and_keeps_memories(device, pins):
    device.load("neurons", [5, 6], 2)
    pins.write(OUTPUTS, 0, 9)
    pins.write(0, CONFIG_MODE, 0)
    pins.engine.reset()
    # config_mode is 1 again, outputs are registers and cleared.
    assert pins.read(OUTPUTS, 0) == [0]
    assert device.dump("neurons", 2, 2).tolist() == [5, 6]


def test_reset_in_mid_sample(pins):
    busy(pins)
    pins.engine.set("RST", 1)
    pins.engine.step(4)
    pins.engine.set("RST", 0)
    pins.engine.step(8)
    assert pins.engine.get("OUT_REQ") == pins.engine.get("OUT_DATA") == 0
    assert pins.engine.get("IDLE") == pins.engine.get("TIMING_ERROR_RDY") == 1
    pins.engine.step(100)
    assert pins.engine.get("OUT_REQ") == 0


# Input bus (section 2).


@pytest.mark.parametrize("target", [0, 1])
def test_input_handshake(pins, target):
    pins.request(2, target)
    # Two flip-flops, a spike's row of flags, and the flip-flop of ACK.
    assert pins.step_until("AERIN_ACK", 1) <= 5
    pins.engine.step(50)
    assert pins.engine.get("AERIN_ACK") == 1
    pins.engine.set("AERIN_REQ", 0)
    pins.engine.step()
    assert 1 <= pins.step_until("AERIN_ACK", 0) <= 3


def test_input_is_taken_in_any_state(pins):
    busy(pins)
    for address in range(4):
        pins.request(address, address & 1)
        pins.step_until("AERIN_ACK", 1)
        pins.engine.set("AERIN_REQ", 0)
        pins.step_until("AERIN_ACK", 0)


def test_spikes_and_targets_differ(device, pins):
    """A spike of input 2 moves neurons, label 2 does not."""
    device.load("neurons", [100 << 100 | 0xFFF << 116] * 8)
    device.load("weights_in", [0x01010101] * 64)
    device.configure(last_neuron=3, last_input=3, learn=0)
    for target, moved in ((1, 0), (0, 1)):
        device.drive(sample=1)
        device.send([target << 8 | 2])
        device.tick()
        assert [word & 0xFFFF for word in device.dump("neurons", 0, 2)] == [moved] * 2
        device.drive(sample=0)
        device.configure(config_mode=0)
        device.tick()
        device.configure(config_mode=1)
        assert device.settle().tolist() == [0]


# Output bus (section 2).


def test_output_handshake(device, pins):
    device.configure(send_label=0)
    pins.running()
    device.load("outputs", [0x1234, 0xABCD])
    device.configure(kappa=0x80)
    pins.deaf()
    assert pins.engine.get("OUT_DATA") == 0
    pins.engine.set("SAMPLE", 0)
    pins.engine.step(3)
    pins.tick()
    taken = []
    for _ in range(4):
        pins.step_until("OUT_REQ", 1)
        taken.append(pins.engine.get("OUT_DATA"))
        pins.engine.step(50)
        assert (pins.engine.get("OUT_REQ"), pins.engine.get("OUT_DATA")) == (1, taken[-1])
        pins.engine.set("OUT_ACK", 1)
        assert pins.step_until("OUT_REQ", 0) <= 4
        # The next byte waits for the end of this handshake.
        pins.engine.step(50)
        assert pins.engine.get("OUT_REQ") == 0
        pins.engine.set("OUT_ACK", 0)
    assert taken == [0x34, 0x12, 0xCD, 0xAB]
    pins.step_until("IDLE", 1)
    assert pins.engine.get("OUT_REQ") == pins.engine.get("OUT_DATA") == 0


# States that pins show (sections 2 and 3).


@pytest.mark.parametrize("monitor", [0, 1])
def test_target_request_on_miso(pins, monitor):
    pins.running(learn=7, target_request_monitor=monitor, config_mode=0)
    pins.engine.set("TARGET_VALID", 1)
    pins.engine.step(3)
    pins.tick()
    pins.engine.step(200)
    assert pins.engine.get("TIMING_ERROR_RDY") == 0
    assert pins.engine.get("MISO") == monitor
    # It covers what is read meanwhile.
    pins.write(0, CONFIG_MODE, 1)
    expected = 0xFFFFFFFF if monitor else 0
    pins.configure({"target_request_monitor": 1 - monitor})
    assert pins.engine.get("MISO") == 1 - monitor
    pins.configure({"target_request_monitor": monitor})
    pins.write(OUTPUTS, 0, 0)
    assert pins.read(OUTPUTS, 0) == [expected]
    pins.request(1, 1)
    pins.step_until("AERIN_ACK", 1)
    pins.engine.set("AERIN_REQ", 0)
    pins.step_until("TIMING_ERROR_RDY", 1)
    assert pins.engine.get("MISO") == 0


def test_waiting_in_config(pins):
    pins.running()
    assert pins.engine.get("SPI_RDY") == 0
    pins.tick()
    pins.step_until("SPI_RDY", 1)
    pins.engine.step(100)
    assert (pins.engine.get("SPI_RDY"), pins.engine.get("TIMING_ERROR_RDY")) == (1, 0)
    pins.write(0, CONFIG_MODE, 0)
    pins.step_until("TIMING_ERROR_RDY", 1)
    assert pins.engine.get("SPI_RDY") == 0


def test_levels_do_not_flicker(pins):
    """Ready falls once in a time step, and nothing else is shown."""
    pins.running(config_mode=0)
    engine = pins.engine
    engine.set("TIME_TICK", 1)
    seen = []
    for _ in range(200):
        engine.step()
        seen.append(tuple(engine.get(pin) for pin in ("TIMING_ERROR_RDY", "SPI_RDY", "MISO")))
    engine.set("TIME_TICK", 0)
    assert [level for level, _ in itertools.groupby(seen)] == [(1, 0, 0), (0, 0, 0), (1, 0, 0)]


# Ticks (sections 2 and 13).


@pytest.mark.parametrize("high", [2, 3, 500])
@pytest.mark.parametrize("low", [2, 7])
def test_each_rising_edge_is_a_tick(pins, high, low):
    """However long it lasts."""
    pins.running(config_mode=0)
    engine = pins.engine
    for _ in range(3):
        engine.set("TIME_TICK", 1)
        for cycle in range(high + 200):
            engine.set("TIME_TICK", int(cycle < high))
            engine.step()
            if cycle == 3:
                assert engine.get("TIMING_ERROR_RDY") == 0
        assert engine.get("TIMING_ERROR_RDY") == 1
    # One more, for the count: levels of ready over two ticks.
    engine.set("TIME_TICK", 1)
    first = pins.levels("TIMING_ERROR_RDY", max(high, 200))
    engine.set("TIME_TICK", 0)
    second = pins.levels("TIMING_ERROR_RDY", low + 200)
    assert (first, second) == ([1, 0, 1], [1])


def test_two_quick_ticks_are_an_error(pins):
    pins.running(config_mode=0, halt_on_error=1)
    for _ in range(2):
        pins.tick()
    pins.configure({"timing_mode": 1})
    assert pins.engine.get("TIMING_ERROR_RDY") == 1
    pins.engine.reset()
    pins.configure({"timing_mode": 1})
    assert pins.engine.get("TIMING_ERROR_RDY") == 0


def test_a_tick_that_lasts_over_a_reset_is_none(pins):
    pins.engine.set("SAMPLE", 1)
    pins.engine.set("TIME_TICK", 1)
    pins.engine.step(50)
    pins.engine.reset()
    assert pins.levels("TIMING_ERROR_RDY", 50) == [1]
    pins.engine.set("TIME_TICK", 0)


def test_sample_and_tick_arrive_together(pins):
    """Both pass two flip-flops, so that pins that change at once are seen at once."""
    pins.configure({"config_mode": 0})
    pins.engine.set("SAMPLE", 1)
    pins.engine.set("TIME_TICK", 1)
    assert 0 in pins.levels("TIMING_ERROR_RDY", 50)
    pins.engine.set("TIME_TICK", 0)


def test_local_ticks(device, pins):
    """In IDLE the core makes none; later `tick` waits for one."""
    device.configure(last_input=3, last_neuron=3, learn=0, cycles_per_tick=400, config_mode=0)
    device.configure(local_tick=1)
    device.drive(sample=1)
    device.tick()
    device.pulse()
    assert device.status("ready") == 1
    device.configure(local_tick=0)
    device.tick()
    device.configure(local_tick=1)
    device.tick()
    start = device.cycles
    for _ in range(5):
        device.tick()
    assert 5 * 400 - 50 < device.cycles - start < 5 * 400 + 50


# Everything else.


def test_no_internal_oscillator(device, pins):
    pins.engine.set("CLK_INT_EN", 1)
    for name in ("oscillator_stage", "clock_monitor"):
        if name in [register.name for register in device.registers]:
            device.configure(**{name: 1})
    pins.write(OUTPUTS, 0, 5)
    assert pins.read(OUTPUTS, 0) == [5]
    pins.engine.set("CLK_INT_EN", 0)


@pytest.mark.parametrize("engine", ["amaranth", pytest.param("cxxrtl", marks=pytest.mark.slow)])
def test_engines_agree(engine):
    """The small core without learning, because it is small."""
    config = ReckonConfig(neurons=16, outputs=2, weight_lanes=4, lanes=4, learning=0)

    def converse(engine):
        with open_rtl(config, shell="pins", engine=engine) as device:
            device.configure(last_input=1, last_neuron=1, last_output=0)
            device.load("neurons", [100 << 100 | 0xFFF << 116 | 0x1234])
            device.load("weights_in", [0x03020107], 8)
            device.configure(config_mode=0)
            device.drive(sample=1)
            device.send([1])
            device.tick()
            device.configure(config_mode=1)
            words = device.dump("neurons", 0, 1).tolist()
            words += device.transact([first_word(1, OUTPUTS, 1, 0), 0])
            device.drive(sample=0)
            device.tick()
            return [*words, *device.settle().tolist()], device.cycles

    assert converse(engine) == converse("compiled")


def test_generated_files(tmp_path):
    config = ReckonConfig(neurons=16, outputs=2, weight_lanes=4, lanes=4, learning=0)
    generate(config, "pins", folder=tmp_path / "reckon")
    top = default_top(config, "pins")
    text = (tmp_path / "reckon" / f"{top}.v").read_text()
    assert f"module {top}" in text
    assert "IDLE" not in text.split(");")[0]
