"""The cores and shells there are, by name; loaded when they are used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from amaranth.lib import data

from .config import CoreConfig
from .error import InputError, show

__all__ = [
    "CORES",
    "Core",
    "Shell",
    "find_core",
    "find_shell",
    "make_component",
    "make_config",
    "make_core",
    "parse_parameters",
]


def _load(name: str) -> Any:
    """Return what `module:attribute` names, the module being relative to this package."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f".{module}", __package__), attribute)


@dataclass(frozen=True)
class Shell:
    """A shell of a core.

    Attributes
    ----------
    about : str
        What it is, a few words.
    top : str
        Name of the top module, if the user gives none.
    component : str
        `module:class` of the shell, constructed from the core.
    """

    about: str
    top: str
    component: str


@dataclass(frozen=True)
class Core:
    """A core.

    Attributes
    ----------
    about : str
        What it is, a few words.
    config, component : str
        `module:class` of its configuration and of its hardware.
    shells : dict of Shell
        Its shells by name, the default first.
    words : dict of str
        `module:function` from a configuration to the layout of a word, by the name of the memory or
        of the event.
    """

    about: str
    config: str
    component: str
    shells: Mapping[str, Shell]
    words: Mapping[str, str]

    def config_class(self) -> type[CoreConfig]:
        """Return the class of its configurations."""
        return _load(self.config)

    def layouts(self, config: CoreConfig) -> dict[str, data.Layout]:
        """Return the layouts of its words, by the name of the memory or of the event."""
        return {name: _load(function)(config) for name, function in self.words.items()}


def _bus_shells(core: str) -> dict[str, Shell]:
    """Return the shells for systems on a chip, which every core has."""
    return {
        "wishbone": Shell(
            "Wishbone B4 slave for registers, memories and events, to sit beside a processor",
            f"{core}_wishbone",
            "interface.wishbone:WishboneShell",
        ),
        "axi": Shell(
            "AXI4-Lite slave for registers and memories, AXI4-Streams for events",
            f"{core}_axi",
            "interface.axi:AxiShell",
        ),
    }


CORES: Mapping[str, Core] = {
    "tinyodin": Core(
        about="crossbar of leaky integrate-and-fire neurons without plasticity",
        config="tinyodin.config:TinyOdinConfig",
        component="tinyodin.core:TinyOdin",
        shells={
            "pins": Shell(
                "SPI and four-phase AER with the published pins, a drop-in for the chip",
                "tinyODIN",
                "interface.pins:PinsShell",
            ),
            "native": Shell(
                "event streams and an access port, for use inside a larger design",
                "tinyodin_native",
                "interface.native:NativeShell",
            ),
            **_bus_shells("tinyodin"),
        },
        words={
            "neurons": "tinyodin.layout:neuron_word",
            "input event": "tinyodin.layout:event_word",
        },
    ),
    "odin": Core(
        about="crossbar of LIF and Izhikevich-type neurons, learning with SDSP",
        config="odin.config:OdinConfig",
        component="odin.core:Odin",
        shells={
            "pins": Shell(
                "SPI and four-phase AER with the published pins, a drop-in for the chip",
                "ODIN",
                "interface.pins:PinsShell",
            ),
            "native": Shell(
                "event streams and an access port, for use inside a larger design",
                "odin_native",
                "interface.native:NativeShell",
            ),
            **_bus_shells("odin"),
        },
        words={
            "neurons (leaky integrate-and-fire)": "odin.layout:lif_word",
            "neurons (Izhikevich type)": "odin.layout:izhikevich_word",
            "synapse": "odin.layout:synapse",
            "input event": "odin.layout:event_word",
        },
    ),
    "reckon": Core(
        about="recurrent network of spiking neurons, learning with e-prop",
        config="reckon.config:ReckonConfig",
        component="reckon.core:Reckon",
        shells={
            "pins": Shell(
                "32-bit SPI and four-phase buses with the published pins, a drop-in for the chip",
                "reckon",
                "interface.reckon_pins:ReckonPinsShell",
            ),
            "native": Shell(
                "event streams and an access port, for use inside a larger design",
                "reckon_native",
                "interface.native:NativeShell",
            ),
            **_bus_shells("reckon"),
        },
        words={
            "neurons": "reckon.layout:neuron_word",
            "input event": "reckon.layout:event_word",
        },
    ),
}


def find_core(name: str) -> Core:
    """Return a core by name.

    Raises
    ------
    InputError
        If it is unknown; names the cores there are.
    """
    if name not in CORES:
        raise InputError(f"there is no core {name!r}, allowed is {' or '.join(CORES)}")
    return CORES[name]


def make_config(core: str, parameters: Mapping[str, Any] | None = None) -> CoreConfig:
    """Return the configuration of a core; parameters that are not given are the published chip's.

    Raises
    ------
    InputError
        If the core or a parameter is unknown or a value is not allowed.
    """
    return find_core(core).config_class().from_mapping(parameters or {})


def find_shell(core: str, shell: str) -> Shell:
    """Return a shell of a core by name.

    Raises
    ------
    InputError
        If the core or the shell is unknown; names the shells there are.
    """
    shells = find_core(core).shells
    if shell not in shells:
        raise InputError(f"{core} has no shell {shell!r}, allowed is {' or '.join(shells)}")
    return shells[shell]


def make_core(config: CoreConfig) -> Any:
    """Return the core of a configuration, with its native interface and in no shell."""
    return _load(find_core(config.core).component)(config)


def make_component(config: CoreConfig, shell: str, **options: Any) -> tuple[Any, Any]:
    """Return the hardware of a configuration in a shell, and the core inside it.

    Parameters
    ----------
    config : CoreConfig
        Configuration.
    shell : str
        Shell around the core.
    **options
        More arguments for the shell, as in `idle_pin=True`.

    Raises
    ------
    InputError
        If the core has no such shell.
    """
    found = find_shell(config.core, shell)
    core = make_core(config)
    return _load(found.component)(core, **options), core


def parse_parameters(items: Iterable[str]) -> dict[str, int]:
    """Turn parameters as the command line gives them, `NAME=VALUE`, into a mapping.

    Raises
    ------
    InputError
        If one has another form, a value is not a whole number, or a name comes twice.
    """
    values: dict[str, int] = {}
    for item in items:
        name, equals, text = (part.strip() for part in item.partition("="))
        if not equals or not name:
            raise InputError(f"parameter {show(item)} is not of the form NAME=VALUE")
        if name in values:
            raise InputError(f"parameter {name} is given twice")
        try:
            values[name] = int(text, 0)
        except ValueError:
            raise InputError(
                f"parameter {name} is {show(text)}, allowed is a whole number"
            ) from None
    return values
