"""What is expected of synthesis tools, against what yosys does."""

import json
import random
from collections import Counter

import pytest

from spikewright.hdl.memory.planner import plan_memory
from spikewright.hdl.memory.requirement import Requirement
from spikewright.hdl.memory.technology import find_technology
from spikewright.hdl.toolchain import run_yosys, working_folder
from spikewright.hdl.verilog import to_rtlil
from spikewright.synth.memory_cleanup import MEMORY_CLEANUP

SEED = 20282

SYNTHESIS = {
    "ice40": "synth_ice40 -device u -spram",
    "ecp5": "synth_ecp5",
    "gowin": "synth_gowin -family gw1n -noiopads",
}

#: Blocks by the names of their primitives, where those differ.
BLOCKS = {"PDPW16KD": "DP16KD"} | dict.fromkeys(
    ("SP", "SPX9", "SDPB", "SDPX9B", "DPB", "DPX9B"), "BSRAM"
)

#: The memories of the published chips.
CHIPS = [
    Requirement(32, 13, 13, 2),
    Requirement(57, 5, 5),
    Requirement(228, 9, 9),
    Requirement(8192, 32, 8),
    Requirement(256, 136, 8),
    Requirement(128, 12, 12, 2),
    Requirement(256, 32, 8),
    Requirement(128, 128, 32, 2),
    Requirement(16384, 32, 8),
    Requirement(2048, 32, 8),
    Requirement(16, 89, 89, 2),
    Requirement(16, 16, 16, 2),
]


def mapped(design, needs, name):
    """Return how many primitives of each kind yosys maps each memory to."""
    names = {macro.name for macro in find_technology(name).macros}
    with working_folder() as folder:
        (folder / "design.il").write_text(to_rtlil(design, "design"))
        run_yosys(
            f"read_rtlil design.il\n{MEMORY_CLEANUP}"
            # Each memory stays a module, so that what it is made of can be told apart.
            f"{SYNTHESIS[name]} -noflatten -top design -run begin:map_ffram\n"
            "tee -q -o stat.json stat -json\n",
            folder=folder,
        )
        modules = json.loads((folder / "stat.json").read_text())["modules"]
    found = []
    for number in range(len(needs)):
        count = Counter()
        for module, report in modules.items():
            if f"{module}.".startswith(f"\\design.memory_{number}."):
                for cell, times in report["num_cells_by_type"].items():
                    count[BLOCKS.get(cell, cell)] += times
        found.append({cell: times for cell, times in count.items() if cell in names})
    return found


def draw(generator):
    granularity = generator.choice((1, 2, 3, 4, 5, 8, 9, 12, 16))
    width = granularity * generator.randrange(1, 6)
    words = generator.choice((5, 12, 20, 30, 40, 100, 256, 500, 700, 1024, 1500, 2048, 3000))
    return Requirement(words, width, granularity, generator.choice((1, 2)))


def check(design, needs, name, *, exact=False):
    technology = find_technology(name)
    plans = [plan_memory(need, technology) for need in needs]
    for need, plan, count in zip(needs, plans, mapped(design(needs), needs, name), strict=True):
        assert set(plan.macros) == set(count), need
        assert plan.macros.total() >= sum(count.values()), need
        # Only where words do not fill the last blocks there may be a way with fewer.
        if plan.macros.total() > sum(count.values()):
            assert any(need.words % column.macro.words for column in plan.columns)
            assert not exact


@pytest.mark.parametrize("name", SYNTHESIS)
def test_memories_of_the_chips(name, side_by_side):
    check(side_by_side, CHIPS, name, exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYNTHESIS)
def test_random_memories(name, side_by_side):
    generator = random.Random(SEED)
    check(side_by_side, [draw(generator) for _ in range(60)], name)


def test_large_memories_of_ultraplus():
    """SPRAM where it pays: memories with one port, of many words."""
    ice40 = find_technology("ice40")
    assert plan_memory(Requirement(8192, 32, 8), ice40).macros == {"SB_SPRAM256KA": 2}
    assert plan_memory(Requirement(8192, 32, 8, 2), ice40).macros == {"SB_RAM40_4K": 64}
    assert plan_memory(Requirement(8192, 32, 8, initialised=True), ice40).macros == {
        "SB_RAM40_4K": 64
    }


def test_few_bits_are_no_block():
    plan = plan_memory(Requirement(8, 4, 4), find_technology("ice40"))
    assert (plan.method, plan.reason) == ("flip-flops", "fewer bits than pay for a block")
