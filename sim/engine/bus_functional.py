"""Bus-functional models: what speaks the protocols of a shell inside an engine.

There are two kinds, in C++ (`native.h`, `pins.h`) and in Python (`amaranth.py`). What they must
know of a core, the names of its ports, follows from its interface and its pins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...hdl.catalogue import find_shell, interface_of, pins_of
from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.interface.interface import Interface
from ...hdl.interface.native import port_name
from ...hdl.interface.pin_map import PinMap

__all__ = ["BusFunctionalModel", "find_bus_functional_model"]


@dataclass(frozen=True)
class BusFunctionalModel:
    """What drives a core behind a shell.

    Attributes
    ----------
    name : str
        `native` or `pins`.
    clock, reset : str
        Ports of the shell.
    interface : Interface
        The core's interface.
    pins : PinMap, optional
        The pins, for `pins`.
    options : mapping
        Arguments for the shell that it needs.
    """

    name: str
    clock: str
    reset: str
    interface: Interface
    pins: PinMap | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def constants(self) -> dict[str, int]:
        """Return the constants that the C++ needs, by name."""
        constants = {"INPUTS": len(self.interface.inputs), "OUTPUTS": len(self.interface.outputs)}
        if self.pins is not None:
            constants["SPI_BITS"] = self.pins.spi.bits
        return constants

    def writers(self) -> dict[str, list[list[tuple[str, int, int]]]]:
        """Return C++ functions that drive ports.

        By name: for each stream, or once, the port, the lowest bit it takes of the value and the
        number of bits.
        """
        if self.pins is None:
            return {
                "set_payload": [[(port_name(n, "payload"), 0, 64)] for n in self.interface.inputs],
                "set_valid": [[(port_name(n, "valid"), 0, 1)] for n in self.interface.inputs],
                "set_ready": [[(port_name(n, "ready"), 0, 1)] for n in self.interface.outputs],
                "set_request": [[(port_name("access", "request", "payload"), 0, 64)]],
                "set_request_valid": [[(port_name("access", "request", "valid"), 0, 1)]],
                "set_reset": [[(self.reset, 0, 1)]],
            }
        inputs = [(self.pins.buses[n], s) for n, s in self.interface.inputs.items()]
        outputs = [self.pins.buses[name] for name in self.interface.outputs]
        return {
            "set_payload": [
                [
                    (bus.address, 0, stream.address_bits),
                    *(
                        (bus.flags[flag], stream.address_bits + number, 1)
                        for number, flag in enumerate(stream.flags)
                    ),
                ]
                for bus, stream in inputs
            ],
            "set_request": [[(bus.request, 0, 1)] for bus, _ in inputs],
            "set_acknowledge": [[(bus.acknowledge, 0, 1)] for bus in outputs],
            "set_sck": [[("SCK", 0, 1)]],
            "set_mosi": [[("MOSI", 0, 1)]],
            "set_reset": [[(self.reset, 0, 1)]],
        }

    def readers(self) -> dict[str, list[str]]:
        """Return C++ functions that read ports: by name, the port of each stream, or one."""
        if self.pins is None:
            return {
                "taken": [port_name(name, "ready") for name in self.interface.inputs],
                "valid": [port_name(name, "valid") for name in self.interface.outputs],
                "payload": [port_name(name, "payload") for name in self.interface.outputs],
                "request_taken": [port_name("access", "request", "ready")],
                "access_data": [port_name("access", "data")],
                "is_idle": ["idle"],
            }
        inputs = [self.pins.buses[name] for name in self.interface.inputs]
        outputs = [self.pins.buses[name] for name in self.interface.outputs]
        return {
            "acknowledged": [bus.acknowledge for bus in inputs],
            "requested": [bus.request for bus in outputs],
            "payload": [bus.address for bus in outputs],
            "miso": ["MISO"],
            "is_idle": [self.pins.idle],
        }


def find_bus_functional_model(config: CoreConfig, shell: str) -> BusFunctionalModel:
    """Return what drives a core behind a shell.

    Raises
    ------
    InputError
        If the core has no such shell, or no engine drives it.
    """
    find_shell(config.core, shell)
    interface, pins = interface_of(config), pins_of(config)
    if shell == "native":
        return BusFunctionalModel("native", "clk", "rst", interface)
    if shell == "pins":
        options = {"idle_pin": True}
        return BusFunctionalModel("pins", pins.clock, pins.reset, interface, pins, options)
    known = " or ".join(["native", *(["pins"] if pins else [])])
    raise InputError(f"no engine drives the shell {shell!r}, allowed is {known}")
