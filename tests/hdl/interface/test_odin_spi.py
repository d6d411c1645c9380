"""The SPI slave edge by edge (specification of ODIN, section 3)."""

import random

import pytest
from amaranth.sim import Simulator

from spikewright.hdl.interface.odin_spi import SpiSlave

SEED = 20263


class Master:
    """Clocks a slave and notes its outputs after every falling edge."""

    def __init__(self, ctx, spi, bits):
        self.ctx, self.spi, self.bits = ctx, spi, bits
        self.notes = []

    async def cycle(self, bit):
        """One SCK cycle; return MISO as sampled at the rising edge."""
        ctx, spi = self.ctx, self.spi
        ctx.set(spi.mosi, bit)
        await ctx.delay(1e-6)
        sampled = ctx.get(spi.miso)
        ctx.set(spi.sck, 1)
        await ctx.delay(1e-6)
        # Nothing that the core or the master sees changes at a rising edge.
        assert ctx.get(spi.miso) == sampled
        ctx.set(spi.sck, 0)
        await ctx.delay(1e-6)
        names = ("address", "data", "read_request", "write_request")
        self.notes.append({name: ctx.get(getattr(spi, name)) for name in names})
        return sampled

    async def transaction(self, address, data, byte=0, byte_edge=None):
        """Return what came back; `byte` stands at the core's side at falling edge `byte_edge`
        only.
        """
        self.notes.clear()
        back = 0
        word = address << self.bits | data
        for edge in range(1, 2 * self.bits + 1):
            right = byte_edge is None or edge == byte_edge
            self.ctx.set(self.spi.byte, byte if right else byte ^ 0xFF)
            back = back << 1 | await self.cycle(word >> (2 * self.bits - edge) & 1)
        return back

    def edges(self, name):
        """Return the falling edges, from 1 on, after which an output is high."""
        return [edge for edge, note in enumerate(self.notes, 1) if note[name]]


def simulate(testbench, address_bits=16):
    spi = SpiSlave(address_bits)
    simulator = Simulator(spi)

    async def run(ctx):
        await testbench(Master(ctx, spi, address_bits + 4))

    simulator.add_testbench(run)
    simulator.run()


@pytest.mark.parametrize("width", [16, 18, 20])
def test_write(width):
    frame = width + 4
    address, data = 1 << width + 2 | 1 << width | 0x5A5A, 0x12345 << width - 16

    async def run(master):
        assert await master.transaction(address, data) == 0
        assert master.edges("write_request") == [2 * frame]
        assert master.edges("read_request") == []
        assert master.notes[-1]["data"] == data
        assert [note["address"] for note in master.notes] == [0] * (frame - 1) + [address] * (
            frame + 1
        )
        # Data stands until the end of the next transaction, the request until the middle of its
        # address word, and the address until that is complete.
        await master.transaction(1 << width + 2, 0)
        assert master.edges("write_request") == [*range(1, frame // 2), 2 * frame]
        assert [note["data"] for note in master.notes] == [data] * (2 * frame - 1) + [0]
        assert [note["address"] for note in master.notes[: frame - 1]] == [address] * (frame - 1)

    simulate(run, width)


@pytest.mark.parametrize("width", [16, 18, 20])
def test_read(width):
    frame = width + 4
    address = 1 << width + 3 | 2 << width | 0x1234

    async def run(master):
        back = await master.transaction(address, (1 << frame) - 1, 0xA7, byte_edge=2 * width)
        # The byte is sampled in the last eight cycles, behind zeros.
        assert back == 0xA7
        assert master.edges("read_request") == [*range(frame, 2 * width)]
        assert await master.transaction(0, 0, 0xFF) == 0

    simulate(run, width)


def test_read_and_write():
    async def run(master):
        assert await master.transaction(3 << 18 | 1 << 16, 0, 0x3C, byte_edge=32) == 0x3C
        assert master.edges("read_request") == [*range(20, 32)]
        assert master.edges("write_request") == [40]

    simulate(run)


@pytest.mark.parametrize("target", [0, 3])
def test_reading_of_no_memory(target):
    async def run(master):
        asked = await master.transaction(1 << 19 | target << 16, 0, 0)
        assert asked == 0
        assert master.edges("read_request") == ([*range(20, 32)] if target else [])

    simulate(run)


def test_random_transactions_back_to_back():
    generator = random.Random(SEED)

    async def run(master):
        for _ in range(60):
            address, data, byte = (generator.randrange(1 << bits) for bits in (20, 20, 8))
            back = await master.transaction(address, data, byte, byte_edge=32)
            reads = address >> 19 and address >> 16 & 3
            assert back == (byte if reads else 0), f"seed {SEED}"
            assert master.notes[19]["address"] == master.notes[39]["address"] == address
            assert master.notes[39]["data"] == data

    simulate(run)


@pytest.mark.parametrize("edge", [1, 10, 20, 25, 33, 39])
def test_reset_realigns(edge):
    async def run(master):
        await master.transaction(1 << 19 | 1 << 16 | 7, 0, 0xFF)
        for _ in range(edge):
            await master.cycle(1)
        ctx, spi = master.ctx, master.spi
        ctx.set(spi.reset, 1)
        await ctx.delay(1e-6)
        # Without a clock edge.
        for name in ("address", "read_request", "write_request", "miso"):
            assert ctx.get(getattr(spi, name)) == 0, name
        ctx.set(spi.reset, 0)
        assert await master.transaction(1 << 19 | 1 << 16 | 9, 0, 0x81, byte_edge=32) == 0x81
        assert master.notes[-1]["address"] == 1 << 19 | 1 << 16 | 9

    simulate(run)
