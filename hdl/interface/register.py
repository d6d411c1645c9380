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
    """

    name: str
    address: int
    width: int
    published_name: str
    about: str
    reset: int = 0


class RegisterMap:
    """All configuration registers of a core.

    Parameters
    ----------
    core : str
        Name of the core, for messages.
    registers : list of Register
        The registers; names and addresses are unique.
    gate : str
        Name of the register that must be 1 for the memories to be within reach.
    """

    def __init__(self, core: str, registers: list[Register], gate: str = "gate") -> None:
        self.core = core
        self.gate = gate
        self._by_name = {register.name: register for register in registers}
        self._by_address = {register.address: register for register in registers}
        assert len(self._by_name) == len(self._by_address) == len(registers)

    def __iter__(self) -> Iterator[Register]:
        return iter(self._by_name.values())

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
        """Return `value` if the register called `name` can hold it, else raise `InputError`."""
        register = self[name]
        limit = (1 << register.width) - 1
        if not 0 <= value <= limit:
            raise InputError(
                f"{self.core}: register {name} is {value}, allowed is a whole number from 0 to {limit}"
            )
        return int(value)
