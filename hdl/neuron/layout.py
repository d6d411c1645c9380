"""Words of ODIN's neurons (specification of ODIN, sections 12 and 13.1).

One description for the hardware, the model, the tasks and the documentation. A word has 128 bits,
the least significant field first; bit 0, `model`, and the last bit, `disabled`, are common to all
neurons. Fields called `unused` are kept as they are.
"""

from amaranth.lib import data

__all__ = ["IZHIKEVICH_WORD", "LIF_WORD", "NEURON_BITS", "PUBLISHED_NAMES", "update_input"]

#: Bits of a neuron word.
NEURON_BITS = 128

#: A leaky integrate-and-fire neuron: `model` is 1.
LIF_WORD = data.StructLayout(
    {
        "model": 1,
        # Parameters.
        "leak": 7,
        "leak_enable": 1,
        "threshold": 8,
        "learning_enable": 1,
        "learning_threshold": 8,
        "calcium_threshold_1": 3,
        "calcium_threshold_2": 3,
        "calcium_threshold_3": 3,
        "calcium_period": 5,
        "unused_parameters": 30,
        # State.
        "potential": 8,
        "calcium": 3,
        "calcium_count": 5,
        "unused_state": 41,
        "disabled": 1,
    }
)

#: An Izhikevich-type neuron: `model` is 0. Potential, threshold offset and the two stimulations are
#: four-bit two's-complement numbers.
IZHIKEVICH_WORD = data.StructLayout(
    {
        "model": 1,
        # Parameters.
        "leak": 7,
        "leak_enable": 1,
        "fan_in": 3,
        "burst_spikes": 3,
        "burst_interval": 3,
        "sharp_resonance_enable": 1,
        "threshold": 3,
        "reset_depth": 3,
        "delay": 3,
        "latency_enable": 1,
        "after_potential_enable": 1,
        "stimulation_threshold": 3,
        "phasic_enable": 1,
        "mixed_enable": 1,
        "class_2_enable": 1,
        "negative_enable": 1,
        "rebound_enable": 1,
        "inhibition_induced_enable": 1,
        "bistable_enable": 1,
        "resonance_enable": 1,
        "threshold_variation_enable": 1,
        "threshold_variation_source": 1,
        "threshold_leak_period": 4,
        "accommodation_enable": 1,
        "learning_enable": 1,
        "learning_threshold": 3,
        "calcium_threshold_1": 3,
        "calcium_threshold_2": 3,
        "calcium_threshold_3": 3,
        "calcium_period": 5,
        "burst_counting": 1,
        "sharp_resonance_interval": 3,
        # State.
        "accumulator": 11,
        "refractory": 1,
        "potential": 4,
        "delay_count": 3,
        "previous_stimulation": 4,
        "stimulation": 4,
        "phasic_lock": 1,
        "mixed_lock": 1,
        "fired": 1,
        "activity": 2,
        "strong_stimulation": 2,
        "bistable_firing": 1,
        "inhibition_induced_lock": 1,
        "rotation": 2,
        "threshold_offset": 4,
        "threshold_count": 4,
        "calcium": 3,
        "calcium_count": 5,
        "burst_lock": 1,
        "unused": 2,
        "disabled": 1,
    }
)

#: Names of the fields in the published chip's documentation; a field that is not here has none.
PUBLISHED_NAMES = {
    "model": "lif_izh_sel",
    "leak": "leak_str",
    "leak_enable": "leak_en",
    "threshold": "thr",
    "learning_enable": "ca_en",
    "learning_threshold": "thetamem",
    "calcium_threshold_1": "ca_theta1",
    "calcium_threshold_2": "ca_theta2",
    "calcium_threshold_3": "ca_theta3",
    "calcium_period": "caleak",
    "potential": "core",
    "calcium": "calcium",
    "calcium_count": "caleak_cnt",
    "disabled": "neur_disable",
    "fan_in": "fi_sel",
    "burst_spikes": "spk_ref",
    "burst_interval": "isi_ref",
    "sharp_resonance_enable": "reson_sharp_en",
    "reset_depth": "rfr",
    "delay": "dapdel",
    "latency_enable": "spklat_en",
    "after_potential_enable": "dap_en",
    "stimulation_threshold": "stim_thr",
    "phasic_enable": "phasic_en",
    "mixed_enable": "mixed_en",
    "class_2_enable": "class2_en",
    "negative_enable": "neg_en",
    "rebound_enable": "rebound_en",
    "inhibition_induced_enable": "inhin_en",
    "bistable_enable": "bist_en",
    "resonance_enable": "reson_en",
    "threshold_variation_enable": "thrvar_en",
    "threshold_variation_source": "thr_sel_of",
    "threshold_leak_period": "thrleak",
    "accommodation_enable": "acc_en",
    "burst_counting": "burst_incr",
    "sharp_resonance_interval": "reson_sharp_amt",
    "accumulator": "inacc",
    "refractory": "refrac",
    "delay_count": "dapdel_cnt",
    "previous_stimulation": "stim_str",
    "stimulation": "stim_str_tmp",
    "phasic_lock": "phasic_lock",
    "mixed_lock": "mixed_lock",
    "fired": "spkout_done",
    "activity": "stim0_prev",
    "strong_stimulation": "inhexc_prev",
    "bistable_firing": "bist_lock",
    "inhibition_induced_lock": "inhin_lock",
    "rotation": "reson_sign",
    "threshold_offset": "thrmod",
    "threshold_count": "thrleak_cnt",
    "burst_lock": "burst_lock",
}

assert LIF_WORD.size == IZHIKEVICH_WORD.size == NEURON_BITS


def update_input(weight_bits: int) -> data.StructLayout:
    """Layout of what reaches a neuron with an update (section 9).

    Fields
    ------
    weight : weight_bits
        Weight, unsigned; without effect on a time reference.
    inhibitory : 1 bit
        The weight inhibits; without effect on a time reference.
    tick : 1 bit
        Time reference instead of a weight.
    burst_end : 1 bit
        End of this neuron's burst.
    """
    return data.StructLayout({"weight": weight_bits, "inhibitory": 1, "tick": 1, "burst_end": 1})
