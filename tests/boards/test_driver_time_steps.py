"""The driver for cores in time steps, on a board simulated bit by bit: it learns as the model
does.
"""

import numpy as np
import pytest

from spikewright.boards.driver import BoardDevice, open_board
from spikewright.boards.simulated import SimulatedBoard
from spikewright.hdl.error import InputError
from spikewright.hdl.interface.host_link import Command
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.core import Reckon
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model import open_model
from spikewright.sim.task.catalogue import find_task
from spikewright.sim.task.eprop import load_weights, make_neuron_word
from spikewright.sim.trace import replay
from spikewright.sim.verify import record

CONFIG = ReckonConfig(neurons=16, outputs=2, weight_lanes=4)
#: Words of three chunks, of which addresses have four, and no learning.
ODD = ReckonConfig(neurons=16, outputs=4, weight_bits=5, neuron_lanes=1, lanes=4, learning=0)
#: Weights at addresses on both sides of 256, 512, ...
WIDE = ReckonConfig(neurons=64, outputs=16, weight_lanes=16, lanes=16)

#: Registers of a small network that learns fast.
SETTINGS = {
    **{name: 3 for name in ("shift_w_in", "shift_w_rec", "shift_w_out")},
    **{name: 3 for name in ("frac_trace_in", "frac_trace_rec", "frac_trace_out")},
    "signal_scale": 5,
    "stochastic_rounding": 1,
    "kappa": 0x70,
    **{f"h_threshold_{index}": 200 for index in range(4)},
    "h_value_4": 1,
    "rate_in_left": 14,
    "rate_rec_left": 14,
    "rate_out_left": 14,
    "seed_in": 0xF0F0,
    "seed_rec": 0xF1F1,
    "seed_out": 0xF2F2,
    "last_input": 7,
    "last_neuron": 13,
    "last_output": 1,
}


@pytest.fixture(scope="module")
def board():
    with SimulatedBoard(Reckon(CONFIG), divisor=8) as simulated:
        yield simulated


@pytest.fixture
def device(board):
    with open_board(CONFIG, board.port) as opened:
        yield opened


def set_up(devices, generator, config=CONFIG):
    """Load the same random network into several devices."""
    weights = {
        "weights_in": generator.integers(-40, 100, (8, 14)),
        "weights_rec": generator.integers(-20, 20, (14, 14)),
        "weights_out": generator.integers(-30, 30, (14, 2)),
    }
    for one in devices:
        one.configure(config_mode=1)
        one.configure(**SETTINGS)
        one.load("neurons", [make_neuron_word(config, 500, 0xE00)] * config.neuron_words)
        load_weights(one, weights)
        one.configure(config_mode=0)


def learn(devices, generator, samples, steps=25, config=CONFIG):
    """Present random samples, the second half of each with a label; compare the answers."""
    for _ in range(samples):
        spikes = [np.flatnonzero(generator.random(8) < 0.3) for _ in range(steps)]
        label = int(generator.integers(2))
        answers = []
        for one in devices:
            one.drive(sample=1)
            for step, inputs in enumerate(spikes):
                if step == steps // 2:
                    one.send([1 << config.event_address_bits | label])
                    one.drive(target_valid=1, infer_accumulate=1)
                one.send(inputs)
                if step == steps - 1:
                    one.drive(sample=0)
                one.tick()
            answers.append(one.settle().tolist())
            one.drive(target_valid=0, infer_accumulate=0)
        assert answers[0] == answers[1]
        assert len(answers[0]) == 1


def same_memories(devices):
    for one in devices:
        one.configure(config_mode=1)
    for memory in devices[0].memories:
        np.testing.assert_array_equal(*(one.dump(memory) for one in devices))


def count_frames(device, monkeypatch):
    """Return a list that gets the command of each frame."""
    frames = []
    exchange = device.link.client.exchange
    monkeypatch.setattr(
        device.link.client,
        "exchange",
        lambda command, *rest: frames.append(command) or exchange(command, *rest),
    )
    return frames


def test_is_a_device(device):
    assert type(device) is BoardDevice
    assert isinstance(device, Device)
    assert device.cycles is None


def test_it_learns_as_the_model_does(device):
    seed = 31
    print(f"seed {seed}")
    generator = np.random.default_rng(seed)
    devices = [device, open_model(CONFIG)]
    set_up(devices, generator)
    devices[1].configure(config_mode=1)
    before = devices[1].dump("weights_in")
    devices[1].configure(config_mode=0)
    learn(devices, generator, 4)
    same_memories(devices)
    assert (devices[1].dump("weights_in") != before).any()
    assert device.link.client.repeated == 0


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))]
)
def test_random_stimulus(board, seed):
    print(f"seed {seed}")
    with open_board(CONFIG, board.port) as device:
        result = replay(record(CONFIG, seed), device)
    assert result.ok, result.difference


def test_steps_without_a_stop_go_out_together(device, monkeypatch):
    generator = np.random.default_rng(32)
    set_up([device], generator)
    frames = count_frames(device, monkeypatch)
    device.drive(sample=1)
    for step in range(100):
        device.send([step % 8])
        device.tick()
    device.settle()
    assert frames.count(Command.EVENTS) <= 4


def test_waiting_for_a_target(device):
    set_up([device], np.random.default_rng(33))
    device.drive(sample=1, target_valid=1)
    device.tick()
    assert device.status("target_request") == 0
    with pytest.raises(BusyError, match="it waits for a target"):
        device.tick()
    device.wait("target_request", 1)
    assert device.status("ready") == 0
    device.send([1 << CONFIG.event_address_bits])
    device.wait("ready", 1)
    device.tick()
    # A tick that comes too early stops the core for good.
    device.reset()
    device.configure(config_mode=1)
    device.drive(sample=1)
    device.tick()
    device.pulse()
    device.wait("configuring", 1)
    device.configure(timing_mode=1)
    assert device.status("ready") == 0
    device.pulse()
    assert device.status("ready") == 1


def test_a_pin_that_does_not_come(board):
    with open_board(CONFIG, board.port, busy_limit=0.2) as device:
        with pytest.raises(BusyError, match="reckon: configuring stays 0"):
            device.wait("configuring", 1)


def test_reset_keeps_memories_and_pins(device):
    device.load("weights_in", [5, 6, 7], at=61)
    device.configure(kappa=3)
    device.drive(sample=1)
    device.send([3])
    device.reset()
    assert device.register_values == device.registers.reset_values()
    assert device.dump("weights_in", 61, 3).tolist() == [5, 6, 7]
    # The sample begins, and stops at the end of its first step, since config_mode is 1 after reset.
    device.tick()
    with pytest.raises(BusyError):
        device.tick()
    assert device.status("configuring") == 1


def test_a_new_device_is_reset(board):
    with open_board(CONFIG, board.port) as first:
        first.drive(sample=1)
        first.tick()
        first.send([1, 2])
        first.configure(kappa=1)
    with open_board(CONFIG, board.port) as again:
        assert again.settle().tolist() == []
        # No sample begins, so the next tick does not end its first step.
        again.tick()
        again.drive(sample=1)
        again.tick()
        assert again.status("configuring") == 0


def test_what_it_cannot_do(device):
    with pytest.raises(
        InputError, match="reckon has no level 'samples', it has sample, target_valid"
    ):
        device.drive(samples=1)
    with pytest.raises(InputError, match="sample is 2, allowed is 0 or 1"):
        device.drive(sample=2)
    with pytest.raises(
        InputError, match="no status 'idle', it has ready, configuring, target_request"
    ):
        device.status("idle")
    with pytest.raises(InputError, match="not a whole number of 9 bits"):
        device.send([1 << 9])
    device.configure(timing_mode=1)
    with pytest.raises(InputError, match="needs timing_mode = 0"):
        device.tick()
    device.configure(timing_mode=0, local_tick=1)
    with pytest.raises(InputError, match="on a board waiting for a time step needs local_tick = 0"):
        device.tick()
    device.configure(local_tick=0, config_mode=0)
    with pytest.raises(InputError, match="register config_mode is 0"):
        device.dump("neurons")


@pytest.mark.slow
def test_a_bad_line(make_damage):
    """Nothing is lost and no tick happens twice, whatever the line does."""
    damage = make_damage(34, 0.02)
    with (
        SimulatedBoard(Reckon(CONFIG), divisor=8, to_board=damage, from_board=damage) as board,
        open_board(CONFIG, board.port, timeout=0.5, attempts=30) as device,
    ):
        numbers = np.random.default_rng(34)
        devices = [device, open_model(CONFIG)]
        set_up(devices, numbers)
        learn(devices, numbers, 4)
        same_memories(devices)
        assert device.link.client.repeated > 0


@pytest.mark.slow
@pytest.mark.parametrize("config", [ODD, WIDE], ids=["odd", "wide"])
def test_other_sizes(config):
    seed = 35
    print(f"seed {seed}")
    with (
        SimulatedBoard(Reckon(config), divisor=8) as board,
        open_board(config, board.port) as device,
    ):
        result = replay(record(config, seed), device)
    assert result.ok, result.difference


@pytest.mark.slow
def test_digits_as_on_the_model():
    task, _ = find_task("digits-eprop", "reckon")
    config = ReckonConfig(neurons=64, lanes=4)
    with SimulatedBoard(Reckon(config), divisor=8) as board:
        with open_board(config, board.port) as device:
            found = task.perform(device, samples=3, training=10, epochs=1)
    expected = task.perform(open_model(config), samples=3, training=10, epochs=1)
    for words, wanted in zip(found.output_events, expected.output_events, strict=True):
        np.testing.assert_array_equal(words, wanted)
    assert found.details == expected.details
