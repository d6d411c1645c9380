"""The command `spikewright`: finds the command that is meant, and turns errors into one line."""

import sys
import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..hdl.error import InputError, RunError

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
    """Run the command line and exit: 0 all is well, 1 a check failed, 2 bad input."""
    sys.exit(_status())


def _status() -> int:
    # Amaranth warns of components that are made and not elaborated, as when bad input is found. Its
    # class is not named here, because Amaranth is not imported before it is needed.
    warnings.filterwarnings("ignore", message="(?s).* created but never used")
    try:
        # Without arguments the help is what is wanted. The name is the same by `python -m`.
        words = sys.argv[1:] or ["--help"]
        return app(words, prog_name="spikewright", standalone_mode=False) or 0
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return _complain("interrupted", 130)
    except InputError as error:
        return _complain(str(error), 2)
    except RunError as error:
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
