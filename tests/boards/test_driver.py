"""The driver of real boards, through a serial port, on a board simulated bit by bit."""

import os
import pty
import shutil
import tty

import numpy as np
import pytest

from spikewright.boards.driver import LinkDevice, open_board
from spikewright.boards.simulated import SimulatedBoard
from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model.tinyodin import TinyOdinModel

CONFIG = TinyOdinConfig(neurons=32, fifo_depth=16)

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


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
    assert type(device) is LinkDevice
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
    assert device.link.repeated == 0


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
        assert device.link.repeated > 0


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


def test_another_configuration(board):
    other = TinyOdinConfig(neurons=64, fifo_depth=16)
    with pytest.raises(InputError, match="another configuration of tinyodin than") as caught:
        open_board(other, board.port, timeout=2.0)
    one_line(caught)
