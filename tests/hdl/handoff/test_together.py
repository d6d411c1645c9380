"""Several cores in one design: what one folder holds is in nobody's way, and is there for
dependants.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import make_config
from spikewright.sim.generate import generate

pytestmark = pytest.mark.needs("iverilog")

#: Two configurations of one core.
SIZES = ({"neurons": 64, "fifo_depth": 4}, {"neurons": 64, "fifo_depth": 8})

DESIGN = """\
`timescale 1ns / 1ps
module both(input clk, input rst, output [1:0] irq);
{instances}
endmodule
"""

INSTANCE = """\
  {top} core_{n} (
    .clk(clk), .rst(rst), .wb_cyc_i(1'b0), .wb_stb_i(1'b0), .wb_we_i(1'b0), .wb_adr_i(22'd0),
    .wb_sel_i(4'd0), .wb_dat_i(32'd0), .wb_dat_o(), .wb_ack_o(), .wb_err_o(), .irq_o(irq[{n}])
  );"""

CORE = """\
CAPI=2:
name: "test:designs:both:1.0"
filesets:
  rtl:
    files: [both.v]
    file_type: verilogSource
    depend: [{depend}]
targets:
  default:
    filesets: [rtl]
    toplevel: both
    flow: sim
    flow_options:
      tool: icarus
      iverilog_options: [-Wall]
"""


@pytest.fixture(scope="module", params=["inferred", "ihp-sg13g2"])
def design(request, tmp_path_factory) -> Path:
    """A design with both, and the folders of these."""
    folder = tmp_path_factory.mktemp("together")
    for number, parameters in enumerate(SIZES):
        config = make_config("tinyodin", parameters)
        generate(config, "wishbone", None, folder / f"core{number}", request.param)
    tops = [next(folder.glob(f"core{n}/*.core")).stem for n in range(2)]
    instances = "\n".join(INSTANCE.format(top=top, n=n) for n, top in enumerate(tops))
    (folder / "both.v").write_text(DESIGN.format(instances=instances))
    depend = ", ".join(f"spikewright:cores:{top}" for top in tops)
    (folder / "both.core").write_text(CORE.format(depend=depend))
    return folder


def sources(design: Path) -> list[str]:
    """List all files of the design, models included."""
    found = []
    for number in range(2):
        (described,) = (path for path in design.glob(f"core{number}/tinyodin*.json"))
        top = json.loads(described.read_text())["top"]
        lists = [design / f"core{number}/{top}{end}.f" for end in ("_simulation", "")]
        text = next(path for path in lists if path.exists()).read_text()
        found += [f"core{number}/{name}" for name in text.split()]
    return [*found, "both.v"]


def test_in_one_command(design: Path, tmp_path: Path) -> None:
    command = ["iverilog", "-g2005", "-Wall", "-s", "both", "-o", str(tmp_path / "both")]
    result = subprocess.run(
        [*command, *sources(design)], cwd=design, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_read_as_the_standard_says(design: Path, slang) -> None:
    files = " ".join(str(design / name) for name in sources(design))
    assert slang(f"--single-unit --top both {files}") == []


@pytest.mark.needs("cc")
def test_headers(design: Path, tmp_path: Path) -> None:
    """Both headers go into one program."""
    includes = [f'#include "{path}"\n' for path in sorted(design.glob("core*/*.h"))]
    assert len(includes) == 2
    (tmp_path / "both.c").write_text("".join(includes) + "int main(void) { return 0; }\n")
    command = ["cc", "-std=c99", "-Wall", "-Werror", "-fsyntax-only", "both.c"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_as_dependencies(design: Path, tmp_path: Path) -> None:
    """FuseSoC builds both cores, and the models of macros are there."""
    (tmp_path / "fusesoc.conf").write_text("")
    command = [sys.executable, "-m", "fusesoc.main", "--config", str(tmp_path / "fusesoc.conf")]
    command += ["--cores-root", str(design), "run", "--build", "--setup"]
    command += ["--build-root", str(tmp_path / "build"), "test:designs:both"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    shown = result.stdout + result.stderr
    assert result.returncode == 0, shown
    assert "warning" not in shown.lower() and "error" not in shown.lower(), shown
