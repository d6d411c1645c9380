"""Random stimulus against the model: record on the model, replay on the hardware."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..hdl.catalogue import pins_of
from ..hdl.config import CoreConfig
from ..hdl.error import InputError
from ..hdl.memory.technology import INFERRED
from .device import BusyError
from .engine import DEFAULT_ENGINE
from .model import open_model
from .rtl import open_rtl
from .trace import Recorder, ReplayResult, Trace, replay, write_trace
from .workload import find_workload

__all__ = ["VerifyResult", "configurations", "record", "verify"]


@dataclass(frozen=True)
class VerifyResult:
    """What came of one seed.

    Attributes
    ----------
    seed : int
        The seed.
    config : CoreConfig
        Configuration it was run with.
    shell : str
        What the core was driven through.
    replay : ReplayResult
        What came of replaying the recording.
    trace : Path or None
        The recording, kept if it failed.
    """

    seed: int
    config: CoreConfig
    shell: str
    replay: ReplayResult
    trace: Path | None

    def as_dict(self) -> dict[str, Any]:
        """Return everything by name, for reports."""
        values = self.replay.as_dict() | {
            "seed": self.seed,
            "parameters": self.config.changed,
            "shell": self.shell,
        }
        if self.trace is not None:
            values["trace"] = str(self.trace)
        return values


def configurations(core: str, parameters: Mapping[str, int]) -> list[CoreConfig]:
    """Return the configurations that `verify` goes through, with some parameters fixed.

    Raises
    ------
    InputError
        If a parameter is unknown or its value is not allowed.
    """
    pool = find_workload(core).CONFIGURATIONS
    type(pool[0]).from_mapping(parameters)
    fixed: list[CoreConfig] = []
    for config in pool:
        config = dataclasses.replace(config, **parameters)
        if config not in fixed:
            fixed.append(config)
    return fixed


#: Queued events that one input event may cause in a recording; more would take long to replay.
EVENT_LIMIT = 1_000

#: Seeds, modulo 5, for which the device is not new.
_SECOND_SESSIONS = (1, 3)


def record(config: CoreConfig, seed: int) -> Trace:
    """Stimulate the model of a core at random and return what was said.

    The same configuration and seed give the same trace.
    """
    stimulate = find_workload(config.core).stimulate
    # A random network may keep itself going for ever; then the next one is taken.
    for attempt in range(1000):
        model = open_model(config)
        model.event_limit = EVENT_LIMIT
        recorder = Recorder(model, about=f"random stimulus, seed {seed}", name=f"seed-{seed}")
        try:
            stimulate(recorder, np.random.default_rng([seed, attempt]))
        except BusyError:
            continue
        return recorder.trace
    raise InputError(f"{config.core}: no random network comes to rest for seed {seed}")


def verify(
    core: str,
    *,
    seeds: int,
    parameters: Mapping[str, int] | None = None,
    shell: str | None = None,
    engine: str = DEFAULT_ENGINE,
    netlist: str | None = None,
    memory: str = INFERRED,
    folder: Path = Path("build/verify"),
    first_seed: int = 0,
    progress: Callable[[VerifyResult], None] | None = None,
) -> list[VerifyResult]:
    """Compare hardware with the model on random stimulus, with random stalls.

    Configurations are taken in turn. Two seeds of three stall every stream at random; without a
    shell given, one of four goes through the pins, if the core has any. Before two seeds of five
    the device is used with the next seed, of which nothing may be left.

    Parameters
    ----------
    core : str
        Name of the core.
    seeds : int
        How many seeds, from `first_seed` on.
    parameters : mapping, optional
        Parameters to fix.
    shell, engine, netlist, memory
        As for `RtlDevice`.
    folder : Path
        Where recordings of failures are kept.
    progress : callable, optional
        Called after each seed.

    Raises
    ------
    InputError
        If something named does not exist or is not allowed.
    """
    pool = configurations(core, parameters or {})
    results = []
    for seed in range(first_seed, first_seed + seeds):
        config = pool[seed % len(pool)]
        has_turn = pins_of(config) is not None and seed % 4 == 3
        used_shell = shell or ("pins" if has_turn else "native")
        trace = record(config, seed)
        before = record(config, seed + 1) if seed % 5 in _SECOND_SESSIONS else None
        with open_rtl(
            config,
            shell=used_shell,
            engine=engine,
            netlist=netlist,
            memory=memory,
            stall_seed=seed if seed % 3 else None,
        ) as device:
            if before is not None:
                replay(before, device)
                device.restart()
            outcome = replay(trace, device)
        kept = None
        if not outcome.ok:
            kept = folder / f"{config.name}-seed-{seed}.trace.jsonl.gz"
            write_trace(trace, kept)
        result = VerifyResult(seed, config, used_shell, outcome, kept)
        results.append(result)
        if progress is not None:
            progress(result)
    return results
