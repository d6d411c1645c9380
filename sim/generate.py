"""Everything a user of Verilog gets: one folder for a configuration, its test bench recorded on the
model.
"""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from ..hdl.catalogue import default_top, find_shell, make_component, pins_of
from ..hdl.config import CoreConfig
from ..hdl.error import InputError, show
from ..hdl.files import MANIFEST, new_folder, write_file
from ..hdl.handoff.address_map import address_reference
from ..hdl.handoff.bench_vector import Code
from ..hdl.handoff.cycles import cycle_reference
from ..hdl.handoff.description import description
from ..hdl.handoff.files import handoff_files
from ..hdl.handoff.names import check_names
from ..hdl.handoff.product import Product
from ..hdl.handoff.reference import reference
from ..hdl.handoff.testbench import bench_name
from ..hdl.keywords import NAME_RULE, is_name
from ..hdl.memory.behaviour import behaviours
from ..hdl.memory.plan import Plan, summary
from ..hdl.memory.reference import plan_reference
from ..hdl.memory.survey import survey
from ..hdl.memory.technology import (
    INFERRED,
    MemoryPlatform,
    Technology,
    check_macro_names,
    find_technology,
)
from ..hdl.verilog import (
    TIMESCALE,
    blackboxes_of_verilog,
    ports_of_verilog,
    to_verilog,
    waived,
)
from .bench_vectors import record_bench_vectors

__all__ = ["generate"]


def generate(
    config: CoreConfig,
    shell: str | None = None,
    top: str | None = None,
    folder: Path | None = None,
    memory: str = INFERRED,
) -> list[Path]:
    """Write the Verilog of a core and what belongs to it.

    The folder gets `TOP.v`, the file list `TOP.f`, the description of it all `TOP.json`, and the
    registers and memories as `TOP.md`, `TOP.rdl` and `TOP.h`. With macros, their behavioural models
    are in `TOP_memory_models.v`, and the list of all files for simulation is `TOP_simulation.f`.
    For other tools there are `TOP.core`, `TOP.sdc` and `librelane.json`, and a test bench,
    `TOP_bench.v` with `TOP_bench.f`; `spikewright.sha256` lists all files. Either all is written or
    nothing changes. The same configuration and versions give the same bytes.

    Parameters
    ----------
    config : CoreConfig
        Configuration.
    shell : str
        Shell around the core.
    top : str, optional
        Name of the top module, with which all other names begin: of files, modules and macros of
        the C header. If not given, the shell's own, with what tells a configuration that is not the
        published one from others.
    folder : Path, optional
        Where to write; `build/` and the name of the configuration if not given. It is replaced if
        it holds nothing but an earlier output, unchanged.
    memory : str
        Memory technology, by name or as a file.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If there is no such shell or memory technology, a memory cannot be made, the name cannot be
        used, or the folder cannot be replaced or written.
    ToolError
        If yosys fails.
    """
    technology = find_technology(memory)
    shell = find_shell(config.core, shell)
    top = top or default_top(config, shell)
    if not is_name(top):
        raise InputError(f"top module name is {show(top)}, allowed is {NAME_RULE}")
    check_macro_names(technology, top)
    folder = Path("build", config.name) if folder is None else Path(folder)
    with new_folder(folder) as new:
        files = _contents(config, shell, top, technology)
        for name, text in files.items():
            write_file(new / name, text)
    return [folder / name for name in (*files, MANIFEST)]


def _contents(config: CoreConfig, shell: str, top: str, technology: Technology) -> dict[str, str]:
    """Return the text of each file by name."""
    component, core = make_component(config, shell)
    plans = survey(component, technology)
    verilog = to_verilog(
        component,
        top,
        _header(config, shell, technology),
        pins_of(config).parameters if shell == "pins" else None,
        MemoryPlatform(technology),
    )
    models = _memory_models(plans, technology)
    macros: dict[str, list[str]] = {}
    for place, kind in blackboxes_of_verilog(verilog, top):
        macros.setdefault(kind, []).append(place)
    product = Product(
        config=config,
        shell=shell,
        top=top,
        core=core,
        ports=ports_of_verilog(verilog, top),
        technology=technology.name,
        macros=macros,
        models=f"{top}_memory_models.v" if models else "",
        version=version("spikewright"),
    )
    check_names(product)
    described = description(product)
    vectors = record_bench_vectors(config, described["cycles"])

    files = {f"{top}.v": verilog, f"{top}.f": f"{top}.v\n"}
    if models:
        # Whatever reads them for synthesis has the macros themselves.
        files[product.models] = TIMESCALE + waived(f"`ifndef SYNTHESIS\n\n{models}\n`endif\n")
        files[f"{top}_simulation.f"] = "".join(f"{name}\n" for name in product.sources)
    parts = [reference(config), cycle_reference(product.interface, described["cycles"])]
    parts.append(plan_reference(plans, technology))
    if product.has_bus:
        parts.insert(1, address_reference(product.bus_map))
    files[f"{top}.md"] = "\n".join(parts)
    files |= handoff_files(product, vectors)
    described["memory_plan"] = {
        "technology": technology.name,
        "source": technology.source,
        "models": product.models or None,
        **summary(plans),
    }
    described["bench"] = {
        "module": bench_name(top),
        "operations": {
            code.name.lower(): sum(operation.code is code for operation in vectors)
            for code in Code
            if code is not Code.END
        },
    }
    described["files"] = [*files, f"{top}.json", MANIFEST]
    files[f"{top}.json"] = json.dumps(described, indent=2) + "\n"
    return files


def _memory_models(plans: Sequence[tuple[str, Plan]], technology: Technology) -> str:
    """Return the behavioural models of the macros that are instantiated; empty if there are
    none.
    """
    if not technology.instantiated:
        return ""
    macros = [column.macro for _, plan in plans for column in plan.columns]
    return behaviours(macros) if macros else ""


def _header(config: CoreConfig, shell: str, technology: Technology) -> str:
    parameters = "".join(
        f"  {item.name} = {getattr(config, item.name)}"
        f"{'' if item.name in config.changed else ' (as published)'}: {item.about}\n"
        for item in config.parameters()
    )
    return (
        f"{config.core} with the shell {shell}, generated by Spikewright {version('spikewright')}.\n"
        "Do not edit: change the configuration and generate it again.\n\n"
        f"Parameters:\n{parameters}\n"
        "Memories have no initial contents; no word is read in the cycle in which it is written\n"
        "(no_rw_check says so to yosys, other tools ignore it).\n"
        f"Memory technology: {technology.name}.\n"
    )
