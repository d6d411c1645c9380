"""A self-checking test bench in Verilog, which plays a recorded session and needs nothing but a simulator."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..interface.bus_map import REGISTERS_OFFSET, WINDOW_BITS, BusMap
from ..verilog import TIMESCALE
from .operation import CHUNK_BITS, LEVELS, Code, Operation, session_task

__all__ = ["LIMIT", "bench_name", "is_ticked", "testbench"]

#: Clock cycles that one operation may take before the bench gives up.
LIMIT = 10_000_000

_FOLDER = Path(__file__).with_name("driver")

_ABOUT = """\
// Test bench of {top}: plays a session and checks every answer. It needs no other file than the design's,
// and runs in any folder.
//
// In Icarus Verilog and in Verilator (from version 5 on):
//
//   $ iverilog -g2012 -o bench.out -f {top}_bench.f && vvp -n bench.out
//   $ verilator --binary -f {top}_bench.f --top-module {bench} && ./obj_dir/V{bench}
//
// It prints PASS or FAIL and how much was checked, and ends with a nonzero exit status after a failure.
// +session=FILE takes another session, as long as this one, in the form that $readmemh reads.

// verilator lint_off WIDTH
// Numbers are extended and cut to the width of what they are assigned to, as intended.
"""


def bench_name(top: str) -> str:
    """Return the name of the module of the bench."""
    return f"{top}_bench"


def testbench(
    core: Any,
    shell: str,
    top: str,
    ports: Sequence[tuple[str, str, int]],
    session: Sequence[Operation],
) -> str:
    """Return the bench of a core in a shell.

    Parameters
    ----------
    core : wiring.Component
        The core inside.
    shell : str
        Name of the shell.
    top : str
        Name of the module.
    ports : sequence of (str, str, int)
        Its ports: name, direction and bits.
    session : sequence of Operation
        The session it plays.
    """
    parts = _DRIVERS[shell](core)
    words = sum(operation.code is Code.OUTPUT for operation in session)
    constants = {
        # The end is an operation too.
        "OPERATIONS": len(session) + 1,
        "WORDS": words + 64,
        "LIMIT": LIMIT,
    } | _constants(core, shell)
    lines = [f"  localparam {name} = {value};" for name, value in constants.items()]
    lines.append("")
    lines += _declarations(top, ports)
    lines += ["", *_sizes(core)]
    text = _ABOUT.format(top=top, bench=bench_name(top)) + TIMESCALE
    text += f"module {bench_name(top)};\n\n" + "\n".join(lines) + "\n"
    for part in ("common", *parts):
        text += "\n" + (_FOLDER / f"{part}.v").read_text(encoding="utf-8")
    return f"{text}\n{session_task(session)}endmodule\n"


def is_ticked(core: Any) -> bool:
    """Tell whether the core works in time steps; such cores are reached in chunks."""
    return "tick" in core.signature.members


def _native(core: Any) -> tuple[str, ...]:
    if is_ticked(core):
        return ("native", "native_chunks", "chunks")
    return ("native", "native_bytes", "bytes", "no_time_steps")


def _pins(core: Any) -> tuple[str, ...]:
    if is_ticked(core):
        return ("reckon_pins", "pins", "chunks")
    return ("odin_pins", "pins", "bytes", "no_time_steps")


#: Parts of the driver of each shell, given the core; what one declares only those after it use.
_DRIVERS = {
    "native": _native,
    "pins": _pins,
    "wishbone": lambda core: ("bus", "wishbone"),
    "axi": lambda core: ("bus", "axi"),
}


def _constants(core: Any, shell: str) -> dict[str, int | str]:
    """Return what the driver of a shell needs to know of the configuration."""
    if shell == "native":
        fields = core.access.request.p.shape()
        names = [name for name in ("target", "address", "byte", "data") if name in fields.members]
        return {f"{name.upper()}_BITS": fields[name].width for name in names}
    if shell == "pins":
        if is_ticked(core):
            return {"EVENT_ADDRESS_BITS": core.config.event_address_bits}
        return {"SPI_BITS": core.config.spi_address_bits + 4}
    bus_map = BusMap(core, mailbox=shell == "wishbone")
    control = bus_map.control
    status = {field.name: 1 << field.low for field in control["status"].fields}
    # Levels follow one another.
    first = min(bus_map.levels.values(), default=8)
    assert all(
        bus_map.levels[name] == first + n for n, name in enumerate(LEVELS[: len(bus_map.levels)])
    )
    found = {
        "IDENTITY_OFFSET": control["identity"].offset,
        "STATUS": control["status"].offset,
        "CONTROL": control["control"].offset,
        "REGISTERS": REGISTERS_OFFSET,
        "WINDOW_BITS": WINDOW_BITS,
        "IS_SETTLED": status["settled"],
        "IS_IDLE": status["idle"],
        "IS_GATED": status["gated"],
        "HAS_SPACE": status["event_space"],
        "OUTPUT_WAITS": status["output_waits"],
        "DO_TICK": 1 << bus_map.pulses.get("tick", 1),
        "LEVEL_BIT": first,
        "IDENTITY": f"32'h{bus_map.identity:08x}",
    }
    if bus_map.mailbox:
        found |= {"EVENT": control["input_event"].offset, "OUTPUT": control["output_word"].offset}
    return found


def _declarations(top: str, ports: Sequence[tuple[str, str, int]]) -> list[str]:
    """Return the signals at the ports, called as these, and the instance."""
    lines = []
    for name, direction, width in ports:
        bits = f"[{width - 1}:0] " if width > 1 else ""
        kind = "reg" if direction == "input" else "wire"
        lines.append(f"  {kind} {bits}{name}{' = 0' if kind == 'reg' else ''};")
    connections = ",\n".join(f"    .{name}({name})" for name, _, _ in ports)
    return [*lines, "", f"  {top} dut (\n{connections}\n  );"]


def _sizes(core: Any) -> list[str]:
    """Return functions from a memory's number to its sizes."""
    chunks, sizes = {}, {}
    for memory in core.interface.memories.values():
        chunks[memory.space] = (-(-memory.width // CHUNK_BITS) - 1).bit_length()
        sizes[memory.space] = memory.bytes_per_word
    return [
        *_function("bytes_of", "Bytes of a word of a memory.", sizes),
        "",
        *_function("chunk_bits", "Bits of the number of a chunk in a word of a memory.", chunks),
    ]


def _function(name: str, about: str, values: dict[int, int]) -> list[str]:
    cases = [f"      8'd{target}: {name} = {value};" for target, value in values.items()]
    return [
        f"  // {about}",
        f"  function integer {name}(input [7:0] memory);",
        "    case (memory)",
        *cases,
        f"      default: {name} = 0;",
        "    endcase",
        "  endfunction",
    ]
