"""Bit-exact model of tinyODIN (section numbers are those of its specification)."""

import numpy as np

from ...hdl.tinyodin.config import TinyOdinConfig
from ...hdl.tinyodin.layout import VIRTUAL_WEIGHT_BITS, neuron_word
from .crossbar import CrossbarModel
from .neuron import lif

__all__ = ["TinyOdinModel", "pack_neurons", "signed", "unpack_neurons", "update_neurons"]

#: Bits of the field that names the target of a virtual event (section 5).
VIRTUAL_TARGET_BITS = 4

# One type for potentials, thresholds and weights is fastest; sums of 24 and 8 bits fit.
_INTEGER = np.int32


def signed(value: np.ndarray | int, bits: int) -> np.ndarray | int:
    """Read the low `bits` bits as a two's-complement number."""
    half = 1 << (bits - 1)
    return (value & (2 * half - 1) ^ half) - half


def unpack_neurons(
    config: TinyOdinConfig, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Take neuron words apart (section 4).

    Returns
    -------
    potential, threshold, leak, disable : ndarray
        The fields; potentials are signed, `disable` is boolean.
    """
    words = np.asarray(words, dtype=np.uint64).astype(np.int64)
    fields = {}
    for name, field in neuron_word(config):
        fields[name] = (words >> field.offset) & ((1 << field.width) - 1)
    return (
        signed(fields["potential"], config.potential_bits).astype(_INTEGER),
        fields["threshold"].astype(_INTEGER),
        fields["leak"].astype(_INTEGER),
        fields["disabled"].astype(bool),
    )


def pack_neurons(
    config: TinyOdinConfig,
    potential: np.ndarray,
    threshold: np.ndarray,
    leak: np.ndarray,
    disable: np.ndarray,
) -> np.ndarray:
    """Put neuron words together, the inverse of `unpack_neurons` (section 4)."""
    fields = {"potential": potential, "threshold": threshold, "leak": leak, "disabled": disable}
    words = np.zeros(np.shape(potential), dtype=np.int64)
    for name, field in neuron_word(config):
        value = np.asarray(fields[name]).astype(np.int64) & ((1 << field.width) - 1)
        words |= value << field.offset
    return words.astype(np.uint64)


def update_neurons(
    config: TinyOdinConfig, words: np.ndarray, weights: np.ndarray, ticks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Update whole neuron words (section 8).

    Parameters
    ----------
    config : TinyOdinConfig
        The configuration.
    words : ndarray of int
        Stored words.
    weights : ndarray of int
        Signed weights, without effect on a time reference.
    ticks : ndarray of bool
        True for a time reference.

    Returns
    -------
    next_words : ndarray of uint64
        Words that are written back.
    fires : ndarray of bool
        Which neurons fire as seen outside: never a disabled one.
    """
    potential, threshold, leak, disable = unpack_neurons(config, words)
    weights = np.asarray(weights).astype(_INTEGER)
    potential, fires = lif.update(
        potential, threshold, leak, weights, np.asarray(ticks).astype(bool), config.potential_bits
    )
    return pack_neurons(config, potential, threshold, leak, disable), fires & ~disable


class TinyOdinModel(CrossbarModel):
    """A tinyODIN core as a `Device`, exact to the bit.

    Each event is executed, with all spikes that it causes, before the next one begins. That is what
    hardware does when every event is followed by `settle`; hardware that is fed faster takes
    waiting input before queued spikes (section 6). Events sent while register `gate` is 1 wait
    until it is 0. Memories are zero at first.

    Parameters
    ----------
    config : TinyOdinConfig, optional
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

    def __init__(self, config: TinyOdinConfig | None = None, *, event_limit: int = 100_000) -> None:
        config = config if config is not None else TinyOdinConfig()
        super().__init__(config, event_limit)
        neurons = self.config.neurons
        self._potential = np.zeros(neurons, dtype=_INTEGER)
        self._threshold = np.zeros(neurons, dtype=_INTEGER)
        self._leak = np.zeros(neurons, dtype=_INTEGER)
        self._disable = np.zeros(neurons, dtype=bool)
        # Row: source, column: target. The synapse memory is this matrix in order, eight to a word.
        self._weights = np.zeros((neurons, neurons), dtype=_INTEGER)
        low, high = lif.limits(self.config.potential_bits)
        self._low = np.array(low, dtype=_INTEGER)
        self._high = np.array(high, dtype=_INTEGER)

        self._configured()

    def _configured(self) -> None:
        """Prepare what follows from the registers (section 3)."""
        super()._configured()
        # Views of neurons 0 to `last_neuron`, which sweeps visit.
        self._swept = slice(self.register_values["last_neuron"] + 1)
        self._swept_potential = self._potential[self._swept]
        self._swept_threshold = self._threshold[self._swept]
        self._swept_weights = self._weights[:, self._swept]
        self._swept_fires = np.zeros(len(self._swept_potential), dtype=bool)

    def _load_neurons(self, part: slice, words: list[int]) -> None:
        fields = unpack_neurons(self.config, words)
        self._potential[part], self._threshold[part] = fields[:2]
        self._leak[part], self._disable[part] = fields[2:]

    def _dump_neurons(self, part: slice) -> np.ndarray:
        return pack_neurons(
            self.config,
            self._potential[part],
            self._threshold[part],
            self._leak[part],
            self._disable[part],
        )

    def _load_synapses(self, part: slice, synapses: np.ndarray) -> None:
        self._weights.reshape(-1, 8)[part] = signed(synapses, self.config.weight_bits)

    def _dump_synapses(self, part: slice) -> np.ndarray:
        return self._weights.reshape(-1, 8)[part] & self._synapse_mask

    def _execute(self, events: np.ndarray) -> None:
        """Execute input events one after the other (sections 5 and 6)."""
        low_bits = self.config.low_bits
        words = events.astype(np.int64)
        low = words & ((1 << low_bits) - 1)
        ticks = (words >> low_bits) & 1 == 1
        virtual = words >> (low_bits + 1) == 1
        weight = np.where(
            virtual, (low >> VIRTUAL_TARGET_BITS) & ((1 << VIRTUAL_WEIGHT_BITS) - 1), 0
        )
        neuron_mask = np.where(
            virtual & ~ticks, (1 << VIRTUAL_TARGET_BITS) - 1, self.config.neurons - 1
        )
        tick_all = low == (1 << low_bits) - 1
        queue = self._fifo
        for is_tick, is_all, entry_weight, neuron in zip(
            ticks.tolist(),
            tick_all.tolist(),
            weight.tolist(),
            (low & neuron_mask).tolist(),
            strict=True,
        ):
            if is_tick:
                self._time_reference(self._swept if is_all else slice(neuron, neuron + 1))
            else:
                queue.append((entry_weight, neuron))
            if queue:
                self._empty_queues()

    def _serve(self) -> bool:
        """Execute the head of the queue (section 6)."""
        queue = self._fifo
        weight, neuron = queue[0]
        if weight:
            self._virtual_event(signed(weight, VIRTUAL_WEIGHT_BITS), neuron)
        else:
            self._spike_event(neuron)
        queue.popleft()
        return bool(queue)

    def _spike_event(self, source: int) -> None:
        """Update neurons 0 to `last_neuron` by their weights from `source` (section 6)."""
        potential = self._swept_potential
        lif.integrate(potential, self._swept_weights[source], self._low, self._high, potential)
        fires = lif.fire(potential, self._swept_threshold, self._swept_fires).nonzero()[0]
        if fires.size:
            potential[fires] = 0
            self._spikes(fires)
        if self._tells_sources:
            self._outputs.append(np.array([source]))
        self.operations += len(potential)

    def _virtual_event(self, weight: int, neuron: int) -> None:
        """Update one neuron by the weight of a virtual event (section 6)."""
        visited = slice(neuron, neuron + 1)
        potential = self._potential[visited]
        lif.integrate(potential, weight, self._low, self._high, potential)
        self._fire_and_reset(visited)

    def _time_reference(self, visited: slice) -> None:
        """Let the leak act on one neuron or on neurons 0 to `last_neuron` (section 6)."""
        potential = self._potential[visited]
        lif.leak(potential, self._leak[visited], potential)
        self._fire_and_reset(visited)

    def _fire_and_reset(self, visited: slice) -> None:
        potential = self._potential[visited]
        fires = lif.fire(potential, self._threshold[visited]).nonzero()[0]
        if fires.size:
            potential[fires] = 0
            self._spikes(fires + visited.start if visited.start else fires)
        self.operations += len(potential)
