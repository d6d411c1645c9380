"""Bench vectors: the same every time, full of answers, and the same on hardware."""

from collections import Counter

import numpy as np
import pytest

from spikewright.hdl.catalogue import core_names, interface_of, make_config
from spikewright.hdl.handoff.bench_vector import BenchVector, Code, vectors_task
from spikewright.sim.bench_vectors import BenchVectorRecorder, record_bench_vectors
from spikewright.sim.model import open_model
from spikewright.sim.rtl import open_rtl
from spikewright.sim.workload import find_workload

CONFIGURATIONS = [config for core in core_names() for config in find_workload(core).CONFIGURATIONS]
QUICK = [
    find_workload(core).CONFIGURATIONS[index]
    for core, index in (("tinyodin", 2), ("odin", 1), ("reckon", 3))
]
#: Clock cycles of an event, as a core would tell them.
CYCLES = {"spike": 1000}


def name(config) -> str:
    return config.name


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=name)
def test_vectors_show_the_core_at_work(config) -> None:
    operations = record_bench_vectors(config, CYCLES)
    counts = Counter(operation.code for operation in operations)
    assert counts[Code.OUTPUT] == sum(op.data for op in operations if op.code is Code.SETTLE) > 7
    assert counts[Code.CHECK] > 20 and counts[Code.EVENT] > 20
    # All registers and memories take part, and neurons change.
    registers = {op.index for op in operations if op.code is Code.REGISTER}
    interface = interface_of(config)
    assert registers == {register.address for register in interface.registers}
    written, changed = {}, Counter()
    for op in operations:
        place = (op.space, op.index, op.chunk)
        if op.code is Code.WRITE:
            written[place] = op.data
        elif op.code is Code.CHECK:
            changed[op.space] += written.get(place) not in (None, op.data)
    assert changed[interface.spaces["neurons"]] > 3
    assert {place[0] for place in written} >= {
        interface.spaces[name] for name in interface.memories if name != "outputs"
    }
    # So do weights, where the core learns.
    if getattr(config, "plasticity", getattr(config, "learning", 0)):
        assert sum(changed.values()) > changed[interface.spaces["neurons"]] + changed.get(
            interface.spaces.get("outputs"), 0
        )


def test_same_operations_every_time() -> None:
    config = make_config("odin", {"neurons": 16})
    assert record_bench_vectors(config, CYCLES) == record_bench_vectors(config, CYCLES)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(config, marks=[] if config in QUICK else pytest.mark.slow, id=config.name)
        for config in CONFIGURATIONS
    ],
)
def test_equal_on_hardware(config) -> None:
    """What the model answers does not depend on the pace, so hardware answers the same."""
    exercise = find_workload(config.core).exercise
    slowest = 0 if interface_of(config).time_step else 1000
    found = []
    for seed in (None, 1):
        with open_rtl(config, stall_seed=seed) as device:
            recorder = BenchVectorRecorder(device, slowest)
            exercise(recorder, np.random.default_rng(0))
            found.append(recorder.operations)
    assert found == [record_bench_vectors(config, CYCLES)] * 2


def test_time_that_suffices() -> None:
    config = make_config("tinyodin", {"neurons": 16})
    recorder = BenchVectorRecorder(open_model(config), 100)
    recorder.configure(open_loop=1, gate=0)
    recorder.settle()
    (quiet,) = [op.index for op in recorder.operations if op.code is Code.SETTLE]
    recorder.send([1 << 8 | 255] * 3)
    recorder.settle()
    recorder.settle()
    _, three, after = [op.index for op in recorder.operations if op.code is Code.SETTLE]
    assert three >= quiet + 300
    assert after == quiet


def test_task() -> None:
    operations = [
        BenchVector(Code.CHECK, space=2, chunk=1, index=0x123, data=0xDEADBEEF),
        BenchVector(Code.TICK),
    ]
    text = vectors_task(operations)
    assert "3 check" in text
    assert [line.strip() for line in text.splitlines() if "vectors[" in line] == [
        "vectors[0] = 88'h03_02_01_00000123_deadbeef;",
        "vectors[1] = 88'h08_00_00_00000000_00000000;",
        "vectors[2] = 88'h00_00_00_00000000_00000000;",
    ]


def test_levels_go_by_their_number_in_the_interface() -> None:
    recorder = BenchVectorRecorder(open_model(make_config("reckon")), 0)
    recorder.drive(infer_accumulate=1, sample=0)
    assert list(recorder.interface.levels) == ["sample", "target_valid", "infer_accumulate"]
    assert recorder.operations == [
        BenchVector(Code.LEVEL, index=2, data=1),
        BenchVector(Code.LEVEL, index=0, data=0),
    ]
