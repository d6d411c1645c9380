"""Measure the speed of the models in synaptic operations per second.

A synaptic operation is the update of one neuron by one spike event. The network is random, as large as
asked for, and works in open loop; all events are sent at once.
"""

import argparse
import json
import time

import numpy as np

from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.tinyodin import TinyOdinModel


def measure_tinyodin(neurons: int, events: int, repeats: int) -> dict[str, int | float | str]:
    """Run a random network; return the best of some runs.

    Parameters
    ----------
    neurons : int
        Neurons of the core.
    events : int
        Spike events in a run.
    repeats : int
        Runs.
    """
    random = np.random.default_rng(1)
    model = TinyOdinModel(TinyOdinConfig(neurons=neurons))
    model.configure(gate=1, open_loop=1, last_neuron=neurons - 1)
    # Thresholds of some ten to a hundred weights, small leaks.
    words = random.integers(40, 400, neurons) << 12 | random.integers(0, 16, neurons) << 24
    model.load("neurons", words)
    # More excitation than inhibition, so that there are some spikes for every event.
    weights = random.integers(-8, 8, (2, model.config.synapse_words, 8)).max(axis=0) & 15
    model.load("synapses", (weights << 4 * np.arange(8)).sum(axis=1))
    model.configure(gate=0)
    sources = random.integers(0, neurons, events)
    best = float("inf")
    outputs = 0
    for _ in range(repeats):
        start = time.perf_counter()
        model.send(sources)
        outputs = len(model.settle())
        best = min(best, time.perf_counter() - start)
    return {
        "core": "tinyodin",
        "neurons": neurons,
        "events": events,
        "spikes": outputs,
        "seconds": round(best, 6),
        "synaptic_operations_per_second": round(neurons * events / best),
    }


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--events", type=int, default=20_000, help="spike events in a run")
    parser.add_argument("--repeats", type=int, default=3, help="runs, of which the best counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.events < 1 or options.repeats < 1:
        parser.error("--events and --repeats must be at least 1")
    try:
        results = [
            measure_tinyodin(neurons, options.events, options.repeats)
            for neurons in options.neurons
        ]
    except InputError as error:
        parser.error(str(error))
    if options.json:
        print(json.dumps({"results": results}))
        return
    for result in results:
        speed = result["synaptic_operations_per_second"] / 1e6
        print(f"{result['core']} with {result['neurons']} neurons: {speed:.1f} million/s")


if __name__ == "__main__":
    main()
