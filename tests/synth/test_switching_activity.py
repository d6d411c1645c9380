# amaranth: UnusedElaboratable=no
"""Probes of switching activity: capacitances, and counts that are known exactly."""

import ctypes
from collections import Counter

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikewright.hdl.error import InputError
from spikewright.hdl.memory.sram import Sram
from spikewright.sim.engine import cpp
from spikewright.sim.engine.compiler import compile_library
from spikewright.sim.engine.design import Design
from spikewright.synth.netlist import netlist
from spikewright.synth.switching_activity import ActivityProbes, probed_netlist

# Runs the design: `driven` and `written` have a value for each cycle.
_RUN = """
#include "design.h"
#include "harness.h"
extern "C" void run(int cycles, const uint64_t *driven, const uint64_t *written, uint64_t *counts) {
    static Design top;
    Counter counters[PORTS];
    for (int cycle = 0; cycle < cycles; cycle++) {
        DRIVE
        top.eval();
        COUNT
        top.commit();
    }
    for (int i = 0; i < PORTS; i++)
        for (int bit = 0; bit < 64; bit++) counts[64 * i + bit] = counters[i].counts[bit];
}
"""


class Chain(wiring.Component):
    """A binary counter, the highest bit of which goes down a chain of registers."""

    end: Out(1)
    inverted: Out(1)

    def elaborate(self, platform):
        m = Module()
        # Reset would be a gate before each register.
        count, chain = Signal(3, reset_less=True), Signal(100, reset_less=True)
        m.d.sync += [count.eq(count + 1), chain.eq(Cat(count[-1], chain[:-1]))]
        m.d.comb += [self.end.eq(chain[-1]), self.inverted.eq(~chain[49])]
        return m


class Notebook(wiring.Component):
    """A memory that is read and written when asked to."""

    read: In(1)
    write: In(1)
    data: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.pages = pages = Sram(words=16, width=8, granularity=4)
        count = Signal(8)
        m.d.sync += count.eq(count + 1)
        m.d.comb += [
            pages.read.eq(self.read),
            pages.write.eq(self.write.replicate(2)),
            pages.write_data.eq(count),
            self.data.eq(pages.read_data),
        ]
        return m


def run(component, cycles, **inputs):
    """Simulate a netlist with probes from power-up; return probes, toggles and accesses."""
    rtlil, probes = probed_netlist(component, "top", "clk")
    ports = cpp.probe_ports(probes)
    values = {name: np.array(value, dtype=np.uint64) for name, value in inputs.items()}
    driven, written = [*values.values(), *[np.zeros(cycles, dtype=np.uint64)] * 2][:2]
    drive = "".join(
        f"top.in_{name} = {array}[cycle];"
        for name, array in zip(inputs, ("driven", "written"), strict=False)
    )
    count = "".join(
        f"counters[{number}].{'changes' if name.startswith('toggles') else 'active'}(top.out_{name});"
        for number, (name, _) in enumerate(ports)
    )
    design = Design("top", rtlil, (), probes)
    sources = {
        "design.h": cpp._design_source(design, "clk"),
        "harness.h": (cpp.Path(cpp.__file__).parent / "harness.h").read_text(),
        "main.cc": _RUN.replace("PORTS", str(len(ports)))
        .replace("DRIVE", drive)
        .replace("COUNT", count),
    }
    counts = np.zeros(64 * len(ports), dtype=np.uint64)
    library = ctypes.CDLL(str(compile_library(sources, "main.cc")))
    library.run(cycles, *(ctypes.c_void_p(a.ctypes.data) for a in (driven, written, counts)))
    used = [number * 64 + bit for number, (_, width) in enumerate(ports) for bit in range(width)]
    toggles, accesses = np.split(counts[used], [len(probes.capacitances)])
    return probes, toggles.tolist(), accesses.tolist()


def test_toggles_of_a_counter_and_a_chain(small_library):
    probes, toggles, accesses = run(Chain(), 808)
    assert (probes.voltage, probes.accesses, accesses) == (small_library.voltage, (), [])
    assert probes.clock_capacitance == 103 * small_library.clock
    # The counter's highest bit changes after 4, 8, ... 804 cycles, and is seen `delay` registers
    # later. Each register but the last leads to the data pin of the next one; one leads to an
    # inverter too.
    expected = Counter()
    for delay in range(1, 100):
        extra = small_library.inverter if delay == 50 else 0.0
        expected[small_library.data + extra, (807 - delay) // 4] += 1
    found = Counter(zip(probes.capacitances, toggles, strict=True))
    assert expected <= found
    # What is left is the counter. Its bits change in every cycle, in every second and in every
    # fourth one.
    rest = found - expected
    assert sum(rest.values()) >= 3
    assert {807, 403, 201} <= {count for _, count in rest}
    # The next states of those, and gates in between.
    assert max(count for _, count in rest) == 807


def test_energy():
    probes = ActivityProbes((2.0, 4.0), (), 5.0, 3.0)
    # Half of C V^2 for each change of a net, C V^2 for each cycle of the clock.
    assert probes.net_energy([10, 1]) == (2.0 * 10 + 4.0) * 9 / 2
    assert probes.clock_energy(7) == 5.0 * 7 * 9


def test_accesses_of_a_memory(small_library):
    random = np.random.default_rng(5)
    read, write = random.integers(0, 2, (2, 500))
    write &= ~read  # one port
    probes, _, accesses = run(Notebook(), 500, read=read, write=write)
    found = dict(zip(probes.accesses, accesses, strict=True))
    assert found == {
        ("pages", "reads", 8): read.sum(),
        ("pages", "writes", 8): write.sum(),
    }


def test_a_standard_cell_netlist_does_what_the_component_does(small_library, compare):
    result = compare(Chain, "osu018", cycles=1000)
    assert result.startswith("equal, activity ")
    assert int(result.split()[-1]) > 500


@pytest.mark.parametrize("name", ["nom_voltage", "capacitive_load_unit"])
def test_a_library_without_units(small_library, name):
    text = small_library.path.read_text()
    small_library.path.write_text(text.replace(name, "other"))
    with pytest.raises(InputError, match=r"osu018_stdcells.lib names no nom_voltage or no "):
        probed_netlist(Chain(), "top", "clk")


def test_probes_change_nothing_else(small_library):
    plain_text = netlist(Chain(), "top", "osu018")
    probed, _ = probed_netlist(Chain(), "top", "clk")
    assert "toggles_0" in probed
    assert "toggles_0" not in plain_text
    assert probed.count("cell $dff ") == plain_text.count("cell $dff ") == 103
