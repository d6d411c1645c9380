"""Switching activity of ReckOn: random input spikes, to neurons that integrate and do not fire."""

import numpy as np

from ....hdl.neuron.word import unpack_fields
from ....hdl.reckon.config import ReckonConfig
from ....hdl.reckon.layout import ALPHA_BITS, POTENTIAL_BITS, STATE, pack_neuron_word
from ...device import Device
from ..sample import bits

__all__ = ["drive_activity", "prepare_activity"]

#: Input spikes of a time step.
_SPIKES = 16


def prepare_activity(device: Device, random: np.random.Generator) -> None:
    """Load random neurons and input weights; begin a sample, without learning.

    Parameters
    ----------
    device : Device
        A freshly reset ReckOn.
    random : numpy.random.Generator
        Random generator.
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
    """Return the word of neurons with random potentials, traces and leaks, and the highest
    threshold.
    """
    alpha = bits(random, ALPHA_BITS)
    # Output traces are in the lower half of their range.
    states = [
        unpack_fields(STATE, bits(random, STATE.size - 1)) for _ in range(config.neuron_lanes)
    ]
    threshold = (1 << POTENTIAL_BITS - 1) - 1
    return pack_neuron_word(config, states, threshold=threshold, alpha=alpha)


def drive_activity(device: Device, random: np.random.Generator, events: int) -> int:
    """Send input spikes, and carry out the time steps.

    Parameters
    ----------
    device : Device
        The core that was prepared.
    random : numpy.random.Generator
        Random generator.
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
