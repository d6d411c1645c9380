"""SystemRDL 2.0: registers and memories for other generators."""

from collections.abc import Iterator, Sequence

from ..interface.bus_map import REGISTERS_OFFSET, BusField, BusMemory
from .product import Product

__all__ = ["systemrdl"]

#: Reserved words of SystemRDL 2.0.
_RESERVED_WORDS = """
abstract accesstype addressingtype addrmap alias all bit boolean bothedge compact component
componentwidth constraint default encode enum external false field fullalign hw inside internal level
longint mem na negedge nonsticky number onreadtype onwritetype posedge property r rclr ref reg regalign
regfile rset ruser rw rw1 signal string struct sw this true type unsigned w w1 wclr woclr woset wot wr
wset wuser wzc wzs wzt
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())

#: Access of software to what `access` says.
_SOFTWARE = {"R": "r", "W": "w", "RW": "rw"}


def systemrdl(product: Product) -> str:
    """Return the description, with byte addresses.

    In the bus shells these are the addresses on the bus. The other shells have register numbers and memory
    targets instead: register n is at 0x1000 + 4 n, and memory t at t times 1 MiB, so that these numbers can
    be read off the addresses.
    """
    bus_map = product.bus_map
    about = product.about + "."
    if not product.has_bus:
        about += (
            " This shell has no addresses: register n is shown at 0x1000 + 4 n, the memory with target "
            "number t at t * 0x100000."
        )
    lines = [
        f"// {product.about}.",
        "",
        f"addrmap {_name(product.top)} {{",
        f"  name = {_text(product.top)};",
        f"  desc = {_text(about)};",
        "  littleendian;",
        "  lsb0;",
        "  default regwidth = 32;",
        "  default accesswidth = 32;",
        "",
    ]
    if product.has_bus:
        for word in bus_map.control.values():
            fields = word.fields or [BusField("value", 0, word.width, word.about)]
            lines += _register(word.name, word.about, word.offset, word.access, fields)
    for register in product.interface.registers:
        fields = [BusField("value", 0, register.width, register.about)]
        offset = REGISTERS_OFFSET + 4 * register.address
        lines += _register(
            register.name,
            register.about,
            offset,
            register.access,
            fields,
            {"value": register.reset},
        )
    for memory in bus_map.memories.values():
        lines += _memory(product, memory)
    return "\n".join([*lines, "};"]) + "\n"


def _name(name: str) -> str:
    """Return a name as it can be used: reserved words have a backslash in front."""
    return f"\\{name}" if name in _RESERVED else name


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
    yield "  reg {"
    yield f"    name = {_text(name)};"
    yield f"    desc = {_text(about)};"
    for field in fields:
        reset = (resets or {}).get(field.name)
        yield "    field {"
        yield f"      desc = {_text(field.about)};"
        hardware = "w" if access == "R" else "r"
        yield f"      sw = {_SOFTWARE[access]}; hw = {hardware};"
        value = "" if reset is None else f" = {field.width}'h{reset:x}"
        yield f"    }} {_name(field.name)}[{field.low + field.width - 1}:{field.low}]{value};"
    yield f"  }} {_name(name)} @ {offset:#x};"
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
            yield f"      field {{ sw = rw; hw = na; }} {_name(str(name))}[{high}:{low}];"
        yield f"    }} word[{memory.words}] @ 0x0;"
    yield f"  }} {_name(place.name)} @ {place.offset:#x};"
    yield ""
