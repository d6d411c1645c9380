"""Steps of cores that work in time steps (trace format, "Further steps for ReckOn")."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.reckon.registers import INPUT_PINS, OUTPUT_PINS
from ..spi32 import CHUNK_BITS, Spi32Frame
from .fields import Fields, show
from .player import Player
from .step import EventStep, Step

__all__ = [
    "ExpectStep",
    "ItemStep",
    "PinStep",
    "PulseStep",
    "ResetStep",
    "Spi32Step",
    "TickStep",
    "WaitStep",
    "event_step",
]


@dataclass(frozen=True)
class ItemStep(Step):
    """Send an input item: a spike, or target data."""

    do: ClassVar[str] = "event"
    address: int
    target: bool = False

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        address = fields.integer("address", (1 << config.event_address_bits) - 1)
        return cls(address, fields.boolean("target") if fields.has("target") else False)

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address} | ({"target": True} if self.target else {})

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.send(self.target << player.config.event_address_bits | self.address)


def event_step(config: CoreConfig, event: int) -> Step:
    """Return the step that sends an input event word of a core."""
    if config.core != "reckon":
        return EventStep(event)
    bits = config.event_address_bits
    return ItemStep(event & ((1 << bits) - 1), bool(event >> bits))


@dataclass(frozen=True)
class _BareStep(Step):
    """A step without keys."""

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        return cls()

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {}


@dataclass(frozen=True)
class TickStep(_BareStep):
    """Carry out a time step."""

    do: ClassVar[str] = "tick"

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.device.tick()


@dataclass(frozen=True)
class PulseStep(_BareStep):
    """Pulse the time-step pin without waiting."""

    do: ClassVar[str] = "pulse"

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.device.pulse()


@dataclass(frozen=True)
class ResetStep(_BareStep):
    """Pulse the reset pin."""

    do: ClassVar[str] = "reset"

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.reset()


@dataclass(frozen=True)
class _PinStep(Step):
    """A pin and a value; `name` is the plain name, files have the published one."""

    pins: ClassVar[dict[str, str]]
    name: str
    value: int

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        name = fields.text("name")
        if name not in cls.pins:
            raise InputError(
                f"{fields.what}: name is {show(name)}, allowed is {' or '.join(cls.pins)}"
            )
        return cls(cls.pins[name], fields.integer("value", 1))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        published = {plain: name for name, plain in self.pins.items()}
        return {"name": published[self.name], "value": self.value}


@dataclass(frozen=True)
class PinStep(_PinStep):
    """Drive an input pin and hold it."""

    do: ClassVar[str] = "pin"
    pins: ClassVar[dict[str, str]] = INPUT_PINS

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.device.drive(**{self.name: self.value})


@dataclass(frozen=True)
class WaitStep(_PinStep):
    """Wait until an output pin has a value."""

    do: ClassVar[str] = "wait"
    pins: ClassVar[dict[str, str]] = OUTPUT_PINS

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.device.wait_pin(self.name, self.value)


@dataclass(frozen=True)
class ExpectStep(_PinStep):
    """Compare the value of an output pin."""

    do: ClassVar[str] = "expect"
    pins: ClassVar[dict[str, str]] = OUTPUT_PINS

    def run(self, player: Player) -> dict[str, Any] | None:
        """Carry the step out; return the value if it differs."""
        got = player.device.read_pin(self.name)
        if got == self.value:
            return None
        name = self.keys(player.config)["name"]
        return {"kind": "pin", "pin": name, "expected": self.value, "got": got}


_DIGITS = CHUNK_BITS // 4


@dataclass(frozen=True)
class Spi32Step(Step):
    """Carry out a raw SPI transaction of 32-bit words; compare the words read back that are given."""

    do: ClassVar[str] = "spi32"
    send: tuple[int, ...]
    receive: tuple[int | None, ...] | None = None

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        send = tuple(cls._word(fields, "send", text) for text in fields.items("send"))
        Spi32Frame(config).check(send)
        if not fields.has("receive"):
            return cls(send)
        receive = tuple(
            None if text is None else cls._word(fields, "receive", text)
            for text in fields.items("receive")
        )
        if len(receive) != len(send):
            raise InputError(
                f"{fields.what}: receive has {len(receive)} words, send has {len(send)}"
            )
        return cls(send, receive)

    @staticmethod
    def _word(fields: Fields, key: str, text: Any) -> int:
        if not isinstance(text, str) or not re.fullmatch(f"[0-9a-f]{{{_DIGITS}}}", text):
            raise InputError(
                f"{fields.what}: {key} has {show(text)}, "
                f"allowed are {_DIGITS} lower-case hexadecimal digits"
            )
        return int(text, 16)

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        keys: dict[str, Any] = {"send": [f"{word:0{_DIGITS}x}" for word in self.send]}
        if self.receive is not None:
            keys["receive"] = [
                None if word is None else f"{word:0{_DIGITS}x}" for word in self.receive
            ]
        return keys

    def run(self, player: Player) -> dict[str, Any] | None:
        """Carry the step out; return the first word read back that differs."""
        got = player.spi32(self.send)
        for index, (expected, word) in enumerate(zip(self.receive or (), got, strict=False)):
            if expected is not None and expected != word:
                return {
                    "kind": "reply",
                    "word": index,
                    "expected": f"{expected:0{_DIGITS}x}",
                    "got": f"{word:0{_DIGITS}x}",
                }
        return None
