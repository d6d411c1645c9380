"""The simulated cores against the golden traces, which lie beside the repository.

By default each trace runs on the plainest arrangement, small ones on others, through the pins and on a
netlist too; all arrangements are marked slow.
"""

import dataclasses
from pathlib import Path

import pytest

from spikewright.sim.rtl import RtlDevice
from spikewright.sim.trace import SUFFIX, read_trace, replay

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"
CORES = ("tinyodin", "odin")
NAMES = [
    (core, path.name.removesuffix(SUFFIX))
    for core in CORES
    for path in sorted((TRACES / core).glob("*" + SUFFIX))
] or [(core, "none") for core in CORES]
SMALL = [("tinyodin", "size-16-01"), ("tinyodin", "size-64-01"), ("odin", "size-16-01")]
TINYODIN = [item for item in NAMES if item[0] == "tinyodin"]

pytestmark = pytest.mark.skipif(
    not TRACES.is_dir(),
    reason="the golden traces (../shared/traces) are not beside the repository",
)


def check(core, name, *, lanes=1, ports=1, **options):
    trace = read_trace(TRACES / core / (name + SUFFIX), core=core)
    config = dataclasses.replace(trace.config, lanes=lanes, neuron_memory_ports=ports)
    with RtlDevice(config, **options) as device:
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


@pytest.mark.parametrize("core", CORES)
def test_netlist(core):
    check(core, "size-16-01", netlist="ice40")


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
@pytest.mark.parametrize("family", ["ice40", "ecp5"])
@pytest.mark.parametrize(("core", "name"), NAMES)
def test_netlist_everywhere(core, name, family):
    check(core, name, netlist=family)
