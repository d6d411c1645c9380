"""Addresses on the bus, for the description and as Markdown."""

from typing import Any

from ..interface.bus_map import BusMap
from ..markdown import table

__all__ = ["address_reference", "addresses"]


def addresses(bus_map: BusMap) -> dict[str, Any]:
    """Return all byte offsets by kind and name, and what `identity` reads as."""
    return {
        "identity": bus_map.identity,
        "control": {name: word.offset for name, word in bus_map.control.items()},
        "registers": {name: word.offset for name, word in bus_map.registers.items()},
        "memories": {
            name: {"offset": place.offset, "stride": place.stride, "chunks": place.chunks}
            for name, place in bus_map.memories.items()
        },
    }


def address_reference(bus_map: BusMap) -> str:
    """Return the address map as Markdown."""
    lines = ["## Addresses", "", "Offsets in bytes; R is read, W written.", ""]
    words = [*bus_map.control.values(), *bus_map.registers.values()]
    lines += table(
        ("offset", "word", "access", "bits", "meaning"),
        [(f"`{w.offset:#x}`", f"`{w.name}`", w.access, w.width, w.about) for w in words],
    )
    lines += table(
        ("offset", "memory", "words", "bytes from a word to the next"),
        [
            (f"`{place.offset:#x}`", f"`{name}`", place.memory.words, place.stride)
            for name, place in bus_map.memories.items()
        ],
    )
    for word in bus_map.control.values():
        if word.fields:
            lines += [f"### Word: {word.name}", ""]
            rows = [
                (
                    f.low if f.width == 1 else f"{f.low + f.width - 1}:{f.low}",
                    f"`{f.name}`",
                    f.about,
                )
                for f in word.fields
            ]
            lines += table(("bits", "field", "meaning"), rows)
    return "\n".join(lines).rstrip() + "\n"
