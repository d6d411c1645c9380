"""Linear recurrences: element by element, seeds, shared circuits, and the recorded draws."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator

from spikewright.hdl.random.lfsr import LinearRecurrence

VECTORS = Path(__file__).resolve().parents[2] / "traces/reckon/blocks/lfsr.npz"

#: a, b and bits of a draw (specification of ReckOn, section 7).
KINDS = {
    "update_in_rec": (3, 25, 512),
    "update_out": (1, 22, 448),
    "round15": (1, 15, 15),
    "round7": (1, 15, 7),
    "noise": (3, 17, 32),
}

#: First and second draw, low 64 bits (end of section 7).
FIRST_DRAWS = {
    ("noise", 0x1F0F1): (0xB9623939, 0x13D94689),
    ("round15", 0x1234): (0x71EC, 0x2F5B),
    ("round7", 0x7ABA): (0x2A, 0x43),
    ("update_in_rec", 1): (0xF2EF2CB2CB249249, 0x6A7CDB1CCD01FD52),
    ("update_out", 1): (0x99999AAAAABFFFFF, 0x955C32FF915C02CF),
}


def elements(kind, seed, count):
    """Return elements s[0] on, one at a time."""
    a, b, draw = KINDS[kind]
    s = {}
    if draw >= b:
        for i in range(b):
            s[i if i < a else i - b] = seed >> i & 1
        for i in range(a):
            s[i - b] = s[i] ^ s[i - a]
    else:
        s[0] = seed & 1
        for m in range(7):
            s[m - 14] = seed >> (2 * m + 1) & 1
            s[m - 7] = seed >> (2 * m + 2) & 1
        s[-15] = s[0] ^ s[-1]
    for n in range(count):
        value = s[n - a] ^ s[n - b]
        assert s.setdefault(n, value) == value
    return [s[n] for n in range(count)]


def number(bits):
    return sum(bit << index for index, bit in enumerate(bits))


class Bench:
    """A generator in the simulator, for which the wide ones take long to be compiled."""

    def __init__(self, kind, steps, seeds):
        a, b, draw = KINDS[kind]
        self._dut = LinearRecurrence(a=a, b=b, steps=steps, seeds=seeds, draw_bits=draw)
        self._simulator = Simulator(self._dut)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(self._run)
        self._script = None

    def draws(self, script):
        if self._script is not None:
            self._simulator.reset()
        self._script, self._found = script, []
        self._simulator.run()
        return self._found

    async def _run(self, ctx):
        dut = self._dut
        for command in self._script:
            if command[0] == "draw":
                ctx.set(dut.select, command[1])
                self._found.append(ctx.get(dut.value))
                ctx.set(dut.draw, 1)
            else:
                ctx.set(dut.load, 1 << command[1])
                ctx.set(dut.seeds[command[1]], command[2])
            await ctx.tick()
            ctx.set(dut.draw, 0)
            ctx.set(dut.load, 0)


bench = lru_cache(Bench)


def draws(kind, script, steps=None, seeds=(1,)):
    """Run commands on a generator: `draw` or (`load`, sequence, seed); return what is drawn.

    Wide generators get their seeds by loading alone.
    """
    _a, _b, draw = KINDS[kind]
    if draw > 64:
        loads = [("load", which, seed) for which, seed in enumerate(seeds)]
        return bench(kind, steps or draw, (1,) * len(seeds)).draws([*loads, *script])
    return Bench(kind, steps or draw, seeds).draws(script)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[pytest.mark.slow] if kind == "update_out" else [])
        for kind in KINDS
    ],
)
def test_elements(kind):
    _a, b, draw = KINDS[kind]
    seed = 0x165A1F3 & ((1 << b) - 1)
    whole = elements(kind, seed, 6 * draw)
    expected = [number(whole[i * draw : (i + 1) * draw]) for i in range(6)]
    assert draws(kind, [("draw", 0)] * 6, seeds=(seed,)) == expected
    loaded = [("draw", 0)] * 2 + [("load", 0, seed)] + [("draw", 0)] * 6
    assert draws(kind, loaded, seeds=(3,))[2:] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_of_one_bit(kind):
    """Each element is a sum of seed bits, so that these say it for all seeds."""
    _a, b, draw = KINDS[kind]
    seeds = [1 << index for index in range(b)]
    script = [step for seed in seeds for step in (("load", 0, seed), ("draw", 0), ("draw", 0))]
    whole = [elements(kind, seed, 2 * draw) for seed in seeds]
    expected = [number(w[n * draw : (n + 1) * draw]) for w in whole for n in range(2)]
    assert draws(kind, script) == expected


@pytest.mark.parametrize(
    ("kind", "parts"), [("update_in_rec", 16), ("update_in_rec", 2), ("update_out", 16)]
)
def test_a_draw_in_parts(kind, parts):
    _, _, draw = KINDS[kind]
    steps = draw // parts
    whole = elements(kind, 0x1234, 3 * draw)
    found = draws(kind, [("draw", 0)] * (3 * parts), steps=steps, seeds=(0x1234,))
    assert found == [number(whole[i * steps : (i + 1) * steps]) for i in range(3 * parts)]


def test_sequences_do_not_disturb_each_other():
    one, two = (elements("noise", seed, 200 * 32) for seed in (0x1F0F1, 0x165A1))
    random = np.random.default_rng(5)
    order = random.integers(0, 2, 60).tolist()
    found = draws("noise", [("draw", n) for n in order], seeds=(0x1F0F1, 0x165A1))
    taken = [0, 0]
    for which, value in zip(order, found, strict=True):
        at = 32 * taken[which]
        assert value == number((one, two)[which][at : at + 32]), "seed 5"
        taken[which] += 1
    # Loading one leaves the other.
    script = [("draw", 0), ("load", 1, 0x165A1), ("draw", 0), ("draw", 1)]
    assert draws("noise", script, seeds=(0x1F0F1, 7)) == [
        number(one[:32]),
        number(one[32:64]),
        number(two[:32]),
    ]


def test_zero_seed_yields_zeros():
    assert draws("round15", [("draw", 0)] * 4, seeds=(0,)) == [0] * 4


@pytest.mark.parametrize(("kind", "seed"), FIRST_DRAWS)
def test_check_values(kind, seed):
    found = draws(kind, [("draw", 0)] * 2, seeds=(seed,))
    assert tuple(value & ((1 << 64) - 1) for value in found) == FIRST_DRAWS[kind, seed]


def test_recorded_draws():
    arrays = np.load(VECTORS)
    assert arrays.files
    for name in arrays.files:
        kind, seed = name.rsplit("_", 1)
        found = draws(kind, [("draw", 0)] * 40, seeds=(int(seed, 16),))
        rows = arrays[name][:40]
        assert found == [int.from_bytes(row.tobytes(), "little") for row in rows], name
