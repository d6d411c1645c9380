"""Plans against arrays: random memories of every technology, simulated with the macros' models.

Icarus knows undefined bits, so that it also finds what depends on outputs that macros leave
undefined.
"""

import random
import subprocess

import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.memory.behaviour import behaviours
from spikewright.hdl.memory.plan import TABLE_HEADS, plan_table
from spikewright.hdl.memory.planner import FLIP_FLOP_BITS, plan_memory
from spikewright.hdl.memory.requirement import Requirement
from spikewright.hdl.memory.technology import TECHNOLOGIES, MemoryPlatform, find_technology
from spikewright.hdl.verilog import to_verilog

SEED = 20281
CYCLES = 400
MACROS = ("sky130", "gf180mcu", "ihp-sg13g2", "own.toml")

#: A library in which masks are coarse, words are few and no area is known.
OWN = """
name = "own"
source = "this test"

[interfaces.both]
ports = [
  { kind = "w", clock = "CW", enable = "WE", mask = "!BWN", address = "AW", data_in = "D" },
  { kind = "r", clock = "CR", enable = "!REN", address = "AR", data_out = "Q" },
]
ties = [{ pin = "TEST", bits = "1", value = 0 }, { pin = "MARGIN", bits = "width", value = 1 }]
idle = "undefined"

[interfaces.single]
ports = [
  { kind = "rw", clock = "CK", enable = "!CS", write = "!WE", address = "A", data_in = "D", data_out = "Q" },
]
idle = "held"

[[macros]]
name = "own_both_16x24"
interface = "both"
words = 16
width = 24
mask = 12

[[macros]]
name = "own_single_32x9"
interface = "single"
words = 32
width = 9
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own.toml"
    path.write_text(OWN)
    return str(path)


def technology_of(name, own):
    return find_technology(own if name == "own.toml" else name)


def draw(generator):
    """Return a random memory, more than what is put into flip-flops."""
    while True:
        granularity = generator.choice((1, 2, 3, 4, 5, 8, 9, 13, 16, 32))
        need = Requirement(
            generator.choice((64, 100, 128, 200, 256, 300, 512, 700, 1024, 1500, 5000)),
            granularity * generator.randrange(1, 9),
            granularity,
            generator.choice((1, 2)),
        )
        if 1024 < need.bits < 150_000:
            return need


def needs_of(technology, count=10):
    """Return random memories, most of them made of macros."""
    generator = random.Random(f"{SEED} {technology.name}")
    needs = []
    while len(needs) < count:
        need = draw(generator)
        try:
            plan = plan_memory(need, technology)
        except InputError:
            continue
        if plan.method != "flip-flops" or generator.random() < 0.1:
            needs.append(need)
    return needs


def play(need, plan, generator):
    """Return rows: what to do at a clock edge, and what is read after it, None if it may be
    anything.
    """
    parts = need.width // need.granularity
    # A few words, at the borders of macros too.
    borders = [
        word for column in plan.columns for word in (column.macro.words - 1, column.macro.words)
    ]
    places = {0, need.words - 1, *(word for word in borders if word < need.words)}
    while len(places) < 10:
        places.add(generator.randrange(need.words))
    places = sorted(places)
    contents = {}
    rows = []
    expected = None
    for cycle in range(CYCLES):
        read, write = generator.random() < 0.5, 0
        if cycle < len(places):
            read, write, write_at = False, (1 << parts) - 1, places[cycle]
        else:
            write_at = generator.choice(places)
            if generator.random() < 0.5:
                write = generator.randrange(1 << parts)
        read_at = generator.choice(places)
        if write and (need.ports == 1 or read_at == write_at):
            read = False
        if need.ports == 1 and write:
            expected = None
        data = generator.randrange(1 << need.width)
        if read:
            expected = contents[read_at] if cycle >= len(places) else None
        rows.append((int(read), read_at, write, write_at, data, expected))
        mask = sum(
            ((1 << need.granularity) - 1) << part * need.granularity
            for part in range(parts)
            if write >> part & 1
        )
        contents[write_at] = contents.get(write_at, 0) & ~mask | data & mask
    return rows


def bench(needs, rows):
    """Return a Verilog bench that plays rows and counts what is not as expected."""
    lines = ["module bench;", "  reg clk = 0;", "  integer step = 0, failures = 0, checks = 0;"]
    lines += ["  always #5 clk = ~clk;", "  always @(posedge clk) step <= step + 1;"]
    pins = []
    for number, need in enumerate(needs):
        name = f"m{number}"
        widths = {
            key: member.shape if isinstance(member.shape, int) else member.shape.width
            for key, member in need.members().items()
        }
        inputs = [key for key in widths if key != "read_data"]
        for key in inputs:
            lines.append(f"  reg [{widths[key] - 1}:0] {name}_{key}_rows [0:{CYCLES - 1}];")
            lines.append(f'  initial $readmemh("{name}_{key}.hex", {name}_{key}_rows);')
            pins.append(f".{name}__{key}({name}_{key}_rows[step])")
        width = need.width
        lines.append(f"  reg [{width - 1}:0] {name}_expected_rows [0:{CYCLES - 1}];")
        lines.append(f"  reg [0:0] {name}_known_rows [0:{CYCLES - 1}];")
        lines.append(f'  initial $readmemh("{name}_expected.hex", {name}_expected_rows);')
        lines.append(f'  initial $readmemh("{name}_known.hex", {name}_known_rows);')
        lines.append(f"  wire [{width - 1}:0] {name}_read_data;")
        pins.append(f".{name}__read_data({name}_read_data)")
        lines += [
            "  always @(negedge clk)",
            f"    if (step > 0 && {name}_known_rows[step - 1]) begin",
            "      checks = checks + 1;",
            f"      if ({name}_read_data !== {name}_expected_rows[step - 1]) begin",
            "        failures = failures + 1;",
            f'        $display("{name} after %0d: %h", step - 1, {name}_read_data);',
            "      end",
            "    end",
        ]
    lines.append(f"  memories dut(.clk(clk), .rst(1'b0), {', '.join(pins)});")
    lines.append(f"  always @(step) if (step == {CYCLES - 1}) begin")
    lines.append('    $display("%0d checks, %0d failures", checks, failures);')
    lines += ["    $finish;", "  end", "endmodule"]
    keys = ("read", "read_address", "write", "write_address", "write_data")
    files = {}
    for number, played in enumerate(rows):
        for index, key in enumerate(keys):
            files[f"m{number}_{key}.hex"] = [row[index] for row in played]
        files[f"m{number}_expected.hex"] = [row[5] or 0 for row in played]
        files[f"m{number}_known.hex"] = [int(row[5] is not None) for row in played]
    return "\n".join(lines) + "\n", files


def no_meetings(text):
    """Let our own macro lose a word that is read while it is written; nobody may do that."""
    return text.replace(
        "memory[AW] <= port_0_new;",
        "memory[AW] <= (port_1_reads & (AW == AR)) ? {24{1'bx}} : port_0_new;",
    )


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("name", [*TECHNOLOGIES, "own.toml"])
def test_random_memories_against_arrays(name, own, side_by_side, tmp_path):
    technology = technology_of(name, own)
    needs = needs_of(technology)
    plans = [plan_memory(need, technology) for need in needs]
    generator = random.Random(SEED)
    rows = [play(need, plan, generator) for need, plan in zip(needs, plans, strict=True)]
    text, files = bench(needs, rows)
    verilog = to_verilog(side_by_side(needs), "memories", platform=MemoryPlatform(technology))
    (tmp_path / "bench.v").write_text(text)
    (tmp_path / "memories.v").write_text(verilog)
    macros = [column.macro for plan in plans for column in plan.columns]
    if technology.instantiated:
        (tmp_path / "models.v").write_text(no_meetings(behaviours(macros)))
    for file, values in files.items():
        (tmp_path / file).write_text("".join(f"{value:x}\n" for value in values))
    sources = [path.name for path in tmp_path.glob("*.v")]
    command = ["iverilog", "-g2005", "-Wportbind", "-o", "bench.vvp", *sources]
    built = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    # Every pin of a macro is driven by as many bits as it has.
    assert built.stderr == ""
    out = subprocess.run(
        ["vvp", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    checks = sum(row[5] is not None for played in rows for row in played[:-2])
    assert f"{checks} checks, 0 failures" in out, f"seed {SEED}\n{out[:2000]}"
    assert checks > 100 * len(needs)


@pytest.mark.parametrize("name", MACROS)
def test_random_memories_are_various(name, own):
    """What the simulations cover; all ways of making a memory together."""
    technology = technology_of(name, own)
    plans = [plan_memory(need, technology) for need in needs_of(technology)]
    made = [plan for plan in plans if plan.method == "macros"]
    assert len(made) >= 8
    assert any(column.banks > 1 for plan in made for column in plan.columns)
    assert any(len(plan.columns) > 1 for plan in made)
    assert {plan.requirement.ports for plan in made} == ({1} if name == "gf180mcu" else {1, 2})
    if name == "own.toml":
        assert any(plan.read_modify_write for plan in made)
        assert any(c.lanes_apart for plan in made for c in plan.columns)
        assert any(not plan.read_modify_write for plan in made)


def test_every_part_has_its_place(own):
    """Bits are placed once each, and parts that are written apart share no group of a mask."""
    generator = random.Random(SEED)
    for name in MACROS:
        technology = technology_of(name, own)
        for _ in range(200):
            need = draw(generator)
            try:
                plan = plan_memory(need, technology)
            except InputError:
                continue
            if plan.method != "macros":
                continue
            inner = plan.inner
            at = 0
            for column in plan.columns:
                groups = {}
                assert column.low == at
                for segment in column.segments:
                    assert segment.at + segment.bits <= column.macro.width
                    for bit in range(segment.bits):
                        assert segment.low + bit == at
                        at += 1
                        part = (segment.low + bit) // inner.granularity
                        group = (segment.at + bit) // column.macro.mask
                        assert groups.setdefault(group, part) == part
                assert column.banks * column.macro.words >= need.words
                assert (column.banks - 1) * column.macro.words < need.words
            assert at == need.width
            assert plan.bits_present >= need.bits
            assert 0 < plan.efficiency <= 1


def test_masks_of_a_nibble():
    """Nibbles in macros with masks of a byte: the cheaper of the two ways."""
    sky130 = find_technology("sky130")
    wide = plan_memory(Requirement(512, 64, 4), sky130)
    assert wide.read_modify_write
    assert wide.macros == {"sky130_sram_2kbyte_1rw1r_32x512_8": 2}
    assert wide.reason == (
        "masks are coarser: read-modify-write; 1142725 with a lane of the mask for each part"
    )
    narrow = plan_memory(Requirement(512, 20, 5), sky130)
    assert not narrow.read_modify_write
    assert [(s.low, s.bits, s.at) for s in narrow.columns[0].segments] == [
        (0, 5, 0),
        (5, 5, 8),
        (10, 5, 16),
        (15, 5, 24),
    ]
    assert narrow.reason.startswith("masks are coarser: a lane of the mask for each part; ")
    # With both ports taken there is but one way.
    busy = plan_memory(Requirement(512, 64, 4, ports=2), sky130)
    assert not busy.read_modify_write
    assert busy.unused_bits == 64
    assert busy.reason == "masks are coarser: a lane of the mask for each part"
    # Masks of a bit are as fine as can be.
    assert plan_memory(Requirement(512, 64, 4), find_technology("gf180mcu")).reason == ""


def test_least_area():
    """Columns of different macros where that is smaller, and flip-flops where there is little."""
    ihp = find_technology("ihp-sg13g2")
    plan = plan_memory(Requirement(256, 136, 8), ihp)
    assert [(c.macro.name, c.banks, c.bits) for c in plan.columns] == [
        ("RM_IHPSG13_1P_256x64_c2_bm_bist", 1, 64),
        ("RM_IHPSG13_1P_256x64_c2_bm_bist", 1, 64),
        ("RM_IHPSG13_1P_256x8_c3_bm_bist", 1, 8),
    ]
    assert round(plan.area) == round(2 * 784.48 * 118.78 + 236.8 * 74.1)
    assert plan.efficiency == 1
    sky130 = find_technology("sky130")
    assert plan_memory(Requirement(32, 13, 13, 2), sky130).method == "flip-flops"
    assert plan_memory(Requirement(1024, 8, 8), sky130).macros == {
        "sky130_sram_1kbyte_1rw1r_8x1024_8": 1
    }


def test_what_is_around_macros_counts(tmp_path):
    """One macro where two would be a little smaller, but for the multiplexers between them."""
    kinds = '[{ kind = "rw", clock = "C", enable = "E", write = "W", address = "A", '
    kinds += 'data_in = "D", data_out = "Q" }]'
    (tmp_path / "two.toml").write_text(
        'name = "two"\nsource = "this test"\n'
        "cells = { flip_flop = 20, multiplexer = 10 }\n"
        f'[interfaces.one]\nidle = "held"\nports = {kinds}\n'
        '[[macros]]\nname = "half"\ninterface = "one"\nwords = 256\nwidth = 8\narea = 1000\n'
        '[[macros]]\nname = "whole"\ninterface = "one"\nwords = 512\nwidth = 8\narea = 2100\n'
    )
    two = find_technology(str(tmp_path / "two.toml"))
    # Eight multiplexers and a flip-flop, at 60 % density: 167 more.
    assert plan_memory(Requirement(512, 8, 8), two).macros == {"whole": 1}
    narrow = plan_memory(Requirement(512, 2, 2), two)
    assert narrow.macros == {"half": 2}
    assert narrow.area == pytest.approx(2000 + (2 * 10 + 20) / 0.6)


def test_areas_unknown(own):
    library = find_technology(own)
    few = plan_memory(Requirement(32, 8, 8), library)
    assert (few.method, few.area, few.reason) == ("flip-flops", None, "no more than 1024 bits")
    many = plan_memory(Requirement(64, 24, 24), library)
    assert (many.method, many.area) == ("macros", None)


def test_no_port_is_made_up():
    """Macros with one port cannot read and write at once: flip-flops, or a line that says what to
    do.
    """
    gf180mcu = find_technology("gf180mcu")
    queue = plan_memory(Requirement(128, 128, 32, ports=2), gf180mcu)
    assert queue.method == "flip-flops"
    assert queue.reason == "gf180mcu has no macro that reads and writes at once"
    with pytest.raises(
        InputError,
        match=r"^gf180mcu has no macro for a memory of 8192 words of 32 bits that reads and writes at "
        rf"once, and flip-flops are for at most {FLIP_FLOP_BITS} bits; choose memories with one port ",
    ):
        plan_memory(Requirement(8192, 32, 8, ports=2), gf180mcu)


@pytest.mark.parametrize("name", ["sky130", "gf180mcu", "ihp-sg13g2"])
def test_macros_are_never_initialised(name):
    plan = plan_memory(Requirement(256, 32, 32, initialised=True), find_technology(name))
    assert plan.method == "flip-flops"
    assert plan.reason == f"{name} has no initialised memory"


def test_table():
    sky130, inferred = find_technology("sky130"), find_technology("inferred")
    rows = plan_table(
        [
            ("core.queue", plan_memory(Requirement(32, 13, 13, 2), sky130)),
            ("core.synapses", plan_memory(Requirement(1024, 40, 8), sky130)),
        ]
    )
    assert [dict(zip(TABLE_HEADS, row, strict=True)) for row in rows] == [
        {
            "memory": "core.queue",
            "words x bits": "32 x 13",
            "write unit": "13",
            "ports": "2",
            "implemented as": "flip-flops",
            "unused rows": "0",
            "unused bits": "0",
            "efficiency": "100.0 %",
            "area in µm²": "29495",
            "reason": "smaller than macros, 191668 with them",
        },
        {
            "memory": "core.synapses",
            "words x bits": "1024 x 40",
            "write unit": "8",
            "ports": "1",
            "implemented as": "1 sky130_sram_1kbyte_1rw1r_8x1024_8 + 2 sky130_sram_2kbyte_1rw1r_32x512_8 "
            "(2 wide, 1 or 2 deep)",
            "unused rows": "0",
            "unused bits": "0",
            "efficiency": "100.0 %",
            "area in µm²": rows[1][8],
            "reason": "",
        },
        {
            "memory": "all",
            "words x bits": "41376 bits",
            "write unit": "",
            "ports": "",
            "implemented as": "1 sky130_sram_1kbyte_1rw1r_8x1024_8 + 2 sky130_sram_2kbyte_1rw1r_32x512_8",
            "unused rows": "",
            "unused bits": "",
            "efficiency": "100.0 %",
            "area in µm²": rows[2][8],
            "reason": "",
        },
    ]
    macros = 455.3 * 446.46 + 2 * 683.1 * 416.54
    assert macros < float(rows[1][8]) < 1.02 * macros
    assert plan_table([("a", plan_memory(Requirement(64, 8, 8), inferred))])[0][4] == "inferred"
