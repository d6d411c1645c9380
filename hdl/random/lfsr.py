"""Random bits from linear recurrences (specification of ReckOn, section 7)."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LinearRecurrence", "check_recurrence", "window_of_seed"]


def check_recurrence(a: int, b: int) -> None:
    """Assert that a recurrence is one that this module can build."""
    assert a > 0
    assert 2 * a <= b


def window_of_seed(seed: Sequence, a: int, b: int, draw: int) -> list:
    """Return the elements s[-b] to s[-1] that a seed stands for.

    Parameters
    ----------
    seed : sequence of bits
        The seed: a value of b bits, or as many zeros and ones.
    a, b : int
        The recurrence.
    draw : int
        Bits of a draw of the published generator; with fewer than b, seed bits have another order.
    """
    check_recurrence(a, b)
    if draw >= b:
        # Bit i is s[i] for i < a, else s[i - b]; s[i] = s[i - a] ^ s[i - b].
        return [seed[i] ^ seed[b + i - a] if i < a else seed[i] for i in range(b)]
    assert (a, b, draw) == (1, 15, 7)
    window = [seed[0]] * b
    for m in range(7):
        window[b - 14 + m] = seed[2 * m + 1]
        window[b - 7 + m] = seed[2 * m + 2]
    window[0] = seed[0] ^ window[b - 1]
    return window


#: Rounds whose sums are formed beside the elements before them; more are slower and no smaller.
_LOOK_AHEAD = 8


def _unroll(m: Module, window: Value, a: int, b: int, steps: int) -> Value:
    """Return s[0] to s[steps - 1], as many at once as squares of the recurrence allow.

    s[n] = s[n - a] ^ s[n - b] holds also with a and b doubled any number of times. Such a round
    gives that many elements, and depends on the one before. A few rounds are therefore summed from
    older elements alone, and what they start from comes in last: one gate from the first to the
    last of them.
    """
    known = window
    n = 0
    while n < steps:
        scale = 1
        while n >= (2 * scale - 1) * b:
            scale *= 2
        # Up to where the next scale is better, what older elements allow, or the end.
        end = min((2 * scale - 1) * b, n + min(_LOOK_AHEAD * a, b) * scale, steps)
        before = known[n + b - scale * a : n + b]
        total = Const(0, scale * a)
        for start in range(n, end, scale * a):
            width = min(scale * a, end - start)
            far = start + b - scale * b
            total = total[:width] ^ known[far : far + width]
            part = Signal(width, name=f"elements_{start}")
            m.d.comb += part.eq(before[:width] ^ total)
            known = Cat(known, part)
        n = end
    return known[b:]


class LinearRecurrence(wiring.Component):
    """Bits of s[n] = s[n - a] ^ s[n - b].

    Each draw gives the next `steps` elements. A zero seed yields zeros for ever. Several sequences
    can share the circuit, since one of them is looked at in a cycle.

    Parameters
    ----------
    a, b : int
        The recurrence; b is the number of state bits.
    steps : int
        Bits taken together.
    seeds : sequence of int
        Seed after reset, of each sequence.
    draw_bits : int, optional
        Bits of a draw of the published generator, which fixes the order of the seed's bits; `steps`
        if absent.

    Members
    -------
    select : In(range(number of seeds))
        The sequence that is looked at.
    draw : In(1)
        Let it go on to its next `steps` elements.
    value : Out(steps)
        Its present elements; bit i is s[i].
    load : In(number of seeds)
        Start these sequences from their seeds; precedes `draw`.
    seeds : In(array of b bits, one for each sequence)
        New seeds.
    """

    def __init__(
        self, *, a: int, b: int, steps: int, seeds: Sequence[int], draw_bits: int | None = None
    ) -> None:
        check_recurrence(a, b)
        self._a, self._b, self._steps, self._initial = a, b, steps, seeds
        self._draw_bits = steps if draw_bits is None else draw_bits
        super().__init__(
            {
                "select": In(range(len(seeds))),
                "draw": In(1),
                "value": Out(steps),
                "load": In(len(seeds)),
                "seeds": In(data.ArrayLayout(b, len(seeds))),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a, b, steps = self._a, self._b, self._steps
        windows = []
        for number, seed in enumerate(self._initial):
            constant = [(seed >> index) & 1 for index in range(b)]
            elements = window_of_seed(constant, a, b, self._draw_bits)
            initial = sum(bit << index for index, bit in enumerate(elements))
            windows.append(Signal(b, name=f"window_{number}", init=initial))
        window = Signal(b)
        m.d.comb += window.eq(Array(windows)[self.select])

        m.d.comb += self.value.eq(_unroll(m, window, a, b, steps))
        following = Cat(window, self.value)[-b:]
        for number, stored in enumerate(windows):
            with m.If(self.load[number]):
                m.d.sync += stored.eq(
                    Cat(*window_of_seed(self.seeds[number], a, b, self._draw_bits))
                )
            with m.Elif(self.draw & (self.select == number)):
                m.d.sync += stored.eq(following)
        return m
