"""The boards there are, by name; loaded when they are used."""

from importlib import import_module
from typing import TYPE_CHECKING

from ..hdl.catalogue import find_core
from ..hdl.error import InputError
from ..hdl.extra import require

if TYPE_CHECKING:
    from .board import Board

__all__ = ["BOARDS", "board_parameters", "find_board"]

#: Boards by name, and what to know about each.
BOARDS = {
    "icebreaker": "1BitSquared iCEBreaker: iCE40UP5K, up to 24 MHz",
    "ulx3s-85f": "Radiona ULX3S 85F: ECP5-85F, up to 50 MHz",
}


def board_parameters(board: str, core: str) -> dict[str, int]:
    """Return the parameters of a core that suit a board better than their defaults.

    Raises
    ------
    InputError
        If the board or the core is unknown.
    """
    return dict(find_core(core).boards.get(find_board(board).name, {}))


def find_board(name: str) -> "Board":
    """Return a board by name.

    Raises
    ------
    InputError
        If it is unknown; names the boards there are. If a package that it needs is not installed.
    """
    if name not in BOARDS:
        raise InputError(f"there is no board {name!r}, there are {', '.join(BOARDS)}")
    with require("fpga"):
        return import_module(f".{name.replace('-', '_')}", __package__).BOARD
