"""The keys of one JSON object, checked as they are taken."""

from typing import Any

from ...hdl.error import InputError, show

__all__ = ["Fields", "show"]


class Fields:
    """The keys of one JSON object, each to be taken once and checked."""

    def __init__(self, values: Any, what: str) -> None:
        if not isinstance(values, dict):
            raise InputError(f"{what} is {show(values)}, allowed is an object")
        self._values = dict(values)
        self.what = what

    def has(self, key: str) -> bool:
        """Tell whether an optional key is there."""
        return key in self._values

    def take(self, key: str) -> Any:
        """Take a key that must be there."""
        if key not in self._values:
            raise InputError(f"{self.what} lacks the key {key!r}")
        return self._values.pop(key)

    def integer(self, key: str, limit: int) -> int:
        """Take a whole number from 0 to `limit`."""
        return self._integer(key, self.take(key), limit)

    def _integer(self, key: str, value: Any, limit: int) -> int:
        if type(value) is not int or not 0 <= value <= limit:
            raise InputError(
                f"{self.what}: {key} is {show(value)}, allowed is a whole number from 0 to {limit}"
            )
        return value

    def text(self, key: str) -> str:
        """Take a string."""
        value = self.take(key)
        if not isinstance(value, str):
            raise InputError(f"{self.what}: {key} is {show(value)}, allowed is a string")
        return value

    def boolean(self, key: str) -> bool:
        """Take true or false."""
        value = self.take(key)
        if not isinstance(value, bool):
            raise InputError(f"{self.what}: {key} is {show(value)}, allowed is true or false")
        return value

    def items(self, key: str) -> list[Any]:
        """Take a list."""
        value = self.take(key)
        if not isinstance(value, list):
            raise InputError(f"{self.what}: {key} is {show(value)}, allowed is a list")
        return value

    def integers(self, key: str, limit: int) -> tuple[int, ...]:
        """Take a list of whole numbers from 0 to `limit`."""
        return tuple(self._integer(key, value, limit) for value in self.items(key))

    def end(self) -> None:
        """Check that no key is left."""
        for key in self._values:
            raise InputError(f"{self.what} has an unknown key {show(key)}")
