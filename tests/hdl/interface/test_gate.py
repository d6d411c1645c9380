"""The gate in mid-event (specification of ODIN, section 4): the event is finished, and every word
of it reaches the receiver.
"""

import pytest

from spikewright.hdl.catalogue import interface_of, pins_of
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.rtl import RtlDevice

#: A leaky integrate-and-fire neuron at its threshold of 5: any update makes it fire.
AT_THRESHOLD = 1 | 5 << 9 | 5 << 70
#: The same after it has fired.
FIRED = 1 | 5 << 9
TICK_ALL = 0x0007F
CONFIG = OdinConfig(izhikevich=0)


class Pins:
    """Pins driven cycle by cycle, with a receiver on the output bus; it notes what REQ does."""

    def __init__(self, device):
        self._engine = device.engine
        self._bits = pins_of(device.config).spi.bits
        # The receiver of the engine is out of the way.
        self._engine.stall(0, output=256)
        self.answers = True
        self.words = []
        self.ends_alone = 0
        self._request = self._acknowledge = 0

    def step(self, cycles=1):
        for _ in range(cycles):
            self._engine.step()
            request = self._engine.get("AEROUT_REQ")
            if self._request and not request and not self._acknowledge:
                self.ends_alone += 1
            self._request = request
            if request != self._acknowledge and self.answers:
                self._acknowledge = request
                self._engine.set("AEROUT_ACK", request)
                if request:
                    self.words.append(self._engine.get("AEROUT_ADDR"))

    def step_until(self, pin, level, limit=20_000):
        for _ in range(limit):
            if self._engine.get(pin) == level:
                return
            self.step()
        raise AssertionError(f"{pin} is not {level} after {limit} cycles")

    def request(self, event):
        self._engine.set("AERIN_ADDR", event)
        self._engine.set("AERIN_REQ", 1)

    def release(self):
        self.step_until("AERIN_ACK", 1)
        self._engine.set("AERIN_REQ", 0)
        self.step_until("AERIN_ACK", 0)

    def write_register(self, number, value):
        for word in (number, value):
            for bit in reversed(range(self._bits)):
                self._engine.set("MOSI", word >> bit & 1)
                self.step(2)
                self._engine.set("SCK", 1)
                self.step(2)
                self._engine.set("SCK", 0)
        self.step(12)


@pytest.fixture(scope="module")
def opened():
    with RtlDevice(CONFIG, shell="pins") as device:
        yield device


def load(device):
    device.configure(gate=1, open_loop=1)
    device.load("neurons", [AT_THRESHOLD] * CONFIG.neurons)
    device.configure(gate=0)


@pytest.mark.parametrize("waits", [0, 3000])
def test_odin_gives_all_words_of_the_event(opened, waits):
    load(opened)
    pins = Pins(opened)
    pins.request(TICK_ALL)
    pins.step(200)
    pins.answers = not waits
    pins.write_register(0, 1)
    assert len(pins.words) < CONFIG.neurons
    pins.step(waits)
    pins.answers = True
    pins.release()
    pins.step_until("IDLE", 1)
    pins.step(20)
    assert pins.words == list(range(CONFIG.neurons))
    assert pins.ends_alone == 0
    # Then the gate is closed: memories can be read, and no event is taken.
    opened.register_values["gate"] = 1
    assert opened.dump("neurons").tolist() == [FIRED] * CONFIG.neurons
    pins.request(TICK_ALL)
    pins.step(100)
    assert opened.engine.get("AERIN_ACK") == 0
    pins.write_register(0, 0)
    pins.release()


def test_odin_is_not_gated_while_its_receiver_hangs(opened):
    """Only a reset frees it, as the published core."""
    load(opened)
    pins = Pins(opened)
    pins.answers = False
    pins.request(TICK_ALL)
    pins.step_until("AEROUT_REQ", 1)
    pins.write_register(0, 1)
    pins.step(3000)
    assert opened.engine.get("AEROUT_REQ") == 1 and opened.engine.get("IDLE") == 0
    opened.engine.set("AERIN_REQ", 0)
    opened.engine.set("RST", 1)
    levels = []
    for _ in range(6):
        pins.step()
        levels.append(opened.engine.get("AEROUT_REQ"))
    opened.engine.set("RST", 0)
    pins.step(8)
    assert levels[-1] == 0 and opened.engine.get("IDLE") == 1
    pins.answers = True
    pins.step(100)
    assert pins.words == []
    pins.write_register(0, 0)


@pytest.mark.parametrize(
    "config",
    [OdinConfig(neurons=16, izhikevich=0, lanes=2), TinyOdinConfig(neurons=16, lanes=2)],
    ids=lambda config: config.core,
)
def test_a_core_gives_all_words_of_the_event(config):
    """At the native interface, in whichever cycle the gate closes, with a receiver that waits."""
    odin = config.core == "odin"
    word, after = (AT_THRESHOLD, FIRED) if odin else (0, 0)
    event = TICK_ALL if odin else 0x1FF
    with RtlDevice(config) as device:
        engine = device.engine
        request = interface_of(config).request_layout
        gate = request.const({"write": 1, "data": 1}).as_value().value

        def step(cycles):
            for _ in range(cycles):
                engine.step()
                if engine.get("events_ready"):
                    engine.set("events_valid", 0)

        for cycle in range(1, 80, 3):
            engine.stall(cycle, output=150)
            device.configure(gate=1, open_loop=1)
            device.load("neurons", [word] * 16)
            if not odin:
                device.configure(last_neuron=15)
            device.configure(gate=0)
            engine.set("events_payload", event)
            engine.set("events_valid", 1)
            # The event is under way from the first cycle on; it is taken when it has been executed.
            step(cycle)
            engine.set("access_request_payload", gate)
            engine.set("access_request_valid", 1)
            step(1)
            engine.set("access_request_valid", 0)
            step(400)
            assert device.settle().tolist() == list(range(16)), cycle
            device.configure(gate=1)
            assert device.dump("neurons").tolist() == [after] * 16, cycle
