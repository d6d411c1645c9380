"""Words of ODIN's neurons taken apart and put together, many at once.

The layouts are those of `hdl/neuron/layout.py`. Words of 128 bits are wider than NumPy's integers,
so an array of words is kept in halves: an array of uint64 with the low halves in column 0 and the
high halves in column 1.
"""

from collections.abc import Iterable

import numpy as np
from amaranth.lib import data

from ....hdl.neuron.layout import NEURON_BITS
from ...device import word_array

__all__ = ["field", "join_words", "put_field", "split_words"]

_HALF = 64


def split_words(words: Iterable[int]) -> np.ndarray:
    """Return words, given as Python integers, in halves: an array of shape (words, 2)."""
    content = b"".join(int(word).to_bytes(NEURON_BITS // 8, "little") for word in words)
    return np.frombuffer(content, dtype="<u8").reshape(-1, 2).astype(np.uint64)


def join_words(halves: np.ndarray) -> np.ndarray:
    """Return words as an array of Python integers, the inverse of `split_words`."""
    return word_array(
        (high << _HALF | low for low, high in halves.tolist()),
        NEURON_BITS,
    )


def _parts(layout: data.StructLayout, name: str) -> Iterable[tuple[int, int, int, int]]:
    """List where the bits of a field stand: half, lowest bit there, bits, lowest bit in the
    field.
    """
    position = layout[name]
    done = 0
    while done < position.width:
        half, bit = divmod(position.offset + done, _HALF)
        count = min(position.width - done, _HALF - bit)
        yield half, bit, count, done
        done += count


def field(halves: np.ndarray, layout: data.StructLayout, name: str) -> np.ndarray:
    """Return a field of all words, as an array of int64; the field has less than 64 bits."""
    value = np.zeros(len(halves), dtype=np.uint64)
    for half, bit, count, done in _parts(layout, name):
        part = halves[:, half] >> np.uint64(bit) & np.uint64((1 << count) - 1)
        value |= part << np.uint64(done)
    return value.astype(np.int64)


def put_field(halves: np.ndarray, layout: data.StructLayout, name: str, values: np.ndarray) -> None:
    """Replace a field of all words; takes the low bits of the values."""
    values = np.asarray(values).astype(np.int64).astype(np.uint64)
    for half, bit, count, done in _parts(layout, name):
        mask = np.uint64((1 << count) - 1)
        part = (values >> np.uint64(done) & mask) << np.uint64(bit)
        halves[:, half] = halves[:, half] & ~(mask << np.uint64(bit)) | part
