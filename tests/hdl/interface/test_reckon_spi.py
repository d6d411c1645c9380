"""The SPI slave of ReckOn edge by edge, and the bridge cycle by cycle (its specification, section
3).

Proofs say more about both (tests/proof/test_reckon_spi.py).
"""

import random

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.interface.reckon_spi import AccessBridge, Spi32Slave
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.interface import interface

SEED = 20264


def header(read, space, count, address):
    return bool(read) << 31 | space << 28 | count << 16 | address


class Master:
    """Clocks a slave; a memory at its other side answers."""

    def __init__(self, ctx, spi):
        self.ctx, self.spi = ctx, spi
        self.requests = []
        self.levels = []
        self._request = 0

    async def cycle(self, bit):
        """One SCK cycle; return MISO as sampled at the rising edge."""
        ctx, spi = self.ctx, self.spi
        ctx.set(spi.mosi, bit)
        await ctx.delay(1e-6)
        self.note()
        sampled = ctx.get(spi.miso)
        ctx.set(spi.sck, 1)
        await ctx.delay(1e-6)
        # Nothing that the master sees changes at a rising edge.
        assert ctx.get(spi.miso) == sampled
        self.note()
        ctx.set(spi.sck, 0)
        await ctx.delay(1e-6)
        return sampled

    def note(self):
        """Note a new request and answer it, and check that what belongs to it stands still."""
        ctx, spi = self.ctx, self.spi
        names = ("read", "space", "address", "data")
        values = {name: ctx.get(getattr(spi, name)) for name in names}
        request = ctx.get(spi.request)
        if request and not self._request:
            if values["read"]:
                values["data"] = None
                # One memory for all spaces; its answer is late, but in time.
                self.answer = values["space"] << 28 | 0x5A000 ^ values["address"]
            self.requests.append(tuple(values.values()))
        self.values = values
        self._request = request
        self.levels.append(request)

    async def words(self, words):
        """Shift words in; return those that come out."""
        back = []
        for word in words:
            shifted = 0
            for bit in reversed(range(32)):
                if self.ctx.get(self.spi.request) and self.ctx.get(self.spi.read):
                    self.ctx.set(self.spi.reply, self.answer)
                shifted = shifted << 1 | await self.cycle(word >> bit & 1)
            back.append(shifted)
        return back


def simulate(testbench):
    spi = Spi32Slave()
    simulator = Simulator(spi)

    async def run(ctx):
        await testbench(Master(ctx, spi))

    simulator.add_testbench(run)
    simulator.run()


def test_write_burst():
    async def run(master):
        data = [0xDEADBEEF, 0, 0xFFFFFFFF]
        assert await master.words([header(0, 3, 3, 0x1234), *data]) == [0] * 4
        assert master.requests == [(0, 3, 0x1234 + i, word) for i, word in enumerate(data)]

    simulate(run)


def test_read_burst():
    async def run(master):
        back = await master.words([header(1, 4, 3, 0xFFFE), 7, 8, 9])
        assert master.requests == [(1, 4, address, None) for address in (0xFFFE, 0xFFFF, 0)]
        assert back == [0, 0x4005A000 ^ 0xFFFE, 0x4005A000 ^ 0xFFFF, 0x4005A000]
        # Nothing but data words of a read comes out.
        assert await master.words([header(0, 1, 1, 0), 0xFFFFFFFF]) == [0, 0]

    simulate(run)


def test_registers_do_not_advance():
    async def run(master):
        await master.words([header(0, 0, 3, 0x10), 1, 2, 3])
        assert master.requests == [(0, 0, 0x10, value) for value in (1, 2, 3)]

    simulate(run)


def test_registers_read_as_what_was_read_last():
    async def run(master):
        await master.words([header(1, 5, 1, 0x77), 0])
        back = await master.words([header(1, 0, 2, 0x10), 0, 0])
        assert back == [0, 0x5005A077, 0x5005A077]
        assert len(master.requests) == 1

    simulate(run)


@pytest.mark.parametrize("read", [0, 1])
def test_header_alone(read):
    """Without data nothing is asked for, and the next word is a header."""

    async def run(master):
        for _ in range(3):
            assert await master.words([header(read, 1, 0, 5)]) == [0]
        assert master.requests == []
        await master.words([header(0, 1, 1, 6), 9])
        assert master.requests == [(0, 1, 6, 9)]

    simulate(run)


def test_long_burst():
    """Longer ones in tests/hdl/interface/test_reckon_pins.py."""

    async def run(master):
        await master.words([header(0, 3, 260, 0), *range(260)])
        assert master.requests == [(0, 3, number, number) for number in range(260)]
        await master.words([header(0, 2, 1, 1), 5])
        assert master.requests[-1] == (0, 2, 1, 5)

    simulate(run)


def test_requests_last_sixteen_periods():
    async def run(master):
        await master.words([header(1, 1, 2, 0), 0, 0, header(0, 1, 2, 0), 0, 0, header(0, 0, 0, 0)])
        # Noted before and after each rising edge; a request follows an edge.
        edges = [edge for edge, level in enumerate(master.levels[1::2]) if level]
        ends = [32 * word + 31 for word in (0, 1, 4, 5)]
        assert edges == [edge for end in ends for edge in range(end, end + 16)]

    simulate(run)


def test_what_belongs_to_a_request_stands_still():
    generator = random.Random(SEED)

    async def run(master):
        held = {}
        low = 0
        original = master.note

        def note():
            nonlocal held, low
            original()
            low = 0 if master.levels[-1] else low + 1
            values = dict(master.values)
            if values["read"]:
                values["data"] = None
            rises = master.levels[-2:] == [0, 1]
            if rises:
                held = values
            # Two notes for each period of SCK.
            if held and low < 30:
                assert values == held

        master.note = note
        for _ in range(30):
            read, space, count = (
                generator.randrange(2),
                generator.randrange(8),
                generator.randrange(4),
            )
            await master.words(
                [header(read, space, count, generator.getrandbits(16))]
                + [generator.getrandbits(32) for _ in range(count)]
            )

    simulate(run)


@pytest.mark.parametrize("bits", [1, 31, 32, 40, 63, 64, 65, 90])
@pytest.mark.parametrize("read", [0, 1])
def test_reset_in_mid_transaction(read, bits):
    """It aligns the slave, with its clock standing still, and ends a request."""

    async def run(master):
        ctx, spi = master.ctx, master.spi
        words = header(read, 1, 2, 0) << 64 | 0xFFFFFFFF << 32 | 0xFFFFFFFF
        for bit in range(bits):
            await master.cycle(words >> (95 - bit) & 1)
        ctx.set(spi.reset, 1)
        await ctx.delay(1e-6)
        assert not ctx.get(spi.request)
        assert not ctx.get(spi.miso)
        ctx.set(spi.reset, 0)
        await ctx.delay(1e-6)
        master.requests.clear()
        assert await master.words([header(0, 5, 1, 0xABC), 0x12345678]) == [0, 0]
        assert master.requests == [(0, 5, 0xABC, 0x12345678)]
        assert (await master.words([header(1, 2, 1, 3), 0]))[1] == 0x2005A003

    simulate(run)


def test_random_transactions_back_to_back():
    generator = random.Random(SEED + 1)

    async def run(master):
        last_read = 0
        for _ in range(40):
            read, space, count = (
                generator.randrange(2),
                generator.randrange(6),
                generator.randrange(5),
            )
            address = generator.choice([generator.getrandbits(16), 0xFFFF])
            data = [generator.getrandbits(32) for _ in range(count)]
            addresses = [address + (i if space else 0) & 0xFFFF for i in range(count)]
            expected, requests = [0], []
            for place, word in zip(addresses, data, strict=True):
                if read and space:
                    last_read = space << 28 | 0x5A000 ^ place
                expected.append(last_read if read else 0)
                if space or not read:
                    requests.append((read, space, place, None if read else word))
            master.requests.clear()
            assert await master.words([header(read, space, count, address), *data]) == expected
            assert master.requests == requests, f"seed {SEED + 1}"

    simulate(run)


# The bridge.


def run_bridge(testbench):
    bridge = AccessBridge(interface(ReckonConfig()).access_signature)
    simulator = Simulator(bridge)
    simulator.add_clock(1e-6)

    async def run(ctx):
        await testbench(ctx, bridge)

    simulator.add_testbench(run)
    simulator.run()


async def ask(ctx, bridge, read, data=0):
    for name, value in (("read", read), ("space", 3), ("address", 0x123), ("data", data)):
        ctx.set(getattr(bridge, name), value)
    ctx.set(bridge.request, 1)


def test_bridge_reads_within_five_cycles():
    async def run(ctx, bridge):
        port = bridge.access.request
        await ask(ctx, bridge, 1)
        for _ in range(3):
            assert not ctx.get(port.valid)
            await ctx.tick()
        assert ctx.get(port.valid)
        assert not ctx.get(port.p.write)
        assert (ctx.get(port.p.space), ctx.get(port.p.address)) == (3, 0x123)
        await ctx.tick()
        ctx.set(port.ready, 1)
        ctx.set(bridge.access.data, 0xCAFE)
        await ctx.tick()
        assert ctx.get(bridge.reply) == 0xCAFE
        assert not ctx.get(port.valid)
        ctx.set(bridge.access.data, 0)
        await ctx.tick().repeat(20)
        # Once for each request, and what was read stands still.
        assert not ctx.get(port.valid)
        assert ctx.get(bridge.reply) == 0xCAFE

    run_bridge(run)


def test_bridge_writes_without_touching_the_reply():
    async def run(ctx, bridge):
        port = bridge.access.request
        ctx.set(port.ready, 1)
        ctx.set(bridge.access.data, 0xCAFE)
        await ask(ctx, bridge, 1)
        await ctx.tick().repeat(8)
        ctx.set(bridge.request, 0)
        await ctx.tick().repeat(8)
        ctx.set(bridge.access.data, 0xBAD)
        await ask(ctx, bridge, 0, 0x1234)
        await ctx.tick().repeat(3)
        assert ctx.get(port.valid)
        assert ctx.get(port.p.write)
        assert ctx.get(port.p.data) == 0x1234
        await ctx.tick().repeat(8)
        assert ctx.get(bridge.reply) == 0xCAFE

    run_bridge(run)


@pytest.mark.parametrize("read", [0, 1])
def test_bridge_gives_up(read):
    async def run(ctx, bridge):
        port = bridge.access.request
        await ask(ctx, bridge, read)
        await ctx.tick().repeat(100)
        assert ctx.get(port.valid)
        assert ctx.get(port.p.write) == 1 - read
        ctx.set(bridge.request, 0)
        await ctx.tick().repeat(4)
        assert not ctx.get(port.valid)
        assert not ctx.get(port.p.write)

    run_bridge(run)
