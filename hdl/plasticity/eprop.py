"""Learning with e-prop, and firing-rate regularisation (specification of ReckOn, sections 10 and
11).

All circuits here are purely combinational.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arithmetic import saturate

__all__ = [
    "SCALING",
    "Drive",
    "OutputError",
    "RegularisationLevel",
    "Scaling",
    "SurrogateDerivative",
    "WeightUpdate",
    "learning_signal",
    "scale",
    "small_product",
]

#: Bits of an update's drive and of its random number.
DRIVE_BITS = 32

#: How a number is shifted left and then right, decoded; see `Scaling`.
SCALING = data.StructLayout(
    {"rotate": 5, "low": DRIVE_BITS, "high": DRIVE_BITS, "overflow": DRIVE_BITS}
)


def small_product(value: Value, factor: Value) -> Value:
    """Return a product with a factor of few bits as a sum, where a multiplier would be wasted."""
    signed_factor = factor.shape().signed
    total: Value | None = None
    for index in range(len(factor)):
        term = Mux(factor[index], value, 0) << index
        if total is None:
            total = term
        elif signed_factor and index == len(factor) - 1:
            total = total - term
        else:
            total = total + term
    assert total is not None
    return total


def learning_signal(total: Value, scale: Value, *, multiply: bool = False) -> Value:
    """Return the learning signal, 16 bits signed, of a sum of errors times output weights.

    With `multiply` a multiplier shifts the sum, which is smaller and slower.
    """
    if multiply:
        return saturate((total * (1 << scale)) >> 12)
    # Shifted to the right only, which is smaller: by 15 minus the scale, after three zeros.
    return saturate((total << 3) >> (15 - scale)[:4])


class OutputError(wiring.Component):
    """Error of an output neuron (section 11).

    Members
    -------
    enable : In(1)
        There are errors, and the output is in use; else the error is 0.
    potential : In(signed(16))
        Its potential.
    linear : In(1)
        No hard sigmoid.
    regression : In(1)
        The target is `target`; else it is full scale if `chosen`, else 0.
    target : In(signed(16))
        Target.
    chosen : In(1)
        The output is the label.
    error : Out(signed(16))
        Target minus activation, saturated.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "enable": In(1),
                "potential": In(signed(16)),
                "linear": In(1),
                "regression": In(1),
                "target": In(signed(16)),
                "chosen": In(1),
                "error": Out(signed(16)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        full = 2048
        # (potential + 2048) / 2 with 12 bits; else a limit.
        sign = self.potential[-1]
        fits = self.potential[11:-1] == sign.replicate(4)
        sigmoid = Signal(range(full + 1))
        with m.If(fits):
            m.d.comb += sigmoid.eq(Cat(self.potential[1:11], ~sign))
        with m.Elif(~sign):
            m.d.comb += sigmoid.eq(full)
        activation = Mux(self.linear, self.potential, sigmoid)
        target = Mux(self.regression, self.target, Mux(self.chosen, full, 0))
        with m.If(self.enable):
            m.d.comb += self.error.eq(saturate(target - activation))
        return m


class SurrogateDerivative(wiring.Component):
    """Surrogate derivative in five segments (section 11, first part, item 3).

    Members
    -------
    potential : In(signed(16))
        Potential.
    thresholds : In(16 bits signed, 4 times)
        Limits of the segments; the first one above the potential counts.
    values : In(5 bits signed, 5 times)
        Values in the segments.
    result : Out(signed(5))
        The derivative.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "potential": In(signed(16)),
                "thresholds": In(data.ArrayLayout(signed(16), 4)),
                "values": In(data.ArrayLayout(signed(5), 5)),
                "result": Out(signed(5)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.result.eq(self.values[4])
        for index in reversed(range(4)):
            with m.If(self.potential < self.thresholds[index]):
                m.d.comb += self.result.eq(self.values[index])
        return m


class RegularisationLevel(wiring.Component):
    """How far a trace is above the regularisation threshold (section 11, first part, item 4).

    Members
    -------
    trace : In(12)
        Recurrent trace, without its fraction bits.
    threshold : In(12)
        Level above which regularisation acts.
    result : Out(12)
        What is above it, else 0.
    """

    def __init__(self) -> None:
        super().__init__({"trace": In(12), "threshold": In(12), "result": Out(12)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        above = self.trace - self.threshold
        with m.If(~above[-1]):
            m.d.comb += self.result.eq(above[:12])
        return m


class Scaling(wiring.Component):
    """Decodes a shift to the left followed by one to the right, for all numbers shifted by the
    same.

    Both together are a rotation, of which some bits count.

    Members
    -------
    left, right : In(5)
        The shifts.
    short : In(1)
        Numbers have 28 bits; else 32.
    cut : In(1)
        What leaves a number to the left is lost; else the number becomes the greatest there is.
    scaling : Out(SCALING)
        What `scale` and `WeightUpdate` need.
    """

    def __init__(self) -> None:
        super().__init__(
            {"left": In(5), "right": In(5), "short": In(1), "cut": In(1), "scaling": Out(SCALING)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        full = Mux(self.short, (1 << 28) - 1, (1 << 32) - 1)
        net = self.left - self.right
        ones = (1 << DRIVE_BITS) - 1
        m.d.comb += [
            # To the right, as the steps of a rotation count.
            self.scaling.rotate.eq(self.right - self.left),
            self.scaling.high.eq(full >> self.right),
            self.scaling.low.eq(Mux(net > 0, ones << net[:5], ones)),
            # A bit from here on leaves the number when it is shifted to the left.
            self.scaling.overflow.eq(Mux(self.cut, 0, ~(full >> self.left))),
        ]
        return m


def _rotate_right(value: Value, steps: Value, levels: Sequence[int]) -> Value:
    for level in levels:
        value = Mux(steps[level], value.rotate_right(1 << level), value)
    return value


def turn(value: Value, scaling: data.View) -> Value:
    """Return a number of 32 bits after the first levels of its rotation, which can be a cycle
    earlier.
    """
    return _rotate_right(value, scaling.rotate, range(2))


def overflows(value: Value, scaling: data.View) -> Value:
    """Tell whether a number of 32 bits becomes the greatest there is, for `Scaling` without
    `cut`.
    """
    return (value & scaling.overflow).any()


def scale(turned: Value, scaling: data.View) -> Value:
    """Return a number of 32 bits shifted left, cut to its width, and shifted right.

    Parameters
    ----------
    turned : Value
        What `turn` makes of the number.
    scaling : data.View
        What `Scaling` makes of the shifts.
    """
    return _rotate_right(turned, scaling.rotate, range(2, 5)) & scaling.low & scaling.high


class Drive(wiring.Component):
    """From products to what drives an update (section 11, second part).

    Parameters
    ----------
    product_bits : int
        Bits of `product`.

    Members
    -------
    product : In(signed(product_bits))
        D: 16 times learning signal, trace and derivative, or less with multiplicative
        regularisation.
    regularisation : In(signed(32))
        a: what additive regularisation takes away.
    negative : Out(1)
        The drive is below 0.
    magnitude : Out(32)
        Its magnitude; 0: no update.
    certain : Out(1)
        It is the most negative number, with which an update always happens. A positive number with
        bit 31 set before the division by 16 becomes that, as in the published core.
    """

    def __init__(self, product_bits: int) -> None:
        super().__init__(
            {
                "product": In(signed(product_bits)),
                "regularisation": In(signed(32)),
                "negative": Out(1),
                "magnitude": Out(32),
                "certain": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        difference = Signal(32)
        clamped, below = Signal(), Signal()
        m.d.comb += [
            difference.eq((self.product >> 4) - self.regularisation),
            below.eq(difference[31]),
            clamped.eq(~below & self.product[31]),
            self.negative.eq(below | clamped),
            # The negative of a number is its complement plus one.
            self.magnitude.eq(
                ((difference ^ below.replicate(32)) & (~clamped).replicate(32)) + below
            ),
        ]
        # The number without a positive counterpart is its own magnitude.
        with m.If(clamped):
            m.d.comb += self.magnitude[31].eq(1)
        m.d.comb += self.certain.eq(self.magnitude[31])
        return m


class WeightUpdate(wiring.Component):
    """Stochastic update of a weight by one step (section 11, update rule).

    Parameters
    ----------
    bits : int
        Bits of a weight.

    Members
    -------
    negative, certain
        The drive, as `Drive` gives it.
    magnitude : In(32)
        What `turn` makes of the drive's magnitude.
    overflow : In(1)
        What `overflows` says of the drive's magnitude.
    scaling : In(SCALING)
        The learning rate.
    random : In(32)
        A random number, as wide as the drive.
    weight : In(signed(bits))
        The weight.
    scaled : Out(32)
        The magnitude times the learning rate.
    write : Out(1)
        The update happens.
    result : Out(signed(bits))
        The new weight; at a limit it stays.
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        super().__init__(
            {
                "negative": In(1),
                "magnitude": In(32),
                "overflow": In(1),
                "certain": In(1),
                "scaling": In(SCALING),
                "random": In(32),
                "weight": In(signed(bits)),
                "scaled": Out(32),
                "write": Out(1),
                "result": Out(signed(bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.scaled.eq(
            Mux(self.overflow, self.scaling.high, scale(self.magnitude, self.scaling))
        )
        limit = Mux(self.negative, 1 << (self._bits - 1), (1 << (self._bits - 1)) - 1)
        m.d.comb += [
            self.write.eq(self.magnitude.any() & (self.certain | (self.scaled >= self.random))),
            self.result.eq(self.weight + Mux(self.negative, -1, 1)),
        ]
        with m.If(self.weight.as_unsigned() == limit):
            m.d.comb += self.result.eq(self.weight)
        return m
