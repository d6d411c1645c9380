"""What a ReckOn core looks like from inside a design, and its pins."""

from collections.abc import Mapping
from functools import partial

from ..interface.interface import Gate, Interface, Stream, TimeStep
from ..interface.pin_map import PinMap
from ..interface.reckon_pins import reckon_pins
from .config import CHUNK, ReckonConfig
from .layout import event_word, memories, neuron_word
from .registers import registers
from .timing import time_step_cycles

__all__ = ["interface", "pins"]


def _may_stop(registers: Mapping[str, int], levels: Mapping[str, int]) -> bool:
    """Tell whether the core may wait for its host in a time step: in CONFIG, or for a target."""
    learns = levels["target_valid"] or registers.get("regul_mode", 0) >> 1 == 3
    return bool(registers["config_mode"] or (registers.get("learn", 0) and learns))


def _least_cycles(config: ReckonConfig, registers: Mapping[str, int]) -> dict[str, int]:
    """Return the clock cycles of a time step without spikes, and of one that learns besides."""
    names = ("last_input", "last_neuron", "last_output")
    cycles = time_step_cycles(config, *(registers[name] for name in names))
    least = {"without spikes": cycles["tick"]}
    learn = registers.get("learn", 0)
    if learn:
        learning = cycles["learn_outputs" if learn == 4 else "learn_quiet"]
        least["that learns"] = cycles["tick"] + learning
    return least


def interface(config: ReckonConfig) -> Interface:
    """Return the interface of a configuration."""
    return Interface(
        core=config.core,
        registers=registers(config),
        memories=memories(config),
        words={"neurons": neuron_word(config), "input event": event_word(config)},
        inputs={"events": Stream(event_word(config), "input spike or target", flags=("target",))},
        outputs={"output": Stream(config.output_bits, "output byte")},
        access_unit=CHUNK,
        access_address_bits=16,
        gate=Gate(register="config_mode", holds_events=False),
        pulses={"tick": "ends the time step"},
        levels={
            "sample": "a sample is under way",
            "target_valid": "the time step has a target",
            "infer_accumulate": "outputs of the time step count for the decision",
        },
        statuses={
            "ready": "ready for the next tick; or, with register `timing_mode`, a timing error",
            "configuring": "the core waits in CONFIG",
            "target_request": "the core waits for a target",
        },
        time_step=TimeStep(
            pulse="tick",
            ready="ready",
            masked_by="timing_mode",
            automatic="local_tick",
            period="cycles_per_tick",
            least_cycles=partial(_least_cycles, config),
            may_stop=_may_stop,
        ),
    )


def pins(config: ReckonConfig) -> PinMap:
    """Return the published pins, with the sizes of a configuration."""
    return reckon_pins(config, interface(config))
