"""Traces: recorded conversations with a core, to be replayed on any device.

A trace is a gzip-compressed file of JSON lines: a header, then one step a line. `read_trace` checks
everything in it, `replay` carries it out, and a `Recorder` makes one of what a device is told and
answers.
"""

from .file import SUFFIX, Trace, read_trace, write_trace
from .recorder import Recorder
from .replaying import ReplayResult, replay
from .step import CheckStep, ConfigStep, EventStep, LoadStep, SettleStep, SpiStep, Step
from .ticked_step import (
    ExpectStep,
    ItemStep,
    PinStep,
    PulseStep,
    ResetStep,
    Spi32Step,
    TickStep,
    WaitStep,
)

__all__ = [
    "SUFFIX",
    "CheckStep",
    "ConfigStep",
    "EventStep",
    "ExpectStep",
    "ItemStep",
    "LoadStep",
    "PinStep",
    "PulseStep",
    "Recorder",
    "ReplayResult",
    "ResetStep",
    "SettleStep",
    "Spi32Step",
    "SpiStep",
    "Step",
    "TickStep",
    "Trace",
    "WaitStep",
    "read_trace",
    "replay",
    "write_trace",
]
