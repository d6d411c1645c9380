"""Random neuron words of ODIN."""

from amaranth.lib import data

from ....hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD, NEURON_BITS
from ....hdl.odin.config import OdinConfig
from ..sample import RandomChoice

__all__ = [
    "CALM_FEATURES",
    "FEATURES",
    "RESTRAINING_FEATURES",
    "any_word",
    "likely_fields",
    "pack_low_bits",
    "word_layout",
]

#: Enables that change how an Izhikevich-type neuron behaves.
FEATURES = tuple(
    name
    for name, _ in IZHIKEVICH_WORD
    if name.endswith("_enable") and name not in ("leak_enable", "learning_enable")
)

#: Those that, with a negative reset, let a neuron fire no more often than it is driven.
CALM_FEATURES = (
    "latency_enable",
    "phasic_enable",
    "mixed_enable",
    "class_2_enable",
    "negative_enable",
    "rebound_enable",
    "inhibition_induced_enable",
    "bistable_enable",
)

#: Those that only keep a neuron from firing.
RESTRAINING_FEATURES = ("phasic_enable", "mixed_enable", "class_2_enable", "negative_enable")


def pack_low_bits(layout: data.StructLayout, fields: dict[str, int]) -> int:
    """Return a word from its fields, of each value the low bits that the field has."""
    word = 0
    for name, value in fields.items():
        field = layout[name]
        word |= (int(value) & (1 << field.width) - 1) << field.offset
    return word


def word_layout(config: OdinConfig, is_lif: bool) -> data.StructLayout:
    """Return the layout of the model that such a neuron has in this core."""
    if not config.lif or not config.izhikevich:
        is_lif = bool(config.lif)
    return LIF_WORD if is_lif else IZHIKEVICH_WORD


def any_word(draw: RandomChoice, layout: data.StructLayout, disable: int) -> int:
    """Return a word of one of several kinds, from well-behaved to every bit random."""
    kind = draw.below(4)
    if kind == 0:
        word = draw.bits(NEURON_BITS)
        return (
            word & ~1 & ~(1 << NEURON_BITS - 1)
            | int(layout is LIF_WORD)
            | disable << NEURON_BITS - 1
        )
    fields = {name: draw.bits(field.width) for name, field in layout}
    if kind < 3:
        fields |= likely_fields(draw, layout)
    if kind == 1 and layout is IZHIKEVICH_WORD:
        fields |= dict.fromkeys(FEATURES, 0) | {draw.one(FEATURES): 1}
    fields |= {"model": int(layout is LIF_WORD), "disabled": disable}
    return pack_low_bits(layout, fields)


def likely_fields(draw: RandomChoice, layout: data.StructLayout) -> dict[str, int]:
    """Return fields for a neuron that reacts to a few events, and learns."""
    fields = {
        "leak_enable": draw.below(2),
        "learning_enable": int(draw.chance(0.8)),
        "calcium": draw.below(5),
        "calcium_threshold_1": draw.below(3),
        "calcium_threshold_2": draw.below(6),
        "calcium_threshold_3": 2 + draw.below(6),
        "calcium_period": draw.below(6),
    }
    if layout is LIF_WORD:
        threshold = 1 + draw.below(60)
        return fields | {
            "leak": draw.below(9),
            "threshold": threshold,
            "potential": draw.below(threshold + 4),
            "learning_threshold": draw.below(threshold + 1),
        }
    fields |= {name: int(draw.chance(0.12)) for name in FEATURES}
    fields |= {
        "leak": draw.below(18),
        "fan_in": int(draw.chance(0.1)),
        "threshold": 1 + draw.below(5),
        "reset_depth": draw.below(4),
        "stimulation_threshold": draw.below(3),
        "learning_threshold": draw.below(5),
        "potential": draw.below(4) if draw.chance(0.8) else draw.below(16),
    }
    state = ("refractory", "phasic_lock", "mixed_lock", "inhibition_induced_lock", "burst_lock")
    fields |= {name: int(draw.chance(0.1)) for name in state}
    if draw.chance(0.7):
        fields |= {"threshold_offset": 0, "stimulation": 0, "previous_stimulation": 0}
    return fields
