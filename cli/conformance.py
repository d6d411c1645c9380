"""The conformance suite: whether a core, ours or somebody's own, keeps what its description says.

    from spikewright.cli.conformance import check_conformance

    def test_my_core():
        check_conformance("my_core")

`check_conformance` raises an `AssertionError` that names everything that fails; `conform` yields
what came of each check, as `spikewright conform CORE` shows it.
"""

import dataclasses
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import wiring

from ..boards.driver import BoardDevice, SerialTransport
from ..boards.simulated import SimulatedBoard
from ..hdl.catalogue import find_core, interface_of, make_core, pins_of, shells_of
from ..hdl.config import CoreConfig
from ..hdl.core import Core
from ..hdl.error import InputError, RunError
from ..hdl.extra import require
from ..hdl.handoff.testbench import bench_name
from ..hdl.interface.interface import Interface
from ..hdl.keywords import NAME_RULE, is_name
from ..sim.device import Device
from ..sim.generate import generate
from ..sim.model import open_model
from ..sim.rtl import open_rtl
from ..sim.trace import Recorder, Trace, read_trace, replay, write_trace
from ..sim.verify import record, verify
from ..sim.workload import Workload, find_workload

__all__ = ["CHECKS", "Conformance", "check_conformance", "conform"]

#: Names that the workload of a core has.
_WORKLOAD = ("CONFIGURATIONS", "UNEXERCISED", "stimulate", "exercise")
_WORKLOAD += ("prepare_activity", "drive_activity")

#: Clock cycles for one bit of the simulated serial line, and seconds to wait for an answer.
_DIVISOR = 8
_PATIENCE = 10.0


class _Failure(Exception):
    """What a check has found wrong."""


class _LeftOut(Exception):
    """Why a check cannot be made here."""


@dataclass(frozen=True)
class Conformance:
    """What came of a check.

    Attributes
    ----------
    name : str
        The check, a few words.
    ok : bool
        Nothing is wrong, as far as it could be looked at.
    message : str
        What is wrong, or why the check was left out.
    left_out : bool
        A program that the check needs is not installed.
    """

    name: str
    ok: bool
    message: str = ""
    left_out: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return all attributes by name."""
        return dataclasses.asdict(self)


@dataclass
class _Subject:
    """The core that is checked, and what several checks use."""

    core: Core
    seeds: int
    folder: Path
    folders: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def workload(self) -> Workload:
        return find_workload(self.core.name)

    @cached_property
    def config(self) -> CoreConfig:
        """The smallest configuration of the workload."""
        return min(self.workload.CONFIGURATIONS, key=_memory_bits)

    @property
    def interface(self) -> Interface:
        return interface_of(self.config)

    @cached_property
    def exercise(self) -> Trace:
        """The bench vectors of the smallest configuration, on the model."""
        recorder = Recorder(open_model(self.config), name="exercise")
        self.workload.exercise(recorder, np.random.default_rng(0))
        return recorder.trace

    def product(self, shell: str) -> Path:
        """Return the generated folder of the smallest configuration in a shell."""
        if shell not in self.folders:
            self.folders[shell] = self.folder / shell
            generate(self.config, shell, folder=self.folders[shell])
        return self.folders[shell]


def _memory_bits(config: CoreConfig) -> int:
    return sum(memory.words * memory.width for memory in interface_of(config).memories.values())


def _expect(condition: object, message: str) -> None:
    if not condition:
        raise _Failure(message)


def _replayed(trace: Trace, device: Device, what: str) -> None:
    with device:
        result = replay(trace, device)
    if not result.ok:
        shown = ", ".join(f"{name} {value}" for name, value in (result.difference or {}).items())
        raise _Failure(f"{what}: {shown}")


def _check_description(subject: _Subject) -> None:
    """The description is complete, and its parts agree."""
    core = subject.core
    kind = core.config_class()
    _expect(kind.core == core.name, f"the configurations are of the core {kind.core!r}")
    known = [item.name for item in kind.parameters()]
    for name in (*core.trace_parameters, *(n for p in core.boards.values() for n in p)):
        _expect(name in known, f"{name!r} is no parameter, there are {', '.join(known)}")
    missing = [name for name in _WORKLOAD if not hasattr(subject.workload, name)]
    _expect(not missing, f"the workload has no {', '.join(missing)}")
    pool = subject.workload.CONFIGURATIONS
    _expect(pool, "the workload has no configurations")
    for config in pool:
        _expect(type(config) is kind, f"{config!r} of the workload is no {kind.__name__}")


def _check_interface(subject: _Subject) -> None:
    """Registers, memories and streams of every configuration make sense."""
    for config in subject.workload.CONFIGURATIONS:
        interface = interface_of(config)
        registers, gate = interface.registers, interface.gate.register
        _expect(gate in registers, f"there is no register {gate!r}, which is the gate")
        _expect("W" in registers[gate].access, f"the gate {gate!r} cannot be written")
        for register in registers:
            _expect(
                register.lowest <= register.reset <= register.highest,
                f"register {register.name} cannot hold its reset value {register.reset}",
            )
            _expect(
                register.access in ("R", "W", "RW"),
                f"register {register.name} has the access {register.access!r}",
            )
        _expect(interface.memories, "there is no memory")
        places = [(memory.space, memory.bank) for memory in interface.memories.values()]
        _expect(len(set(places)) == len(places), "two memories have one space")
        for name, memory in interface.memories.items():
            _expect(memory.space > 0, f"memory {name} has the space 0, which are the registers")
            _expect(memory.access in ("R", "RW"), f"memory {name} has the access {memory.access!r}")
        _expect(interface.inputs and interface.outputs, "there is no stream each way")
        _expect(interface.access_unit in (8, 32), "the access unit is neither 8 nor 32")
        step = interface.time_step
        if step is not None:
            _expect(step.pulse in interface.pulses, f"there is no pulse {step.pulse!r}")
            _expect(step.ready in interface.statuses, f"there is no status {step.ready!r}")
        names = [register.name for register in registers]
        names += [*interface.memories, *interface.bits_in, *interface.bits_out]
        names += [f"{stream}_valid" for stream in (*interface.inputs, *interface.outputs)]
        for name in names:
            _expect(is_name(name), f"the name {name!r} is not {NAME_RULE}")


def _check_hardware(subject: _Subject) -> None:
    """The hardware has the interface and says how many clock cycles events take."""
    for config in subject.workload.CONFIGURATIONS:
        core = make_core(config)
        core._MustUse__silence = True
        members = _ports(wiring.Signature(interface_of(config).members()))
        found = _ports(core.signature)
        for name, port in members.items():
            _expect(name in found, f"{config.name}: the hardware has no port {name}")
            _expect(found[name] == port, f"{config.name}: port {name} is {found[name]}, not {port}")
        extra = [name for name in found if name not in members]
        _expect(not extra, f"{config.name}: the interface has no port {', '.join(extra)}")
        cycles = core.cycles()
        _expect(cycles and all(count > 0 for count in cycles.values()), "cycles() gives none")


def _ports(signature: wiring.Signature) -> dict[str, str]:
    """Return direction and bits of each port, by name."""
    return {
        "_".join(map(str, path)): f"{member.flow.name} of {Shape.cast(member.shape).width} bits"
        for path, member, _ in signature.flatten(signature.create())
    }


def _check_model(subject: _Subject) -> None:
    """The model is a device, and the same seed gives the same answers."""
    for config in subject.workload.CONFIGURATIONS:
        model = open_model(config)
        _expect(isinstance(model, Device), "the model is no Device")
        first, again = record(config, 1), record(config, 1)
        _expect(first == again, f"{config.name}: the same seed gives another trace")


def _check_verify(subject: _Subject) -> None:
    """Hardware and model agree on random stimulus, with stalls, in all configurations."""
    count = max(subject.seeds, len(subject.workload.CONFIGURATIONS))
    for result in verify(subject.core.name, seeds=count, folder=subject.folder / "verify"):
        if not result.replay.ok:
            shown = ", ".join(f"{k} {v}" for k, v in (result.replay.difference or {}).items())
            changed = result.config.changed or "the default configuration"
            raise _Failure(f"seed {result.seed}, {result.shell}, {changed}: {shown}")


def _check_speed_parameters(subject: _Subject) -> None:
    """Parameters that no trace has change no result."""
    trace = subject.exercise
    core = subject.core
    for config in subject.workload.CONFIGURATIONS:
        if core.trace_values(config) == core.trace_values(subject.config):
            _replayed(trace, open_rtl(config), f"{config.changed}")


def _check_engines(subject: _Subject) -> None:
    """Amaranth's simulator and a compiled engine agree, behind every shell that engines drive."""
    shells = ["native", *(["pins"] if subject.core.pins else [])]
    for shell in shells:
        for engine in ("compiled", "cxxrtl", "amaranth") if shell == "native" else ("compiled",):
            device = open_rtl(subject.config, shell=shell, engine=engine)
            _replayed(subject.exercise, device, f"{engine}, {shell}")


def _check_netlist(subject: _Subject) -> None:
    """The netlist of iCE40 cells does the same as the model."""
    _replayed(subject.exercise, open_rtl(subject.config, netlist="ice40"), "netlist of ice40")


def _check_reset(subject: _Subject) -> None:
    """A reset makes a device new: registers, queues, and what is hidden beside memory words."""
    for make in (open_model, open_rtl):
        with make(subject.config) as device:
            replay(subject.exercise, device)
            device.reset()
            if subject.interface.reset_clears_registers:
                for register in subject.interface.registers:
                    if "R" in register.access:
                        value = device.read(register.name)
                        _expect(
                            value == register.reset,
                            f"register {register.name} is {value} after a reset",
                        )
            else:
                device.configure(**subject.interface.registers.reset_values())
            _expect(not len(device.settle()), "there are output words after a reset")
            result = replay(subject.exercise, device)
            _expect(result.ok, f"after a reset the same is another: {result.difference}")


def _check_gate(subject: _Subject) -> None:
    """A core that is gated in the middle of an event finishes it, and takes no other."""
    if not subject.interface.gate.holds_events:
        return
    gate = subject.interface.gate.register
    prefix, event = _first_answered(subject)
    for delay in (0, 1, 2, 3, 5, 8, 13, 21):
        answers = []
        for make in (open_model, open_rtl):
            with make(subject.config) as device:
                _expect(replay(prefix, device).ok, "the bench vectors fail before this event")
                device.settle()
                device.send([event])
                if make is open_rtl:
                    device.engine.step(delay)
                device.configure(**{gate: 1})
                words = device.settle().tolist()
                memories = [
                    device.dump(name, 0, min(size.words, 16)).tolist()
                    for name, size in subject.interface.memories.items()
                    if "W" in size.access
                ]
                answers.append((words, memories))
        _expect(answers[0] == answers[1], f"gated {delay} cycles after an event was taken")


def _first_answered(subject: _Subject) -> tuple[Trace, int]:
    """Return the first event of the bench vectors that has output words, and what is before it."""
    for count, step in enumerate(subject.exercise.steps):
        if step.do != "event":
            continue
        prefix = dataclasses.replace(subject.exercise, steps=subject.exercise.steps[:count])
        with open_model(subject.config) as model:
            replay(prefix, model)
            model.settle()
            model.send([step.address])
            if len(model.settle()):
                return prefix, step.address
    raise _Failure("no event of the bench vectors has output words")


def _check_traces(subject: _Subject) -> None:
    """A recording is read back as it was written."""
    path = subject.folder / "conform.trace.jsonl.gz"
    trace = dataclasses.replace(subject.exercise, name="conform")
    write_trace(trace, path)
    first = path.read_bytes()
    found = read_trace(path)
    _expect(found == trace, "a trace is read back as another one")
    write_trace(found, path)
    _expect(path.read_bytes() == first, "a trace has other bytes when it is written again")
    _replayed(found, open_model(subject.config), "the model")


def _check_generated(subject: _Subject) -> None:
    """The generated folder of every shell is the same twice."""
    for shell in shells_of(subject.core.name):
        folder = subject.product(shell)
        again = subject.folder / f"{shell}-again"
        generate(subject.config, shell, folder=again)
        for path in folder.iterdir():
            _expect(
                path.read_bytes() == (again / path.name).read_bytes(),
                f"{shell}: {path.name} differs",
            )
        shutil.rmtree(again)


def _bench(subject: _Subject, program: str, build: Callable[[str, Path], list[list[str]]]) -> None:
    if shutil.which(program) is None:
        raise _LeftOut(f"{program} is not installed")
    for shell in shells_of(subject.core.name):
        folder = subject.product(shell)
        (files,) = folder.glob("*_bench.f")
        top = files.name.removesuffix("_bench.f")
        for command in build(top, subject.folder / f"{program}-{shell}"):
            result = subprocess.run(
                command, cwd=folder, capture_output=True, encoding="utf-8", check=False
            )
            lines = [line for line in (result.stdout + result.stderr).splitlines() if line]
            _expect(result.returncode == 0, f"{shell}: {(lines or ['no output'])[0]}")
        _expect(any("PASS" in line for line in lines), f"{shell}: the bench does not pass")


def _check_icarus(subject: _Subject) -> None:
    """The test bench of every shell passes in Icarus Verilog."""

    def build(top: str, output: Path) -> list[list[str]]:
        compile_it = ["iverilog", "-g2012", "-Wall", "-o", str(output), "-f", f"{top}_bench.f"]
        return [compile_it, ["vvp", "-n", str(output)]]

    _bench(subject, "iverilog", build)


def _check_verilator(subject: _Subject) -> None:
    """The test bench of every shell passes in Verilator."""

    def build(top: str, output: Path) -> list[list[str]]:
        bench = bench_name(top)
        options = ["-f", f"{bench}.f", "--top-module", bench, "-Mdir", str(output)]
        # Compiling costs more than these few cycles.
        options += ["-O0", "-CFLAGS", "-O0"]
        return [["verilator", "--binary", *options], [str(output / f"V{bench}")]]

    _bench(subject, "verilator", build)


def _check_header(subject: _Subject) -> None:
    """The C header of every shell compiles without a warning."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise _LeftOut("there is no C compiler")
    for shell in shells_of(subject.core.name):
        (header,) = subject.product(shell).glob("*.h")
        command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        command += ["-fsyntax-only", f"-I{header.parent}", "-x", "c", "-"]
        program = (
            f'#include "{header.name}"\n#include "{header.name}"\nint main(void) {{ return 0; }}\n'
        )
        result = subprocess.run(
            command, input=program, capture_output=True, encoding="utf-8", check=False
        )
        lines = [line for line in result.stderr.splitlines() if "error" in line]
        _expect(result.returncode == 0, f"{shell}: {(lines or ['no output'])[0]}")


def _check_rdl(subject: _Subject) -> None:
    """The SystemRDL of every shell compiles."""
    try:
        with require("test"):
            from systemrdl import RDLCompileError, RDLCompiler
    except InputError as error:
        raise _LeftOut(str(error)) from None
    for shell in shells_of(subject.core.name):
        (path,) = subject.product(shell).glob("*.rdl")
        compiler = RDLCompiler()
        try:
            compiler.compile_file(str(path))
            compiler.elaborate()
        except RDLCompileError as error:
            raise _Failure(f"{shell}: {error}") from None


def _check_host_link(subject: _Subject) -> None:
    """A simulated board answers as the model does, over its serial line."""
    with SimulatedBoard(make_core(subject.config), divisor=_DIVISOR) as board:
        # A simulated board is as slow as the machine is busy.
        device = BoardDevice(subject.config, SerialTransport(board.port), timeout=_PATIENCE)
        _replayed(subject.exercise, device, "on the simulated board")


def _check_pins(subject: _Subject) -> None:
    """The pins agree with the interface, and raw SPI transactions do what accesses do."""
    pins, interface = pins_of(subject.config), subject.interface
    if pins is None:
        return
    for name in (*interface.inputs, *interface.outputs):
        _expect(name in pins.buses, f"the pins have no bus for the stream {name!r}")
    for name in interface.memories:
        _expect(name in pins.spi.places, f"SPI words say nothing of the memory {name!r}")
    for kind in ("pulses", "levels"):
        missing = [n for n in getattr(interface, kind) if n not in getattr(pins, kind)]
        _expect(not missing, f"the pins have no {kind} {', '.join(missing)}")
    register = next(r for r in interface.registers if "W" in r.access)
    with open_rtl(subject.config, shell="pins") as device:
        word = pins.spi.first(write=True, address=register.address)
        device.transact([word, register.word(register.highest)])
        shown = device.register_values[register.name]
        _expect(shown == register.highest, f"a transaction leaves {register.name} at {shown}")


#: The checks, in order: name, and what makes it.
CHECKS: dict[str, Callable[[_Subject], None]] = {
    "description": _check_description,
    "interface": _check_interface,
    "hardware has the interface": _check_hardware,
    "model": _check_model,
    "model against RTL, random stimulus": _check_verify,
    "parameters of speed alone": _check_speed_parameters,
    "engines agree": _check_engines,
    "netlist": _check_netlist,
    "reset": _check_reset,
    "gate in the middle of an event": _check_gate,
    "published pins": _check_pins,
    "traces": _check_traces,
    "host link": _check_host_link,
    "generated files, all shells": _check_generated,
    "test bench in Icarus Verilog": _check_icarus,
    "test bench in Verilator": _check_verilator,
    "C header": _check_header,
    "SystemRDL": _check_rdl,
}


def conform(
    core: str, *, seeds: int = 8, checks: Iterable[str] | None = None
) -> Iterator[Conformance]:
    """Check a core; yield what came of each check, as soon as it has been made.

    Parameters
    ----------
    core : str
        A core's name, or `package.module:NAME`.
    seeds : int
        Seeds of random stimulus, at least; each configuration of the workload is taken once.
    checks : iterable of str, optional
        Names of the checks to make; all of `CHECKS` if absent.

    Raises
    ------
    InputError
        If there is no such core or no such check.
    """
    found = find_core(core)
    wanted = list(CHECKS if checks is None else checks)
    for title in wanted:
        if title not in CHECKS:
            raise InputError(f"there is no check {title!r}, there are {', '.join(CHECKS)}")
    with tempfile.TemporaryDirectory(prefix="spikewright-") as name:
        subject = _Subject(found, seeds, Path(name))
        for title in wanted:
            try:
                CHECKS[title](subject)
            except _LeftOut as reason:
                yield Conformance(title, True, str(reason), left_out=True)
            except (_Failure, InputError, RunError) as error:
                yield Conformance(title, False, " ".join(str(error).split()))
            except Exception as error:
                # Somebody's core may fail in any way; that is what is to be told.
                yield Conformance(title, False, f"{type(error).__name__}: {error}")
            else:
                yield Conformance(title, True)


def check_conformance(core: str, *, seeds: int = 8, checks: Iterable[str] | None = None) -> None:
    """Raise an `AssertionError` that names what fails if a core does not conform.

    Parameters
    ----------
    core, seeds, checks
        As for `conform`.
    """
    failed = [result for result in conform(core, seeds=seeds, checks=checks) if not result.ok]
    if failed:
        lines = [f"{result.name}: {result.message}" for result in failed]
        raise AssertionError(f"{core} does not conform:\n" + "\n".join(lines))
