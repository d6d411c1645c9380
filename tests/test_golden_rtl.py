"""The simulated cores against the golden traces, which lie beside the repository.

By default each trace runs on the slowest and on the fastest arrangement, and the small ones through the
pins and on a netlist; all arrangements are marked slow.
"""

import dataclasses
from pathlib import Path

import pytest

from spikewright.sim.rtl import RtlDevice
from spikewright.sim.trace import SUFFIX, read_trace, replay

TRACES = Path(__file__).resolve().parents[2] / "shared" / "traces"
NAMES = sorted(path.name.removesuffix(SUFFIX) for path in (TRACES / "tinyodin").glob("*" + SUFFIX))
SMALL = ("size-16-01", "size-64-01")

pytestmark = pytest.mark.skipif(
    not (TRACES / "tinyodin").is_dir(),
    reason="the golden traces (../shared/traces) are not beside the repository",
)


def check(name, *, lanes=1, ports=1, **options):
    trace = read_trace(TRACES / "tinyodin" / (name + SUFFIX), core="tinyodin")
    config = dataclasses.replace(trace.config, lanes=lanes, neuron_memory_ports=ports)
    with RtlDevice(config, **options) as device:
        result = replay(trace, device)
    assert result.ok, result.difference
    assert result.steps == len(trace.steps) > 0
    assert result.cycles > 0


@pytest.mark.parametrize(("lanes", "ports"), [(1, 1), (8, 2)])
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_tinyodin_native(name, lanes, ports):
    check(name, lanes=lanes, ports=ports)


@pytest.mark.parametrize("name", SMALL)
def test_tinyodin_pins(name):
    check(name, lanes=2, shell="pins")


@pytest.mark.parametrize("name", SMALL)
def test_tinyodin_stalled(name):
    check(name, stall_seed=1)
    check(name, lanes=8, ports=2, stall_seed=2)


def test_tinyodin_netlist():
    check("size-16-01", netlist="ice40")


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["native", "pins"])
@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_tinyodin_everywhere(name, lanes, ports, shell):
    check(name, lanes=lanes, ports=ports, shell=shell)
    if shell == "native":
        check(name, lanes=lanes, ports=ports, stall_seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ice40", "ecp5"])
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_tinyodin_netlist_everywhere(name, family):
    check(name, netlist=family)
