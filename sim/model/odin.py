"""Bit-exact model of ODIN (section numbers are those of its specification)."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...hdl.odin.config import OdinConfig
from ...hdl.odin.layout import BURST_SLOTS, virtual_field
from .crossbar import CrossbarModel
from .neuron import izhikevich, lif
from .neuron.layout import join_words, split_words
from .neuron.population import Kind, Population
from .parts import INTEGER, constant
from .plasticity.sdsp import bistability_steps, change_weights

__all__ = ["NeuronUpdates", "OdinModel", "update_neurons"]


class NeuronUpdates(NamedTuple):
    """What came of neuron updates; one element of each array is one update.

    Attributes
    ----------
    next_words : ndarray of int
        Words that are written back, as `word_array` makes them.
    fires : ndarray of bool
        Which neurons fire as seen outside: never a disabled one.
    burst_spikes, burst_interval : ndarray of int
        Burst fields given out, whether the neuron fires or not; 0 for a disabled one.
    up, down : ndarray of bool
        New flags.
    monitor : ndarray of int
        The two packets of monitor mode, without the event bit: `{up, down, calcium, rotation,
        potential}`.
    """

    next_words: np.ndarray
    fires: np.ndarray
    burst_spikes: np.ndarray
    burst_interval: np.ndarray
    up: np.ndarray
    down: np.ndarray
    monitor: np.ndarray


def _is_lif(config: OdinConfig, halves: np.ndarray) -> np.ndarray:
    """Tell which neurons are leaky integrate-and-fire neurons for the core (section 5)."""
    if not config.lif or not config.izhikevich:
        return np.full(len(halves), bool(config.lif))
    return (halves[:, 0] & np.uint64(1)).astype(bool)


def _populations(
    config: OdinConfig, halves: np.ndarray
) -> list[tuple[np.ndarray | slice, Population]]:
    """Make the populations of some words; an index says which words each has."""
    is_lif = _is_lif(config, halves)
    found: list[tuple[np.ndarray | slice, Population]] = []
    for model, chosen in ((lif.Neurons, is_lif), (izhikevich.Neurons, ~is_lif)):
        if chosen.all():
            return [(slice(None), model(halves, bool(config.plasticity)))]
        if chosen.any():
            index = chosen.nonzero()[0]
            found.append((index, model(halves[index], bool(config.plasticity))))
    return found


def update_neurons(
    config: OdinConfig,
    words: Sequence[int] | np.ndarray,
    weights: np.ndarray,
    inhibitory: np.ndarray,
    ticks: np.ndarray,
    burst_ends: np.ndarray,
) -> NeuronUpdates:
    """Update whole neuron words, each once and on its own (sections 9, 12 and 13).

    Parameters
    ----------
    config : OdinConfig
        The configuration.
    words : sequence of int
        Stored words.
    weights : ndarray of int
        Weights, not negative.
    inhibitory : ndarray of bool
        Signs of the weights.
    ticks : ndarray of bool
        True for a time reference; then weight and sign have no effect.
    burst_ends : ndarray of bool
        True if the neuron's burst ends with this update.
    """
    halves = split_words(words)
    count = len(halves)
    weights = np.asarray(weights).astype(INTEGER)
    ticks = np.asarray(ticks).astype(bool)
    inhibitory = np.asarray(inhibitory).astype(bool)
    burst_ends = np.asarray(burst_ends).astype(bool)
    next_halves = np.zeros_like(halves)
    fires = np.zeros(count, dtype=bool)
    numbers = {name: np.zeros(count, dtype=np.int64) for name in ("b", "i", "step", "monitor")}
    for kind, chosen in (
        (Kind.TICK, ticks),
        (Kind.INHIBITORY, ~ticks & inhibitory),
        (Kind.EXCITATORY, ~ticks & ~inhibitory),
    ):
        chosen_index = chosen.nonzero()[0]
        if not chosen_index.size:
            continue
        for part, neurons in _populations(config, halves[chosen_index]):
            index = chosen_index[part]
            fires[index] = (
                neurons.update(kind, weights[index], burst_ends[index]) & ~neurons.disable
            )
            next_halves[index] = neurons.halves()
            numbers["b"][index] = neurons.bursts * ~neurons.disable
            numbers["i"][index] = neurons.intervals * ~neurons.disable
            numbers["step"][index] = neurons.steps
            calcium, rotation, potential = (item.astype(np.int64) for item in neurons.packets())
            numbers["monitor"][index] = calcium << 10 | rotation << 8 | potential
    up, down = numbers["step"] > 0, numbers["step"] < 0
    monitor = numbers["monitor"] | up.astype(np.int64) << 14 | down.astype(np.int64) << 13
    return NeuronUpdates(
        join_words(next_halves), fires, numbers["b"], numbers["i"], up, down, monitor
    )


class OdinModel(CrossbarModel):
    """An ODIN core as a `Device`, exact to the bit.

    Each event is executed, with all spikes that it causes, before the next one begins, and a burst
    tick comes only when the main FIFO is empty. That is what hardware does when every event is
    followed by `settle` and a burst tick is longer than any backlog (section 8). Events sent while
    register `gate` is 1 wait until it is 0. Memories are zero and flags clear at first; loading a
    neuron, or a byte of it, clears its flags (undefined by section 15, P4).

    Parameters
    ----------
    config : OdinConfig, optional
        The configuration; the published chip if absent.
    event_limit : int
        Queued events that one input event may cause before the network is taken to keep itself
        going for ever and `BusyError` is raised.

    Attributes
    ----------
    register_values : dict of int
        Present values of the registers, by name.
    operations : int
        Neuron updates so far.
    """

    def __init__(self, config: OdinConfig | None = None, *, event_limit: int = 100_000) -> None:
        config = config if config is not None else OdinConfig()
        super().__init__(config, event_limit)
        neurons = self.config.neurons
        self._neuron_words = np.zeros((neurons, 2), dtype=np.uint64)
        # Row: source, column: target. The synapse memory is these in order, eight to a word.
        self._weights = np.zeros((neurons, neurons), dtype=INTEGER)
        self._mapped = np.zeros((neurons, neurons), dtype=INTEGER)  # all ones or zero, as a mask
        self._highest = constant((1 << self.config.weight_bits) - 1)
        self._inhibitory = [False] * neurons

        # The neurons taken apart, once they are needed: populations with the neurons they have.
        # They are ahead of the words when they have moved.
        self._populations: list[tuple[np.ndarray | slice, Population]] | None = None
        self._neurons_moved = False
        self._single: dict[int, Population] = {}  # neurons by themselves
        # The flags as steps, see `Population`; shared with the population if there is one only.
        self._steps = np.zeros(neurons, dtype=INTEGER)
        self._bursts = self._intervals = np.zeros(neurons, dtype=INTEGER)
        self._disable = np.zeros(neurons, dtype=bool)
        self._learning = False

        self._slots: list[deque[tuple[int, bool]]] = [deque() for _ in range(BURST_SLOTS)]
        self._slot = 0
        self._burst_entries = 0  # in all slots
        self._configured()

    def _configured(self) -> None:
        """Prepare what follows from the registers (section 4)."""
        super()._configured()
        values = self.register_values
        self._has_burst_queue = not self._open_loop and values.get("burst_time_unit", 0) > 0
        self._monitoring = bool(values["monitor_enable"])
        self._tells_spikes &= not self._monitoring
        self._monitored_neuron = values["monitored_neuron"]
        # Without plasticity no synapse word is rewritten, so none shows.
        self._monitored_source = values.get("monitored_source", -1)
        self._learns_unmapped = bool(values.get("learn_unmapped", 0))
        self._propagates_unmapped = bool(values["propagate_unmapped"])
        self._learns_on_synapse_event = bool(values.get("learn_on_synapse_event", 0))
        if not self._has_burst_queue:
            for slot in self._slots:
                slot.clear()
            self._slot = self._burst_entries = 0

    def _written(self, name: str, value: int) -> None:
        if name.startswith("sign_"):
            first = 16 * int(name.removeprefix("sign_"))
            for bit in range(16):
                self._inhibitory[first + bit] = bool(value >> bit & 1)
        else:
            self._configured()

    def _open_gate(self) -> None:
        if self._fifo or self._burst_entries:
            self._start()
            self._empty_queues()

    def _reset(self) -> None:
        super()._reset()
        for slot in self._slots:
            slot.clear()
        self._slot = self._burst_entries = 0

    def _load_neurons(self, part: slice, words: list[int]) -> None:
        self._put_together()
        self._neuron_words[part] = split_words(words)
        self._steps[part] = 0
        self._populations = None
        self._single = {}

    def _dump_neurons(self, part: slice) -> np.ndarray:
        self._put_together()
        return join_words(self._neuron_words[part])

    def _load_synapses(self, part: slice, synapses: np.ndarray) -> None:
        self._weights.reshape(-1, 8)[part] = synapses & self._highest
        self._mapped.reshape(-1, 8)[part] = -(synapses >> self.config.weight_bits)

    def _dump_synapses(self, part: slice) -> np.ndarray:
        mapped = self._mapped.reshape(-1, 8)[part] & 1
        weights = self._weights.reshape(-1, 8)[part]
        return mapped << self.config.weight_bits | weights

    def _start(self) -> None:
        """Prepare to move the neurons."""
        if self._populations is None:
            self._take_apart()
        self._neurons_moved = True

    def _take_apart(self) -> None:
        """Make the populations from the neuron words."""
        steps = self._steps
        self._populations = _populations(self.config, self._neuron_words)
        for index, neurons in self._populations:
            neurons.steps[:] = steps[index]
            neurons.examine()
        if len(self._populations) == 1:
            neurons = self._populations[0][1]
            self._steps = neurons.steps
            self._bursts = neurons.bursts
            self._intervals = neurons.intervals
            self._disable = neurons.disable
        else:
            self._bursts = np.zeros_like(steps)
            self._intervals = np.zeros_like(steps)
            self._disable = np.zeros(len(steps), dtype=bool)
            for index, neurons in self._populations:
                self._disable[index] = neurons.disable
        self._learning = any(neurons.can_learn for _, neurons in self._populations)

    def _put_together(self) -> None:
        """Bring the neuron words up to date."""
        if self._populations is not None and self._neurons_moved:
            for index, neurons in self._populations:
                self._neuron_words[index] = neurons.halves()
        self._neurons_moved = False

    def _execute(self, events: np.ndarray) -> None:
        """Execute input events one after the other, each with all it causes."""
        self._start()
        for event in self._decode(events):
            self._input_event(*event)
            if self._fifo or self._burst_entries:
                self._empty_queues()

    def _decode(self, events: np.ndarray) -> Iterator[tuple[bool, bool, bool, bool, int, int, int]]:
        """Take input events apart, into the arguments of `_input_event` (section 6)."""
        config = self.config
        words = events.astype(np.int64)
        low = words & ((1 << config.low_bits) - 1)
        body = low & ((1 << (config.low_bits - 1)) - 1)
        single = words >> (config.low_bits + config.address_bits) == 1
        ticks = ~single & (body == (1 << (config.low_bits - 1)) - 1)
        return zip(
            (~single & ~ticks & (body != 0)).tolist(),
            single.tolist(),
            ticks.tolist(),
            (low >> (config.low_bits - 1) == 0).tolist(),
            (words >> config.low_bits & (config.neurons - 1)).tolist(),
            (low >> (config.low_bits - virtual_field().size)).tolist(),
            (low & (config.neurons - 1)).tolist(),
            strict=True,
        )

    def _input_event(
        self,
        queued: bool,
        single: bool,
        tick: bool,
        is_all: bool,
        neuron: int,
        virtual: int,
        target: int,
    ) -> None:
        """Execute an input event directly or push it into the main FIFO (sections 6 and 7)."""
        if queued:
            self._fifo.append((virtual, neuron))
        elif single:
            self._synapse_event(neuron, target)
        elif tick and is_all:
            self._update_all(Kind.TICK)
        elif tick:
            self._update_one(neuron, Kind.TICK)
        else:
            self._bistability(slice(None) if is_all else slice(neuron, neuron + 1))

    def _serve(self) -> bool:
        """Execute the next queued event; the burst tick waits until there is none (section 8)."""
        queue = self._fifo
        while self._burst_entries and not queue and not self._slots[self._slot]:
            self._slot = (self._slot + 1) % BURST_SLOTS
        self._serve_head()
        return bool(queue or self._burst_entries)

    def _serve_head(self) -> None:
        """Execute the head entry: of the current slot, else of the main FIFO (section 8)."""
        if self._burst_entries and (slot := self._slots[self._slot]):
            self._spike_event(*slot[0])
            slot.popleft()
            self._burst_entries -= 1
            return
        virtual, neuron = self._fifo[0]
        if virtual:
            self._virtual_event(virtual, neuron)
        else:
            self._spike_event(neuron, False)
        self._fifo.popleft()

    def _spike_event(self, source: int, last: bool) -> None:
        """Update all neurons by their weights from `source`, and these weights (section 7)."""
        weights = self._weights[source]
        mapped = self._mapped[source]
        # Neurons see the weights, and synapses the flags, as they were before the event.
        acting = weights.copy() if self._propagates_unmapped else weights & mapped
        if self._learning:
            steps = self._steps if self._learns_unmapped else self._steps & mapped
            change_weights(weights, steps, self._highest, weights)
        kind = Kind.INHIBITORY if self._inhibitory[source] else Kind.EXCITATORY
        shows = self._monitoring and source == self._monitored_source
        # The word is rewritten with the first neuron of its group, whose packets come first.
        first = self._monitored_neuron % 8 == 0
        if shows and not first:
            self._show_synapse()
        self._update_all(kind, acting, source, source if last else None)
        if shows and first:
            self._show_synapse()
        if self._tells_sources and not self._monitoring:
            self._outputs.append(np.array([source]))

    def _virtual_event(self, virtual: int, neuron: int) -> None:
        """Update one neuron by a virtual event (section 7)."""
        if virtual & 1:
            self._update_one(neuron, Kind.TICK)
        else:
            kind = Kind.INHIBITORY if virtual & 2 else Kind.EXCITATORY
            self._update_one(neuron, kind, virtual >> 2)

    def _synapse_event(self, source: int, target: int) -> None:
        """Update one neuron by its weight from `source`, and this weight (section 7)."""
        place = slice(target, target + 1)
        weights = self._weights[source, place]
        mapped = self._mapped[source, place]
        weight = int(weights[0]) if self._propagates_unmapped or mapped[0] else 0
        if self._learns_on_synapse_event and (self._learns_unmapped or mapped[0]):
            change_weights(weights, self._steps[place], self._highest, weights)
        kind = Kind.INHIBITORY if self._inhibitory[source] else Kind.EXCITATORY
        self._update_one(target, kind, weight)
        if (
            self._monitoring
            and source == self._monitored_source
            and target // 8 == self._monitored_neuron // 8
        ):
            self._show_synapse()

    def _bistability(self, rows: slice) -> None:
        """Move the weights of some rows away from the middle (section 7)."""
        if not self.config.plasticity:
            return
        weights = self._weights[rows]
        steps = bistability_steps(weights, self.config.weight_bits)
        if not self._learns_unmapped:
            steps &= self._mapped[rows]
        change_weights(weights, steps, self._highest, weights)
        if self._monitoring and self._monitored_source in range(*rows.indices(len(self._weights))):
            self._show_synapse()

    def _update_all(
        self,
        kind: Kind,
        weights: np.ndarray | None = None,
        source: int | None = None,
        burst_end: int | None = None,
    ) -> None:
        """Update all neurons in order, by a spike event of `source` or by a tick (section 7)."""
        populations = self._populations
        if len(populations) == 1:
            fires = populations[0][1].update(kind, weights, burst_end)
        else:
            fires = np.zeros(len(self._steps), dtype=bool)
            for index, neurons in populations:
                chosen = None if weights is None else weights[index]
                ends = None if burst_end is None else index == burst_end
                fires[index] = neurons.update(kind, chosen, ends)
                self._steps[index] = neurons.steps
                if neurons.can_burst:
                    self._bursts[index] = neurons.bursts
                    self._intervals[index] = neurons.intervals
        self.operations += len(self._steps)
        if self._monitoring:
            self._show_neuron(bool(fires[self._monitored_neuron]), source)
        if np.count_nonzero(fires):
            self._spikes(fires.nonzero()[0])

    def _update_one(self, neuron: int, kind: Kind, weight: int = 0) -> None:
        """Update one neuron (section 7)."""
        neurons = self._alone(neuron)
        fires = bool(neurons.update(kind, constant(weight))[0])
        if len(self._populations) > 1:
            self._steps[neuron] = neurons.steps[0]
            self._bursts[neuron] = neurons.bursts[0]
            self._intervals[neuron] = neurons.intervals[0]
        self.operations += 1
        if self._monitoring and neuron == self._monitored_neuron:
            self._show_neuron(fires, None)
        if fires:
            self._spikes(np.array([neuron]))

    def _alone(self, neuron: int) -> Population:
        """Return a part of a population that is one neuron."""
        if neuron not in self._single:
            for index, neurons in self._populations:
                places = (np.arange(len(self._steps))[index] == neuron).nonzero()[0]
                if places.size:
                    place = int(places[0])
                    self._single[neuron] = neurons.part(slice(place, place + 1))
        return self._single[neuron]

    def _show_neuron(self, fires: bool, source: int | None) -> None:
        """Send the packets of the monitored neuron, which has been updated (section 10)."""
        neuron = self._monitored_neuron
        if self._tells_sources:
            event = source == neuron
        else:
            event = fires and not self._disable[neuron]
        step = int(self._steps[neuron])
        calcium, rotation, potential = (int(item[0]) for item in self._alone(neuron).packets())
        flags = event << 7 | (step > 0) << 6 | (step < 0) << 5
        self._outputs.append(np.array([flags | calcium << 2 | rotation, potential]))

    def _show_synapse(self) -> None:
        """Send the packet of the monitored synapse, which has been rewritten (section 10)."""
        place = self._monitored_source, self._monitored_neuron
        weight = int(self._weights[place]) >> max(self.config.weight_bits - 3, 0)
        self._outputs.append(np.array([0xF0 | (int(self._mapped[place]) & 1) << 3 | weight]))

    def _queue(self, neurons: np.ndarray) -> None:
        super()._queue(neurons)
        if self._has_burst_queue:
            for neuron in neurons[self._bursts[neurons] > 0].tolist():
                self._push_burst(neuron)

    def _push_burst(self, neuron: int) -> None:
        """Put the extra spikes of a burst into the slots to come (section 8)."""
        spikes, interval = int(self._bursts[neuron]), int(self._intervals[neuron]) + 1
        for spike in range(1, spikes + 1):
            slot = self._slots[(self._slot + spike * interval) % BURST_SLOTS]
            if len(slot) < self.config.burst_slot_depth:
                slot.append((neuron, spike == spikes))
                self._burst_entries += 1
