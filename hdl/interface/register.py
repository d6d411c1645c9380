"""Configuration registers, described once."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..error import InputError

__all__ = ["Register", "RegisterMap"]


@dataclass(frozen=True)
class Register:
    """A configuration register.

    Attributes
    ----------
    name : str
        Plain name, as in Python and in the documentation.
    address : int
        Register number.
    width : int
        Bits.
    published_name : str
        Name in the published chip's documentation.
    about : str
        What it does, one sentence.
    reset : int
        Value after reset.
    signed : bool
        Its value is a two's-complement number.
    access : str
        What a host can do: `W`, `R` or `RW`.
    banked : bool
        Each bank of the core has one of its own.
    """

    name: str
    address: int
    width: int
    published_name: str
    about: str
    reset: int = 0
    signed: bool = False
    access: str = "W"
    banked: bool = False

    @property
    def lowest(self) -> int:
        """The smallest value it holds."""
        return -(1 << self.width - 1) if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest value it holds."""
        return (1 << self.width - self.signed) - 1

    def take(self, word: int) -> int:
        """Return the value it has after a word has been written to it: its low bits."""
        value = word & (1 << self.width) - 1
        return value - (1 << self.width) if value > self.highest else value

    def word(self, value: int) -> int:
        """Return the bits of a value, the inverse of `take`."""
        return value & (1 << self.width) - 1


class RegisterMap:
    """All configuration registers of a core.

    Parameters
    ----------
    core : str
        Name of the core, for messages.
    registers : list of Register
        The registers; names and addresses are unique.
    """

    def __init__(self, core: str, registers: list[Register]) -> None:
        self.core = core
        self._by_name = {register.name: register for register in registers}
        self._by_address = {register.address: register for register in registers}
        assert len(self._by_name) == len(self._by_address) == len(registers)

    def __iter__(self) -> Iterator[Register]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Register:
        """Return the register called `name`; raises `InputError` if there is none."""
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(self._by_name)
            raise InputError(f"{self.core} has no register {name!r}, it has {known}") from None

    def reset_values(self) -> dict[str, int]:
        """Return the values after reset, by name."""
        return {register.name: register.reset for register in self}

    def at(self, address: int) -> Register | None:
        """Return the register at `address`, or None: writes to other addresses are ignored."""
        return self._by_address.get(address)

    def check(self, name: str, value: int) -> int:
        """Return `value` if the register called `name` can be written with it.

        Raises
        ------
        InputError
            If there is no such register, it can only be read, or it cannot hold the value.
        """
        register = self[name]
        if "W" not in register.access:
            raise InputError(f"{self.core}: register {name} can only be read")
        if not hasattr(value, "__index__") or not register.lowest <= value <= register.highest:
            raise InputError(
                f"{self.core}: register {name} is {value!r}, allowed is a whole number from "
                f"{register.lowest} to {register.highest}"
            )
        return int(value)
