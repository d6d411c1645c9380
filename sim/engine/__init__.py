"""Ways to run RTL."""

from importlib import import_module
from pathlib import Path

from ...hdl.catalogue import make_component
from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from .design import Design, elaborate, ports_of
from .engine import Engine

__all__ = ["ENGINES", "open_engine"]

#: Engines by name, and what to know about each.
ENGINES = {
    "cxxrtl": "compiled by yosys and the C++ compiler; fast",
    "verilator": "compiled by Verilator, if it is installed; fast on large designs",
    "amaranth": "Amaranth's own simulator in Python; slow, needs nothing else",
}

_CLASSES = {"cxxrtl": "CxxrtlEngine", "verilator": "VerilatorEngine", "amaranth": "AmaranthEngine"}

_CLOCKS = {"native": "clk", "pins": "CLK"}


def open_engine(
    config: CoreConfig,
    *,
    shell: str = "native",
    engine: str = "cxxrtl",
    netlist: str | None = None,
    wave: Path | None = None,
) -> tuple[Engine, object]:
    """Start a simulation of a core behind a shell.

    Returns
    -------
    engine : Engine
        The simulation, reset.
    core : wiring.Component
        The core, for its registers and memories.

    Raises
    ------
    InputError
        If the shell, the engine or the family is unknown, or something needed is not installed.
    """
    if engine not in ENGINES:
        raise InputError(f"there is no engine {engine!r}, there are {', '.join(ENGINES)}")
    if shell not in _CLOCKS:
        raise InputError(f"no engine drives the shell {shell!r}, they drive {', '.join(_CLOCKS)}")
    if wave is not None:
        wave.parent.mkdir(parents=True, exist_ok=True)
    options = {"idle_pin": True} if shell == "pins" else {}
    component, core = make_component(config, shell, **options)
    if netlist is not None:
        if engine != "cxxrtl":
            raise InputError(f"netlists run in the engine cxxrtl, not in {engine}")
        from ...boards.synthesis import netlist as synthesize_netlist

        design = Design("top", synthesize_netlist(component, "top", netlist), ports_of(component))
    elif engine == "amaranth":
        design = component
    else:
        design = elaborate(component)
    factory = getattr(import_module(f".{engine}", __name__), _CLASSES[engine])
    return factory(design, core=core, shell=shell, clock=_CLOCKS[shell], wave=wave), core
