"""Random stimulus for ODIN (section numbers are those of its specification).

The outcome of everything sent here depends on the order of events alone, never on pace or on where
the burst tick stands (section 8). How that is made sure of:

- Direct events overtake queued ones, so they follow these only after a `settle`, or after a
  bistability event, which waits until all queued work is done. In closed loop every event may queue
  spikes, so there each is followed by one of the two.
- A burst tick is longer than all that one event or one slot can cause, and intervals are of two
  ticks at least. An event's spikes may still fall into two ticks; then the order of replays is the
  same, but not whether spikes that a replay causes come before the next replay. So either only one
  neuron bursts at a time, or replays cause no spikes and all bursts have one interval. A slot never
  overflows.
"""

from collections.abc import Iterator

import numpy as np
from amaranth.lib import data

from ....hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD
from ....hdl.odin.config import OdinConfig
from ...device import Device
from .phase import Phase
from .random_words import (
    CALM_FEATURES,
    FEATURES,
    RESTRAINING_FEATURES,
    any_word,
    likely_fields,
    pack_low_bits,
    word_layout,
)

__all__ = ["ClosedLoop", "JointBursts", "LoneBursts", "OpenLoop", "stimulate"]


def stimulate(device: Device, random: np.random.Generator) -> None:
    """Configure, load and stimulate a core at random, in a few phases, and read it back.

    Parameters
    ----------
    device : Device
        A freshly reset ODIN, or a recorder around one.
    random : numpy.random.Generator
        Source of everything random.

    Raises
    ------
    BusyError
        If the random network keeps itself going.
    """
    config: OdinConfig = device.config
    phases = 1 if config.neurons >= 256 else int(random.integers(1, 4))
    kinds = [OpenLoop, OpenLoop, ClosedLoop]
    if config.has_bursts and config.neurons <= 64:
        kinds += [LoneBursts, JointBursts]
    for _ in range(phases):
        kinds[random.integers(len(kinds))](device, random).run()


class OpenLoop(Phase):
    """Neurons of every kind: their spikes have no consequences."""

    def _neuron_word(self, neuron: int, layout: data.StructLayout) -> int:
        return any_word(self._draw, layout, int(self._draw.chance(0.15)))

    def _batches(self) -> Iterator[list[int]]:
        yield from super()._batches()
        # More queued events than the FIFO takes: the core serves it before it takes more input.
        if self._draw.chance(0.5):
            depth = self._config.fifo_depth
            count = int(self._random.integers(2, 3 * depth if depth < 64 else 64))
            yield [event for event in self._some_events(count) if not self._is_direct(event)]
        # One neuron driven hard.
        neuron = self._neuron()
        for _ in range(self._draw.below(6)):
            event = self._events.virtual(
                neuron, 1 + self._draw.below(7), inhibitory=self._draw.chance(0.3)
            )
            yield [event] * (1 + self._draw.below(4))
            yield [self._events.tick(neuron)]


class ClosedLoop(Phase):
    """A network that comes to rest: only calm neurons are enabled."""

    open_loop = False

    def __init__(self, device: Device, random: np.random.Generator) -> None:
        super().__init__(device, random)
        # At times so many fire together, at the first time reference, that the FIFO overflows.
        self._ready = self._draw.chance(0.4) and self._config.neurons <= 256
        count = int(random.integers(2, 13))
        if self._ready:
            self._begins_with_tick = True
            size = self._config.neurons
            count = min(size, self._config.fifo_depth + 1 + self._draw.below(16))
            self._sources = self._draw.some(range(size), max(count, len(self._sources)))
        self._enabled = set(self._draw.some(self._sources, count))

    def _settings(self) -> dict[str, int]:
        # Bursts do not come back: neurons of all intervals may fire in any event.
        return {"burst_time_unit": 0}

    def _joined(self, events: list[int]) -> list[int]:
        return self._separated(events, every=True)

    def _neuron_word(self, neuron: int, layout: data.StructLayout) -> int:
        if neuron not in self._enabled:
            return any_word(self._draw, layout, 1)
        return pack_low_bits(layout, self._calm_fields(layout, CALM_FEATURES))

    def _calm_fields(self, layout: data.StructLayout, features: tuple[str, ...]) -> dict[str, int]:
        """Return fields of an enabled neuron."""
        fields = likely_fields(self._draw, layout) | {
            "model": int(layout is LIF_WORD),
            "disabled": 0,
        }
        if self._ready:
            fields |= {"leak_enable": 0}
        if layout is LIF_WORD:
            threshold = 40 + self._draw.below(216)
            near = self._draw.chance(0.5)
            potential = (
                threshold - 1 - self._draw.below(12) if near else self._draw.below(threshold)
            )
            potential = threshold if self._ready else potential
            return fields | {"threshold": threshold, "potential": potential}
        fields |= dict.fromkeys(FEATURES, 0)
        fields |= {name: int(self._draw.chance(0.15)) for name in features}
        fields |= {
            "threshold_offset": 0,
            "reset_depth": 1 + self._draw.below(4),
            "potential": fields["threshold"] - (0 if self._ready else self._draw.below(3)),
            "burst_spikes": self._draw.below(8),
            "burst_interval": self._draw.below(8),
            "delay": self._draw.below(8),
            "accumulator": self._draw.bits(11),
            "calcium_count": self._draw.below(4),
            "activity": self._draw.bits(2),
            "strong_stimulation": self._draw.bits(2),
            "bistable_firing": self._draw.bits(1),
        }
        return fields


class Bursts(ClosedLoop):
    """Few neurons are enabled, some of which burst; nothing else can keep a burst tick waiting."""

    raw_writes = False

    def __init__(self, device: Device, random: np.random.Generator) -> None:
        super().__init__(device, random)
        enabled = self._draw.some(self._sources, int(random.integers(2, 7)))
        self._enabled = set(enabled)
        self._bursting = self._draw.some(enabled, self._bursting_count())
        # At most two that can fire more than once before the next time reference.
        self._others = [neuron for neuron in enabled if neuron not in self._bursting]
        self._leaky = self._draw.some(self._others, 2) if self._others else []
        self._focus = self._draw.some(enabled, 4)

    def _bursting_count(self) -> int:
        raise NotImplementedError

    def _burst_time_unit(self) -> int:
        # Far longer than the dozen events that can come from one.
        return 80 * self._config.neurons + 2000 + self._draw.below(1000)

    def _settings(self) -> dict[str, int]:
        return {"propagate_unmapped": 0}

    def _joined(self, events: list[int]) -> list[int]:
        return events[:1]

    def _neuron_words(self) -> list[int]:
        words = super()._neuron_words()
        for neuron in self._enabled:
            layout = word_layout(self._config, neuron in self._leaky)
            fields = self._calm_fields(layout, RESTRAINING_FEATURES)
            if layout is LIF_WORD:
                fields |= {"threshold": 200 + self._draw.below(56)}
                fields |= {"potential": fields["threshold"] - 1 - self._draw.below(30)}
            elif neuron in self._bursting:
                fields |= self._burst_fields(neuron)
                fields |= {"threshold": 1 + self._draw.below(3)}
                fields |= {
                    "potential": self._draw.below(fields["threshold"] + self._may_fire_at_once)
                }
            else:
                fields |= {"burst_spikes": 0}
            if layout is IZHIKEVICH_WORD:
                # With these a time reference alone can make it fire.
                fields |= {"refractory": 0, "inhibition_induced_lock": 0}
            words[neuron] = pack_low_bits(layout, fields)
        return words

    #: Whether a bursting neuron may start at its threshold.
    _may_fire_at_once = 0

    def _burst_fields(self, neuron: int) -> dict[str, int]:
        """Return the burst fields of a neuron; intervals are of two ticks at least."""
        return {"burst_spikes": 1 + self._draw.below(7), "burst_interval": 1 + self._draw.below(7)}

    def _batches(self) -> Iterator[list[int]]:
        """Drive neurons that burst, among other events."""
        for _ in range(self._random.integers(4, 9)):
            neuron = self._draw.one(self._bursting)
            for _ in range(self._random.integers(2, 6)):
                yield [self._events.virtual(neuron, 7)]
            yield [self._event()]
            for _ in range(self._draw.below(4)):
                yield [self._events.tick()]


class LoneBursts(Bursts):
    """Neurons that burst are reached by virtual events alone, so they burst one at a time."""

    def _bursting_count(self) -> int:
        return 1 + self._draw.below(2)

    def _synapse_row(self, source: int) -> list[int]:
        config, random = self._config, self._random
        weights = random.integers(0, 1 << config.weight_bits, config.neurons)
        mapped = random.random(config.neurons) < 0.9
        mapped[self._bursting] = False
        return self._row_words(weights, mapped)


class JointBursts(Bursts):
    """Neurons burst together, with one interval; their replays inhibit, so they make none fire."""

    _may_fire_at_once = 1

    def __init__(self, device: Device, random: np.random.Generator) -> None:
        super().__init__(device, random)
        self._inhibitory[self._bursting] = True
        self._interval = 1 + self._draw.below(3)

    def _bursting_count(self) -> int:
        return 1 + self._draw.below(min(4, self._config.burst_slot_depth))

    def _burst_fields(self, neuron: int) -> dict[str, int]:
        return {"burst_spikes": 1 + self._draw.below(7), "burst_interval": self._interval}

    def _batches(self) -> Iterator[list[int]]:
        for batch in super()._batches():
            yield batch
            # What excites many of them at once.
            if self._others and self._draw.chance(0.5):
                yield [self._events.spike(self._draw.one(self._others))]
