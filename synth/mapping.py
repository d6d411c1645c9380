"""Mapping a component to the cells of a device, with yosys."""

import shutil
from pathlib import Path

from amaranth.lib import wiring

from ..hdl.toolchain import run_yosys
from ..hdl.verilog import to_rtlil
from .device import SynthesisDevice, liberty_path
from .memory_cleanup import MEMORY_CLEANUP
from .package_pins import has_package_pins

__all__ = ["map_to_cells"]


def map_to_cells(top: wiring.Component, name: str, device: SynthesisDevice, folder: Path) -> None:
    """Write `netlist.il` and `netlist.json`, the component made of cells, and `stat.json`."""
    (folder / "design.il").write_text(to_rtlil(top, name), encoding="utf-8")
    # Only what is placed as it is has pads.
    pads = "" if has_package_pins(top) else "-noiopads"
    liberty = ""
    if device.family == "osu018":
        shutil.copy(liberty_path(), folder / "cells.lib")
        liberty = "-liberty cells.lib"
    run_yosys(
        f"read_rtlil design.il\n{MEMORY_CLEANUP}"
        f"{device.synthesis.format(top=name, pads=pads)}\n"
        "memory_unpack\n"
        f"tee -q -o stat.json stat -json {liberty}\n"
        f"select {name}\n"
        "write_rtlil -selected netlist.il\n"
        "select -clear\n"
        "write_json netlist.json\n",
        folder=folder,
        log="synthesis.log",
    )
