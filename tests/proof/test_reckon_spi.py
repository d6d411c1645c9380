"""The SPI of ReckOn never hangs: transactions end, requests end, and each is offered to the core
once.

The slave is proved with clock and reset free to change at any time, the bridge with a core that
answers whenever it likes, or never.
"""

import pytest
from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    ClockDomain,
    ClockSignal,
    Cover,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.interface.reckon_spi import AccessBridge, Spi32Slave
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.interface import interface


class SlaveProof(wiring.Component):
    """A slave, with a reference that counts the bits that are left of a transaction's data."""

    def __init__(self, inside, kind=Spi32Slave):
        self.slave = kind()
        self.inside = inside(self.slave)
        super().__init__({"reset": In(1), "sck": In(1), "mosi": In(1), "reply": In(32)})

    def elaborate(self, platform):
        m = Module()
        slave, signal = self.slave, self.inside.signal
        m.submodules.slave = self.inside.fragment
        m.domains.sck = ClockDomain(async_reset=True, local=True)
        m.d.comb += [
            ClockSignal("sck").eq(self.sck),
            ResetSignal("sck").eq(self.reset),
            slave.reset.eq(self.reset),
            slave.sck.eq(self.sck),
            slave.mosi.eq(self.mosi),
            slave.reply.eq(self.reply),
        ]

        # Bits of the word, all that came in, and the bits left of the transaction.
        position = Signal(5)
        received = Signal(32, reset_less=True)
        left = Signal(17)
        entering = Signal(32)
        m.d.comb += entering.eq(Cat(self.mosi, received))
        m.d.sck += [position.eq(position + 1), received.eq(entering)]
        with m.If(left != 0):
            m.d.sck += left.eq(left - 1)
        with m.Elif(position == 31):
            m.d.sck += left.eq(entering[16:28] << 5)

        shift = signal("shift")
        known = Signal(32)
        m.d.comb += [
            known.eq((1 << position) - 1),
            Assert((shift ^ received) & known == 0, "the bits of the word came in"),
            Assert(signal("bit") == position, "the bit counter never loses a bit"),
            Assert((left == 0) | ((left + position)[:5] == 0), "words begin on time"),
            Assert(
                signal("remaining") == (left + 31)[5:],
                "a transaction ends after the words that its header says",
            ),
        ]

        # Requests: from the first edge of a word to the sixteenth, and all stands still otherwise.
        request = slave.request
        belongings = Cat(slave.read, slave.space, slave.address, slave.data)
        before = Signal(len(belongings), reset_less=True)
        request_before, started = Signal(), Signal(reset_less=True)
        m.d.sck += [before.eq(belongings), request_before.eq(request)]
        m.d.sck += started.eq(1)
        m.d.comb += Assert(~request | (position < 16), "a request ends")
        with m.If(position != 0):
            m.d.comb += Assert(~request | request_before, "requests begin with words")
            with m.If(started):
                m.d.comb += Assert(belongings == before, "what belongs to a request stands still")

        # What comes out; `replying` says of which word.
        replying = signal("replying")
        m.d.comb += [
            Assert(~slave.request | ~slave.read | replying, "a read has a word to reply in"),
            Assert(~replying | slave.read, "only reads reply"),
            Assert(~replying | (left != 0), "replies are data words"),
        ]
        return m


class BridgeProof(wiring.Component):
    """A bridge with a slave that keeps its contract and a core that is ready at will."""

    def __init__(self, kind=AccessBridge):
        self.bridge = kind(interface(ReckonConfig()).access_signature)
        super().__init__(
            {
                "request": In(1),
                "read": In(1),
                "space": In(3),
                "address": In(16),
                "data": In(32),
                "ready": In(1),
                "value": In(32),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = self.bridge
        port = bridge.access.request
        names = ("read", "space", "address", "data")
        m.d.comb += [getattr(bridge, name).eq(getattr(self, name)) for name in names]
        m.d.comb += [
            bridge.request.eq(self.request),
            port.ready.eq(self.ready),
            bridge.access.data.eq(self.value),
        ]

        def before(value, name):
            signal = Signal.like(Value.cast(value), name=f"{name}_before")
            m.d.sync += signal.eq(value)
            return signal

        # The slave's contract.
        request_before = before(self.request, "request")
        age = Signal(5, init=8)
        m.d.sync += age.eq(Mux(self.request != request_before, 1, Mux(age == 31, 31, age + 1)))
        with m.If(self.request != request_before):
            m.d.comb += Assume(age >= 8)
        belongings = Cat(*(getattr(self, name) for name in names))
        belongings_before = before(belongings, "belongings")
        with m.If((self.request & request_before) | (~self.request & (age < 8))):
            m.d.comb += Assume(belongings == belongings_before)

        # Each request is offered, once at most, and neither too late nor too long.
        taken, offered = Signal(), Signal()
        take = Signal()
        m.d.comb += take.eq(port.valid & self.ready)
        with m.If(self.request & ~request_before):
            m.d.sync += [taken.eq(0), offered.eq(0)]
        with m.Else():
            m.d.sync += [taken.eq(taken | take), offered.eq(offered | port.valid)]
        m.d.comb += [
            Assert(~port.valid | ~taken, "an access is made once"),
            Assert(
                ~self.request | ~request_before | (age < 3) | offered | port.valid,
                "a request is offered",
            ),
            Assert(
                ~port.valid | self.request | request_before | (age < 3), "a request is given up"
            ),
            Assert(port.p.write == (port.valid & ~self.read), "only writes write"),
        ]
        with m.If(before(port.valid & ~self.ready, "waiting") & self.request & (age >= 3)):
            m.d.comb += Assert(port.valid, "an offer stays")
        with m.If(port.valid):
            payload = Cat(port.p.space, port.p.address, port.p.data)
            m.d.comb += Assert(payload == Cat(self.space, self.address, self.data))

        read_before = before(take & self.read, "read_taken")
        expected = Mux(read_before, before(self.value, "value"), before(bridge.reply, "reply"))
        m.d.comb += [
            Assert(bridge.reply == expected, "what was read last stands still"),
            Cover(take & self.read & (age == 3), "a read at once"),
            Cover(~self.request & (age == 9) & offered & ~taken, "a request given up"),
        ]
        return m


def test_slave(prove):
    """That it does ask is shown in tests/hdl/interface/test_reckon_spi.py."""
    prove.holds(SlaveProof(prove.Inside), depth=4, multiclock=True)


def test_bridge(prove):
    prove.holds(BridgeProof(), depth=14)


def test_bridge_works(prove):
    prove.reaches(BridgeProof(), depth=30)


SLAVE_MUTATIONS = {
    "remaining.eq(remaining - 1)": "remaining.eq(remaining)",
    "m.If(bit == CHUNK // 2 - 1)": "m.If(0)",
    "m.If(last & (remaining == 0))": "m.If(last & (remaining < 2))",
    "bit = Signal(range(CHUNK))": "bit = Signal(range(CHUNK), reset_less=True)",
    "replying.eq(word.read & follows)": "replying.eq(word.read)",
}


@pytest.mark.parametrize("old", SLAVE_MUTATIONS)
def test_a_broken_slave_is_not_proved(prove, old):
    broken = prove.mutant(Spi32Slave, old, SLAVE_MUTATIONS[old])
    prove.fails(SlaveProof(prove.Inside, broken), depth=4, multiclock=True)


BRIDGE_MUTATIONS = {
    "with m.If(wanted & ~before):": "with m.If(wanted):",
    "with m.Elif(~wanted):": "with m.Elif(0):",
    "pending & ~self.read": "~self.read",
    "            m.d.sync += pending.eq(0)\n            with m.If(self.read)": (
        "            with m.If(self.read)"
    ),
    "with m.If(self.read):": "with m.If(1):",
}


@pytest.mark.parametrize("old", BRIDGE_MUTATIONS)
def test_a_broken_bridge_is_refuted(prove, old):
    broken = prove.mutant(AccessBridge, old, BRIDGE_MUTATIONS[old])
    assert prove.refuted(BridgeProof(broken), depth=24)
