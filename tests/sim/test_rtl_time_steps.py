"""A simulated core with time steps, ReckOn, natively and through its pins."""

import dataclasses

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.sim.device import BusyError
from spikewright.sim.model import open_model
from spikewright.sim.rtl import RtlDevice, open_rtl
from spikewright.sim.trace import replay
from spikewright.sim.verify import record, verify

CONFIG = ReckonConfig(neurons=16, outputs=2, weight_lanes=4, lanes=4)
#: Words of three chunks, of which addresses have four.
ODD = ReckonConfig(neurons=16, outputs=4, weight_bits=5, neuron_lanes=1, lanes=4, learning=0)
SHELLS = ("native", "pins")


@pytest.fixture(scope="module", params=SHELLS)
def opened(request):
    with open_rtl(CONFIG, shell=request.param) as device:
        device.engine.limit = 10_000
        yield device


@pytest.fixture
def device(opened):
    opened.engine.stall(0)
    opened.drive(sample=0, target_valid=0, infer_accumulate=0)
    opened.reset()
    opened.settle()
    return opened


def header(read, space, count, address):
    return read << 31 | space << 28 | count << 16 | address


def test_one_device_for_all_cores(device):
    assert type(device) is RtlDevice
    with open_rtl(OdinConfig(neurons=16), engine="amaranth") as odin:
        assert type(odin) is RtlDevice
        with pytest.raises(InputError, match="odin has no time steps"):
            odin.tick()


@pytest.mark.parametrize("memory", list(open_model(CONFIG).memories))
def test_memories(device, memory):
    random = np.random.default_rng(3)
    size = device.memories[memory]
    words = [
        int.from_bytes(random.bytes(64), "little") & ((1 << size.width) - 1)
        for _ in range(size.words)
    ]
    device.load(memory, words)
    device.load(memory, words[:1], size.words - 1)
    words[-1] = words[0]
    assert device.dump(memory).tolist() == words
    assert device.dump(memory, 1, 1).tolist() == words[1:2]
    assert device.dump(memory, size.words).size == 0
    device.load(memory, [])


@pytest.mark.parametrize("shell", SHELLS)
def test_words_with_gaps_between_them(shell):
    """Chunks that no word has are left out."""
    random = np.random.default_rng(4)
    with open_rtl(ODD, shell=shell) as device:
        for memory, size in device.memories.items():
            words = [
                int.from_bytes(random.bytes(64), "little") & ((1 << size.width) - 1)
                for _ in range(size.words)
            ]
            device.load(memory, words)
            assert device.dump(memory).tolist() == words, memory


@pytest.mark.parametrize(
    "wrong",
    [
        lambda device: device.configure(speed=1),
        lambda device: device.configure(config_mode=2),
        lambda device: device.load("weights", [0]),
        lambda device: device.load("outputs", [1 << 16]),
        lambda device: device.load("outputs", [0, 0], 1),
        lambda device: device.dump("neurons", 9),
        lambda device: (device.configure(config_mode=0), device.dump("neurons")),
        lambda device: (device.configure(config_mode=0), device.load("neurons", [0])),
        lambda device: device.send([1 << 9]),
        lambda device: device.drive(tick=1),
        lambda device: device.drive(sample=2),
        lambda device: device.status("sample"),
        lambda device: device.wait("idle", 1),
        lambda device: device.transact([]),
        lambda device: device.transact([0, 0]),
        lambda device: device.transact([1 << 32]),
        lambda device: (device.configure(timing_mode=1), device.tick()),
    ],
)
def test_bad_input_is_refused(device, wrong):
    model = open_model(CONFIG)
    for each in (model, device):
        with pytest.raises(InputError):
            wrong(each)
    assert device.register_values == model.register_values


def test_register_values_follow_raw_spi(device):
    device.transact([header(False, 0, 2, 69), 0xFFFF_FF01, 0xFFFF_FF02])
    assert device.register_values["kappa"] == 2
    device.transact([header(False, 0, 1, 0), 0])
    with pytest.raises(InputError, match="config_mode"):
        device.dump("outputs")
    # Reads and headers alone write nothing, and 5 is no register.
    device.transact([header(True, 0, 1, 69), 3])
    device.transact([header(False, 0, 0, 69)])
    device.transact([header(False, 0, 1, 5), 3])
    assert device.register_values["kappa"] == 2
    device.reset()
    assert device.register_values == device.registers.reset_values()


def test_raw_spi(device):
    model = open_model(CONFIG)
    random = np.random.default_rng(5)
    for each in (model, device):
        for memory, size in each.memories.items():
            each.load(memory, [0] * size.words)
    for _ in range(40):
        read, space = bool(random.integers(2)), int(random.integers(1, 6))
        count = int(random.integers(5))
        address = int(random.integers(1 << 16))
        words = [int(word) for word in random.integers(1 << 32, size=count)]
        sent = [header(read, space, count, address), *words]
        expected, got = model.transact(sent), device.transact(sent)
        if read:
            assert got[1:] == expected[1:], hex(sent[0])
    for memory in device.memories:
        assert device.dump(memory).tolist() == model.dump(memory).tolist()


def start(device, **registers):
    device.configure(last_input=1, last_neuron=1, last_output=0, **registers)
    device.configure(config_mode=0)
    device.drive(sample=1)
    device.tick()


def test_waiting_for_a_target(device):
    start(device, learn=7)
    device.drive(target_valid=1)
    with pytest.raises(BusyError, match="target"):
        device.tick()
    assert (device.status("ready"), device.status("target_request")) == (0, 1)
    with pytest.raises(BusyError):
        device.wait("ready", 1)
    device.send([1 << 8])
    device.wait("ready", 1)
    assert device.status("target_request") == 0


def test_spikes_that_come_while_the_core_works(device):
    """They wait for the next time step, whatever is propagated before."""
    model = open_model(CONFIG)
    words = []
    for each in (model, device):
        each.load("neurons", [100 << 100 | 0xFFF << 116] * 8)
        each.load("weights_in", [0x01010101] * 64)
        each.load("weights_rec", [0] * 64)
        each.load("weights_out", [0] * 32)
        each.configure(single_label=0)
        start(each, learn=4)
        each.drive(target_valid=1)
        for spike in (1, 0):
            each.pulse()
            each.wait("target_request", 1)
            each.send([spike, 1 << 8])
            each.wait("ready", 1)
        each.configure(config_mode=1)
        words.append(each.dump("neurons", 0, 1).tolist())
    assert words[0] == words[1]
    # The first of the two has moved them, the second is still to come.
    assert words[1][0] & 0xFFFF == 1


def test_waiting_in_config(device):
    start(device, learn=0)
    device.configure(config_mode=1)
    with pytest.raises(BusyError):
        device.tick()
    assert device.status("configuring") == 1
    device.configure(config_mode=0)
    device.wait("ready", 1)
    assert device.status("configuring") == 0


def test_local_ticks(device):
    """In IDLE there are none; in a sample `tick` waits for one."""
    device.configure(cycles_per_tick=700, learn=0)
    device.configure(local_tick=1)
    device.tick()
    device.configure(local_tick=0)
    start(device)
    device.configure(local_tick=1)
    device.tick()
    before = device.cycles
    for _ in range(3):
        device.tick()
    assert abs(device.cycles - before - 3 * 700) < 100


def test_output_words(device):
    start(device, learn=0, send_label=0, kappa=0x80)
    device.configure(config_mode=1)
    device.load("outputs", [0x1234])
    device.configure(config_mode=0)
    device.drive(sample=0)
    device.tick()
    assert device.settle().tolist() == [0x34, 0x12]
    assert device.settle().tolist() == []


@pytest.mark.parametrize("shell", SHELLS)
def test_random_stimulus(tmp_path, shell):
    """One seed of three without stalls, and learning left out half of the time."""
    for learning in (0, 1):
        parameters = dataclasses.asdict(dataclasses.replace(CONFIG, learning=learning))
        results = verify(
            "reckon", seeds=3, first_seed=9, parameters=parameters, shell=shell, folder=tmp_path
        )
        assert [result.replay.difference for result in results] == [None] * 3
        assert {result.shell for result in results} == {shell}


def test_stalls_change_the_pace_alone():
    config = dataclasses.replace(CONFIG, learning=0)
    trace = record(config, 21)
    cycles = []
    for seed in (None, 1, 1, 2):
        with open_rtl(config, shell="pins", stall_seed=seed) as device:
            result = replay(trace, device)
            assert result.ok, result.difference
            cycles.append(result.cycles)
    assert cycles[1] == cycles[2] != cycles[3]
    assert cycles[0] < min(cycles[1:])
