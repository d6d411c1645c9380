"""Engine: Verilator, if it is installed."""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

from amaranth.lib import wiring

from ...hdl.memory.cleanup import MEMORY_CLEANUP
from ...hdl.toolchain import run_tool, run_yosys
from .compiled import CompiledEngine, harness_sources, port_functions, request_function
from .compiler import cache_folder, compile_library
from .design import Design
from .host import HostKind

__all__ = ["VerilatorEngine"]

_MODEL = """\
{includes}
#ifdef WAVE
#include "verilated_fst_c.h"
#endif
#include "harness.h"

double sc_time_stamp() {{ return 0; }}

struct Model {{
    VerilatedContext context;
    Vdesign top{{&context}};
#ifdef WAVE
    VerilatedFstC file;
    uint64_t time = 0;
    void record() {{
        if (file.isOpen()) file.dump(time++);
    }}
    bool wave(const char *path) {{
        top.trace(&file, 99);
        file.open(path);
        return file.isOpen();
    }}
    Model() {{ context.traceEverOn(true); }}
    ~Model() {{
        if (file.isOpen()) file.close();
    }}
#else
    void record() {{}}
    bool wave(const char *) {{ return false; }}
#endif

    void start() {{
        top.{clock} = 0;
        top.eval();
    }}
    void sample() {{
        top.{clock} = 0;
        top.eval();
        record();
    }}
    void edge() {{
        top.{clock} = 1;
        top.eval();
        record();
    }}
{functions}
{request}
}};
#include "{host}.h"
#include "interface.h"
"""


def _member(name: str) -> str:
    """Return the C++ name of a port: Verilator keeps double underscores for itself."""
    return name.replace("__", "___05F")


def _generated_sources(design: Design, wave: bool) -> dict[str, str]:
    """Return the C++ files Verilator makes from a design, by name; cached."""
    options = ["--cc", "design.v", "--prefix", "Vdesign", "--Mdir", "out", "-O3", "-Wno-fatal"]
    options += ["--x-assign", "fast", "--x-initial", "fast", "--noassert"]
    options += ["--trace-fst"] if wave else []
    options += ["--top-module", design.top]
    script = "\n".join(
        [
            "read_rtlil design.il",
            MEMORY_CLEANUP,
            "flatten",
            "opt_clean",
            "write_verilog -noattr design.v",
        ]
    )
    key = hashlib.sha256(f"{options}\0{script}\0{design.rtlil}".encode()).hexdigest()[:32]
    cached = cache_folder() / "verilator" / f"{key}.json"
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as name:
            work = Path(name)
            (work / "design.il").write_text(design.rtlil)
            run_yosys(script, folder=work)
            run_tool("verilator", options, folder=work, log="verilator.log")
            files = {
                path.name: path.read_text()
                for path in sorted((work / "out").iterdir())
                if path.suffix in (".cpp", ".h")
            }
            (work / "files.json").write_text(json.dumps(files))
            (work / "files.json").replace(cached)
    return json.loads(cached.read_text())


class VerilatorEngine(CompiledEngine):
    """Simulation compiled by Verilator.

    Parameters
    ----------
    design : Design
        The design, already behind a shell.
    host : HostKind
        What speaks to the shell.
    core : wiring.Component
        The core in the shell.
    wave : Path, optional
        FST file to write.
    """

    def __init__(
        self,
        design: Design,
        *,
        host: HostKind,
        core: wiring.Component,
        wave: Path | None = None,
    ) -> None:
        answer = subprocess.run(
            ["verilator", "--getenv", "VERILATOR_ROOT"], capture_output=True, text=True, check=True
        )
        root = Path(answer.stdout.strip()) / "include"
        sources = _generated_sources(design, wave is not None)
        runtime = ["verilated.cpp", "verilated_threads.cpp"]
        runtime += ["verilated_fst_c.cpp"] if wave else []
        parts = [*runtime, *(name for name in sources if name.endswith(".cpp"))]
        sources |= harness_sources(host)
        sources["main.cc"] = _MODEL.format(
            includes="\n".join(f'#include "{name}"' for name in parts),
            clock=_member(host.clock),
            functions=port_functions(
                design.ports,
                variable=lambda name: f"top.{_member(name)}",
                write="{variable} = value;",
                read="{variable}",
            ),
            request=request_function(core, host),
            host=host.name,
        )
        library = compile_library(
            sources,
            "main.cc",
            options=["-DWAVE", "-DVM_TRACE=1", "-DVM_TRACE_FST=1"] if wave else [],
            libraries=["-lz"] if wave else [],
            include=[root, root / "vltstd"],
        )
        super().__init__(library, design.ports, wave)
