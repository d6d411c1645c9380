"""What an ODIN core looks like from inside a design, and its pins."""

from ..interface.interface import Gate, Interface, Stream
from ..interface.odin_pins import odin_pins
from ..interface.pin_map import PinMap
from .config import OdinConfig
from .layout import event_word, izhikevich_word, lif_word, memories, synapse
from .registers import registers

__all__ = ["interface", "pins"]


def interface(config: OdinConfig) -> Interface:
    """Return the interface of a configuration."""
    return Interface(
        core=config.core,
        registers=registers(config),
        memories=memories(config),
        words={
            "neurons (leaky integrate-and-fire)": lif_word(config),
            "neurons (Izhikevich type)": izhikevich_word(config),
            "synapse": synapse(config),
            "input event": event_word(config),
        },
        inputs={"events": Stream(event_word(config), "input event")},
        outputs={"output": Stream(config.output_bits, "address of a neuron, or monitor packet")},
        access_masks=True,
        gate=Gate(visible=True),
        full=True,
        reset_clears_registers=False,
    )


def pins(config: OdinConfig) -> PinMap:
    """Return the published pins, with the sizes of a configuration."""
    return odin_pins(
        config, interface(config), top="ODIN", full_pin=False, gate_resets_output=False
    )
