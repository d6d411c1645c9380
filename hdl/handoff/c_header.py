"""C header: registers, memories, words and events as constants."""

import re
from collections.abc import Iterator

from amaranth.lib import data

from ..memory.logical import LogicalMemory
from .product import Product

__all__ = ["c_header"]

#: Name, value as C writes it, and what it is.
_Constant = tuple[str, str, str]


def c_header(product: Product) -> str:
    """Return the header, plain C99 without any other header.

    Every name begins with the core's; what follows says what kind of thing it is about: `PARAMETER`,
    `REGISTER`, `MEMORY`, `WORD` (fields of memory words), `EVENT` (fields of input events), for the bus
    shells `CONTROL`, and for the others `SPI` or nothing more. `_SHIFT`, `_BITS` and `_MASK` tell of a
    field; a mask is that of the shifted field.
    """
    prefix = product.config.core.upper()
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
    for register in product.core.registers:
        name = f"REGISTER_{register.name.upper()}"
        yield f"{name}_NUMBER", f"{register.address}u", register.about
        if product.has_bus:
            offset = product.bus_map.registers[register.name].offset
            yield f"{name}_OFFSET", f"{offset:#x}u", ""
        yield f"{name}_BITS", str(register.width), ""
        yield f"{name}_MASK", f"{(1 << register.width) - 1:#x}u", ""
        yield f"{name}_RESET", f"{register.reset}u", ""


def _memories(product: Product) -> Iterator[_Constant]:
    for name, memory in product.core.memories.items():
        yield from _memory(product, name, memory)


def _memory(product: Product, name: str, memory: LogicalMemory) -> Iterator[_Constant]:
    prefix = f"MEMORY_{name.upper()}"
    yield f"{prefix}_TARGET", f"{product.core.targets[name]}u", ""
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
    """Say how the words of an SPI transaction are made (specifications, section 3)."""
    if product.shell != "pins":
        return
    if product.config.core == "reckon":
        yield "SPI_BITS", "32", "bits of a header, and of a data word"
        yield (
            "SPI_HEADER(read, target, count, address)",
            "((read) << 31 | (target) << 28 | (count) << 16 | (address))",
            "target: 0 registers, else a memory; count: data words",
        )
        for name, place in product.bus_map.memories.items():
            yield (
                f"SPI_{name.upper()}_ADDRESS(word, chunk)",
                f"((word) << {place.chunk_bits} | (chunk))",
                "",
            )
        return
    bits = product.config.spi_address_bits
    yield "SPI_BITS", str(bits + 4), "bits of an address word, and of a data word"
    yield "SPI_READ", f"{1 << bits + 3:#x}u", ""
    yield "SPI_WRITE", f"{1 << bits + 2:#x}u", ""
    yield "SPI_REGISTER(number)", f"({1 << bits + 2:#x}u | (number))", "address word"
    for name, shift in (("neurons", bits // 2), ("synapses", bits - 3)):
        yield (
            f"SPI_{name.upper()}(access, word, byte)",
            f"((access) | {product.core.targets[name] << bits:#x}u | (byte) << {shift} | (word))",
            "address word; access: SPI_READ, SPI_WRITE or both",
        )
    yield "SPI_DATA(mask, byte)", "((mask) << 8 | (byte))", "a bit of the mask keeps the old bit"
