"""The work of ReckOn: input spikes, sixteen in a time step, to neurons that integrate and do not fire."""

import numpy as np

from ...hdl.reckon.config import ReckonConfig
from ..device import TickedDevice
from ..session.sample import bits

__all__ = ["prepare", "stimulate"]

#: Input spikes of a time step.
_SPIKES = 16


def prepare(device: TickedDevice, random: np.random.Generator) -> None:
    """Load random neurons and input weights; begin a sample, without learning.

    Parameters
    ----------
    device : TickedDevice
        A freshly reset ReckOn.
    random : numpy.random.Generator
        Where chance comes from.
    """
    config: ReckonConfig = device.config
    device.configure(
        last_input=config.neurons - 1,
        last_neuron=config.neurons - 1,
        last_output=config.outputs - 1,
    )
    if config.learning:
        device.configure(learn=0)
    device.load("neurons", [_neurons(config, random) for _ in range(config.neuron_words)])
    width = device.memories["weights_in"].width
    words = config.neurons * config.groups
    device.load("weights_in", [bits(random, width) for _ in range(words)])
    device.configure(config_mode=0)
    device.drive(sample=1)
    device.tick()


def _neurons(config: ReckonConfig, random: np.random.Generator) -> int:
    """Return the word of neurons with random potentials, traces and leaks, and the highest threshold."""
    shared = bits(random, 12) << 16 | 0x7FFF
    lanes = sum(bits(random, 49) << 50 * lane for lane in range(config.neuron_lanes))
    return shared << 50 * config.neuron_lanes | lanes


def stimulate(device: TickedDevice, random: np.random.Generator, events: int) -> int:
    """Send input spikes, and carry out the time steps.

    Parameters
    ----------
    device : TickedDevice
        The core that was prepared.
    random : numpy.random.Generator
        Where chance comes from.
    events : int
        Input spikes.

    Returns
    -------
    int
        Synaptic operations of the spikes.
    """
    neurons = device.config.neurons
    together = min(_SPIKES, neurons)
    for start in range(0, events, together):
        device.send(random.choice(neurons, min(together, events - start), replace=False))
        device.tick()
    return events * neurons
