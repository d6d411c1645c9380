"""A netlist of standard cells with probes of its switching activity."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.lib import wiring

from ..hdl.error import InputError
from ..hdl.toolchain import ToolError, run_yosys, working_folder
from .device import liberty_path
from .netlist import netlist

__all__ = ["ActivityProbes", "probed_netlist"]

#: pF in a unit of capacitance.
_UNITS = {"pf": 1.0, "ff": 1e-3}

# Bits of a port.
_PORT = 64


@dataclass(frozen=True)
class ActivityProbes:
    """Probes of switching activity in a netlist of standard cells.

    The netlist has output ports of up to 64 bits for it: `toggles_0` and so on, a bit for each net
    with input pins of cells on it, and `accesses_0` and so on, a bit for each port of a memory, 1
    while it is used.

    Attributes
    ----------
    capacitances : tuple of float
        Input capacitance on each probed net, in pF; the main clock is not one of them.
    accesses : tuple of tuple
        For each port of a memory: the memory's name, `reads` or `writes`, and bits of a word.
    clock_capacitance : float
        Input capacitance on the main clock, in pF.
    voltage : float
        Supply of the library, in V.
    """

    capacitances: tuple[float, ...]
    accesses: tuple[tuple[str, str, int], ...]
    clock_capacitance: float
    voltage: float

    def net_energy(self, toggles: Sequence[int]) -> float:
        """Return the pJ that charging the nets takes, given how often each has changed.

        A change takes C V^2 / 2 on average: C V^2 if it rises, nothing if it falls.
        """
        charged = sum(c * count for c, count in zip(self.capacitances, toggles, strict=True))
        return charged * self.voltage**2 / 2

    def clock_energy(self, cycles: int) -> float:
        """Return the pJ that charging the main clock takes: it rises once a cycle."""
        return cycles * self.clock_capacitance * self.voltage**2


def probed_netlist(top: wiring.Component, name: str, clock: str) -> tuple[str, ActivityProbes]:
    """Return the netlist of a component in cells of OSU018, as RTLIL, with the ports of its probes.

    Parameters
    ----------
    top : wiring.Component
        The component.
    name : str
        Name of the top module.
    clock : str
        Port of the main clock.

    Raises
    ------
    InputError
        If the library is not installed or lacks what is needed.
    ToolError
        If a tool fails.
    """
    pins, voltage = _read_library()
    probes: list[ActivityProbes] = []
    rtlil = netlist(
        top, name, "osu018", lambda module: probes.append(_add_ports(module, clock, pins, voltage))
    )
    return rtlil, probes[0]


def _read_library() -> tuple[dict[str, dict[str, float]], float]:
    """Return the capacitance of each cell's input pins in pF, and the voltage."""
    path = liberty_path()
    text = path.read_text(encoding="utf-8")
    voltage = re.search(r"nom_voltage\s*:\s*([\d.]+)", text)
    unit = re.search(
        r"capacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*(pf|ff)\s*\)", text, re.IGNORECASE
    )
    if voltage is None or unit is None:
        raise InputError(f"{path} names no nom_voltage or no capacitive_load_unit in pf or ff")
    scale = float(unit[1]) * _UNITS[unit[2].lower()]
    with working_folder() as folder:
        shutil.copy(path, folder / "cells.lib")
        run_yosys("read_liberty -lib cells.lib\nwrite_json library.json\n", folder=folder)
        modules = json.loads((folder / "library.json").read_text(encoding="utf-8"))["modules"]
    pins = {
        cell: {
            pin: scale * float(module["netnames"][pin]["attributes"].get("capacitance", 0))
            for pin, port in module["ports"].items()
            if port["direction"] == "input"
        }
        for cell, module in modules.items()
    }
    return pins, float(voltage[1])


def _add_ports(
    module: dict[str, Any], clock: str, pins: dict[str, dict[str, float]], voltage: float
) -> ActivityProbes:
    """Add the ports to a module, as yosys' JSON has it."""
    loads: dict[int, float] = {}
    accesses: list[tuple[str, str, int]] = []
    enables: list[list[int | str]] = []
    for cell in module["cells"].values():
        kind, connections = cell["type"], cell["connections"]
        if kind in pins:
            for pin, capacitance in pins[kind].items():
                (bit,) = connections[pin]
                if isinstance(bit, int):
                    loads[bit] = loads.get(bit, 0.0) + capacitance
        elif kind in ("$memrd_v2", "$memwr_v2"):
            # `Sram` has an array in it, and Amaranth numbers modules that are called like something
            # else.
            name = cell["parameters"]["MEMID"].lstrip("\\").removesuffix(".array")
            memory = re.sub(r"\$\d+", "", name)
            what = "reads" if kind == "$memrd_v2" else "writes"
            accesses.append((memory, what, len(connections["DATA"])))
            enables.append(connections["EN"])
        elif kind != "$scopeinfo":
            raise ToolError(f"cells of {kind} are in the netlist, and not in the library")
    # The engines do not see the main clock: it rises and falls in every cycle.
    clock_capacitance = loads.pop(module["ports"][clock]["bits"][0], 0.0)
    _add_outputs(module, "toggles", list(loads))
    _add_outputs(module, "accesses", [_any_of(module, bits) for bits in enables])
    return ActivityProbes(tuple(loads.values()), tuple(accesses), clock_capacitance, voltage)


def _add_outputs(module: dict[str, Any], kind: str, bits: list[int]) -> None:
    for start in range(0, len(bits), _PORT):
        port = {"direction": "output", "bits": bits[start : start + _PORT]}
        module["ports"][f"{kind}_{start // _PORT}"] = port


def _any_of(module: dict[str, Any], bits: list[int | str]) -> int:
    """Add a cell that tells whether any of some bits is 1; return its output."""
    used = (bit for net in module["netnames"].values() for bit in net["bits"])
    output = 1 + max(bit for bit in used if isinstance(bit, int))
    parameters = {"A_SIGNED": 0, "A_WIDTH": len(bits), "Y_WIDTH": 1}
    module["cells"][f"any_of_{output}"] = {
        "type": "$reduce_or",
        "parameters": {key: f"{value:032b}" for key, value in parameters.items()},
        "attributes": {},
        "connections": {"A": bits, "Y": [output]},
    }
    module["netnames"][f"any_{output}"] = {"bits": [output], "attributes": {}}
    return output
