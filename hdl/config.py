"""What every core configuration shares: declared, validated, documented parameters."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from .error import InputError, show
from .files import read_toml

__all__ = [
    "CoreConfig",
    "Parameter",
    "integer",
    "one_of",
    "power_of_two",
    "read_config_file",
    "switch",
]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a core as users see it.

    Attributes
    ----------
    name : str
        Name in Python, on the command line and in files.
    default : int
        Value of the published chip.
    allowed : str
        What is allowed, for people.
    about : str
        What it means, one sentence.
    """

    name: str
    default: int
    allowed: str
    about: str


def _declare(default: int, allowed: str, accepts: Any, about: str, **more: Any) -> Any:
    metadata = {"allowed": allowed, "accepts": accepts, "about": about, **more}
    return field(default=default, metadata=metadata)


def power_of_two(default: int, low: int, high: int, about: str) -> Any:
    """Declare a parameter that is a power of two from `low` to `high`."""
    return _declare(
        default,
        f"a power of two from {low} to {high}",
        lambda value: low <= value <= high and value & (value - 1) == 0,
        about,
    )


def integer(default: int, low: int, high: int, about: str) -> Any:
    """Declare a parameter that is a whole number from `low` to `high`."""
    return _declare(
        default, f"a whole number from {low} to {high}", lambda value: low <= value <= high, about
    )


def one_of(default: int, values: tuple[int, ...], about: str) -> Any:
    """Declare a parameter that is one of `values`."""
    words = ", ".join(map(str, values[:-1])) + f" or {values[-1]}"
    return _declare(default, words, lambda value: value in values, about)


def switch(default: int, about: str) -> Any:
    """Declare a parameter that says whether something is there: 1, or 0 and it leaves no logic."""
    return _declare(default, "0 or 1", lambda value: value in (0, 1), about, switch=True)


@dataclass(frozen=True, kw_only=True)
class CoreConfig:
    """Base of all core configurations: a frozen set of parameters that validates itself.

    A subclass names its core and declares its parameters with `power_of_two`, `integer` and
    `one_of`. Widths that follow from parameters are properties of the subclass.

    Raises
    ------
    InputError
        If a value is not allowed; names the core, the parameter, the value and what is allowed.
    """

    core: ClassVar[str]

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if type(value) is not int or not item.metadata["accepts"](value):
                raise InputError(
                    f"{self.core}: {item.name} is {show(value)}, "
                    f"allowed is {item.metadata['allowed']}"
                )

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """List the parameters in the order of their declaration."""
        return tuple(
            Parameter(item.name, item.default, item.metadata["allowed"], item.metadata["about"])
            for item in dataclasses.fields(cls)
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Build a configuration from names and values, as files and the command line give them.

        A switch may be true or false, as TOML has it.

        Raises
        ------
        InputError
            If a name is unknown or a value is not allowed.
        """
        known = {item.name: item for item in dataclasses.fields(cls)}
        taken = dict(values)
        for name, value in values.items():
            if name not in known:
                raise InputError(
                    f"{cls.core} has no parameter {show(name)}, it has {', '.join(known)}"
                )
            if isinstance(value, bool) and known[name].metadata.get("switch"):
                taken[name] = int(value)
        return cls(**taken)

    def as_dict(self) -> dict[str, int]:
        """Return all parameters by name."""
        return dataclasses.asdict(self)

    @property
    def changed(self) -> dict[str, int]:
        """Parameters that differ from the published chip."""
        return {
            item.name: getattr(self, item.name)
            for item in dataclasses.fields(self)
            if getattr(self, item.name) != item.default
        }

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that tell what differs from the published chip; empty if nothing
        does.
        """
        if not self.changed:
            return ""
        text = json.dumps(self.changed, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def name(self) -> str:
        """Short stable label, for files and reports: the core and what differs from the chip."""
        return f"{self.core}-{self.digest}" if self.digest else self.core


def read_config_file(path: Path) -> dict[str, Any]:
    """Read parameters from a TOML file, one `name = value` a line.

    Raises
    ------
    InputError
        If the file cannot be read or is not TOML.
    """
    return read_toml(path)
