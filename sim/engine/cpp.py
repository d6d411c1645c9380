"""Engine: C++, translated from a netlist of yosys by this package, and compiled."""

import ctypes
import json
import os
from pathlib import Path

import numpy as np

from ...synth.memory_cleanup import MEMORY_CLEANUP
from ...synth.switching_activity import ActivityProbes
from .bus_functional import BusFunctionalModel
from .compiled import CompiledEngine, simulation_sources, translated
from .compiler import compile_library
from .design import Design
from .translate import translate

__all__ = ["CppEngine", "probe_ports"]

_MODEL = """\
#include "design.h"
#include "harness.h"

struct Model {{
    Design top;

    void start() {{ top.eval(); }}
    // One evaluation gives this cycle's outputs and the next state.
    void sample() {{ top.eval(); }}
    void edge() {{
{counting}
        top.commit();
    }}
    bool wave(const char *) {{ return false; }}
    int end_wave() {{ return 0; }}
{counters}
{functions}
}};
#include "{bfm}.h"
#include "interface.h"
"""


def _design_source(design: Design, clock: str) -> str:
    """Translate a design to C++; cached."""
    script = "\n".join(
        [
            "read_rtlil design.il",
            MEMORY_CLEANUP,
            f"hierarchy -top {design.top}",
            "flatten",
            "opt -full",
            "opt_clean",
            "write_json design.json",
        ]
    )
    how = (Path(__file__).parent / "translate.py").read_text(encoding="utf-8")

    def finish(folder: Path) -> str:
        netlist = json.loads((folder / "design.json").read_text(encoding="utf-8"))
        return translate(netlist, design.top, clock)

    return translated(design, script, finish, how, clock, path="cpp/{}.h")


def probe_ports(probes: ActivityProbes) -> list[tuple[str, int]]:
    """Return the ports of the probes, in order, with their widths."""
    kinds = {"toggles": probes.capacitances, "accesses": probes.accesses}
    return [
        (f"{kind}_{start // 64}", min(64, len(bits) - start))
        for kind, bits in kinds.items()
        for start in range(0, len(bits), 64)
    ]


class CppEngine(CompiledEngine):
    """Simulation compiled from C++; it writes no waveforms.

    Attributes
    ----------
    probes : ActivityProbes or None
        What `counts` counts.

    Raises
    ------
    InputError
        If the design has something that is not translated.
    """

    def _compile(self, design: Design, bfm: BusFunctionalModel, wave: bool) -> Path:
        assert not wave
        self.probes = design.probes
        ports = probe_ports(design.probes) if design.probes else []
        self._widths = [width for _, width in ports]
        outputs = {port.name for port in design.ports if not port.is_input}
        sources = simulation_sources(
            _MODEL,
            design,
            bfm,
            variable=lambda name: f"top.{'out' if name in outputs else 'in'}_{name}",
            write="{variable} = value;",
            read="{variable}",
            counters=f"    Counter counters[{len(ports)}];" if ports else "",
            counting="\n".join(
                f"        counters[{number}]"
                f".{'changes' if name.startswith('toggles') else 'active'}(top.out_{name});"
                for number, (name, _) in enumerate(ports)
            ),
        )
        sources["design.h"] = _design_source(design, bfm.clock)
        # A netlist with probes is large and runs for few events: optimizing takes longer than it
        # saves.
        options = ["-DCOUNTERS", "-O0"] if ports else []
        options += os.environ.get("CXXFLAGS", "").split()
        return compile_library(sources, "main.cc", options=options)

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what has been counted by the probes since the start.

        Returns
        -------
        toggles, accesses : ndarray of uint64
            How often each net has changed between clock cycles, and cycles in which each port of a
            memory was used, in the order of `ActivityProbes`.
        """
        counts = np.zeros((len(self._widths), 64), dtype=np.uint64)
        self._library.sw_counts.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        self._library.sw_counts.restype = None
        self._library.sw_counts(self._host, counts.ctypes.data)
        used = np.arange(64) < np.array(self._widths)[:, None]
        return tuple(np.split(counts[used], [len(self.probes.capacitances)]))
