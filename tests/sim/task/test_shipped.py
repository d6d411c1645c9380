"""Integers that tasks are shipped with: written whole or not at all, read without surprises."""

import io
import os
import zipfile

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.sim.task import shipped
from spikewright.sim.task.catalogue import train_task
from spikewright.sim.task.shipped import read_arrays, write_arrays

ARRAYS = {"weights": np.array([[-3, 4]]), "potentials": np.array([200])}


def test_written_and_read(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "versions", dict)
    for _ in range(2):
        paths = write_arrays(tmp_path / "deep", "some", ARRAYS, {})
        assert sorted(os.listdir(tmp_path / "deep")) == ["some.json", "some.npz"]
        assert [path.name for path in paths] == ["some.npz", "some.json"]
    found = read_arrays("some", tmp_path / "deep")
    assert {name: array.tolist() for name, array in found.items()} == {
        "weights": [[-3, 4]],
        "potentials": [200],
    }


def packed(name, content, *, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def header(text):
    text = text.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "wrote but an empty file"),
        (b"\x89PNG\r\n\x1a\n", "wrote but a PNG image"),
        (b"PK\3\4garbage", "wrote but a ZIP archive"),
        (packed("a.npy", b"garbage"), "wrote but a ZIP archive"),
        (packed("a.npy", bytes((256 << 20) + 1)), "unpacks to 268435457 bytes, allowed are"),
        (
            packed("a.npy", header("{'descr':'<i8','fortran_order':False,'shape':(1<<60,)}")),
            "wrote but a ZIP archive",
        ),
        (
            packed(
                "a.npy",
                header("{'descr':'<i8','fortran_order':False,'shape':(1152921504606846976,)}"),
            ),
            "wrote but a ZIP archive",
        ),
    ],
    ids=["empty", "image", "garbage", "array", "bomb", "expression", "size"],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "some.npz").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_arrays("some", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["digits.npz", "digits.json"])
def test_places_are_looked_at_before_the_work(tmp_path, monkeypatch, name):
    monkeypatch.setattr(
        "spikewright.sim.task.digits_training.make",
        lambda progress: pytest.fail("the work has begun"),
    )
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(InputError, match=f"{name}: cannot be written: it is not a regular file"):
        train_task("digits", tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match=f"{name}: cannot be written: it is a PNG image"):
        train_task("digits", tmp_path)
    assert os.listdir(tmp_path) == [name]
