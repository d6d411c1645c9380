"""C header: registers, memories, words and events as constants."""

import re
from collections.abc import Iterator

from amaranth.lib import data

from ..interface.interface import HostMemory
from .product import Product

__all__ = ["c_header"]

#: Name, value as C writes it, and what it is.
_Constant = tuple[str, str, str]


def c_header(product: Product) -> str:
    """Return the header, plain C99 without any other header.

    Every name begins with the top module's; what follows says what kind of thing it is about:
    `PARAMETER`, `REGISTER`, `MEMORY`, `WORD` (fields of memory words), `EVENT` (fields of input
    events), for the bus shells `CONTROL`, and for the others `SPI` or nothing more. `_SHIFT`,
    `_BITS` and `_MASK` tell of a field; a mask is that of the shifted field.
    """
    prefix = product.top.upper()
    guard = f"SPIKEWRIGHT_{product.top.upper()}_H"
    lines = [
        f"/* {product.about}. */",
        f"#ifndef {guard}",
        f"#define {guard}",
    ]
    groups = {
        "Parameters": _parameters(product),
        "Control words (byte offsets)": _control(product) if product.has_bus else iter(()),
        "Registers": _registers(product),
        "Memories": _memories(product),
        "Fields of words": _words(product),
        "Access": _access(product),
    }
    seen: set[str] = set()
    for title, constants in groups.items():
        found = list(constants)
        if not found:
            continue
        lines += ["", f"/* {title}. */"]
        for name, value, about in found:
            bare = name.partition("(")[0]
            assert bare not in seen, bare
            seen.add(bare)
            comment = f"  /* {about} */" if about else ""
            lines.append(f"#define {prefix}_{name} {value}{comment}")
    return "\n".join([*lines, "", f"#endif /* {guard} */"]) + "\n"


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper()


def _field(name: str, low: int, width: int, about: str = "") -> Iterator[_Constant]:
    yield f"{name}_SHIFT", str(low), about
    yield f"{name}_BITS", str(width), ""
    # What does not fit a number is taken apart by its shift and bits.
    if low + width <= 32:
        yield f"{name}_MASK", f"{((1 << width) - 1) << low:#010x}u", ""


def _parameters(product: Product) -> Iterator[_Constant]:
    for item in product.config.parameters():
        value = getattr(product.config, item.name)
        yield f"PARAMETER_{item.name.upper()}", str(value), item.about


def _control(product: Product) -> Iterator[_Constant]:
    yield "IDENTITY", f"{product.bus_map.identity:#010x}u", "what the word identity reads as"
    for word in product.bus_map.control.values():
        name = f"CONTROL_{word.name.upper()}"
        yield f"{name}_OFFSET", f"{word.offset:#04x}u", f"{word.access}: {word.about}"
        for field in word.fields:
            yield from _field(f"{name}_{field.name.upper()}", field.low, field.width, field.about)


def _registers(product: Product) -> Iterator[_Constant]:
    for register in product.interface.registers:
        name = f"REGISTER_{register.name.upper()}"
        yield f"{name}_NUMBER", f"{register.address}u", register.about
        if product.has_bus:
            offset = product.bus_map.registers[register.name].offset
            yield f"{name}_OFFSET", f"{offset:#x}u", ""
        yield f"{name}_BITS", str(register.width), ""
        yield f"{name}_MASK", f"{(1 << register.width) - 1:#x}u", ""
        yield f"{name}_RESET", f"{register.word(register.reset)}u", ""


def _memories(product: Product) -> Iterator[_Constant]:
    for name, memory in product.interface.memories.items():
        yield from _memory(product, name, memory)


def _memory(product: Product, name: str, memory: HostMemory) -> Iterator[_Constant]:
    prefix = f"MEMORY_{name.upper()}"
    yield f"{prefix}_SPACE", f"{memory.space}u", ""
    yield f"{prefix}_WORDS", f"{memory.words}u", ""
    yield f"{prefix}_BITS", f"{memory.width}u", ""
    if product.has_bus:
        place = product.bus_map.memories[name]
        yield f"{prefix}_OFFSET", f"{place.offset:#x}u", "of word 0, in bytes"
        yield f"{prefix}_STRIDE", f"{place.stride}u", "bytes from a word to the next"
        yield f"{prefix}_CHUNKS", f"{place.chunks}u", "words of the bus that hold a word"
        yield (
            f"{prefix}_AT(word, chunk)",
            f"({place.offset:#x}u + (word) * {place.stride}u + (chunk) * 4u)",
            "",
        )


def _words(product: Product) -> Iterator[_Constant]:
    for word, layout in product.words.items():
        kind = "EVENT" if word == "input event" else f"WORD_{_identifier(word)}"
        for name, low, width in _flat(layout):
            yield from _field(f"{kind}_{_identifier(name)}", low, width)


def _flat(layout: data.Layout) -> Iterator[tuple[str, int, int]]:
    for name, field in layout:
        yield str(name), field.offset, field.width


def _access(product: Product) -> Iterator[_Constant]:
    """Say how the words of an SPI transaction are made."""
    if product.pins is None:
        return
    spi, interface = product.pins.spi, product.interface
    yield "SPI_BITS", str(spi.bits), "bits of a first word, and of a data word"
    yield "SPI_READ", f"{spi.read:#x}u", "of a first word that reads"
    yield "SPI_WRITE", f"{spi.write:#x}u", "of a first word that writes"
    if spi.count_shift is not None:
        yield (
            "SPI_COUNT(count)",
            f"((count) << {spi.count_shift})",
            f"number of data words, at most {spi.longest}; part of every first word",
        )
    yield "SPI_REGISTER(number)", f"({spi.write:#x}u | (number))", "first word"
    unit = "byte" if interface.access_unit == 8 else "chunk"
    for name, place in spi.places.items():
        terms = [f"{place.base:#x}u"]
        for step, index in ((place.step, "(word)"), (place.unit_step, f"({unit})")):
            terms.append(index if step == 1 else f"{index} * {step:#x}u")
        address = " + ".join(terms)
        note = "first word; access: SPI_READ, SPI_WRITE or, where a mask is, both"
        if place.page_bits is not None:
            note += f"; its low {place.page_bits} bits, those above are the page"
        yield f"SPI_{name.upper()}(access, word, {unit})", f"((access) | ({address}))", note
    if spi.mask_shift is not None:
        yield (
            "SPI_DATA(mask, byte)",
            f"((mask) << {spi.mask_shift} | (byte))",
            "a bit of the mask keeps the old bit",
        )
