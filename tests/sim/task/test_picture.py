"""Pictures: what cannot be written is known before the work, and nothing else is lost to one."""

import os

import pytest

from spikewright.hdl.error import InputError
from spikewright.sim.task.picture import check_picture, new_figure, save_picture


@pytest.fixture
def figure():
    figure = new_figure(2, 2)
    figure.subplots().plot([1, 2])
    return figure


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("some.png", b"\x89PNG"),
        ("some.PDF", b"%PDF"),
        ("some.svg", b"<?xml"),
        ("some.svgz", b"\x1f\x8b"),
        ("deep/er/some.eps", b"%!PS"),
        ("some.jpg", b"\xff\xd8\xff"),
        ("some", b"\x89PNG"),
    ],
)
def test_formats(figure, tmp_path, name, start):
    path = check_picture(tmp_path / name)
    assert path == tmp_path / (name if "." in name else f"{name}.png")
    # Looking leaves nothing.
    assert os.listdir(tmp_path) == []
    for _ in range(2):
        save_picture(figure, tmp_path / name)
        assert path.read_bytes().startswith(start)
        assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("some.xyz", r"some.xyz: cannot draw xyz, allowed is .*pdf.*png"),
        ("folder", r"folder: cannot be written: it is a folder"),
        ("folder.png", r"folder.png: cannot be written: it is a folder"),
        ("text.png", r"it is a text file, only a PNG image is replaced"),
        ("image.pdf", r"it is a PNG image, only a PDF document is replaced"),
        ("full.png", r"full.png: cannot be written: it is not a regular file"),
        ("text.png/some.png", r"some.png: cannot be written: (Not a directory|File exists)"),
        ("x" * 300, r"x.png: cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_written(figure, tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "text.png").write_text("mine")
    save_picture(figure, tmp_path / "image.png")
    (tmp_path / "image.png").rename(tmp_path / "image.pdf")
    (tmp_path / "full.png").symlink_to("/dev/full")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("[!f]*")}
    for call in (check_picture, lambda path: save_picture(figure, path)):
        with pytest.raises(InputError, match=message) as caught:
            call(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert {
        path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("[!f]*")
    } == before


def test_a_format_that_needs_a_program(tmp_path, monkeypatch):
    """LaTeX measures the text of a `.pgf` file."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match=r"some.pgf: pgf cannot be drawn here: .*xelatex"
    ) as caught:
        check_picture(tmp_path / "some.pgf")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []
