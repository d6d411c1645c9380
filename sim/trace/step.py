"""Steps that the traces of all cores have, or of all with what they are about."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ...hdl.error import InputError
from ..device import check_range
from .fields import Fields, show
from .replayer import Replayer
from .schema import Schema

__all__ = [
    "CheckStep",
    "ConfigStep",
    "EventStep",
    "LoadStep",
    "ReadStep",
    "ResetStep",
    "SettleStep",
    "SpiStep",
    "TraceStep",
]


class TraceStep:
    """One step of a trace.

    A subclass knows its keys and how it is carried out; `do` is its name in a file.
    """

    do: ClassVar[str]

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        raise NotImplementedError

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`, the inverse of `parse`."""
        raise NotImplementedError

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the difference from what was expected, if there is one."""
        raise NotImplementedError


@dataclass(frozen=True)
class ConfigStep(TraceStep):
    """Write one configuration register, by number."""

    do: ClassVar[str] = "config"
    address: int
    value: int

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        address_bits, value_bits = schema.register_bits
        return cls(
            fields.integer("address", (1 << address_bits) - 1),
            fields.integer("value", (1 << value_bits) - 1),
        )

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address, "value": self.value}

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        replayer.write_register(self.address, self.value)


@dataclass(frozen=True)
class WordsStep(TraceStep):
    """Consecutive words of a memory."""

    memory: str
    at: int
    words: tuple[int, ...]

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        memories = schema.interface.memories
        name = fields.text("memory")
        if name not in memories:
            raise InputError(
                f"{fields.what}: memory is {show(name)}, allowed is {' or '.join(memories)}"
            )
        at = fields.integer("at", memories[name].words - 1)
        texts = fields.items("words")
        size = memories[name]
        check_range(fields.what, name, size, at, len(texts))
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

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        digits = schema.interface.memories[self.memory].digits
        return {
            "memory": self.memory,
            "at": self.at,
            "words": [f"{word:0{digits}x}" for word in self.words],
        }


@dataclass(frozen=True)
class LoadStep(WordsStep):
    """Write memory words."""

    do: ClassVar[str] = "load"

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        with replayer.gated():
            replayer.device.load(self.memory, self.words, self.at)


@dataclass(frozen=True)
class CheckStep(WordsStep):
    """Compare memory words."""

    do: ClassVar[str] = "check"

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the first word that differs."""
        with replayer.gated():
            words = replayer.device.dump(self.memory, self.at, len(self.words))
        digits = replayer.device.memories[self.memory].digits
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
class EventStep(TraceStep):
    """Send an input event: the address, and flags that are set, by name."""

    do: ClassVar[str] = "event"
    address: int
    flags: tuple[str, ...] = ()

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        event = schema.event
        address = fields.integer("address", (1 << event.address_bits) - 1)
        flags = [name for name in event.flags if fields.has(name) and fields.boolean(name)]
        return cls(address, tuple(flags))

    @classmethod
    def of(cls, schema: Schema, word: int) -> Self:
        """Return the step that sends an input event word."""
        bits = schema.event.address_bits
        flags = [name for n, name in enumerate(schema.event.flags, bits) if word >> n & 1]
        return cls(word & (1 << bits) - 1, tuple(flags))

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address} | dict.fromkeys(self.flags, True)

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        event = replayer.schema.event
        flags = sum(1 << event.flags.index(name) for name in self.flags)
        replayer.send(flags << event.address_bits | self.address)


@dataclass(frozen=True)
class SpiStep(TraceStep):
    """Carry out a raw SPI transaction; compare what is read back if `reply` is given."""

    do: ClassVar[str] = "spi"
    address: int
    data: int
    reply: int | None = None

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        limit = (1 << schema.spi.bits) - 1
        address, data = fields.integer("address", limit), fields.integer("data", limit)
        highest = (1 << schema.spi.reply_bits) - 1
        return cls(address, data, fields.integer("reply", highest) if fields.has("reply") else None)

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        keys = {"address": self.address, "data": self.data}
        return keys if self.reply is None else keys | {"reply": self.reply}

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the reply if it differs."""
        got = replayer.transact([self.address, self.data])[-1]
        if self.reply is None or self.reply == got:
            return None
        return {"kind": "reply", "expected": self.reply, "got": got}


@dataclass(frozen=True)
class ReadStep(TraceStep):
    """Read a register, by number, and compare its bits."""

    do: ClassVar[str] = "read"
    address: int
    value: int

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        address_bits, value_bits = schema.register_bits
        return cls(
            fields.integer("address", (1 << address_bits) - 1),
            fields.integer("value", (1 << value_bits) - 1),
        )

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address, "value": self.value}

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the value if it differs."""
        got = replayer.read_register(self.address)
        if got == self.value:
            return None
        return {"kind": "register", "address": self.address, "expected": self.value, "got": got}


@dataclass(frozen=True)
class ResetStep(TraceStep):
    """Reset the core."""

    do: ClassVar[str] = "reset"

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        return cls()

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {}

    def run(self, replayer: Replayer) -> None:
        """Carry the step out."""
        replayer.device.reset()


@dataclass(frozen=True)
class SettleStep(TraceStep):
    """Wait until the core is idle; compare the output words since the last time."""

    do: ClassVar[str] = "settle"
    events: tuple[int, ...]

    @classmethod
    def parse(cls, fields: Fields, schema: Schema) -> Self:
        """Read and check a step."""
        return cls(fields.integers("events", (1 << schema.output_bits) - 1))

    def keys(self, schema: Schema) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"events": list(self.events)}

    def run(self, replayer: Replayer) -> dict[str, Any] | None:
        """Carry the step out; return the first output word that differs, None standing for none."""
        got = tuple(int(word) for word in replayer.device.settle())
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
