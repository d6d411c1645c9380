"""Memory technologies: what memories can be made of, as facts read from files.

The files are in `macros/`; a user's own library is one more file of the same form (docs/memory.md).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..error import InputError, show
from ..files import read_toml
from ..verilog import is_plain

__all__ = [
    "INFERRED",
    "TECHNOLOGIES",
    "Cells",
    "Interface",
    "Macro",
    "MemoryPlatform",
    "Port",
    "Technology",
    "Tie",
    "check_macro_names",
    "find_technology",
    "read_technology",
]

_FOLDER = Path(__file__).parent / "macros"

#: Name of the technology of plain Verilog.
INFERRED = "inferred"

#: Technologies by name; others are files of the user.
TECHNOLOGIES = (INFERRED, "ice40", "ecp5", "gowin", "sky130", "gf180mcu", "ihp-sg13g2")


@dataclass(frozen=True)
class Port:
    """A port of a macro; pins by name, those that control it with `!` if they are active low.

    Attributes
    ----------
    kind : str
        `r`, `w` or `rw`.
    clock, enable, address : str
        Pins that each port has; the clock counts with its rising edge.
    write : str or None
        Writes if set, else reads; of ports that do both.
    read : str or None
        Reads if set, if there is such a pin.
    mask : str or None
        What to write, of macros with a write mask.
    data_in, data_out : str or None
        Data, as the port's kind asks for.
    """

    kind: str
    clock: str
    enable: str
    address: str
    write: str | None = None
    read: str | None = None
    mask: str | None = None
    data_in: str | None = None
    data_out: str | None = None

    @property
    def reads(self) -> bool:
        """It can read."""
        return "r" in self.kind

    @property
    def writes(self) -> bool:
        """It can write."""
        return "w" in self.kind


@dataclass(frozen=True)
class Tie:
    """A pin that is constant: `bits` is `1`, `address` or `width`, each bit has `value`."""

    pin: str
    bits: str
    value: int


@dataclass(frozen=True)
class Interface:
    """Pins and behaviour that macros share.

    Attributes
    ----------
    name : str
        Its name in the file.
    ports : tuple of Port
        Ports that can be used at once.
    ties : tuple of Tie
        Constant pins.
    idle : str
        What a data output shows after a cycle without a read: `held`, what was read last, or
        `undefined`.
    about : str
        More about the behaviour.
    """

    name: str
    ports: tuple[Port, ...]
    ties: tuple[Tie, ...]
    idle: str
    about: str


@dataclass(frozen=True)
class Macro:
    """A memory macro or an arrangement of an FPGA's memory block.

    Attributes
    ----------
    name : str
        Its name; arrangements of a block share one.
    words, width : int
        Size; `words` is a power of two.
    mask : int
        Bits that are written together; `width` if there is no mask.
    kinds : tuple of str
        Kinds of its ports.
    interface : Interface or None
        Pins; None for what is inferred.
    area : float or None
        Square microns, if known.
    initialised : bool
        It can have contents before it is first written.
    cost : float or None
        What the synthesis tool estimates it costs, of what is inferred, a bit in a flip-flop being
        1.
    block : bool
        It is block RAM, of what is inferred.
    """

    name: str
    words: int
    width: int
    mask: int
    kinds: tuple[str, ...]
    interface: Interface | None = None
    area: float | None = None
    initialised: bool = False
    cost: float | None = None
    block: bool = False

    @property
    def bits(self) -> int:
        """Bits that are there."""
        return self.words * self.width

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return (self.words - 1).bit_length()

    @property
    def has_mask(self) -> bool:
        """It has a write mask."""
        return self.mask < self.width

    def roles(self, ports: int) -> tuple[int, int] | None:
        """Return which port writes and which reads for a logical memory, None if it cannot be.

        Parameters
        ----------
        ports : int
            Ports of the logical memory.
        """
        numbers = range(len(self.kinds))
        if ports == 1 and "rw" in self.kinds:
            return (self.kinds.index("rw"),) * 2
        for writer in numbers:
            for reader in numbers:
                if reader != writer and "w" in self.kinds[writer] and "r" in self.kinds[reader]:
                    return writer, reader
        return None


@dataclass(frozen=True)
class Cells:
    """Areas of standard cells in square microns: what is around macros, or in their place."""

    flip_flop: float
    multiplexer: float


@dataclass(frozen=True)
class Technology:
    """What memories can be made of.

    Attributes
    ----------
    name : str
        Its name.
    about : str
        What it is, a few words.
    source : str
        Where the facts come from.
    macros : tuple of Macro
        Macros, or arrangements of an FPGA's blocks.
    cells : Cells or None
        Areas of standard cells, if known.
    instantiated : bool
        Macros are instantiated; else the synthesis tool infers them from plain Verilog.
    """

    name: str
    about: str
    source: str
    macros: tuple[Macro, ...] = ()
    cells: Cells | None = None
    instantiated: bool = True


@dataclass(frozen=True)
class MemoryPlatform:
    """Platform to elaborate for: memories are made of `memory_technology`."""

    memory_technology: Technology


def find_technology(name: str) -> Technology:
    """Return a technology by name, or the user's own, in a file.

    Parameters
    ----------
    name : str
        One of `TECHNOLOGIES`, or the path of a file that ends in `.toml`.

    Raises
    ------
    InputError
        If there is none of that name, or the file cannot be used.
    """
    if name.endswith(".toml"):
        return read_technology(Path(name))
    if name not in TECHNOLOGIES:
        raise InputError(
            f"there is no memory technology {name!r}, allowed is {', '.join(TECHNOLOGIES)} "
            "or a file that ends in .toml"
        )
    if name == INFERRED:
        return Technology(
            INFERRED, "plain memories, mapped by the synthesis tool", "", instantiated=False
        )
    return read_technology(_FOLDER / f"{name}.toml")


def read_technology(path: Path) -> Technology:
    """Read a technology from a file.

    Raises
    ------
    InputError
        If it cannot be read or something in it is missing, unknown or not allowed; one line that
        names the place, what is there and what is allowed.
    """
    return _technology(_Table(read_toml(path), str(path)))


def check_macro_names(technology: Technology, top: str) -> None:
    """Check that no macro, used or not, has the name of a module that is generated.

    Parameters
    ----------
    technology : Technology
        The technology.
    top : str
        Name of the top module; those of all others begin with it and an underscore.

    Raises
    ------
    InputError
        If one has.
    """
    if not technology.instantiated:
        return
    for macro in technology.macros:
        if macro.name == top or macro.name.startswith(f"{top}_"):
            raise InputError(
                f"macro {macro.name} of {technology.name} has the name of a generated module, "
                f"{top} or {top}_..., allowed is any other"
            )


class _Table:
    """A table of a file; what is not taken from it in the end is unknown."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = dict(values)
        self.where = where

    def fail(self, key: str, value: object, allowed: str) -> InputError:
        return InputError(f"{self.where}: {key} is {show(value)}, allowed is {allowed}")

    def take(
        self,
        key: str,
        kind: type | tuple[type, ...],
        allowed: str,
        *,
        booleans: bool = False,
        **default: Any,
    ) -> Any:
        """Return a value of a type; `default=` if it may be absent."""
        if key not in self._values:
            if "default" in default:
                return default["default"]
            raise InputError(f"{self.where}: {key} is missing, allowed is {allowed}")
        value = self._values.pop(key)
        if not isinstance(value, kind) or (
            isinstance(value, bool) and kind is not bool and not booleans
        ):
            raise self.fail(key, value, allowed)
        return value

    def text(self, key: str, **default: Any) -> Any:
        value = self.take(key, str, "a text", **default)
        if value is not None and "\n" in value:
            raise self.fail(key, value, "one line")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        names = " or ".join(allowed)
        value = self.take(key, str, names)
        if value not in allowed:
            raise self.fail(key, value, names)
        return value

    def size(self, key: str, high: int, *, power: bool = False, **default: Any) -> Any:
        allowed = f"a {'power of two' if power else 'whole number'} from 1 to {high}"
        value = self.take(key, int, allowed, **default)
        if value is not None and (
            not 1 <= value <= high or (power and (value < 2 or value & (value - 1)))
        ):
            raise self.fail(key, value, allowed.replace("from 1", "from 2") if power else allowed)
        return value

    def area(self, key: str, **default: Any) -> Any:
        value = self.take(key, (int, float), "a number above 0", **default)
        if value is not None and not 0 < value < 1e12:
            raise self.fail(key, value, "a number above 0")
        return None if value is None else float(value)

    def pin(self, key: str, *, level: bool = False, **default: Any) -> Any:
        allowed = "the name of a pin" + ", with ! before it if it is active low" * level
        value = self.take(key, str, allowed, **default)
        if value is not None and not is_plain(value.removeprefix("!") if level else value):
            raise self.fail(key, value, allowed)
        return value

    def tables(self, key: str, what: str, **default: Any) -> list["_Table"]:
        values = self.take(key, list, f"a list of {what}s", **default)
        for value in values:
            if not isinstance(value, dict):
                raise self.fail(key, value, f"a list of {what}s")
        return [_Table(v, f"{self.where}: {what} {n}") for n, v in enumerate(values, 1)]

    def named(self, key: str, what: str, **default: Any) -> dict[str, "_Table"]:
        values = self.take(key, dict, f"a table of {what}s", **default)
        for name, value in values.items():
            if not isinstance(value, dict):
                raise self.fail(f"{key}.{name}", value, "a table")
        return {name: _Table(v, f"{self.where}: {what} {name}") for name, v in values.items()}

    def end(self) -> None:
        for key in self._values:
            raise InputError(f"{self.where}: {key} is unknown")


def _technology(table: _Table) -> Technology:
    name = table.text("name")
    about = table.text("about", default="")
    source = table.text("source")
    instantiated = table.take("instantiated", bool, "true or false", default=True)
    cells = None
    found = table.take("cells", dict, "a table", default=None)
    if found is not None:
        inner = _Table(found, f"{table.where}: cells")
        cells = Cells(inner.area("flip_flop"), inner.area("multiplexer"))
        inner.text("source", default="")
        inner.end()
    interfaces = {
        key: _interface(key, inner)
        for key, inner in table.named("interfaces", "interface", default={}).items()
    }
    macros = []
    for inner in table.tables("macros", "macro"):
        macro = _macro(inner, interfaces, instantiated)
        if instantiated and macro.name in [other.name for other in macros]:
            raise InputError(f"{table.where}: there are two macros {macro.name}")
        macros.append(macro)
    table.end()
    if not macros:
        raise InputError(f"{table.where}: macros is empty, allowed is a list of one or more")
    return Technology(name, about, source, tuple(macros), cells, instantiated)


#: Names inside the behavioural models, which pins do not have.
_INSIDE = re.compile(r"memory|port_\d+_\w+")


def _interface(name: str, table: _Table) -> Interface:
    taken: set[str] = set()

    def pin(inner: _Table, key: str, *, level: bool = True, **default: Any) -> Any:
        """Take the name of a pin that no other has."""
        value = inner.pin(key, level=level, **default)
        if value is not None:
            plain = value.removeprefix("!")
            if plain in taken or _INSIDE.fullmatch(plain):
                raise inner.fail(key, value, "a name that no other pin and no part of a model has")
            taken.add(plain)
        return value

    ports = []
    for inner in table.tables("ports", "port"):
        kind = inner.choice("kind", ("r", "w", "rw"))
        port = Port(
            kind,
            pin(inner, "clock", level=False),
            pin(inner, "enable"),
            pin(inner, "address", level=False),
            write=pin(inner, "write") if kind == "rw" else None,
            read=pin(inner, "read", default=None) if kind == "rw" else None,
            mask=pin(inner, "mask", default=None) if "w" in kind else None,
            data_in=pin(inner, "data_in", level=False) if "w" in kind else None,
            data_out=pin(inner, "data_out", level=False) if "r" in kind else None,
        )
        inner.end()
        ports.append(port)
    ties = []
    for inner in table.tables("ties", "tie", default=[]):
        bits = inner.choice("bits", ("1", "address", "width"))
        # A switch may be true or false, as TOML has it.
        value = inner.take("value", int, "0 or 1", booleans=True)
        if value not in (0, 1):
            raise inner.fail("value", value, "0 or 1")
        ties.append(Tie(pin(inner, "pin", level=False), bits, int(value)))
        inner.end()
    idle = table.choice("idle", ("held", "undefined"))
    about = table.text("about", default="")
    table.end()
    if not ports:
        raise InputError(f"{table.where}: ports is empty, allowed is a list of one or more")
    return Interface(name, tuple(ports), tuple(ties), idle, about)


def _macro(table: _Table, interfaces: Mapping[str, Interface], instantiated: bool) -> Macro:
    name = table.text("name")
    if not is_plain(name):
        raise table.fail("name", name, "the name of a Verilog module")
    table.where = f"{table.where.rpartition(': ')[0]}: macro {name}"
    words = table.size("words", 1 << 24, power=True)
    width = table.size("width", 4096)
    mask = table.size("mask", width, default=width)
    if width % mask:
        raise table.fail("mask", mask, f"a divisor of the width, {width}")
    interface = cost = None
    block = False
    if instantiated:
        if not interfaces:
            raise InputError(f"{table.where}: the file has no interfaces")
        interface = interfaces[table.choice("interface", tuple(interfaces))]
        kinds = tuple(port.kind for port in interface.ports)
        if mask < width and any(port.writes and port.mask is None for port in interface.ports):
            raise InputError(
                f"{table.where}: mask is {mask}, but interface {interface.name} has no mask pin"
            )
    else:
        kinds = tuple(table.take("ports", list, "a list of r, w or rw"))
        if not kinds or not all(kind in ("r", "w", "rw") for kind in kinds):
            raise table.fail("ports", list(kinds), "a list of r, w or rw")
        cost = table.area("cost")
        block = table.take("block", bool, "true or false", default=True)
    area = table.area("area", default=None)
    size = table.take("size", list, "width and height in microns", default=None)
    if size is not None:
        numbers = [value for value in size if type(value) in (int, float) and 0 < value < 1e6]
        if len(size) != 2 or len(numbers) != 2 or area is not None:
            raise table.fail("size", size, "width and height in microns, if no area is given")
        area = round(float(size[0] * size[1]), 4)
    initialised = table.take("initialised", bool, "true or false", default=False)
    table.end()
    return Macro(name, words, width, mask, kinds, interface, area, initialised, cost, block)
