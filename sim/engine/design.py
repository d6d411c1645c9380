"""A design as engines take it: RTLIL and its ports."""

import re
from dataclasses import dataclass

from amaranth.back import rtlil
from amaranth.hdl import Shape
from amaranth.lib import wiring

from ...hdl.memory.behaviour import behaviours
from ...hdl.memory.technology import MemoryPlatform, Technology, check_macro_names
from ...hdl.toolchain import run_yosys, working_folder
from ...synth.switching_activity import ActivityProbes

__all__ = ["Design", "Port", "elaborate", "ports_of"]


@dataclass(frozen=True)
class Port:
    """A port of the top module: its name there, its width, and whether it is an input."""

    name: str
    width: int
    is_input: bool


@dataclass(frozen=True)
class Design:
    """An elaborated design.

    Attributes
    ----------
    top : str
        Name of the top module.
    rtlil : str
        The design; memories not yet cleaned up. Macros it uses have their models in it.
    ports : tuple of Port
        Ports of the top module, without those of the probes.
    probes : ActivityProbes, optional
        Probes of its switching activity.
    """

    top: str
    rtlil: str
    ports: tuple[Port, ...]
    probes: ActivityProbes | None = None


def ports_of(component: wiring.Component) -> tuple[Port, ...]:
    """List the ports of a component under the names they have in its module."""
    return tuple(
        Port("__".join(map(str, path)), Shape.cast(member.shape).width, member.flow is wiring.In)
        for path, member, _ in component.signature.flatten(component)
    )


def elaborate(
    component: wiring.Component, top: str = "top", memory: Technology | None = None
) -> Design:
    """Elaborate a component, which brings its own clock domains.

    Parameters
    ----------
    component : wiring.Component
        The component.
    top : str
        Name of its module.
    memory : Technology, optional
        What memories are made of; plain memories if not given.

    Raises
    ------
    InputError
        If the technology has no way to make a memory, or a macro with the name of the module.
    """
    if memory is not None:
        check_macro_names(memory, top)
    platform = None if memory is None else MemoryPlatform(memory)
    text = rtlil.convert(component, name=top, platform=platform, emit_src=False)
    if memory is not None:
        text = _with_models(text, memory)
    return Design(top, text, ports_of(component))


def _with_models(text: str, memory: Technology) -> str:
    """Add the models of the macros that a design has cells of."""
    cells = set(re.findall(r"^\s*cell \\(\S+)", text, re.MULTILINE))
    macros = [macro for macro in memory.macros if macro.interface and macro.name in cells]
    if not macros:
        return text
    with working_folder() as folder:
        (folder / "models.v").write_text(behaviours(macros, undefined="changing"), encoding="utf-8")
        run_yosys("read_verilog models.v\nproc\nwrite_rtlil models.il\n", folder=folder)
        return text + (folder / "models.il").read_text(encoding="utf-8")
