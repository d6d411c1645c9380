"""What the sessions of all cores share."""

import numpy as np

__all__ = ["bits", "spread"]


def bits(random: np.random.Generator, width: int) -> int:
    """Return a number of so many random bits."""
    return int.from_bytes(random.bytes(-(-width // 8)), "little") & ((1 << width) - 1)


def spread(size: int, count: int) -> list[int]:
    """Return numbers below `size`, ascending, the first and the last among them, in all places of a group.

    Parameters
    ----------
    size, count : int
        Powers of two, `count` at least 32; all numbers if there are not more.
    """
    if count >= size:
        return list(range(size))
    stride = size // count
    found = [number * stride + number // 4 % stride for number in range(count)]
    return [*found[:-1], size - 1]
