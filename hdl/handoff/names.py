"""All names of a product that users meet in the generated files."""

from collections.abc import Iterator

from ..error import InputError
from ..keywords import NAME_RULE, is_name
from .product import Product

__all__ = ["check_names", "names"]


def names(product: Product) -> Iterator[tuple[str, str]]:
    """Yield what a name is of, and the name."""
    yield "top module", product.top
    for name, _, _ in product.ports:
        yield "port", name
    for item in product.config.parameters():
        yield "parameter", item.name
    for word in product.bus_map.control.values():
        yield "control word", word.name
        for field in word.fields:
            yield f"field of the control word {word.name}", field.name
    for register in product.interface.registers:
        yield "register", register.name
    for name in product.interface.memories:
        yield "memory", name
    for word, layout in product.words.items():
        for name, _ in layout:
            yield f"field of the word {word!r}", str(name)


def check_names(product: Product) -> None:
    """Raise `InputError` if a name cannot be used in all languages of the generated files."""
    for kind, name in names(product):
        if not is_name(name):
            raise InputError(f"{product.config.core}: {kind} is {name!r}, allowed is {NAME_RULE}")
