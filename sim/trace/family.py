"""What the traces of each core hold beside steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.interface.register import RegisterMap
from ...hdl.memory.logical import LogicalMemory
from ...hdl.odin.config import OdinConfig
from ...hdl.odin.layout import memories as odin_memories
from ...hdl.odin.registers import registers as odin_registers
from ...hdl.reckon.config import ReckonConfig
from ...hdl.reckon.layout import memories as reckon_memories
from ...hdl.reckon.registers import registers as reckon_registers
from ...hdl.tinyodin.config import TinyOdinConfig
from ...hdl.tinyodin.layout import memories as tinyodin_memories
from ...hdl.tinyodin.registers import registers as tinyodin_registers
from .fields import show

__all__ = ["Family", "find_family", "trace_parameters"]

#: Cores that traces exist for; those of `_FAMILIES` can be read.
_CORES = ("tinyodin", "odin", "morphic", "spoon", "reckon")


@dataclass(frozen=True)
class Family:
    """What the traces of one core hold.

    Attributes
    ----------
    config : type of CoreConfig
        The core's configuration.
    registers, memories : callable
        Make the core's registers and memories from a configuration.
    parameters : tuple of str
        Parameters that change results; a header gives these alone.
    register_bits : callable
        Gives the bits of a register's address and of its value in a `config` step.
    """

    config: type[CoreConfig]
    registers: Callable[[Any], RegisterMap]
    memories: Callable[[Any], dict[str, LogicalMemory]]
    parameters: tuple[str, ...]
    register_bits: Callable[[Any], tuple[int, int]]


def _odin_register_bits(config: OdinConfig | TinyOdinConfig) -> tuple[int, int]:
    return config.spi_address_bits, config.spi_address_bits + 4


_FAMILIES = {
    "odin": Family(
        config=OdinConfig,
        registers=odin_registers,
        memories=odin_memories,
        # The last four are not in golden traces, but what is left out changes results as well.
        parameters=(
            "neurons",
            "weight_bits",
            "fifo_depth",
            "burst_slot_depth",
            "lif",
            "izhikevich",
            "plasticity",
            "burst_queue",
        ),
        register_bits=_odin_register_bits,
    ),
    "tinyodin": Family(
        config=TinyOdinConfig,
        registers=tinyodin_registers,
        memories=tinyodin_memories,
        parameters=("neurons", "weight_bits", "potential_bits", "fifo_depth"),
        register_bits=_odin_register_bits,
    ),
    "reckon": Family(
        config=ReckonConfig,
        registers=reckon_registers,
        memories=reckon_memories,
        parameters=(
            "neurons",
            "outputs",
            "weight_bits",
            "neuron_lanes",
            "weight_lanes",
            # The last two are not in golden traces.
            "learning",
            "spare_output_weights",
        ),
        register_bits=lambda config: (16, 32),
    ),
}


def find_family(core: str) -> Family:
    """Return what the traces of a core hold.

    Raises
    ------
    InputError
        If there is no such core or its traces cannot be read.
    """
    if core not in _CORES:
        raise InputError(f"core is {show(core)}, allowed is {', '.join(_CORES)}")
    if core not in _FAMILIES:
        raise InputError(f"traces of the core {core} cannot be read yet")
    return _FAMILIES[core]


def trace_parameters(config: CoreConfig) -> dict[str, int]:
    """Return the parameters that change results."""
    values = config.as_dict()
    return {name: values[name] for name in find_family(config.core).parameters}
