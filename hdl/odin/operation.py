"""What the core is doing: the operation that the controller hands to the crossbar."""

from amaranth.lib import data

from .config import OdinConfig
from .layout import VIRTUAL_WEIGHT_BITS

__all__ = ["operation_layout"]


def operation_layout(config: OdinConfig) -> data.StructLayout:
    """Layout of an operation; stands still from its first fetch to its last write.

    At most one of the first five fields is set; with none it is a virtual event's weight.

    Fields
    ------
    access : 1 bit
        A host reads or writes a byte of a memory; the access port says which.
    spike : 1 bit
        Spike event of `source`, to all neurons.
    synapse : 1 bit
        Single-synapse event from `source` to `neuron`.
    tick : 1 bit
        Time reference.
    bistability : 1 bit
        Bistability of one row of synapses, that of `source`, or of all rows. `source` counts up
        then.
    single : 1 bit
        One neuron, or one row of synapses; else all.
    source : M bits
        Source of the synapses.
    neuron : M bits
        The one neuron.
    weight, inhibitory : 3 bits, 1 bit
        Weight and sign of a virtual event.
    burst_end : 1 bit
        The spike event is the last of a burst.
    """
    return data.StructLayout(
        {
            "access": 1,
            "spike": 1,
            "synapse": 1,
            "tick": 1,
            "bistability": 1,
            "single": 1,
            "source": config.address_bits,
            "neuron": config.address_bits,
            "weight": VIRTUAL_WEIGHT_BITS,
            "inhibitory": 1,
            "burst_end": 1,
        }
    )
