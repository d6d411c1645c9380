import re

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD
from spikewright.hdl.neuron.word import (
    izhikevich_word,
    lif_word,
    neuron_fields,
    pack_fields,
    unpack_fields,
)


def test_fields_stand_where_the_specification_says():
    # Specification of ODIN, sections 12 and 13.1.
    assert lif_word() == 1
    assert lif_word(threshold=0xFF, leak=0x7F, leak_enable=1) == 0xFF << 9 | 1 << 8 | 0x7F << 1 | 1
    assert lif_word(calcium_threshold_3=7, calcium_period=31) == 7 << 32 | 31 << 35 | 1
    assert lif_word(potential=5, calcium=3, disabled=1) == 1 << 127 | 3 << 78 | 5 << 70 | 1
    assert izhikevich_word() == 0
    assert izhikevich_word(threshold=5, reset_depth=6) == 5 << 19 | 6 << 22
    assert izhikevich_word(stimulation_threshold=7, disabled=1) == 7 << 30 | 1 << 127


def test_negative_numbers_are_two_s_complement():
    assert izhikevich_word(potential=-1, threshold_offset=-8) == 0xF << 82 | 8 << 108
    fields = neuron_fields(0xF << 82 | 7 << 89)
    assert (fields["potential"], fields["previous_stimulation"]) == (-1, 7)


@pytest.mark.parametrize("layout", [LIF_WORD, IZHIKEVICH_WORD])
def test_unpacking_inverts_packing(layout):
    random = np.random.default_rng(1)
    for _ in range(50):
        word = int.from_bytes(random.bytes(16), "little")
        assert pack_fields(layout, unpack_fields(layout, word)) == word
    model = int(layout is LIF_WORD)
    assert neuron_fields(word & ~1 | model)["model"] == model


@pytest.mark.parametrize(
    ("make", "fields", "message"),
    [
        (izhikevich_word, {"treshold": 3}, "no field 'treshold', allowed is model, leak"),
        (lif_word, {"reset_depth": 1}, "no field 'reset_depth', allowed is model, leak"),
        (izhikevich_word, {"threshold": 8}, "threshold of a neuron is 8, allowed is 0 to 7"),
        (izhikevich_word, {"threshold": -1}, "threshold of a neuron is -1, allowed is 0 to 7"),
        (izhikevich_word, {"potential": 8}, "potential of a neuron is 8, allowed is -8 to 7"),
        (lif_word, {"potential": -1}, "potential of a neuron is -1, allowed is 0 to 255"),
        (lif_word, {"leak": 1.0}, "leak of a neuron is 1.0, allowed is 0 to 127"),
        (lif_word, {"leak_enable": True}, "leak_enable of a neuron is True, allowed is 0 to 1"),
        (lif_word, {"model": 0}, "model of this neuron is 0, allowed is 1"),
        (izhikevich_word, {"model": 1}, "model of this neuron is 1, allowed is 0"),
    ],
)
def test_bad_fields(make, fields, message):
    with pytest.raises(InputError, match=re.escape(message)):
        make(**fields)
