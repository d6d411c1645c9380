"""Steps of cores with time steps that a pulse ends, with levels and statuses, or with SPI
bursts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ...hdl.error import InputError
from .fields import Fields, show
from .replayer import Replayer
from .schema import Schema
from .step import TraceStep

__all__ = [
    "BurstStep",
    "ExpectStep",
    "LevelStep",
    "PulseStep",
    "TickStep",
    "WaitStep",
]


@dataclass(frozen=True)
class _BareStep(TraceStep):
    """A step without keys."""

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        return cls()

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {}


@dataclass(frozen=True)
class TickStep(_BareStep):
    """Carry out a time step."""

    do: ClassVar[str] = "tick"

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        replayer.device.tick()


@dataclass(frozen=True)
class PulseStep(_BareStep):
    """Pulse the time-step pin without waiting."""

    do: ClassVar[str] = "pulse"

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        replayer.device.pulse()


@dataclass(frozen=True)
class _PinStep(TraceStep):
    """A level or status and a value; `name` is the plain name, files have the pin's if there is
    one.
    """

    name: str
    value: int

    @staticmethod
    def names(schema: Schema) -> Mapping[str, str]:
        """Return plain names by the names in files."""
        raise NotImplementedError

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        name, names = fields.text("name"), cls.names(schema)
        if name not in names:
            raise InputError(
                f"{fields.what}: name is {show(name)}, allowed is {' or '.join(names)}"
            )
        return cls(names[name], fields.integer("value", 1))

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        in_files = {plain: name for name, plain in self.names(schema).items()}
        return {"name": in_files[self.name], "value": self.value}


@dataclass(frozen=True)
class LevelStep(_PinStep):
    """Drive a level and hold it."""

    do: ClassVar[str] = "pin"

    @staticmethod
    def names(schema: Schema) -> Mapping[str, str]:
        """Return plain names by the names in files."""
        return schema.levels

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        replayer.device.drive(**{self.name: self.value})


class _StatusStep(_PinStep):
    """About a status."""

    @staticmethod
    def names(schema: Schema) -> Mapping[str, str]:
        """Return plain names by the names in files."""
        return schema.statuses


@dataclass(frozen=True)
class WaitStep(_StatusStep):
    """Wait until a status has a value."""

    do: ClassVar[str] = "wait"

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        replayer.device.wait(self.name, self.value)


@dataclass(frozen=True)
class ExpectStep(_StatusStep):
    """Compare the value of a status."""

    do: ClassVar[str] = "expect"

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the value if it differs."""
        got = replayer.device.status(self.name)
        if got == self.value:
            return None
        name = self.keys(replayer.schema)["name"]
        return {"kind": "pin", "pin": name, "expected": self.value, "got": got}


@dataclass(frozen=True)
class BurstStep(TraceStep):
    """Carry out a raw SPI transaction that says how long it is; compare words read back that are
    given.
    """

    do: ClassVar[str] = "spi32"
    send: tuple[int, ...]
    receive: tuple[int | None, ...] | None = None

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        digits = _digits(schema)
        send = tuple(_word(fields, "send", text, digits) for text in fields.items("send"))
        schema.spi.check(schema.core, send)
        if not fields.has("receive"):
            return cls(send)
        receive = tuple(
            None if text is None else _word(fields, "receive", text, digits)
            for text in fields.items("receive")
        )
        if len(receive) != len(send):
            raise InputError(
                f"{fields.what}: receive has {len(receive)} words, send has {len(send)}"
            )
        return cls(send, receive)

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        digits = _digits(schema)
        keys: dict[str, Any] = {"send": [f"{word:0{digits}x}" for word in self.send]}
        if self.receive is not None:
            keys["receive"] = [
                None if word is None else f"{word:0{digits}x}" for word in self.receive
            ]
        return keys

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the first word read back that differs."""
        got = replayer.transact(self.send)
        digits = _digits(replayer.schema)
        for index, (expected, word) in enumerate(zip(self.receive or (), got, strict=False)):
            if expected is not None and expected != word:
                return {
                    "kind": "reply",
                    "word": index,
                    "expected": f"{expected:0{digits}x}",
                    "got": f"{word:0{digits}x}",
                }
        return None


def _digits(schema: Schema) -> int:
    """Return the hexadecimal digits of an SPI word."""
    return -(-schema.spi.bits // 4)


def _word(fields: Fields, key: str, text: Any, digits: int) -> int:
    if not isinstance(text, str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", text):
        raise InputError(
            f"{fields.what}: {key} has {show(text)}, "
            f"allowed are {digits} lower-case hexadecimal digits"
        )
    return int(text, 16)
