"""Traces: recorded conversations with a core, to be replayed on any device.

A trace is a gzip-compressed file of JSON lines: a header, then one step a line. `read_trace` checks
everything in it, `replay` carries it out, and a `Recorder` makes one of what a device is told and
answers.
"""

from .file import SUFFIX, Trace, read_trace, write_trace
from .pin_step import BurstStep, ExpectStep, LevelStep, PulseStep, TickStep, WaitStep
from .recorder import Recorder
from .replaying import ReplayResult, replay
from .step import (
    CheckStep,
    ConfigStep,
    EventStep,
    LoadStep,
    ReadStep,
    ResetStep,
    SettleStep,
    SpiStep,
    TraceStep,
)

__all__ = [
    "SUFFIX",
    "BurstStep",
    "CheckStep",
    "ConfigStep",
    "EventStep",
    "ExpectStep",
    "LevelStep",
    "LoadStep",
    "PulseStep",
    "ReadStep",
    "Recorder",
    "ReplayResult",
    "ResetStep",
    "SettleStep",
    "SpiStep",
    "TickStep",
    "Trace",
    "TraceStep",
    "WaitStep",
    "read_trace",
    "replay",
    "write_trace",
]
