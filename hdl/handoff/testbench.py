"""A self-checking test bench in Verilog, with recorded vectors, which needs nothing but a
simulator.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..catalogue import SHELLS, pins_of
from ..interface.bus_map import REGISTERS_OFFSET, WINDOW_BITS, BusMap
from ..interface.interface import Interface
from ..interface.pin_map import PinMap
from ..verilog import TIMESCALE
from .bench_driver import native_driver, pins_driver, sizes
from .bench_vector import BenchVector, Code, vectors_task

__all__ = ["LIMIT", "bench_name", "testbench"]

#: Clock cycles that one operation may take before the bench gives up.
LIMIT = 10_000_000

_FOLDER = Path(__file__).with_name("driver")

_ABOUT = """\
// Test bench of {top}: applies its vectors and checks every answer. It needs no other file than the
// design's, and runs in any folder.
//
// In Icarus Verilog and in Verilator (from version 5 on):
//
//   $ iverilog -g2012 -o bench.out -f {top}_bench.f && vvp -n bench.out
//   $ verilator --binary -f {top}_bench.f --top-module {bench} && ./obj_dir/V{bench}
//
// It prints PASS or FAIL and how much was checked, and ends with a nonzero exit status after a failure.
// +vectors=FILE takes other vectors, as many as these, in the form that $readmemh reads.

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
    vectors: Sequence[BenchVector],
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
    vectors : sequence of BenchVector
        The vectors it applies.
    """
    interface = core.interface
    pins = pins_of(core.config) if shell == "pins" else None
    words = sum(operation.code is Code.OUTPUT for operation in vectors)
    constants = {
        # The end is a vector too.
        "OPERATIONS": len(vectors) + 1,
        "WORDS": words + 64,
        "LIMIT": LIMIT,
    } | (_bus_constants(core, shell) if SHELLS[shell].is_bus else {})
    lines = [f"  localparam {name} = {value};" for name, value in constants.items()]
    lines.append("")
    lines += _declarations(top, ports)
    text = _ABOUT.format(top=top, bench=bench_name(top)) + TIMESCALE
    text += f"module {bench_name(top)};\n\n" + "\n".join(lines) + "\n"
    for part in (sizes(interface), _part("common"), *_parts(interface, shell, pins)):
        text += "\n" + part
    return f"{text}\n{vectors_task(vectors)}endmodule\n"


def _parts(interface: Interface, shell: str, pins: PinMap | None) -> list[str]:
    """Return the parts of the driver of a shell; what one declares only those after it use."""
    if SHELLS[shell].is_bus:
        return [_part("bus"), _part(shell)]
    unit = _part("bytes" if interface.access_unit == 8 else "chunks")
    if pins is not None:
        return [pins_driver(interface, pins), _part("pins"), _part("registers"), unit]
    return [_part("native"), native_driver(interface), _part("registers"), unit]


def _part(name: str) -> str:
    return (_FOLDER / f"{name}.v").read_text(encoding="utf-8")


def _bus_constants(core: Any, shell: str) -> dict[str, int | str]:
    """Return what the driver of a bus shell needs to know of its map."""
    bus_map = BusMap(core, mailbox=SHELLS[shell].has_mailbox)
    control = bus_map.control
    status = {field.name: 1 << field.low for field in control["status"].fields}
    step = core.interface.time_step
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
        "DO_TICK": 1 << bus_map.pulses[step.pulse] if step else 0,
        # Levels follow one another.
        "LEVEL_BIT": min(bus_map.levels.values(), default=0),
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
