"""Leak of ReckOn's potentials and traces, and what its neurons do beside (sections of its
specification).

All circuits here are combinational, but for a comparison that can be kept. A leak is a product and
what becomes of it, so that a register can stand between the two.
"""

from collections.abc import Callable

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Fire", "Increment", "Integrate", "Leak", "alpha_product"]

#: Fraction bits of alpha and of kappa.
ALPHA_FRACTION = 15
KAPPA_FRACTION = 7


def alpha_product(
    value: Value,
    alpha: Value,
    select: Value,
    register: Callable[[Value], Value] = lambda product: product,
) -> Value:
    """Return value x alpha, given the stored bits of alpha and its select bit (section 6).

    Alpha is near 2^15: value x 2^15 and a product with the small rest are cheaper. `register` may
    keep that product, as multipliers of FPGAs can, until the next cycle, in which value still
    stands.
    """
    rest = Cat(alpha, ~select).as_signed()
    return (value << ALPHA_FRACTION) + register(value * rest)


class Leak(wiring.Component):
    """From a product to the leaked number, rounded at random if wanted (section 9).

    Parameters
    ----------
    bits : int
        Bits of the number.
    fraction : int
        Fraction bits of the factor.

    Members
    -------
    product : In(bits + fraction + 1)
        Number times factor; which of them is signed does not matter.
    round : In(1)
        Round at random. The factor 1 is never rounded; whoever drives this knows the factor.
    random : In(fraction)
        A random number.
    result : Out(bits)
        The leaked number.
    """

    def __init__(self, bits: int, fraction: int) -> None:
        self._bits, self._fraction = bits, fraction
        super().__init__(
            {
                "product": In(bits + fraction + 1),
                "round": In(1),
                "random": In(fraction),
                "result": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cropped = self.product[: self._fraction]
        kept = self.product[self._fraction : self._fraction + self._bits]
        # What has become zero stays zero, so that potentials decay to it.
        up = self.round & (cropped >= self.random) & kept.any()
        m.d.comb += self.result.eq(kept + up)
        return m


class Fire(wiring.Component):
    """Whether a neuron spikes, and its potential after the leak and the reset (section 9).

    Parameters
    ----------
    kept : bool
        The comparison is made in the cycle before, and kept.

    Members
    -------
    potential : In(signed(16))
        Potential before the leak; if kept, in the cycle before.
    leaked : In(signed(16))
        Potential after it.
    threshold : In(signed(16))
        Firing threshold; if kept, in the cycle before too.
    reset_to_zero : In(1)
        A spike resets to zero; else it subtracts the threshold, wrapping.
    spike : Out(1)
        It spikes.
    result : Out(signed(16))
        New potential.
    """

    def __init__(self, kept: bool = False) -> None:
        self._kept = kept
        super().__init__(
            {
                "potential": In(signed(16)),
                "leaked": In(signed(16)),
                "threshold": In(signed(16)),
                "reset_to_zero": In(1),
                "spike": Out(1),
                "result": Out(signed(16)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d["sync" if self._kept else "comb"] += self.spike.eq(self.potential >= self.threshold)
        m.d.comb += [
            self.result.eq(self.leaked - Mux(self.spike, self.threshold, 0)),
        ]
        with m.If(self.spike & self.reset_to_zero):
            m.d.comb += self.result.eq(0)
        return m


class Increment(wiring.Component):
    """What a weighted event and noise add to a potential (section 12, item 2).

    Parameters
    ----------
    weight_bits : int
        Bits of a weight.

    Members
    -------
    weight_in, weight_rec : In(signed(weight_bits))
        Weights from the input and from the recurrent neuron; zero for the one that does not spike.
    shift_w_in, shift_w_rec : In(3)
        Their left shifts.
    noise : In(signed(16))
        Noise, already shifted.
    increment : Out(signed(16))
        The sum of both, wrapping.
    inhibits : Out(1)
        The event alone is below zero.
    """

    def __init__(self, weight_bits: int) -> None:
        super().__init__(
            {
                "weight_in": In(signed(weight_bits)),
                "weight_rec": In(signed(weight_bits)),
                "shift_w_in": In(3),
                "shift_w_rec": In(3),
                "noise": In(signed(16)),
                "increment": Out(signed(16)),
                "inhibits": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # At most 15 bits each: the sum fits 16 and needs no saturation.
        event = Signal(signed(16))
        m.d.comb += [
            event.eq((self.weight_in << self.shift_w_in) + (self.weight_rec << self.shift_w_rec)),
            self.increment.eq((event + self.noise)[:16]),
            self.inhibits.eq(event[-1]),
        ]
        return m


class Integrate(wiring.Component):
    """Adds an increment to a potential (section 12, item 2).

    Members
    -------
    potential : In(signed(16))
        Potential.
    increment, inhibits
        As `Increment` gives them.
    result : Out(signed(16))
        New potential. Overflow is seen without the noise's sign, as in the published core.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "potential": In(signed(16)),
                "increment": In(signed(16)),
                "inhibits": In(1),
                "result": Out(signed(16)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = (self.potential + self.increment)[:16]
        before, after = self.potential[-1], total[-1]
        m.d.comb += self.result.eq(total.as_signed())
        with m.If((before == self.inhibits) & (after != before)):
            m.d.comb += self.result.eq(Cat((~before).replicate(15), before).as_signed())
        return m
