"""Parameters of tinyODIN and the widths that follow from them (specification, section 1)."""

from dataclasses import dataclass
from typing import ClassVar

from ..config import CoreConfig, integer, one_of, power_of_two

__all__ = ["TinyOdinConfig"]


@dataclass(frozen=True, kw_only=True)
class TinyOdinConfig(CoreConfig):
    """Configuration of a tinyODIN core; the defaults are the published chip."""

    core: ClassVar[str] = "tinyodin"

    neurons: int = power_of_two(256, 16, 1024, "neurons, each with a synapse from every neuron")
    weight_bits: int = integer(4, 2, 8, "bits of a signed synaptic weight")
    potential_bits: int = integer(12, 8, 24, "bits of the signed potential and of the threshold")
    fifo_depth: int = power_of_two(128, 4, 1024, "events that can wait in the main FIFO")
    lanes: int = one_of(1, (1, 2, 4, 8), "neurons updated at once; changes speed, never results")
    neuron_memory_ports: int = one_of(
        1, (1, 2), "1: a neuron is read and written in turn; 2: in the same cycle, twice as fast"
    )

    @property
    def address_bits(self) -> int:
        """M: bits of a neuron address."""
        return self.neurons.bit_length() - 1

    @property
    def low_bits(self) -> int:
        """F: bits of the low field of an input event word."""
        return max(self.address_bits, 8)

    @property
    def event_bits(self) -> int:
        """Bits of an input event word `{V, T, L}`."""
        return self.low_bits + 2

    @property
    def output_bits(self) -> int:
        """Bits of an output word."""
        return max(self.address_bits, 8)

    @property
    def neuron_bits(self) -> int:
        """Bits of a neuron word: potential, threshold, seven bits of leak and the disable bit."""
        return 2 * self.potential_bits + 8

    @property
    def synapse_words(self) -> int:
        """Words of the synapse memory, eight synapses each."""
        return self.neurons * self.neurons // 8

    @property
    def synapse_bits(self) -> int:
        """Bits of a synapse word."""
        return 8 * self.weight_bits

    @property
    def spi_address_bits(self) -> int:
        """A: address bits of an SPI frame; each half of a transaction has A + 4 bits."""
        return max(16, 2 * self.address_bits)
