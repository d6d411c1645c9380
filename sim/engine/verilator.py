"""Engine: Verilator, if it is installed."""

import json
from pathlib import Path

from ...hdl.process import run_process
from ...hdl.toolchain import ToolError, run_tool
from ...synth.memory_cleanup import MEMORY_CLEANUP
from .bus_functional import BusFunctionalModel
from .compiled import CompiledEngine, simulation_sources, translated
from .compiler import compile_library
from .design import Design

__all__ = ["VerilatorEngine"]

_MODEL = """\
{includes}
#ifdef WAVE
#include "verilated_vcd_c.h"
#include <cerrno>
#endif
#include "harness.h"

double sc_time_stamp() {{ return 0; }}

#ifdef WAVE
// Verilator ends the program where a file cannot be written; this one takes everything then, and remembers
// why.
struct WaveFile : VerilatedVcdFile {{
    int failure = 0;
    ssize_t write(const char *bytes, ssize_t count) override {{
        if (failure) return count;
        errno = 0;
        const ssize_t written = VerilatedVcdFile::write(bytes, count);
        if (written >= 0 || errno == EAGAIN || errno == EINTR) return written;
        failure = errno ? errno : EIO;
        return count;
    }}
}};
#endif

struct Model {{
    VerilatedContext context;
    Vdesign top{{&context}};
#ifdef WAVE
    WaveFile file;
    VerilatedVcdC writer{{&file}};
    uint64_t time = 0;
    void record() {{
        if (writer.isOpen()) writer.dump(time++);
    }}
    bool wave(const char *path) {{
        top.trace(&writer, 99);
        writer.open(path);
        return writer.isOpen();
    }}
    int end_wave() {{
        if (writer.isOpen()) writer.close();
        return file.failure;
    }}
    Model() {{ context.traceEverOn(true); }}
    ~Model() {{ end_wave(); }}
#else
    void record() {{}}
    bool wave(const char *) {{ return false; }}
    int end_wave() {{ return 0; }}
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
}};
#include "{bfm}.h"
#include "interface.h"
"""


def _member(name: str) -> str:
    """Return the C++ name of a port: Verilator keeps double underscores for itself."""
    return name.replace("__", "___05F")


def _generated_sources(design: Design, wave: bool) -> dict[str, str]:
    """Return the C++ files Verilator makes from a design, by name; cached."""
    options = ["--cc", "design.v", "--prefix", "Vdesign", "--Mdir", "out", "-O3", "-Wno-fatal"]
    options += ["--x-assign", "fast", "--x-initial", "fast", "--noassert"]
    options += ["--trace"] if wave else []
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

    def finish(folder: Path) -> str:
        run_tool("verilator", options, folder=folder, log="verilator.log")
        files = {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted((folder / "out").iterdir())
            if path.suffix in (".cpp", ".h")
        }
        return json.dumps(files)

    return json.loads(translated(design, script, finish, str(options), path="verilator/{}.json"))


class VerilatorEngine(CompiledEngine):
    """Simulation compiled by Verilator; waveforms are VCD files."""

    def _compile(self, design: Design, bfm: BusFunctionalModel, wave: bool) -> Path:
        status, answer = run_process(["verilator", "--getenv", "VERILATOR_ROOT"], folder=Path())
        if status != 0:
            raise ToolError(f"verilator failed: {(answer.splitlines() or ['no output'])[0]}")
        root = Path(answer.strip()) / "include"
        sources = _generated_sources(design, wave)
        runtime = ["verilated.cpp", "verilated_threads.cpp"]
        runtime += ["verilated_vcd_c.cpp"] if wave else []
        parts = [*runtime, *(name for name in sources if name.endswith(".cpp"))]
        sources |= simulation_sources(
            _MODEL,
            design,
            bfm,
            variable=lambda name: f"top.{_member(name)}",
            write="{variable} = value;",
            read="{variable}",
            includes="\n".join(f'#include "{name}"' for name in parts),
            clock=_member(bfm.clock),
        )
        return compile_library(
            sources,
            "main.cc",
            options=["-DWAVE", "-DVM_TRACE=1", "-DVM_TRACE_VCD=1"] if wave else [],
            include=[root, root / "vltstd"],
        )
