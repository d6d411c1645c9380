"""The driver of real boards, through a serial port, on a board simulated bit by bit."""

import os
import pty
import tty

import numpy as np
import pytest

from spikewright.boards import driver
from spikewright.boards.driver import BoardDevice, HostLinkClient, LinkError, open_board
from spikewright.boards.simulated import SimulatedBoard
from spikewright.hdl.error import InputError
from spikewright.hdl.interface.host_link import SYNC_RESPONSE, Command, Status, checksum
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.core import Odin
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model.tinyodin import TinyOdinModel
from spikewright.sim.trace import replay
from spikewright.sim.verify import record

CONFIG = TinyOdinConfig(neurons=32, fifo_depth=16)


@pytest.fixture(scope="module")
def board():
    with SimulatedBoard(TinyOdin(CONFIG)) as simulated:
        yield simulated


@pytest.fixture
def device(board):
    with open_board(CONFIG, board.port, timeout=2.0) as opened:
        yield opened


def set_up(devices, generator, config=CONFIG):
    """Load the same random network into several devices."""
    neurons = config.neurons
    words = generator.integers(5, 60, neurons) << 12 | generator.integers(0, 3, neurons) << 24
    synapses = generator.integers(0, 1 << 32, config.synapse_words)
    for one in devices:
        one.configure(gate=1, open_loop=1, output_source=0, last_neuron=neurons - 1)
        one.load("neurons", words)
        one.load("synapses", synapses)
        one.configure(gate=0)
    return words, synapses


def same_memories(devices):
    for one in devices:
        one.configure(gate=1)
    for memory in devices[0].memories:
        first, second = (one.dump(memory) for one in devices)
        np.testing.assert_array_equal(first, second)


def play(devices, generator, count, config=CONFIG):
    """Send random events of all kinds, each settled; compare the output words."""
    for _ in range(count):
        tick, virtual = generator.random() < 0.2, generator.random() < 0.2
        low = generator.choice([generator.integers(0, 256), 255])
        event = [int(virtual) << 9 | int(tick) << 8 | int(low)]
        words = []
        for one in devices:
            one.send(event)
            words.append(one.settle())
        np.testing.assert_array_equal(*words)


def test_is_a_device(device):
    assert type(device) is BoardDevice
    assert isinstance(device, Device)
    assert device.cycles is None


@pytest.mark.parametrize("open_loop", [0, 1])
def test_session_equals_the_model(device, open_loop):
    seed = 11
    print(f"seed {seed}")
    generator = np.random.default_rng(seed)
    devices = [device, TinyOdinModel(CONFIG)]
    words, synapses = set_up(devices, generator)
    device.configure(gate=1)
    np.testing.assert_array_equal(device.dump("neurons"), words)
    np.testing.assert_array_equal(device.dump("synapses", 3, 70), synapses[3:73])
    device.configure(gate=0)
    for one in devices:
        # A closed loop that calms down: few neurons take part.
        one.configure(open_loop=open_loop, last_neuron=31 if open_loop else 5)
    play(devices, generator, 60)
    same_memories(devices)
    assert device.link.client.repeated == 0


def test_many_events_at_once_and_more_words_than_the_board_buffers(device):
    generator = np.random.default_rng(12)
    devices = [device, TinyOdinModel(CONFIG)]
    set_up(devices, generator)
    events = generator.integers(0, 256, 700)
    words = []
    for one in devices:
        one.configure(gate=1)
        one.load("synapses", [0x73737373] * CONFIG.synapse_words)
        one.configure(gate=0)
        one.send(events[:400])
        one.send(events[400:])
        words.append(one.settle())
    assert len(words[0]) > 500
    np.testing.assert_array_equal(*words)
    assert len(device.settle()) == 0
    same_memories(devices)


def test_a_new_device_is_reset(board):
    with open_board(CONFIG, board.port, timeout=2.0) as first:
        set_up([first], np.random.default_rng(13))
        first.configure(gate=0, last_neuron=31, output_source=1)
        first.send([1, 2, 3])
    with open_board(CONFIG, board.port, timeout=2.0) as again:
        assert again.settle().tolist() == []
        again.configure(gate=1)
        neurons = again.dump("neurons")
        again.configure(gate=0)
        # Registers are zero: a spike event visits neuron 0 only and is not reported.
        again.send([7])
        again.settle()
        again.configure(gate=1)
        assert (again.dump("neurons") != neurons).sum() <= 1


def test_a_network_that_keeps_itself_going(board):
    with open_board(CONFIG, board.port, timeout=2.0, busy_limit=0.3) as device:
        device.configure(gate=1, last_neuron=31)
        # Threshold 0 and no weights: everything that is visited fires.
        device.load("neurons", np.zeros(32, dtype=int))
        device.load("synapses", np.zeros(CONFIG.synapse_words, dtype=int))
        device.configure(gate=0)
        device.send([3])
        with pytest.raises(BusyError, match="not idle within"):
            device.settle()
        device.configure(gate=1)
        assert len(device.settle()) > 100
        assert device.dump("neurons", 0, 2).tolist() == [0, 0]


def test_a_bad_line(make_damage):
    damage = make_damage(14, 0.03)
    with (
        SimulatedBoard(TinyOdin(CONFIG), to_board=damage, from_board=damage) as board,
        open_board(CONFIG, board.port, timeout=0.1, attempts=30) as device,
    ):
        numbers = np.random.default_rng(14)
        devices = [device, TinyOdinModel(CONFIG)]
        set_up(devices, numbers)
        play(devices, numbers, 60)
        same_memories(devices)
        assert device.link.client.repeated > 0


def test_words_that_do_not_fit(device):
    with pytest.raises(InputError, match="register last_neuron is 32"):
        device.configure(gate=1, last_neuron=32)
    with pytest.raises(InputError, match="register gate is 0"):
        device.load("neurons", [0])
    with pytest.raises(InputError, match="not a whole number of 10 bits"):
        device.send([1 << 10])
    device.configure(gate=1)
    with pytest.raises(InputError, match="allowed are words 0 to 31"):
        device.load("neurons", [0, 0], at=31)


def one_line(caught):
    assert "\n" not in str(caught.value)


def test_no_such_port():
    with pytest.raises(InputError, match="serial port no-such-port cannot be opened") as caught:
        open_board(CONFIG, "no-such-port")
    one_line(caught)


def test_a_port_that_does_not_answer():
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    with pytest.raises(InputError, match="no answer; is it the right port") as caught:
        open_board(CONFIG, os.ttyname(theirs), timeout=0.05, attempts=3)
    one_line(caught)
    os.close(ours)
    os.close(theirs)


class SlowDevice:
    """Answers every frame, with so many seconds before each byte; its clock is time itself."""

    name = "slow device"
    seconds_per_byte = 0.001

    def __init__(self, seconds):
        self.seconds = seconds
        self.now = 0.0
        self.frames = 0
        self._answer = b""

    def write(self, data):
        if data.strip(b"\0"):
            self.frames += 1
            body = bytes([Status.IDLE, 0, 200]) + bytes(200)
            answer = bytes([SYNC_RESPONSE, data[1]]) + body
            self._answer = answer + checksum(answer[1:]).to_bytes(2, "big")

    def read(self, seconds):
        if seconds < self.seconds:
            self.now += max(seconds, 0)
            return b""
        self.now += self.seconds
        byte, self._answer = self._answer[:1], self._answer[1:]
        # Whatever it has said, it goes on.
        return byte or b"\xa5"

    def monotonic(self):
        return self.now


def exchange(device, monkeypatch):
    monkeypatch.setattr(driver.time, "monotonic", device.monotonic)
    client = HostLinkClient(device, timeout=0.25, attempts=8)
    return client.exchange(Command.EVENTS, b"", lambda _, words: words)


@pytest.mark.parametrize("seconds", [0.1, 0.01])
def test_a_device_that_talks_slowly_is_given_up(monkeypatch, seconds):
    device = SlowDevice(seconds)
    with pytest.raises(LinkError, match="slow device: the board has stopped answering"):
        exchange(device, monkeypatch)
    assert device.frames == 8
    assert device.now < 8 * (0.25 + 263 * 0.001) + 0.1


def test_a_long_answer_on_a_slow_line(monkeypatch):
    """It takes what the line takes, which is nearly as long as the board may take."""
    device = SlowDevice(0.001)
    assert exchange(device, monkeypatch).body == bytes(200)
    assert device.frames == 1
    assert device.now > 0.2


def test_a_port_that_takes_nothing(monkeypatch):
    """Nobody reads at the other end; when its buffer is full, writing ends too."""
    monkeypatch.setattr(driver, "_WRITE_SECONDS", 0.05)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    transport = driver.SerialTransport(os.ttyname(theirs))
    with pytest.raises(LinkError, match="cannot be written") as caught:
        for _ in range(10_000):
            transport.write(bytes(1000))
    one_line(caught)
    transport.close()
    os.close(ours)
    os.close(theirs)


def test_another_configuration(board):
    other = TinyOdinConfig(neurons=64, fifo_depth=16)
    with pytest.raises(InputError, match="another configuration of tinyodin than") as caught:
        open_board(other, board.port, timeout=2.0)
    one_line(caught)


def test_a_second_session_finds_nothing_of_the_first():
    """ODIN's neurons have flags beside their words, which a host cannot load."""
    config = OdinConfig(neurons=16)
    with SimulatedBoard(Odin(config)) as simulated:
        for seed in range(2):
            with open_board(config, simulated.port, timeout=2.0) as opened:
                assert replay(record(config, seed), opened).ok, seed
