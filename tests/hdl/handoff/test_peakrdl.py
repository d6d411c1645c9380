"""The SystemRDL description, in the hands of PeakRDL's exporters."""

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from pyslang import syntax

from spikewright.hdl.keywords import is_name

IPXACT = "{http://www.accellera.org/XMLSchema/IPXACT/1685-2014}"


def export(folder: Path, exporter: str, output: Path) -> None:
    """Run an exporter; neither errors nor warnings are allowed."""
    (source,) = folder.glob("*.rdl")
    command = [sys.executable, "-m", "peakrdl", exporter, str(source), "-o", str(output)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def shown_by(folder: Path) -> dict:
    (path,) = (path for path in folder.glob("*.json") if path.name != "librelane.json")
    return json.loads(path.read_text())


def test_ipxact(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    """Nothing is left out: registers are in blocks, and every memory is one."""
    folder = folders(core, shell)
    export(folder, "ip-xact", tmp_path / "core.xml")
    root = ElementTree.parse(tmp_path / "core.xml").getroot()
    shown = shown_by(folder)
    blocks = {
        block.findtext(f"{IPXACT}name"): block for block in root.iter(f"{IPXACT}addressBlock")
    }
    for name, memory in shown["memories"].items():
        block = blocks.pop(name)
        assert block.findtext(f"{IPXACT}usage") == "memory"
        assert block.findtext(f"{IPXACT}baseAddress") == f"'h{memory['space'] << 20:x}"
    words = {"registers": [register["name"] for register in shown["registers"]]}
    if "addresses" in shown:
        words["control"] = list(shown["addresses"]["control"])
    assert {
        name: [register.findtext(f"{IPXACT}name") for register in block.iter(f"{IPXACT}register")]
        for name, block in blocks.items()
    } == words


def test_uvm(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    """The model is SystemVerilog, but for the library that it includes."""
    folder = folders(core, shell)
    export(folder, "uvm", tmp_path / "core.sv")
    text = (tmp_path / "core.sv").read_text().replace('`include "uvm_macros.svh"', "")
    assert [str(item.code) for item in syntax.SyntaxTree.fromText(text).diagnostics] == []
    for register in shown_by(folder)["registers"]:
        assert f" {register['name']};" in text


@pytest.mark.needs("cc")
def test_c_header(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    export(folders(core, shell), "c-header", tmp_path / "core.h")
    (tmp_path / "core.c").write_text('#include "core.h"\nint main(void) { return 0; }\n')
    command = ["cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "core.c"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_systemrdl(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    """What an exporter writes reads as what it was made from."""
    folder = folders(core, shell)
    export(folder, "systemrdl", tmp_path / "again.rdl")
    (tmp_path / "again").mkdir()
    shutil.move(tmp_path / "again.rdl", tmp_path / "again" / "core.rdl")
    export(folder, "ip-xact", tmp_path / "first.xml")
    export(tmp_path / "again", "ip-xact", tmp_path / "second.xml")
    assert (tmp_path / "first.xml").read_text() == (tmp_path / "second.xml").read_text()


def test_html(folders, tmp_path: Path) -> None:
    export(folders("tinyodin", "wishbone"), "html", tmp_path / "page")
    assert (tmp_path / "page" / "index.html").is_file()


def test_regblock(folders, tmp_path: Path) -> None:
    """A decoder for the bus, where registers and memories are outside."""
    folder = folders("tinyodin", "wishbone")
    (source,) = folder.glob("*.rdl")
    command = [sys.executable, "-m", "peakrdl", "regblock", str(source), "-o", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    for path in tmp_path.glob("*.sv"):
        assert is_name(path.stem)
        tree = syntax.SyntaxTree.fromFile(str(path))
        assert [str(item.code) for item in tree.diagnostics] == []
