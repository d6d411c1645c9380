"""Parameters of ODIN and the widths that follow from them (specification, section 1)."""

from dataclasses import dataclass
from typing import ClassVar

from ..config import CoreConfig, integer, one_of, power_of_two, switch
from ..error import InputError

__all__ = ["OdinConfig"]


@dataclass(frozen=True, kw_only=True)
class OdinConfig(CoreConfig):
    """Configuration of an ODIN core; the defaults are the published chip.

    A neuron model that is not built in does not exist for the core: all neurons are of the other
    model, whatever bit 0 of their words says. Without plasticity nothing learns: weights, calcium
    and its tick counter stay as they are, up and down are 0, bistability events do nothing, and no
    synapse word is rewritten. Without the burst queue a burst is never replayed, as in open loop.
    """

    core: ClassVar[str] = "odin"

    neurons: int = power_of_two(256, 16, 1024, "neurons, each with a synapse from every neuron")
    weight_bits: int = integer(3, 1, 7, "bits of a synaptic weight, beside its mapping bit")
    fifo_depth: int = power_of_two(32, 4, 1024, "events that can wait in the main FIFO")
    burst_slot_depth: int = power_of_two(
        4, 1, 32, "spikes that can wait in a slot of the burst queue"
    )
    lanes: int = one_of(1, (1, 2, 4, 8), "neurons updated at once; changes speed, never results")
    neuron_memory_ports: int = one_of(
        1, (1, 2), "1: a neuron is read and written in turn; 2: in the same cycle, twice as fast"
    )
    lif: int = switch(1, "leaky integrate-and-fire neurons are built in")
    izhikevich: int = switch(1, "Izhikevich-type neurons are built in")
    plasticity: int = switch(1, "SDSP learning and bistability are built in")
    burst_queue: int = switch(1, "the burst queue of Izhikevich-type neurons is built in")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.lif and not self.izhikevich:
            raise InputError("odin: lif and izhikevich are both 0, allowed is at least one 1")

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
        """Bits of an input event word `{S, H, L}`."""
        return 1 + self.address_bits + self.low_bits

    @property
    def output_bits(self) -> int:
        """Bits of an output word."""
        return max(self.address_bits, 8)

    @property
    def synapse_words(self) -> int:
        """Words of the synapse memory, eight synapses each."""
        return self.neurons * self.neurons // 8

    @property
    def synapse_bits(self) -> int:
        """Bits of a synapse word."""
        return 8 * (self.weight_bits + 1)

    @property
    def spi_address_bits(self) -> int:
        """A: address bits of an SPI frame; each half of a transaction has A + 4 bits."""
        return max(16, 2 * self.address_bits)

    @property
    def row_bits(self) -> int:
        """Bits of the address of a row of `lanes` neurons."""
        return self.address_bits - (self.lanes.bit_length() - 1)

    @property
    def synapse_memory_ports(self) -> int:
        """Ports of the synapse memory: two only where a word is read and written in each cycle."""
        return 2 if self.neuron_memory_ports == 2 and self.lanes == 8 else 1

    @property
    def has_bursts(self) -> bool:
        """There is a burst queue, and neurons that fill it."""
        return bool(self.burst_queue and self.izhikevich)
