"""Shells with the pins of a chip, which are placed as they are."""

from collections.abc import Mapping

from amaranth.lib import wiring

from ..hdl.interface.pins_shell import PinsShell

__all__ = ["clock_pins", "has_package_pins"]


def has_package_pins(top: wiring.Component) -> bool:
    """Whether the ports of a component are the pins of a chip."""
    return isinstance(top, PinsShell)


def clock_pins(top: wiring.Component) -> Mapping[str, str]:
    """Return the pin of each clock, by the names that nextpnr may give it."""
    if not has_package_pins(top):
        return {}
    # nextpnr calls a clock after its net, which may have the name of a port inside, and keeps, or
    # not, the case of pins' names.
    clock = top.pins.clock
    return {"clk": clock, clock.lower(): clock, "sck": "SCK"}
