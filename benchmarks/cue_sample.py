"""How long ReckOn takes for a training sample of cue accumulation, for the benchmarks of speed."""

import time

from spikewright.sim.device import Device
from spikewright.sim.task import cue_accumulation

__all__ = ["measure_sample"]


def measure_sample(device: Device, repeats: int = 3) -> float:
    """Return the CPU seconds of a training sample, the best of some after a first one."""
    data = cue_accumulation.generate_data()
    cue_accumulation.set_up(device, data.weights)
    best = float("inf")
    # The same sample again, so that they can be compared; weights go on changing.
    for _ in range(1 + repeats):
        start = time.process_time()
        cue_accumulation.present(device, data.training[0], train=True)
        best = min(best, time.process_time() - start)
    return round(best, 3)
