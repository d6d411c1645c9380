"""Synthesize configurations for devices and keep area and maximum frequency.

    python benchmarks/area.py [--core NAME] [--json] [--seeds 5]

The core is behind the pins shell, as the published designs were measured. Gates come with the area
of the memories as macros of each open process.
"""

import argparse
import json
import sys

from amaranth.lib import wiring

from spikewright.hdl.catalogue import make_component, make_config, top_name
from spikewright.hdl.error import InputError
from spikewright.hdl.memory.plan import summary
from spikewright.hdl.memory.survey import survey
from spikewright.hdl.memory.technology import TECHNOLOGIES, find_technology
from spikewright.synth.device import WITHOUT_MEMORIES
from spikewright.synth.synthesis import synthesize

#: What is measured: core, parameters, device.
_CASES = [
    ("tinyodin", {}, "ecp5-85k"),
    ("tinyodin", {}, "ice40up5k"),
    ("tinyodin", {"neuron_memory_ports": 2}, "ecp5-85k"),
    ("tinyodin", {"neuron_memory_ports": 2}, "ice40up5k"),
    ("tinyodin", {"lanes": 2}, "ecp5-85k"),
    ("tinyodin", {"lanes": 4}, "ecp5-85k"),
    ("tinyodin", {"lanes": 8}, "ecp5-85k"),
    ("tinyodin", {"lanes": 8, "neuron_memory_ports": 2}, "ecp5-85k"),
    ("tinyodin", {"lanes": 8}, "ice40up5k"),
    ("tinyodin", {}, "generic"),
    ("tinyodin", {}, "osu018"),
    ("tinyodin", {"lanes": 8}, "generic"),
    ("tinyodin", {"lanes": 8}, "osu018"),
    ("odin", {}, "ecp5-85k"),
    ("odin", {}, "ice40up5k"),
    ("odin", {"neuron_memory_ports": 2}, "ecp5-85k"),
    ("odin", {"lanes": 8}, "ecp5-85k"),
    ("odin", {"lanes": 8, "neuron_memory_ports": 2}, "ecp5-85k"),
    ("odin", {"izhikevich": 0}, "ecp5-85k"),
    ("odin", {"plasticity": 0}, "ecp5-85k"),
    ("odin", {"lif": 0, "burst_queue": 0}, "ecp5-85k"),
    ("odin", {}, "generic"),
    ("odin", {}, "osu018"),
    ("odin", {"lanes": 8}, "generic"),
    ("odin", {"lanes": 8}, "osu018"),
    ("reckon", {"lanes": 1}, "ecp5-85k"),
    ("reckon", {"lanes": 4}, "ecp5-85k"),
    ("reckon", {"lanes": 16}, "ecp5-85k"),
    ("reckon", {"lanes": 16, "learning": 0}, "ecp5-85k"),
    ("reckon", {"lanes": 1}, "ice40up5k"),
    *(
        ("reckon", {"lanes": lanes}, device)
        for lanes in (1, 4, 16)
        for device in ("generic", "osu018")
    ),
]


def _macro_areas(component: wiring.Component) -> dict[str, int]:
    """Return the area of the memories in square microns, by process."""
    technologies = map(find_technology, TECHNOLOGIES)
    return {
        technology.name: summary(survey(component, technology))["area"]
        for technology in technologies
        if technology.instantiated
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = sorted({core for core, _, _ in _CASES})
    parser.add_argument("--core", choices=cores, help="one core only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of place and route")
    arguments = parser.parse_args()
    results = []
    for core, parameters, device in _CASES:
        if arguments.core not in (None, core):
            continue
        component, _ = make_component(config := make_config(core, parameters), "pins")
        try:
            found = synthesize(
                component,
                top_name(config, "pins"),
                device,
                tuple(range(1, arguments.seeds + 1)),
                progress=lambda text: print(text, file=sys.stderr),
            )
        except InputError as error:  # a library or a tool is not installed
            print(f"left out: {error}", file=sys.stderr)
            continue
        results.append({"parameters": parameters} | found.as_dict() | {"core": core})
        if device in WITHOUT_MEMORIES:
            results[-1]["macro_areas"] = _macro_areas(component)
        if not arguments.json:
            print(results[-1], flush=True)
    if arguments.json:
        print(json.dumps({"area": results}, indent=2))


if __name__ == "__main__":
    main()
