"""Generators against the recurrence, one element at a time, and the specification's check
values.
"""

import numpy as np
import pytest

from spikewright.sim.model.random.lfsr import Lfsr, Recurrence

#: Recurrences of all sizes of ReckOn, and the part in which a draw is used.
RECURRENCES = [
    (Recurrence(3, 25, 32 * 16), 32),
    (Recurrence(3, 25, 32 * 4), 32),
    (Recurrence(1, 22, 28 * 16), 28),
    (Recurrence(1, 22, 28 * 2), 28),
    (Recurrence(1, 15, 15), 15),
    (Recurrence(1, 15, 7), 7),
    (Recurrence(3, 17, 32), 16),
    (Recurrence(3, 17, 32), 32),
]


def naive(recurrence, seed, count):
    """Whole draws, from a list of elements."""
    positions = recurrence.seed_positions()
    assert sorted(positions) == list(range(recurrence.a - recurrence.b, recurrence.a))
    known = {position: seed >> index & 1 for index, position in enumerate(positions)}
    for n in range(recurrence.a, count * recurrence.draw_bits):
        known[n] = known[n - recurrence.a] ^ known[n - recurrence.b]
    size = recurrence.draw_bits
    return [sum(known[size * t + i] << i for i in range(size)) for t in range(count)]


def whole(parts, width):
    return [sum(int(part) << width * index for index, part in enumerate(row)) for row in parts]


@pytest.mark.parametrize(("recurrence", "width"), RECURRENCES)
@pytest.mark.parametrize("seed", [1, 0x155555, 0x1F0F1, 0x1FFFFFF])
def test_draws(recurrence, width, seed):
    seed &= (1 << recurrence.b) - 1
    count = 400 if recurrence.draw_bits > 32 else 3000
    expected = naive(recurrence, seed, count)
    generator = Lfsr(recurrence, seed)
    random = np.random.default_rng(seed)
    done = 0
    while done < count:
        some = min(int(random.integers(0, 60)), count - done)
        way = random.integers(3)
        if way == 0:
            got = whole(generator.draw(some, width), width)
        else:
            got = whole(generator.peek(some + 5, width)[:some], width)
            generator.advance(some)
        assert got == expected[done : done + some]
        done += some


@pytest.mark.parametrize(
    ("recurrence", "seed", "draws"),
    [
        (Recurrence(3, 17, 32), 0x1F0F1, (0xB9623939, 0x13D94689)),
        (Recurrence(1, 15, 15), 0x1234, (0x71EC, 0x2F5B)),
        (Recurrence(1, 15, 7), 0x7ABA, (0x2A, 0x43)),
        (Recurrence(3, 25, 512), 1, (0xF2EF2CB2CB249249, 0x6A7CDB1CCD01FD52)),
        (Recurrence(1, 22, 448), 1, (0x99999AAAAABFFFFF, 0x955C32FF915C02CF)),
    ],
)
def test_check_values(recurrence, seed, draws):
    width = (
        recurrence.draw_bits
        if recurrence.draw_bits <= 32
        else {512: 32, 448: 28}[recurrence.draw_bits]
    )
    got = whole(Lfsr(recurrence, seed).draw(2, width), width)
    assert tuple(value & (1 << 64) - 1 for value in got) == draws


def test_a_zero_seed_yields_zeros_for_ever():
    for recurrence, width in RECURRENCES:
        generator = Lfsr(recurrence, 1 << recurrence.b)  # beyond the seed
        assert not generator.draw(100, width).any()
        generator.advance(1000)
        assert not generator.peek(100, width).any()
        generator.load(1)
        assert generator.draw(10, width).any()


def test_whole_draws_and_shapes():
    generator = Lfsr(Recurrence(1, 15, 15), 3)
    assert generator.peek(4).shape == (4,)
    assert generator.peek(0).shape == (0,)
    assert Lfsr(Recurrence(3, 25, 128), 3).draw(0, 32).shape == (0, 4)


def test_memory_stays_bounded():
    generator = Lfsr(Recurrence(3, 25, 512), 5)
    sizes = []
    for _ in range(40):
        for _ in range(50):
            generator.draw(100, 32)
        sizes.append(len(generator._words))
    assert max(sizes) < 1 << 17
