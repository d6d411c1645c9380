"""SystemRDL 2.0: registers and memories for other generators."""

from collections.abc import Iterator, Sequence

from ..interface.bus_map import REGISTERS_OFFSET, BusField, BusMemory
from .product import Product

__all__ = ["systemrdl"]

#: Access of software to what `access` says.
_SOFTWARE = {"R": "r", "W": "w", "RW": "rw"}


def systemrdl(product: Product) -> str:
    """Return the description, with byte addresses.

    In the bus shells these are the addresses on the bus. The other shells have register numbers and
    memory spaces instead: register n is at 0x1000 + 4 n, and memory t at t times 1 MiB, so that
    these numbers can be read off the addresses.
    """
    bus_map = product.bus_map
    about = product.about + "."
    if not product.has_bus:
        about += (
            " This shell has no addresses: register n is shown at 0x1000 + 4 n, the memory of "
            "space t at t * 0x100000."
        )
    lines = [
        f"// {product.about}.",
        "",
        f"addrmap {product.top} {{",
        f"  name = {_text(product.top)};",
        f"  desc = {_text(about)};",
        "  littleendian;",
        "  lsb0;",
        "  default regwidth = 32;",
        "  default accesswidth = 32;",
        "",
    ]
    # Registers are in address maps of their own: IP-XACT knows them and memories side by side only
    # as blocks.
    if product.has_bus:
        lines += ["  addrmap {", f"    desc = {_text('Words of the shell')};"]
        for word in bus_map.control.values():
            fields = word.fields or [BusField("value", 0, word.width, word.about)]
            lines += _register(word.name, word.about, word.offset, word.access, fields)
        lines += ["  } control @ 0x0;", ""]
    lines += ["  addrmap {", f"    desc = {_text('Configuration registers of the core')};"]
    for register in product.interface.registers:
        fields = [BusField("value", 0, register.width, register.about)]
        offset = 4 * register.address
        resets = {"value": register.word(register.reset)}
        lines += _register(register.name, register.about, offset, register.access, fields, resets)
    lines += [f"  }} registers @ {REGISTERS_OFFSET:#x};", ""]
    for memory in bus_map.memories.values():
        lines += _memory(product, memory)
    return "\n".join([*lines, "};"]) + "\n"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _register(
    name: str,
    about: str,
    offset: int,
    access: str,
    fields: Sequence[BusField],
    resets: dict[str, int] | None = None,
) -> Iterator[str]:
    yield "    reg {"
    yield f"      name = {_text(name)};"
    yield f"      desc = {_text(about)};"
    for field in fields:
        reset = (resets or {}).get(field.name)
        yield "      field {"
        yield f"        desc = {_text(field.about)};"
        hardware = "w" if access == "R" else "r"
        yield f"        sw = {_SOFTWARE[access]}; hw = {hardware};"
        value = "" if reset is None else f" = {field.width}'h{reset:x}"
        yield f"      }} {field.name}[{field.low + field.width - 1}:{field.low}]{value};"
    yield f"    }} {name} @ {offset:#x};"
    yield ""


def _memory(product: Product, place: BusMemory) -> Iterator[str]:
    """Describe a memory; where all its words have one layout, their fields too."""
    memory = place.memory
    layout = product.words.get(place.name)
    bits = 8 * place.stride
    yield "  external mem {"
    yield f"    name = {_text(place.name)};"
    yield f"    desc = {_text(f'{memory.words} words of {memory.width} bits')};"
    yield f"    mementries = {memory.words};"
    yield f"    memwidth = {bits};"
    yield "    sw = rw;"
    if layout is not None:
        yield "    reg {"
        yield f"      regwidth = {bits};"
        yield "      accesswidth = 32;"
        for name, field in layout:
            low, high = field.offset, field.offset + field.width - 1
            yield f"      field {{ sw = rw; hw = na; }} {name}[{high}:{low}];"
        yield f"    }} word[{memory.words}] @ 0x0;"
    yield f"  }} {place.name} @ {place.offset:#x};"
    yield ""
