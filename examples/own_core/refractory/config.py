"""What the core looks like: parameters, registers, memories and streams."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.lib import data

from spikewright.hdl.config import CoreConfig, integer, power_of_two
from spikewright.hdl.interface.interface import Gate, HostMemory, Interface, Stream
from spikewright.hdl.interface.register import Register, RegisterMap

#: Bits of the count of time steps for which a neuron that has fired rests.
REST_BITS = 4


@dataclass(frozen=True, kw_only=True)
class RefractoryConfig(CoreConfig):
    """Configuration of a core."""

    core: ClassVar[str] = "refractory"

    neurons: int = power_of_two(64, 4, 256, "neurons, each with a synapse from every source")
    weight_bits: int = integer(8, 2, 8, "bits of a signed synaptic weight")
    potential_bits: int = integer(12, 8, 24, "bits of the signed membrane potential")

    @property
    def address_bits(self) -> int:
        """Bits of the number of a neuron."""
        return self.neurons.bit_length() - 1


def neuron_word(config: RefractoryConfig) -> data.StructLayout:
    """Layout of a neuron: signed potential, and time steps that it still rests."""
    return data.StructLayout({"potential": config.potential_bits, "rest": REST_BITS})


def event_word(config: RefractoryConfig) -> data.StructLayout:
    """Layout of an input event: a spike of a source or, with `tick` 1, the end of a time step."""
    return data.StructLayout({"source": config.address_bits, "tick": 1})


def interface(config: RefractoryConfig) -> Interface:
    """Return what the core of a configuration looks like from inside a design."""
    n, bits = config.neurons, config.potential_bits
    about = "1: stop event processing, allow memory access"
    registers = [
        Register("gate", 0, 1, "", about, reset=1),
        Register("threshold", 1, bits - 1, "", "potential from which on a neuron fires", reset=64),
        Register("floor", 2, bits, "", "lowest potential", reset=-(1 << bits - 1), signed=True),
        Register("leak", 3, 4, "", "shift of the potential that leaks in a time step", reset=4),
        Register("rest", 4, REST_BITS, "", "time steps that a neuron rests", reset=2),
        Register("spikes", 5, 16, "", "spikes since the last reset, modulo 65536", access="R"),
    ]
    return Interface(
        core=config.core,
        registers=RegisterMap(config.core, registers),
        memories={
            "neurons": HostMemory(space=1, words=n, width=neuron_word(config).size),
            # The weight from source s to neuron j is word n s + j.
            "synapses": HostMemory(space=2, words=n * n, width=config.weight_bits),
        },
        words={"neurons": neuron_word(config), "input event": event_word(config)},
        inputs={"events": Stream(event_word(config), "spike or end of a time step")},
        outputs={"output": Stream(config.address_bits, "neuron that fires")},
        access_unit=32,
        gate=Gate(visible=True),
    )
