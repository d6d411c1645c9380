"""Trace files."""

import gzip
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...hdl.catalogue import core_names, core_of, find_core
from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.files import read_bytes, unpack_gzip, write_file
from . import pin_step, step
from .fields import Fields, show
from .schema import Schema, find_schema

__all__ = ["SUFFIX", "Trace", "read_trace", "write_trace"]

#: How the name of a trace file ends.
SUFFIX = ".trace.jsonl.gz"

_VERSION = 1

#: Bytes of a line; what it holds takes many times as much memory.
_LONGEST_LINE = 16 << 20


def _steps(schema: Schema) -> dict[str, type[step.TraceStep]]:
    """Return the steps that the traces of a core have, by their names in files."""
    interface, spi = schema.interface, schema.spi
    kinds = [step.ConfigStep, step.LoadStep, step.CheckStep, step.EventStep]
    if interface.levels:
        kinds.append(pin_step.LevelStep)
    if interface.time_step:
        kinds.append(pin_step.TickStep)
    kinds += [step.SettleStep, step.ResetStep]
    if interface.time_step:
        kinds.append(pin_step.PulseStep)
    if interface.statuses:
        kinds += [pin_step.WaitStep, pin_step.ExpectStep]
    if spi:
        kinds.append(step.SpiStep if spi.count_shift is None else pin_step.BurstStep)
    if any("R" in register.access for register in interface.registers):
        kinds.append(step.ReadStep)
    return {kind.do: kind for kind in kinds}


@dataclass(frozen=True)
class Trace:
    """A recorded conversation with a core.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    config : CoreConfig
        The core. What does not change results, such as lanes, has its default.
    about : str
        One sentence for people.
    steps : tuple of TraceStep
        What is done, in order.
    """

    name: str
    config: CoreConfig
    about: str
    steps: tuple[step.TraceStep, ...]

    @property
    def core(self) -> str:
        """Name of the core."""
        return self.config.core


def read_trace(path: str | os.PathLike, core: str | None = None) -> Trace:
    """Read a trace file and check everything in it.

    Parameters
    ----------
    path : path
        The file.
    core : str, optional
        The core that it must be for.

    Raises
    ------
    InputError
        If the file cannot be read or anything in it is not as the format says; names file and line.
    """
    path = Path(path)
    lines = _lines(path)
    try:
        config, about = _parse_header(_parse_line(next(lines)), core)
    except InputError as error:
        raise InputError(f"{path}: line 1: {error}") from None
    schema = find_schema(config)
    known = _steps(schema)
    steps = []
    for number, line in enumerate(lines, 2):
        try:
            steps.append(_parse_step(_parse_line(line), schema, known))
        except InputError as error:
            raise InputError(f"{path}: line {number}: {error}") from None
    return Trace(path.name.removesuffix(SUFFIX), config, about, tuple(steps))


def _lines(path: Path) -> Iterator[bytes]:
    """Unpack a file into lines."""
    content = unpack_gzip(path, read_bytes(path))
    if not content:
        raise InputError(f"{path}: the file is empty")
    # As they are needed: a list of them may be much larger than the file.
    return (line.removesuffix(b"\n") for line in io.BytesIO(content))


def _parse_line(line: bytes) -> Any:
    if len(line) > _LONGEST_LINE:
        raise InputError(f"it has {len(line)} bytes, allowed are {_LONGEST_LINE}")
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):  # also text that is not UTF-8 and overlong numbers
        raise InputError("not JSON") from None


def _parse_header(values: Any, core: str | None) -> tuple[CoreConfig, str]:
    fields = Fields(values, "the header")
    version = fields.take("trace")
    if type(version) is not int or version != _VERSION:
        raise InputError(f"the format has version {show(version)}, allowed is {_VERSION}")
    name = fields.text("core")
    # A file must not choose a module to import.
    if ":" in name:
        raise InputError(f"core is {show(name)}, allowed is {', '.join(core_names())}")
    found = find_core(name)
    if core is not None and name != core:
        raise InputError(f"the trace is for the core {name}, expected is {core}")
    parameters = fields.take("parameters")
    if not isinstance(parameters, dict):
        raise InputError(f"parameters is {show(parameters)}, allowed is an object")
    for parameter in parameters:
        if parameter not in found.trace_parameters:
            raise InputError(
                f"traces of {name} have no parameter {show(parameter)}, "
                f"they have {', '.join(found.trace_parameters)}"
            )
        if isinstance(parameters[parameter], bool):
            raise InputError(
                f"{name}: {parameter} is {show(parameters[parameter])}, allowed is a whole number"
            )
    config = found.config_class().from_mapping(parameters)
    about = fields.text("about")
    fields.end()
    return config, about


def _parse_step(
    values: Any, schema: Schema, known: dict[str, type[step.TraceStep]]
) -> step.TraceStep:
    fields = Fields(values, "the step")
    do = fields.take("do")
    if not isinstance(do, str) or do not in known:
        raise InputError(
            f"traces of {schema.core} have no step {show(do)}, they have {', '.join(known)}"
        )
    fields.what = do
    found = known[do].parse(fields, schema)
    fields.end()
    return found


def write_trace(trace: Trace, path: str | os.PathLike) -> None:
    """Write a trace file; it appears whole or not at all. The same trace gives the same bytes.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    path = Path(path)
    core, schema = core_of(trace.config), find_schema(trace.config)
    defaults = core.trace_values(type(trace.config)())
    parameters = {
        name: value
        for name, value in core.trace_values(trace.config).items()
        if value != defaults[name]
    }
    header = {
        "trace": _VERSION,
        "core": trace.core,
        "parameters": parameters,
        "about": trace.about,
    }
    lines = [header, *({"do": item.do} | item.keys(schema) for item in trace.steps)]
    content = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    write_file(path, gzip.compress(content.encode(), mtime=0))
