"""The models of macros, alone: what is documented of them, and that tools accept them."""

import subprocess

import pytest

from spikewright.hdl.memory.behaviour import behaviour, behaviours
from spikewright.hdl.memory.technology import find_technology

PROCESSES = ("sky130", "gf180mcu", "ihp-sg13g2")

icarus = pytest.mark.needs("iverilog")


def macro_of(technology, name):
    return next(item for item in find_technology(technology).macros if item.name == name)


def simulate(folder, macro, pins, cycles):
    """Return what outputs show after each clock edge.

    Parameters
    ----------
    macro : Macro
        The macro.
    pins : dict of (int or None)
        Widths of the inputs by name; None for the clocks, which are one.
    cycles : list of dict
        Values of the inputs before each edge; those not named keep theirs.
    """
    outputs = [port.data_out for port in macro.interface.ports if port.data_out]
    lines = ["module bench;", "  reg clk = 0;"]
    lines += [f"  reg [{width - 1}:0] {pin} = 0;" for pin, width in pins.items() if width]
    lines += [f"  wire [{macro.width - 1}:0] {output};" for output in outputs]
    connections = [f".{pin}({pin if width else 'clk'})" for pin, width in pins.items()]
    connections += [f".{output}({output})" for output in outputs]
    lines.append(f"  {macro.name} dut({', '.join(connections)});")
    lines.append("  initial begin")
    for cycle in cycles:
        lines += [f"    {pin} = {value};" for pin, value in cycle.items()]
        lines.append("    #5 clk = 1; #5;")
        lines.append(f'    $display("{" ".join(["%h"] * len(outputs))}", {", ".join(outputs)});')
        lines.append("    clk = 0;")
    lines += ["  end", "endmodule"]
    (folder / "bench.v").write_text("\n".join(lines) + "\n" + behaviour(macro))
    subprocess.run(
        ["iverilog", "-g2005", "-Wall", "-o", "bench.vvp", "bench.v"], cwd=folder, check=True
    )
    out = subprocess.run(
        ["vvp", "bench.vvp"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    return [tuple(line.split()) for line in out.splitlines()]


@icarus
def test_sky130(tmp_path):
    """Masks of a byte; an answer lasts a cycle, and is undefined if the word is being written."""
    macro = macro_of("sky130", "sky130_sram_1kbyte_1rw1r_32x256_8")
    pins = {"clk0": None, "csb0": 1, "web0": 1, "wmask0": 4, "addr0": 8, "din0": 32}
    pins |= {"clk1": None, "csb1": 1, "addr1": 8}
    x = "x" * 8
    shown = simulate(
        tmp_path,
        macro,
        pins,
        [
            {"csb0": 0, "web0": 0, "wmask0": 15, "addr0": 7, "din0": "32'h11223344", "csb1": 1},
            {"wmask0": 5, "din0": "32'haabbccdd"},
            {"csb0": 1, "csb1": 0, "addr1": 7},
            {"csb1": 1},
            {"csb0": 0, "web0": 1, "wmask0": 15},
            {"web0": 0, "csb1": 0, "din0": 5},
            {"csb0": 1},
        ],
    )
    assert shown == [
        (x, x),
        (x, x),
        (x, "11bb33dd"),
        (x, x),
        ("11bb33dd", x),
        (x, x),
        (x, "00000005"),
    ]


@icarus
def test_gf180mcu(tmp_path):
    """Masks of a bit, active low."""
    macro = macro_of("gf180mcu", "gf180mcu_fd_ip_sram__sram64x8m8wm1")
    pins = {"CLK": None, "CEN": 1, "GWEN": 1, "WEN": 8, "A": 6, "D": 8}
    shown = simulate(
        tmp_path,
        macro,
        pins,
        [
            {"CEN": 0, "GWEN": 0, "WEN": 0, "A": 63, "D": "8'h55"},
            {"WEN": "8'hf0", "D": "8'hff"},
            {"GWEN": 1},
            {"CEN": 1},
        ],
    )
    assert shown == [("xx",), ("xx",), ("5f",), ("xx",)]


@icarus
def test_ihp(tmp_path):
    """Answers stay; write-through shows the new word; ports that meet are not told apart."""
    macro = macro_of("ihp-sg13g2", "RM_IHPSG13_2P_256x8_c2_bm_bist")
    widths = {"CLK": None, "MEN": 1, "WEN": 1, "REN": 1, "ADDR": 8, "DIN": 8, "BM": 8}
    pins = {f"{port}_{pin}": width for port in "AB" for pin, width in widths.items()}
    shown = simulate(
        tmp_path,
        macro,
        pins,
        [
            {"A_MEN": 1, "A_WEN": 1, "A_ADDR": 9, "A_DIN": "8'h3c", "A_BM": "8'hff"},
            {"A_WEN": 0, "B_MEN": 1, "B_REN": 1, "B_ADDR": 9},
            {"B_REN": 0},
            {"A_WEN": 1, "A_REN": 1, "A_DIN": "8'hff", "A_BM": "8'h0f"},
            {"A_REN": 0, "B_REN": 1, "A_DIN": 0},
            {"A_WEN": 0},
            {"A_MEN": 0, "A_REN": 1, "B_MEN": 0},
        ],
    )
    assert shown == [
        ("xx", "xx"),
        ("xx", "3c"),
        ("xx", "3c"),
        ("3f", "3c"),
        ("3f", "xx"),
        ("3f", "30"),
        ("3f", "30"),
    ]


@icarus
@pytest.mark.parametrize("name", PROCESSES)
def test_icarus_accepts_all(name, tmp_path):
    (tmp_path / "models.v").write_text(behaviours(find_technology(name).macros))
    command = ["iverilog", "-g2005", "-o", "out", "models.v"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.needs("verilator")
@pytest.mark.parametrize("name", PROCESSES)
def test_verilator_accepts_all(name, tmp_path):
    for macro in find_technology(name).macros:
        (tmp_path / "model.v").write_text(behaviour(macro))
        # Pins for tests of the chip have no effect.
        waived = ["-Wno-UNUSED", "-Wno-DECLFILENAME"]
        command = ["verilator", "--lint-only", "-Wall", *waived, "model.v"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, ""), macro.name


def test_models_are_sorted_and_once():
    macros = find_technology("sky130").macros
    text = behaviours([*reversed(macros), *macros])
    names = [line.split("(")[0][7:] for line in text.splitlines() if line.startswith("module ")]
    assert names == sorted(macro.name for macro in macros)
    assert "simulation only" in text.splitlines()[0]
    assert "1'bx" in text
    assert "1'bx" not in behaviours(macros, undefined="changing")
