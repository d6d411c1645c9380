"""Neurons described by named fields, as words of a neuron memory and back.

The names are those of `hdl/neuron/layout.py`. For instance
`izhikevich_word(threshold=3, reset_depth=1)` is a neuron that spikes in a regular rhythm; fields
that are not named are zero.
"""

from amaranth.lib import data

from ..error import InputError
from .layout import IZHIKEVICH_WORD, LIF_WORD

__all__ = ["izhikevich_word", "lif_word", "neuron_fields", "pack_fields", "unpack_fields"]

#: Four-bit fields of Izhikevich-type neurons that are two's-complement numbers.
SIGNED_FIELDS = ("potential", "previous_stimulation", "stimulation", "threshold_offset")


def _is_signed(layout: data.StructLayout, name: str) -> bool:
    return layout is IZHIKEVICH_WORD and name in SIGNED_FIELDS


def pack_fields(layout: data.StructLayout, fields: dict[str, int]) -> int:
    """Return a memory word from its fields; those that are not given are zero.

    Raises
    ------
    InputError
        If there is no such field or it cannot hold the value.
    """
    word = 0
    for name, value in fields.items():
        if name not in layout.members:
            raise InputError(
                f"a neuron has no field {name!r}, allowed is {', '.join(layout.members)}"
            )
        field = layout[name]
        low = -(1 << field.width - 1) if _is_signed(layout, name) else 0
        high = low + (1 << field.width) - 1
        whole = hasattr(value, "__index__") and not isinstance(value, bool)
        if not whole or not low <= value <= high:
            raise InputError(f"field {name} of a neuron is {value!r}, allowed is {low} to {high}")
        word |= (int(value) & (1 << field.width) - 1) << field.offset
    return word


def unpack_fields(layout: data.StructLayout, word: int) -> dict[str, int]:
    """Return all fields of a memory word, the inverse of `pack_fields`."""
    fields = {}
    for name, field in layout:
        value = int(word) >> field.offset & (1 << field.width) - 1
        if _is_signed(layout, name) and value >> field.width - 1:
            value -= 1 << field.width
        fields[name] = value
    return fields


def lif_word(**fields: int) -> int:
    """Return the word of a leaky integrate-and-fire neuron.

    Raises
    ------
    InputError
        If there is no such field or it cannot hold the value.
    """
    return _neuron(LIF_WORD, fields, 1)


def izhikevich_word(**fields: int) -> int:
    """Return the word of an Izhikevich-type neuron.

    Raises
    ------
    InputError
        If there is no such field or it cannot hold the value.
    """
    return _neuron(IZHIKEVICH_WORD, fields, 0)


def _neuron(layout: data.StructLayout, fields: dict[str, int], model: int) -> int:
    if fields.get("model", model) != model:
        raise InputError(f"field model of this neuron is {fields['model']!r}, allowed is {model}")
    return pack_fields(layout, fields | {"model": model})


def neuron_fields(word: int) -> dict[str, int]:
    """Return the fields of a neuron of either type; `model` is 1 for leaky integrate-and-fire."""
    return unpack_fields(LIF_WORD if int(word) & 1 else IZHIKEVICH_WORD, word)
