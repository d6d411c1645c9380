"""Short sessions that show a core at work, for the test bench of its Verilog."""

from importlib import import_module

import numpy as np

from ...hdl.config import CoreConfig
from ...hdl.handoff.operation import Operation
from ..model import open_model
from .recorder import OperationRecorder

__all__ = ["record_session"]


def record_session(config: CoreConfig, slowest: int) -> list[Operation]:
    """Let the model of a core carry out its session; return all operations with its answers.

    The same configuration gives the same operations.

    Parameters
    ----------
    config : CoreConfig
        The core.
    slowest : int
        Clock cycles that an event, or a spike that comes of it, takes at most.
    """
    recorder = OperationRecorder(open_model(config), slowest)
    perform = import_module(f".{config.core}", __name__).perform
    perform(recorder, np.random.default_rng(0))
    return recorder.operations
