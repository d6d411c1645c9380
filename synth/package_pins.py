"""Shells with the pins of a chip, which are placed as they are."""

from collections.abc import Mapping

from amaranth.lib import wiring

from ..hdl.interface.pins import PinsShell
from ..hdl.interface.reckon_pins import ReckonPinsShell

__all__ = ["clock_pins", "has_package_pins"]

# nextpnr calls a clock after its net, which may have the name of a port inside, and keeps, or not, the
# case of pins' names; here is what it means.
_CLOCK_PINS: dict[type[wiring.Component], dict[str, str]] = {
    PinsShell: {"clk": "CLK", "sck": "SCK"},
    ReckonPinsShell: {"clk": "CLK_EXT", "clk_ext": "CLK_EXT", "sck": "SCK"},
}


def has_package_pins(top: wiring.Component) -> bool:
    """Whether the ports of a component are the pins of a chip."""
    return type(top) in _CLOCK_PINS


def clock_pins(top: wiring.Component) -> Mapping[str, str]:
    """Return the pin of each clock, by the names that nextpnr may give it."""
    return _CLOCK_PINS.get(type(top), {})
