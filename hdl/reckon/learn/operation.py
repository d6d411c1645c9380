"""Operations of LEARN: their kinds, what is known of one, and which weights it is about."""

from amaranth.hdl import Cat, Value, signed
from amaranth.lib import data

from ..config import ReckonConfig

__all__ = [
    "FACTOR_BITS",
    "INPUT",
    "OPERAND_BITS",
    "OUTPUT",
    "PRODUCT_BITS",
    "RECURRENT",
    "SIGNAL",
    "operation_layout",
    "output_slice_parts",
    "slice_addresses",
    "slice_parts",
]

SIGNAL, OUTPUT, INPUT, RECURRENT = range(4)

#: Bits of learning signal times surrogate derivative times 16, which times a trace is D.
FACTOR_BITS = 25

#: Bits of the second operand of a product: a trace is the widest.
OPERAND_BITS = 13

#: Bits of D.
PRODUCT_BITS = 37


def operation_layout(config: ReckonConfig) -> data.StructLayout:
    """Layout of an operation.

    `pre` is the index whose trace counts, `group` and `beat` say which weights; `trace` is that
    trace. The rest is of the neuron of a *signal*: whether this is its last beat, whether it has a
    signal at all, its derivative and level.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "kind": 2,
            "pre": config.address_bits,
            "group": range(config.groups),
            "beat": range(max(config.beats, config.output_beats)),
            "trace": OPERAND_BITS - 1,
            "last": 1,
            "signal": 1,
            "derivative": signed(5),
            "level": 12,
        }
    )


def slice_parts(config: ReckonConfig) -> int:
    """Parts of a slice of input or recurrent weights, one for each beat."""
    return config.slice_weights // config.lanes


def output_slice_parts(config: ReckonConfig) -> int:
    """Parts of a slice of output weights, one for each beat."""
    return config.output_slice_weights // config.output_lanes


def slice_addresses(config: ReckonConfig, operation: data.View) -> tuple[Value, Value]:
    """Return the addresses of the slices of an operation: input or recurrent, and output."""
    slices = config.weight_lanes // config.slice_weights
    out_slices = config.outputs // config.output_slice_weights
    # Sizes are powers of two, so that addresses are put together and not added up.
    part = (operation.beat // slice_parts(config))[: slices.bit_length() - 1]
    out_part = (operation.beat // output_slice_parts(config))[: out_slices.bit_length() - 1]
    return Cat(part, operation.group, operation.pre), Cat(out_part, operation.pre)
