"""The checks of devices: alike on model, RTL and board; and a device of a core that is made up."""

import shutil
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from spikewright.boards.driver import open_board
from spikewright.boards.simulated import SimulatedBoard
from spikewright.hdl import catalogue
from spikewright.hdl.catalogue import find_core, make_core
from spikewright.hdl.config import CoreConfig, integer
from spikewright.hdl.core import Core
from spikewright.hdl.error import InputError
from spikewright.hdl.interface.interface import Gate, HostMemory, Interface, Stream
from spikewright.hdl.interface.pin_map import PinMap, SpiPlace, SpiRequest, SpiWords
from spikewright.hdl.interface.register import Register, RegisterMap
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.device import Device, word_array
from spikewright.sim.model import open_model
from spikewright.sim.rtl import open_rtl

CONFIGS = [
    TinyOdinConfig(neurons=16),
    ReckonConfig(neurons=16, outputs=2, learning=0),
]


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda config: config.core)
def devices(request):
    """A model, the RTL natively and through its pins, and a board, of one core."""
    config = request.param
    opened = [open_model(config)]
    if shutil.which("g++") is not None:
        opened += [open_rtl(config, shell=shell) for shell in ("native", "pins")]
        board = SimulatedBoard(make_core(config))
        opened.append(open_board(config, board.port, timeout=2.0))
    yield opened
    for device in opened:
        device.close()
    if len(opened) > 1:
        board.close()


def gate_of(device):
    return device.interface.gate.register


#: What goes wrong, with what is said about it.
WRONG = [
    (lambda d: d.configure(last_neuron=1.0), "register last_neuron is 1.0, allowed is a whole"),
    (lambda d: d.configure(last_neuron=0.5), "register last_neuron is 0.5, allowed is a whole"),
    (lambda d: d.configure(last_neuron="1"), "register last_neuron is '1', allowed is a whole"),
    (lambda d: d.configure(last_neuron=None), "register last_neuron is None, allowed is a whole"),
    (
        lambda d: d.configure(last_neuron=16),
        "register last_neuron is 16, allowed is a whole number",
    ),
    (
        lambda d: d.configure(last_neuron=-1),
        "register last_neuron is -1, allowed is a whole number",
    ),
    (lambda d: d.configure(last_neuron=1, speed=1), "has no register 'speed', it has "),
    (lambda d: d.read("speed"), "has no register 'speed', it has "),
    (lambda d: d.read("last_neuron"), "last_neuron cannot be read, those that can are none"),
    (lambda d: d.load("neuron", [0]), "has no memory 'neuron', it has neurons"),
    (lambda d: d.load("neurons", [0.5]), "word 0 of memory neurons is 0.5, allowed are"),
    (lambda d: d.load("neurons", ["1"]), "word 0 of memory neurons is '1', allowed are"),
    (lambda d: d.load("neurons", "12"), "word 0 of memory neurons is '1', allowed are"),
    (lambda d: d.load("neurons", np.array([1.0])), "word 0 of memory neurons is 1.0, allowed"),
    (lambda d: d.load("neurons", [0, 1 << 200]), "word 1 of memory neurons is 0x1000"),
    (lambda d: d.load("neurons", [-1]), "word 0 of memory neurons is -0x1, allowed are"),
    (lambda d: d.load("neurons", [0], 1.0), "a range of memory neurons has 1.0, allowed are whole"),
    (lambda d: d.load("neurons", [0], -1), "words -1 to -1 of memory neurons, allowed are"),
    (lambda d: d.load("neurons", [0], 10**6), "words 1000000 to 1000000 of memory neurons"),
    (lambda d: d.dump("neuron"), "has no memory 'neuron', it has neurons"),
    (lambda d: d.dump("neurons", "0"), "a range of memory neurons has '0', allowed are whole"),
    (lambda d: d.dump("neurons", 0, 1.5), "a range of memory neurons has 1.5, allowed are whole"),
    (lambda d: d.dump("neurons", 0, 10**6), "words 0 to 999999 of memory neurons, allowed are"),
    (lambda d: d.dump("neurons", 0, -1), "words 0 to -2 of memory neurons, allowed are"),
    (lambda d: d.send([0.5]), "event word is not a whole number of"),
    (lambda d: d.send(["1"]), "event word is not a whole number of"),
    (lambda d: d.send([1 << 40]), "event word is not a whole number of"),
    (lambda d: d.send([-1]), "event word is not a whole number of"),
    (lambda d: d.send([[1], [2, 3]]), "allowed are whole numbers"),
    (lambda d: d.send([1], "mesh"), "has no input stream 'mesh', it has events"),
    (lambda d: d.take("mesh"), "has no output stream 'mesh', it has output"),
    (lambda d: d.drive(tick=1), "has no level 'tick', it has "),
    (lambda d: d.pulse("sample"), "has no pulse 'sample', it has "),
    (lambda d: d.status("sample"), "has no status 'sample', it has "),
    (lambda d: d.wait("idle", 1), "has no status 'idle', it has "),
    (lambda d: d.transact([]), "SPI transaction without words"),
    (lambda d: d.transact([0, 0, 0, 0]), "SPI transaction has 3 data words, its first word"),
    (lambda d: d.transact([0.5, 0]), "SPI word is 0.5, allowed is a whole number of"),
    (lambda d: d.transact([1 << 40, 0]), "SPI word is 1099511627776, allowed is a whole number"),
    (
        lambda d: (d.configure(**{gate_of(d): 0}), d.load("neurons", [0])),
        " is 0, memory access needs",
    ),
    (lambda d: (d.configure(**{gate_of(d): 0}), d.dump("neurons")), " is 0, memory access needs"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_bad_input_is_refused_alike(devices, wrong, message):
    texts = set()
    for device in devices:
        device.configure(**{gate_of(device): 1})
        before = dict(device.register_values)
        with pytest.raises(InputError) as raised:
            wrong(device)
        texts.add(str(raised.value))
        if not message.startswith(" is 0"):
            assert device.register_values == before
    (text,) = texts
    assert "\n" not in text
    assert text.startswith(devices[0].config.core)
    assert message in text


def test_numbers_of_numpy_are_taken(devices):
    for device in devices:
        device.configure(**{gate_of(device): np.uint8(1), "last_neuron": np.int64(3)})
        assert device.register_values["last_neuron"] == 3
        device.load("neurons", np.array([5, 6], dtype=np.uint16), np.int32(1))
        assert device.dump("neurons", np.int64(1), np.uint8(2)).tolist() == [5, 6]


def test_levels_and_time_steps(devices):
    for device in devices:
        if device.interface.time_step is None:
            for wrong in (device.tick, device.pulse):
                with pytest.raises(InputError, match="has no time steps that a pulse ends"):
                    wrong()
        else:
            for value in (2, -1, 0.5, "1", None):
                with pytest.raises(InputError, match=r"sample is .*, allowed is 0 or 1"):
                    device.drive(target_valid=1, sample=value)
            assert set(device.level_values.values()) == {0}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.core)
@pytest.mark.parametrize("kind", [open_model, lambda config: open_rtl(config, engine="amaranth")])
def test_a_closed_device(config, kind):
    device = kind(config)
    device.close()
    device.close()
    for use in (
        lambda: device.configure(last_neuron=1),
        lambda: device.read("last_neuron"),
        lambda: device.load("neurons", [0]),
        lambda: device.dump("neurons"),
        lambda: device.send([0]),
        device.settle,
        lambda: device.take("output"),
        lambda: device.drive(sample=1),
        device.pulse,
        device.tick,
        lambda: device.status("ready"),
        lambda: device.wait("ready", 1),
        device.reset,
        lambda: device.transact([0, 0]),
    ):
        with pytest.raises(InputError, match=f"{config.core}: the device is closed"):
            use()


# A core that is made up.


@dataclass(frozen=True, kw_only=True)
class MadeUpConfig(CoreConfig):
    core: ClassVar[str] = "madeup"

    words: int = integer(4, 1, 8, "words of a memory")


def interface(config):
    return Interface(
        core="madeup",
        registers=RegisterMap(
            "madeup",
            [
                Register("open", 0, 1, "OPEN", "opens the memories", reset=1),
                Register(
                    "bias", 1, 6, "BIAS", "a signed number", signed=True, access="RW", reset=-3
                ),
                Register("count", 2, 10, "COUNT", "a counter", access="R"),
                Register("secret", 3, 4, "SECRET", "a seed"),
            ],
        ),
        memories={
            "state": HostMemory(words=config.words, width=12, space=1),
            "table": HostMemory(words=4, width=8, space=2, access="R"),
        },
        inputs={"north": Stream(8), "south": Stream(4)},
        outputs={"output": Stream(8), "east": Stream(8)},
        gate=Gate(register="open"),
    )


def pins(config):
    def decode(words):
        first, data = words
        return [
            SpiRequest(
                first >> 8 & 3,
                first & 0xF,
                bool(first >> 15),
                bool(first >> 14 & 1),
                first >> 4 & 0xF,
                data,
            )
        ]

    return PinMap(
        about="made up",
        shell="",
        top="MadeUp",
        parameters={},
        clock="CLK",
        buses={},
        spi=SpiWords(
            bits=16,
            read=1 << 15,
            write=1 << 14,
            register_bits=8,
            places={
                name: SpiPlace(base=space << 8, step=1, unit_step=16)
                for name, space in (("state", 1), ("table", 2))
            },
            reply_bits=6,
            decode=decode,
        ),
        sck_period=4,
    )


MADE_UP = Core(
    name="madeup",
    about="made up for tests",
    config="made_up:MadeUpConfig",
    interface="made_up:interface",
    hardware="made_up:none",
    model="made_up:MadeUp",
    workload="made_up:none",
    pins="made_up:pins",
    trace_parameters=("words",),
)


class MadeUp(Device):
    """It notes what it is told; words of `north` go to `output` and those of `south` to `east`."""

    def __init__(self, config):
        super().__init__(config)
        self.done = []
        self.words = {name: [0] * size.words for name, size in self.memories.items()}
        self.words["table"] = [7, 8, 9, 0xFF]
        self.sent = {name: [] for name in self.interface.outputs}

    def _write_register(self, name, value):
        self.done.append((name, value))

    def _read_register(self, name):
        return {"bias": self.registers["bias"].word(self.register_values["bias"]), "count": 1000}[
            name
        ]

    def _load(self, memory, words, at):
        assert words
        assert all(type(word) is int for word in words)
        self.words[memory][at : at + len(words)] = words

    def _dump(self, memory, at, count):
        return word_array(self.words[memory][at : at + count], self.memories[memory].width)

    def _send(self, stream, words):
        assert words.dtype == np.uint64
        self.done.append((stream, words.tolist()))
        self.sent[{"north": "output", "south": "east"}[stream]] += words.tolist()

    def _settle(self):
        sent, self.sent = self.sent, {name: [] for name in self.sent}
        return {name: np.array(words, dtype=np.uint64) for name, words in sent.items()}

    def _reset(self):
        self.done.append("reset")


@pytest.fixture
def made_up(monkeypatch):
    here = SimpleNamespace(
        MADE_UP=MADE_UP, MadeUp=MadeUp, MadeUpConfig=MadeUpConfig, interface=interface, pins=pins
    )
    monkeypatch.setitem(sys.modules, "made_up", here)
    monkeypatch.setattr(catalogue, "_named", {})
    assert find_core("made_up:MADE_UP") is MADE_UP
    with open_model(MadeUpConfig()) as device:
        assert type(device) is MadeUp
        yield device


def test_registers_that_can_be_read(made_up):
    assert made_up.read("bias") == -3
    made_up.configure(bias=-32)
    assert made_up.read("bias") == -32
    assert made_up.read("count") == 1000
    with pytest.raises(InputError, match=r"register secret cannot be read, .* are bias, count$"):
        made_up.read("secret")
    with pytest.raises(InputError, match="madeup: register count can only be read"):
        made_up.configure(secret=1, count=1)
    with pytest.raises(InputError, match="bias is 32, allowed is a whole number from -32 to 31"):
        made_up.configure(secret=1, bias=32)
    assert made_up.done == [("bias", -32)]
    made_up.reset()
    assert made_up.read("bias") == -3


def test_a_memory_that_can_only_be_read(made_up):
    assert made_up.dump("table", 1, 2).tolist() == [8, 9]
    with pytest.raises(InputError, match="madeup: memory table can only be read"):
        made_up.load("table", [0])
    made_up.transact([0x4200, 0])
    assert made_up.dump("table").tolist() == [7, 8, 9, 0xFF]
    made_up.load("state", [0xABC], 3)
    assert made_up.dump("state").tolist() == [0, 0, 0, 0xABC]


def test_several_streams(made_up):
    made_up.configure(open=0)
    made_up.send([1, 2])
    made_up.send([3], "south")
    made_up.send([4, 255], "north")
    with pytest.raises(InputError, match="not a whole number of 4 bits"):
        made_up.send([16], "south")
    assert made_up.settle().tolist() == [1, 2, 4, 255]
    made_up.send([5, 6], "south")
    assert made_up.settle().tolist() == []
    assert made_up.take("east").tolist() == [3, 5, 6]
    assert made_up.take("east").tolist() == []
    made_up.send([7], "south")
    made_up.settle()
    made_up.reset()
    assert made_up.take("east").tolist() == []


def test_the_gate_holds_all_streams_in_order(made_up):
    made_up.send([1])
    made_up.send([2], "south")
    made_up.send([3])
    made_up.configure(secret=5)
    assert made_up.done == [("secret", 5)]
    made_up.configure(open=0)
    assert made_up.done[1:] == [("open", 0), ("north", [1]), ("south", [2]), ("north", [3])]
    made_up.configure(open=1)
    made_up.send([4])
    made_up.reset()
    made_up.configure(open=0)
    assert made_up.done[5:] == [("open", 1), "reset", ("open", 0)]


def test_raw_transactions(made_up):
    """The reply has six bits; registers that can be read are, others say nothing."""
    made_up.load("state", [0xABC])
    assert made_up.transact([0x8100, 0]) == [0, 0xBC & 63]
    assert made_up.transact([0x8110, 0]) == [0, 0xA]
    # A word's last byte is partly filled.
    made_up.transact([0x4110, 0xFF])
    assert made_up.dump("state", 0, 1).tolist() == [0xFBC]
    assert made_up.transact([0xC001, 31]) == [0, -3 & 63]
    assert made_up.register_values["bias"] == 31
    assert made_up.transact([0x8002, 0]) == [0, 1000 & 63]
    assert made_up.transact([0xC003, 0x19]) == [0, 0]
    assert made_up.register_values["secret"] == 9
    made_up.transact([0x4000, 0])
    made_up.transact([0x4100, 0])
    assert made_up.transact([0x8100, 0]) == [0, 0]
    made_up.transact([0x4000, 1])
    assert made_up.dump("state", 0, 1).tolist() == [0xFBC]


def test_what_it_has_not_got(made_up):
    for use, message in (
        (made_up.tick, "madeup has no time steps that a pulse ends"),
        (made_up.pulse, "madeup has no time steps that a pulse ends"),
        (lambda: made_up.pulse("tick"), "madeup has no pulse 'tick', it has none"),
        (lambda: made_up.drive(sample=1), "madeup has no level 'sample', it has none"),
        (lambda: made_up.status("ready"), "madeup has no status 'ready', it has none"),
    ):
        with pytest.raises(InputError, match=message):
            use()
    made_up.pins = None
    with pytest.raises(InputError, match="madeup has no published pins, and so no SPI"):
        made_up.transact([0, 0])
