"""The workload of ReckOn, see `Workload`."""

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

#: All kinds of phases are exercised.
UNEXERCISED = ()
