"""Random choices, and samples of neurons."""

import numpy as np
import pytest

from spikewright.sim.workload.sample import RandomChoice, spread


@pytest.mark.parametrize(("size", "count"), [(16, 32), (32, 32), (64, 32), (256, 32), (1024, 32)])
def test_spread(size: int, count: int) -> None:
    found = spread(size, count)
    assert found == sorted(set(found))
    assert len(found) == min(size, count)
    assert (found[0], found[-1]) == (0, size - 1)
    assert {number % 8 for number in found} == set(range(8))


def test_random_choice():
    draw = RandomChoice(np.random.default_rng(0))
    assert {draw.below(3) for _ in range(100)} == {0, 1, 2}
    assert {draw.one("ab") for _ in range(100)} == {"a", "b"}
    assert {draw.bits(2) for _ in range(100)} == {0, 1, 2, 3}
    assert max(draw.bits(70) for _ in range(20)) >> 69 == 1
    assert 10 < sum(draw.chance(0.2) for _ in range(100)) < 30
    assert not draw.chance(0)
    for _ in range(20):
        some = draw.some(range(5, 15), 4)
        assert some == sorted(set(some))
        assert len(some) == 4
        assert {*some} <= {*range(5, 15)}
    assert draw.some([7, 3], 5) == [3, 7]
