"""Random generators defined by a linear recurrence (specification of ReckOn, section 7).

The recurrence over GF(2) is `s[n] = s[n-a] ^ s[n-b]`, and squaring it gives
`s[n] = s[n-a*2^k] ^ s[n-b*2^k]` for every k. With k = 5 it holds between whole 32-bit words of the
sequence, and with larger k between blocks of words: that is how much is made at once here.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Lfsr", "Recurrence"]

_WORD = 32

#: Words of history that are kept at most; more would make larger blocks, which gains no more speed.
_HISTORY = 1 << 15


@dataclass(frozen=True)
class Recurrence:
    """A generator's recurrence and the length of its draws.

    Attributes
    ----------
    a, b : int
        Taps, a < b; b is the number of state bits. The recurrence is `s[n] = s[n-a] ^ s[n-b]`.
    draw_bits : int
        J, the bits of a draw: the first draw after a seed is `s[0]` to `s[J-1]`, and so on.
    """

    a: int
    b: int
    draw_bits: int

    def seed_positions(self) -> list[int]:
        """Return, for each bit of a seed, the index n of the element s[n] that it sets.

        The elements are those from s[a-b] to s[a-1], in an order that depends on whether a draw is
        longer than the state.
        """
        if self.draw_bits >= self.b:
            return [index if index < self.a else index - self.b for index in range(self.b)]
        # The published generators of 7 bits a draw, with a = 1 and b = 15.
        half = self.b // 2
        positions = [0]
        for index in range(half):
            positions += [index - 2 * half, index - half]
        return positions


class Lfsr:
    """A generator: the sequence from its present position on.

    Parameters
    ----------
    recurrence : Recurrence
        The recurrence.
    seed : int
        Seed, b bits; zero yields zeros for ever.
    """

    def __init__(self, recurrence: Recurrence, seed: int) -> None:
        self.recurrence = recurrence
        self.load(seed)

    def load(self, seed: int) -> None:
        """Start anew from a seed, whose low b bits are taken."""
        a, b = self.recurrence.a, self.recurrence.b
        bits = [0] * b
        for index, position in enumerate(self.recurrence.seed_positions()):
            bits[position - a + b] = seed >> index & 1
        # bits[i] is s[i+a-b]. Words need b of them as history, the first being s[0] to s[31].
        for index in range(b, b - a + _WORD * b):
            bits.append(bits[index - a] ^ bits[index - b])
        packed = np.packbits(np.array(bits[b - a :], dtype=np.uint8), bitorder="little")
        self._words = packed.view("<u4").astype(np.uint32)
        self._level = 0
        self._position = 0
        self._dead = seed & ((1 << b) - 1) == 0

    def _extend(self, count: int) -> None:
        """Make at least `count` words from the start of the buffer on."""
        a, b = self.recurrence.a, self.recurrence.b
        # What is behind the position is history, and kept as far as the widest stride reaches back.
        done = self._position // _WORD
        used = min(done, max(0, len(self._words) - (b << self._level)))
        if used > len(self._words) // 2:
            self._words = self._words[used:].copy()
            self._position -= used * _WORD
            count -= used
        have = len(self._words)
        if have >= count:
            return
        words = np.empty(max(count, min(2 * have, have + _HISTORY)), dtype=np.uint32)
        words[:have] = self._words
        while have < len(words):
            while b << (self._level + 1) <= min(have, _HISTORY):
                self._level += 1
            stride = a << self._level
            stop = min(have + stride, len(words))
            back = b << self._level
            np.bitwise_xor(
                words[have - stride : stop - stride],
                words[have - back : stop - back],
                out=words[have:stop],
            )
            have = stop
        self._words = words

    def peek(self, count: int, width: int | None = None) -> np.ndarray:
        """Return the next draws without making them.

        Parameters
        ----------
        count : int
            Number of draws.
        width : int, optional
            Bits of the parts that draws are cut into, at most 32 and a divisor of J; the whole draw
            if absent.

        Returns
        -------
        ndarray of uint32
            Shape `(count,)`, or `(count, J / width)` if a width is given; part i has the bits from
            `width * i` on.
        """
        size = self.recurrence.draw_bits
        shape = (count,) if width is None else (count, size // width)
        width = size if width is None else width
        if count == 0 or self._dead:
            return np.zeros(shape, dtype=np.uint32)
        self._extend((self._position + count * size) // _WORD + 2)
        if width == _WORD and self._position % _WORD == 0:
            start = self._position // _WORD
            return self._words[start : start + count * size // _WORD].reshape(shape)
        offsets = self._position + width * np.arange(count * size // width)
        index = offsets >> 5
        parts = self._words[index].astype(np.uint64)
        parts |= self._words[index + 1].astype(np.uint64) << np.uint64(_WORD)
        parts >>= (offsets & 31).astype(np.uint64)
        return (parts & np.uint64((1 << width) - 1)).astype(np.uint32).reshape(shape)

    def advance(self, count: int) -> None:
        """Make `count` draws."""
        self._extend((self._position + count * self.recurrence.draw_bits) // _WORD + 2)
        self._position += count * self.recurrence.draw_bits

    def draw(self, count: int, width: int | None = None) -> np.ndarray:
        """Make draws and return them as `peek` does."""
        draws = self.peek(count, width)
        self._position += count * self.recurrence.draw_bits if not self._dead else 0
        return draws
