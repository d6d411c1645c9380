"""The workload of ODIN, see `Workload`."""

from .activity import drive_activity, prepare_activity
from .configurations import CONFIGURATIONS
from .exercise import exercise
from .random_stimulus import stimulate

__all__ = [
    "CONFIGURATIONS",
    "UNEXERCISED",
    "drive_activity",
    "exercise",
    "prepare_activity",
    "stimulate",
]

#: It goes through all synapses, which takes very long.
UNEXERCISED = ("bistability_all",)
