"""Izhikevich-type neurons, rule by rule, worked out by hand (specification of ODIN, section 13).

Fields go by the specification's symbols here. Each case starts from a neuron at rest, with all
fields zero but for a threshold of 7 and a stimulation threshold of 1, changed as the case says.
"""

from typing import NamedTuple

import numpy as np
import pytest

from spikewright.hdl.neuron.layout import IZHIKEVICH_WORD
from spikewright.sim.model.neuron import izhikevich
from spikewright.sim.model.neuron.layout import field, put_field, split_words
from spikewright.sim.model.neuron.population import Kind

NAMES = {
    "leak": "leak",
    "leak_en": "leak_enable",
    "fanin": "fan_in",
    "bspk": "burst_spikes",
    "bisi": "burst_interval",
    "sharp_en": "sharp_resonance_enable",
    "thr": "threshold",
    "depth": "reset_depth",
    "delay": "delay",
    "lat_en": "latency_enable",
    "dap_en": "after_potential_enable",
    "sthr": "stimulation_threshold",
    "phasic_en": "phasic_enable",
    "mixed_en": "mixed_enable",
    "class2_en": "class_2_enable",
    "neg_en": "negative_enable",
    "rebound_en": "rebound_enable",
    "inhin_en": "inhibition_induced_enable",
    "bist_en": "bistable_enable",
    "res_en": "resonance_enable",
    "tvar_en": "threshold_variation_enable",
    "tvar_src": "threshold_variation_source",
    "tleak": "threshold_leak_period",
    "acc_en": "accommodation_enable",
    "ca_en": "learning_enable",
    "thetamem": "learning_threshold",
    "theta1": "calcium_threshold_1",
    "theta2": "calcium_threshold_2",
    "theta3": "calcium_threshold_3",
    "caleak": "calcium_period",
    "binc": "burst_counting",
    "sharp_del": "sharp_resonance_interval",
    "A": "accumulator",
    "R": "refractory",
    "V": "potential",
    "D": "delay_count",
    "SP": "previous_stimulation",
    "SC": "stimulation",
    "PL": "phasic_lock",
    "ML": "mixed_lock",
    "FW": "fired",
    "AH": "activity",
    "TH": "strong_stimulation",
    "BL": "bistable_firing",
    "IL": "inhibition_induced_lock",
    "ROT": "rotation",
    "O": "threshold_offset",
    "OC": "threshold_count",
    "CA": "calcium",
    "CC": "calcium_count",
    "BU": "burst_lock",
    "unused": "unused",
    "disable": "disabled",
}
assert {name for name, _ in IZHIKEVICH_WORD} == {*NAMES.values(), "model"}

POS, NEG, Z2P, Z2N = range(4)
REST = dict.fromkeys(NAMES, 0) | {"thr": 7, "sthr": 1}


class Event(NamedTuple):
    """An event, what the neuron starts from for it, and what it changes in a neuron at rest."""

    kind: Kind
    weight: int
    start: dict
    after: dict


#: Events with and without a carry.
EXC = Event(Kind.EXCITATORY, 1, {"A": 7}, {"A": 8, "SC": 1})
INH = Event(Kind.INHIBITORY, 1, {"A": 8}, {"A": 7, "SC": 15})
EXC0 = Event(Kind.EXCITATORY, 0, {}, {})
INH0 = Event(Kind.INHIBITORY, 0, {}, {})
TICK = Event(Kind.TICK, 0, {}, {})
#: A tick at which the leak carries.
LEAK = Event(Kind.TICK, 0, {"A": 8, "leak": 1, "leak_en": 1}, {"A": 7})


def exc(weight):
    return Event(Kind.EXCITATORY, weight, {}, {})


def inh(weight):
    return Event(Kind.INHIBITORY, weight, {}, {})


def window(sc):
    """Return what a tick changes after a window with stimulation `sc`."""
    return {"SC": 0, "SP": sc, "AH": 1, "TH": 1 if sc < 8 else 2}


QUIET_AFTER_INHIBITION = {"rebound_en": 1, "TH": 2}
LONE_EXC = {"bist_en": 1, "TH": 1}

CASES = [
    # section, start, event, what is different afterwards, fires
    #
    # 13.2, accumulation. A carry shows in SC.
    ("13.2", {"A": 0}, exc(7), {"A": 7}, 0),
    ("13.2", {"A": 1}, exc(7), {"A": 8, "V": 1, "SC": 1}, 0),
    ("13.2", {"A": 15}, exc(1), {"A": 16, "V": 1, "SC": 1}, 0),
    ("13.2", {"A": 8}, exc(7), {"A": 15}, 0),
    ("13.2", {"A": 2047}, exc(1), {"A": 0, "V": 1, "SC": 1}, 0),
    ("13.2", {"A": 0}, inh(1), {"A": 2047, "SC": 15}, 0),
    ("13.2", {"A": 16}, inh(1), {"A": 15, "SC": 15}, 0),
    ("13.2", {"A": 15}, inh(7), {"A": 8}, 0),
    ("13.2", {"A": 0, "V": 3}, inh(7), {"A": 2041, "V": 2, "SC": 15}, 0),
    ("13.2", {"A": 15, "fanin": 1}, exc(1), {"A": 16, "V": 1, "SC": 1}, 0),
    ("13.2", {"A": 7, "fanin": 1}, exc(1), {"A": 8}, 0),
    ("13.2", {"A": 1023, "fanin": 7}, exc(1), {"A": 1024, "V": 1, "SC": 1}, 0),
    ("13.2", {"A": 511, "fanin": 7}, exc(1), {"A": 512}, 0),
    ("13.2", {"A": 0, "fanin": 7}, inh(1), {"A": 2047, "SC": 15}, 0),
    ("13.2", {"A": 8}, exc(127), {"A": 135, "SC": 1, "V": 1}, 0),
    ("13.2", {"A": 0}, exc(127), {"A": 127, "SC": 1, "V": 1}, 0),
    ("13.2", {"A": 0}, exc(16), {"A": 16}, 0),  # bit 3 is the same: no carry
    ("13.2", {"A": 8, "leak": 1, "leak_en": 1, "V": 3}, TICK, {"A": 7, "V": 2}, 0),
    ("13.2", {"A": 8, "leak": 1, "leak_en": 0, "V": 3}, TICK, {}, 0),
    ("13.2", {"A": 0, "leak": 127, "leak_en": 1, "V": 3}, TICK, {"A": 1921}, 0),
    ("13.2", {"A": 0, "leak": 1, "leak_en": 1, "V": 3}, TICK, {"A": 2047, "V": 2}, 0),
    ("13.2", {"A": 5, "leak": 5, "leak_en": 1, "V": 3}, TICK, {"A": 0}, 0),
    ("13.2", {"A": 0, "leak": 5, "leak_en": 1}, exc(1), {"A": 1}, 0),
    ("13.2 P20", {"R": 1, "V": 14}, EXC, {}, 0),
    ("13.2 P20", {"R": 1, "V": 14}, INH, {}, 0),
    #
    # 13.3, stimulation.
    ("13.3", {"SC": 6}, EXC, {"SC": 7, "V": 1}, 0),
    ("13.3", {"SC": 7}, EXC, {"SC": 7, "V": 1}, 0),
    ("13.3", {"SC": 8}, EXC, {"SC": 9, "V": 1}, 0),
    ("13.3", {"SC": 15}, EXC, {"SC": 0, "V": 1}, 0),
    ("13.3", {"SC": 10}, INH, {"SC": 9}, 0),
    ("13.3", {"SC": 9}, INH, {"SC": 9}, 0),
    ("13.3", {"SC": 8}, INH, {"SC": 7}, 0),
    ("13.3", {"SC": 1}, INH, {"SC": 0}, 0),
    ("13.3", {"SC": 5}, EXC0, {}, 0),
    ("13.3", {"SC": 5}, INH0, {}, 0),
    ("13.3", {"SC": 3, "SP": 6, "AH": 1}, TICK, {"SC": 0, "SP": 3, "AH": 3, "TH": 1}, 0),
    ("13.3", {"SC": 0, "SP": 6, "AH": 1, "TH": 3}, TICK, {"SP": 0, "AH": 2, "TH": 0}, 0),
    ("13.3", {"SC": 8, "AH": 2}, TICK, window(8), 0),
    ("13.3", {"SC": 4, "sthr": 5}, TICK, {"SC": 0, "SP": 4, "AH": 1}, 0),
    ("13.3", {"SC": 5, "sthr": 5}, TICK, window(5), 0),
    ("13.3", {"SC": 12, "sthr": 5}, TICK, {"SC": 0, "SP": 12, "AH": 1}, 0),
    ("13.3", {"SC": 11, "sthr": 5}, TICK, window(11), 0),
    ("13.3", {"sthr": 0}, TICK, {"TH": 1}, 0),  # cur_exc without input
    ("13.3", {"SC": 15, "sthr": 0}, TICK, window(15), 0),
    ("13.3", {"SC": 3, "SP": 6, "AH": 1, "TH": 2}, EXC0, {}, 0),
    # Isolated windows, told by a rebound.
    ("13.3 lone", QUIET_AFTER_INHIBITION, TICK, {"TH": 0}, 1),
    ("13.3 lone", QUIET_AFTER_INHIBITION | {"AH": 1}, TICK, {"TH": 0, "AH": 2}, 1),
    ("13.3 lone", QUIET_AFTER_INHIBITION | {"AH": 2}, TICK, {"TH": 0, "AH": 0}, 0),
    ("13.3 lone", QUIET_AFTER_INHIBITION | {"AH": 3}, TICK, {"TH": 0, "AH": 2}, 0),
    ("13.3 lone", {"rebound_en": 1, "TH": 1}, TICK, {"TH": 0}, 0),
    ("13.3 lone", {"rebound_en": 1, "TH": 3}, TICK, {"TH": 0}, 1),
    (
        "13.3 lone",
        QUIET_AFTER_INHIBITION | {"SC": 1},
        TICK,
        window(1),
        0,
    ),
    ("13.3 lone", QUIET_AFTER_INHIBITION, EXC0, {}, 0),
    ("13.3 lone", QUIET_AFTER_INHIBITION, INH, {}, 0),
    #
    # 13.4, effective threshold.
    ("13.4", {"thr": 3, "O": 2, "V": 5}, EXC0, {"V": 0, "FW": 1}, 1),
    ("13.4", {"thr": 3, "O": 2, "V": 3}, EXC0, {}, 0),
    ("13.4", {"thr": 3, "O": 14, "V": 1}, EXC0, {"V": 0, "FW": 1}, 1),
    ("13.4", {"thr": 7, "O": 7, "V": 14}, EXC0, {"V": 0, "FW": 1}, 1),  # 14 is -2
    ("13.4", {"thr": 7, "O": 9}, EXC0, {"V": 0, "FW": 1}, 1),  # theta = 0
    #
    # 13.5, potential. 1: latency.
    ("13.5 1", {"lat_en": 1, "D": 3, "V": 2}, EXC, {}, 0),
    ("13.5 1", {"lat_en": 1, "D": 3, "V": 2}, INH, {}, 0),
    ("13.5 1", {"lat_en": 1, "D": 3, "V": 2}, LEAK, {"D": 2}, 0),
    ("13.5 1", {"lat_en": 1, "D": 0, "V": 2}, EXC, {"V": 3}, 0),
    ("13.5 1", {"lat_en": 0, "D": 3, "V": 2}, EXC, {"V": 3}, 0),
    ("13.5 1", {"lat_en": 1, "D": 3, "R": 1, "V": 14}, TICK, {"D": 2}, 0),
    # 2: phasic lock, kept while the last window was strong.
    ("13.5 2", {"PL": 1, "SP": 1}, EXC, {"PL": 1}, 0),
    ("13.5 2", {"PL": 1, "SP": 1, "V": 1}, EXC, {"V": 2}, 0),
    ("13.5 2", {"PL": 1, "SP": 1, "neg_en": 1}, INH, {}, 0),
    ("13.5 2", {"PL": 1}, EXC, {"PL": 0}, 0),
    # 3: ticks.
    ("13.5 3a", {"res_en": 1, "ROT": Z2N, "V": 3}, TICK, {"ROT": NEG, "V": 2}, 0),
    ("13.5 3a", {"res_en": 1, "ROT": POS, "V": 3}, TICK, {"ROT": Z2N}, 0),
    ("13.5 3a", {"res_en": 1, "ROT": NEG, "V": 3}, TICK, {"ROT": Z2P}, 0),
    ("13.5 3a", {"res_en": 1, "ROT": Z2P, "V": 3}, TICK, {"ROT": POS}, 0),
    ("13.5 3a", {"res_en": 1, "ROT": Z2N, "V": 3, "R": 1}, TICK, {"ROT": NEG, "V": 2}, 0),
    ("13.5 3a P15", {"res_en": 1, "ROT": Z2N, "V": 0}, TICK, {"ROT": POS, "V": 15}, 0),
    ("13.5 3b", {"R": 1, "V": 13}, TICK, {"V": 14}, 0),
    ("13.5 3b", {"R": 1, "V": 15}, TICK, {"V": 0, "R": 0}, 0),
    ("13.5 3b", {"R": 1, "V": 13, "BU": 1}, TICK, {}, 0),
    ("13.5 3b", {"R": 1, "V": 3}, LEAK, {"V": 4}, 0),
    (
        "13.5 3b",
        {"R": 1, "V": 3, "acc_en": 1, "SC": 1, "O": 1},
        TICK,
        window(1) | {"V": 4, "O": 0},
        0,
    ),
    ("13.5 3b", {"R": 1, "V": 3, "dap_en": 1, "D": 1}, TICK, {"V": 4, "D": 0}, 0),
    ("13.5 3c", {"acc_en": 1, "V": 5, "SC": 3}, TICK, window(3) | {"V": 2}, 0),
    ("13.5 3c", {"acc_en": 1, "V": 5, "SC": 3, "FW": 1}, TICK, window(3) | {"FW": 0}, 0),
    ("13.5 3c P15", {"acc_en": 1, "V": 1, "SC": 3}, TICK, window(3) | {"V": 14}, 0),
    ("13.5 3c", {"acc_en": 1, "V": 1, "SC": 14}, TICK, window(14) | {"V": 3, "O": 14}, 0),
    ("13.5 3c", {"acc_en": 1, "V": 3, "dap_en": 1, "D": 1}, TICK, {"D": 0}, 0),
    ("13.5 3d", {"dap_en": 1, "D": 1, "V": 3}, TICK, {"V": 0, "D": 0}, 0),
    ("13.5 3d", {"dap_en": 1, "D": 1, "V": 13}, TICK, {"V": 0, "D": 0}, 0),
    ("13.5 3d", {"dap_en": 1, "D": 2, "V": 3}, TICK, {"D": 1}, 0),
    ("13.5 3d", {"dap_en": 1, "D": 0, "V": 3}, TICK, {}, 0),
    ("13.5 3d", {"dap_en": 0, "D": 1, "V": 3}, TICK, {"D": 0}, 0),
    ("13.5 3d", {"dap_en": 1, "D": 1, "V": 5}, LEAK, {"V": 0, "D": 0}, 0),
    ("13.5 3d", {"dap_en": 1, "D": 2, "V": 5}, LEAK, {"V": 4, "D": 1}, 0),
    ("13.5 3e", {"V": 3}, LEAK, {"V": 2}, 0),
    ("13.5 3e", {"V": 13}, LEAK, {"V": 14}, 0),
    ("13.5 3e", {"V": 8}, LEAK, {"V": 9}, 0),
    ("13.5 3e", {"V": 15}, LEAK, {"V": 0}, 0),
    ("13.5 3e", {"V": 0}, LEAK, {}, 0),
    ("13.5 3f", {"V": 3}, TICK, {}, 0),
    # 4: inhibitory carries.
    ("13.5 4a", {"res_en": 1, "ROT": Z2N, "V": 3}, INH, {"V": 4}, 0),
    ("13.5 4a", {"res_en": 1, "ROT": NEG, "V": 7, "thr": 6}, INH, {}, 0),
    ("13.5 4a", {"res_en": 1, "ROT": NEG, "V": 8}, INH, {"V": 9}, 0),
    ("13.5 4a", {"res_en": 1, "ROT": Z2P, "V": 3}, INH, {"V": 2}, 0),
    ("13.5 4a", {"res_en": 1, "ROT": POS, "V": 0, "neg_en": 1}, INH, {}, 0),
    ("13.5 4a", {"res_en": 1, "ROT": POS, "V": 3, "R": 1}, INH, {"V": 2}, 0),
    ("13.5 4b", {"R": 1, "V": 3}, INH, {}, 0),
    ("13.5 4c", {"V": 3}, INH, {"V": 2}, 0),
    ("13.5 4c", {"V": 0}, INH, {}, 0),
    ("13.5 4c", {"V": 0, "neg_en": 1}, INH, {"V": 15}, 0),
    ("13.5 4c", {"V": 9, "neg_en": 1}, INH, {"V": 8}, 0),
    ("13.5 4c", {"V": 8, "neg_en": 1}, INH, {}, 0),
    ("13.5 4c P15", {"V": 8, "thr": 6}, INH, {"V": 7}, 0),
    ("13.5 4c", {"V": 15}, INH, {"V": 14}, 0),
    # 5: excitatory carries.
    ("13.5 5a", {"res_en": 1, "ROT": Z2N, "V": 3}, EXC, {"V": 2}, 0),
    ("13.5 5a", {"res_en": 1, "ROT": NEG, "V": 0}, EXC, {}, 0),
    ("13.5 5a", {"res_en": 1, "ROT": Z2P, "V": 3}, EXC, {"V": 4}, 0),
    ("13.5 5a", {"res_en": 1, "ROT": POS, "V": 7, "thr": 6}, EXC, {}, 0),
    ("13.5 5a", {"res_en": 1, "ROT": POS, "V": 3, "R": 1}, EXC, {"V": 4}, 0),
    ("13.5 5a", {"res_en": 1, "V": 3, "class2_en": 1, "sthr": 3}, EXC, {"V": 4}, 0),
    ("13.5 5b", {"R": 1, "V": 3}, EXC, {}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2}, EXC, {}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2, "SC": 2}, EXC, {"SC": 3}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2, "SC": 3}, EXC, {"SC": 4, "V": 3}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2, "SC": 13}, EXC, {"SC": 14}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2, "SP": 3}, EXC, {"V": 3}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2, "SP": 13}, EXC, {}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 0, "V": 2}, EXC, {"V": 3}, 0),
    ("13.5 5c", {"class2_en": 0, "sthr": 3, "V": 2}, EXC, {"V": 3}, 0),
    ("13.5 5c", {"class2_en": 1, "sthr": 3, "V": 2}, INH, {"V": 1}, 0),
    ("13.5 5d", {"V": 7, "thr": 6}, EXC, {}, 0),
    ("13.5 5d", {"V": 15}, EXC, {"V": 0}, 0),
    ("13.5 5d", {"V": 8}, EXC, {"V": 9}, 0),
    ("13.5 6", {"V": 3}, EXC0, {}, 0),
    #
    # 13.6, rotation.
    ("13.6", {"ROT": NEG, "V": 3}, TICK, {"ROT": POS}, 0),  # not res_en
    ("13.6", {"ROT": Z2P, "V": 3}, EXC0, {"ROT": POS}, 0),
    ("13.6", {"res_en": 1, "ROT": NEG, "V": 0}, TICK, {"ROT": POS}, 0),
    ("13.6", {"res_en": 1, "ROT": Z2N, "V": 1}, TICK, {"ROT": POS, "V": 0}, 0),
    ("13.6", {"res_en": 1, "ROT": Z2P, "V": 3}, EXC0, {}, 0),
    ("13.6", {"res_en": 1, "ROT": Z2N, "V": 1, "lat_en": 1, "D": 2}, TICK, {"ROT": 1, "D": 1}, 0),
    #
    # 13.7, firing.
    ("13.7", {"V": 6}, EXC, {"V": 0, "FW": 1}, 1),
    ("13.7 P12", {"V": 7}, EXC0, {"V": 0, "FW": 1}, 1),
    ("13.7 P12", {"V": 7}, TICK, {"V": 0}, 1),
    ("13.7 P12", {"thr": 0}, EXC0, {"FW": 1}, 1),
    ("13.7 P12", {"thr": 0}, TICK, {}, 1),
    ("13.7 P12", {"thr": 3, "O": 8, "depth": 5, "V": 11}, EXC0, {"V": 11, "R": 1, "FW": 1}, 1),
    ("13.7 sharp", {"sharp_en": 1, "sharp_del": 3, "D": 3}, EXC, {"D": 0, "V": 0, "FW": 1}, 1),
    ("13.7 sharp", {"sharp_en": 1, "sharp_del": 3, "D": 2}, EXC, {"D": 0, "V": 1}, 0),
    ("13.7 sharp", {"sharp_en": 1, "sharp_del": 3, "D": 3}, INH, {}, 0),
    ("13.7 sharp", {"sharp_en": 1, "sharp_del": 3, "D": 3}, EXC0, {}, 0),
    ("13.7 sharp", {"sharp_en": 1, "sharp_del": 3, "D": 3}, LEAK, {"D": 4}, 0),
    ("13.7 sharp P17", {"sharp_en": 1, "sharp_del": 3, "V": 7}, EXC0, {}, 0),
    ("13.7 latency", {"lat_en": 1, "D": 1, "V": 7}, TICK, {"D": 0, "V": 0}, 1),
    ("13.7 latency", {"lat_en": 1, "D": 1, "V": 3}, TICK, {"D": 0, "V": 0}, 1),
    ("13.7 latency", {"lat_en": 1, "D": 2, "V": 7}, TICK, {"D": 1}, 0),
    ("13.7 latency", {"lat_en": 1, "D": 1, "V": 7}, EXC, {}, 0),
    ("13.7 latency P16", {"lat_en": 1, "V": 6, "delay": 0}, EXC, {"V": 7}, 0),
    ("13.7 latency P16", {"lat_en": 1, "V": 7, "delay": 4}, TICK, {}, 0),
    ("13.7 latency P17", {"lat_en": 1} | QUIET_AFTER_INHIBITION, TICK, {"TH": 0}, 0),
    ("13.7 rebound", {"rebound_en": 1, "V": 7}, EXC0, {"V": 0, "FW": 1}, 1),
    ("13.7 rebound P17", {"rebound_en": 1, "IL": 1, "V": 0}, EXC0, {}, 0),
    ("13.7 rebound P17", {"rebound_en": 1, "bist_en": 1, "BL": 1}, EXC0, {}, 0),
    ("13.7 bistable", LONE_EXC, TICK, {"TH": 0, "BL": 1}, 1),
    ("13.7 bistable", LONE_EXC | {"BL": 1, "V": 1}, TICK, {"TH": 0, "BL": 0}, 0),
    ("13.7 bistable", {"bist_en": 1, "BL": 1}, EXC0, {"FW": 1}, 1),
    ("13.7 bistable", {"bist_en": 1, "BL": 1, "V": 2}, EXC0, {}, 0),
    ("13.7 bistable", {"bist_en": 1, "BL": 0}, EXC0, {}, 0),
    ("13.7 bistable", {"bist_en": 1, "V": 7}, EXC0, {"V": 0, "FW": 1}, 1),
    ("13.7 bistable P17", {"bist_en": 1, "IL": 1}, EXC0, {}, 0),
    ("13.7 IL", {"IL": 1}, EXC0, {"FW": 1}, 1),
    ("13.7 IL", {"IL": 1, "V": 7}, EXC0, {"V": 7}, 0),
    ("13.7 IL", {"IL": 1, "V": 15}, EXC, {"V": 0, "FW": 1}, 1),
    ("13.7 IL P17", {"IL": 1, "res_en": 1, "V": 1}, INH, {"V": 0, "ROT": NEG, "FW": 1}, 1),
    ("13.7 res", {"res_en": 1, "V": 6}, EXC, {"V": 0, "ROT": NEG, "FW": 1}, 1),
    ("13.7 res", {"res_en": 1, "V": 6, "ROT": Z2P}, EXC, {"V": 7}, 0),
    ("13.7 res", {"res_en": 1, "V": 7, "ROT": Z2P}, TICK, {"V": 0, "ROT": NEG}, 1),
    ("13.7 res", {"res_en": 1, "V": 7, "ROT": POS}, TICK, {"ROT": Z2N}, 0),
    #
    # 13.8, after firing.
    ("13.8", {"V": 6, "depth": 3}, EXC, {"V": 13, "R": 1, "FW": 1}, 1),
    ("13.8", {"V": 6, "depth": 7}, EXC, {"V": 9, "R": 1, "FW": 1}, 1),
    ("13.8 P18", {"V": 6, "depth": 3, "dap_en": 1}, EXC, {"V": 3, "R": 0, "FW": 1}, 1),
    ("13.8 P18", {"V": 6, "depth": 3, "res_en": 1}, EXC, {"V": 3, "ROT": NEG, "FW": 1}, 1),
    ("13.8 P18", {"V": 7, "depth": 7, "dap_en": 1}, EXC0, {"V": 7, "FW": 1}, 1),
    #
    # 13.9, IL.
    ("13.9 IL", {"inhin_en": 1, "V": 9}, EXC0, {"IL": 1, "R": 0}, 0),
    ("13.9 IL", {"inhin_en": 1, "V": 9, "depth": 2}, EXC0, {"IL": 1, "R": 1}, 0),
    ("13.9 IL", {"inhin_en": 1, "V": 9, "depth": 2, "dap_en": 1}, EXC0, {"IL": 1}, 0),
    ("13.9 IL", {"inhin_en": 1, "V": 9, "R": 1}, EXC0, {}, 0),
    ("13.9 IL", {"inhin_en": 1, "V": 10, "neg_en": 1}, INH, {"V": 9}, 0),  # stored V
    ("13.9 IL", {"inhin_en": 0, "V": 9}, EXC0, {}, 0),
    ("13.9 IL", {"inhin_en": 1, "V": 10, "thr": 5, "O": 1}, TICK, {"IL": 1}, 0),
    ("13.9 IL", {"IL": 1, "V": 3}, TICK, {"IL": 0}, 0),
    ("13.9 IL", {"IL": 1, "V": 3, "SC": 2}, TICK, window(2), 0),
    ("13.9 IL", {"IL": 1, "V": 3, "depth": 2}, EXC0, {"R": 1}, 0),  # IL' = 1 sets R
    ("13.9 IL", {"IL": 1, "V": 3, "R": 1}, EXC0, {"R": 0}, 0),  # depth = 0 clears it
    ("13.9 IL", {"IL": 1, "inhin_en": 1, "V": 9}, TICK, {}, 0),  # set wins over quiet
    # R.
    ("13.9 R", {"R": 1, "V": 3}, EXC0, {}, 0),
    ("13.9 R", {"R": 1, "V": 0}, EXC0, {"R": 0}, 0),
    ("13.9 R", {"R": 1, "V": 7}, EXC0, {"R": 0, "V": 0, "FW": 1}, 1),  # depth = 0
    (
        "13.9 R",
        {"R": 1, "V": 7, "depth": 1, "res_en": 1},
        EXC0,
        {"R": 0, "V": 1, "ROT": 1, "FW": 1},
        1,
    ),
    # D.
    ("13.9 D", {"D": 3}, TICK, {"D": 2}, 0),
    ("13.9 D", {"D": 3}, EXC, {"V": 1}, 0),
    ("13.9 D", {"D": 0}, TICK, {}, 0),
    ("13.9 D", {"D": 3, "sharp_en": 1}, TICK, {"D": 4}, 0),
    ("13.9 D", {"D": 7, "sharp_en": 1}, TICK, {}, 0),
    ("13.9 D", {"D": 7, "sharp_en": 1}, EXC, {"D": 0, "V": 1}, 0),
    ("13.9 D", {"D": 7, "sharp_en": 1}, INH, {}, 0),
    ("13.9 D", {"D": 5, "sharp_en": 1, "sharp_del": 1}, EXC0, {}, 0),
    ("13.9 D", {"D": 2, "dap_en": 1, "delay": 5, "V": 6}, EXC, {"D": 5, "V": 0, "FW": 1}, 1),
    ("13.9 D", {"D": 2, "dap_en": 1, "delay": 5, "V": 7}, TICK, {"D": 5, "V": 0}, 1),
    ("13.9 D", {"D": 2, "delay": 5, "V": 6}, EXC, {"V": 0, "FW": 1}, 1),
    ("13.9 D", {"lat_en": 1, "delay": 5, "V": 6}, EXC, {"D": 5, "V": 7}, 0),
    ("13.9 D", {"lat_en": 1, "delay": 5, "V": 8}, EXC0, {}, 0),
    ("13.9 D", {"lat_en": 1, "delay": 5, "V": 9, "thr": 7, "O": 3}, EXC, {"D": 5, "V": 10}, 0),
    (
        "13.9 D",
        {"sharp_en": 1, "dap_en": 1, "delay": 5, "V": 0, "D": 0, "sharp_del": 0},
        EXC,
        {"FW": 1},
        1,
    ),
    # PL and ML.
    ("13.9 PL", {"phasic_en": 1, "V": 6, "SP": 1}, EXC, {"PL": 1, "V": 0, "FW": 1}, 1),
    ("13.9 PL", {"mixed_en": 1, "V": 6, "SP": 1}, EXC, {"ML": 1, "V": 0, "FW": 1}, 1),
    ("13.9 PL", {"phasic_en": 1, "V": 6, "SC": 1}, EXC, {"PL": 1, "V": 0, "FW": 1, "SC": 2}, 1),
    ("13.9 PL", {"phasic_en": 1, "V": 6}, EXC, {"PL": 0, "V": 0, "FW": 1}, 1),  # stored SC
    ("13.9 PL", {"phasic_en": 1, "V": 6, "SP": 15}, EXC, {"PL": 0, "V": 0, "FW": 1}, 1),
    ("13.9 PL", {"V": 6, "SP": 1, "ML": 1}, EXC, {"ML": 0, "V": 0, "FW": 1}, 1),
    ("13.9 PL", {"PL": 1, "ML": 1, "SP": 1, "V": 3}, EXC0, {}, 0),
    ("13.9 PL", {"PL": 1, "ML": 1, "SP": 2, "sthr": 3, "V": 3}, EXC0, {"PL": 0, "ML": 0}, 0),
    ("13.9 PL", {"PL": 1, "ML": 1, "sthr": 0, "V": 3}, EXC0, {}, 0),
    (
        "13.9 PL",
        {"phasic_en": 1, "FW": 1, "SC": 2, "V": 0},
        TICK,
        {"PL": 1, "FW": 0, "SC": 0, "SP": 2, "AH": 1, "TH": 1},
        0,
    ),
    (
        "13.9 PL",
        {"mixed_en": 1, "FW": 1, "SC": 2, "V": 13, "R": 1},
        TICK,
        {"ML": 1, "FW": 0, "SC": 0, "SP": 2, "AH": 1, "TH": 1, "V": 14},
        0,
    ),
    (
        "13.9 PL",
        {"phasic_en": 1, "FW": 1, "SC": 2, "V": 3},
        TICK,
        {"FW": 0, "SC": 0, "SP": 2, "AH": 1, "TH": 1},
        0,
    ),
    (
        "13.9 PL",
        {"phasic_en": 1, "FW": 0, "SC": 2, "V": 0},
        TICK,
        window(2),
        0,
    ),
    ("13.9 PL", {"phasic_en": 1, "FW": 1, "SP": 2, "V": 0}, TICK, {"FW": 0, "SP": 0}, 0),
    ("13.9 PL", {"PL": 1, "FW": 1, "V": 3}, TICK, {"PL": 0, "FW": 0}, 0),
    # FW.
    ("13.9 FW", {"FW": 1}, TICK, {"FW": 0}, 0),
    ("13.9 FW", {"FW": 1, "V": 7}, TICK, {"FW": 0, "V": 0}, 1),
    ("13.9 FW", {"FW": 1}, EXC, {"V": 1}, 0),
    # BL.
    ("13.9 BL", LONE_EXC | {"BL": 1}, TICK, {"TH": 0, "BL": 0}, 1),
    ("13.9 BL", {"TH": 1, "BL": 1, "V": 3}, TICK, {"TH": 0}, 0),
    ("13.9 BL", LONE_EXC | {"V": 3}, EXC0, {}, 0),
    ("13.9 BL P17", LONE_EXC | {"rebound_en": 1}, TICK, {"TH": 0, "BL": 1}, 0),
    # BU.
    ("13.9 BU", {"V": 6, "bspk": 2}, EXC, {"V": 0, "FW": 1, "BU": 1}, 1),
    ("13.9 BU P19", {"V": 6, "bspk": 2, "disable": 1}, EXC, {"V": 0, "FW": 1, "BU": 1}, 1),
    ("13.9 BU", {"V": 6, "bspk": 2, "ML": 1}, EXC, {"V": 0, "FW": 1, "ML": 0}, 1),
    ("13.9 BU", {"BU": 1, "V": 3}, EXC, {"V": 4}, 0),
    ("13.9 BU", {"BU": 1, "V": 7}, EXC0, {"V": 0, "FW": 1}, 1),
    #
    # 13.10, threshold offset: its leak.
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 1, "O": 2}, TICK, {"OC": 2}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 2, "O": 2}, TICK, {"OC": 0, "O": 1}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 2, "O": 13}, TICK, {"OC": 0, "O": 14}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 2, "O": 8}, TICK, {"OC": 0, "O": 9}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 2, "O": 0}, TICK, {"OC": 0}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 2, "O": 2}, EXC0, {}, 0),
    ("13.10 leak", {"tvar_en": 0, "tleak": 3, "OC": 2, "O": 2}, TICK, {}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 0, "OC": 2, "O": 2}, TICK, {}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 1, "O": 2, "V": 3}, TICK, {"O": 1}, 0),
    ("13.10 leak", {"tvar_en": 1, "tleak": 3, "OC": 15, "O": 2}, TICK, {"OC": 0}, 0),
    # 1, accommodation.
    (
        "13.10 1",
        {"acc_en": 1, "thr": 2, "SC": 3, "FW": 1, "V": 1},
        TICK,
        window(3) | {"O": 3, "FW": 0},
        0,
    ),
    (
        "13.10 1",
        {"acc_en": 1, "thr": 6, "SC": 3, "FW": 1, "V": 1},
        TICK,
        window(3) | {"O": 1, "FW": 0},
        0,
    ),
    (
        "13.10 1",
        {"acc_en": 1, "thr": 2, "SC": 11, "FW": 1, "V": 1},
        TICK,
        window(11) | {"O": 15, "FW": 0},
        0,
    ),
    (
        "13.10 1 P14",
        {"acc_en": 1, "thr": 2, "SC": 14, "FW": 1, "V": 1},
        TICK,
        window(14) | {"O": 14, "FW": 0},
        0,
    ),
    (
        "13.10 1",
        {"acc_en": 1, "thr": 2, "SC": 5, "FW": 1, "V": 1},
        TICK,
        window(5) | {"O": 5, "FW": 0},
        0,
    ),
    ("13.10 1", {"acc_en": 1, "thr": 2, "O": 3, "V": 1}, EXC, {"V": 2}, 0),
    ("13.10 1", {"acc_en": 1, "thr": 2, "O": 3, "V": 1}, TICK, {"O": 0}, 0),
    (
        "13.10 1",
        {"acc_en": 1, "tvar_en": 1, "tleak": 1, "thr": 2, "SC": 3, "FW": 1, "V": 1},
        TICK,
        window(3) | {"O": 3, "FW": 0},
        0,
    ),
    ("13.10 1", {"acc_en": 1, "tvar_en": 1, "thr": 2, "O": 3}, EXC, {"V": 1}, 0),
    ("13.10 1", {"acc_en": 1, "tvar_en": 1, "tvar_src": 1, "V": 7}, EXC0, {"V": 0, "FW": 1}, 1),
    # 2a, raised by excitation or by spikes.
    ("13.10 2a", {"tvar_en": 1, "thr": 3}, EXC, {"O": 1, "V": 1}, 0),
    ("13.10 2a", {"tvar_en": 1, "thr": 3, "O": 4}, EXC, {"V": 1}, 0),  # theta = 7
    ("13.10 2a", {"tvar_en": 1, "thr": 3, "O": 5}, EXC, {"O": 6, "V": 1}, 0),
    ("13.10 2a", {"tvar_en": 1, "thr": 3, "O": 15}, EXC, {"O": 0, "V": 1}, 0),
    ("13.10 2a P20", {"tvar_en": 1, "thr": 3, "R": 1, "V": 14}, EXC, {"O": 1}, 0),
    ("13.10 2a", {"tvar_en": 1, "tvar_src": 1, "thr": 3}, EXC, {"V": 1}, 0),
    (
        "13.10 2a",
        {"tvar_en": 1, "tvar_src": 1, "thr": 3, "V": 3},
        EXC0,
        {"O": 1, "V": 0, "FW": 1},
        1,
    ),
    ("13.10 2a", {"tvar_en": 1, "tvar_src": 1, "thr": 3, "V": 3}, TICK, {"O": 1, "V": 0}, 1),
    (
        "13.10 2a",
        {"tvar_en": 1, "tvar_src": 1, "thr": 3, "V": 3, "tleak": 1},
        TICK,
        {"O": 1, "V": 0},
        1,
    ),
    ("13.10 2a", {"tvar_en": 1, "tvar_src": 1, "V": 7}, EXC0, {"V": 0, "FW": 1}, 1),
    ("13.10 2a", {"tvar_en": 0, "thr": 3}, EXC, {"V": 1}, 0),
    ("13.10 2a binc", {"tvar_en": 1, "binc": 1, "bspk": 2, "thr": 3}, EXC, {"O": 3, "V": 1}, 0),
    ("13.10 2a binc", {"tvar_en": 1, "binc": 1, "bspk": 3, "thr": 3}, EXC, {"O": 4, "V": 1}, 0),
    ("13.10 2a P13", {"tvar_en": 1, "binc": 1, "bspk": 4, "thr": 3}, EXC, {"O": 7, "V": 1}, 0),
    (
        "13.10 2a P13",
        {"tvar_en": 1, "binc": 1, "bspk": 7, "thr": 1, "V": 3},
        EXC,
        {"O": 7, "V": 4},
        0,
    ),
    (
        "13.10 2a binc",
        {"tvar_en": 1, "binc": 1, "bspk": 7, "thr": 0, "V": 2},
        EXC,
        {"O": 7, "V": 3},
        0,
    ),
    ("13.10 2a binc", {"tvar_en": 1, "binc": 1, "bspk": 2, "O": 5}, EXC, {"O": 8, "V": 1}, 0),
    (
        "13.10 2a binc",
        {"tvar_en": 1, "binc": 1, "bspk": 2, "ML": 1, "SP": 1, "thr": 3},
        EXC,
        {"O": 1, "V": 1},
        0,
    ),
    # 2b, lowered by inhibition.
    ("13.10 2b", {"tvar_en": 1, "thr": 3}, INH, {"O": 15}, 0),
    ("13.10 2b", {"tvar_en": 1, "thr": 3, "O": 14}, INH, {}, 0),  # theta = 1
    (
        "13.10 2b",
        {"tvar_en": 1, "thr": 3, "O": 14, "tvar_src": 1, "V": 2},
        INH,
        {"V": 0, "O": 15, "FW": 1},
        1,
    ),
    ("13.10 2b", {"tvar_en": 1, "thr": 3, "tvar_src": 1}, INH, {}, 0),
    ("13.10 2b", {"tvar_en": 1, "thr": 3}, INH0, {}, 0),
    ("13.10 3", {"O": 3, "thr": 3}, EXC, {"V": 1}, 0),
    #
    # 13.11, calcium.
    ("13.11", {"ca_en": 1, "V": 6, "CA": 2}, EXC, {"CA": 3, "V": 0, "FW": 1}, 1),
    ("13.11", {"ca_en": 0, "V": 6, "CA": 2}, EXC, {"V": 0, "FW": 1}, 1),
    (
        "13.11",
        {"ca_en": 1, "V": 6, "CA": 2, "bspk": 3},
        EXC,
        {"CA": 3, "V": 0, "FW": 1, "BU": 1},
        1,
    ),
    (
        "13.11 binc",
        {"ca_en": 1, "V": 6, "CA": 2, "bspk": 3, "binc": 1},
        EXC,
        {"CA": 6, "V": 0, "FW": 1, "BU": 1},
        1,
    ),
    (
        "13.11 binc",
        {"ca_en": 1, "V": 6, "CA": 2, "bspk": 7, "binc": 1},
        EXC,
        {"CA": 7, "V": 0, "FW": 1, "BU": 1},
        1,
    ),
    (
        "13.11 binc",
        {"ca_en": 1, "V": 6, "CA": 2, "bspk": 3, "binc": 1, "ML": 1, "SP": 1},
        EXC,
        {"CA": 3, "V": 0, "FW": 1, "ML": 0},
        1,
    ),
    ("13.11", {"ca_en": 1, "CA": 2, "caleak": 2, "CC": 1}, TICK, {"CA": 1, "CC": 0}, 0),
    ("13.11", {"ca_en": 1, "CA": 2, "caleak": 2, "CC": 0}, TICK, {"CC": 1}, 0),
    (
        "13.11 P25",
        {"ca_en": 1, "CA": 2, "caleak": 2, "CC": 1, "V": 7, "bspk": 3, "binc": 1},
        TICK,
        {"CC": 0, "V": 0, "BU": 1},
        1,
    ),
    ("13.11 P19", {"ca_en": 1, "V": 6, "CA": 2, "disable": 1}, EXC, {"CA": 3, "V": 0, "FW": 1}, 1),
]


def case_id(case):
    section, start, event, _, _ = case
    settings = ",".join(f"{key}={value}" for key, value in start.items())
    return f"{section}-{settings}-{event.kind.name}{event.weight}"


def states(case):
    """Return all fields before and after."""
    _, start, event, changes, _ = case
    before = REST | event.start | start
    after = before | event.after
    # A tick begins a new window.
    if event.kind is Kind.TICK:
        assert before["SC"] == 0 or "SC" in changes
    # Where a carry is given by the event, SC counts from what it was.
    if "SC" in event.after and "SC" in start:
        assert "SC" in changes
    return before, after | changes


def halves(fields):
    """Put one word together."""
    value = np.zeros((1, 2), dtype=np.uint64)
    for symbol, number in fields.items():
        put_field(value, IZHIKEVICH_WORD, NAMES[symbol], np.array([number]))
    return value


def fields(words):
    """Take words apart into a list of dictionaries."""
    columns = {s: field(words, IZHIKEVICH_WORD, name).tolist() for s, name in NAMES.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def changed(before, after):
    return {key: after[key] for key in after if before[key] != after[key]}


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_rule(case):
    before, after = states(case)
    event, fires = case[2], case[4]
    start = before | {"unused": 3}
    neurons = izhikevich.Neurons(halves(start))
    seen = neurons.update(event.kind, np.array([event.weight], dtype=np.int16))
    assert changed(start, fields(neurons.halves())[0]) == changed(before, after)
    assert seen.tolist() == [bool(fires)]


@pytest.mark.parametrize("kind", Kind)
def test_rules_all_at_once(kind):
    """All cases of one kind in one population, where no feature can be left out."""
    cases = [case for case in CASES if case[2].kind is kind]
    befores, afters = zip(*map(states, cases), strict=True)
    words = np.concatenate([halves(before) for before in befores])
    weights = np.array([case[2].weight for case in cases], dtype=np.int16)
    neurons = izhikevich.Neurons(words)
    fires = neurons.update(kind, weights)
    for case, expected, got in zip(cases, afters, fields(neurons.halves()), strict=True):
        assert changed(expected, got) == {}, case_id(case)
    assert fires.tolist() == [bool(case[4]) for case in cases]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_rule_by_part(case):
    """One of two neurons, the other being full of features, is updated and not the other."""
    before, after = states(case)
    event = case[2]
    other = REST | {key: 1 for key in NAMES if key.endswith("_en")}
    neurons = izhikevich.Neurons(np.concatenate([halves(other), halves(before)]))
    seen = neurons.part(slice(1, 2)).update(event.kind, np.array(event.weight, dtype=np.int16))
    assert fields(neurons.halves()) == [other, after]
    assert seen.tolist() == [bool(case[4])]


@pytest.mark.parametrize("spread", [0.03, 0.3])
def test_parts_made_at_any_time(spread):
    """Updates of all neurons and of one in turn, whose part is made when it is first needed: what
    is left out never shows. Compared are neurons made anew for each update.
    """
    random = np.random.default_rng(int(100 * spread))
    size = 6
    fired = 0
    for _ in range(40):
        neurons = izhikevich.Neurons(
            np.concatenate([halves(any_fields(random, spread)) for _ in range(size)])
        )
        parts = {}
        for _ in range(30):
            kind = list(Kind)[random.choice(3, p=[0.25, 0.25, 0.5])]
            weights = random.integers(0, 8, size).astype(np.int16)
            ends = random.random(size) < 0.3
            place, subject = slice(None), neurons
            if random.random() < 0.6:
                one = int(random.integers(size))
                place = slice(one, one + 1)
                if one not in parts:
                    parts[one] = neurons.part(place)
                subject = parts[one]
            fresh = izhikevich.Neurons(neurons.halves()[place])
            expected = fresh.update(kind, weights[place], ends[place])
            fires = subject.update(kind, weights[place], ends[place])
            assert fires.tolist() == expected.tolist()
            assert fields(neurons.halves()[place]) == fields(fresh.halves())
            for name in ("bursts", "intervals", "steps"):
                assert getattr(subject, name).tolist() == getattr(fresh, name).tolist(), name
            fired += int(expected.sum())
    assert fired > 300


def any_fields(random, spread):
    """Return random fields of a neuron that fires at times; `spread` is how likely enables are
    set.
    """
    found = {s: int(random.integers(1 << IZHIKEVICH_WORD[n].width)) for s, n in NAMES.items()}
    enables = [s for s in NAMES if s.endswith("_en") and s != "ca_en"]
    found |= {symbol: int(random.random() < spread) for symbol in enables}
    likely = {"thr": 1 + int(random.integers(3)), "depth": int(random.integers(3))}
    return found | likely | {"fanin": 0, "V": 0, "O": 0, "R": 0}


LEARNING = {"ca_en": 1, "thetamem": 3, "theta1": 1, "theta2": 3, "theta3": 5}


@pytest.mark.parametrize(
    ("start", "event", "step"),
    [
        ({"V": 3, "CA": 1}, EXC0, 1),
        ({"V": 2, "CA": 1}, EXC0, -1),
        ({"V": 2, "CA": 1}, EXC, 1),  # V' counts
        ({"V": 3, "CA": 1}, INH, -1),
        ({"V": 3, "CA": 4}, EXC0, 1),
        ({"V": 2, "CA": 4}, EXC0, 0),
        ({"V": 3, "CA": 5}, EXC0, 0),
        ({"V": 3, "CA": 0}, EXC0, 0),
        ({"V": 15, "CA": 1}, EXC0, 0),  # a negative V' clears both
        ({"V": 8, "CA": 1}, TICK, 0),
        ({"V": 6, "CA": 1}, EXC, -1),  # fires, V' = 0, CA' = 2
        ({"V": 6, "CA": 1, "depth": 1}, EXC, 0),
        ({"V": 6, "CA": 0}, EXC, -1),
        ({"V": 6, "CA": 2}, EXC, 0),  # CA' = 3
        ({"V": 3, "CA": 1, "ca_en": 0}, EXC0, 0),
        ({"V": 6, "CA": 1, "depth": 4, "dap_en": 1}, EXC, 1),
        ({"V": 3, "CA": 1, "caleak": 1}, TICK, 0),  # CA' = 0
        ({"V": 0, "CA": 1, "thetamem": 0}, EXC0, 1),
    ],
)
def test_flags(start, event, step):
    words = halves(REST | event.start | LEARNING | start)
    for plasticity in (True, False):
        neurons = izhikevich.Neurons(words, plasticity)
        neurons.steps[:] = 1
        neurons.examine()
        neurons.update(event.kind, np.array([event.weight], dtype=np.int16))
        assert neurons.steps.tolist() == [step if plasticity else 0]
        if not plasticity:
            assert fields(neurons.halves())[0]["CA"] == start["CA"]
            assert fields(neurons.halves())[0]["CC"] == 0


@pytest.mark.parametrize(
    ("start", "event", "spikes", "interval"),
    [
        ({"bspk": 3, "bisi": 5, "V": 6}, EXC, 3, 5),
        ({"bspk": 3, "bisi": 5}, EXC0, 3, 5),  # whether it fires or not
        ({"bspk": 3, "bisi": 5, "V": 6, "ML": 1, "SP": 1}, EXC, 0, 0),
        ({"bspk": 3, "bisi": 5, "V": 6, "ML": 1}, EXC, 0, 0),  # stored ML
        ({"bspk": 3, "bisi": 5, "V": 6, "mixed_en": 1, "SP": 1}, EXC, 3, 5),
        ({"bspk": 0, "bisi": 5, "V": 6}, EXC, 0, 5),
        ({"bspk": 0, "bisi": 5, "V": 6, "ML": 1}, EXC, 0, 0),
        ({"bspk": 7, "bisi": 7}, TICK, 7, 7),
    ],
)
def test_burst_fields(start, event, spikes, interval):
    neurons = izhikevich.Neurons(halves(REST | event.start | start))
    neurons.update(event.kind, np.array([event.weight], dtype=np.int16))
    assert (neurons.bursts.tolist(), neurons.intervals.tolist()) == ([spikes], [interval])


def test_mixed_lock_makes_single_spikes_until_it_ends():
    """The burst fields follow ML in both directions."""
    start = REST | {"bspk": 3, "bisi": 1, "mixed_en": 1, "thr": 0, "sthr": 1, "SP": 1}
    neurons = izhikevich.Neurons(halves(start))
    given = []
    for kind in (Kind.EXCITATORY, Kind.EXCITATORY, Kind.TICK, Kind.EXCITATORY, Kind.EXCITATORY):
        neurons.update(kind, np.zeros(1, dtype=np.int16))
        given.append((int(neurons.bursts[0]), int(neurons.intervals[0])))
    # The lock is cleared at the first update after the tick, where SP is 0, and seen one later.
    assert given == [(3, 1), (0, 0), (0, 0), (0, 0), (3, 1)]


@pytest.mark.parametrize(
    ("start", "event", "burst_lock"),
    [
        ({"BU": 1, "V": 3}, EXC0, 0),
        ({"BU": 1, "V": 3}, TICK, 0),
        ({"BU": 0, "V": 3}, EXC0, 0),
        ({"BU": 1, "V": 7, "bspk": 1}, EXC0, 1),  # firing wins
        ({"BU": 0, "V": 7, "bspk": 1}, EXC0, 1),
        ({"BU": 1, "V": 7, "bspk": 0}, EXC0, 0),
        ({"BU": 1, "V": 7, "bspk": 1, "ML": 1, "SP": 1}, EXC0, 0),
    ],
)
def test_burst_end(start, event, burst_lock):
    words = np.concatenate([halves(REST | start)] * 2)
    for end in (0, np.array([True, False])):
        neurons = izhikevich.Neurons(words)
        neurons.update(event.kind, np.zeros(2, dtype=np.int16), end)
        ended, other = fields(neurons.halves())
        assert ended["BU"] == burst_lock
        assert other["BU"] == (start["BU"] or burst_lock)


def test_burst_end_lets_refractoriness_end():
    """13.12: during a burst the potential does not lift; the last replay clears BU."""
    neurons = izhikevich.Neurons(halves(REST | {"V": 7, "depth": 2, "bspk": 2}))
    none = np.zeros(1, dtype=np.int16)
    assert neurons.update(Kind.EXCITATORY, none).tolist() == [True]
    potentials = []
    for kind, end in [
        (Kind.TICK, None),
        (Kind.EXCITATORY, 0),
        (Kind.TICK, None),
        (Kind.TICK, None),
    ]:
        neurons.update(kind, none, end)
        potentials.append(int(neurons.potential[0]))
    assert potentials == [14, 14, 15, 0]
    assert not neurons.refractory[0]


def test_packets():
    neurons = izhikevich.Neurons(halves(REST | {"CA": 5, "V": 13, "ROT": 2}))
    assert [item.tolist() for item in neurons.packets()] == [[5], [2], [13]]


def test_words_come_back_whole():
    random = np.random.default_rng(5)
    words = [int.from_bytes(random.bytes(16), "little") & ~1 for _ in range(50)]
    neurons = izhikevich.Neurons(split_words(words))
    assert (neurons.halves() == split_words(words)).all()
