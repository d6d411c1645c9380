# amaranth: UnusedElaboratable=no
"""The folder alone passes its own test bench, and the bench notices what is wrong."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import make_config
from spikewright.sim.generate import generate

icarus = pytest.mark.needs("iverilog")
verilator = pytest.mark.needs("verilator")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def top_of(folder: Path) -> str:
    (path,) = folder.glob("*_bench.f")
    return path.name.removesuffix("_bench.f")


def description_of(folder: Path) -> dict:
    return json.loads((folder / f"{top_of(folder)}.json").read_text())


def build_with_icarus(folder: Path, output: Path) -> list[str]:
    """Return the command that runs the bench; nothing but the folder is used."""
    files = f"{top_of(folder)}_bench.f"
    result = run(["iverilog", "-g2012", "-Wall", "-o", str(output), "-f", files], folder)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    return ["vvp", "-n", str(output)]


def vectors(folder: Path) -> list[str]:
    """Return the operations of a bench, as `$readmemh` takes them."""
    text = (folder / f"{top_of(folder)}_bench.v").read_text()
    return re.findall(r"^    vectors\[\d+\] = 88'h(\w+);$", text, re.MULTILINE)


def check_passed(result: subprocess.CompletedProcess, description: dict) -> None:
    assert result.returncode == 0, result.stdout + result.stderr
    counts = description["bench"]["operations"]
    passed = next(line for line in result.stdout.splitlines() if line.startswith("PASS: ")).split()
    # Memory words, output words and how many there are of these, and nothing left out.
    assert int(passed[1]) >= counts["check"] + counts["output"] + counts["settle"]
    assert int(passed[3]) == sum(counts.values()) + 1
    assert min(counts[name] for name in ("check", "output", "event", "write")) > 20


@icarus
def test_icarus(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    folder = folders(core, shell)
    command = build_with_icarus(folder, tmp_path / "bench")
    check_passed(run(command, folder), description_of(folder))


@icarus
def test_any_folder(folders, tmp_path: Path) -> None:
    """The bench can be built and run from wherever one is; nothing is looked for there."""
    folder = folders("tinyodin", "native")
    top = top_of(folder)
    sources = [os.path.relpath(folder / name, tmp_path) for name in (f"{top}.v", f"{top}_bench.v")]
    built = run(["iverilog", "-g2012", "-o", "bench", *sources], tmp_path)
    assert built.returncode == 0, built.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    result = run(["vvp", "-n", "../bench"], elsewhere)
    check_passed(result, description_of(folder))


@icarus
def test_time_scale(core: str, shell: str, folders, tmp_path: Path) -> None:
    """What simulates a module that has no bench of ours has fractions of a nanosecond."""
    folder = folders(core, shell)
    top = top_of(folder)
    for name in (f"{top}.v", f"{top}_bench.v"):
        text = (folder / name).read_text()
        assert text.index("`timescale 1ns / 1ps\n") < text.index("\nmodule ")
    module = "module show; initial $printtimescale(dut); endmodule"
    (tmp_path / "show.v").write_text(module.replace("dut", f"{top}"))
    command = ["iverilog", "-g2012", "-s", "show", "-s", top, "-o", str(tmp_path / "show")]
    built = run([*command, str(folder / f"{top}.v"), str(tmp_path / "show.v")], tmp_path)
    assert built.returncode == 0, built.stderr
    shown = run(["vvp", "-n", str(tmp_path / "show")], tmp_path).stdout
    assert f"({top}) is 1ns / 1ps" in shown


@verilator
def test_verilator(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    folder = folders(core, shell)
    bench = f"{top_of(folder)}_bench"
    options = ["-f", f"{bench}.f", "--top-module", bench, "-Mdir", str(tmp_path)]
    built = run(["verilator", "--binary", *options], folder)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "%Warning" not in built.stderr
    description = description_of(folder)
    check_passed(run([str(tmp_path / f"V{bench}")], folder), description)


@verilator
def test_lint(core: str, shell: str, folders) -> None:
    folder = folders(core, shell)
    top = top_of(folder)
    command = ["verilator", "--lint-only", "-Wall", "--top-module", top, "-f", f"{top}.f"]
    result = run(command, folder)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


#: Code of an operation whose answer is compared, and what the bench calls it.
ANSWERS = {"03": "memory word", "05": "word count", "06": "output word"}


@icarus
@pytest.mark.parametrize("code", ANSWERS)
def test_wrong_answer_is_noticed(code: str, folders, tmp_path: Path) -> None:
    folder = folders("odin", "native")
    command = build_with_icarus(folder, tmp_path / "bench")
    lines = vectors(folder)
    number = next(n for n, line in enumerate(lines) if line.startswith(f"{code}_"))
    lines[number] = f"{lines[number][:-1]}{int(lines[number][-1], 16) ^ 1:x}"
    (tmp_path / "wrong.hex").write_text("\n".join(lines) + "\n")
    result = run([*command, f"+vectors={tmp_path}/wrong.hex"], folder)
    assert result.returncode != 0
    assert "FAIL: " in result.stdout and "PASS" not in result.stdout
    assert f"vectors[{number}]: {ANSWERS[code]} " in result.stdout


@icarus
@pytest.mark.parametrize("keep", [0, 40])
def test_missing_vectors_are_noticed(keep: int, folders, tmp_path: Path) -> None:
    folder = folders("tinyodin", "native")
    command = build_with_icarus(folder, tmp_path / "bench")
    lines = vectors(folder)
    if keep:
        (tmp_path / "short.hex").write_text("\n".join(lines[:keep]) + "\n")
    result = run([*command, f"+vectors={tmp_path}/short.hex"], folder)
    assert result.returncode != 0
    assert "operations carried out" in result.stdout and "FAIL: " in result.stdout


#: A core in a shell, what is broken in the Verilog, and what it is replaced by.
BROKEN = [
    (("tinyodin", "pins"), "assign AEROUT_ADDR = ", "assign AEROUT_ADDR = 8'd1 ^ "),
    (("odin", "native"), "(output_payload)", "({output_payload[0], output_payload[7:1]})"),
    (("reckon", "native"), "(access_data)", "({access_data[0], access_data[31:1]})"),
    (("tinyodin", "wishbone"), "(wb_dat_o)", "({wb_dat_o[0], wb_dat_o[31:1]})"),
]


@icarus
@pytest.mark.parametrize(("product", "before", "after"), BROKEN)
def test_broken_core_is_noticed(
    product: tuple[str, str], before: str, after: str, folders, tmp_path: Path
) -> None:
    folder = shutil.copytree(folders(*product), tmp_path / "broken")
    path = folder / f"{top_of(folder)}.v"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    result = run(build_with_icarus(folder, tmp_path / "bench"), folder)
    assert result.returncode != 0, result.stdout
    assert "FAIL: " in result.stdout


@icarus
def test_memory_macros(tmp_path: Path) -> None:
    config = make_config("tinyodin", {"neurons": 64, "fifo_depth": 4})
    folder = tmp_path / "core"
    generate(config, "native", None, folder, "ihp-sg13g2")
    description = description_of(folder)
    models = description["memory_plan"]["models"]
    assert models in (folder / f"{top_of(folder)}_bench.f").read_text().split()
    check_passed(run(build_with_icarus(folder, tmp_path / "bench"), folder), description)
    # The places of macros are those of the Verilog, as a netlist calls them.
    settings = json.loads((folder / "librelane.json").read_text())
    places = {place for macro in settings["MACROS"].values() for place in macro["instances"]}
    assert "core.crossbar.synapses.array.macro_0_0" in places
    counts = {name: len(macro["instances"]) for name, macro in settings["MACROS"].items()}
    planned: dict[str, int] = {}
    for memory in description["memory_plan"]["memories"]:
        for name, count in memory["macros"].items():
            planned[name] = planned.get(name, 0) + count
    assert counts == planned
