"""Izhikevich-type neurons of ODIN (section 13 of its specification).

Four-bit two's-complement values are kept as they are stored, as 0 to 15. Right-hand sides are
always the stored values; what is new has names of its own until all of it is written at the end.
"""

import numpy as np

from ....hdl.neuron.layout import IZHIKEVICH_WORD
from ..parts import INTEGER, constant
from .population import Kind, Population

__all__ = ["Neurons"]

#: Rotation phases (section 13.1).
POSITIVE, NEGATIVE, ZERO_TO_POSITIVE, ZERO_TO_NEGATIVE = (constant(phase) for phase in range(4))

_ZERO, _ONE, _SEVEN, _EIGHT, _NINE, _LAST = (constant(value) for value in (0, 1, 7, 8, 9, 15))
_ACCUMULATOR_MASK = constant(2047)

#: What follows a phase at a time reference; Z2N goes to NEG here, which is not the whole rule.
_NEXT_PHASE = np.array([3, 2, 0, 1], dtype=INTEGER)


def _wrap(value: np.ndarray) -> np.ndarray:
    """Keep the low four bits."""
    return value & _LAST


def _toward_zero(value: np.ndarray) -> np.ndarray:
    """Return the step that takes a signed four-bit value toward zero; it is not zero."""
    return np.where(value < _EIGHT, -_ONE, _ONE)


class Neurons(Population):
    """Izhikevich-type neurons; see `Population`.

    An update leaves out what no neuron of the population can need, given its parameters.
    """

    layout = IZHIKEVICH_WORD
    state = (
        "accumulator",
        "refractory",
        "potential",
        "delay_count",
        "previous_stimulation",
        "stimulation",
        "phasic_lock",
        "mixed_lock",
        "fired",
        "activity",
        "strong_stimulation",
        "bistable_firing",
        "inhibition_induced_lock",
        "rotation",
        "threshold_offset",
        "threshold_count",
        "calcium",
        "calcium_count",
        "burst_lock",
    )

    def __init__(self, halves: np.ndarray, plasticity: bool = True) -> None:
        super().__init__(halves, plasticity)
        # State; calcium is there already.
        for name in self.state:
            if not hasattr(self, name) and name != "calcium_count":
                setattr(self, name, self._field(name))
        # Parameters.
        self._strength = self._field("leak") * self._field("leak_enable")
        self._carry_bit = (8 << self._field("fan_in")).astype(INTEGER)
        self._burst_spikes = self._field("burst_spikes")
        self._burst_interval = self._field("burst_interval")
        self._sharp = self._field("sharp_resonance_enable")
        self._sharp_interval = self._field("sharp_resonance_interval")
        self._threshold = self._field("threshold")
        self._delay = self._field("delay")
        self._latency = self._field("latency_enable")
        self._after_potential = self._field("after_potential_enable")
        self._stimulation_threshold = self._field("stimulation_threshold")
        self._phasic = self._field("phasic_enable")
        self._mixed = self._field("mixed_enable")
        self._class_2 = self._field("class_2_enable")
        self._rebound = self._field("rebound_enable")
        self._inhibition_induced = self._field("inhibition_induced_enable")
        self._bistable = self._field("bistable_enable")
        self._resonance = self._field("resonance_enable")
        self._accommodation = self._field("accommodation_enable")
        self._burst_counting = self._field("burst_counting")
        # What follows from parameters alone.
        depth = self._field("reset_depth")
        positive_reset = self._after_potential | self._resonance
        self._reset_potential = np.where(positive_reset, depth, _wrap(-depth))
        self._becomes_refractory = ~positive_reset & (depth != 0)
        self._floor = np.where(self._field("negative_enable"), _EIGHT, _ZERO)
        variation = self._field("threshold_variation_enable")
        source = self._field("threshold_variation_source")
        # Accommodation has precedence over the two kinds of a variable threshold.
        self._variability = variation & ~self._accommodation & ~source
        self._adaptation = variation & ~self._accommodation & source
        period = self._field("threshold_leak_period")
        self._offset_counts = variation & (period > 0)
        self._offset_last_count = (period - 1).astype(INTEGER)
        # What follows from the state and is kept up to date.
        self._effective_threshold = _wrap(self._threshold + self.threshold_offset)
        self._previously_excited = self._excited(self.previous_stimulation)
        self.bursts = self._burst_spikes.copy()
        self.intervals = self._burst_interval.copy()
        # Whose mixed lock can ever be set; it can be at first, without what would set it. Once it
        # has gone, bursts must still be given out anew, as the last update has left them out.
        self._mixed_locks = self._mixed | self.mixed_lock
        self.examine()

    def examine(self) -> None:
        """Find out what these neurons need."""
        super().examine()
        self._any_leak = bool(self._strength.any())
        self.can_burst = bool(self._burst_spikes.any())
        self._any_sharp = bool(self._sharp.any())
        self._any_latency = bool(self._latency.any())
        self._any_after_potential = bool(self._after_potential.any())
        self._any_class_2 = bool(self._class_2.any())
        self._any_rebound = bool(self._rebound.any())
        self._any_bistable = bool(self._bistable.any())
        self._any_resonance = bool(self._resonance.any())
        self._any_accommodation = bool(self._accommodation.any())
        self._any_variability = bool(self._variability.any())
        self._any_adaptation = bool(self._adaptation.any())
        self._any_offset_count = bool(self._offset_counts.any())
        self._any_delay = self._any_sharp or self._any_latency or self._any_after_potential
        self._any_lone = self._any_rebound or self._any_bistable
        # These locks can be set at first without what would set them.
        self._any_phasic = bool((self.phasic_lock | self._phasic).any())
        self._any_lock = self._any_phasic or bool(self._mixed_locks.any())
        self._any_inhibition_induced = bool(
            (self.inhibition_induced_lock | self._inhibition_induced).any()
        )

    def _excited(self, stimulation: np.ndarray) -> np.ndarray:
        """Tell whose stimulation is strong and excitatory: prev_exc and cur_exc (section 13.3)."""
        return (stimulation < _EIGHT) & (stimulation >= self._stimulation_threshold)

    def _inhibited(self, stimulation: np.ndarray) -> np.ndarray:
        """Tell whose stimulation is strong and inhibitory: cur_inh (section 13.3)."""
        strength = constant(16) - stimulation
        return (stimulation >= _EIGHT) & (strength >= self._stimulation_threshold)

    def update(
        self,
        kind: Kind,
        weights: np.ndarray | None = None,
        burst_end: np.ndarray | int | None = None,
    ) -> np.ndarray:
        """Update all neurons once; see `Population.update`."""
        tick = kind is Kind.TICK
        carry = self._accumulate(kind, weights)
        lone_excitation = lone_inhibition = None
        if tick and self._any_lone:
            lone = (self.stimulation == _ZERO) & (self.activity < 2)
            lone_excitation = lone & (self.strong_stimulation & 1).astype(bool)
            lone_inhibition = lone & (self.strong_stimulation >= 2)

        potential = self._move(kind, carry)
        rotation = self._rotate(tick, potential)
        fires = self._fire(kind, carry, potential, rotation, lone_excitation, lone_inhibition)
        fired = np.count_nonzero(fires) > 0
        self._give_bursts()

        offset = None
        if (
            self._any_variability
            or (self._any_adaptation and fired)
            or (tick and (self._any_offset_count or self._any_accommodation))
        ):
            offset = self._offset(kind, carry, fires)
        if self._any_delay or tick:
            self._delay_after(kind, carry, fires, potential)
        if self._any_lock:
            self._lock(tick, fires if fired else None)
        self._refract(tick, fires, fired, potential)
        if self._any_bistable and tick:
            self.bistable_firing ^= self._bistable & lone_excitation

        if fired:
            np.copyto(potential, self._reset_potential, where=fires)
            if self._any_resonance:
                np.copyto(rotation, NEGATIVE, where=fires & self._resonance)
        np.copyto(self.potential, potential)
        np.copyto(self.rotation, rotation)
        self._mark_fired(tick, fires, fired, burst_end)
        self._stimulate(kind, carry)
        if offset is not None:
            np.copyto(self.threshold_offset, offset)
            np.copyto(self._effective_threshold, _wrap(self._threshold + offset))
        self._learn(tick, fires if fired else None)
        return fires

    def _accumulate(self, kind: Kind, weights: np.ndarray | None) -> np.ndarray:
        """Move the accumulators; return whose carry (section 13.2)."""
        old = self.accumulator
        if kind is Kind.EXCITATORY:
            new = old + weights
        elif kind is Kind.INHIBITORY:
            new = old - weights
        elif self._any_leak:
            new = old - self._strength
        else:
            return np.zeros(len(old), dtype=bool)
        new &= _ACCUMULATOR_MASK
        carry = ((old ^ new) & self._carry_bit) != _ZERO
        np.copyto(old, new)
        return carry

    def _move(self, kind: Kind, carry: np.ndarray) -> np.ndarray:
        """Return the potentials before reset, V1 (section 13.5)."""
        old = self.potential
        if kind is Kind.TICK:
            new = self._move_at_tick(carry)
        elif kind is Kind.EXCITATORY:
            moves = carry & ~self.refractory & (old != _SEVEN)
            if self._any_class_2:
                excited = self._previously_excited | self._excited(self.stimulation)
                moves &= excited | ~self._class_2
            new = _wrap(old + moves)
        else:
            new = _wrap(old - (carry & ~self.refractory & (old != self._floor)))
        if self._any_resonance and kind is not Kind.TICK:
            rises = (self.rotation & _ONE).astype(bool)
            if kind is Kind.EXCITATORY:
                rises = ~rises
            up = old + (carry & (old != _SEVEN))
            down = old - (carry & (old != _ZERO))
            np.copyto(new, _wrap(np.where(rises, up, down)), where=self._resonance)
        if self._any_latency:
            np.copyto(new, old, where=self._latency & (self.delay_count != _ZERO))
        if self._any_phasic:
            np.copyto(new, old, where=self.phasic_lock & (old == _ZERO))
        return new

    def _move_at_tick(self, carry: np.ndarray) -> np.ndarray:
        """Return the potentials after a time reference (section 13.5, 3), the last match first."""
        old = self.potential
        new = old.copy()
        if self._any_leak:
            np.add(new, _toward_zero(old), out=new, where=carry & (old != _ZERO))
        if self._any_after_potential:
            np.copyto(new, _ZERO, where=self._after_potential & (self.delay_count == _ONE))
        if self._any_accommodation:
            forgotten = np.where(self.fired, old, old - self.stimulation)
            np.copyto(new, forgotten, where=self._accommodation)
        np.copyto(new, old + ~self.burst_lock, where=self.refractory)
        if self._any_resonance:
            falls = self.rotation == ZERO_TO_NEGATIVE
            np.copyto(new, old - falls, where=self._resonance)
        return _wrap(new)

    def _rotate(self, tick: bool, potential: np.ndarray) -> np.ndarray:
        """Return the rotation phases before firing, ROT1 (section 13.6)."""
        if not self._any_resonance:
            return np.zeros_like(self.rotation)
        if not tick:
            return np.where(self._resonance, self.rotation, POSITIVE)
        phase = _NEXT_PHASE[self.rotation]
        stops = (self.rotation == ZERO_TO_NEGATIVE) & (potential == _ZERO)
        stops |= self.potential == _ZERO
        stops |= ~self._resonance
        phase[stops] = POSITIVE
        return phase

    def _fire(
        self,
        kind: Kind,
        carry: np.ndarray,
        potential: np.ndarray,
        rotation: np.ndarray,
        lone_excitation: np.ndarray | None,
        lone_inhibition: np.ndarray | None,
    ) -> np.ndarray:
        """Tell who fires (section 13.7), the last row of the table first."""
        tick = kind is Kind.TICK
        hit = potential == self._effective_threshold
        fires = hit
        if self._any_resonance:
            fires = hit & ((rotation == POSITIVE) | ~self._resonance)
        if self._any_inhibition_induced:
            fires = np.where(self.inhibition_induced_lock, potential == _ZERO, fires)
        if self._any_bistable:
            also = hit | (self.bistable_firing & (potential == _ZERO))
            if tick:
                also |= lone_excitation & ~self.bistable_firing
            fires = np.where(self._bistable, also, fires)
        if self._any_rebound:
            fires = np.where(self._rebound, hit | lone_inhibition if tick else hit, fires)
        if self._any_latency:
            fires = np.where(self._latency, tick & (self.delay_count == _ONE), fires)
        if self._any_sharp:
            due = (kind is Kind.EXCITATORY) & carry & (self.delay_count == self._sharp_interval)
            fires = np.where(self._sharp, due, fires)
        return fires

    def _give_bursts(self) -> None:
        """Give out the burst fields, b and i (section 13.7)."""
        if self._any_lock:
            np.copyto(self.bursts, self._burst_spikes)
            np.copyto(self.intervals, self._burst_interval)
            self.bursts[self.mixed_lock] = 0
            self.intervals[self.mixed_lock] = 0

    def _offset(self, kind: Kind, carry: np.ndarray, fires: np.ndarray) -> np.ndarray:
        """Return the threshold offsets O', after counting their leak (section 13.10)."""
        old = self.threshold_offset
        new = old.copy()
        threshold = self._effective_threshold
        if kind is Kind.TICK and self._any_offset_count:
            leaks = self._offset_counts & (self.threshold_count == self._offset_last_count)
            self.threshold_count += self._offset_counts
            self.threshold_count &= _LAST
            self.threshold_count[leaks] = 0
            # With accommodation what comes here is replaced below.
            np.add(new, _toward_zero(old), out=new, where=leaks & (old != _ZERO))
        if kind is Kind.INHIBITORY and self._any_variability:
            falls = self._variability & carry & (threshold != _ONE)
            np.subtract(new, _ONE, out=new, where=falls)
        triggers = self._adaptation & fires
        if kind is Kind.EXCITATORY:
            triggers |= self._variability & carry
        if np.count_nonzero(triggers):
            once = old + (threshold != _SEVEN)
            spikes = np.minimum(self.bursts + _ONE, _SEVEN)
            saturates = _wrap(_SEVEN - threshold) < spikes
            counted = np.where(saturates, _SEVEN, old + spikes)
            np.copyto(new, np.where(self._burst_counting, counted, once), where=triggers)
        if kind is Kind.TICK and self._any_accommodation:
            stimulation = self.stimulation
            follows = _wrap(stimulation + self._threshold) < _EIGHT
            limit = np.where(stimulation < _EIGHT, _SEVEN, _ONE) - self._threshold
            followed = np.where(follows, stimulation, limit)
            np.copyto(new, followed, where=self._accommodation)
        return _wrap(new)

    def _delay_after(
        self, kind: Kind, carry: np.ndarray, fires: np.ndarray, potential: np.ndarray
    ) -> None:
        """Move the delay counters, D (section 13.9)."""
        old = self.delay_count
        new = old - (old != _ZERO) if kind is Kind.TICK else old.copy()
        if self._any_after_potential:
            np.copyto(new, self._delay, where=self._after_potential & fires)
        if self._any_latency:
            arms = self._latency & (potential == self._effective_threshold)
            arms &= self.potential != self._effective_threshold
            np.copyto(new, self._delay, where=arms)
        if self._any_sharp:
            if kind is Kind.TICK:
                np.copyto(new, old + (old != _SEVEN), where=self._sharp)
            else:
                np.copyto(new, old, where=self._sharp)
                if kind is Kind.EXCITATORY:
                    new[self._sharp & carry] = 0
        np.copyto(old, new)

    def _lock(self, tick: bool, fires: np.ndarray | None) -> None:
        """Set and clear the phasic and the mixed lock (section 13.9)."""
        sets = None
        if fires is not None or tick:
            excited = self._excited(self.stimulation)
            if fires is not None:
                sets = fires & (excited | self._previously_excited)
            if tick:
                held = self.fired & ((self.potential == _ZERO) | self.refractory) & excited
                sets = held if sets is None else sets | held
        for lock, enable in ((self.phasic_lock, self._phasic), (self.mixed_lock, self._mixed)):
            new = lock & self._previously_excited
            if sets is not None:
                np.copyto(new, enable, where=sets)
            np.copyto(lock, new)

    def _refract(self, tick: bool, fires: np.ndarray, fired: bool, potential: np.ndarray) -> None:
        """Set and clear IL, the inhibition-induced lock, and R, refractoriness (section 13.9)."""
        refractory = self.refractory & (potential != _ZERO)
        sets = fires if fired else None
        if self._any_inhibition_induced:
            lock = self.inhibition_induced_lock
            locks = self._inhibition_induced & ~self.refractory
            locks &= _wrap(-self.potential) == self._effective_threshold
            locks |= lock & (self.stimulation != _ZERO) if tick else lock
            np.copyto(lock, locks)
            sets = fires | locks
        if sets is not None:
            np.copyto(refractory, self._becomes_refractory, where=sets)
        np.copyto(self.refractory, refractory)

    def _mark_fired(
        self, tick: bool, fires: np.ndarray, fired: bool, burst_end: np.ndarray | int | None
    ) -> None:
        """Set and clear FW, fired in this window, and BU, burst under way (section 13.9)."""
        if tick:
            self.fired[:] = False
        elif fired:
            self.fired |= fires
        if burst_end is not None:
            self.burst_lock[burst_end] = False
        if fired and self.can_burst:
            self.burst_lock |= fires & (self.bursts != _ZERO)

    def _stimulate(self, kind: Kind, carry: np.ndarray) -> None:
        """Count the stimulation of this window, or begin the next one (section 13.3)."""
        old = self.stimulation
        if kind is Kind.EXCITATORY:
            np.copyto(old, _wrap(old + (carry & (old != _SEVEN))))
        elif kind is Kind.INHIBITORY:
            np.copyto(old, _wrap(old - (carry & (old != _NINE))))
        else:
            excited = self._excited(old)
            np.copyto(self.strong_stimulation, self._inhibited(old) * 2 + excited)
            np.copyto(self.activity, (self.activity & _ONE) * 2 + (old != _ZERO))
            np.copyto(self._previously_excited, excited)
            np.copyto(self.previous_stimulation, old)
            old[:] = 0

    def _learn(self, tick: bool, fires: np.ndarray | None) -> None:
        """Count calcium and work out the steps of the synapses (section 13.11)."""
        if not self.calcium.active:
            if self._has_steps:
                self.steps[:] = 0
            return
        spikes = _ONE
        if fires is not None and self.can_burst:
            burst = np.minimum(self.bursts + _ONE, _SEVEN)
            spikes = np.where(self._burst_counting, burst, _ONE)
        self.calcium.update(tick, fires, spikes)
        self.calcium.steps(self.potential >= self._learning_threshold, self.steps)
        self.steps[self.potential >= _EIGHT] = 0

    def packets(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return calcium, rotation and potential as monitor packets show them (section 10)."""
        return self.calcium.level, self.rotation, self.potential
