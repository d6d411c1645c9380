"""Placing and routing a netlist with nextpnr."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from amaranth.lib import wiring

from ..hdl.toolchain import ToolError, run_tool, run_yosys
from ..hdl.verilog import to_rtlil
from .device import SynthesisDevice
from .package_pins import has_package_pins
from .registered_top import RegisteredTop

__all__ = ["TOO_LARGE", "place_and_route", "prepare_placement"]

# Pins of the GW1NR-9 in QN88 for user signals; its router places no port by itself.
_GOWIN_PINS = (*range(25, 43), *range(48, 58), 63, *range(68, 78), *range(79, 87))

#: What nextpnr says when a design is too large for the device.
TOO_LARGE = re.compile(
    r"no BELs remaining|[Uu]nable to place cell|failed to place|[Uu]nable to find legal placement|"
    r"Too many|not enough|[Uu]nable to find a placement location|Failed to expand region",
)


def prepare_placement(
    top: wiring.Component, name: str, device: SynthesisDevice, folder: Path
) -> None:
    """Write `placement.json`, the netlist as nextpnr gets it, and the pins if it needs to be
    told.
    """
    _write_netlist(top, name, device, folder)
    if device.family == "gowin":
        _constrain_pins(folder / "pins.cst", folder / "placement.json")


def _write_netlist(top: wiring.Component, name: str, device: SynthesisDevice, folder: Path) -> None:
    if has_package_pins(top):
        shutil.copy(folder / "netlist.json", folder / "placement.json")
        return
    wrapper = RegisteredTop(top, name)
    (folder / "wrapper.il").write_text(to_rtlil(wrapper, "registered_top"), encoding="utf-8")
    run_yosys(
        # The component is a black box while the registers are synthesized, so that it stays as it
        # is.
        f"read_rtlil netlist.il\nblackbox {name}\nread_rtlil wrapper.il\n"
        f"{device.synthesis.format(top='registered_top', pads='')}\n"
        f"delete {name}\nread_rtlil netlist.il\nhierarchy -top registered_top\nflatten\nclean\n"
        "write_json placement.json\n",
        folder=folder,
    )


def _constrain_pins(path: Path, netlist_path: Path) -> None:
    """Give each port bit of a netlist some pin."""
    modules = json.loads(netlist_path.read_text(encoding="utf-8"))["modules"].values()
    top = next(module for module in modules if int(module["attributes"].get("top", "0"), 2))
    bits = []
    for name, port in top["ports"].items():
        width = len(port["bits"])
        bits += [name] if width == 1 else [f"{name}[{bit}]" for bit in range(width)]
    pairs = zip(bits, _GOWIN_PINS, strict=False)
    path.write_text("".join(f'IO_LOC "{bit}" {pin};\n' for bit, pin in pairs), encoding="utf-8")


def place_and_route(
    device: SynthesisDevice, folder: Path, seed: int, frequency: float, pins: Mapping[str, str]
) -> dict[str, float] | None:
    """Place and route; return the maximum frequency of each clock, or None if it does not fit."""
    report = f"report{seed}.json"
    arguments = ["--json", "placement.json", "--report", report, "--seed", str(seed)]
    arguments += ["--freq", str(frequency), "-q", *device.arguments]
    try:
        run_tool(device.router, arguments, folder=folder, log=f"nextpnr{seed}.log")
    except ToolError:
        if TOO_LARGE.search((folder / f"nextpnr{seed}.log").read_text(encoding="utf-8")):
            return None
        raise
    clocks = json.loads((folder / report).read_text(encoding="utf-8"))["fmax"]
    # Names of buffers around do not matter.
    names = (re.sub(r"^\$glbnet\$|(?<=\w)\$.*|^component\.", "", clock) for clock in clocks)
    return {
        pins.get(name, name): values["achieved"]
        for name, values in zip(names, clocks.values(), strict=True)
    }
