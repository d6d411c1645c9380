# amaranth: UnusedElaboratable=no
"""Files for other tools: read by these tools, and equal to what the hardware is."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, MemNode, RegNode

from spikewright.hdl.catalogue import make_component, make_config
from spikewright.hdl.interface.bus_map import BusMap
from spikewright.sim.generate import generate


def top_of(folder: Path) -> str:
    (path,) = folder.glob("*_bench.f")
    return path.name.removesuffix("_bench.f")


def description(folder: Path) -> dict:
    return json.loads((folder / f"{top_of(folder)}.json").read_text())


def bus_map(core: str, shell: str, folder: Path) -> BusMap:
    config = make_config(core, description(folder)["parameters"])
    return BusMap(make_component(config, shell)[1], mailbox=shell != "axi")


def test_same_bytes(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    folder = folders(core, shell)
    config = make_config(core, description(folder)["parameters"])
    generate(config, shell, None, tmp_path / "again")
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in (tmp_path / "again").iterdir()}
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    assert not any(b"/work" in path.read_bytes() for path in folder.iterdir())


def test_same_vectors_in_all_shells(folders) -> None:
    vectors = {
        next(folders("tinyodin", shell).glob("*_bench.v"))
        .read_text()
        .partition("task recorded_")[2]
        for shell in ("native", "pins", "wishbone", "axi")
    }
    (text,) = vectors
    assert "vectors[0] = " in text


# SystemRDL.


def test_systemrdl(core: str, shell: str, folders, costly) -> None:
    folder = folders(core, shell)
    compiler = RDLCompiler()
    compiler.compile_file(str(folder / f"{top_of(folder)}.rdl"))
    top = compiler.elaborate().top
    assert top.inst_name == description(folder)["top"]
    expected = bus_map(core, shell, folder)
    blocks = [node for node in top.children() if isinstance(node, AddrmapNode)]
    assert [block.inst_name for block in blocks] == ["control"] * (shell in ("wishbone", "axi")) + [
        "registers"
    ]
    registers = {
        node.inst_name: node
        for block in blocks
        for node in block.children()
        if isinstance(node, RegNode)
    }
    memories = {node.inst_name: node for node in top.children() if isinstance(node, MemNode)}
    words = dict(expected.registers)
    if shell in ("wishbone", "axi"):
        words |= expected.control
    assert {name: node.absolute_address for name, node in registers.items()} == {
        name: word.offset for name, word in words.items()
    }
    for name, word in words.items():
        fields = list(registers[name].fields())
        assert all(field.is_sw_readable == ("R" in word.access) for field in fields), name
        assert all(field.is_sw_writable == ("W" in word.access) for field in fields), name
        assert max(field.high for field in fields) < 32
        if word.fields:
            assert {(f.inst_name, f.low, f.width) for f in fields} == {
                (field.name, field.low, field.width) for field in word.fields
            }
        else:
            assert [field.width for field in fields] == [word.width]
    for name, place in expected.memories.items():
        node = memories[name]
        assert node.absolute_address == place.offset
        assert node.get_property("mementries") == place.memory.words
        assert node.get_property("memwidth") == 8 * place.stride
    assert len(memories) == len(expected.memories)


def test_systemrdl_resets(folders) -> None:
    folder = folders("reckon", "axi")
    compiler = RDLCompiler()
    compiler.compile_file(str(folder / f"{top_of(folder)}.rdl"))
    top = compiler.elaborate().top
    for register in description(folder)["registers"]:
        (field,) = top.find_by_path(f"registers.{register['name']}").fields()
        assert field.get_property("reset") == register["reset"], register["name"]


# C header.

COMPILER = "cc"

PROGRAM = """\
#include <stdio.h>
#include "{top}.h"
#include "{top}.h"
int main(void) {{
{lines}
    return 0;
}}
"""


@pytest.mark.needs("cc")
def test_c_header(core: str, shell: str, folders, tmp_path: Path) -> None:
    folder = folders(core, shell)
    prefix = top_of(folder).upper()
    shown = description(folder)
    expected = {}
    for register in shown["registers"]:
        name = f"{prefix}_REGISTER_{register['name'].upper()}"
        expected[f"{name}_NUMBER"] = register["address"]
        expected[f"{name}_MASK"] = (1 << register["width"]) - 1
        expected[f"{name}_RESET"] = register["reset"]
    for name, memory in shown["memories"].items():
        expected[f"{prefix}_MEMORY_{name.upper()}_WORDS"] = memory["words"]
        expected[f"{prefix}_MEMORY_{name.upper()}_SPACE"] = memory["space"]
    if shell in ("wishbone", "axi"):
        found = bus_map(core, shell, folder)
        expected[f"{prefix}_IDENTITY"] = found.identity
        for word in found.control.values():
            expected[f"{prefix}_CONTROL_{word.name.upper()}_OFFSET"] = word.offset
            for field in word.fields:
                name = f"{prefix}_CONTROL_{word.name.upper()}_{field.name.upper()}"
                expected[f"{name}_MASK"] = ((1 << field.width) - 1) << field.low
                expected[f"{name}_SHIFT"] = field.low
        for word in found.registers.values():
            expected[f"{prefix}_REGISTER_{word.name.upper()}_OFFSET"] = word.offset
        for name, place in found.memories.items():
            last = (place.memory.words - 1, place.chunks - 1)
            expected[f"{prefix}_MEMORY_{name.upper()}_AT({last[0]}u, {last[1]}u)"] = place.at(*last)
    lines = [f'    printf("%lu\\n", (unsigned long)({name}));' for name in expected]
    program = tmp_path / "program.c"
    program.write_text(PROGRAM.format(top=top_of(folder), lines="\n".join(lines)))
    warnings = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    command = [COMPILER, *warnings, "-I", str(folder), "-o", str(tmp_path / "program"), program]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    output = subprocess.check_output([str(tmp_path / "program")], text=True).split()
    assert dict(zip(expected, map(int, output), strict=True)) == expected
    # All constants can be evaluated, not only these.
    header = (folder / f"{top_of(folder)}.h").read_text()
    names = re.findall(rf"^#define ({prefix}_\w+) ", header, re.MULTILINE)
    assert len(names) == len(set(names)) > 20
    lines = [f"    (void)({name});" for name in names]
    program.write_text(PROGRAM.format(top=top_of(folder), lines="\n".join(lines)))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_spi_words(folders, tmp_path: Path) -> None:
    """Address words that the header makes (specification of ODIN, section 3)."""
    folder = folders("odin", "pins")
    config = make_config("odin", description(folder)["parameters"])
    bits, prefix = config.spi_address_bits, top_of(folder).upper()
    neurons, synapses = 1 << bits | 15 << bits // 2 | 3, 2 << bits | 2 << bits - 3 | 31
    expected = {
        f"{prefix}_SPI_REGISTER(18u)": 1 << bits + 2 | 18,
        f"{prefix}_SPI_NEURONS({prefix}_SPI_READ, 3u, 15u)": 1 << bits + 3 | neurons,
        f"{prefix}_SPI_SYNAPSES({prefix}_SPI_WRITE, 31u, 2u)": 1 << bits + 2 | synapses,
    }
    lines = [f'    printf("%lu\\n", (unsigned long)({name}));' for name in expected]
    (tmp_path / "program.c").write_text(PROGRAM.format(top=top_of(folder), lines="\n".join(lines)))
    command = [COMPILER, "-I", str(folder), "-o", "program", "program.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    output = subprocess.check_output([str(tmp_path / "program")], text=True).split()
    assert dict(zip(expected, map(int, output), strict=True)) == expected


# FuseSoC.


def fusesoc(folder: Path, target: str, tmp_path: Path) -> subprocess.CompletedProcess:
    top = next(folder.glob("*.core")).stem
    options = ["--target", target, "--build-root", str(tmp_path / "build")]
    # Its settings and libraries are not those of the user.
    (tmp_path / "fusesoc.conf").write_text("")
    command = [sys.executable, "-m", "fusesoc.main", "--config", str(tmp_path / "fusesoc.conf")]
    command += ["--cores-root", str(folder), "run", *options, f"spikewright:cores:{top}"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


@pytest.mark.needs("iverilog")
def test_fusesoc_simulates(core: str, shell: str, folders, tmp_path: Path, costly) -> None:
    result = fusesoc(folders(core, shell), "sim", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASS: " in result.stdout + result.stderr
    assert "WARNING" not in result.stdout + result.stderr


@pytest.mark.needs("verilator")
def test_fusesoc_lints_and_simulates_in_verilator(folders, tmp_path: Path) -> None:
    folder = folders("tinyodin", "native")
    result = fusesoc(folder, "lint", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    result = fusesoc(folder, "sim_verilator", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASS: " in result.stdout + result.stderr


# Constraints and LibreLane.


def sdc_calls(text: str) -> list[list[str]]:
    """Return the commands of an SDC file in Tcl's own words."""
    import tkinter

    interpreter = tkinter.Tcl()
    calls: list[list[str]] = []
    interpreter.createcommand("note", lambda *words: calls.append(list(words)) or "")
    names = ("create_clock", "set_clock_groups", "set_clock_uncertainty", "set_false_path")
    for name in (*names, "set_input_delay", "set_output_delay"):
        interpreter.eval(f"proc {name} args {{ note {name} {{*}}$args }}")
    interpreter.eval("proc get_ports names { return $names }")
    interpreter.eval("proc get_clocks names { return $names }")
    interpreter.eval(text)
    return calls


@pytest.mark.needs("tcl")
def test_sdc(core: str, shell: str, folders) -> None:
    folder = folders(core, shell)
    shown = description(folder)
    calls = sdc_calls(next(folder.glob("*.sdc")).read_text())
    clocks = {call[2]: float(call[4]) for call in calls if call[0] == "create_clock"}
    period = shown["clock"]["period_ns"]
    assert clocks[shown["clock"]["port"]] == period
    if shell == "pins":
        assert clocks["SCK"] >= 4 * period
        (groups,) = (call for call in calls if call[0] == "set_clock_groups")
        assert groups[1:] == ["-asynchronous", "-group", shown["clock"]["port"], "-group", "SCK"]
    assert len(clocks) == (2 if shell == "pins" else 1)
    # Each other port has a delay or is asynchronous, once.
    constrained = []
    for call in calls:
        if call[0] in ("set_input_delay", "set_output_delay", "set_false_path"):
            names = next(word for word in call[::-1] if not word.startswith("-"))
            constrained += [name.removesuffix("[*]") for name in names.split()]
    ports = {port["name"] for port in shown["ports"]}
    assert sorted(constrained) == sorted(ports - set(clocks))


def test_librelane(core: str, shell: str, folders) -> None:
    folder = folders(core, shell)
    shown = description(folder)
    settings = json.loads((folder / "librelane.json").read_text())
    assert settings["DESIGN_NAME"] == shown["top"]
    assert settings["CLOCK_PORT"] in {port["name"] for port in shown["ports"]}
    assert settings["CLOCK_PERIOD"] == shown["clock"]["period_ns"]
    files = [*settings["VERILOG_FILES"], settings["PNR_SDC_FILE"], settings["SIGNOFF_SDC_FILE"]]
    assert all((folder / name.removeprefix("dir::")).is_file() for name in files)
    assert "MACROS" not in settings  # memories are inferred


@pytest.mark.parametrize(
    ("memory", "view"),
    [
        ("sky130", "pdk_dir::libs.ref/sky130_sram_macros/lef/"),
        ("gf180mcu", "pdk_dir::libs.ref/gf180mcu_fd_ip_sram/lef/"),
        ("ihp-sg13g2", "pdk_dir::libs.ref/sg13g2_sram/lef/"),
    ],
)
def test_librelane_macros(memory: str, view: str, tmp_path: Path) -> None:
    generate(make_config("tinyodin"), "pins", None, tmp_path / "core", memory)
    settings = json.loads((tmp_path / "core" / "librelane.json").read_text())
    assert settings["MACROS"]
    for name, macro in settings["MACROS"].items():
        assert macro["lef"] == [f"{view}{name}.lef"]
        assert macro["gds"] and macro["lib"] and macro["instances"]


# Markdown.


def test_addresses_in_markdown(core: str, shell: str, folders) -> None:
    folder = folders(core, shell)
    text = (folder / f"{top_of(folder)}.md").read_text()
    shown = description(folder)
    assert ("## Addresses" in text) == ("addresses" in shown) == (shell in ("wishbone", "axi"))
    if "addresses" not in shown:
        return
    offsets = shown["addresses"]["control"] | shown["addresses"]["registers"]
    rows = dict(re.findall(r"^\| `(0x\w+)` \| `(\w+)` \| [RW]+ ", text, re.MULTILINE))
    assert rows == {f"{offset:#x}": name for name, offset in offsets.items()}
    for name, place in shown["addresses"]["memories"].items():
        assert f"| `{place['offset']:#x}` | `{name}` |" in text
