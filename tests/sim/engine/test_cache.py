"""The cache: what is damaged is made again, what cannot be used is one line."""

import hashlib
import os
from pathlib import Path

import pytest

from spikewright.hdl.error import InputError
from spikewright.sim.engine.cache import cache_folder, cached_file, cached_text


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("SPIKEWRIGHT_CACHE", str(folder))
    return folder


class Maker:
    """Makes the same thing, counting how often."""

    def __init__(self):
        self.count = 0

    def text(self, folder):
        assert list(folder.iterdir()) == []
        self.count += 1
        return "é\r\nline\n"

    def file(self, folder):
        (folder / "other").write_text("not kept")
        (folder / "made").write_text("library")
        self.count += 1
        return folder / "made"


def test_made_once(cache):
    maker = Maker()
    for _ in range(3):
        assert cached_text("kind/key.txt", maker.text) == "é\r\nline\n"
    assert maker.count == 1
    for _ in range(3):
        path = cached_file("kind/key.so", maker.file)
        assert path == cache / "kind" / "key.so"
        assert path.read_text() == "library"
    assert maker.count == 2
    assert sorted(os.listdir(cache / "kind")) == [
        *("key.so", "key.so.sha256", "key.txt", "key.txt.sha256")
    ]


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def fill(path):
    path.write_bytes(b"\xff" * len(path.read_bytes()))


@pytest.mark.parametrize("damage", [cut, empty, fill, os.unlink])
@pytest.mark.parametrize("name", ["key", "key.sha256"])
def test_what_is_damaged_is_made_again(cache, damage, name):
    for call in (
        lambda maker: cached_text("kind/key", maker.text),
        lambda maker: cached_file("kind/key", maker.file).read_text(),
    ):
        maker = Maker()
        (cache / "kind" / "key").unlink(missing_ok=True)
        right = call(maker)
        damage(cache / "kind" / name)
        assert call(maker) == right
        assert call(maker) == right
        assert maker.count == 2


def test_what_was_there_before_there_were_checksums(cache):
    (cache / "kind").mkdir(parents=True)
    (cache / "kind" / "key").write_text("old")
    assert cached_text("kind/key", Maker().text) == "é\r\nline\n"


def test_a_failure_leaves_nothing(cache):
    def fail(folder):
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_text("kind/key", fail)
    assert os.listdir(cache / "kind") == []


@pytest.mark.parametrize("place", ["file", "file/inside", "/proc/inside", "x" * 300])
def test_a_cache_that_cannot_be_used(tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SPIKEWRIGHT_CACHE", str(tmp_path / place))
    for call in (
        lambda: cached_text("kind/key", Maker().text),
        lambda: cached_file("kind/key", Maker().file),
    ):
        with pytest.raises(
            InputError, match=r"^the cache .* cannot be used: .*; SPIKEWRIGHT_CACHE"
        ):
            call()
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk(cache, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spikewright.sim.engine.cache.os.fsync", full)
    with pytest.raises(InputError, match="cannot be used: No space left on device"):
        cached_text("kind/key", Maker().text)
    assert os.listdir(cache / "kind") == []


def test_checksum(cache):
    """Anybody can check it."""
    cached_text("kind/key", Maker().text)
    content = (cache / "kind" / "key").read_bytes()
    assert (cache / "kind" / "key.sha256").read_text() == hashlib.sha256(content).hexdigest()


def test_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKEWRIGHT_CACHE", str(tmp_path / "here"))
    assert cache_folder() == Path(tmp_path / "here")
    monkeypatch.delenv("SPIKEWRIGHT_CACHE")
    assert cache_folder().name == "spikewright"
