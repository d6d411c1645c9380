"""What tests of boards share: a bad line."""

import random

import pytest


def _damage(seed: int, chance: float):
    """Return a function that, now and then, loses, adds or changes a byte of what goes over a
    line.
    """
    generator = random.Random(seed)

    def damage(data: bytes) -> bytes:
        if generator.random() < chance:
            place = generator.randrange(len(data))
            kept = generator.choice([b"", b"\x5a", b"\xa5\x0c", bytes([data[place] ^ 4])])
            return data[:place] + kept + data[place + 1 :]
        return data

    return damage


@pytest.fixture
def make_damage():
    """Return the function that makes a bad line of a seed and a chance."""
    return _damage
