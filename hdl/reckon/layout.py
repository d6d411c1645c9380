"""Words of ReckOn: memories and events (specification, sections 1 and 5).

One description for the hardware, the model, the host driver and the documentation.
"""

from collections.abc import Mapping, Sequence

from amaranth import signed
from amaranth.lib import data

from ..interface.interface import HostMemory
from .config import ReckonConfig

__all__ = [
    "ALPHA_BITS",
    "INPUT_TRACE_BITS",
    "OUTPUT_TRACE_BITS",
    "POTENTIAL_BITS",
    "RECURRENT_TRACE_BITS",
    "STATE",
    "event_word",
    "memories",
    "neuron_word",
    "output_weight_word",
    "pack_neuron_word",
    "weight_word",
]

POTENTIAL_BITS = 16
INPUT_TRACE_BITS = 12
RECURRENT_TRACE_BITS = 12
OUTPUT_TRACE_BITS = 10

#: Bits of alpha that are stored; the top nibble is chosen by a register.
ALPHA_BITS = 12

#: Layout of the state of one neuron. The input trace is that of the *input* of the same index.
STATE = data.StructLayout(
    {
        "potential": signed(POTENTIAL_BITS),
        "input_trace": INPUT_TRACE_BITS,
        "recurrent_trace": RECURRENT_TRACE_BITS,
        "output_trace": OUTPUT_TRACE_BITS,
    }
)


def neuron_word(config: ReckonConfig) -> data.StructLayout:
    """Layout of a neuron word: the neurons of its lanes, and what they share."""
    return data.StructLayout(
        {
            "lanes": data.ArrayLayout(STATE, config.neuron_lanes),
            "threshold": signed(POTENTIAL_BITS),
            "alpha": ALPHA_BITS,
        }
    )


def pack_neuron_word(
    config: ReckonConfig, states: Sequence[Mapping[str, int]], *, threshold: int, alpha: int
) -> int:
    """Return a neuron word.

    Parameters
    ----------
    config : ReckonConfig
        The core.
    states : sequence of dict
        Fields of `STATE` by name, for each lane; those that are not given are zero.
    threshold, alpha : int
        What the lanes share; `alpha` has its low bits only.
    """
    layout = neuron_word(config)
    word = _place(layout["threshold"], threshold) | _place(layout["alpha"], alpha)
    for lane, state in enumerate(states):
        value = sum(_place(STATE[name], field) for name, field in state.items())
        word |= value << layout["lanes"].offset + STATE.size * lane
    return word


def _place(field: data.Field, value: int) -> int:
    """Return the bits of a value, two's complement if it is negative, at the place of a field."""
    return (int(value) & (1 << field.width) - 1) << field.offset


def weight_word(config: ReckonConfig) -> data.ArrayLayout:
    """Layout of a word of input or recurrent weights: from one index to the neurons of a group."""
    return data.ArrayLayout(signed(config.weight_bits), config.weight_lanes)


def output_weight_word(config: ReckonConfig) -> data.ArrayLayout:
    """Layout of a word of output weights: from one neuron to all outputs."""
    return data.ArrayLayout(signed(config.weight_bits), config.outputs)


def event_word(config: ReckonConfig) -> data.StructLayout:
    """Layout of an input event word: an input spike, or an item of target data."""
    return data.StructLayout({"address": config.event_address_bits, "target": 1})


def memories(config: ReckonConfig) -> dict[str, HostMemory]:
    """Memories of the core as its user sees them, by name.

    Their spaces are those of SPI headers; `outputs` are registers, but read and written like a
    memory.
    """
    weights = {"words": config.weight_words, "width": config.weight_word_bits}
    return {
        "neurons": HostMemory(space=1, words=config.neuron_words, width=neuron_word(config).size),
        "weights_in": HostMemory(space=3, **weights),
        "weights_rec": HostMemory(space=4, **weights),
        "weights_out": HostMemory(
            space=5, words=config.output_weight_words, width=config.output_weight_word_bits
        ),
        "outputs": HostMemory(space=2, words=config.outputs, width=POTENTIAL_BITS),
    }
