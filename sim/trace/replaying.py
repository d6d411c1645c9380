"""Replaying of traces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...hdl.catalogue import core_of
from ...hdl.error import InputError
from ..device import BusyError, Device
from .file import Trace
from .replayer import Replayer

__all__ = ["ReplayResult", "replay"]


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
        The first difference: `step`, counted from 1, and `kind`. For `memory` also `memory`,
        `word`, and `expected` and `got` in hexadecimal; for `event` also `event`, the position
        among the output words of this settle, `expected` and `got`, None where there is no word;
        for `reply` also `expected` and `got`, and `word` if it has several words; for `pin` also
        `pin`, `expected` and `got`; for `register` also `address`, `expected` and `got`; for
        `busy`, if the core did not become idle, also `message`.
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
    core = core_of(trace.config)
    expected, got = core.trace_values(trace.config), core.trace_values(device.config)
    for name in expected:
        if expected[name] != got[name]:
            raise InputError(
                f"{trace.name}: the trace is for {name} = {expected[name]}, "
                f"the device has {got[name]}"
            )
    start = device.cycles
    replayer = Replayer(device)
    difference = None
    done = 0
    try:
        for step in trace.steps:
            done += 1
            difference = step.run(replayer)
            if progress is not None:
                progress(done, len(trace.steps))
            if difference is not None:
                break
        else:
            _ = replayer.device  # sends events that are left
    except BusyError as error:
        difference = {"kind": "busy", "message": str(error)}
    if difference is not None:
        difference = {"step": done} | difference
    cycles = None if start is None else device.cycles - start
    return ReplayResult(trace.name, difference is None, done, cycles, difference)
