"""Count clock cycles per event on the simulated cores; exact, whatever the machine.

    python benchmarks/cycles.py [--core NAME] [--json]

For ReckOn ticks, spikes and learning, also as published (specification, section 15).
"""

import argparse
import json
from collections.abc import Iterator

import numpy as np

from spikewright.hdl.catalogue import make_config
from spikewright.hdl.odin.event import OdinEvents
from spikewright.sim.device import Device
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


def published_reckon(inputs: int, neurons: int) -> dict[str, int]:
    """Return the published cycles with so many inputs and neurons, and not more outputs."""
    highest = max(inputs, neurons)
    return {
        "tick": 3 + highest + 1 + highest,
        "spike": 2 * ((neurons - 1) // 2 + 1),
        "learn": ((neurons - 1) // 16 + 1) * (32 + 2 * highest),
    }


def measure_reckon(lanes: int, inputs: int, neurons: int) -> dict[str, int]:
    """Return the cycles of a tick, and what a spike and learning with work for every index add."""
    with RtlDevice(make_config("reckon", {"lanes": lanes})) as device:
        config = device.config

        def tick() -> int:
            before = device.cycles
            device.tick()
            # That the core is ready is seen a cycle later, and another one is spent then.
            return device.cycles - before - 2

        device.configure(last_input=inputs - 1, last_neuron=neurons - 1, learn=3)
        device.configure(regul_mode=2, regul_threshold=0)
        # They never fire, and have a trace that regularisation sees.
        word = 0x7FFF << 50 * config.neuron_lanes | 100 << 28
        device.load("neurons", [word] * config.neuron_words)
        device.configure(config_mode=0)
        device.drive(sample=1)
        tick()
        found = {"tick": tick()}
        device.send([0, 3])
        found["spike"] = (tick() - found["tick"]) // 2
        device.send([1 << config.event_address_bits])
        device.drive(target_valid=1)
        return found | {"learn": tick() - found["tick"]}


def reckon_results() -> Iterator[dict[str, object]]:
    """Yield rows of the table for ReckOn."""
    for inputs, neurons in ((40, 100), (256, 256)):
        key = {"core": "reckon", "inputs": inputs, "neurons": neurons}
        yield key | {"lanes": "published"} | published_reckon(inputs, neurons)
        for lanes in (1, 2, 4, 8, 16):
            yield key | {"lanes": lanes} | measure_reckon(lanes, inputs, neurons)


def event_results(core: str) -> Iterator[dict[str, object]]:
    """Yield rows of the table for a core that works event by event."""
    for ports in (1, 2):
        for lanes in (1, 2, 4, 8):
            parameters = {"lanes": lanes, "neuron_memory_ports": ports}
            yield {"core": core} | parameters | measure(core, parameters)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = [*_LOADERS, "reckon"]
    parser.add_argument("--core", choices=cores, help="one core only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results = []
    for core in [arguments.core] if arguments.core else cores:
        for row in reckon_results() if core == "reckon" else event_results(core):
            results.append(row)
            if not arguments.json:
                print(row, flush=True)
    if arguments.json:
        print(json.dumps({"neurons": 256, "cycles": results}, indent=2))


if __name__ == "__main__":
    main()
