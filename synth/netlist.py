"""Netlists of a component that can be simulated."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from ..hdl.error import InputError
from ..hdl.toolchain import run_yosys, working_folder
from .device import DEVICES
from .mapping import map_to_cells

__all__ = ["FAMILIES", "netlist"]

_CELLS = Path(__file__).parent / "cells"

#: Families of cells whose netlists can be simulated: the device, and how yosys reads the cells'
#: models. Ours stand in for cells that yosys has as black boxes or cannot synthesize.
FAMILIES: dict[str, tuple[str, str]] = {
    "ice40": (
        "ice40up5k",
        "read_verilog models/ice40.v\nread_verilog -nooverwrite -icells +/ice40/cells_sim.v",
    ),
    "ecp5": (
        "ecp5-85k",
        "read_verilog models/ecp5.v\nread_verilog -nooverwrite -icells +/ecp5/cells_sim.v",
    ),
    "osu018": ("osu018", "read_liberty cells.lib"),
}


def netlist(
    top: wiring.Component,
    name: str,
    family: str,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> str:
    """Return the netlist of a component as RTLIL that can be simulated.

    The component is synthesized for the family; then each of the vendor's cells is replaced by its
    simulation model and the whole is flattened. The ports are those of the component. Memories that
    would be SRAM macros stay memories.

    Parameters
    ----------
    top : wiring.Component
        The component.
    name : str
        Name of the top module.
    family : str
        `ice40` (with the RAM of the UltraPlus), `ecp5` or `osu018`.
    change : callable, optional
        Called with the module made of cells, as yosys' JSON has it; may add to it.

    Raises
    ------
    InputError
        If the family is unknown or its library is not installed.
    ToolError
        If a tool fails.
    """
    if family not in FAMILIES:
        raise InputError(f"no netlist for family {family!r}, allowed is {' or '.join(FAMILIES)}")
    device, models = FAMILIES[family]
    with working_folder() as folder:
        map_to_cells(top, name, DEVICES[device], folder)
        shutil.copytree(_CELLS, folder / "models")
        read = "read_rtlil netlist.il"
        if change is not None:
            changed = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))
            change(changed["modules"][name])
            (folder / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
            # Reading RTLIL, unlike JSON, keeps names that yosys makes later apart from those it has
            # made.
            read = "read_rtlil netlist.il\ndelete\nread_json changed.json"
        run_yosys(
            f"{read}\n"
            f"{models}\n"
            f"hierarchy -check -top {name}\n"
            "proc\n"
            "flatten\n"
            # Models of standard cells are made of gates and flip-flops of one bit; some of the
            # latter can set and reset until constants have been propagated.
            "techmap -map models/gates.v\n"
            "opt -full\n"
            "techmap -map models/gates.v\n"
            # One write port for the bits of a word instead of one each.
            "memory -nomap\n"
            # Zeros are what simulated memories start with; spelling them out takes compilers long.
            "setparam -set INIT 1'bx t:$mem_v2 r:INIT=18432'b0 %i\n"
            "opt_clean -purge\n"
            "check\n"
            "write_rtlil simulation.il\n",
            folder=folder,
        )
        return (folder / "simulation.il").read_text(encoding="utf-8")
