"""A design as engines take it: RTLIL and its ports."""

from dataclasses import dataclass

from amaranth.back import rtlil
from amaranth.hdl import Shape
from amaranth.lib import wiring

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
        The design; memories not yet cleaned up.
    ports : tuple of Port
        Ports of the top module.
    """

    top: str
    rtlil: str
    ports: tuple[Port, ...]


def ports_of(component: wiring.Component) -> tuple[Port, ...]:
    """List the ports of a component under the names they have in its module."""
    return tuple(
        Port("__".join(map(str, path)), Shape.cast(member.shape).width, member.flow is wiring.In)
        for path, member, _ in component.signature.flatten(component)
    )


def elaborate(component: wiring.Component, top: str = "top") -> Design:
    """Elaborate a component, which brings its own clock domains."""
    return Design(top, rtlil.convert(component, name=top, emit_src=False), ports_of(component))
