"""The package: its folder, and what is in a wheel."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "spikewright"


def test_every_top_level_folder_is_in_the_package():
    folders = {path.parent for path in ROOT.glob("*/__init__.py")}
    links = {path for path in PACKAGE.iterdir() if path.is_symlink()}
    assert len(folders) >= 4
    assert {path.resolve() for path in links} == folders
    assert all(path.name == path.resolve().name for path in links)
    # Relative, so that a checkout can be moved.
    assert not any(path.readlink().is_absolute() for path in links)
