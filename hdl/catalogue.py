"""The cores and shells there are, by name; loaded when they are used.

Cores are found through entry points of the group `spikewright.cores`, ours and those of other
installed packages alike, and as `package.module:NAME`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from .config import CoreConfig
from .core import Core, load
from .error import InputError, show

__all__ = [
    "SHELLS",
    "Shell",
    "clock_name",
    "core_names",
    "core_of",
    "default_top",
    "find_core",
    "find_shell",
    "interface_of",
    "make_component",
    "make_config",
    "make_core",
    "parse_parameters",
    "pins_of",
    "register_core",
    "shell_about",
    "shells_of",
    "top_name",
]

#: Group of the entry points of cores.
_GROUP = "spikewright.cores"

#: Cores named as `package.module:NAME` so far, by their own names.
_named: dict[str, Core] = {}


@dataclass(frozen=True)
class Shell:
    """A shell.

    Attributes
    ----------
    about : str
        What it is, a few words.
    component : str
        `module:class` of the shell, constructed from the core; empty for the published pins, which
        are the core's own.
    is_bus : bool
        Everything has an address on a bus.
    has_mailbox : bool
        Events and output words go through words of the bus, not through streams of their own.
    clock : str
        Port of the clock; the published pins have their own.
    """

    about: str
    component: str = ""
    is_bus: bool = False
    has_mailbox: bool = True
    clock: str = "clk"


#: Shells by name; all but `pins` fit every core.
SHELLS: Mapping[str, Shell] = {
    "pins": Shell("the pins of the published chip"),
    "native": Shell(
        "event streams and an access port, for use inside a larger design",
        "spikewright.hdl.interface.native:NativeShell",
    ),
    "wishbone": Shell(
        "Wishbone B4 slave for registers, memories and events, to sit beside a processor",
        "spikewright.hdl.interface.wishbone:WishboneShell",
        is_bus=True,
    ),
    "axi": Shell(
        "AXI4-Lite slave for registers and memories, AXI4-Streams for events",
        "spikewright.hdl.interface.axi:AxiShell",
        is_bus=True,
        has_mailbox=False,
        clock="aclk",
    ),
}


@cache
def _entry_points() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for point in entry_points(group=_GROUP):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise InputError(
                f"two packages have a core {point.name!r}: {other.value} and {point.value}"
            )
        found[point.name] = point
    return found


def core_names() -> list[str]:
    """Return the names of all cores that are installed, in alphabetical order."""
    return sorted(_entry_points())


def find_core(name: str) -> Core:
    """Return a core by its name, or as `package.module:NAME`.

    A core that has been named by its module is found by its own name from then on.

    Raises
    ------
    InputError
        If there is none; names the cores there are.
    """
    if name in _named:
        return _named[name]
    points = _entry_points()
    if ":" in name:
        core = _checked(name, load(name))
        register_core(core)
        return core
    if name not in points:
        known = " or ".join([*core_names(), "package.module:NAME"])
        raise InputError(f"there is no core {show(name)}, allowed is {known}")
    return _entry_core(name)


def register_core(core: Core) -> None:
    """Make a core known by its name in this process, as for one that is written in a notebook.

    Raises
    ------
    InputError
        If another core has that name.
    """
    name = core.name
    other = _named.get(name) or (_entry_core(name) if name in _entry_points() else None)
    if other is not None and other != core:
        raise InputError(f"there is another core {name!r} already")
    _named[name] = core


@cache
def _entry_core(name: str) -> Core:
    return _checked(name, load(_entry_points()[name].value))


def _checked(name: str, core: Any) -> Core:
    if not isinstance(core, Core):
        raise InputError(f"{name} is {type(core).__name__}, allowed is a Core")
    return core


def core_of(config: CoreConfig) -> Core:
    """Return the core of a configuration."""
    return find_core(config.core)


def interface_of(config: CoreConfig) -> Any:
    """Return the `Interface` of the core of a configuration."""
    return core_of(config).interface_of(config)


def pins_of(config: CoreConfig) -> Any:
    """Return the `PinMap` of the published chip, with the sizes of a configuration; None if
    absent.
    """
    return core_of(config).pins_of(config)


def make_config(core: str, parameters: Mapping[str, Any] | None = None) -> CoreConfig:
    """Return the configuration of a core; parameters that are not given are the published chip's.

    Raises
    ------
    InputError
        If the core or a parameter is unknown or a value is not allowed.
    """
    return find_core(core).config_class().from_mapping(parameters or {})


def shells_of(core: str) -> dict[str, Shell]:
    """Return the shells of a core by name, the default first."""
    found = find_core(core)
    return {name: shell for name, shell in SHELLS.items() if name != "pins" or found.pins}


def find_shell(core: str, shell: str | None = None) -> str:
    """Return the name of a shell of a core; its default if none is given.

    Raises
    ------
    InputError
        If the core or the shell is unknown; names the shells there are.
    """
    shells = shells_of(core)
    if shell is None:
        return next(iter(shells))
    if shell not in shells:
        name = find_core(core).name
        raise InputError(f"{name} has no shell {show(shell)}, allowed is {' or '.join(shells)}")
    return shell


def top_name(config: CoreConfig, shell: str) -> str:
    """Return the name of the top module of a core in a shell."""
    pins = pins_of(config)
    return pins.top if shell == "pins" and pins else f"{config.core}_{shell}"


def clock_name(config: CoreConfig, shell: str) -> str:
    """Return the port of the clock of a core in a shell."""
    pins = pins_of(config)
    return pins.clock if shell == "pins" and pins else SHELLS[shell].clock


def shell_about(core: str, shell: str) -> str:
    """Return what a shell of a core is, a few words."""
    found = find_core(core)
    if shell == "pins" and found.pins:
        return found.pins_of(found.config_class()()).about
    return SHELLS[shell].about


def default_top(config: CoreConfig, shell: str) -> str:
    """Return the name of the top module, if the user gives none.

    That of the shell; with what tells a configuration that is not the default one from others, so
    that several fit into a design.
    """
    top = top_name(config, shell)
    return f"{top}_{config.digest}" if config.digest else top


def make_core(config: CoreConfig) -> Any:
    """Return the hardware of a configuration, with its native interface and in no shell."""
    return core_of(config).make(config)


def make_component(config: CoreConfig, shell: str, **options: Any) -> tuple[Any, Any]:
    """Return the hardware of a configuration in a shell, and the core inside it.

    But for the published pins, a reset gives the registers their reset values.

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
    find_shell(config.core, shell)
    if shell == "pins":
        core = make_core(config)
        pins = pins_of(config)
        return load(pins.shell)(core, pins, **options), core
    # Only the published pins have users who rely on registers that survive a reset.
    core = core_of(config).make(config, reset_registers=True)
    return load(SHELLS[shell].component)(core, **options), core


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
