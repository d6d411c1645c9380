"""Spike-driven synaptic plasticity of ODIN (specification of ODIN, sections 11, 12 and 13.11).

All circuits here are purely combinational.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CALCIUM", "Calcium", "Synapse", "TickCounter"]

#: What a neuron of either model has for learning.
CALCIUM = data.StructLayout(
    {
        "enable": 1,
        "potential_threshold": 8,
        "threshold_1": 3,
        "threshold_2": 3,
        "threshold_3": 3,
        "calcium": 3,
    }
)


class TickCounter(wiring.Component):
    """Counts time references and leaks once in a period (sections 12, rule 4, and 13.10).

    Parameters
    ----------
    bits : int
        Bits of the counter and of the period.

    Members
    -------
    enable : In(1)
        Count; else the counter stands still.
    tick : In(1)
        Time reference.
    period : In(bits)
        Time references per leak; 0: never.
    count : In(bits)
        Stored counter.
    next_count : Out(bits)
        Counter to store; wraps if the period is below what it has reached.
    leak : Out(1)
        The period ends with this time reference.
    """

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "enable": In(1),
                "tick": In(1),
                "period": In(bits),
                "count": In(bits),
                "next_count": Out(bits),
                "leak": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = len(self.count)
        counts = Signal()
        following = Signal(bits)
        m.d.comb += [
            counts.eq(self.enable & self.tick & self.period.any()),
            following.eq(self.count + 1),
            # In this width a counter that has wrapped meets no period, as no period is 0 here.
            self.leak.eq(counts & (following == self.period)),
            self.next_count.eq(Mux(counts, Mux(self.leak, 0, following), self.count)),
        ]
        return m


class Calcium(wiring.Component):
    """Next calcium and the flags that make synapses learn (sections 12, rules 5 and 6, and 13.11).

    Members
    -------
    neuron : In(CALCIUM)
        Parameters and stored calcium.
    leak : In(1)
        Calcium leaks with this update.
    fires : In(1)
        The neuron fires, disabled or not.
    spikes : In(3)
        Spikes this counts for.
    potential : In(8)
        Next potential.
    negative : In(1)
        The next potential is negative.
    next_calcium : Out(3)
        Calcium to store.
    up, down : Out(1)
        Potentiation and depression flag, never both.
    """

    neuron: In(CALCIUM)
    leak: In(1)
    fires: In(1)
    spikes: In(3)
    potential: In(8)
    negative: In(1)
    next_calcium: Out(3)
    up: Out(1)
    down: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        neuron = self.neuron
        calcium = self.next_calcium
        more = Signal(4)
        m.d.comb += [more.eq(neuron.calcium + self.spikes), calcium.eq(neuron.calcium)]
        with m.If(neuron.enable & self.fires & ~self.leak):
            m.d.comb += calcium.eq(more[:3] | more[3].replicate(3))
        with m.Elif(neuron.enable & self.leak & ~self.fires & neuron.calcium.any()):
            m.d.comb += calcium.eq(neuron.calcium - 1)

        learns = Signal()
        high = Signal()
        m.d.comb += [
            learns.eq(neuron.enable & ~self.negative & (calcium >= neuron.threshold_1)),
            high.eq(self.potential >= neuron.potential_threshold),
            self.up.eq(learns & high & (calcium < neuron.threshold_3)),
            self.down.eq(learns & ~high & (calcium < neuron.threshold_2)),
        ]
        return m


class Synapse(wiring.Component):
    """Next weight of a synapse (section 11).

    Parameters
    ----------
    weight_bits : int
        Bits of the weight.

    Members
    -------
    weight : In(weight_bits)
        Stored weight.
    eligible : In(1)
        The synapse may change.
    bistability : In(1)
        Bistability event: one step away from the middle; else a step by the target's flags.
    up, down : In(1)
        Flags of the target neuron; up has precedence.
    next_weight : Out(weight_bits)
        Weight to store.
    """

    def __init__(self, weight_bits: int) -> None:
        super().__init__(
            {
                "weight": In(weight_bits),
                "eligible": In(1),
                "bistability": In(1),
                "up": In(1),
                "down": In(1),
                "next_weight": Out(weight_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rises = Signal()
        falls = Signal()
        m.d.comb += [
            rises.eq(self.eligible & Mux(self.bistability, self.weight[-1], self.up)),
            falls.eq(self.eligible & Mux(self.bistability, ~self.weight[-1], self.down)),
            self.next_weight.eq(self.weight),
        ]
        with m.If(rises & ~self.weight.all()):
            m.d.comb += self.next_weight.eq(self.weight + 1)
        with m.Elif(falls & ~rises & self.weight.any()):
            m.d.comb += self.next_weight.eq(self.weight - 1)
        return m
