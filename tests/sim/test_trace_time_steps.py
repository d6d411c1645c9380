"""Traces of cores with time steps: every step read, written, recorded and replayed."""

import gzip
import json

import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.sim.model import open_model
from spikewright.sim.trace import (
    SUFFIX,
    BurstStep,
    CheckStep,
    ConfigStep,
    EventStep,
    ExpectStep,
    LevelStep,
    PulseStep,
    Recorder,
    ResetStep,
    SettleStep,
    TickStep,
    WaitStep,
    read_trace,
    replay,
    write_trace,
)

CONFIG = ReckonConfig(neurons=16, outputs=2)
HEADER = {
    "trace": 1,
    "core": "reckon",
    "parameters": {"neurons": 16, "outputs": 2},
    "about": "a test",
}
STEPS = [
    {"do": "reset"},
    {"do": "config", "address": 97, "value": 0xFFFFFFFF},  # there is none
    {"do": "config", "address": 9, "value": 0xFFFFFFFF},  # all of 3 bits
    {"do": "config", "address": 95, "value": 1},
    {"do": "load", "memory": "outputs", "at": 0, "words": ["0001", "8000"]},
    {"do": "spi32", "send": ["20010001", "00007fff"]},
    {"do": "spi32", "send": ["a0020000", "00000000", "00000000"], "receive": [None, "00000001", None]},
    {"do": "config", "address": 0, "value": 0},
    {"do": "event", "address": 3},
    {"do": "event", "address": 1, "target": True},
    {"do": "pin", "name": "SAMPLE", "value": 1},
    {"do": "pin", "name": "TARGET_VALID", "value": 1},
    {"do": "tick"},
    {"do": "check", "memory": "outputs", "at": 0, "words": ["0001", "7fff"]},
    {"do": "expect", "name": "TIMING_ERROR_RDY", "value": 1},
    {"do": "pulse"},
    {"do": "wait", "name": "MISO", "value": 1},
    {"do": "expect", "name": "SPI_RDY", "value": 0},
    {"do": "event", "address": 0, "target": True},
    {"do": "wait", "name": "TIMING_ERROR_RDY", "value": 1},
    {"do": "pin", "name": "INFER_ACC", "value": 1},
    {"do": "pin", "name": "SAMPLE", "value": 0},
    {"do": "tick"},
    {"do": "settle", "events": [1]},
]  # fmt: skip


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a file of these steps and returns its path."""

    def write(steps):
        path = tmp_path / ("some" + SUFFIX)
        lines = "".join(json.dumps(line) + "\n" for line in [HEADER, *steps])
        path.write_bytes(gzip.compress(lines.encode()))
        return path

    return write


def test_replays(put):
    trace = read_trace(put(STEPS))
    result = replay(trace, open_model(CONFIG))
    assert result.ok, result.difference
    assert result.steps == len(STEPS)


def test_written_and_read_again(put, tmp_path):
    trace = read_trace(put(STEPS))
    path = tmp_path / ("again" + SUFFIX)
    write_trace(trace, path)
    assert read_trace(path).steps == trace.steps
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert [json.loads(line) for line in lines] == [HEADER, *STEPS]


@pytest.mark.parametrize(
    ("index", "change", "difference"),
    [
        (6, {"receive": [None, "00000002", None]},
         {"kind": "reply", "word": 1, "expected": "00000002", "got": "00000001"}),
        (13, {"words": ["0001", "7ffe"]},
         {"kind": "memory", "memory": "outputs", "word": 1, "expected": "7ffe", "got": "7fff"}),
        (14, {"value": 0}, {"kind": "pin", "pin": "TIMING_ERROR_RDY", "expected": 0, "got": 1}),
        (16, {"value": 0}, {"kind": "busy", "message": "reckon: target_request stays 1"}),
        (15, {"do": "tick"},
         {"kind": "busy", "message": "reckon: it waits for a target or a configuration"}),
        (23, {"events": [0]}, {"kind": "event", "event": 0, "expected": 0, "got": 1}),
    ],
)  # fmt: skip
def test_first_difference(put, index, change, difference):
    steps = [dict(step) for step in STEPS]
    steps[index].update(change)
    result = replay(read_trace(put(steps)), open_model(CONFIG))
    assert not result.ok
    assert result.difference == {"step": index + 1} | difference


def test_recording():
    recorder = Recorder(open_model(CONFIG), about="a test", name="some")
    recorder.reset()
    recorder.configure(learn=7, last_neuron=1)
    assert recorder.register_values["last_neuron"] == 1
    recorder.transact([0x20020000, 1, 0x7FFF])
    assert recorder.transact([0xA0010001, 0]) == [0, 0x7FFF]
    recorder.transact([0x00010000, 0xFFFFFFFE])  # config_mode
    assert recorder.register_values["config_mode"] == 0
    recorder.transact([0xA0010001, 0])  # without config_mode it says nothing
    recorder.send([3, 1 << 8 | 1])
    recorder.drive(sample=1, target_valid=1)
    recorder.tick()
    assert recorder.status("ready") == 1
    recorder.pulse()
    recorder.wait("target_request", 1)
    recorder.send([1 << 8])
    recorder.drive(sample=0)
    recorder.tick()
    assert recorder.settle().tolist() == [0]
    recorder.configure(config_mode=1)
    assert recorder.dump("outputs", 0, 1).tolist() == [0]
    steps = recorder.trace.steps
    assert steps == (
        ResetStep(),
        ConfigStep(9, 7),
        ConfigStep(95, 1),
        BurstStep((0x20020000, 1, 0x7FFF)),
        BurstStep((0xA0010001, 0), (None, 0x7FFF)),
        BurstStep((0x00010000, 0xFFFFFFFE)),
        BurstStep((0xA0010001, 0)),
        EventStep(3),
        EventStep(1, ("target",)),
        LevelStep("sample", 1),
        LevelStep("target_valid", 1),
        TickStep(),
        ExpectStep("ready", 1),
        PulseStep(),
        WaitStep("target_request", 1),
        EventStep(0, ("target",)),
        LevelStep("sample", 0),
        TickStep(),
        SettleStep((0,)),
        ConfigStep(0, 1),
        CheckStep("outputs", 0, (0,)),
    )
    recorder.reset()
    assert recorder.register_values["last_neuron"] == 15
    assert replay(recorder.trace, open_model(CONFIG)).ok


def test_a_check_restores_config_mode(put):
    model = open_model(CONFIG)
    replay(read_trace(put(STEPS[:14])), model)
    assert model.register_values["config_mode"] == 0
    assert model.status("configuring") == 0


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"do": "spi", "address": 0, "data": 0}, "traces of reckon have no step 'spi'"),
        ({"do": "tick", "count": 2}, "tick has an unknown key 'count'"),
        ({"do": "config", "address": 1 << 16, "value": 0}, "config: address is 65536"),
        ({"do": "config", "address": 0, "value": 1 << 32}, "config: value is 4294967296"),
        ({"do": "event", "address": 256}, "event: address is 256"),
        ({"do": "event", "address": 1, "target": 1}, "target is 1, allowed is true or false"),
        ({"do": "pin", "name": "TIME_TICK", "value": 1}, "name is 'TIME_TICK', allowed is SAMPLE"),
        ({"do": "pin", "name": "SAMPLE", "value": 2}, "pin: value is 2"),
        (
            {"do": "expect", "name": "SAMPLE", "value": 1},
            "name is 'SAMPLE', allowed is TIMING_ERROR_RDY or SPI_RDY",
        ),
        ({"do": "wait", "name": "MISO"}, "wait lacks the key 'value'"),
        ({"do": "spi32", "send": ["0"]}, "send has '0', allowed are 8 lower-case"),
        ({"do": "spi32", "send": []}, "without words"),
        ({"do": "spi32", "send": ["00010000"]}, "0 data words, its first word says 1"),
        (
            {"do": "spi32", "send": ["00000000"], "receive": []},
            "receive has 0 words, send has 1",
        ),
        ({"do": "spi32", "send": ["00000000"], "receive": [5]}, "receive has 5, allowed are 8"),
    ],
)
def test_bad_steps(put, step, message):
    with pytest.raises(InputError, match=f"line 2: .*{message}"):
        read_trace(put([step]))
