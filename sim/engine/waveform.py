"""Waveform files: VCD, whatever the engine."""

from pathlib import Path

from ...hdl.error import InputError
from ...hdl.files import clear_output

__all__ = ["check_wave_name", "clear_wave", "wave_failure"]


def check_wave_name(path: Path) -> None:
    """Check that a file's name says what is written.

    Raises
    ------
    InputError
        If it does not.
    """
    if path.suffix.lower() != ".vcd":
        hint = "; vcd2fst of GTKWave makes FST of it" if path.suffix.lower() == ".fst" else ""
        raise InputError(
            f"{path}: waveforms are written as VCD, allowed is a name that ends in .vcd{hint}"
        )


def clear_wave(path: Path) -> None:
    """Make an empty file for waveforms, and its folder; an earlier waveform is replaced.

    Raises
    ------
    InputError
        If it cannot be written, or is something else now.
    """
    clear_output(path, "a VCD waveform")


def wave_failure(path: Path, reason: str) -> InputError:
    """Return the error of a waveform file that has not been written as a whole."""
    return InputError(f"{path}: cannot be written, the waveforms are cut: {reason}")
