"""Switching activity of ODIN: random spike events, to neurons that learn and fire now and then."""

import numpy as np

from ....hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD
from ....hdl.neuron.word import pack_fields
from ....hdl.odin.config import OdinConfig
from ....hdl.odin.event import OdinEvents
from ...device import Device
from ..sample import bits

__all__ = ["drive_activity", "prepare_activity"]


def prepare_activity(device: Device, random: np.random.Generator) -> None:
    """Load random neurons and synapses that learn, a source of four inhibitory, in open loop.

    Neurons are leaky integrate-and-fire where that is built in, else of the Izhikevich type.

    Parameters
    ----------
    device : Device
        A freshly reset ODIN.
    random : numpy.random.Generator
        Random generator.
    """
    config: OdinConfig = device.config
    signs = {f"sign_{index}": bits(random, 4) << 4 for index in range(config.neurons // 16)}
    device.configure(gate=1, open_loop=1, **signs)
    device.load("neurons", [_neuron(config, random) for _ in range(config.neurons)])
    width = device.memories["synapses"].width
    device.load("synapses", [bits(random, width) for _ in range(config.synapse_words)])
    device.configure(gate=0)
    # It computes the flags that make synapses learn.
    device.send([OdinEvents(config).tick()])


def _neuron(config: OdinConfig, random: np.random.Generator) -> int:
    fields = {
        "model": config.lif,
        "learning_enable": 1,
        "calcium_threshold_1": 1,
        "calcium_threshold_2": 4,
        "calcium_threshold_3": 7,
        "calcium": int(random.integers(7)),
    }
    if config.lif:
        fields |= {
            "threshold": int(random.integers(60, 250)),
            "learning_threshold": int(random.integers(20, 100)),
        }
        return pack_fields(LIF_WORD, fields)
    fields |= {
        "threshold": int(random.integers(2, 8)),
        "learning_threshold": int(random.integers(1, 4)),
        "fan_in": 1,
    }
    return pack_fields(IZHIKEVICH_WORD, fields)


def drive_activity(device: Device, random: np.random.Generator, events: int) -> int:
    """Send spike events.

    Parameters
    ----------
    device : Device
        The core that was prepared.
    random : numpy.random.Generator
        Random generator.
    events : int
        How many.

    Returns
    -------
    int
        Synaptic operations.
    """
    config = device.config
    spike = OdinEvents(config).spike
    device.send([spike(int(source)) for source in random.integers(0, config.neurons, events)])
    return events * config.neurons
