"""The simulated cores against the golden traces.

By default each trace runs on the plainest arrangement, small ones on others, through the pins and
on a netlist too; all arrangements are marked slow.
"""

import dataclasses
from pathlib import Path

import pytest

from spikewright.sim.rtl import open_rtl
from spikewright.sim.trace import SUFFIX, read_trace, replay

TRACES = Path(__file__).resolve().parent / "traces"
CORES = ("tinyodin", "odin")


def names_of(core):
    paths = sorted((TRACES / core).glob("*" + SUFFIX))
    return [(core, path.name.removesuffix(SUFFIX)) for path in paths]


NAMES = [item for core in CORES for item in names_of(core)]
SMALL = [("tinyodin", "size-16-01"), ("tinyodin", "size-64-01"), ("odin", "size-16-01")]
TINYODIN = [item for item in NAMES if item[0] == "tinyodin"]
RECKON = [name for _, name in names_of("reckon")]
#: Traces of the published sizes, to run with memory macros in place.
MACROS = [
    ("tinyodin", "open-loop-01"),
    ("odin", "sdsp-learning-01"),
    ("reckon", "eprop-all-02"),
]
PROCESSES = ("sky130", "gf180mcu", "ihp-sg13g2")
#: Of the quick run, through the pins and natively.
RECKON_SMALL = ["size-16-01", "spi-bursts-01", "timing-error-01", "timing-error-02"]
RECKON_NATIVE = [
    *RECKON_SMALL,
    "small-network-01",
    "eprop-all-02",
    "regression-01",
    "regularisation-always-01",
]


def check(core, name, *, lanes=1, ports=1, **options):
    trace = read_trace(TRACES / core / (name + SUFFIX), core=core)
    changed = {"lanes": lanes, "neuron_memory_ports": ports}
    if core == "reckon":
        changed = {"lanes": min(lanes, trace.config.weight_lanes)}
    config = dataclasses.replace(trace.config, **changed)
    with open_rtl(config, **options) as device:
        result = replay(trace, device)
    assert result.ok, result.difference
    assert result.steps == len(trace.steps) > 0
    assert result.cycles > 0


@pytest.mark.parametrize(("core", "name"), NAMES)
def test_native(core, name):
    check(core, name)


@pytest.mark.parametrize(("core", "name"), [*TINYODIN, ("odin", "size-16-01")])
def test_fastest(core, name):
    check(core, name, lanes=8, ports=2)


@pytest.mark.parametrize(("core", "name"), SMALL)
def test_pins(core, name):
    check(core, name, lanes=2, shell="pins")


@pytest.mark.parametrize(("core", "name"), SMALL)
def test_stalled(core, name):
    check(core, name, stall_seed=1)
    check(core, name, lanes=8, ports=2, stall_seed=2)


#: The smallest core in all processes, the others in one each; the rest is slow.
IN_PROCESSES = [
    (core, name, memory)
    for which, (core, name) in enumerate(MACROS)
    for memory in (PROCESSES if core == "tinyodin" else [PROCESSES[which % len(PROCESSES)]])
]


@pytest.mark.parametrize(("core", "name", "memory"), IN_PROCESSES)
def test_memory_macros(core, name, memory):
    check(core, name, lanes=4 if core == "reckon" else 1, memory=memory)


@pytest.mark.parametrize("core", ["tinyodin", pytest.param("odin", marks=pytest.mark.slow)])
def test_netlist(core):
    check(core, "size-16-01", netlist="ice40")


@pytest.mark.parametrize("core", ["tinyodin", pytest.param("odin", marks=pytest.mark.slow)])
def test_standard_cells(core, small_library):
    check(core, "size-16-01", netlist="osu018")


# Lanes 4 throughout, so that little is compiled.


@pytest.mark.parametrize("name", RECKON_NATIVE)
def test_reckon_native(name):
    check("reckon", name, lanes=4)


@pytest.mark.parametrize("name", RECKON_SMALL)
def test_reckon_pins(name):
    check("reckon", name, lanes=4, shell="pins")


@pytest.mark.parametrize("shell", ["native", "pins"])
def test_reckon_stalled(shell):
    check("reckon", "spi-bursts-01", lanes=4, shell=shell, stall_seed=4)


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["native", "pins"])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("name", RECKON)
def test_reckon_everywhere(name, lanes, shell):
    check("reckon", name, lanes=lanes, shell=shell)
    if shell == "native" or name != "size-512-01":  # minutes, because of its memories
        check("reckon", name, lanes=lanes, shell=shell, stall_seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["native", "pins"])
@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
@pytest.mark.parametrize(("core", "name"), NAMES)
def test_everywhere(core, name, lanes, ports, shell):
    check(core, name, lanes=lanes, ports=ports, shell=shell)
    if shell == "native":
        check(core, name, lanes=lanes, ports=ports, stall_seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("memory", PROCESSES)
@pytest.mark.parametrize(("core", "name"), [*NAMES, *(("reckon", name) for name in RECKON)])
def test_memory_macros_everywhere(core, name, memory):
    check(core, name, lanes=4 if core == "reckon" else 1, memory=memory, stall_seed=6)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ice40", "ecp5"])
@pytest.mark.parametrize(("core", "name"), NAMES)
def test_netlist_everywhere(core, name, family):
    check(core, name, netlist=family)
