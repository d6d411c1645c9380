"""Random settings of ReckOn: values of all registers, and neuron words that suit them."""

from dataclasses import dataclass

import numpy as np

from ....hdl.interface.register import RegisterMap
from ....hdl.reckon.config import ReckonConfig
from ....hdl.reckon.layout import neuron_word, pack_neuron_word
from ..sample import RandomChoice

__all__ = ["Settings", "choose_settings", "random_neuron_word"]


@dataclass(frozen=True)
class Settings:
    """Values of all registers.

    Attributes
    ----------
    wild : bool
        Registers, and neuron words, take values from their whole range; else such that a network
        neither dies nor saturates.
    registers : dict of int
        Values by the name of the register, in the order in which to write them.
    """

    wild: bool
    registers: dict[str, int]


def choose_settings(
    config: ReckonConfig, registers: RegisterMap, random: np.random.Generator
) -> Settings:
    """Choose values of all registers; `config_mode` is 1 and comes first."""
    draw = RandomChoice(random)
    wild = draw.chance(0.3)
    values = {
        register.name: draw.bits(register.width)
        for register in registers
        if register.name != "config_mode"
    }
    values |= _sizes(config, draw) | _modes(draw) | {"config_mode": 1}
    if not wild:
        values |= _moderate(config, draw)
    for name in values:
        if name.startswith("seed_") and draw.chance(0.05):
            values[name] = 0
    # Everything, but in any order, as the registers do not depend on each other.
    names = [register.name for register in registers]
    random.shuffle(names)
    return Settings(wild, {"config_mode": 1} | {name: values[name] for name in names})


def _sizes(config: ReckonConfig, draw: RandomChoice) -> dict[str, int]:
    """Choose how many inputs, neurons and outputs are in use."""
    most = min(config.neurons, 48)
    sizes = [draw.below(most) if draw.chance(0.8) else draw.below(4) for _ in range(2)]
    if draw.chance(0.1) and config.neurons <= 64:
        sizes = [config.neurons - 1] * 2
    return {
        "last_input": sizes[0],
        "last_neuron": sizes[1],
        "last_output": draw.below(config.outputs),
    }


def _modes(draw: RandomChoice) -> dict[str, int]:
    """Choose modes, so that none is rare."""
    return {
        "local_tick": 0,
        "timing_mode": 0,
        "target_request_monitor": 1,
        "halt_on_error": int(draw.chance(0.3)),
        "learn": draw.one((0, 1, 2, 3, 4, 5, 6, 7, 7, 7)),
        "regul_mode": draw.one((0, 0, 1, 2, 3, 4, 6, 6, 7)),
        "single_label": int(draw.chance(0.6)),
        "regression": int(draw.chance(0.3)),
        "noise": int(draw.chance(0.3)),
        "alpha_select_0": draw.one((0, 0, draw.bits(8))),
    }


def _moderate(config: ReckonConfig, draw: RandomChoice) -> dict[str, int]:
    """Choose values with which a network neither dies nor saturates, and learns now and then."""
    values = {
        "kappa": draw.one((0x60, 0x79, 0x7A, 0x80)),
        "signal_scale": draw.one((3, 5, 7, 9)),
        "noise_shift": draw.one((6, 8, 10)),
        "regul_threshold": draw.below(40),
        "regul_mul_right": draw.below(4),
        **{f"h_threshold_{index}": 150 * index + draw.below(100) for index in range(4)},
        **{f"h_value_{index}": draw.one((0, 1, 2, 3, 31)) for index in range(5)},
        **{name: draw.one((3, 4, 5)) for name in ("shift_w_in", "shift_w_rec", "shift_w_out")},
        **{f"frac_trace_{kind}": draw.below(7) for kind in ("in", "rec", "out")},
        **{f"rate_{kind}_right": draw.below(3) for kind in ("in", "rec", "out")},
        **{f"rate_{kind}_left": 6 + draw.below(12) for kind in ("in", "rec")},
        "rate_out_left": 8 + draw.below(10),
        **{f"regul_{kind}_right": draw.below(3) for kind in ("in", "rec")},
        **{f"regul_{kind}_left": 6 + draw.below(10) for kind in ("in", "rec")},
    }
    values |= {f"alpha_select_{index}": 0 for index in range(-(-config.neuron_words // 32))}
    if draw.chance(0.3):
        # Alpha 1, if the low bits are 0: such words are not rounded.
        values["alpha_select_0"] = draw.bits(8)
    return values


def random_neuron_word(
    config: ReckonConfig, settings: Settings, word: int, draw: RandomChoice
) -> int:
    """Return the content of word number `word` of the neuron memory."""
    value = draw.bits(neuron_word(config).size)
    if settings.wild:
        return value
    threshold = draw.below(600) + 60 if draw.chance(0.95) else draw.bits(16)
    selected = settings.registers["alpha_select_0"] >> word & 1 if word < 8 else 0
    alpha = draw.below(3) * 8 if selected else 0xC00 + draw.below(1024)
    states = [
        {
            "input_trace": draw.bits(9),
            "recurrent_trace": draw.bits(11),
            "output_trace": draw.bits(8),
            "potential": draw.below(400),
        }
        for _ in range(config.neuron_lanes)
    ]
    return pack_neuron_word(config, states, threshold=threshold, alpha=alpha)
