"""Words of ODIN: memories, events and queues (specification, sections 1, 5, 6 and 8).

One description for the hardware, the model, the host driver and the documentation.
"""

from amaranth.lib import data

from ..interface.interface import HostMemory
from ..neuron.layout import IZHIKEVICH_WORD, LIF_WORD, NEURON_BITS
from .config import OdinConfig

__all__ = [
    "BURST_SLOTS",
    "VIRTUAL_WEIGHT_BITS",
    "event_word",
    "fifo_entry",
    "izhikevich_word",
    "lif_word",
    "memories",
    "synapse",
    "virtual_field",
]

#: Slots of the burst queue: seven spikes, eight intervals apart at most, and the current slot.
BURST_SLOTS = 7 * 8 + 1

#: Bits of the weight that a virtual event carries (section 6); fixed, whatever `weight_bits` is.
VIRTUAL_WEIGHT_BITS = 3


def lif_word(config: OdinConfig) -> data.StructLayout:
    """Layout of the word of a leaky integrate-and-fire neuron."""
    return LIF_WORD


def izhikevich_word(config: OdinConfig) -> data.StructLayout:
    """Layout of the word of an Izhikevich-type neuron."""
    return IZHIKEVICH_WORD


def synapse(config: OdinConfig) -> data.StructLayout:
    """Layout of a synapse; a word of the synapse memory has eight of them."""
    return data.StructLayout({"weight": config.weight_bits, "mapped": 1})


def event_word(config: OdinConfig) -> data.StructLayout:
    """Layout of an input event word: the fields L, H and S."""
    return data.StructLayout({"low": config.low_bits, "high": config.address_bits, "single": 1})


def virtual_field() -> data.StructLayout:
    """Layout of the upper five bits of L; all zero means a spike event."""
    return data.StructLayout({"tick": 1, "inhibitory": 1, "weight": VIRTUAL_WEIGHT_BITS})


def fifo_entry(config: OdinConfig) -> data.StructLayout:
    """Layout of an event in the main FIFO."""
    return data.StructLayout({"neuron": config.address_bits, "virtual": virtual_field()})


def memories(config: OdinConfig) -> dict[str, HostMemory]:
    """Memories of the core as its user sees them, by name."""
    return {
        "neurons": HostMemory(space=1, words=config.neurons, width=NEURON_BITS),
        "synapses": HostMemory(space=2, words=config.synapse_words, width=config.synapse_bits),
    }
