"""Memory words of weights as arrays, and back."""

from collections.abc import Sequence

import numpy as np

from ..arithmetic import wrap

__all__ = ["pack_weights", "unpack_weights"]


def unpack_weights(words: Sequence[int], bits: int, count: int) -> np.ndarray:
    """Cut words into `count` signed weights of `bits` bits each, the first in the lowest bits."""
    if not len(words):
        return np.zeros((0, count), dtype=np.int32)
    size = -(-bits * count // 8)
    data = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), dtype=np.uint8)
    single = np.unpackbits(data.reshape(-1, size), axis=1, bitorder="little")[:, : bits * count]
    values = single.reshape(-1, count, bits).astype(np.int32) @ (
        1 << np.arange(bits, dtype=np.int32)
    )
    return wrap(values, bits).astype(np.int32)


def pack_weights(weights: np.ndarray, bits: int) -> list[int]:
    """Put weights together, one word a row; the inverse of `unpack_weights`."""
    single = (weights[:, :, None] >> np.arange(bits) & 1).astype(np.uint8)
    single = single.reshape(len(weights), bits * weights.shape[1])
    data = np.packbits(single, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in data]
