"""What the core is doing: the operation that the controller hands to the crossbar."""

from amaranth.lib import data

from .config import TinyOdinConfig
from .layout import VIRTUAL_WEIGHT_BITS

__all__ = ["operation_layout"]


def operation_layout(config: TinyOdinConfig) -> data.StructLayout:
    """Layout of an operation; it stands still from its first fetch to its last write.

    Fields
    ------
    access : 1 bit
        A host reads or writes a byte of a memory; the access port says which.
    tick : 1 bit
        Time reference; else a weight from a queued event.
    single : 1 bit
        One neuron; else all from 0 to the last one.
    neuron : M bits
        Source of a spike event, or the one neuron.
    weight : 4 bits, signed
        Weight of a virtual event.
    """
    return data.StructLayout(
        {
            "access": 1,
            "tick": 1,
            "single": 1,
            "neuron": config.address_bits,
            "weight": VIRTUAL_WEIGHT_BITS,
        }
    )
