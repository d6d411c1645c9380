"""Reset alone gives a chip a defined state: benches pass without initial values.

Flip-flops of a chip hold anything at power-on. Without initial values they are X in a simulation,
and so is what depends on one that neither reset nor the bench has set: most strictly in a netlist.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import interface_of, make_config
from spikewright.hdl.toolchain import run_yosys
from spikewright.sim.generate import generate

pytestmark = pytest.mark.needs("iverilog")

SMALL = {
    "tinyodin": {"neurons": 16},
    "odin": {"neurons": 16, "lanes": 2},
    "reckon": {"neurons": 16, "outputs": 2, "weight_lanes": 4, "lanes": 4},
}

#: At the pins of ODIN and tinyODIN reset leaves the registers alone, as published.
#: Those of ReckOn take longest; the native one is quick enough.
CASES = [
    pytest.param(
        *(core, shell),
        marks=[pytest.mark.slow] if core == "reckon" and shell != "native" else [],
    )
    for core in SMALL
    for shell in ("native", "wishbone", "axi")
]
CASES.append(pytest.param("reckon", "pins", marks=pytest.mark.slow))

#: As Amaranth writes them; what starts combinational processes at time 0 stays.
_INITIAL_VALUE = re.compile(r"^( *(?:output )?reg [^=;]*) = [^;]*;", re.MULTILINE)

_SCRIPT = """\
read_verilog {top}.v
synth -flatten -top {top}
abc -g simple
opt_clean
setattr -unset init w:*
write_verilog -noattr netlist.v
"""


def generated(name: str, around: str, folder: Path) -> Path:
    """Return the Verilog of a small core; its bench lies beside it."""
    generate(make_config(name, SMALL[name]), around, folder=folder)
    (bench,) = folder.glob("*_bench.v")
    return bench.with_name(bench.name.replace("_bench", ""))


def run_bench(verilog: Path, source: Path, folder: Path) -> str:
    """Run a core's bench on other Verilog of it; return what it says."""
    bench = source.with_name(f"{source.stem}_bench.v")
    command = ["iverilog", "-g2012", "-o", "bench", str(verilog), str(bench)]
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    run = subprocess.run(
        ["vvp", "-n", "bench"], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.stdout


@pytest.mark.parametrize(("name", "around"), CASES)
def test_verilog_without_initial_values(name: str, around: str, tmp_path: Path) -> None:
    source = generated(name, around, tmp_path / "generated")
    text, count = _INITIAL_VALUE.subn(r"\1;", source.read_text())
    assert count > 20
    verilog = tmp_path / "no_initial_values.v"
    verilog.write_text(text)
    said = run_bench(verilog, source, tmp_path)
    assert "PASS: " in said and "FAIL" not in said, said[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "around"), CASES)
def test_netlist_without_initial_values(name: str, around: str, tmp_path: Path) -> None:
    source = generated(name, around, tmp_path / "generated")
    shutil.copy(source, tmp_path)
    run_yosys(_SCRIPT.format(top=source.stem), folder=tmp_path)
    said = run_bench(tmp_path / "netlist.v", source, tmp_path)
    assert "PASS: " in said and "FAIL" not in said, said[-2000:]


@pytest.mark.parametrize(("name", "around"), CASES[:-1])
def test_reset_gives_registers_their_values(name: str, around: str, tmp_path: Path) -> None:
    config = make_config(name, SMALL[name])
    source = generated(name, around, tmp_path / "generated")
    verilog = tmp_path / "no_initial_values.v"
    verilog.write_text(_INITIAL_VALUE.sub(r"\1;", source.read_text()))
    # Seeds and bits of neuron words are not kept in registers.
    registers = [
        register
        for register in interface_of(config).registers
        if not register.name.startswith(("seed_", "alpha_select_"))
    ]
    clock, reset = ("aclk", "aresetn(~reset)") if around == "axi" else ("clk", "rst(reset)")
    shown = "".join(
        f'$display("{register.name} %b", dut.core.registers.{register.name});\n'
        for register in registers
    )
    (tmp_path / "show.v").write_text(
        f"module show; reg clock = 0; reg reset = 1; always #5 clock = ~clock;\n"
        f"{source.stem} dut (.{clock}(clock), .{reset});\n"
        f"initial begin #100 reset = 0; #100\n{shown}$finish; end endmodule\n"
    )
    command = ["iverilog", "-g2012", "-s", "show", "-o", "bench", str(verilog), "show.v"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    run = subprocess.run(
        ["vvp", "-n", "bench"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in run.stdout.splitlines() if " " in line]
    found = {line[0]: line[1] for line in lines}
    expected = {r.name: f"{r.reset:0{r.width}b}" for r in registers}
    assert {register: found.get(register) for register in expected} == expected
