"""Count clock cycles per event on the simulated core; exact, whatever the machine.

python benchmarks/cycles.py [--json]
"""

import argparse
import json

import numpy as np

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.rtl import RtlDevice


def measure(config: TinyOdinConfig) -> dict[str, int]:
    """Return cycles from an event's arrival to idle, alone, and per event when many wait."""
    threshold = (1 << config.potential_bits) - 1  # never reached
    with RtlDevice(config) as device:
        device.configure(gate=1, open_loop=1, last_neuron=config.neurons - 1)
        device.load("neurons", [threshold << config.potential_bits] * config.neurons)
        device.load("synapses", np.zeros(config.synapse_words, dtype=np.uint64))
        device.configure(gate=0)
        device.settle()

        def cost(events: list[int]) -> int:
            start = device.cycles
            device.send(events)
            device.settle()
            # The cycle in which idle is seen belongs to the next event.
            return device.cycles - start - 1

        tick = 1 << config.low_bits
        return {
            "spike": cost([3]),
            "spike_sustained": (cost([3] * 101) - cost([3])) // 100,
            "virtual": cost([2 << config.low_bits | 1 << 4 | 5]),
            "time_reference_one": cost([tick | 5]),
            "time_reference_all": cost([tick | tick - 1]),
        }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results = []
    for ports in (1, 2):
        for lanes in (1, 2, 4, 8):
            config = TinyOdinConfig(lanes=lanes, neuron_memory_ports=ports)
            found = measure(config)
            results.append({"lanes": lanes, "neuron_memory_ports": ports} | found)
            if not arguments.json:
                print(results[-1])
    if arguments.json:
        print(json.dumps({"core": "tinyodin", "neurons": 256, "cycles": results}, indent=2))


if __name__ == "__main__":
    main()
