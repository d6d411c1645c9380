"""Steps that the traces of several cores have."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ..device import check_memory_range
from .family import find_family
from .fields import Fields, show
from .player import Player

__all__ = [
    "CheckStep",
    "ConfigStep",
    "EventStep",
    "LoadStep",
    "SettleStep",
    "SpiStep",
    "Step",
]


class Step:
    """One step of a trace.

    A subclass knows its keys and how it is carried out; `do` is its name in a file.
    """

    do: ClassVar[str]

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        raise NotImplementedError

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`, the inverse of `parse`."""
        raise NotImplementedError

    def run(self, player: Player) -> dict[str, Any] | None:
        """Carry the step out; return the difference from what was expected, if there is one."""
        raise NotImplementedError


@dataclass(frozen=True)
class ConfigStep(Step):
    """Write one configuration register, by number."""

    do: ClassVar[str] = "config"
    address: int
    value: int

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        address_bits, value_bits = find_family(config.core).register_bits(config)
        return cls(
            fields.integer("address", (1 << address_bits) - 1),
            fields.integer("value", (1 << value_bits) - 1),
        )

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address, "value": self.value}

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.write_register(self.address, self.value)


@dataclass(frozen=True)
class WordsStep(Step):
    """Consecutive words of a memory."""

    memory: str
    at: int
    words: tuple[int, ...]

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        memories = find_family(config.core).memories(config)
        name = fields.text("memory")
        if name not in memories:
            raise InputError(
                f"{fields.what}: memory is {show(name)}, allowed is {' or '.join(memories)}"
            )
        at = fields.integer("at", memories[name].words - 1)
        texts = fields.items("words")
        size, _ = check_memory_range(memories, fields.what, name, at, len(texts))
        pattern = re.compile(f"[0-9a-f]{{{size.digits}}}")
        words = []
        for index, text in enumerate(texts):
            if not isinstance(text, str) or not pattern.fullmatch(text):
                raise InputError(
                    f"{fields.what}: word {at + index} of memory {name} is {show(text)}, "
                    f"allowed are {size.digits} lower-case hexadecimal digits"
                )
            words.append(int(text, 16))
            if words[-1] >> size.width:
                raise InputError(
                    f"{fields.what}: word {at + index} of memory {name} is {text}, "
                    f"allowed are {size.width} bits"
                )
        return cls(name, at, tuple(words))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        digits = find_family(config.core).memories(config)[self.memory].digits
        return {
            "memory": self.memory,
            "at": self.at,
            "words": [f"{word:0{digits}x}" for word in self.words],
        }


@dataclass(frozen=True)
class LoadStep(WordsStep):
    """Write memory words."""

    do: ClassVar[str] = "load"

    def run(self, player: Player) -> None:
        """Carry the step out."""
        with player.gated():
            player.device.load(self.memory, self.words, self.at)


@dataclass(frozen=True)
class CheckStep(WordsStep):
    """Compare memory words."""

    do: ClassVar[str] = "check"

    def run(self, player: Player) -> dict[str, Any] | None:
        """Carry the step out; return the first word that differs."""
        with player.gated():
            words = player.device.dump(self.memory, self.at, len(self.words))
        digits = player.device.memories[self.memory].digits
        for index, (expected, got) in enumerate(zip(self.words, words.tolist(), strict=True)):
            if expected != got:
                return {
                    "kind": "memory",
                    "memory": self.memory,
                    "word": self.at + index,
                    "expected": f"{expected:0{digits}x}",
                    "got": f"{got:0{digits}x}",
                }
        return None


@dataclass(frozen=True)
class EventStep(Step):
    """Send an input event."""

    do: ClassVar[str] = "event"
    address: int

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        return cls(fields.integer("address", (1 << config.event_bits) - 1))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address}

    def run(self, player: Player) -> None:
        """Carry the step out."""
        player.send(self.address)


@dataclass(frozen=True)
class SpiStep(Step):
    """Carry out a raw SPI transaction; compare the byte read back if `reply` is given."""

    do: ClassVar[str] = "spi"
    address: int
    data: int
    reply: int | None = None

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        limit = (1 << config.spi_address_bits + 4) - 1
        address, data = fields.integer("address", limit), fields.integer("data", limit)
        return cls(address, data, fields.integer("reply", 255) if fields.has("reply") else None)

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        keys = {"address": self.address, "data": self.data}
        return keys if self.reply is None else keys | {"reply": self.reply}

    def run(self, player: Player) -> dict[str, Any] | None:
        """Carry the step out; return the reply if it differs."""
        got = player.spi(self.address, self.data)
        if self.reply is None or self.reply == got:
            return None
        return {"kind": "reply", "expected": self.reply, "got": got}


@dataclass(frozen=True)
class SettleStep(Step):
    """Wait until the core is idle; compare the output words since the last time."""

    do: ClassVar[str] = "settle"
    events: tuple[int, ...]

    @classmethod
    def parse(cls, fields: Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        return cls(fields.integers("events", (1 << config.output_bits) - 1))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"events": list(self.events)}

    def run(self, player: Player) -> dict[str, Any] | None:
        """Carry the step out; return the first output word that differs, None standing for none."""
        got = tuple(int(word) for word in player.device.settle())
        if got == self.events:
            return None
        index = 0
        while self.events[index : index + 1] == got[index : index + 1]:
            index += 1
        return {
            "kind": "event",
            "event": index,
            "expected": self.events[index] if index < len(self.events) else None,
            "got": got[index] if index < len(got) else None,
        }
