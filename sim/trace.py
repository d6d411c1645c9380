"""Traces: recorded conversations with a core, to be replayed on any device.

A trace is a gzip-compressed file of JSON lines: a header, then one step a line. `read_trace` checks
everything in it, `replay` carries it out, and a `Recorder` makes one of what a device is told and
answers.
"""

import gzip
import json
import os
import re
import reprlib
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..hdl.config import CoreConfig
from ..hdl.error import InputError
from ..hdl.interface.register import RegisterMap
from ..hdl.memory.logical import LogicalMemory
from ..hdl.odin.config import OdinConfig
from ..hdl.odin.layout import memories as odin_memories
from ..hdl.odin.registers import registers as odin_registers
from ..hdl.tinyodin.config import TinyOdinConfig
from ..hdl.tinyodin.layout import memories as tinyodin_memories
from ..hdl.tinyodin.registers import registers as tinyodin_registers
from .device import BusyError, Device, check_events, check_memory_range, check_words
from .spi import SpiFrame, spi_transaction

__all__ = [
    "SUFFIX",
    "CheckStep",
    "ConfigStep",
    "EventStep",
    "LoadStep",
    "Recorder",
    "ReplayResult",
    "SettleStep",
    "SpiStep",
    "Step",
    "Trace",
    "read_trace",
    "replay",
    "write_trace",
]

#: How the name of a trace file ends.
SUFFIX = ".trace.jsonl.gz"

_VERSION = 1

#: Cores that traces exist for; those of `_FAMILIES` can be read.
_CORES = ("tinyodin", "odin", "morphic", "spoon", "reckon")


def _show(value: Any) -> str:
    """Show a value from a file in a message: short and on one line."""
    return reprlib.repr(value)


class _Fields:
    """The keys of one JSON object, each to be taken once and checked."""

    def __init__(self, values: Any, what: str) -> None:
        if not isinstance(values, dict):
            raise InputError(f"{what} is {_show(values)}, allowed is an object")
        self._values = dict(values)
        self.what = what

    def has(self, key: str) -> bool:
        """Tell whether an optional key is there."""
        return key in self._values

    def take(self, key: str) -> Any:
        """Take a key that must be there."""
        if key not in self._values:
            raise InputError(f"{self.what} lacks the key {key!r}")
        return self._values.pop(key)

    def integer(self, key: str, limit: int) -> int:
        """Take a whole number from 0 to `limit`."""
        return self._integer(key, self.take(key), limit)

    def _integer(self, key: str, value: Any, limit: int) -> int:
        if type(value) is not int or not 0 <= value <= limit:
            raise InputError(
                f"{self.what}: {key} is {_show(value)}, allowed is a whole number from 0 to {limit}"
            )
        return value

    def text(self, key: str) -> str:
        """Take a string."""
        value = self.take(key)
        if not isinstance(value, str):
            raise InputError(f"{self.what}: {key} is {_show(value)}, allowed is a string")
        return value

    def items(self, key: str) -> list[Any]:
        """Take a list."""
        value = self.take(key)
        if not isinstance(value, list):
            raise InputError(f"{self.what}: {key} is {_show(value)}, allowed is a list")
        return value

    def integers(self, key: str, limit: int) -> tuple[int, ...]:
        """Take a list of whole numbers from 0 to `limit`."""
        return tuple(self._integer(key, value, limit) for value in self.items(key))

    def end(self) -> None:
        """Check that no key is left."""
        for key in self._values:
            raise InputError(f"{self.what} has an unknown key {_show(key)}")


class Step:
    """One step of a trace.

    A subclass knows its keys and how it is carried out; `do` is its name in a file.
    """

    do: ClassVar[str]

    @classmethod
    def parse(cls, fields: _Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        raise NotImplementedError

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`, the inverse of `parse`."""
        raise NotImplementedError

    def run(self, player: "_Player") -> dict[str, Any] | None:
        """Carry the step out; return the difference from what was expected, if there is one."""
        raise NotImplementedError


@dataclass(frozen=True)
class ConfigStep(Step):
    """Write one configuration register, by number."""

    do: ClassVar[str] = "config"
    address: int
    value: int

    @classmethod
    def parse(cls, fields: _Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        bits = config.spi_address_bits
        return cls(
            fields.integer("address", (1 << bits) - 1), fields.integer("value", (1 << bits + 4) - 1)
        )

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address, "value": self.value}

    def run(self, player: "_Player") -> None:
        """Carry the step out."""
        player.write_register(self.address, self.value)


@dataclass(frozen=True)
class _WordsStep(Step):
    """Consecutive words of a memory."""

    memory: str
    at: int
    words: tuple[int, ...]

    @classmethod
    def parse(cls, fields: _Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        memories = _family(config.core).memories(config)
        name = fields.text("memory")
        if name not in memories:
            raise InputError(
                f"{fields.what}: memory is {_show(name)}, allowed is {' or '.join(memories)}"
            )
        at = fields.integer("at", memories[name].words - 1)
        texts = fields.items("words")
        size, _ = check_memory_range(memories, fields.what, name, at, len(texts))
        pattern = re.compile(f"[0-9a-f]{{{size.digits}}}")
        words = []
        for index, text in enumerate(texts):
            if not isinstance(text, str) or not pattern.fullmatch(text):
                raise InputError(
                    f"{fields.what}: word {at + index} of memory {name} is {_show(text)}, "
                    f"allowed are {size.digits} lower-case hexadecimal digits"
                )
            words.append(int(text, 16))
            if words[-1] >> size.width:
                raise InputError(
                    f"{fields.what}: word {at + index} of memory {name} is {text}, "
                    f"allowed are {size.width} bits"
                )
        return cls(name, at, tuple(words))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        digits = _family(config.core).memories(config)[self.memory].digits
        return {
            "memory": self.memory,
            "at": self.at,
            "words": [f"{word:0{digits}x}" for word in self.words],
        }


@dataclass(frozen=True)
class LoadStep(_WordsStep):
    """Write memory words."""

    do: ClassVar[str] = "load"

    def run(self, player: "_Player") -> None:
        """Carry the step out."""
        with player.gated():
            player.device.load(self.memory, self.words, self.at)


@dataclass(frozen=True)
class CheckStep(_WordsStep):
    """Compare memory words."""

    do: ClassVar[str] = "check"

    def run(self, player: "_Player") -> dict[str, Any] | None:
        """Carry the step out; return the first word that differs."""
        with player.gated():
            words = player.device.dump(self.memory, self.at, len(self.words))
        digits = player.device.memories[self.memory].digits
        for index, (expected, got) in enumerate(zip(self.words, words.tolist(), strict=True)):
            if expected != got:
                return {
                    "kind": "memory",
                    "memory": self.memory,
                    "word": self.at + index,
                    "expected": f"{expected:0{digits}x}",
                    "got": f"{got:0{digits}x}",
                }
        return None


@dataclass(frozen=True)
class EventStep(Step):
    """Send an input event."""

    do: ClassVar[str] = "event"
    address: int

    @classmethod
    def parse(cls, fields: _Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        return cls(fields.integer("address", (1 << config.event_bits) - 1))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"address": self.address}

    def run(self, player: "_Player") -> None:
        """Carry the step out."""
        player.send(self.address)


@dataclass(frozen=True)
class SpiStep(Step):
    """Carry out a raw SPI transaction; compare the byte read back if `reply` is given."""

    do: ClassVar[str] = "spi"
    address: int
    data: int
    reply: int | None = None

    @classmethod
    def parse(cls, fields: _Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        limit = (1 << config.spi_address_bits + 4) - 1
        address, data = fields.integer("address", limit), fields.integer("data", limit)
        return cls(address, data, fields.integer("reply", 255) if fields.has("reply") else None)

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        keys = {"address": self.address, "data": self.data}
        return keys if self.reply is None else keys | {"reply": self.reply}

    def run(self, player: "_Player") -> dict[str, Any] | None:
        """Carry the step out; return the reply if it differs."""
        got = player.spi(self.address, self.data)
        if self.reply is None or self.reply == got:
            return None
        return {"kind": "reply", "expected": self.reply, "got": got}


@dataclass(frozen=True)
class SettleStep(Step):
    """Wait until the core is idle; compare the output words since the last time."""

    do: ClassVar[str] = "settle"
    events: tuple[int, ...]

    @classmethod
    def parse(cls, fields: _Fields, config: CoreConfig) -> Self:
        """Read and check a step."""
        return cls(fields.integers("events", (1 << config.output_bits) - 1))

    def keys(self, config: CoreConfig) -> dict[str, Any]:
        """Return the keys beside `do`."""
        return {"events": list(self.events)}

    def run(self, player: "_Player") -> dict[str, Any] | None:
        """Carry the step out; return the first output word that differs, None standing for none."""
        got = tuple(int(word) for word in player.device.settle())
        if got == self.events:
            return None
        index = 0
        while self.events[index : index + 1] == got[index : index + 1]:
            index += 1
        return {
            "kind": "event",
            "event": index,
            "expected": self.events[index] if index < len(self.events) else None,
            "got": got[index] if index < len(got) else None,
        }


@dataclass(frozen=True)
class _Family:
    """What the traces of one core hold.

    Attributes
    ----------
    config : type of CoreConfig
        The core's configuration.
    registers, memories : callable
        Make the core's registers and memories from a configuration.
    parameters : tuple of str
        Parameters that change results; a header gives these alone.
    steps : tuple of Step classes
        Steps that the core has.
    """

    config: type[CoreConfig]
    registers: Callable[[Any], RegisterMap]
    memories: Callable[[Any], dict[str, LogicalMemory]]
    parameters: tuple[str, ...]
    steps: tuple[type[Step], ...]


_ODIN_STEPS = (ConfigStep, LoadStep, CheckStep, EventStep, SpiStep, SettleStep)

_FAMILIES = {
    "odin": _Family(
        config=OdinConfig,
        registers=odin_registers,
        memories=odin_memories,
        # The last four are not in golden traces, but what is left out changes results as well.
        parameters=(
            "neurons",
            "weight_bits",
            "fifo_depth",
            "burst_slot_depth",
            "lif",
            "izhikevich",
            "plasticity",
            "burst_queue",
        ),
        steps=_ODIN_STEPS,
    ),
    "tinyodin": _Family(
        config=TinyOdinConfig,
        registers=tinyodin_registers,
        memories=tinyodin_memories,
        parameters=("neurons", "weight_bits", "potential_bits", "fifo_depth"),
        steps=_ODIN_STEPS,
    ),
}


def _family(core: str) -> _Family:
    if core not in _CORES:
        raise InputError(f"core is {_show(core)}, allowed is {', '.join(_CORES)}")
    if core not in _FAMILIES:
        raise InputError(f"traces of the core {core} cannot be read yet")
    return _FAMILIES[core]


def _trace_parameters(config: CoreConfig) -> dict[str, int]:
    """Return the parameters that change results."""
    values = config.as_dict()
    return {name: values[name] for name in _family(config.core).parameters}


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
    steps : tuple of Step
        What is done, in order.
    """

    name: str
    config: CoreConfig
    about: str
    steps: tuple[Step, ...]

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
        config, about = _parse_header(_parse_line(lines[0]), core)
    except InputError as error:
        raise InputError(f"{path}: line 1: {error}") from None
    known = {step.do: step for step in _family(config.core).steps}
    steps = []
    for number, line in enumerate(lines[1:], 2):
        try:
            steps.append(_parse_step(_parse_line(line), config, known))
        except InputError as error:
            raise InputError(f"{path}: line {number}: {error}") from None
    return Trace(path.name.removesuffix(SUFFIX), config, about, tuple(steps))


def _lines(path: Path) -> list[bytes]:
    """Unpack a file into lines."""
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except EOFError:
        raise InputError(f"{path}: the file is truncated") from None
    except (gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: not a gzip file, or damaged") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if not content:
        raise InputError(f"{path}: the file is empty")
    return content.removesuffix(b"\n").split(b"\n")


def _parse_line(line: bytes) -> Any:
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):  # also text that is not UTF-8 and overlong numbers
        raise InputError("not JSON") from None


def _parse_header(values: Any, core: str | None) -> tuple[CoreConfig, str]:
    fields = _Fields(values, "the header")
    version = fields.take("trace")
    if type(version) is not int or version != _VERSION:
        raise InputError(f"the format has version {_show(version)}, allowed is {_VERSION}")
    name = fields.text("core")
    family = _family(name)
    if core is not None and name != core:
        raise InputError(f"the trace is for the core {name}, expected is {core}")
    parameters = fields.take("parameters")
    if not isinstance(parameters, dict):
        raise InputError(f"parameters is {_show(parameters)}, allowed is an object")
    for parameter in parameters:
        if parameter not in family.parameters:
            raise InputError(
                f"traces of {name} have no parameter {_show(parameter)}, "
                f"they have {', '.join(family.parameters)}"
            )
    config = family.config.from_mapping(parameters)
    about = fields.text("about")
    fields.end()
    return config, about


def _parse_step(values: Any, config: CoreConfig, known: dict[str, type[Step]]) -> Step:
    fields = _Fields(values, "the step")
    do = fields.take("do")
    if not isinstance(do, str) or do not in known:
        raise InputError(
            f"traces of {config.core} have no step {_show(do)}, they have {', '.join(known)}"
        )
    fields.what = do
    step = known[do].parse(fields, config)
    fields.end()
    return step


def write_trace(trace: Trace, path: str | os.PathLike) -> None:
    """Write a trace file; it appears whole or not at all. The same trace gives the same bytes.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    path = Path(path)
    defaults = _trace_parameters(type(trace.config)())
    parameters = {
        name: value
        for name, value in _trace_parameters(trace.config).items()
        if value != defaults[name]
    }
    header = {
        "trace": _VERSION,
        "core": trace.core,
        "parameters": parameters,
        "about": trace.about,
    }
    lines = [header, *({"do": step.do} | step.keys(trace.config) for step in trace.steps)]
    content = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(gzip.compress(content.encode(), mtime=0))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # temporary files are private at first
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


class Recorder(Device):
    """A device that passes everything on to another device and records it as a trace.

    Recorded answers are those of the device, so that a recording of a model can be replayed on
    hardware.

    Parameters
    ----------
    device : Device
        The device to talk to, freshly reset.
    about : str
        One sentence for people.
    name : str
        Name of the trace.
    """

    def __init__(self, device: Device, about: str = "", name: str = "recording") -> None:
        self.device = device
        self.config = device.config
        self.registers = device.registers
        self.memories = device.memories
        self.register_values = {register.name: 0 for register in device.registers}
        self._about = about
        self._name = name
        self._steps: list[Step] = []

    @property
    def trace(self) -> Trace:
        """What has been recorded so far."""
        family = _family(self.config.core)
        # Lanes and the like do not belong to a trace.
        config = family.config(**_trace_parameters(self.config))
        return Trace(self._name, config, self._about, tuple(self._steps))

    def save(self, path: str | os.PathLike) -> None:
        """Write what has been recorded so far to a trace file, as `write_trace` does."""
        write_trace(self.trace, path)

    def configure(self, **values: int) -> None:
        """Write registers."""
        values = {name: self.registers.check(name, value) for name, value in values.items()}
        for name, value in values.items():
            self._steps.append(ConfigStep(self.registers[name].address, value))
        self.register_values.update(values)
        self.device.configure(**values)

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write memory words."""
        words = check_words(self.memories, self.config.core, memory, words, at)
        self.device.load(memory, words, at)
        self._steps.append(LoadStep(memory, at, tuple(words)))

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read memory words; recorded as a check."""
        words = self.device.dump(memory, at, count)
        self._steps.append(CheckStep(memory, at, tuple(words.tolist())))
        return words

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input events."""
        events = check_events(self.config.core, self.config.event_bits, events)
        # Recorded first: events that make the device fail are worth keeping.
        self._steps.extend(EventStep(event) for event in events.tolist())
        self.device.send(events)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; recorded with the output words."""
        events = self.device.settle()
        self._steps.append(SettleStep(tuple(int(event) for event in events)))
        return events

    def spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction; the reply to a read is recorded."""
        reply = _shadowed_spi(self.device, self.register_values, address, data)
        read = SpiFrame.of(self.device).decode(address)
        self._steps.append(SpiStep(address, data, reply if read.read else None))
        return reply

    def close(self) -> None:
        """Close the device."""
        self.device.close()


def _shadowed_spi(device: Device, values: dict[str, int], address: int, data: int) -> int:
    """Carry out a raw SPI transaction, given the present registers, which it may change."""
    reply = spi_transaction(device, address, data, gated=bool(values["gate"]))
    number = SpiFrame.of(device).decode(address).register
    register = None if number is None else device.registers.at(number)
    if register is not None:
        values[register.name] = data & ((1 << register.width) - 1)
    return reply


class _Player:
    """A device during a replay: events are sent together, and the registers are known."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._registers = {register.name: 0 for register in device.registers}
        self._events: list[int] = []

    @property
    def device(self) -> Device:
        """The device, with all events sent."""
        if self._events:
            events, self._events = self._events, []
            self._device.send(events)
        return self._device

    def send(self, event: int) -> None:
        """Send an event, at the latest when the device is used next."""
        self._events.append(event)

    def write_register(self, address: int, value: int) -> None:
        """Write a register by number; it takes the low bits of the value."""
        register = self._device.registers.at(address)
        if register is not None:
            value &= (1 << register.width) - 1
            self.device.configure(**{register.name: value})
            self._registers[register.name] = value
        elif hasattr(self._device, "spi"):
            # Nothing must happen, which real pins can show.
            self.spi(SpiFrame.of(self._device).register(address), value)

    def spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction."""
        return _shadowed_spi(self.device, self._registers, address, data)

    @contextmanager
    def gated(self) -> Iterator[None]:
        """Close the gate for a while, if it is open."""
        was_open = not self._registers["gate"]
        if was_open:
            self.device.configure(gate=1)
        yield
        if was_open:
            self.device.configure(gate=0)


@dataclass(frozen=True)
class ReplayResult:
    """What came of a replay.

    Attributes
    ----------
    name : str
        Name of the trace.
    ok : bool
        True if all answers were as expected.
    steps : int
        Steps carried out, the failing one included.
    cycles : int or None
        Clock cycles, if the device counts them.
    difference : dict or None
        The first difference: `step`, counted from 1, and `kind`. For `memory` also `memory`, `word`,
        and `expected` and `got` in hexadecimal; for `event` also `event`, the position among the
        output words of this settle, `expected` and `got`, None where there is no word; for `reply`
        also `expected` and `got`; for `busy`, if the core did not become idle, also `message`.
    """

    name: str
    ok: bool
    steps: int
    cycles: int | None
    difference: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return all attributes by name; `cycles` and `difference` only if there are any."""
        values = {"name": self.name, "ok": self.ok, "steps": self.steps}
        if self.cycles is not None:
            values["cycles"] = self.cycles
        if self.difference is not None:
            values["difference"] = self.difference
        return values


def replay(
    trace: Trace, device: Device, progress: Callable[[int, int], None] | None = None
) -> ReplayResult:
    """Carry out a trace on a device, up to the first difference.

    Parameters
    ----------
    trace : Trace
        The trace.
    device : Device
        A freshly reset device of the trace's configuration.
    progress : callable, optional
        Called after each step with the steps done and the steps in all.

    Raises
    ------
    InputError
        If the device has another configuration than the trace; what does not change results may
        differ.
    """
    if device.config.core != trace.core:
        raise InputError(
            f"{trace.name}: the trace is for the core {trace.core}, "
            f"the device is {device.config.core}"
        )
    expected, got = _trace_parameters(trace.config), _trace_parameters(device.config)
    for name in expected:
        if expected[name] != got[name]:
            raise InputError(
                f"{trace.name}: the trace is for {name} = {expected[name]}, "
                f"the device has {got[name]}"
            )
    start = getattr(device, "cycles", None)
    player = _Player(device)
    difference = None
    done = 0
    try:
        for step in trace.steps:
            done += 1
            difference = step.run(player)
            if progress is not None:
                progress(done, len(trace.steps))
            if difference is not None:
                break
        else:
            _ = player.device  # sends events that are left
    except BusyError as error:
        difference = {"kind": "busy", "message": str(error)}
    if difference is not None:
        difference = {"step": done} | difference
    cycles = None if start is None else device.cycles - start
    return ReplayResult(trace.name, difference is None, done, cycles, difference)
