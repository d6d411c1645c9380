"""Arrays of neurons: the type of their elements, and working on some of the neurons."""

from typing import Self

import numpy as np

__all__ = ["INTEGER", "Parts", "constant"]

#: One type for everything that is counted is fastest; sums of two fields fit.
INTEGER = np.int16


def constant(value: int) -> np.ndarray:
    """Return a number in the form that array operations take fastest."""
    return np.array(value, dtype=INTEGER)


class Parts:
    """Arrays as attributes, parts of which can be worked on like the whole."""

    def part(self, index: slice) -> Self:
        """Return some of the neurons; they are the same neurons, not copies."""
        part = object.__new__(type(self))
        for name, value in self.__dict__.items():
            if isinstance(value, np.ndarray):
                value = value[index]
            elif isinstance(value, Parts):
                value = value.part(index)
            part.__dict__[name] = value
        part.examine()
        return part

    def examine(self) -> None:
        """Find out what these neurons need, so that an update can leave out what none does."""
