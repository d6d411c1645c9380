"""What a ReckOn core holds: registers, memories, flags and random generators (sections 4, 5 and
7).
"""

import numpy as np

from ....hdl.interface.register import RegisterMap
from ....hdl.reckon.config import ReckonConfig
from ....hdl.reckon.layout import (
    INPUT_TRACE_BITS,
    OUTPUT_TRACE_BITS,
    POTENTIAL_BITS,
    RECURRENT_TRACE_BITS,
    STATE,
    neuron_word,
)
from ..arithmetic import wrap
from ..random.lfsr import Lfsr, Recurrence
from .words import pack_weights, unpack_weights

__all__ = [
    "NOISE_BITS",
    "OUTPUT",
    "POTENTIAL",
    "RESET_SEEDS",
    "ROW_BITS",
    "ROW_SIGNED",
    "TRACE_IN",
    "TRACE_OUT",
    "TRACE_REC",
    "CoreState",
    "recurrences",
]

#: Rows of the state arrays. The outputs are a row of their own so that all leak at once.
POTENTIAL, TRACE_IN, TRACE_REC, TRACE_OUT, OUTPUT = range(5)

#: Bits of each row, and which are signed.
ROW_BITS = np.array(
    [
        [POTENTIAL_BITS],
        [INPUT_TRACE_BITS],
        [RECURRENT_TRACE_BITS],
        [OUTPUT_TRACE_BITS],
        [POTENTIAL_BITS],
    ],
    dtype=np.int32,
)
ROW_SIGNED = np.array([[True], [False], [False], [False], [True]])

#: Fields of a neuron in its word: the row, and the field of `STATE`.
_FIELDS = tuple(
    (row, STATE[name])
    for row, name in (
        (POTENTIAL, "potential"),
        (TRACE_IN, "input_trace"),
        (TRACE_REC, "recurrent_trace"),
        (TRACE_OUT, "output_trace"),
    )
)

#: Seeds after reset (section 7), by generator; a tuple has one for each lane of a neuron word.
RESET_SEEDS: dict[str, int | tuple[int, int]] = {
    "in": 0x0000001,
    "rec": 0x0424242,
    "out": 0x000001,
    "round_neuron": (0x1234, 0x70F0),
    "round_output": 0x7ABA,
    "round_trace_in": (0x1348, 0x7FCF),
    "round_trace_rec": (0x4321, 0x7BEA),
    "round_trace_out": (0x3FF3, 0x7EF0),
    "noise": 0x1F0F1,
}

#: Bits of a random number that rounds potentials or traces, and a decay by kappa.
_ROUND_BITS, _SHORT_ROUND_BITS = 15, 7

#: Bits of the noise of one neuron.
NOISE_BITS = 16


def recurrences(config: ReckonConfig) -> dict[str, Recurrence]:
    """Return the recurrences of the generators, by name (section 7)."""
    update = Recurrence(3, 25, config.update_random_bits)
    long = Recurrence(1, 15, _ROUND_BITS)
    short = Recurrence(1, 15, _SHORT_ROUND_BITS)
    return {
        "in": update,
        "rec": update,
        "out": Recurrence(1, 22, config.output_update_random_bits),
        "round_neuron": long,
        "round_output": short,
        "round_trace_in": long,
        "round_trace_rec": long,
        "round_trace_out": short,
        "noise": Recurrence(3, 17, 2 * NOISE_BITS),
    }


class CoreState:
    """What a core holds.

    Memories are zero at first. Registers that the chip leaves undefined are 0 after reset.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.
    registers : RegisterMap
        Its registers.

    Attributes
    ----------
    register_values : dict of int
        Present values of the registers, by name; whoever holds the state changes them.
    fields : ndarray of int32
        Rows are the fields of neurons, `POTENTIAL` to `TRACE_OUT`, columns are neurons. Potentials
        of the outputs are in the last row, `OUTPUT`, whose rest stays 0.
    thresholds, alphas : ndarray of int32
        By neuron word.
    weights : dict of ndarray of int32
        Weights by memory; rows are pre-synaptic indices.
    generators : dict of list of Lfsr
        Random generators by name, one for each lane of a neuron word or one for all.
    spike, fresh : ndarray of bool
        Flags of the neurons (section 5.2).
    pending, current : set of int
        Input spikes: since the last tick, and those of this time step.
    wins : list of int
        Winner counters of the outputs.
    label : int
        Label.
    label_received : bool
        The label has come in this sample.
    targets : list of int
        Targets of regression.
    target_bytes : int
        Counter of target bytes.
    read_register : ndarray of int32
        What the neuron memory has read last, by row and lane (section 5.4).
    """

    def __init__(self, config: ReckonConfig, registers: RegisterMap) -> None:
        self.config = config
        self._registers = registers
        self.fields = np.zeros((5, config.neurons), dtype=np.int32)
        self.thresholds = np.zeros(config.neuron_words, dtype=np.int32)
        self.alphas = np.zeros(config.neuron_words, dtype=np.int32)
        self.weights = {
            "weights_in": np.zeros((config.neurons, config.neurons), dtype=np.int32),
            "weights_rec": np.zeros((config.neurons, config.neurons), dtype=np.int32),
            "weights_out": np.zeros((config.output_weight_words, config.outputs), dtype=np.int32),
        }
        self._layout = neuron_word(config)
        self.reset(registers.reset_values())

    def reset(self, register_values: dict[str, int]) -> None:
        """Reset all but the memories; `register_values` are the registers' values from now on."""
        config = self.config
        self.register_values = register_values
        self.generators: dict[str, list[Lfsr]] = {}
        for name, recurrence in recurrences(config).items():
            seeds = RESET_SEEDS[name]
            seeds = seeds[: config.neuron_lanes] if isinstance(seeds, tuple) else (seeds,)
            self.generators[name] = [Lfsr(recurrence, seed) for seed in seeds]
        self.label = 0
        self.targets = [0] * config.outputs
        self.read_register = np.zeros((4, config.neuron_lanes), dtype=np.int32)
        self.end_sample()

    def end_sample(self) -> None:
        """Clear what a sample leaves behind."""
        self.pending: set[int] = set()
        self.current: set[int] = set()
        self.spike = np.zeros(self.config.neurons, dtype=bool)
        self.fresh = np.zeros(self.config.neurons, dtype=bool)
        self._known_fresh = 0
        self.fields[OUTPUT] = 0
        self.wins = [0] * self.config.outputs
        self.label_received = False
        self.target_bytes = 0

    # Registers.

    @property
    def last_input(self) -> int:
        """I: the last input in use."""
        return self.register_values["last_input"]

    @property
    def last_neuron(self) -> int:
        """R: the last neuron in use."""
        return self.register_values["last_neuron"]

    @property
    def last_output(self) -> int:
        """O: the last output in use."""
        return self.register_values["last_output"]

    @property
    def learn_bits(self) -> int:
        """Register `learn`, which is 0 where learning is not built in."""
        return self.register_values.get("learn", 0)

    @property
    def always_regularised(self) -> bool:
        """Weights are regularised without a target too."""
        return self.register_values.get("regul_mode", 0) >> 1 == 3

    def signed_register(self, name: str) -> int:
        """Return the value of a signed register."""
        value, width = self.register_values[name], self._registers[name].width
        return value - (value >> (width - 1) << width)

    # Flags.

    def freshen(self, stop: int) -> None:
        """Let the first neurons count as written; those that did not have zero state (section
        5.2).
        """
        if self._known_fresh >= stop:
            return
        stale = (~self.fresh[:stop]).nonzero()[0]
        self.fields[:OUTPUT, stale] = 0
        self.fresh[:stop] = True
        self._known_fresh = stop

    def write_flags(self, neuron: int, *, spike: int, fresh: int) -> None:
        """Write the flags of a neuron, as a host does."""
        self.spike[neuron] = spike
        self.fresh[neuron] = fresh
        self._known_fresh = 0

    # Memory words.

    def load_words(self, memory: str, words: list[int], at: int) -> None:
        """Write words of a memory; neurons that are written count as written in this sample."""
        config, stop = self.config, at + len(words)
        if memory == "neurons":
            self._load_neurons(words, at)
        elif memory == "outputs":
            self.fields[OUTPUT, at:stop] = wrap(np.array(words, dtype=np.int32), POTENTIAL_BITS)
        elif memory == "weights_out":
            self.weights[memory][at:stop] = unpack_weights(
                words, config.weight_bits, config.outputs
            )
        else:
            self.weights[memory].reshape(config.weight_words, -1)[at:stop] = unpack_weights(
                words, config.weight_bits, config.weight_lanes
            )

    def dump_words(self, memory: str, at: int, count: int) -> list[int]:
        """Return words of a memory. Neuron words count as read by the core."""
        if memory == "neurons":
            return self._dump_neurons(at, count)
        if memory == "outputs":
            return (self.fields[OUTPUT, at : at + count] & (1 << POTENTIAL_BITS) - 1).tolist()
        weights = self.weights[memory]
        if memory != "weights_out":
            weights = weights.reshape(self.config.weight_words, -1)
        return pack_weights(weights[at : at + count], self.config.weight_bits)

    def _load_neurons(self, words: list[int], at: int) -> None:
        lanes = self.config.neuron_lanes
        threshold, alpha = self._layout["threshold"], self._layout["alpha"]
        for index, word in enumerate(words, at):
            for lane in range(lanes):
                state = word >> STATE.size * lane
                for row, field in _FIELDS:
                    value = state >> field.offset & ((1 << field.width) - 1)
                    self.fields[row, lanes * index + lane] = value
            self.thresholds[index] = word >> threshold.offset & ((1 << threshold.width) - 1)
            self.alphas[index] = word >> alpha.offset & ((1 << alpha.width) - 1)
        neurons, written = slice(lanes * at, lanes * (at + len(words))), slice(at, at + len(words))
        self.fields[POTENTIAL, neurons] = wrap(self.fields[POTENTIAL, neurons], POTENTIAL_BITS)
        self.thresholds[written] = wrap(self.thresholds[written], POTENTIAL_BITS)
        self.fresh[neurons] = True
        if words:
            self._read(at + len(words) - 1)

    def _dump_neurons(self, at: int, count: int) -> list[int]:
        lanes = self.config.neuron_lanes
        threshold, alpha = self._layout["threshold"], self._layout["alpha"]
        part = self.fields[:OUTPUT, lanes * at : lanes * (at + count)].astype(np.int64)
        states = sum(
            (part[row] & ((1 << field.width) - 1)) << field.offset for row, field in _FIELDS
        ).tolist()
        words = []
        for index in range(count):
            word = (
                int(self.thresholds[at + index]) & ((1 << threshold.width) - 1)
            ) << threshold.offset
            word |= int(self.alphas[at + index]) << alpha.offset
            for lane in range(lanes):
                word |= states[lanes * index + lane] << STATE.size * lane
            words.append(word)
        if count:
            self._read(at + count - 1)
        return words

    def _read(self, word: int) -> None:
        """Let a host's access to a neuron word count as the core's last read."""
        lanes = self.config.neuron_lanes
        self.read_register = self.fields[:OUTPUT, lanes * word : lanes * (word + 1)].copy()
