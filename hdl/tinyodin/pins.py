"""tinyODIN behind the pins of the published core (specification, section 2)."""

from ..interface.pins import PinsShell
from .config import TinyOdinConfig
from .core import TinyOdin

__all__ = ["TinyOdinPins"]


class TinyOdinPins(PinsShell):
    """Drop-in for the published tinyODIN; its module is called `tinyODIN`.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.
    idle_pin : bool
        Add the pin `IDLE`, for simulations.
    """

    def __init__(self, config: TinyOdinConfig, *, idle_pin: bool = False) -> None:
        super().__init__(TinyOdin(config), full_pin=True, idle_pin=idle_pin)
        self.config = config
