"""The work of tinyODIN: spike events from random sources, to neurons that fire now and then."""

import numpy as np

from ...hdl.tinyodin.layout import neuron_word
from ..device import Device
from ..neuron_word import pack_fields
from ..session.sample import bits

__all__ = ["prepare", "stimulate"]


def prepare(device: Device, random: np.random.Generator) -> None:
    """Load random neurons and synapses, in open loop.

    Parameters
    ----------
    device : Device
        A freshly reset tinyODIN.
    random : numpy.random.Generator
        Where chance comes from.
    """
    config = device.config
    device.configure(gate=1, open_loop=1, last_neuron=config.neurons - 1)
    highest = (1 << config.potential_bits - 1) - 1
    words = [
        pack_fields(neuron_word(config), {"threshold": min(int(threshold), highest)})
        for threshold in random.integers(40, 400, config.neurons)
    ]
    device.load("neurons", words)
    width = device.memories["synapses"].width
    device.load("synapses", [bits(random, width) for _ in range(config.synapse_words)])
    device.configure(gate=0)


def stimulate(device: Device, random: np.random.Generator, events: int) -> int:
    """Send spike events.

    Parameters
    ----------
    device : Device
        The core that was prepared.
    random : numpy.random.Generator
        Where chance comes from.
    events : int
        How many.

    Returns
    -------
    int
        Synaptic operations.
    """
    device.send(random.integers(0, device.config.neurons, events))
    return events * device.config.neurons
