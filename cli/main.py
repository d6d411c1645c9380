"""The command `spikewright`: finds the command that is meant, and turns errors into one line."""

import sys
import warnings
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..hdl.error import InputError, RunError
from .ending import Stopped, catch_signals, discard_output, failure_text, prepare_output

__all__ = ["COMMANDS", "app", "run"]

#: Commands by name: `module:function`, the module being one of the package `command`, and the first
#: line of its help. A module is imported when its command is used, so that help comes at once.
COMMANDS = {
    "list": ("list:list_all", "List cores, shells, boards, devices, engines and tasks."),
    "generate": (
        "generate:generate",
        "Write the Verilog of a core, with test bench, constraints, register map and header.",
    ),
    "replay": ("replay:replay", "Replay recorded traces and compare every answer."),
    "verify": (
        "verify:verify",
        "Compare hardware and model on random stimulus, random stalls and random configurations.",
    ),
    "conform": (
        "conform:conform",
        "Check that a core keeps what its description says: the suite for one's own core.",
    ),
    "synth": (
        "synth:synth",
        "Report area and maximum frequency on a device; "
        "with --memory the area of the SRAM macros too.",
    ),
    "build": ("build:build", "Build the bitstream of a core with its host link for a board."),
    "run": ("run:run_task", "Run a task on a core: classify, learn, reproduce spiking behaviours."),
    "train": ("train:train", "Train the weights that a task is shipped with."),
    "demo": (
        "demo:demo",
        "Generate, verify, classify digits and build a bitstream: a tour in minutes.",
    ),
}


#: Exit status after Ctrl-C, also Typer's.
_INTERRUPTED = 130


class _Commands(TyperGroup):
    """The commands; what is registered are only their names and the first lines of their help."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name of the command that is meant, the command, and its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(name), rest


def _load(name: str) -> Any:
    """Return a command, of which the module is imported now."""
    module, _, function = COMMANDS[name][0].partition(":")
    single = typer.Typer(add_completion=False)
    single.command(name)(getattr(import_module(f".command.{module}", __package__), function))
    return typer.main.get_command(single)


app = typer.Typer(cls=_Commands, pretty_exceptions_enable=False)
for _name, (_, _help) in COMMANDS.items():
    app.command(_name, help=_help)(lambda: None)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"spikewright {version('spikewright')}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Generator of synthesizable neuromorphic processors."""


def run() -> None:
    """Run the command line and exit.

    0: all is well. 1: a check or a tool failed. 2: bad input, or the operating system refused
    something. 130, 143 and other numbers above 128: stopped by a signal.
    """
    catch_signals()
    sys.exit(_status())


def _status() -> int:
    # Amaranth warns of components that are made and not elaborated, as when bad input is found. Its
    # class is not named here, because Amaranth is not imported before it is needed.
    warnings.filterwarnings("ignore", message="(?s).* created but never used")
    try:
        prepare_output()
        status = _run_command()
        # What cannot be printed is noticed here at the latest.
        sys.stdout.flush()
        return status
    except typer.Abort:
        return _complain("interrupted", _INTERRUPTED)
    except Stopped as stop:
        return _complain(f"stopped by {stop.signal.name}", 128 + stop.signal)
    except InputError as error:
        return _complain(str(error), 2)
    except RunError as error:
        return _complain(str(error), 1)
    except OSError as error:
        discard_output()
        return _complain(failure_text(error), 2)
    except Exception as error:
        # Errors in the use of the command line; Typer brings their classes along under other names
        # from version to version.
        if not hasattr(error, "format_message"):
            raise
        return _complain(error.format_message(), 2)


def _run_command() -> int:
    """Run what the arguments say; return its exit status."""
    try:
        # Without arguments the help is what is wanted. The name is the same by `python -m`.
        words = sys.argv[1:] or ["--help"]
        status = app(words, prog_name="spikewright", standalone_mode=False) or 0
    except typer.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        # Typer's way with a pipe that nobody reads any more.
        if isinstance(stop.__context__, OSError):
            raise stop.__context__ from None
        raise
    # Some versions of Typer raise `Abort` themselves.
    if status == _INTERRUPTED:
        raise typer.Abort
    return status


def _complain(message: str, status: int) -> int:
    line = " ".join(message.split())
    # Names of files may hold what would command the terminal.
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)
    with suppress(OSError):
        print(f"spikewright: {shown}", file=sys.stderr)
    return status
