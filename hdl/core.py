"""What a core is: one frozen description, from which everything else finds its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .config import CoreConfig
from .error import InputError

if TYPE_CHECKING:
    from .interface.interface import Interface
    from .interface.pin_map import PinMap

__all__ = ["Core", "load"]


def load(place: Any) -> Any:
    """Return what `package.module:NAME`, or `package.module`, names; anything but a string as it
    is.

    Raises
    ------
    InputError
        If there is no such module or it has no such name.
    """
    if not isinstance(place, str):
        return place
    module, _, name = place.partition(":")
    try:
        found = import_module(module)
    except ImportError as error:
        raise InputError(f"{place}: {module} cannot be imported: {error}") from None
    if not name:
        return found
    if not hasattr(found, name):
        raise InputError(f"{place}: {module} has no {name}")
    return getattr(found, name)


@dataclass(frozen=True, kw_only=True)
class Core:
    """What a core is. It is data only: parts are named as `package.module:NAME` and loaded on use.

    A part can also be given as the object itself, as in a notebook.

    Attributes
    ----------
    name : str
        Its name on the command line and in files; the `core` of its configurations.
    about : str
        What it is, a few words.
    config : str
        Class of its configurations, a `CoreConfig`.
    interface : str
        Function from a configuration to its `Interface`.
    hardware : str
        Component with that interface, constructed from a configuration.
    model : str
        Bit-exact model, a `Device` constructed from a configuration.
    workload : str
        Module with what it is verified with: see `sim.workload`.
    pins : str or None
        Function from a configuration to the `PinMap` of the published chip.
    trace_parameters : tuple of str
        Parameters that change results; a trace gives these alone.
    boards : mapping of str to (mapping of str to int)
        Parameters that suit a board better than their defaults, by the board's name.
    """

    name: str
    about: str
    config: Any
    interface: Any
    hardware: Any
    model: Any
    workload: Any
    pins: Any = None
    trace_parameters: tuple[str, ...]
    boards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.name)

    def config_class(self) -> type[CoreConfig]:
        """Return the class of its configurations."""
        return load(self.config)

    def interface_of(self, config: CoreConfig) -> "Interface":
        """Return what the core of a configuration looks like from inside a design."""
        return _of_config(self.interface, config)

    def pins_of(self, config: CoreConfig) -> "PinMap | None":
        """Return the pins of the published chip, with the sizes of a configuration."""
        return None if self.pins is None else _of_config(self.pins, config)

    def make(self, config: CoreConfig, *, reset_registers: bool = False) -> Any:
        """Return the hardware of a configuration, with its native interface and in no shell.

        With `reset_registers` a reset gives the registers their reset values; the hardware of a
        core whose reset leaves them alone (`Interface.reset_clears_registers`) takes this argument.
        """
        if reset_registers and not self.interface_of(config).reset_clears_registers:
            return load(self.hardware)(config, reset_registers=True)
        return load(self.hardware)(config)

    def trace_values(self, config: CoreConfig) -> dict[str, int]:
        """Return the parameters of a configuration that change results."""
        return {name: getattr(config, name) for name in self.trace_parameters}

    def trace_config(self, config: CoreConfig) -> CoreConfig:
        """Return the configuration with the same results and defaults for everything else."""
        return self.config_class()(**self.trace_values(config))


@lru_cache(maxsize=64)
def _of_config(place: str, config: CoreConfig) -> Any:
    return load(place)(config)
