"""Bit-exact model of ReckOn (section numbers are those of its specification).

`model` is the device: what a host does, and the phases of a time step in their order. `state` is
what the core holds; `leak`, `propagate` and `learn` are what the phases do to it.
"""

from .model import ReckonModel, State
from .state import (
    OUTPUT,
    POTENTIAL,
    RESET_SEEDS,
    TRACE_IN,
    TRACE_OUT,
    TRACE_REC,
    recurrences,
)

__all__ = [
    "OUTPUT",
    "POTENTIAL",
    "RESET_SEEDS",
    "TRACE_IN",
    "TRACE_OUT",
    "TRACE_REC",
    "ReckonModel",
    "State",
    "recurrences",
]
