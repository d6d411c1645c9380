"""ReckOn's output bus when the core halts, is reset or is gated while a word waits.

OUT_REQ falls first, OUT_DATA becomes 0 only after that, and a later receiver takes no word
(specification of ReckOn, sections 2 and 13).
"""

import itertools

import pytest

from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.sim.rtl import RtlDevice

CONFIG = ReckonConfig(neurons=16, outputs=2, weight_lanes=4, lanes=4)
#: What waits at the bus: the low byte of output 0.
WORD = 0x5A


@pytest.fixture(scope="module")
def opened():
    with RtlDevice(CONFIG, shell="pins") as device:
        yield device


@pytest.fixture
def device(opened):
    """A core in SEND in mid-sample, with a word that its receiver does not acknowledge."""
    engine = opened.engine
    engine.stall(0)
    opened.restart()
    opened.configure(
        send_every_step=1,
        send_label=0,
        halt_on_error=1,
        learn=0,
        last_input=3,
        last_neuron=3,
        last_output=1,
        kappa=128,
    )
    opened.drive(sample=1)
    opened.tick()
    opened.load("outputs", [WORD << 8 | WORD] * 2)
    opened.configure(config_mode=0)
    # The receiver never answers, so that OUT_ACK is driven by the test.
    engine.stall(0, output=256)
    tick(engine)
    for _ in range(2000):
        if engine.get("OUT_REQ"):
            break
        engine.step()
    assert (engine.get("OUT_REQ"), engine.get("OUT_DATA")) == (1, WORD)
    return opened


def tick(engine, cycles=2):
    engine.set("TIME_TICK", 1)
    engine.step(cycles)
    engine.set("TIME_TICK", 0)


def levels(engine, cycles=20):
    """Return the levels that OUT_REQ and OUT_DATA go through, without repetitions."""
    seen = []
    for _ in range(cycles):
        seen.append((engine.get("OUT_REQ"), engine.get("OUT_DATA")))
        engine.step()
    return [level for level, _ in itertools.groupby(seen)]


def takes_nothing(device):
    """Tell whether a receiver that answers from now on gets no word."""
    device.engine.stall(0)
    device.engine.step(100)
    return not device.settle().size


IN_ORDER = [(1, WORD), (0, WORD), (0, 0)]


def test_halting_error_ends_a_waiting_request(device):
    engine = device.engine
    tick(engine)
    assert levels(engine) == IN_ORDER
    assert engine.get("IDLE") == 1
    # An ACK that comes too late is no word.
    engine.set("OUT_ACK", 1)
    assert levels(engine) == [(0, 0)]
    engine.set("OUT_ACK", 0)
    assert levels(engine) == [(0, 0)]
    assert takes_nothing(device)


@pytest.mark.parametrize("acknowledged", range(2, 8))
def test_halting_error_in_a_handshake(device, acknowledged):
    """The receiver answers about when the core halts: the handshake ends, and none follows."""
    engine = device.engine
    tick(engine, acknowledged)
    if engine.get("OUT_REQ"):
        engine.set("OUT_ACK", 1)
    seen = levels(engine)
    engine.set("OUT_ACK", 0)
    seen += levels(engine)
    requests = [level for level, _ in itertools.groupby(request for request, _ in seen)]
    assert requests in ([1, 0], [0])
    assert seen[-1] == (0, 0)
    assert takes_nothing(device)


def test_reset_ends_a_waiting_request(device):
    engine = device.engine
    engine.set("RST", 1)
    assert levels(engine) == IN_ORDER
    engine.set("RST", 0)
    assert takes_nothing(device)


def test_gate_leaves_a_waiting_request_alone(device):
    """`config_mode` stops the core in CONFIG alone, which is before SEND."""
    engine = device.engine
    device.configure(config_mode=1)
    assert levels(engine) == [(1, WORD)]
    engine.stall(0)
    assert device.settle().tolist() == [WORD] * 4
