"""Random choices, and samples of neurons, that workloads share."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["RandomChoice", "bits", "spread"]

Item = TypeVar("Item")


class RandomChoice:
    """Choices from a random generator, as plain Python numbers.

    Parameters
    ----------
    random : numpy.random.Generator
        The generator; others may draw from it in between.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return bool(self._random.random() < probability)

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        return int(self._random.integers(limit))

    def bits(self, width: int) -> int:
        """Return a number of so many random bits."""
        return bits(self._random, width)

    def one(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[int], count: int) -> list[int]:
        """Return so many of the items, or all if there are fewer, in ascending order."""
        chosen = self._random.choice(np.array(items), min(count, len(items)), replace=False)
        return sorted(chosen.tolist())


def bits(random: np.random.Generator, width: int) -> int:
    """Return a number of so many random bits."""
    return int.from_bytes(random.bytes(-(-width // 8)), "little") & ((1 << width) - 1)


def spread(size: int, count: int) -> list[int]:
    """Return numbers below `size`, ascending, with the first, the last, and each place modulo 8.

    Parameters
    ----------
    size, count : int
        Powers of two, `count` at least 32; all numbers if there are not more.
    """
    if count >= size:
        return list(range(size))
    stride = size // count
    numbers = [number * stride + number // 4 % stride for number in range(count)]
    return [*numbers[:-1], size - 1]
