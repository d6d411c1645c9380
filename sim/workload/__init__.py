"""What each core is made to do: verification, bench vectors, and switching activity.

The workload of a core is one module, or one package, with the names of `Workload`. Everything
random in it comes from the generator it is given, so the same seed gives the same workload on every
machine.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ...hdl.catalogue import find_core
from ...hdl.config import CoreConfig
from ...hdl.core import load
from ..device import Device

__all__ = ["Workload", "find_workload"]


class Workload(Protocol):
    """Names of the module that is the workload of a core.

    Attributes
    ----------
    CONFIGURATIONS : sequence of CoreConfig
        Configurations that `verify` takes in turn, the published one among them: every parameter
        takes more than one value. `verify` varies shells and stalls with periods of 4 and 3, so a
        number of configurations that neither 2 nor 3 divides brings every combination.
    UNEXERCISED : sequence of str
        Kinds of events, as the core's `cycles` calls them, that `exercise` does not use.
    """

    CONFIGURATIONS: Sequence[CoreConfig]
    UNEXERCISED: Sequence[str]

    def stimulate(self, device: Device, random: np.random.Generator) -> None:
        """Configure, load and stimulate a core at random, and read it back.

        What comes of it depends on the order of what is done alone, never on the pace of the
        hardware.

        Parameters
        ----------
        device : Device
            A freshly reset core, or a recorder around one.
        random : numpy.random.Generator
            Random generator.

        Raises
        ------
        BusyError
            If the random network keeps itself going; the caller tries another seed.
        """

    def exercise(self, device: Device, random: np.random.Generator) -> None:
        """Use each register, memory and kind of event once, with many answers: the bench vectors.

        Parameters
        ----------
        device : Device
            A freshly reset core, or a recorder around one.
        random : numpy.random.Generator
            Random generator, for weights and neurons.
        """

    def prepare_activity(self, device: Device, random: np.random.Generator) -> None:
        """Load what `drive_activity` needs; the counters of switching activity start afterwards.

        Parameters
        ----------
        device : Device
            A freshly reset core.
        random : numpy.random.Generator
            Random generator.
        """

    def drive_activity(self, device: Device, random: np.random.Generator, events: int) -> int:
        """Send spike events as fast as the core takes them.

        Parameters
        ----------
        device : Device
            The core after `prepare_activity`.
        random : numpy.random.Generator
            Random generator.
        events : int
            Number of events.

        Returns
        -------
        int
            Synaptic operations: updates of one neuron by one event.
        """


def find_workload(core: str) -> Workload:
    """Return the workload of a core.

    Raises
    ------
    InputError
        If there is no such core.
    """
    return load(find_core(core).workload)
