"""What a tinyODIN core looks like from inside a design, and its pins."""

from ..interface.interface import Gate, Interface, Stream
from ..interface.odin_pins import odin_pins
from ..interface.pin_map import PinMap
from .config import TinyOdinConfig
from .layout import event_word, memories, neuron_word
from .registers import registers

__all__ = ["interface", "pins"]


def interface(config: TinyOdinConfig) -> Interface:
    """Return the interface of a configuration."""
    return Interface(
        core=config.core,
        registers=registers(config),
        memories=memories(config),
        words={"neurons": neuron_word(config), "input event": event_word(config)},
        inputs={"events": Stream(event_word(config), "input event")},
        outputs={"output": Stream(config.output_bits, "address of a neuron")},
        access_masks=True,
        gate=Gate(visible=True),
        full=True,
        reset_clears_registers=False,
    )


def pins(config: TinyOdinConfig) -> PinMap:
    """Return the published pins, with the sizes of a configuration."""
    return odin_pins(
        config, interface(config), top="tinyODIN", full_pin=True, gate_resets_output=True
    )
