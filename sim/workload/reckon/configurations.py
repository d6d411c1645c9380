"""Configurations of ReckOn that are verified."""

from ....hdl.reckon.config import ReckonConfig

__all__ = ["CONFIGURATIONS"]

#: Configurations that `verify` goes through: sizes, widths and lanes mixed, and learning left out.
#: Their number has no divisor in common with the turns of shells and stalls there.
CONFIGURATIONS = (
    ReckonConfig(),
    ReckonConfig(neurons=16, outputs=2, lanes=16),
    ReckonConfig(neurons=32, outputs=4, neuron_lanes=1, weight_lanes=8, lanes=2),
    ReckonConfig(neurons=16, outputs=8, weight_bits=2, weight_lanes=4, lanes=4),
    ReckonConfig(neurons=64, weight_lanes=32, lanes=8),
    ReckonConfig(neurons=16, outputs=4, weight_bits=5, learning=0),
    ReckonConfig(neurons=32, weight_lanes=32, lanes=32, weight_bits=6),
    ReckonConfig(neurons=128, outputs=4, neuron_lanes=1, lanes=4),
    ReckonConfig(lanes=16),
    ReckonConfig(neurons=16, outputs=2, neuron_lanes=1, weight_lanes=4, weight_bits=7),
    ReckonConfig(neurons=512, weight_bits=6, lanes=16),
    ReckonConfig(
        neurons=64, outputs=8, weight_lanes=16, lanes=2, weight_bits=3, spare_output_weights=0
    ),
    ReckonConfig(neurons=32, outputs=2, neuron_lanes=1, lanes=1, learning=0),
)
