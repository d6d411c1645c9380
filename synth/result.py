"""What synthesis finds: cells of each kind, and maximum frequency."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SynthesisResult", "count_cells"]

#: Cell types by the key they are counted under; the others keep their name.
_COUNTED = {
    "lut4": re.compile(r"SB_LUT4|LUT[1-4]"),
    "ff": re.compile(r"SB_DFF\w*|TRELLIS_FF|DFF\w*|\$_\w*DFF\w*|DFF(POS|NEG|SR)X1"),
    "bram": re.compile(r"SB_RAM40\w*|DP16KD|PDPW16KD|SP|SPX9|SDPB|SDPX9B|DPB|DPX9B|pROM|pROMX9"),
    "spram": re.compile(r"SB_SPRAM256KA"),
    "dsp": re.compile(r"SB_MAC16|MULT18X18D|ALU54B|MULT(9X9|18X18|36X36)"),
}


@dataclass(frozen=True)
class SynthesisResult:
    """Area and speed of a design on a device.

    Attributes
    ----------
    core : str
        Name the design was given.
    device : str
        Device it was synthesized for; in JSON the key is `target`.
    lut4, ff, bram, spram, dsp : int
        Cells of these kinds after yosys.
    fits : bool
        The design could be placed and routed; true for devices without place and route.
    fmax_mhz : float or None
        Median over `seeds` of the maximum frequency of the main clock.
    seeds : tuple of int
        Seeds that were used.
    cells : dict
        Everything else by name: other cells, memory bits left out (`memory_bits`), area (`area`).
    clocks : dict
        Median of the maximum frequency in MHz of each clock.
    """

    core: str
    device: str
    lut4: int
    ff: int
    bram: int
    spram: int
    dsp: int
    fits: bool
    fmax_mhz: float | None
    seeds: tuple[int, ...]
    cells: dict[str, int | float]
    clocks: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """Return the result as JSON has it."""
        values = {"target" if key == "device" else key: value for key, value in vars(self).items()}
        return {**values, "seeds": list(self.seeds)}


def count_cells(path: Path) -> dict[str, object]:
    """Return the cells of a yosys report: a number for each kind, and all others in `cells`."""
    report = json.loads(path.read_text(encoding="utf-8"))
    statistics_ = report["design"]
    counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    cells: dict[str, int | float] = {}
    for cell, number in sorted(statistics_["num_cells_by_type"].items()):
        if isinstance(number, dict):
            number = number["count"]
        key = next((key for key, pattern in _COUNTED.items() if pattern.fullmatch(cell)), None)
        if key:
            counts[key] += number
        elif not cell.startswith(("$scopeinfo", "$mem")):
            cells[cell.removeprefix("$_").rstrip("_")] = number
    if statistics_.get("num_memory_bits"):
        cells["memory_bits"] = statistics_["num_memory_bits"]
    if statistics_.get("area"):
        cells["area"] = round(float(statistics_["area"]), 1)
    return {**counts, "cells": cells}
