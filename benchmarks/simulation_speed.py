"""Measure how fast engines simulate busy spike events; compare ratios, not single figures.

    python benchmarks/simulation_speed.py [--core NAME] [--json]

Figures are per CPU second of the process, best of three, 256 neurons, output words at the end of
each spike event, after a warm-up. For ReckOn it is CPU seconds for a training sample of cue
accumulation.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator

import numpy as np
from cue_sample import measure_sample

from spikewright.hdl.catalogue import make_config
from spikewright.hdl.config import CoreConfig
from spikewright.hdl.odin.event import OdinEvents
from spikewright.sim.rtl import RtlDevice

_SEED = 20260101

_CORES = ("tinyodin", "odin", "reckon")


def measure(config: CoreConfig, engine: str, shell: str, events: int) -> dict[str, float]:
    """Return million cycles and million synaptic operations per CPU second."""
    random = np.random.default_rng(_SEED)
    with RtlDevice(config, engine=engine, shell=shell) as device:
        device.configure(gate=1, open_loop=1, output_source=1)
        sources = random.integers(0, config.neurons, events)
        if config.core == "tinyodin":
            device.configure(last_neuron=config.neurons - 1)
            device.load("neurons", random.integers(0, 1 << 31, config.neurons, dtype=np.uint64))
        else:
            # Disabled, as all else at random: they work, and no output word is waited for.
            words = [int.from_bytes(random.bytes(16)) | 1 << 127 for _ in range(config.neurons)]
            device.load("neurons", words)
            event = OdinEvents(config)
            sources = [event.spike(source) for source in sources]
        if engine != "amaranth":  # loading takes too long there, and weights do not change the work
            words = random.integers(0, 1 << 32, config.synapse_words, dtype=np.uint64)
            device.load("synapses", words)
        device.configure(gate=0)
        sources = np.array(sources, dtype=np.uint64)
        best = 0.0
        for _ in range(3):
            cycles, start = device.cycles, time.process_time()
            device.send(sources)
            device.settle()
            seconds = time.process_time() - start
            best = max(best, (device.cycles - cycles) / seconds / 1e6)
            per_event = (device.cycles - cycles) / events
        return {
            "mega_cycles_per_second": round(best, 3),
            "mega_synaptic_operations_per_second": round(best * config.neurons / per_event, 3),
        }


def event_results(core: str, engines: dict[str, int]) -> Iterator[dict[str, object]]:
    """Yield rows for a core that works event by event."""
    for engine, events in engines.items():
        for shell in ("native", "pins"):
            for lanes, ports in ((1, 1), (1, 2), (8, 1), (8, 2)):
                if engine == "amaranth" and (lanes > 1 or ports > 1 or shell == "pins"):
                    continue
                parameters = {"lanes": lanes, "neuron_memory_ports": ports}
                config = make_config(core, parameters)
                key = {"core": core, "engine": engine, "shell": shell} | parameters
                yield key | measure(config, engine, shell, events)


def reckon_results(engines: dict[str, int]) -> Iterator[dict[str, object]]:
    """Yield rows for ReckOn."""
    for engine in engines:
        # A sample takes an hour there.
        if engine == "amaranth":
            continue
        for shell in ("native", "pins") if engine == "compiled" else ("native",):
            for lanes in (1, 4, 16):
                config = make_config("reckon", {"lanes": lanes})
                with RtlDevice(config, engine=engine, shell=shell) as device:
                    seconds = measure_sample(device)
                key = {"core": "reckon", "engine": engine, "shell": shell, "lanes": lanes}
                yield key | {"seconds_per_training_sample": seconds}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", choices=_CORES, help="one core only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    engines = {"compiled": 4000, "cxxrtl": 4000, "amaranth": 3}
    if shutil.which("verilator"):
        engines["verilator"] = 4000
    results = []
    for core in [arguments.core] if arguments.core else _CORES:
        rows = reckon_results(engines) if core == "reckon" else event_results(core, engines)
        for row in rows:
            results.append(row)
            if not arguments.json:
                print(row, flush=True)
    if arguments.json:
        print(json.dumps({"neurons": 256, "speed": results}, indent=2))


if __name__ == "__main__":
    main()
