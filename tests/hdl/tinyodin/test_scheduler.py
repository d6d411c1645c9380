"""The scheduler against a deque; proofs say the rest (tests/proof/test_fifo.py)."""

import pytest

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.scheduler import Scheduler


@pytest.mark.parametrize("depth", [4, 8])
def test_random_use(use_scheduler, depth):
    scheduler = Scheduler(TinyOdinConfig(neurons=16, fifo_depth=depth))
    use_scheduler(scheduler, depth, 20267, [scheduler.empty])
