"""Configurations of ODIN that are verified."""

from ....hdl.odin.config import OdinConfig

__all__ = ["CONFIGURATIONS"]

#: Configurations that `verify` goes through: sizes, widths, depths, lanes and ports mixed, and some
#: parts left out. Their number has no divisor in common with the turns of shells and stalls there.
CONFIGURATIONS = (
    OdinConfig(),
    OdinConfig(neurons=16, lanes=8, neuron_memory_ports=2),
    OdinConfig(neurons=32, lanes=2, weight_bits=5, fifo_depth=8),
    OdinConfig(neurons=16, fifo_depth=4, burst_slot_depth=1),
    OdinConfig(neurons=64, lanes=4, weight_bits=2, burst_slot_depth=2),
    OdinConfig(neurons=32, lanes=8, lif=0),
    OdinConfig(neurons=64, lanes=2, neuron_memory_ports=2, izhikevich=0),
    OdinConfig(neurons=32, neuron_memory_ports=2, plasticity=0),
    OdinConfig(neurons=64, lanes=8, weight_bits=1, burst_queue=0),
    OdinConfig(neurons=16, weight_bits=6, fifo_depth=16, izhikevich=0, plasticity=0),
    OdinConfig(neurons=128, lanes=4, neuron_memory_ports=2, weight_bits=4, burst_slot_depth=8),
    OdinConfig(neurons=256, lanes=8, neuron_memory_ports=2, fifo_depth=64),
    OdinConfig(neurons=512, lanes=8, weight_bits=7),
)
