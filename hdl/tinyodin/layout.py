"""Words of tinyODIN: memories and input events (specification, sections 1, 4 and 5).

One description for the hardware, the model, the host driver and the documentation.
"""

from amaranth.lib import data

from ..interface.interface import HostMemory
from .config import TinyOdinConfig

__all__ = [
    "LEAK_BITS",
    "VIRTUAL_WEIGHT_BITS",
    "event_word",
    "fifo_entry",
    "memories",
    "neuron_word",
]

#: Bits of the leak per time reference (section 4).
LEAK_BITS = 7

#: Bits of the weight that a virtual event carries (section 5); fixed, whatever `weight_bits` is.
VIRTUAL_WEIGHT_BITS = 4


def neuron_word(config: TinyOdinConfig) -> data.StructLayout:
    """Layout of a neuron word, least significant field first."""
    return data.StructLayout(
        {
            "potential": config.potential_bits,
            "threshold": config.potential_bits,
            "leak": LEAK_BITS,
            "disabled": 1,
        }
    )


def event_word(config: TinyOdinConfig) -> data.StructLayout:
    """Layout of an input event word: the low field L, then the bits T and V."""
    return data.StructLayout({"low": config.low_bits, "tick": 1, "virtual_event": 1})


def fifo_entry(config: TinyOdinConfig) -> data.StructLayout:
    """Layout of a queued event: weight 0 is a spike of the neuron, any other a virtual event for
    it.
    """
    return data.StructLayout({"neuron": config.address_bits, "weight": VIRTUAL_WEIGHT_BITS})


def memories(config: TinyOdinConfig) -> dict[str, HostMemory]:
    """Memories of the core as its user sees them, by name."""
    return {
        "neurons": HostMemory(space=1, words=config.neurons, width=config.neuron_bits),
        "synapses": HostMemory(space=2, words=config.synapse_words, width=config.synapse_bits),
    }
