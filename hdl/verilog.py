"""RTLIL and readable Verilog of a component."""

import re
from collections.abc import Iterator, Mapping

from amaranth.back import rtlil
from amaranth.lib import wiring

from .keywords import VERILOG_KEYWORDS
from .toolchain import run_yosys, working_folder

__all__ = [
    "LINT_WAIVERS",
    "TIMESCALE",
    "blackboxes_of_verilog",
    "is_plain",
    "ports_of_verilog",
    "to_rtlil",
    "to_verilog",
    "waived",
]

#: Warning classes of `verilator -Wall` that the Verilog raises by design, and why.
LINT_WAIVERS: Mapping[str, str] = {
    "WIDTH": "operands keep their own width; Verilog extends them, as intended",
    "UNUSED": "names of payload fields are kept for waveforms, and carries out of sums are dropped",
    "DECLFILENAME": "all modules of a core are in one file",
    "CASEINCOMPLETE": "states not listed keep the value assigned before the case",
    "CMPCONST": "where a configuration makes a limit constant, it is compared with all the same",
    "UNSIGNED": "where a configuration makes a limit zero, it is compared with all the same",
    "UNOPTFLAT": "blocks that compute several values look like loops; no bit depends on itself",
}

#: Directive in front of all modules. Nothing in the design has delays; it is for what simulates it,
#: whose own may have none: simulators take one second then, and some refuse designs in which only
#: some have it.
TIMESCALE = "`timescale 1ns / 1ps\n\n"

_NAME = re.compile(r"\\\S+")


def is_plain(name: str) -> bool:
    """Tell whether a name is an identifier in Verilog and SystemVerilog and not reserved."""
    return (
        re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is not None and name not in VERILOG_KEYWORDS
    )


def to_rtlil(top: wiring.Component, name: str, platform: object = None) -> str:
    """Return the RTLIL of a component; the same component gives the same text, wherever it is
    built.

    Parameters
    ----------
    top : wiring.Component
        The component; the ports are those of its signature and of its clock domains.
    name : str
        Name of the top module; all other modules have names that begin with it.
    platform : object, optional
        Platform to elaborate for, as in `MemoryPlatform`.
    """
    return rtlil.convert(top, name=name, platform=platform, emit_src=False)


def to_verilog(
    top: wiring.Component,
    name: str,
    header: str = "",
    parameters: Mapping[str, int] | None = None,
    platform: object = None,
) -> str:
    """Return readable Verilog-2005 of a component.

    One module for each component, called after its place in the hierarchy (`TOP_queue_memory`), so
    that several cores can coexist in a design. All identifiers are plain: none is escaped or
    reserved in Verilog or SystemVerilog. Ports are called and ordered as in the component's
    signature (`events__payload`), clock and reset first. Registers have initial values, written
    memories have not. The same component, name and header give the same text. Warnings of Verilator
    that are by design (`LINT_WAIVERS`) are turned off inside the text, each with its reason, and on
    again at its end.

    Parameters
    ----------
    top : wiring.Component
        The component.
    name : str
        Name of the top module.
    header : str
        Text for the comment at the beginning.
    parameters : mapping of str to int, optional
        Parameters that the top module is to have, for designs that set them. What is generated has
        these sizes and no others: another value stops elaboration, with a message that names those
        allowed.
    platform : object, optional
        Platform to elaborate for, as in `MemoryPlatform`.

    Raises
    ------
    ToolError
        If yosys fails.
    """
    with working_folder() as folder:
        design = _plain(_in_order(to_rtlil(top, name, platform), top))
        (folder / "design.il").write_text(design, encoding="utf-8")
        run_yosys(
            # Processes are kept: they become always blocks with case statements, which read better
            # than trees of multiplexers.
            "read_rtlil design.il\nproc -nomux -norom\nwrite_verilog -noattr design.v\n",
            folder=folder,
        )
        body = (folder / "design.v").read_text(encoding="utf-8")
    text = _polish(body)
    if parameters:
        text = _with_parameters(text, name, parameters)
    return _comment(header) + TIMESCALE + waived(text)


def _with_parameters(text: str, name: str, parameters: Mapping[str, int]) -> str:
    """Give the top module parameters whose values are fixed.

    Verilog of 2005 has no message at elaboration: all tools stop at a module that is missing, and
    tell its name. Nothing is instantiated while the values are right.
    """
    listed = ", ".join(f"parameter {key} = {value}" for key, value in parameters.items())
    allowed = "_and_".join(f"{key}_{value}" for key, value in parameters.items())
    wrong = " || ".join(f"{key} != {value}" for key, value in parameters.items())
    check = f"""\
  // The sizes that this was generated for; with others elaboration stops here.
  generate
    if ({wrong}) begin : fixed_sizes
      {name}_was_generated_for_{allowed}_only stop();
    end
  endgenerate
"""
    before, _, rest = text.partition(f"module {name}(")
    ports, bracket, body = rest.partition(");\n")
    return f"{before}module {name} #({listed}) ({ports}{bracket}{check}{body}"


def waived(text: str) -> str:
    """Let Verilator know, inside a Verilog text, which warnings are by design (`LINT_WAIVERS`)."""
    off = "".join(
        f"/* verilator lint_off {name} */  // {reason}\n" for name, reason in LINT_WAIVERS.items()
    )
    return off + text + "".join(f"/* verilator lint_on {name} */\n" for name in LINT_WAIVERS)


def ports_of_verilog(text: str, module: str) -> list[tuple[str, str, int]]:
    """List name, direction (`input` or `output`) and bits of a module's ports, in order.

    Parameters
    ----------
    text : str
        What `to_verilog` returned.
    module : str
        Name of a module in it.
    """
    body = re.search(
        rf"^module {module} ?(?:#\([^)]*\) )?\((.*?)^endmodule", text, re.DOTALL | re.MULTILINE
    )
    assert body is not None
    order = re.findall(r"\w+", body[1].partition(")")[0])
    found = {
        name: (name, direction, int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", body[1], re.MULTILINE
        )
    }
    return [found[name] for name in order if name in found]


def blackboxes_of_verilog(text: str, module: str) -> list[tuple[str, str]]:
    """List all instances below a module of modules that are not there: place, as in `core.queue`,
    and kind.

    Parameters
    ----------
    text : str
        What `to_verilog` returned.
    module : str
        Name of a module in it.
    """
    inside = {
        name: re.findall(r"^  (\w+) (\w+) \($", body, re.MULTILINE)
        for name, body in re.findall(
            r"^module (\w+)(.*?)^endmodule", text, re.DOTALL | re.MULTILINE
        )
    }

    def walk(name: str, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for kind, instance in inside[name]:
            if kind in inside:
                yield from walk(kind, (*path, instance))
            else:
                yield ".".join((*path, instance)), kind

    return list(walk(module, ()))


def _comment(text: str) -> str:
    return "".join(f"// {line}".rstrip() + "\n" for line in text.splitlines())


class _Names:
    """Plain names for the identifiers of one scope, each given once."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._used: set[str] = set()

    def add(self, name: str) -> str:
        """Choose and return the plain name of an identifier."""
        if name in self._given:
            return self._given[name]
        plain = re.sub(r"\W", "_", name.removeprefix("\\"), flags=re.ASCII)
        if not re.match(r"[A-Za-z_]", plain):
            plain = "_" + plain
        if plain in VERILOG_KEYWORDS:
            plain += "_"
        candidate, number = plain, 1
        while candidate in self._used:
            number += 1
            candidate = f"{plain}_{number}"
        self._used.add(candidate)
        self._given[name] = "\\" + candidate
        return self._given[name]

    def __call__(self, name: str) -> str:
        """Return the plain name, or the name itself if it was never added."""
        return self._given.get(name, name)

    def replace(self, text: str) -> str:
        """Replace all names in an RTLIL text."""
        return _NAME.sub(lambda match: self(match[0]), text)


def _in_order(text: str, top: wiring.Component) -> str:
    """Number the ports of the top module, the first in an RTLIL text, as its signature lists
    them.
    """
    order = ["clk", "rst"] + ["__".join(map(str, path)) for path, *_ in top.signature.flatten(top)]

    def number(match: re.Match[str]) -> str:
        # Clocks of other domains, which no signature knows, come first too.
        place = order.index(match[3]) + 1 if match[3] in order else 0
        return f"{match[1]} {place * 1000 + int(match[2])} \\{match[3]}"

    head, end, rest = text.partition("\nend\n")
    head = re.sub(r"\b(input|output|inout) (\d+) +\\(\S+)", number, head)
    return head + end + rest


def _plain(text: str) -> str:
    """Give all identifiers in an RTLIL text plain names; drop initial contents of written memories.

    Yosys can do this for wires and cells only (`rename -unescape`), and knows fewer reserved words.
    """
    lines = text.splitlines()
    modules = _Names()
    scopes: dict[str, _Names] = {}
    scope = _Names()
    written: set[tuple[str, str]] = set()
    module = cell_type = ""

    # Names are given in this pass; ports come first, so that they win over other names.
    for ports in (True, False):
        for line in lines:
            words = line.split()
            kind = words[0] if words else ""
            if kind == "module":
                module = words[1]
                modules.add(module)
                scope = scopes.setdefault(module, _Names())
            elif kind == "wire":
                if ports == ("input" in words or "output" in words or "inout" in words):
                    scope.add(words[-1])
            elif kind == "memory" and not ports:
                scope.add(words[-1])
            elif kind == "cell" and not ports:
                cell_type = words[1]
                scope.add(words[2])
            elif kind == "parameter" and words[1] == "\\MEMID" and cell_type == "$memwr_v2":
                written.add((module, words[2]))

    result: list[str] = []
    cell: list[str] | None = None
    drop = False
    for line in lines:
        words = line.split()
        kind = words[0] if words else ""
        if kind == "module":
            module = words[1]
            scope = scopes[module]
            line = f"module {modules(module)}"
        elif kind == "cell":
            cell_type = words[1]
            inside = scopes.get(cell_type, _Names())
            line = f"  cell {modules(cell_type)} {scope(words[2])}"
            cell, drop = [], False
        elif kind == "parameter":
            if words[1] == "\\MEMID":
                drop = cell_type == "$meminit_v2" and (module, words[2]) in written
                memory = scope(words[2].strip('"').replace("\\\\", "\\"))
                line = f'    parameter \\MEMID "\\{memory}"'
        elif kind == "attribute":
            pass
        elif kind == "connect" and cell is not None:
            _, port, signal = line.split(None, 2)
            signal = scope.replace(signal)
            line = f"    connect {inside(port)} {signal}"
        else:
            line = scope.replace(line)
        if cell is None:
            result.append(line)
            continue
        cell.append(line)
        if kind == "end":
            if not drop:
                result += cell
            cell = None
    return "\n".join(result) + "\n"


_RUN_AT_ZERO = """\
  // Lets every combinational block run once at time zero.
  reg run_at_zero;
  // verilator lint_off INITIALDLY
  initial run_at_zero <= 1'b0;
  // verilator lint_on INITIALDLY
"""


def _run_assignments(module: re.Match[str]) -> str:
    """Let the combinational blocks of a module that are one assignment run at time zero too."""
    text, count = re.subn(
        r"^  always @\*\n    (\S.*;)$",
        r"  always @* begin\n    if (run_at_zero) begin end\n    \1\n  end",
        module[0],
        flags=re.MULTILINE,
    )
    if count and _RUN_AT_ZERO not in text:
        head, end, rest = text.partition(");\n")
        text = head + end + _RUN_AT_ZERO + rest
    return text


def _polish(text: str) -> str:
    """Finish what yosys wrote."""
    # Its first comment names the machine it was compiled on.
    text = re.sub(r"\A/\*.*?\*/\n", "", text, flags=re.DOTALL)
    # Yosys writes a signal of no bits as one of two.
    text = re.sub(r"^  (wire|reg) (signed )?\[-1:0\] \w+;\n", "", text, flags=re.MULTILINE)
    # Yosys lets every combinational block depend on a constant, for it to run at time zero. As an
    # initial value (all it does) that wakes nothing up in simulators that set initial values first,
    # Icarus among them; a nonblocking assignment comes when all blocks are waiting.
    trigger = r"\\\$auto\$verilog_backend\S+ "
    text = re.sub(rf"^  reg {trigger} = 0;\n", _RUN_AT_ZERO, text, flags=re.MULTILINE)
    text = re.sub(rf"\({trigger}\)", "(run_at_zero)", text)
    # Yosys leaves blocks of one assignment out; what they depend on may never change.
    text = re.sub(r"^module .*?^endmodule", _run_assignments, text, flags=re.DOTALL | re.MULTILINE)
    # Nothing depends on what is read from a word while it is written (contract of hdl/memory).
    return re.sub(
        r"^(  reg (\[\d+:0\] )?\w+ \[\d+:0\];)$",
        r"  (* no_rw_check *)\n\1",
        text,
        flags=re.MULTILINE,
    )
