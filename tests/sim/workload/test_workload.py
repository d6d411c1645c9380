"""Every core has a workload that keeps to the contract."""

import inspect

import pytest

from spikewright.hdl.catalogue import core_names, make_config
from spikewright.hdl.error import InputError
from spikewright.sim.workload import Workload, find_workload


@pytest.mark.parametrize("core", core_names())
def test_contract(core):
    workload = find_workload(core)
    for name, function in inspect.getmembers(Workload, inspect.isfunction):
        if not name.startswith("_"):
            expected = list(inspect.signature(function).parameters)
            assert ["self", *inspect.signature(getattr(workload, name)).parameters] == expected
            assert name in workload.__all__
    pool = workload.CONFIGURATIONS
    assert make_config(core) in pool
    assert len(set(pool)) == len(pool)
    assert len(pool) % 2 and len(pool) % 3
    for parameter in make_config(core).as_dict():
        assert len({getattr(config, parameter) for config in pool}) > 1, parameter


def test_unknown_core():
    with pytest.raises(InputError, match="no core 'nothing', allowed is odin or"):
        find_workload("nothing")
