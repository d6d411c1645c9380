"""Izhikevich-type neuron of ODIN (specification of ODIN, section 13).

The update is cut into three purely combinational parts, each a component, that hand their results
on in one structure: `Accumulate` (13.2 to 13.4 and what needs stored values alone), `Respond` (13.5
to 13.7) and `Recover` (13.8 to 13.10). They can be joined directly or with registers between them.
All right-hand sides use the stored word, which the structures carry along; registers that nothing
reads vanish in synthesis.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from ..plasticity.sdsp import TickCounter
from .layout import IZHIKEVICH_WORD, update_input

__all__ = ["ACCUMULATED", "RESPONDED", "Accumulate", "Recover", "Respond", "Rotation"]


class Rotation(enum.Enum, shape=unsigned(2)):
    """Rotation phase of a resonating neuron; a quarter turn per time reference."""

    POSITIVE = 0
    NEGATIVE = 1
    ZERO_TO_POSITIVE = 2
    ZERO_TO_NEGATIVE = 3


#: What `Accumulate` hands on.
#:
#: `still` and `moved` are what the potential changes by without and with a carry, unless it is
#: `cleared`. Of the stored word, the fields with a new value of the same name are superseded.
ACCUMULATED = data.StructLayout(
    {
        "word": IZHIKEVICH_WORD,
        "tick": 1,
        "inhibitory": 1,
        "burst_end": 1,
        "accumulator": 11,
        "carry": 1,
        "effective_threshold": 4,
        "strong": 1,
        "strong_before": 1,
        "strong_inhibition": 1,
        "quiet": 1,
        "lone_excitation": 1,
        "lone_inhibition": 1,
        "still": 4,
        "moved": 4,
        "cleared": 1,
        "inhibition_induced_lock": 1,
        "threshold_count": 4,
        "threshold_leak": 1,
    }
)

#: What `Respond` hands on: all before, and the response.
RESPONDED = data.StructLayout(
    {
        "before": ACCUMULATED,
        "potential": 4,
        "rotation": 2,
        "fires": 1,
        "burst_spikes": 3,
        "burst_interval": 3,
    }
)


def _is_rotation(value: Value, *phases: Rotation) -> Value:
    """Tell whether a phase is one of `phases`."""
    matches = [value == phase.value for phase in phases]
    return Cat(matches).any()


class Accumulate(wiring.Component):
    """Input accumulation, stimulation strength, and all that stored values alone decide.

    Parameters
    ----------
    weight_bits : int
        Bits of the weight, at most 11.

    Members
    -------
    word : In(IZHIKEVICH_WORD)
        Stored word.
    input : In(update_input)
        What reaches the neuron.
    result : Out(ACCUMULATED)
        For `Respond`.
    """

    def __init__(self, weight_bits: int) -> None:
        super().__init__(
            {
                "word": In(IZHIKEVICH_WORD),
                "input": In(update_input(weight_bits)),
                "result": Out(ACCUMULATED),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.result.word.eq(self.word),
            self.result.tick.eq(self.input.tick),
            self.result.inhibitory.eq(self.input.inhibitory),
            self.result.burst_end.eq(self.input.burst_end),
        ]
        self._accumulation(m)
        self._stimulation(m)
        self._movement(m)

        word, result = self.word, self.result
        # 13.4.
        m.d.comb += result.effective_threshold.eq(word.threshold + word.threshold_offset)
        # 13.9, first rule.
        induces = Signal()
        m.d.comb += [
            induces.eq(
                word.inhibition_induced_enable
                & ~word.refractory
                & ((-word.potential)[:4] == result.effective_threshold)
            ),
            result.inhibition_induced_lock.eq(
                induces | (word.inhibition_induced_lock & ~result.quiet)
            ),
        ]
        # 13.10, leak counter.
        m.submodules.threshold_counter = counter = TickCounter(4)
        m.d.comb += [
            counter.enable.eq(word.threshold_variation_enable),
            counter.tick.eq(self.input.tick),
            counter.period.eq(word.threshold_leak_period),
            counter.count.eq(word.threshold_count),
            result.threshold_count.eq(counter.next_count),
            result.threshold_leak.eq(counter.leak),
        ]
        return m

    def _accumulation(self, m: Module) -> None:
        """Section 13.2: one adder for leak and weight; a carry is a change of the bit that fan-in
        names.
        """
        word, result = self.word, self.result
        subtract = Signal()
        operand = Signal(11)
        total = Signal(12)
        changed = Signal(8)
        m.d.comb += [
            subtract.eq(self.input.tick | self.input.inhibitory),
            operand.eq(
                Mux(
                    self.input.tick,
                    word.leak & word.leak_enable.replicate(7),
                    self.input.weight,
                )
                ^ subtract.replicate(11)
            ),
            total.eq(Cat(1, word.accumulator) + Cat(subtract, operand)),
            result.accumulator.eq(total[1:]),
            changed.eq((word.accumulator ^ result.accumulator)[3:]),
            result.carry.eq(changed.bit_select(word.fan_in, 1)),
        ]

    def _stimulation(self, m: Module) -> None:
        """Section 13.3, without the next values."""
        word, result = self.word, self.result
        now, before, limit = word.stimulation, word.previous_stimulation, word.stimulation_threshold
        isolated = Signal()
        m.d.comb += [
            result.strong.eq(~now[3] & (now[:3] >= limit)),
            result.strong_before.eq(~before[3] & (before[:3] >= limit)),
            result.strong_inhibition.eq(now[3] & ((-now)[:4] >= limit)),
            result.quiet.eq(self.input.tick & (now == 0)),
            isolated.eq(result.quiet & ~word.activity[1]),
            result.lone_excitation.eq(isolated & word.strong_stimulation[0]),
            result.lone_inhibition.eq(isolated & word.strong_stimulation[1]),
        ]

    def _movement(self, m: Module) -> None:
        """Section 13.5, prepared for both outcomes of the accumulation."""
        word, result = self.word, self.result
        potential = word.potential
        at_zero = Signal()
        turned = Signal()
        up_or_held = Signal(4)
        down_or_held = Signal(4)
        towards_zero = Signal(4)
        floor = Signal(4)
        m.d.comb += [
            at_zero.eq(potential == 0),
            # Phases in which input acts the other way round.
            turned.eq(_is_rotation(word.rotation, Rotation.ZERO_TO_NEGATIVE, Rotation.NEGATIVE)),
            up_or_held.eq(Mux(potential == 7, 0, 1)),
            down_or_held.eq(Mux(at_zero, 0, 0b1111)),
            towards_zero.eq(Mux(at_zero, 0, Mux(potential[3], 1, 0b1111))),
            floor.eq(Cat(0, 0, 0, word.negative_enable)),
        ]
        with m.If((word.latency_enable & word.delay_count.any()) | (word.phasic_lock & at_zero)):
            pass
        with m.Elif(self.input.tick):
            with m.If(word.resonance_enable):
                with m.If(_is_rotation(word.rotation, Rotation.ZERO_TO_NEGATIVE)):
                    m.d.comb += [result.still.eq(0b1111), result.moved.eq(0b1111)]
            with m.Elif(word.refractory):
                with m.If(~word.burst_lock):
                    m.d.comb += [result.still.eq(1), result.moved.eq(1)]
            with m.Elif(word.accommodation_enable):
                with m.If(~word.fired):
                    m.d.comb += [
                        result.still.eq(-word.stimulation),
                        result.moved.eq(-word.stimulation),
                    ]
            with m.Elif(word.after_potential_enable & (word.delay_count == 1) & ~at_zero):
                m.d.comb += result.cleared.eq(1)
            with m.Else():
                m.d.comb += result.moved.eq(towards_zero)
        with m.Elif(word.resonance_enable):
            m.d.comb += result.moved.eq(
                Mux(turned ^ self.input.inhibitory, down_or_held, up_or_held)
            )
        with m.Elif(word.refractory):
            pass
        with m.Elif(self.input.inhibitory):
            m.d.comb += result.moved.eq(Mux(potential == floor, 0, 0b1111))
        with m.Elif(word.class_2_enable & ~result.strong & ~result.strong_before):
            pass
        with m.Else():
            m.d.comb += result.moved.eq(up_or_held)


class Respond(wiring.Component):
    """Potential before reset, rotation and firing (sections 13.5 to 13.7).

    Members
    -------
    accumulated : In(ACCUMULATED)
        From `Accumulate`.
    result : Out(RESPONDED)
        For `Recover`. `fires` does not regard the disable bit.
    """

    accumulated: In(ACCUMULATED)
    result: Out(RESPONDED)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before, result = self.accumulated, self.result
        word = before.word
        moved = Signal(4)
        at_zero = Signal()
        hit = Signal()
        m.d.comb += [
            result.before.eq(before),
            moved.eq(word.potential + Mux(before.carry, before.moved, before.still)),
            result.potential.eq(Mux(before.cleared, 0, moved)),
            at_zero.eq(result.potential == 0),
            hit.eq(result.potential == before.effective_threshold),
        ]

        # 13.6.
        with m.If(~word.resonance_enable):
            m.d.comb += result.rotation.eq(Rotation.POSITIVE)
        with m.Elif(~before.tick):
            m.d.comb += result.rotation.eq(word.rotation)
        with m.Elif(word.potential == 0):
            m.d.comb += result.rotation.eq(Rotation.POSITIVE)
        with m.Else():
            with m.Switch(word.rotation):
                with m.Case(Rotation.POSITIVE):
                    m.d.comb += result.rotation.eq(Rotation.ZERO_TO_NEGATIVE)
                with m.Case(Rotation.NEGATIVE):
                    m.d.comb += result.rotation.eq(Rotation.ZERO_TO_POSITIVE)
                with m.Case(Rotation.ZERO_TO_POSITIVE):
                    m.d.comb += result.rotation.eq(Rotation.POSITIVE)
                with m.Case(Rotation.ZERO_TO_NEGATIVE):
                    m.d.comb += result.rotation.eq(
                        Mux(at_zero, Rotation.POSITIVE, Rotation.NEGATIVE)
                    )

        # 13.7.
        with m.If(word.sharp_resonance_enable):
            m.d.comb += result.fires.eq(
                before.carry
                & ~before.tick
                & ~before.inhibitory
                & (word.delay_count == word.sharp_resonance_interval)
            )
        with m.Elif(word.latency_enable):
            m.d.comb += result.fires.eq(before.tick & (word.delay_count == 1))
        with m.Elif(word.rebound_enable):
            m.d.comb += result.fires.eq(before.lone_inhibition | hit)
        with m.Elif(word.bistable_enable):
            m.d.comb += result.fires.eq(
                hit | Mux(word.bistable_firing, at_zero, before.lone_excitation)
            )
        with m.Elif(word.inhibition_induced_lock):
            m.d.comb += result.fires.eq(at_zero)
        with m.Elif(word.resonance_enable):
            m.d.comb += result.fires.eq(_is_rotation(result.rotation, Rotation.POSITIVE) & hit)
        with m.Else():
            m.d.comb += result.fires.eq(hit)
        with m.If(~word.mixed_lock):
            m.d.comb += [
                result.burst_spikes.eq(word.burst_spikes),
                result.burst_interval.eq(word.burst_interval),
            ]
        return m


class Recover(wiring.Component):
    """All that follows from firing or not, and the next word (sections 13.3 and 13.8 to 13.10).

    Members
    -------
    responded : In(RESPONDED)
        From `Respond`.
    next_word : Out(IZHIKEVICH_WORD)
        Word to store; calcium and its tick counter are the stored ones.
    spikes : Out(3)
        Spikes that firing counts for in calcium.
    """

    responded: In(RESPONDED)
    next_word: Out(IZHIKEVICH_WORD)
    spikes: Out(3)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = self.responded.before
        word, next_word = before.word, self.next_word
        m.d.comb += [
            next_word.eq(word),
            next_word.accumulator.eq(before.accumulator),
            next_word.inhibition_induced_lock.eq(before.inhibition_induced_lock),
            next_word.threshold_count.eq(before.threshold_count),
        ]
        self._stimulation(m)
        self._potential(m)
        self._locks(m)
        self._delay(m)
        self._threshold(m)
        return m

    def _stimulation(self, m: Module) -> None:
        """Next values of section 13.3."""
        before = self.responded.before
        word, next_word = before.word, self.next_word
        with m.If(before.tick):
            m.d.comb += [
                next_word.stimulation.eq(0),
                next_word.previous_stimulation.eq(word.stimulation),
                next_word.activity.eq(Cat(word.stimulation.any(), word.activity[0])),
                next_word.strong_stimulation.eq(Cat(before.strong, before.strong_inhibition)),
            ]
        with m.Elif(before.carry & before.inhibitory & (word.stimulation != 9)):
            m.d.comb += next_word.stimulation.eq(word.stimulation - 1)
        with m.Elif(before.carry & ~before.inhibitory & (word.stimulation != 7)):
            m.d.comb += next_word.stimulation.eq(word.stimulation + 1)

    def _potential(self, m: Module) -> None:
        """Section 13.8 and refractoriness of 13.9."""
        responded = self.responded
        word, next_word = responded.before.word, self.next_word
        positive = Signal()
        m.d.comb += [
            positive.eq(word.after_potential_enable | word.resonance_enable),
            next_word.potential.eq(responded.potential),
            next_word.rotation.eq(responded.rotation),
        ]
        with m.If(responded.fires):
            m.d.comb += next_word.potential.eq(Mux(positive, word.reset_depth, -word.reset_depth))
            with m.If(word.resonance_enable):
                m.d.comb += next_word.rotation.eq(Rotation.NEGATIVE)
        with m.If(responded.fires | next_word.inhibition_induced_lock):
            m.d.comb += next_word.refractory.eq(~positive & word.reset_depth.any())
        with m.Elif(responded.potential == 0):
            m.d.comb += next_word.refractory.eq(0)

    def _locks(self, m: Module) -> None:
        """Locks of section 13.9."""
        responded = self.responded
        before = responded.before
        word, next_word = before.word, self.next_word
        fires = responded.fires
        locks = Signal()
        m.d.comb += locks.eq(
            (fires & (before.strong | before.strong_before))
            | (before.tick & word.fired & ((word.potential == 0) | word.refractory) & before.strong)
        )
        with m.If(locks):
            m.d.comb += [
                next_word.phasic_lock.eq(word.phasic_enable),
                next_word.mixed_lock.eq(word.mixed_enable),
            ]
        with m.Elif(~before.strong_before):
            m.d.comb += [next_word.phasic_lock.eq(0), next_word.mixed_lock.eq(0)]

        m.d.comb += [
            next_word.fired.eq(~before.tick & (fires | word.fired)),
            next_word.bistable_firing.eq(
                word.bistable_firing ^ (before.tick & word.bistable_enable & before.lone_excitation)
            ),
        ]
        with m.If(fires & responded.burst_spikes.any()):
            m.d.comb += next_word.burst_lock.eq(1)
        with m.Elif(before.burst_end):
            m.d.comb += next_word.burst_lock.eq(0)

    def _delay(self, m: Module) -> None:
        """Delay of section 13.9."""
        responded = self.responded
        before = responded.before
        word, next_word = before.word, self.next_word
        threshold = before.effective_threshold
        with m.If(word.sharp_resonance_enable):
            with m.If(before.tick):
                with m.If(word.delay_count != 7):
                    m.d.comb += next_word.delay_count.eq(word.delay_count + 1)
            with m.Elif(before.carry & ~before.inhibitory):
                m.d.comb += next_word.delay_count.eq(0)
        with m.Elif(
            (word.after_potential_enable & responded.fires)
            | (
                word.latency_enable
                & (responded.potential == threshold)
                & (word.potential != threshold)
            )
        ):
            m.d.comb += next_word.delay_count.eq(word.delay)
        with m.Elif(before.tick & word.delay_count.any()):
            m.d.comb += next_word.delay_count.eq(word.delay_count - 1)

    def _threshold(self, m: Module) -> None:
        """Section 13.10, and how many spikes a burst counts for."""
        responded = self.responded
        before = responded.before
        word, next_word = before.word, self.next_word
        offset = word.threshold_offset
        excited = before.carry & ~before.tick & ~before.inhibitory
        inhibited = before.carry & ~before.tick & before.inhibitory
        # Spikes of the burst, at most seven.
        spikes = Signal(3)
        reference = Signal(4)
        m.d.comb += [
            spikes.eq(responded.burst_spikes + ~responded.burst_spikes.all()),
            self.spikes.eq(Mux(word.burst_counting, spikes, 1)),
            reference.eq(word.stimulation + word.threshold),
        ]
        with m.If(word.accommodation_enable):
            with m.If(before.tick):
                with m.If(~reference[3]):
                    m.d.comb += next_word.threshold_offset.eq(word.stimulation)
                with m.Elif(~word.stimulation[3]):
                    m.d.comb += next_word.threshold_offset.eq(7 - word.threshold)
                with m.Else():
                    m.d.comb += next_word.threshold_offset.eq(1 - word.threshold)
        with m.Elif(word.threshold_variation_enable):
            with m.If(Mux(word.threshold_variation_source, responded.fires, excited)):
                with m.If(word.burst_counting):
                    with m.If((7 - before.effective_threshold)[:4] < spikes):
                        m.d.comb += next_word.threshold_offset.eq(7)
                    with m.Else():
                        m.d.comb += next_word.threshold_offset.eq(offset + spikes)
                with m.Elif(before.effective_threshold != 7):
                    m.d.comb += next_word.threshold_offset.eq(offset + 1)
            with m.Elif(~word.threshold_variation_source & inhibited):
                with m.If(before.effective_threshold != 1):
                    m.d.comb += next_word.threshold_offset.eq(offset - 1)
            with m.Elif(before.threshold_leak & offset.any()):
                m.d.comb += next_word.threshold_offset.eq(Mux(offset[3], offset + 1, offset - 1))
        return m
