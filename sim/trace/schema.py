"""What the traces of a core hold: which steps there are, and how wide their values are."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...hdl.catalogue import core_of
from ...hdl.config import CoreConfig
from ...hdl.interface.interface import Interface, Stream
from ...hdl.interface.pin_map import PinMap, SpiWords

__all__ = ["Schema", "find_schema"]


@dataclass(frozen=True)
class Schema:
    """What the traces of a configuration hold; it follows from the core's description.

    Attributes
    ----------
    core : str
        Name of the core.
    interface : Interface
        The core's interface.
    pins : PinMap, optional
        The published pins.
    """

    core: str
    interface: Interface
    pins: PinMap | None

    @property
    def spi(self) -> SpiWords | None:
        """The SPI transactions of the published pins."""
        return self.pins.spi if self.pins else None

    @property
    def event(self) -> Stream:
        """The input stream of events."""
        return self.interface.inputs[self.interface.event]

    @property
    def output_bits(self) -> int:
        """Bits of an output word."""
        return self.interface.outputs[self.interface.output].width

    @property
    def register_bits(self) -> tuple[int, int]:
        """Bits of a register's address and of its value in a `config` step."""
        if self.spi:
            return self.spi.register_bits, self.spi.bits
        request = self.interface.request_layout
        return request["address"].width, request["data"].width

    @property
    def levels(self) -> Mapping[str, str]:
        """Names of levels in a trace, those of pins if there are any, with their plain names."""
        return _by_trace_name(self.interface.levels, self.pins.levels if self.pins else {})

    @property
    def statuses(self) -> Mapping[str, str]:
        """Names of statuses in a trace, with their plain names."""
        return _by_trace_name(self.interface.statuses, self.pins.statuses if self.pins else {})


def _by_trace_name(names: Mapping[str, str], pins: Mapping[str, str]) -> dict[str, str]:
    return {pins.get(name, name): name for name in names}


def find_schema(config: CoreConfig) -> Schema:
    """Return what the traces of a configuration hold."""
    core = core_of(config)
    return Schema(core.name, core.interface_of(config), core.pins_of(config))
