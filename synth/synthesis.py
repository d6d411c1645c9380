"""Synthesis of a component for a device: area and maximum frequency.

What is counted: `lut4` is the number of `SB_LUT4` (iCE40) or `LUT4` cells (ECP5, Gowin) after
yosys; carry cells, wide multiplexers and distributed RAM have their own names in `cells`. Area is
that of the component alone. The maximum frequency is the median of nextpnr over several seeds.
"""

import os
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from amaranth.lib import wiring

from ..hdl.error import InputError
from ..hdl.process import stop_processes
from ..hdl.toolchain import working_folder
from .device import find_device
from .mapping import map_to_cells
from .package_pins import clock_pins
from .placement import place_and_route, prepare_placement
from .result import SynthesisResult, count_cells

__all__ = ["synthesize"]

# Names of the main clock, of pins and of the native interface.
_MAIN_CLOCKS = ("CLK", "CLK_EXT", "clk", "aclk")


def synthesize(
    top: wiring.Component,
    name: str,
    device: str,
    seeds: Sequence[int] = (1, 2, 3),
    frequency: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> SynthesisResult:
    """Synthesize a component and, for devices, place and route it.

    A shell with a chip's pins is placed as it is, anything else behind registers (`RegisteredTop`),
    which do not count as its area.

    Parameters
    ----------
    top : wiring.Component
        The component.
    name : str
        Name of its top module and `core` of the result.
    device : str
        One of `DEVICES`.
    seeds : sequence of int
        Seeds for place and route, at least one.
    frequency : float, optional
        Clock in MHz to aim for; a sensible one for the device if not given.
    progress : callable, optional
        Called with a few words at the beginning of each step.

    Raises
    ------
    InputError
        If the device is unknown, its tools or library are not installed, or seeds or frequency are
        unusable.
    ToolError
        If a tool fails, other than because the design does not fit.
    """
    entry = find_device(device)
    seeds = tuple(seeds)
    if not seeds or any(type(seed) is not int or seed < 0 for seed in seeds):
        raise InputError(f"seeds are {list(seeds)}, allowed is at least one whole number from 0")
    if frequency is not None and not 0 < frequency <= 1000:
        raise InputError(f"frequency is {frequency} MHz, allowed is more than 0 up to 1000")
    report = progress or (lambda step: None)
    with working_folder() as folder:
        report(f"{device}: synthesis")
        map_to_cells(top, name, entry, folder)
        counts = count_cells(folder / "stat.json")
        result = {"core": name, "device": device, **counts}
        if not entry.router:
            return SynthesisResult(**result, fits=True, fmax_mhz=None, seeds=(), clocks={})
        if any(counts[key] > limit for key, limit in entry.capacity.items()):
            return SynthesisResult(**result, fits=False, fmax_mhz=None, seeds=seeds, clocks={})
        prepare_placement(top, name, entry, folder)
        report(f"{device}: place and route, {len(seeds)} seeds")

        names = clock_pins(top)

        def place(seed: int) -> dict[str, float] | None:
            clocks = place_and_route(entry, folder, seed, frequency or entry.frequency, names)
            report(f"{device}: seed {seed} done")
            return clocks

        with ThreadPoolExecutor(min(len(seeds), os.cpu_count() or 1)) as pool:
            try:
                runs = list(pool.map(place, seeds))
            except BaseException:
                # Else leaving would wait for the other seeds.
                stop_processes(folder)
                raise
    fitting = [run for run in runs if run]
    if len(fitting) < len(runs):
        return SynthesisResult(**result, fits=False, fmax_mhz=None, seeds=seeds, clocks={})
    clocks = {
        clock: round(statistics.median(run[clock] for run in fitting), 2)
        for clock in sorted(set.intersection(*(set(run) for run in fitting)))
    }
    main = next((clock for clock in _MAIN_CLOCKS if clock in clocks), None)
    return SynthesisResult(
        **result,
        fits=True,
        fmax_mhz=clocks[main] if main else None,
        seeds=seeds,
        clocks=clocks,
    )
