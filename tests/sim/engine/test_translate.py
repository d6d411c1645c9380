"""The translation to C++ against Amaranth's own simulator, on designs made for it."""

import ctypes
import json

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import (
    Array,
    Cat,
    ClockDomain,
    ClockSignal,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
)
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator

from spikewright.hdl.toolchain import run_yosys
from spikewright.sim.engine.compiler import compile_library
from spikewright.sim.engine.translate import Unsupported, translate
from spikewright.synth.memory_cleanup import MEMORY_CLEANUP


class Bench(Elaboratable):
    """A design with ports; a subclass fills `module`."""

    def __init__(self, inputs, outputs):
        self.domain = ClockDomain("sync")
        self.inputs = [Signal(width, name=f"i{n}") for n, width in enumerate(inputs)]
        self.outputs = [Signal(width, name=f"o{n}") for n, width in enumerate(outputs)]

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = self.domain
        self.build(m)
        return m


def translated(design, folder):
    """Return the C++ of a design."""
    ports = [design.domain.clk, *design.inputs, *design.outputs]
    text = rtlil.convert(design, name="top", ports=ports, emit_src=False)
    (folder / "design.il").write_text(text)
    script = f"read_rtlil design.il\n{MEMORY_CLEANUP}\nhierarchy -top top\nflatten\nopt -full\n"
    run_yosys(script + "opt_clean\nwrite_json design.json", folder=folder)
    return translate(json.loads((folder / "design.json").read_text()), "top", "clk")


def run_translated(design, stimulus, folder):
    """Run a design on rows of inputs, a row a clock cycle; return rows of outputs before the
    edge.
    """
    body = "".join(f"design.in_i{n} = row[{n}];" for n in range(len(design.inputs)))
    body += "design.eval();"
    body += "".join(f"out[{n}] = design.out_o{n};" for n in range(len(design.outputs)))
    main = f"""
#include "design.h"
static Design design;
extern "C" void cycle(const uint64_t *row, uint64_t *out) {{ {body} design.commit(); }}
"""
    library = compile_library({"design.h": translated(design, folder), "main.cc": main}, "main.cc")
    cycle = ctypes.CDLL(str(library)).cycle
    rows = []
    for values in stimulus:
        row = (ctypes.c_uint64 * len(values))(*values)
        out = (ctypes.c_uint64 * len(design.outputs))()
        cycle(row, out)
        rows.append(list(out))
    return rows


def run_amaranth(design, stimulus):
    """Do the same with Amaranth's simulator."""
    rows = []

    async def bench(ctx):
        for values in stimulus:
            for signal, value in zip(design.inputs, values, strict=True):
                ctx.set(signal, value)
            await ctx.delay(4e-7)
            rows.append([ctx.get(signal) for signal in design.outputs])
            await ctx.tick()

    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return rows


def check_equal(design, count, seed, folder, monkeypatch):
    monkeypatch.setenv("SPIKEWRIGHT_CACHE", str(folder / "cache"))
    random = np.random.default_rng(seed)
    widths = [len(signal) for signal in design.inputs]
    corners = [[0] * len(widths), [(1 << width) - 1 for width in widths]]
    stimulus = corners + [
        [int.from_bytes(random.bytes(8), "little") & ((1 << width) - 1) for width in widths]
        for _ in range(count)
    ]
    got = run_translated(design, stimulus, folder)
    expected = run_amaranth(design, stimulus)
    assert len({tuple(row) for row in expected}) > 1
    for number, rows in enumerate(zip(got, expected, strict=True)):
        assert rows[0] == rows[1], f"cycle {number}, seed {seed}"


class Expressions(Bench):
    """Every operator, on operands of random widths and signs, some wider than a machine word."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.seed = seed
        super().__init__([int(width) for width in random.integers(1, 65, 6)], [64] * 60)

    def build(self, m):
        random = np.random.default_rng([self.seed, 1])

        def pick():
            return self.operands[random.integers(len(self.operands))]

        self.operands = list(self.inputs)
        wide = Cat(*self.inputs)
        for _ in range(6):
            low = int(random.integers(0, len(wide) - 70))
            self.operands.append(wide[low : low + int(random.integers(65, 70))])
        makers = [
            lambda a, b, s: a[:31] + b[:30],
            lambda a, b, s: a[:31].as_signed() - b[:24].as_signed(),
            lambda a, b, s: (a[:21].as_signed() * b[:20].as_signed())[:40],
            lambda a, b, s: a & b,
            lambda a, b, s: a | b,
            lambda a, b, s: a ^ ~b,
            lambda a, b, s: a == b,
            lambda a, b, s: a != b,
            lambda a, b, s: a[:64] < b[:64],
            lambda a, b, s: a[:17].as_signed() >= b[:20].as_signed(),
            lambda a, b, s: a[:9].as_signed() < b[:20],
            lambda a, b, s: Mux(s, a, b),
            lambda a, b, s: Mux(a.any(), ~b, a),
            lambda a, b, s: a.all() | b.xor() | (~a).all(),
            lambda a, b, s: -a[:33],
            lambda a, b, s: (a[:20] << b[:5])[:40],
            lambda a, b, s: a >> b[:7],
            lambda a, b, s: (a[:40].as_signed() >> b[:7])[:30],
            lambda a, b, s: a[:13].as_signed() >> b[:3],
            lambda a, b, s: a[: len(a)].bit_select(b[:6], 5),
            lambda a, b, s: a[: len(a)].word_select(b[:3], 7),
            lambda a, b, s: Cat(a[:3].replicate(4), b[-5:], s.replicate(9)),
            lambda a, b, s: Array([a, b, a[:5], ~b, s])[b[:3]],
            lambda a, b, s: a.bool() & ~b.bool(),
        ]
        for number, output in enumerate(self.outputs):
            made = makers[number % len(makers)](pick(), pick(), pick()[0])
            named = Signal(made.shape(), name=f"made{number}")
            m.d.comb += named.eq(made)
            m.d.comb += output.eq(named[:64])
            self.operands.append(named)
        with m.Switch(self.inputs[0][:3]):
            for value in range(5):
                with m.Case(value):
                    m.d.comb += self.outputs[-1].eq(self.operands[value])


@pytest.mark.parametrize("seed", range(6))
def test_expressions(seed, tmp_path, monkeypatch):
    check_equal(Expressions(seed), 200, seed, tmp_path, monkeypatch)


class Registers(Bench):
    """Flip-flops with and without reset, enable and initial value, wider than a machine word
    too.
    """

    def __init__(self):
        super().__init__([1, 1, 40, 50], [64, 64, 40, 8])

    def build(self, m):
        enable, clear, a, b = self.inputs
        plain, wide = Signal(40, init=0x123456789), Signal(90, init=(1 << 89) | 5)
        free, count = Signal(40, reset_less=True), Signal(8, init=250)
        m.d.sync += [plain.eq(plain ^ a), count.eq(count + 3)]
        with m.If(enable):
            m.d.sync += [wide.eq(Cat(a, b)[:60] ^ (wide << 29)), free.eq(a - free)]
        with m.If(clear & (a[:2] == 1)):
            m.d.sync += [wide.eq(7), count.eq(0)]
        m.d.comb += ResetSignal().eq(b[:5] == 3)
        m.d.comb += [
            self.outputs[0].eq(wide[:64] ^ plain),
            self.outputs[1].eq(wide[60:]),
            self.outputs[2].eq(free),
            self.outputs[3].eq(count),
        ]


def test_registers(tmp_path, monkeypatch):
    check_equal(Registers(), 400, 11, tmp_path, monkeypatch)


class Resting(Bench):
    """Much logic between registers that seldom change, each for a reason of its own, and a memory
    that changes while its address stands still.
    """

    def __init__(self):
        super().__init__([3, 3, 32, 4], [32] * 6)

    def build(self, m):
        enable, seldom, a, clear = self.inputs
        registers = [Signal(32, name=f"kept_{n}", init=n, reset_less=n > 3) for n in range(6)]
        for number, register in enumerate(registers):
            with m.If((enable == number) & (seldom == number % 4)):
                m.d.sync += register.eq(a ^ number)
        with m.If((clear == 5) & (seldom == 1)):
            m.d.sync += registers[1].eq(0)
        m.d.comb += ResetSignal().eq((clear == 7) & (seldom == 6))
        m.submodules.memory = memory = Memory(shape=32, depth=4, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [
            write.addr.eq(a),
            write.data.eq(a),
            write.en.eq(seldom == 7),
            read.addr.eq(registers[0]),
        ]
        values = [*registers, read.data]
        for number, output in enumerate(self.outputs):
            made = values[number]
            for step in range(8):
                other = values[(number * step + step) % len(values)]
                made = (made ^ (other >> step)) + Mux(made[step], other, ~other)[:32]
                made = made[:32]
            with m.If(clear[0] | (number % 2)):
                m.d.comb += output.eq(made)
        # What is needed only now and then.
        with m.If(enable.all()):
            m.d.sync += registers[5].eq(
                (registers[4] * registers[3])[:32] ^ (a + registers[2])[:32]
            )


def test_resting(tmp_path, monkeypatch):
    check_equal(Resting(), 800, 13, tmp_path, monkeypatch)


class Memories(Bench):
    """Memories: write masks, two ports, a wide one, one read without a clock, one with contents."""

    def __init__(self):
        super().__init__([4, 4, 36, 4, 1, 64], [36, 64, 64, 8, 36])

    def build(self, m):
        read_at, write_at, data, mask, enable, more = self.inputs
        m.submodules.masked = masked = Memory(shape=36, depth=16, init=[])
        read, other = masked.read_port(), masked.read_port()
        write = masked.write_port(granularity=9)
        m.d.comb += [read.en.eq(enable), read.addr.eq(read_at), other.addr.eq(write_at)]
        m.d.comb += [write.en.eq(mask), write.addr.eq(write_at), write.data.eq(data)]
        m.submodules.wide = wide = Memory(shape=100, depth=16, init=[])
        wide_read, wide_write = wide.read_port(domain="comb"), wide.write_port(granularity=50)
        m.d.comb += [wide_write.en.eq(mask), wide_write.addr.eq(read_at), wide_read.addr.eq(mask)]
        m.d.comb += wide_write.data.eq(Cat(more, data))
        m.submodules.table = table = Memory(
            shape=8, depth=16, init=[n * 37 & 255 for n in range(16)]
        )
        table_read = table.read_port()
        m.d.comb += table_read.addr.eq(read_at)
        m.d.comb += [
            self.outputs[0].eq(read.data),
            self.outputs[1].eq(wide_read.data[:64]),
            self.outputs[2].eq(wide_read.data[64:]),
            self.outputs[3].eq(table_read.data),
            self.outputs[4].eq(other.data),
        ]


def test_memories(tmp_path, monkeypatch):
    check_equal(Memories(), 600, 12, tmp_path, monkeypatch)


class Clocks(Bench):
    """A second clock on both edges with an asynchronous reset, beside the main one."""

    def __init__(self):
        # The clock comes last, so that it meets the others' new values everywhere.
        super().__init__([1, 8, 1], [8, 8, 8])

    def build(self, m):
        reset, data, clock = self.inputs
        for name, edge in (("rise", "pos"), ("fall", "neg")):
            m.domains += ClockDomain(name, clk_edge=edge, async_reset=True)
            m.d.comb += [ClockSignal(name).eq(clock), ResetSignal(name).eq(reset)]
        shift, held, count = Signal(8, init=0xA5), Signal(8, init=3), Signal(8)
        with m.If(data[0]):
            m.d.rise += shift.eq(shift + data)
        m.d.fall += held.eq(shift ^ held)
        m.d.sync += count.eq(count + held)
        m.d.comb += [
            self.outputs[0].eq(shift),
            self.outputs[1].eq(held ^ data),
            self.outputs[2].eq(count),
        ]


def test_clocks(tmp_path, monkeypatch):
    check_equal(Clocks(), 400, 13, tmp_path, monkeypatch)


class WidePort(Bench):
    """A port wider than a machine word."""

    def __init__(self):
        super().__init__([65], [1])

    def build(self, m):
        m.d.sync += self.outputs[0].eq(self.inputs[0].xor())


def test_wide_port(tmp_path):
    with pytest.raises(Unsupported, match="64 bits") as raised:
        translated(WidePort(), tmp_path)
    assert "--engine cxxrtl" in str(raised.value)


def test_feedback_without_a_flip_flop():
    gate = {"type": "$not", "connections": {"A": [3], "Y": [4]}, "parameters": {"A_SIGNED": "0"}}
    other = gate | {"connections": {"A": [4], "Y": [3]}}
    ports = {
        "clk": {"direction": "input", "bits": [2]},
        "out": {"direction": "output", "bits": [4]},
    }
    module = {"ports": ports, "cells": {"gate": gate, "other": other}, "netnames": {}}
    with pytest.raises(Unsupported, match="feedback"):
        translate({"modules": {"top": module}}, "top", "clk")
