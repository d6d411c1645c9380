"""Configuration registers of tinyODIN (specification, section 3)."""

from ..interface.register import Register, RegisterMap
from .config import TinyOdinConfig

__all__ = ["registers"]


def registers(config: TinyOdinConfig) -> RegisterMap:
    """Return the register map of a configuration."""
    return RegisterMap(
        config.core,
        [
            Register(
                "gate", 0, 1, "SPI_GATE_ACTIVITY", "1: stop event processing, allow memory access"
            ),
            Register(
                "open_loop", 1, 1, "SPI_OPEN_LOOP", "1: neuron spikes do not enter the main FIFO"
            ),
            Register(
                "output_source",
                2,
                1,
                "SPI_AER_SRC_CTRL_nNEUR",
                "0: a word when a neuron fires; 1: a word when a spike event has been processed",
            ),
            Register(
                "last_neuron",
                3,
                config.address_bits,
                "SPI_MAX_NEUR",
                "highest neuron visited by spike events and by time references to all",
            ),
        ],
    )
