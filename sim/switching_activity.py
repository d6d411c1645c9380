"""Switching activity of a core in standard cells, and a lower bound of its energy."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..hdl.config import CoreConfig
from ..hdl.error import InputError
from .engine.bus_functional import find_bus_functional_model
from .rtl import open_rtl
from .workload import find_workload

__all__ = ["Accesses", "Activity", "check_activity", "measure_activity"]


@dataclass(frozen=True)
class Accesses:
    """Accesses to a memory.

    Attributes
    ----------
    memory : str
        Its place in the core.
    bits : int
        Bits of a word.
    reads, writes : int
        Clock cycles in which it was read, and in which bits of it were written.
    """

    memory: str
    bits: int
    reads: int
    writes: int


@dataclass(frozen=True)
class Activity:
    """Switching activity and energy of some spike events.

    Energies are those that charging the input pins of cells takes, and nothing else: not that of
    wires, of what is inside cells, of a clock tree, of glitches, of leakage, or of memories. So
    they are less than a chip would need, in the technology of the library.

    Attributes
    ----------
    events : int
        Spike events.
    synaptic_operations : int
        Updates of one neuron by one spike event.
    cycles : int
        Clock cycles.
    toggles : int
        Changes of nets that lead to cells, from one clock cycle to the next; the clock is not
        counted.
    logic_picojoules : float
        Energy for those.
    clock_picojoules : float
        Energy for the clock pins of flip-flops, which switch in every cycle.
    accesses : tuple of Accesses
        By memory.
    """

    events: int
    synaptic_operations: int
    cycles: int
    toggles: int
    logic_picojoules: float
    clock_picojoules: float
    accesses: tuple[Accesses, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all attributes by name, and `per_synaptic_operation`."""
        return asdict(self) | {"per_synaptic_operation": self.per_synaptic_operation()}

    def per_synaptic_operation(self) -> dict[str, Any]:
        """Return each count and energy per synaptic operation, to four significant digits."""

        def each(counted: Activity | Accesses, *names: str) -> dict[str, Any]:
            return {
                name: float(f"{getattr(counted, name) / self.synaptic_operations:.4g}")
                for name in names
            }

        return each(self, "cycles", "toggles", "logic_picojoules", "clock_picojoules") | {
            "accesses": [
                {"memory": item.memory, "bits": item.bits} | each(item, "reads", "writes")
                for item in self.accesses
            ]
        }


def check_activity(config: CoreConfig, shell: str, events: int) -> None:
    """Check what `measure_activity` is asked for.

    Raises
    ------
    InputError
        If there are no events or no engine drives the shell.
    """
    if events < 1:
        raise InputError(f"activity is {events} events, allowed is 1 or more")
    find_bus_functional_model(config, shell)


def measure_activity(config: CoreConfig, shell: str, events: int) -> Activity:
    """Measure the switching activity of a core during spike events.

    The core is synthesized for OSU018 and loaded with random weights; then events from random
    sources come as fast as it takes them. The same configuration gives the same figures.

    Parameters
    ----------
    config : CoreConfig
        The core.
    shell : str
        What it is behind, `native` or `pins`.
    events : int
        Spike events, 1 or more.

    Raises
    ------
    InputError
        As `check_activity`; or if the library or a compiler is not installed.
    """
    check_activity(config, shell, events)
    workload = find_workload(config.core)
    random = np.random.default_rng(0)
    with open_rtl(config, shell=shell, netlist="osu018", activity=True) as device:
        workload.prepare_activity(device, random)
        device.settle()
        engine = device.engine
        cycles, before = engine.cycles, engine.counts()
        operations = workload.drive_activity(device, random, events)
        device.settle()
        cycles = engine.cycles - cycles
        toggles, used = (now - then for now, then in zip(engine.counts(), before, strict=True))
        probes = engine.probes
    memories: dict[str, dict[str, int]] = {}
    for (memory, what, bits), count in zip(probes.accesses, used.tolist(), strict=True):
        accesses = memories.setdefault(memory, {"bits": bits, "reads": 0, "writes": 0})
        accesses[what] += count
    return Activity(
        events=events,
        synaptic_operations=operations,
        cycles=cycles,
        toggles=int(toggles.sum()),
        logic_picojoules=probes.net_energy(toggles.tolist()),
        clock_picojoules=probes.clock_energy(cycles),
        accesses=tuple(
            Accesses(memory, **accesses) for memory, accesses in sorted(memories.items())
        ),
    )
