"""Everything that is written, read by a tool that takes the standards at their word."""

import shutil
from pathlib import Path

import pytest

from spikewright.hdl.memory.behaviour import behaviours
from spikewright.hdl.memory.technology import find_technology
from spikewright.hdl.toolchain import run_yosys

#: All groups of warnings but those that the text raises by design (`LINT_WAIVERS`).
WARNINGS = "-Wextra -Wno-case-default -Wno-width-trunc"


def top_of(folder: Path) -> str:
    (path,) = folder.glob("*_bench.f")
    return path.name.removesuffix("_bench.f")


def test_design(core: str, shell: str, folders, slang) -> None:
    """The design is Verilog of 2005."""
    folder = folders(core, shell)
    top = top_of(folder)
    assert slang(f"--std 1364-2005 {WARNINGS} --top {top} {folder / top}.v") == []


def test_bench(core: str, shell: str, folders, slang) -> None:
    folder = folders(core, shell)
    bench = f"{top_of(folder)}_bench"
    sources = " ".join(str(folder / name) for name in (folder / f"{bench}.f").read_text().split())
    assert slang(f"{WARNINGS} --top {bench} {sources}") == []


def test_yosys(core: str, shell: str, folders, tmp_path: Path) -> None:
    folder = folders(core, shell)
    top = top_of(folder)
    shutil.copy(folder / f"{top}.v", tmp_path)
    run_yosys(
        # What it warns of is an error.
        f"logger -werror .\nread_verilog {top}.v\nhierarchy -check -top {top}\n",
        folder=tmp_path,
    )


@pytest.mark.parametrize("memory", ["sky130", "gf180mcu", "ihp-sg13g2"])
def test_models(memory: str, tmp_path: Path, slang) -> None:
    (tmp_path / "models.v").write_text(behaviours(find_technology(memory).macros))
    assert slang(f"--std 1364-2005 {WARNINGS} {tmp_path}/models.v") == []


def test_declared_too_late_is_noticed(tmp_path: Path, slang) -> None:
    (tmp_path / "late.v").write_text("module late; initial later = 1; reg later; endmodule\n")
    assert "used before its declaration" in slang(f"--top late {tmp_path}/late.v")[0]
