"""Count clock cycles per event on the simulated cores; exact, whatever the machine.

python benchmarks/cycles.py [--core NAME] [--json]
"""

import argparse
import json

import numpy as np

from spikewright.hdl.catalogue import make_config
from spikewright.sim.device import Device
from spikewright.sim.odin_event import OdinEvents
from spikewright.sim.rtl import RtlDevice


def _load_tinyodin(device: Device) -> dict[str, int]:
    """Load silent neurons; return an event of each kind."""
    config = device.config
    threshold = (1 << config.potential_bits) - 1  # never reached
    device.configure(last_neuron=config.neurons - 1)
    device.load("neurons", [threshold << config.potential_bits] * config.neurons)
    tick = 1 << config.low_bits
    return {
        "spike": 3,
        "virtual": 2 << config.low_bits | 1 << 4 | 5,
        "time_reference_one": tick | 5,
        "time_reference_all": tick | tick - 1,
    }


def _load_odin(device: Device) -> dict[str, int]:
    """Load silent neurons, of both models by turns; return an event of each kind."""
    config = device.config
    device.load("neurons", [1 << 127 | index & 1 for index in range(config.neurons)])
    words = OdinEvents(config)
    return {
        "spike": words.spike(3),
        "virtual": words.virtual(5, 1),
        "time_reference_one": words.tick(5),
        "time_reference_all": words.tick(),
        "bistability_one": words.bistability(5),
        "bistability_all": words.bistability(),
    }


_LOADERS = {"tinyodin": _load_tinyodin, "odin": _load_odin}


def measure(core: str, parameters: dict[str, int]) -> dict[str, int]:
    """Return cycles from an event's arrival to idle, alone, and per spike when many wait."""
    config = make_config(core, parameters)
    with RtlDevice(config) as device:
        device.configure(gate=1, open_loop=1)
        device.load("synapses", np.zeros(config.synapse_words, dtype=np.uint64))
        events = _LOADERS[core](device)
        device.configure(gate=0)
        device.settle()

        def cost(words: list[int]) -> int:
            start = device.cycles
            device.send(words)
            device.settle()
            # The cycle in which idle is seen belongs to the next event.
            return device.cycles - start - 1

        found = {name: cost([word]) for name, word in events.items()}
        spike = events["spike"]
        return found | {"spike_sustained": (cost([spike] * 101) - cost([spike])) // 100}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", choices=sorted(_LOADERS), help="one core only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results = []
    for core in [arguments.core] if arguments.core else _LOADERS:
        for ports in (1, 2):
            for lanes in (1, 2, 4, 8):
                parameters = {"lanes": lanes, "neuron_memory_ports": ports}
                results.append({"core": core} | parameters | measure(core, parameters))
                if not arguments.json:
                    print(results[-1], flush=True)
    if arguments.json:
        print(json.dumps({"neurons": 256, "cycles": results}, indent=2))


if __name__ == "__main__":
    main()
