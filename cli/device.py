"""Devices as the command line chooses them."""

from collections.abc import Collection
from pathlib import Path

from ..hdl.catalogue import find_shell
from ..hdl.config import CoreConfig
from ..hdl.error import InputError
from ..hdl.memory.technology import INFERRED, find_technology
from ..sim.device import Device
from ..sim.engine import DEFAULT_ENGINE, check_engine
from ..sim.model import open_model
from ..sim.rtl import open_rtl

__all__ = ["ON", "check_effect", "open_device"]

#: What a program can run on.
ON = {
    "model": "the NumPy model",
    "rtl": "the core in a simulator",
    "netlist": "the core after synthesis, in a simulator",
    "board": "the core on a board, over a serial port",
}


#: What options have an effect on.
_EFFECTIVE_ON = {
    "engine": ("rtl", "netlist"),
    "shell": ("rtl", "netlist"),
    "cells": ("netlist",),
    "memory": ("rtl",),
    "port": ("board",),
}


def check_effect(on: str, given: Collection[str]) -> None:
    """Check that all options of devices have an effect on what a command runs on.

    Raises
    ------
    InputError
        If one has none; says where it has.
    """
    for name, places in _EFFECTIVE_ON.items():
        if name in given and on not in places:
            raise InputError(
                f"--{name} has no effect on {on}, it goes with --on {' or '.join(places)}"
            )


def open_device(
    config: CoreConfig,
    on: str,
    *,
    engine: str = DEFAULT_ENGINE,
    shell: str = "native",
    cells: str = "ice40",
    memory: str = INFERRED,
    port: str | None = None,
    wave: Path | None = None,
    given: Collection[str] = (),
) -> Device:
    """Open the device a command runs on.

    Parameters
    ----------
    config : CoreConfig
        The core.
    on : str
        One of `ON`.
    engine, shell, memory, wave
        As for `RtlDevice`.
    cells : str
        Family of the netlist's cells.
    port : str, optional
        Serial port of the board.
    given : collection of str
        Names of the options that the user gave, which must have an effect.

    Raises
    ------
    InputError
        If something named does not exist, or does not go with `on`.
    """
    if on not in ON:
        raise InputError(f"cannot run on {on!r}, allowed is {', '.join(ON)}")
    # Also where they have no effect: a name that does not exist is a mistake.
    check_engine(engine)
    find_shell(config.core, shell)
    if wave is not None and on not in ("rtl", "netlist"):
        raise InputError(f"waveforms are written on rtl and netlist, not on {on}")
    technology = find_technology(memory)
    if technology.instantiated and on != "rtl":
        raise InputError(f"macros of {memory} are simulated on rtl, not on {on}")
    check_effect(on, given)
    if memory != INFERRED and not technology.instantiated:
        raise InputError(
            f"memories of {memory} are inferred, which a simulation does not show, allowed is "
            f"{INFERRED} or a technology of macros"
        )
    if on == "model":
        return open_model(config)
    if on == "board":
        from ..boards.driver import open_board

        if port is None:
            raise InputError("running on a board needs its serial port: --port NAME")
        return open_board(config, port)
    return open_rtl(
        config,
        shell=shell,
        engine=engine,
        netlist=cells if on == "netlist" else None,
        memory=memory,
        wave=wave,
    )
