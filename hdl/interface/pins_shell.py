"""What the shells with the pins of published chips have in common."""

from typing import Any

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from .pin_map import PinMap

__all__ = ["PinsShell"]


class PinsShell(wiring.Component):
    """A core behind the pins of its published chip; a subclass joins pins and core.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    pins : PinMap
        Its pins.
    ports : dict
        Members of the subclass, but for the pin that shows `idle`.
    idle_pin : bool
        Add the pin that shows the core's `idle`, for simulations: published chips have none.
    """

    def __init__(
        self, core: wiring.Component, pins: PinMap, ports: dict[str, Any], *, idle_pin: bool
    ) -> None:
        self.core = core
        self.config = core.config
        self.pins = pins
        self.has_idle_pin = idle_pin
        super().__init__(ports | ({pins.idle: Out(1)} if idle_pin else {}))
