"""Which host speaks to a core through a shell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...hdl.error import InputError

__all__ = ["HostKind", "find_host"]


@dataclass(frozen=True)
class HostKind:
    """A host: the protocols of a shell, spoken in C++ (`NAME.h`) and in Python (`amaranth.py`).

    Attributes
    ----------
    name : str
        Its name.
    clock, reset : str
        Ports of the shell.
    options : dict
        Arguments for the shell that it needs.
    """

    name: str
    clock: str
    reset: str
    options: Mapping[str, Any] = field(default_factory=dict)


_NATIVE = HostKind("native", "clk", "rst")
_ODIN_PINS = HostKind("odin_pins", "CLK", "RST", {"idle_pin": True})
_RECKON_PINS = HostKind("reckon_pins", "CLK_EXT", "RST", {"idle_pin": True})

#: By core and shell.
_HOSTS = {
    ("tinyodin", "native"): _NATIVE,
    ("tinyodin", "pins"): _ODIN_PINS,
    ("odin", "native"): _NATIVE,
    ("odin", "pins"): _ODIN_PINS,
    ("reckon", "native"): _NATIVE,
    ("reckon", "pins"): _RECKON_PINS,
}


def find_host(core: str, shell: str) -> HostKind:
    """Return the host for a core behind a shell.

    Raises
    ------
    InputError
        If there is none.
    """
    if (core, shell) not in _HOSTS:
        known = [known for name, known in _HOSTS if name == core]
        raise InputError(f"no engine drives the shell {shell!r}, they drive {', '.join(known)}")
    return _HOSTS[core, shell]
