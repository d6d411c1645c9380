import re

import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.event import OdinEvents


def test_words_of_the_published_chip():
    # Specification of ODIN, section 6.
    events = OdinEvents(OdinConfig())
    assert events.spike(5) == 0x507
    assert events.virtual(5, 4) == 0x581
    assert events.virtual(5, 4, inhibitory=True) == 0x591
    assert events.virtual(5, 0, inhibitory=True) == 0x511
    assert events.tick() == 0x07F
    assert events.tick(5) == 0x5FF
    assert events.bistability() == 0
    assert events.bistability(5) == 0x580


def test_words_of_other_sizes():
    # Section 1: a low field of ten bits, the virtual field in its upper five.
    events = OdinEvents(OdinConfig(neurons=1024))
    assert events.spike(1023) == 1023 << 10 | 7
    assert events.virtual(2, 7, inhibitory=True) == 2 << 10 | 0b11110 << 5 | 1
    assert events.tick() == 0x1FF
    assert events.tick(2) == 2 << 10 | 0x3FF
    assert events.bistability(2) == 2 << 10 | 0x200
    assert OdinEvents(OdinConfig(neurons=16)).spike(15) == 15 << 8 | 7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda events: events.spike(16), "neuron is 16, allowed is 0 to 15"),
        (lambda events: events.tick(-1), "neuron is -1, allowed is 0 to 15"),
        (lambda events: events.virtual(0, 8), "weight of a virtual event is 8, allowed is 1 to 7"),
        # It would be a spike event (section 15, P5).
        (lambda events: events.virtual(0, 0), "weight of a virtual event is 0, allowed is 1 to 7"),
        (lambda events: events.virtual(0, 8, inhibitory=True), "8, allowed is 0 to 7"),
    ],
)
def test_out_of_range(call, message):
    with pytest.raises(InputError, match=re.escape(message)):
        call(OdinEvents(OdinConfig(neurons=16)))
