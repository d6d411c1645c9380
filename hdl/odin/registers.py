"""Configuration registers of ODIN (specification, sections 1 and 4)."""

from ..interface.register import Register, RegisterMap
from .config import OdinConfig

__all__ = ["registers", "sign_address"]


def sign_address(index: int) -> int:
    """Return the address of sign register `index`: the first sixteen are at 2, the others at 32."""
    return 2 + index if index < 16 else 16 + index


def registers(config: OdinConfig) -> RegisterMap:
    """Return the register map of a configuration; what is not built in has no registers."""
    signs = [
        Register(
            f"sign_{index}",
            sign_address(index),
            16,
            "SPI_SYN_SIGN",
            f"bit b is 1: neuron {16 * index} + b is inhibitory as a source, else excitatory",
        )
        for index in range(config.neurons // 16)
    ]
    found = [
        Register(
            "gate", 0, 1, "SPI_GATE_ACTIVITY", "1: stop event processing, allow memory access"
        ),
        Register("open_loop", 1, 1, "SPI_OPEN_LOOP", "1: neuron spikes do not enter the scheduler"),
        *signs,
    ]
    if config.has_bursts:
        found.append(
            Register(
                "burst_time_unit",
                18,
                20,
                "SPI_BURST_TIMEREF",
                "clock cycles per burst tick minus one; 0: the burst queue is off",
            )
        )
    found += [
        Register(
            "output_source",
            19,
            1,
            "SPI_AER_SRC_CTRL_nNEUR",
            "0: a word when a neuron fires; 1: a word when a spike event is processed",
        ),
        Register(
            "monitor_enable", 20, 1, "SPI_OUT_AER_MONITOR_EN", "1: output carries monitor packets"
        ),
        Register(
            "monitored_neuron",
            21,
            config.address_bits,
            "SPI_MONITOR_NEUR_ADDR",
            "neuron whose updates are monitored",
        ),
    ]
    if config.plasticity:
        found += [
            Register(
                "monitored_source",
                22,
                config.address_bits,
                "SPI_MONITOR_SYN_ADDR",
                "source of the synapse into the monitored neuron that is monitored",
            ),
            Register(
                "learn_unmapped",
                23,
                1,
                "SPI_UPDATE_UNMAPPED_SYN",
                "1: plasticity also where the mapping bit is 0",
            ),
        ]
    found.append(
        Register(
            "propagate_unmapped",
            24,
            1,
            "SPI_PROPAGATE_UNMAPPED_SYN",
            "1: weights act also where the mapping bit is 0",
        )
    )
    if config.plasticity:
        found.append(
            Register(
                "learn_on_synapse_event",
                25,
                1,
                "SPI_SDSP_ON_SYN_STIM",
                "1: plasticity also on single-synapse events",
            )
        )
    return RegisterMap(config.core, found)
