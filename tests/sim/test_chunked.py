"""Runs of accesses for transactions and frames."""

import pytest

from spikewright.sim.chunked import bursts


def runs(addresses, longest, block=1 << 16):
    found = bursts([(1, 3, address, 0) for address in addresses], longest, block)
    return [[address for _, _, address, _ in run] for run in found]


@pytest.mark.parametrize(
    ("addresses", "longest", "block", "expected"),
    [
        ([4], 3, 8, [[4]]),
        ([4, 5, 6, 7], 3, 1 << 16, [[4, 5, 6], [7]]),
        ([4, 5, 9, 10, 10], 9, 1 << 16, [[4, 5], [9, 10], [10]]),
        ([6, 7, 8, 9], 9, 8, [[6, 7], [8, 9]]),
        ([8, 9, 10, 11, 12], 2, 8, [[8, 9], [10, 11], [12]]),
    ],
)
def test_bursts(addresses, longest, block, expected):
    assert runs(addresses, longest, block) == expected
