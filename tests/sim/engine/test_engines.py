"""Engines: waveforms, the cache, and what is said when something is missing."""

import ctypes
import os
import re
import resource
import sys

import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.toolchain import ToolError
from spikewright.sim.engine import ENGINES, check_engine, compiled, cpp, open_engine
from spikewright.sim.engine import compiler as compiler_module
from spikewright.sim.engine.compiler import compile_library, find_compiler
from spikewright.sim.rtl import RtlDevice
from spikewright.synth import netlist as netlists

CONFIG = TinyOdinConfig(neurons=16)
VERILATOR = pytest.mark.needs("verilator")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SPIKEWRIGHT_CACHE", str(folder))
    return folder


@pytest.fixture
def bare_path(tmp_path, monkeypatch):
    """A PATH with nothing on it."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("CXX", raising=False)


def message(call):
    with pytest.raises(InputError) as raised:
        call()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def some_activity(device):
    device.configure(gate=1)
    device.load("neurons", [1 << 12] * 2)
    device.load("synapses", [1])
    device.configure(open_loop=1)
    device.configure(gate=0)
    device.send([0])
    assert device.settle().tolist() == [0]


# Waveforms.


def vcd_signals(text):
    """Return the full names of the signals of a VCD file and how often any of them changes."""
    scopes, names = [], set()
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            names.add(".".join([*scopes, words[4]]))
    assert not scopes
    times = [int(time) for time in re.findall(r"^#(\d+)", text, re.MULTILINE)]
    assert times == sorted(times)
    return names, len(times)


#: Engines that write waveforms.
WRITERS = [
    *("cxxrtl", "amaranth"),
    pytest.param("verilator", marks=[pytest.mark.slow, VERILATOR]),
]


@pytest.mark.parametrize("engine", ["compiled", *WRITERS])
def test_vcd(engine, tmp_path):
    path = tmp_path / "folder" / "waves.vcd"
    with RtlDevice(CONFIG, engine=engine, wave=path) as device:
        some_activity(device)
        cycles = device.cycles
    names, times = vcd_signals(path.read_text())
    last = {name.split(".")[-1] for name in names}
    assert {"clk", "rst", "idle", "events_valid", "output_payload", "access_data"} <= last
    # Scopes are the submodules' names; phases of state machines can be read.
    for part in ("core.controller.", "core.scheduler.fifo.", "core.crossbar.lane_0.neuron."):
        assert any(part in name for name in names), part
    assert any(name.endswith("controller.phase_state") for name in names)
    assert times > cycles


@pytest.mark.parametrize("engine", ["cxxrtl", "amaranth"])
def test_waveform_that_cannot_be_written(engine, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.vcd").mkdir()
    for path in (tmp_path / "folder.vcd", tmp_path / "file" / "waves.vcd"):
        text = message(lambda path=path: RtlDevice(CONFIG, engine=engine, wave=path))
        assert str(path) in text
        assert "cannot be written" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.vcd"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("waves.fst", r"as VCD, .* ends in .vcd; vcd2fst of GTKWave makes FST of it$"),
        ("waves", r"as VCD, allowed is a name that ends in .vcd$"),
        ("waves.txt", r"as VCD, allowed is a name that ends in .vcd$"),
    ],
)
def test_a_name_says_what_is_written(engine, name, hint, tmp_path):
    with pytest.raises(InputError, match=hint):
        RtlDevice(CONFIG, engine=engine, wave=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_waveforms_replace_waveforms_only(tmp_path):
    path = tmp_path / "waves.vcd"
    path.write_text("measured for years")
    text = message(lambda: RtlDevice(CONFIG, wave=path))
    assert "it is a text file, only a VCD waveform is replaced" in text
    assert path.read_text() == "measured for years"
    link = tmp_path / "link.vcd"
    link.symlink_to(path)
    assert "not a regular file" in message(lambda: RtlDevice(CONFIG, wave=link))
    for device in ("null", "full"):
        link.unlink()
        link.symlink_to(f"/dev/{device}")
        assert "not a regular file" in message(lambda: RtlDevice(CONFIG, wave=link))
    assert path.read_text() == "measured for years"


@pytest.fixture
def full_disk():
    """Files take so many bytes and no more, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(count):
        resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("engine", WRITERS)
@pytest.mark.parametrize("part", ["header", "body", "end"])
def test_a_cut_waveform_is_a_failure(engine, part, tmp_path, full_disk):
    def run(path, limit=None):
        with RtlDevice(CONFIG, engine=engine, wave=path) as device:
            if limit is not None:
                full_disk(limit)
            some_activity(device)
        return path.stat().st_size

    whole = run(tmp_path / "whole.vcd")
    limit = {"header": 8192, "body": whole // 2, "end": whole - 1}[part]
    with pytest.raises(
        InputError, match=r"waves.vcd: cannot be written, .* are cut: File too large"
    ):
        run(tmp_path / "waves.vcd", limit)


# The cache.


def test_second_open_compiles_nothing(cache, monkeypatch):
    RtlDevice(CONFIG).close()
    made = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    assert {path.parent.name for path in made} == {"compiled", "cpp"}

    def refuse(*arguments, **options):
        raise AssertionError(f"ran {arguments}")

    monkeypatch.setattr(compiler_module, "run_process", refuse)
    monkeypatch.setattr(compiled, "run_yosys", refuse)
    with RtlDevice(CONFIG) as device:
        some_activity(device)
    assert made == {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    # Another configuration is another library.
    with pytest.raises(AssertionError, match="ran"):
        RtlDevice(TinyOdinConfig(neurons=16, fifo_depth=4))


def test_netlists_are_cached(cache, monkeypatch):
    made, opened = [], []

    def synthesize(component, top, family):
        made.append((component.config.lanes, family))
        return f"netlist {len(made)}"

    monkeypatch.setattr(netlists, "netlist", synthesize)
    # What is looked at is what is simulated, so nothing is.
    monkeypatch.setattr(cpp, "CppEngine", lambda design, **options: opened.append(design))
    for lanes, family in ((1, "ice40"), (1, "ice40"), (1, "ecp5"), (8, "ice40"), (1, "ecp5")):
        open_engine(TinyOdinConfig(neurons=16, lanes=lanes), netlist=family)
    assert made == [(1, "ice40"), (1, "ecp5"), (8, "ice40")]
    assert [design.rtlil[-1] for design in opened] == list("11232")
    assert len({design.ports for design in opened}) == 1
    assert len(list((cache / "netlist").glob("*.json"))) == 3


def test_a_damaged_library_is_compiled_again(cache):
    source = {"main.cc": 'extern "C" int answer() { return 42; }'}
    library = compile_library(source, "main.cc")
    whole = library.read_bytes()
    library.write_bytes(whole[: len(whole) // 2])
    assert compile_library(source, "main.cc") == library
    assert ctypes.CDLL(str(library)).answer() == 42


def test_failing_compiler(cache):
    with pytest.raises(ToolError, match="error") as raised:
        compile_library({"main.cc": "int main() { return nothing; }"}, "main.cc")
    assert "\n" not in str(raised.value)
    assert not list((cache / "compiled").iterdir())


# What is missing.


def test_unknown_names():
    text = message(lambda: open_engine(CONFIG, engine="icarus"))
    assert "'icarus'" in text
    assert all(name in text for name in ENGINES)
    assert "'uart'" in message(lambda: open_engine(CONFIG, shell="uart"))
    assert "'xc7'" in message(lambda: open_engine(CONFIG, netlist="xc7"))
    assert "cxxrtl" in message(lambda: open_engine(CONFIG, engine="amaranth", netlist="ice40"))


def test_an_earlier_name_of_an_engine():
    assert check_engine("plain") == check_engine("compiled") == "compiled"
    engine = open_engine(CONFIG, engine="plain")
    assert isinstance(engine, cpp.CppEngine)
    engine.close()


def test_missing_verilator(bare_path):
    text = message(lambda: open_engine(CONFIG, engine="verilator"))
    assert "Verilator is not installed" in text


def test_missing_compiler(bare_path, cache, monkeypatch):
    monkeypatch.setattr(compiler_module, "find_spec", lambda name: None)
    text = message(find_compiler)
    for remedy in ("g++", "spikewright[compiler]", "--engine amaranth"):
        assert remedy in text


def test_missing_compiler_leaves_the_engine_in_python(bare_path, cache, monkeypatch):
    monkeypatch.setattr(compiler_module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="no C\\+\\+ compiler"):
        open_engine(CONFIG)
    with RtlDevice(CONFIG, engine="amaranth") as device:
        some_activity(device)


def test_compiler_of_ziglang(bare_path, monkeypatch):
    """Found as a package; not run here."""
    monkeypatch.setattr(compiler_module, "find_spec", lambda name: name == "ziglang")
    assert find_compiler()[:4] == [sys.executable, "-m", "ziglang", "c++"]


def test_compiler_by_choice(tmp_path, monkeypatch):
    tool = tmp_path / "my-compiler"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("CXX", "my-compiler -march=native")
    assert find_compiler() == ["my-compiler", "-march=native"]
    monkeypatch.setenv("CXX", "no-such-compiler -O1")
    assert "'no-such-compiler'" in message(find_compiler)


@pytest.mark.parametrize("chosen", ["", " "])
def test_empty_choice_is_no_choice(chosen, monkeypatch):
    monkeypatch.setenv("CXX", chosen)
    assert find_compiler()
