"""Engine: plain C++, translated from a netlist of yosys by this package and compiled."""

import hashlib
import json
import tempfile
from pathlib import Path

from amaranth.lib import wiring

from ...hdl.memory.cleanup import MEMORY_CLEANUP
from ...hdl.toolchain import run_yosys
from .compiled import CompiledEngine, harness_sources, port_functions, request_function
from .compiler import cache_folder, compile_library
from .design import Design
from .host import HostKind
from .translate import translate

__all__ = ["PlainEngine"]

_MODEL = """\
#include "design.h"
#include "harness.h"

struct Model {{
    Design top;

    void start() {{ top.eval(); }}
    // One evaluation gives this cycle's outputs and the next state.
    void sample() {{ top.eval(); }}
    void edge() {{ top.commit(); }}
    bool wave(const char *) {{ return false; }}
{functions}
{request}
}};
#include "{host}.h"
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
    how = (Path(__file__).parent / "translate.py").read_text()
    key = hashlib.sha256("\0".join([script, how, clock, design.rtlil]).encode()).hexdigest()[:32]
    cached = cache_folder() / "plain" / f"{key}.h"
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as name:
            work = Path(name)
            (work / "design.il").write_text(design.rtlil)
            run_yosys(script, folder=work)
            netlist = json.loads((work / "design.json").read_text())
            (work / "design.h").write_text(translate(netlist, design.top, clock))
            (work / "design.h").replace(cached)
    return cached.read_text()


class PlainEngine(CompiledEngine):
    """Simulation compiled from plain C++.

    Parameters
    ----------
    design : Design
        The design, already behind a shell.
    host : HostKind
        What speaks to the shell.
    core : wiring.Component
        The core in the shell.
    wave : Path, optional
        Must be None: it writes no waveforms.

    Raises
    ------
    InputError
        If the design has something that is not translated.
    """

    def __init__(
        self,
        design: Design,
        *,
        host: HostKind,
        core: wiring.Component,
        wave: Path | None = None,
    ) -> None:
        assert wave is None
        sources = harness_sources(host)
        sources["design.h"] = _design_source(design, host.clock)
        outputs = {port.name for port in design.ports if not port.is_input}
        sources["main.cc"] = _MODEL.format(
            functions=port_functions(
                design.ports,
                variable=lambda name: f"top.{'out' if name in outputs else 'in'}_{name}",
                write="{variable} = value;",
                read="{variable}",
            ),
            request=request_function(core, host),
            host=host.name,
        )
        super().__init__(compile_library(sources, "main.cc"), design.ports)
