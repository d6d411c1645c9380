"""Registers, memories and words of a core as Markdown."""

from amaranth.lib import data

from ..catalogue import interface_of
from ..config import CoreConfig
from ..markdown import table

__all__ = ["reference", "word_fields"]


def word_fields(layout: data.Layout) -> list[tuple[str, int, int]]:
    """List the fields of a layout: name, lowest bit and width."""
    return [(str(name), field.offset, field.width) for name, field in layout]


def reference(config: CoreConfig) -> str:
    """Return registers, memories and words as Markdown."""
    interface = interface_of(config)
    parts = [
        f"# Registers and memories of {config.core}",
        "",
        f"Configuration: `{config.name}`",
        "",
    ]
    parts += ["## Parameters", ""]
    parts += table(
        ("parameter", "value", "meaning"),
        [(f"`{p.name}`", getattr(config, p.name), p.about) for p in config.parameters()],
    )
    parts += ["## Registers", ""]
    registers = list(interface.registers)
    columns = {
        "address": [r.address for r in registers],
        "name": [f"`{r.name}`" for r in registers],
        "published name": [r.published_name and f"`{r.published_name}`" for r in registers],
        "bits": [f"{r.width}, signed" if r.signed else r.width for r in registers],
        "access": [r.access for r in registers],
        "reset": [r.reset for r in registers],
        "meaning": [r.about for r in registers],
    }
    # What goes without saying is left out.
    for name, usual in (("published name", ""), ("access", "W"), ("reset", 0)):
        if set(columns[name]) == {usual}:
            del columns[name]
    parts += table(tuple(columns), list(zip(*columns.values(), strict=True)))
    parts += ["## Memories", ""]
    parts += table(
        ("space", "name", "words", "bits", "bytes of a word"),
        [
            (memory.space, f"`{name}`", memory.words, memory.width, memory.bytes_per_word)
            for name, memory in interface.memories.items()
        ],
    )
    for name, layout in interface.words.items():
        parts += [f"## Word: {name}", ""]
        rows = []
        for field, low, width in reversed(word_fields(layout)):
            rows.append((f"{low + width - 1}:{low}" if width > 1 else low, f"`{field}`"))
        parts += table(("bits", "field"), rows)
    return "\n".join(parts).rstrip() + "\n"
