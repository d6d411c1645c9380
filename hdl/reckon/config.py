"""Parameters of ReckOn and the widths that follow from them (specification, section 1)."""

from dataclasses import dataclass
from typing import ClassVar

from ..config import CoreConfig, integer, one_of, power_of_two, switch
from ..error import InputError

__all__ = ["CHUNK", "ReckonConfig", "slice_weights"]

#: Bits that a host reads or writes at once.
CHUNK = 32


def slice_weights(weights: int, bits: int, lanes: int) -> int:
    """Return how many weights are read at once: enough for all lanes, and for a power of two of
    accesses of a host.

    Parameters
    ----------
    weights : int
        Weights of a word.
    bits : int
        Bits of a weight.
    lanes : int
        Weights handled at once.
    """
    size = min(lanes, weights)
    while size < weights and (size * bits % CHUNK or (size * bits // CHUNK).bit_count() > 1):
        size *= 2
    return size


@dataclass(frozen=True, kw_only=True)
class ReckonConfig(CoreConfig):
    """Configuration of a ReckOn core; the defaults are the published chip.

    Without learning the core behaves as if register `learn` were 0 for ever: no LEARN phase and no
    waiting for targets; target items are acknowledged and do nothing, and traces accumulate only
    with register `force_traces`. Registers that serve learning alone are then not there.
    """

    core: ClassVar[str] = "reckon"

    neurons: int = power_of_two(256, 16, 512, "inputs, and recurrent neurons")
    outputs: int = power_of_two(16, 2, 16, "output neurons")
    weight_bits: int = integer(8, 2, 8, "bits of a signed weight")
    neuron_lanes: int = one_of(2, (1, 2), "neurons in a neuron word; part of the function")
    weight_lanes: int = power_of_two(
        16, 4, 32, "weights in a word and in a group of neurons; part of the function"
    )
    lanes: int = one_of(
        1,
        (1, 2, 4, 8, 16, 32),
        "weights of a group handled in one cycle, at most weight_lanes; changes speed, never results",
    )
    learning: int = switch(1, "e-prop learning is built in")
    spare_output_weights: int = switch(
        1, "the half of the output weight memory that the core never uses is there"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, limit in (("weight_lanes", "neurons"), ("lanes", "weight_lanes")):
            if getattr(self, name) > getattr(self, limit):
                raise InputError(
                    f"reckon: {name} is {getattr(self, name)}, allowed is at most {limit}, "
                    f"which is {getattr(self, limit)}"
                )

    @property
    def address_bits(self) -> int:
        """A: bits of the index of an input or neuron."""
        return self.neurons.bit_length() - 1

    @property
    def output_index_bits(self) -> int:
        """B: bits of the index of an output."""
        return self.outputs.bit_length() - 1

    @property
    def neuron_words(self) -> int:
        """Words of the neuron memory, `neuron_lanes` neurons each."""
        return self.neurons // self.neuron_lanes

    @property
    def groups(self) -> int:
        """Groups of `weight_lanes` neurons."""
        return self.neurons // self.weight_lanes

    @property
    def weight_words(self) -> int:
        """Words of the input weight memory and of the recurrent weight memory."""
        return self.neurons * self.groups

    @property
    def weight_word_bits(self) -> int:
        """Bits of a word of input or recurrent weights."""
        return self.weight_bits * self.weight_lanes

    @property
    def output_weight_words(self) -> int:
        """Words of the output weight memory; the core uses as many as there are neurons."""
        return self.neurons << self.spare_output_weights

    @property
    def output_weight_word_bits(self) -> int:
        """Bits of a word of output weights."""
        return self.weight_bits * self.outputs

    @property
    def event_address_bits(self) -> int:
        """Bits of the address of an input item, which is also a target byte."""
        return max(self.address_bits, 8)

    @property
    def event_bits(self) -> int:
        """Bits of an input event word `{target, address}`."""
        return self.event_address_bits + 1

    @property
    def output_bits(self) -> int:
        """Bits of an output word."""
        return 8

    @property
    def target_counter_bits(self) -> int:
        """Bits of the counter of target bytes, two for each output."""
        return self.output_index_bits + 1

    @property
    def update_random_bits(self) -> int:
        """Bits of a draw for the input or recurrent weights of one word, 32 for each."""
        return 32 * self.weight_lanes

    @property
    def beats(self) -> int:
        """Cycles in which the weights of a group are handled."""
        return self.weight_lanes // self.lanes

    @property
    def output_lanes(self) -> int:
        """Outputs handled at once."""
        return min(self.lanes, self.outputs)

    @property
    def output_beats(self) -> int:
        """Cycles in which the weights to all outputs are handled."""
        return self.outputs // self.output_lanes

    @property
    def slice_weights(self) -> int:
        """Input or recurrent weights that are read at once."""
        return slice_weights(self.weight_lanes, self.weight_bits, self.lanes)

    @property
    def weight_address_bits(self) -> int:
        """Bits of the address of a slice of input or recurrent weights."""
        return 2 * self.address_bits - (self.slice_weights.bit_length() - 1)

    @property
    def output_slice_weights(self) -> int:
        """Output weights that are read at once."""
        return slice_weights(self.outputs, self.weight_bits, self.output_lanes)

    @property
    def output_weight_address_bits(self) -> int:
        """Bits of the address of a slice of output weights."""
        slices = self.outputs // self.output_slice_weights
        return (self.output_weight_words * slices - 1).bit_length()

    @property
    def neuron_units(self) -> int:
        """Neurons of a word that are handled at once: all, but in the smallest cores."""
        return self.neuron_lanes if self.lanes >= 4 else 1

    @property
    def neuron_parts(self) -> int:
        """Parts of a word that are handled one after the other."""
        return self.neuron_lanes // self.neuron_units

    @property
    def state_steps(self) -> int:
        """Steps in which the four fields of a neuron's state are handled: one, but in the smallest
        cores.
        """
        return 1 if self.lanes >= 4 else 4

    @property
    def words_aside(self) -> int:
        """Places for the parts of a neuron word as they were, if they are not written all at
        once.
        """
        return 0 if self.neuron_parts == self.state_steps == 1 else self.neuron_parts

    @property
    def fresh_row(self) -> int:
        """Flags `fresh` in a row: enough for a quick reset, but in the smallest cores those of a
        word.
        """
        return 16 if self.lanes >= 4 else self.neuron_lanes

    @property
    def operation_cycles(self) -> int:
        """Cycles from one operation of LEARN to the next: one, down a pipeline, but in the smallest
        cores.
        """
        return 1 if self.lanes >= 4 else 6

    @property
    def drain_cycles(self) -> int:
        """Cycles that LEARN waits for the last neuron of a group: longer if it is in what is read
        first.
        """
        return 2 if self.operation_cycles == self.beats == 1 else 1

    @property
    def multipliers_shift(self) -> bool:
        """Multipliers shift numbers, which is smaller and slower: in the smallest cores."""
        return self.lanes < 4

    @property
    def output_update_random_bits(self) -> int:
        """Bits of a draw for the output weights of one neuron, 28 for each."""
        return 28 * self.outputs
