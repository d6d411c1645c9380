"""Traces: read, written, recorded and replayed; whatever is wrong with a file is one clear line."""

import gzip
import inspect
import json
import os

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model.tinyodin import TinyOdinModel
from spikewright.sim.trace import (
    SUFFIX,
    CheckStep,
    ConfigStep,
    EventStep,
    LoadStep,
    Recorder,
    SettleStep,
    SpiStep,
    Trace,
    read_trace,
    replay,
    write_trace,
)

HEADER = {"trace": 1, "core": "tinyodin", "parameters": {"neurons": 16}, "about": "a test"}
FIRES = "00fff000"  # threshold 4095
STEPS = [
    {"do": "config", "address": 0, "value": 1},
    {"do": "config", "address": 1, "value": 1},
    {"do": "load", "memory": "neurons", "at": 0, "words": ["00002000"] * 2 + [FIRES] * 14},
    {"do": "load", "memory": "synapses", "at": 6, "words": ["00000012", "f0000000"]},
    {"do": "config", "address": 3, "value": 15},
    {"do": "config", "address": 0, "value": 0},
    {"do": "event", "address": 3},
    {"do": "settle", "events": [0]},
    {"do": "config", "address": 0, "value": 1},
    {"do": "spi", "address": 0x80000 | 1 << 16 | 15, "data": 0, "reply": 255},
    {"do": "spi", "address": 0x40000 | 1 << 16 | 15, "data": 7},
    {"do": "config", "address": 0, "value": 0},
    {"do": "check", "memory": "neurons", "at": 0, "words": ["00002000", "00002001", FIRES]},
    {"do": "check", "memory": "neurons", "at": 15, "words": ["00ffff07"]},
    {"do": "event", "address": 0x201 | 1 << 4},
    {"do": "settle", "events": [1]},
]


def lines(header=HEADER, steps=STEPS):
    return "".join(json.dumps(line) + "\n" for line in [header, *steps]).encode()


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a file of this content and returns its path."""

    def write(content, name="some"):
        path = tmp_path / (name + SUFFIX)
        path.write_bytes(gzip.compress(content))
        return path

    return write


def changed(index, **keys):
    """Return the steps with keys of one changed, or left out if None."""
    steps = [dict(step) for step in STEPS]
    for key, value in keys.items():
        if value is None:
            del steps[index][key]
        else:
            steps[index][key] = value
    return steps


def message(path, **options):
    with pytest.raises(InputError) as raised:
        read_trace(path, **options)
    text = str(raised.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    assert len(text) < 300 + len(str(path))
    return text


def test_read(put):
    trace = read_trace(put(lines()))
    assert trace.name == "some"
    assert trace.core == "tinyodin"
    assert trace.config == TinyOdinConfig(neurons=16)
    assert trace.about == "a test"
    assert trace.steps[0] == ConfigStep(0, 1)
    assert trace.steps[3] == LoadStep("synapses", 6, (0x12, 0xF0000000))
    assert trace.steps[6:8] == (EventStep(3), SettleStep((0,)))
    assert trace.steps[9].reply == 255
    assert trace.steps[10] == SpiStep(0x40000 | 1 << 16 | 15, 7, None)
    assert trace.steps[13] == CheckStep("neurons", 15, (0x00FFFF07,))


def test_last_line_may_lack_its_end(put):
    assert read_trace(put(lines().rstrip(b"\n"))) == read_trace(put(lines()))


def test_header_alone(put):
    trace = read_trace(put(lines(steps=[])))
    assert trace.steps == ()
    assert replay(trace, TinyOdinModel(trace.config)).ok


def test_replay(put):
    trace = read_trace(put(lines()))
    seen = []
    result = replay(trace, TinyOdinModel(trace.config), lambda *numbers: seen.append(numbers))
    assert result.as_dict() == {"name": "some", "ok": True, "steps": len(STEPS)}
    assert seen == [(number + 1, len(STEPS)) for number in range(len(STEPS))]


@pytest.mark.parametrize(
    ("steps", "difference"),
    [
        (
            changed(12, words=["00002000", "00002003", FIRES]),
            {
                "step": 13,
                "kind": "memory",
                "memory": "neurons",
                "word": 1,
                "expected": "00002003",
                "got": "00002001",
            },
        ),
        (
            changed(7, events=[]),
            {"step": 8, "kind": "event", "event": 0, "expected": None, "got": 0},
        ),
        (
            changed(7, events=[1]),
            {"step": 8, "kind": "event", "event": 0, "expected": 1, "got": 0},
        ),
        (
            changed(15, events=[1, 5]),
            {"step": 16, "kind": "event", "event": 1, "expected": 5, "got": None},
        ),
        (
            changed(9, reply=0),
            {"step": 10, "kind": "reply", "expected": 0, "got": 255},
        ),
        (
            changed(13, at=14),
            {
                "step": 14,
                "kind": "memory",
                "memory": "neurons",
                "word": 14,
                "expected": "00ffff07",
                "got": "00fff000",
            },
        ),
    ],
)
def test_first_difference(put, steps, difference):
    # What follows the failing step must not be carried out.
    trace = read_trace(put(lines(steps=steps)))
    result = replay(trace, TinyOdinModel(trace.config))
    assert not result.ok
    assert result.difference == difference
    assert result.steps == difference["step"]
    assert json.loads(json.dumps(result.as_dict()))["difference"] == difference


def test_check_and_load_with_the_gate_open(put):
    steps = [
        {"do": "load", "memory": "neurons", "at": 2, "words": ["00fff123"]},
        {"do": "check", "memory": "neurons", "at": 2, "words": ["00fff123"]},
        {"do": "config", "address": 1, "value": 1},
        {"do": "event", "address": 0x212},
        {"do": "check", "memory": "neurons", "at": 2, "words": ["00fff124"]},
        {"do": "event", "address": 0x212},
        {"do": "settle", "events": []},
    ]
    trace = read_trace(put(lines(steps=steps)))
    model = TinyOdinModel(trace.config)
    assert replay(trace, model).ok
    assert model.register_values["gate"] == 0


def test_gate_written_over_spi_is_noticed(put):
    steps = [
        {"do": "spi", "address": 0, "data": 1},
        {"do": "event", "address": 0x212},
        {"do": "check", "memory": "neurons", "at": 2, "words": ["00000000"]},
        {"do": "settle", "events": []},
    ]
    trace = read_trace(put(lines(steps=steps)))
    assert replay(trace, TinyOdinModel(trace.config)).ok  # the event waits


def test_register_takes_low_bits_and_others_are_ignored(put):
    steps = [
        {"do": "config", "address": 3, "value": 0xFFFF5},
        {"do": "config", "address": 2, "value": 0xFFFFE},
        {"do": "config", "address": 99, "value": 1},
    ]
    trace = read_trace(put(lines(steps=steps)))
    model = TinyOdinModel(trace.config)
    assert replay(trace, model).ok
    assert model.register_values == {
        "gate": 0,
        "open_loop": 0,
        "output_source": 0,
        "last_neuron": 5,
    }
    asked = []
    model.transact = lambda words: asked.append(words) or [0, 0]
    assert replay(trace, model).ok
    assert asked == [[1 << 18 | 99, 1]]  # real pins show that it is ignored


def test_events_are_sent_together(put):
    steps = [{"do": "event", "address": 0x212}] * 3
    trace = read_trace(put(lines(steps=steps)))
    model = TinyOdinModel(trace.config)
    model.configure(open_loop=1)
    sent = []
    send = model.send
    model.send = lambda events: sent.append(list(events)) or send(events)
    assert replay(trace, model).ok
    assert sent == [[0x212] * 3]


def test_cycles_of_a_device_that_counts_them(put):
    class Counting(TinyOdinModel):
        cycles = 100

        def send(self, events, stream=None):
            self.cycles += 7
            super().send(events, stream)

    trace = read_trace(put(lines()))
    result = replay(trace, Counting(trace.config))
    assert result.cycles == 14
    assert result.as_dict()["cycles"] == 14


def test_a_core_that_never_settles(put):
    trace = read_trace(put(lines(steps=[{"do": "event", "address": 0}])))
    result = replay(trace, TinyOdinModel(trace.config, event_limit=10))
    assert not result.ok
    assert result.difference["kind"] == "busy"
    assert "keeps itself going" in result.difference["message"]


def test_device_of_another_configuration(put):
    trace = read_trace(put(lines()))
    with pytest.raises(InputError, match="trace is for neurons = 16, the device has 32"):
        replay(trace, TinyOdinModel(TinyOdinConfig(neurons=32)))
    assert replay(trace, TinyOdinModel(TinyOdinConfig(neurons=16, lanes=8))).ok


def test_missing_file(tmp_path):
    assert "No such file" in message(tmp_path / "none")


def test_directory(tmp_path):
    assert "cannot be read: it is a folder" in message(tmp_path)


@pytest.mark.parametrize("place", ["/dev/zero", "pipe"])
def test_what_never_ends(tmp_path, place):
    os.mkfifo(tmp_path / "pipe")
    assert "cannot be read: it is not a regular file" in message(tmp_path / place)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (lines(), "a text file"),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0", "an HDF5 file, as networks in NIR are"),
        (b"#!AER-DAT4.0\r\n\x1c\0\0\0", "an AEDAT recording of events"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
    ],
)
def test_not_gzip(tmp_path, content, kind):
    path = tmp_path / "x"
    path.write_bytes(content)
    assert f"not a gzip file but {kind}" in message(path)


def test_too_much_is_packed(put, monkeypatch):
    monkeypatch.setattr("spikewright.hdl.files.LARGEST_CONTENT", 1 << 20)
    path = put(b"\n" * ((1 << 20) + 1))
    assert "unpacks to more than the 1 MiB allowed" in message(path)


def test_a_line_that_is_too_long(put):
    header = lines().splitlines()[0]
    path = put(header + b"\n" + b"[" * ((16 << 20) + 1))
    assert "line 2: it has 16777217 bytes, allowed are 16777216" in message(path)


@pytest.mark.parametrize("kept", [1, 5, 10, 60, -1, -8, -9])
def test_truncated(put, kept):
    path = put(lines())
    path.write_bytes(path.read_bytes()[:kept])
    assert "truncated" in message(path) or kept == 1


@pytest.mark.parametrize("position", [12, 40, 100, -5, -1])
def test_damaged(put, position):
    path = put(lines())
    content = bytearray(path.read_bytes())
    content[position] ^= 0x55
    path.write_bytes(content)
    message(path)


def test_every_damaged_byte_is_noticed_or_harmless(put):
    path = put(lines())
    good, trace = path.read_bytes(), read_trace(path)
    for position in range(len(good)):
        content = bytearray(good)
        content[position] ^= 0xFF
        path.write_bytes(content)
        try:
            assert read_trace(path) == trace
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)])
def test_empty(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    assert "the file is empty" in message(path)


@pytest.mark.parametrize(
    "bad",
    [b"{", b"", b"\xff\xfe", b"[" * 100000, b"1" * 5000, b"{'do': 1}"],
    ids=["open", "blank", "not UTF-8", "deep", "long number", "quotes"],
)
@pytest.mark.parametrize("number", [1, 2, 4])
def test_not_json(put, bad, number):
    content = lines().splitlines()
    content[number - 1] = bad
    assert f"line {number}: not JSON" in message(put(b"\n".join(content) + b"\n"))


@pytest.mark.parametrize("line", [[], 1, "config", None, [{"do": "settle"}]])
def test_line_is_not_an_object(put, line):
    assert "line 1: the header is" in message(put(lines(header=line)))
    assert "line 2: the step is" in message(put(lines(steps=[line])))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"trace": 2}, "the format has version 2, allowed is 1"),
        ({"trace": "1"}, "version '1', allowed is 1"),
        ({"trace": True}, "version True, allowed is 1"),
        ({"trace": None}, "the header lacks the key 'trace'"),
        ({"core": "loihi"}, "no core 'loihi', allowed is odin or reckon or tinyodin"),
        ({"core": 3}, "core is 3, allowed is a string"),
        ({"core": "x\ny" * 1000}, "no core 'x"),
        ({"core": None}, "the header lacks the key 'core'"),
        ({"core": "spikewright.hdl.odin:ODIN"}, ", allowed is odin, reckon, tinyodin"),
        ({"parameters": None}, "the header lacks the key 'parameters'"),
        ({"parameters": []}, "parameters is [], allowed is an object"),
        ({"parameters": {"size": 3}}, "traces of tinyodin have no parameter 'size'"),
        ({"parameters": {"lanes": 2}}, "traces of tinyodin have no parameter 'lanes'"),
        ({"parameters": {"neurons": 17}}, "neurons is 17, allowed is a power of two"),
        ({"parameters": {"neurons": "16"}}, "neurons is '16', allowed is a power of two"),
        ({"parameters": {"fifo_depth": True}}, "fifo_depth is True, allowed is a whole number"),
        ({"about": None}, "the header lacks the key 'about'"),
        ({"about": 1}, "about is 1, allowed is a string"),
        ({"more": 1}, "the header has an unknown key 'more'"),
    ],
)
def test_bad_header(put, change, text):
    header = {key: value for key, value in (HEADER | change).items() if value is not None}
    result = message(put(lines(header=header)))
    assert "line 1: " in result
    assert text in result


def test_another_core_is_expected(put):
    assert "the trace is for the core tinyodin, expected is odin" in message(
        put(lines()), core="odin"
    )
    assert read_trace(put(lines()), core="tinyodin")


@pytest.mark.parametrize(
    ("index", "change", "text"),
    [
        (0, {"do": None}, "the step lacks the key 'do'"),
        (0, {"do": "jump"}, "tinyodin have no step 'jump', they have config, load"),
        (0, {"do": "tick"}, "tinyodin have no step 'tick'"),
        (0, {"do": "spi32"}, "tinyodin have no step 'spi32'"),
        (0, {"do": ["load"]}, "tinyodin have no step ['load']"),
        (0, {"address": None}, "config lacks the key 'address'"),
        (0, {"value": None}, "config lacks the key 'value'"),
        (0, {"extra": 1}, "config has an unknown key 'extra'"),
        (
            0,
            {"address": 65536},
            "config: address is 65536, allowed is a whole number from 0 to 65535",
        ),
        (0, {"address": -1}, "config: address is -1"),
        (0, {"address": 1.0}, "config: address is 1.0"),
        (0, {"address": True}, "config: address is True"),
        (0, {"address": "1"}, "config: address is '1'"),
        (0, {"address": [1]}, "config: address is [1]"),
        (0, {"value": 1 << 20}, "config: value is 1048576, allowed is a whole number from 0"),
        (2, {"memory": None}, "load lacks the key 'memory'"),
        (2, {"at": None}, "load lacks the key 'at'"),
        (2, {"words": None}, "load lacks the key 'words'"),
        (2, {"memory": "weights"}, "load: memory is 'weights', allowed is neurons or synapses"),
        (2, {"memory": []}, "load: memory is [], allowed is a string"),
        (2, {"at": 1}, "load: words 1 to 16 of memory neurons, allowed are words 0 to 15"),
        (2, {"at": 16}, "load: at is 16, allowed is a whole number from 0 to 15"),
        (2, {"at": -1}, "load: at is -1"),
        (2, {"words": "00000000"}, "load: words is '00000000', allowed is a list"),
        (2, {"words": ["0"]}, "word 0 of memory neurons is '0', allowed are 8 lower-case hex"),
        (2, {"words": ["000000000"]}, "word 0 of memory neurons is '000000000'"),
        (2, {"words": ["0000000A"]}, "word 0 of memory neurons is '0000000A'"),
        (2, {"words": ["0x000000"]}, "word 0 of memory neurons is '0x000000'"),
        (2, {"words": ["0000_000"]}, "word 0 of memory neurons is '0000_000'"),
        (2, {"words": ["0000000\n"]}, "word 0 of memory neurons is '0000000\\n'"),
        (2, {"words": ["00000000", 0]}, "word 1 of memory neurons is 0, allowed"),
        (3, {"words": ["00000000", "zzzzzzzz"]}, "word 7 of memory synapses is 'zzzzzzzz'"),
        (3, {"at": 31}, "load: words 31 to 32 of memory synapses, allowed are words 0 to 31"),
        (6, {"address": 1024}, "event: address is 1024, allowed is a whole number from 0 to 1023"),
        (6, {"target": True}, "event has an unknown key 'target'"),
        (7, {"events": None}, "settle lacks the key 'events'"),
        (7, {"events": [256]}, "settle: events is 256, allowed is a whole number from 0 to 255"),
        (7, {"events": [0, None]}, "settle: events is None"),
        (7, {"events": 0}, "settle: events is 0, allowed is a list"),
        (9, {"address": 1 << 20}, "spi: address is 1048576"),
        (9, {"data": -1}, "spi: data is -1"),
        (9, {"data": None}, "spi lacks the key 'data'"),
        (9, {"reply": 256}, "spi: reply is 256, allowed is a whole number from 0 to 255"),
        (12, {"words": ["00"]}, "check: word 0 of memory neurons is '00'"),
        (12, {"at": 14}, "check: words 14 to 16 of memory neurons"),
    ],
)
def test_bad_step(put, index, change, text):
    result = message(put(lines(steps=changed(index, **change))))
    assert f"line {index + 2}: " in result
    assert text in result


def test_word_that_has_the_digits_but_not_the_bits(put):
    header = HEADER | {"parameters": {"neurons": 16, "potential_bits": 9}}  # 26 bits, 7 digits
    step = {"do": "load", "memory": "neurons", "at": 0, "words": ["3ffffff", "4000000"]}
    text = message(put(lines(header=header, steps=[step])))
    assert "word 1 of memory neurons is 4000000, allowed are 26 bits" in text


def test_write_then_read(put, tmp_path):
    trace = read_trace(put(lines()))
    path = tmp_path / "new" / ("other" + SUFFIX)
    write_trace(trace, path)
    again = read_trace(path)
    assert (again.name, again.config, again.about, again.steps) == (
        "other",
        trace.config,
        trace.about,
        trace.steps,
    )
    content = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert content == [HEADER, *STEPS]
    first = path.read_bytes()
    assert first[4:8] == bytes(4)  # no time
    old = path.with_name("old")
    old.hardlink_to(path)
    write_trace(Trace("x", trace.config, "", ()), path)
    assert old.read_bytes() == first  # a new file took the place of the old one
    old.unlink()
    write_trace(trace, path)
    assert path.read_bytes() == first
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_write_leaves_the_old_file_if_it_fails(put, monkeypatch):
    path = put(lines())
    before = path.read_bytes()
    trace = read_trace(path)

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_trace(Trace("x", trace.config, "", ()), path)
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


def test_write_to_a_bad_place(put, tmp_path):
    path = put(lines())
    with pytest.raises(InputError, match="cannot be written"):
        write_trace(read_trace(path), path / "below a file")


def test_a_recorder_has_the_methods_of_a_device():
    for name, method in inspect.getmembers(Device, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = map(str, inspect.signature(method).parameters.values())
            found = inspect.signature(getattr(Recorder, name, method)).parameters.values()
            # Values by name may be called otherwise.
            assert [str(one).replace("**values", "**registers") for one in found][1:] == expected


def recording(config, seed):
    """Let a recorder use every method of a model."""
    random = np.random.default_rng(seed)
    recorder = Recorder(TinyOdinModel(config), about="random", name="kept")
    recorder.configure(gate=1, open_loop=1, last_neuron=config.neurons - 1)
    recorder.load("neurons", (random.integers(0, 30, config.neurons) << config.potential_bits))
    for memory in ("synapses", "neurons"):
        size = recorder.memories[memory]
        words = random.integers(0, 1 << size.width, 5, dtype=np.uint64)
        recorder.load(memory, words, at=size.words - 5)
    spi = recorder.pins.spi
    for _ in range(20):
        address = spi.places["neurons"].at(int(random.integers(16)), 1)
        data = int(random.integers(1 << spi.bits))
        recorder.transact([spi.read | spi.write | address, data])
    recorder.transact([2, 1])
    recorder.transact([2, 0])
    recorder.configure(gate=0)
    for _ in range(5):
        recorder.send(random.integers(0, 1 << config.event_bits, 4))
        recorder.settle()
    recorder.configure(gate=1)
    recorder.dump("neurons")
    recorder.dump("synapses", 3, 4)
    return recorder


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"neurons": 16, "lanes": 8},
        {"neurons": 1024, "fifo_depth": 4},
        {"neurons": 64, "weight_bits": 7, "potential_bits": 9},
        {"neurons": 32, "weight_bits": 8, "potential_bits": 24},
    ],
)
def test_recording_replays(tmp_path, parameters):
    config = TinyOdinConfig(**parameters)
    recorder = recording(config, 5)
    path = tmp_path / ("kept" + SUFFIX)
    with recorder:
        recorder.save(path)
    trace = read_trace(path)
    assert trace == recorder.trace
    assert {step.do for step in trace.steps} == {
        "config",
        "load",
        "check",
        "event",
        "spi",
        "settle",
    }
    assert any(step.events for step in trace.steps if step.do == "settle")
    assert any(step.reply for step in trace.steps if step.do == "spi")
    assert trace.steps[-1].do == "check"
    assert None in {step.reply for step in trace.steps if step.do == "spi"}
    result = replay(trace, TinyOdinModel(config))
    assert result.ok, result.difference


def test_recording_finds_another_behaviour(tmp_path):
    class Wrong(TinyOdinModel):
        def _virtual_event(self, weight, neuron):
            super()._virtual_event(-weight, neuron)

    recorder = recording(TinyOdinConfig(), 5)
    recorder.configure(gate=0)
    recorder.send([0x201 | 3 << 4])
    recorder.configure(gate=1)
    recorder.dump("neurons")
    assert not replay(recorder.trace, Wrong()).ok


def test_recorder_leaves_out_what_the_device_refuses():
    recorder = Recorder(TinyOdinModel())
    for action in (
        lambda: recorder.configure(gate=2),
        lambda: recorder.load("neurons", [1 << 40]),
        lambda: recorder.dump("neurons"),
        lambda: recorder.send([1 << 10]),
        lambda: recorder.send([0.5]),
        lambda: recorder.transact([1 << 20, 0]),
        lambda: recorder.transact([0]),
    ):
        with pytest.raises(InputError):
            action()
    assert recorder.trace.steps == ()


def test_recorder_keeps_events_that_make_the_device_fail():
    recorder = Recorder(TinyOdinModel(event_limit=10))
    with pytest.raises(BusyError):
        recorder.send([0])
    assert recorder.trace.steps == (EventStep(0),)
