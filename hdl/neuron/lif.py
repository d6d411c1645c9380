"""Leaky integrate-and-fire neurons: tinyODIN's (its specification, section 8) and ODIN's (section
12).
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LeakyIntegrateAndFire", "UnsignedIntegrate"]


class LeakyIntegrateAndFire(wiring.Component):
    """Next state of a leaky integrate-and-fire neuron with a signed potential.

    Purely combinational. A time reference moves the potential towards zero by the leak and never
    across it; otherwise the weight is added and the sum saturates. The neuron fires if the result
    is not negative and reaches the threshold, and is then zero.

    Parameters
    ----------
    potential_bits : int
        Bits of the potential and of the threshold.
    weight_bits : int
        Bits of the weight, at most `potential_bits`.
    leak_bits : int
        Bits of the leak, less than `potential_bits`.

    Members
    -------
    potential : In(signed(potential_bits))
        Stored potential.
    threshold : In(potential_bits)
        Threshold, unsigned: one above the largest potential is never reached.
    leak : In(leak_bits)
        Leak per time reference.
    weight : In(signed(weight_bits))
        Weight; without effect on a time reference.
    tick : In(1)
        Time reference instead of a weight.
    next_potential : Out(signed(potential_bits))
        Potential to store.
    fires : Out(1)
        The neuron fires; the disable bit is not regarded here.
    """

    def __init__(self, *, potential_bits: int, weight_bits: int, leak_bits: int) -> None:
        super().__init__(
            {
                "potential": In(signed(potential_bits)),
                "threshold": In(potential_bits),
                "leak": In(leak_bits),
                "weight": In(signed(weight_bits)),
                "tick": In(1),
                "next_potential": Out(signed(potential_bits)),
                "fires": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.potential)
        negative = self.potential[-1]

        # One adder serves both kinds of event. Subtracting the leak is adding its complement and a
        # one, which comes in as the carry of an extra lowest bit.
        subtract = Signal()
        operand = Signal(signed(width))
        total = Signal(signed(width + 1))
        m.d.comb += [
            subtract.eq(self.tick & ~negative),
            operand.eq(
                Mux(self.tick, self.leak.as_unsigned() ^ subtract.replicate(width), self.weight)
            ),
            total.eq(
                (Cat(1, self.potential).as_signed() + Cat(subtract, operand).as_signed()) >> 1
            ),
        ]

        # The threshold is compared with the sum before it is limited, in parallel with limiting it.
        # That is the same: a leak that would cross zero ends at zero, which reaches only a
        # threshold of zero; a sum that saturates upwards ends at the largest potential, which
        # reaches every threshold but those above all potentials.
        crosses = Signal()
        saturates = Signal()
        m.d.comb += [
            crosses.eq(self.tick & (total[-1] != negative)),
            saturates.eq(~self.tick & (total[-1] != total[-2])),
        ]
        with m.If(crosses):
            m.d.comb += self.fires.eq(self.threshold == 0)
        with m.Else():
            m.d.comb += self.fires.eq(
                ~total[-1] & ~self.threshold[-1] & (total[:-1].as_unsigned() >= self.threshold)
            )
        with m.If(self.fires | crosses):
            m.d.comb += self.next_potential.eq(0)
        with m.Elif(saturates):
            m.d.comb += self.next_potential.eq(Cat((~total[-1]).replicate(width - 1), total[-1]))
        with m.Else():
            m.d.comb += self.next_potential.eq(total)
        return m


class UnsignedIntegrate(wiring.Component):
    """First part of the update of ODIN's neuron, whose potential is not negative (section 12, rule
    1).

    Purely combinational. A time reference or an inhibitory weight lowers the potential, an
    excitatory weight raises it; it is held at 0 and at the maximum. The neuron then fires if its
    new potential reaches the threshold, and is then zero: so little that whoever uses this does it.

    Parameters
    ----------
    potential_bits : int
        Bits of the potential.
    weight_bits : int
        Bits of the weight, at most `potential_bits`.
    leak_bits : int
        Bits of the leak, at most `potential_bits`.

    Members
    -------
    potential : In(potential_bits)
        Stored potential.
    leak : In(leak_bits)
        Leak per time reference; 0 for none.
    weight : In(weight_bits)
        Weight; without effect on a time reference.
    inhibitory : In(1)
        The weight inhibits.
    tick : In(1)
        Time reference instead of a weight.
    next_potential : Out(potential_bits)
        Potential before the test of the threshold.
    """

    def __init__(self, *, potential_bits: int, weight_bits: int, leak_bits: int) -> None:
        super().__init__(
            {
                "potential": In(potential_bits),
                "leak": In(leak_bits),
                "weight": In(weight_bits),
                "inhibitory": In(1),
                "tick": In(1),
                "next_potential": Out(potential_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.potential)
        # One adder for both directions. Subtracting is adding the complement and a one, which comes
        # in as the carry of an extra lowest bit.
        subtract = Signal()
        operand = Signal(width)
        total = Signal(width + 2)
        beyond = Signal()
        m.d.comb += [
            subtract.eq(self.tick | self.inhibitory),
            operand.eq(Mux(self.tick, self.leak, self.weight) ^ subtract.replicate(width)),
            total.eq(Cat(1, self.potential) + Cat(subtract, operand)),
            # A carry out is the overflow of a sum, and none the underflow of a difference.
            beyond.eq(total[-1] ^ subtract),
            self.next_potential.eq(Mux(beyond, (~subtract).replicate(width), total[1 : width + 1])),
        ]
        return m
