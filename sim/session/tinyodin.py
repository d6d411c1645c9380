"""The session of tinyODIN: events of every kind in open loop, then a chain of spikes in closed loop."""

import numpy as np

from ...hdl.tinyodin.config import TinyOdinConfig
from ...hdl.tinyodin.layout import event_word, neuron_word
from ..device import Device
from ..neuron_word import pack_fields
from .crossbar import perform_chain, read_back
from .sample import spread

__all__ = ["perform"]

#: Neurons that take part; the others are disabled.
_AWAKE = 32


def perform(device: Device, random: np.random.Generator) -> None:
    """Configure, load, stimulate and read back a core.

    Parameters
    ----------
    device : Device
        A freshly reset tinyODIN, or a recorder around one.
    random : numpy.random.Generator
        Source of weights and neurons.
    """
    config: TinyOdinConfig = device.config
    awake = spread(config.neurons, _AWAKE)
    sources = [awake[index] for index in (1, len(awake) // 2, -2)]
    row = config.neurons // 8
    device.configure(gate=1, open_loop=1, output_source=0, last_neuron=config.neurons - 1)
    device.load("neurons", _neurons(config, awake, random))
    for source in sources:
        device.load(
            "synapses",
            _row(config, random.integers(0, 1 << config.weight_bits, row * 8)),
            source * row,
        )
    device.configure(gate=0)
    for event in _events(config, sources, random):
        device.send([event])
        device.settle()
    # More than the queue takes, of one kind, so that their order is that of sending.
    device.send(
        [
            int(source)
            for source in random.choice(
                sources, config.fifo_depth + 2 if config.fifo_depth < 8 else 6
            )
        ]
    )
    device.settle()
    device.configure(gate=1)
    read_back(device, awake, sources)

    layout, highest = neuron_word(config), (1 << config.weight_bits - 1) - 1
    rest = {"threshold": highest}
    perform_chain(
        device,
        sources,
        {n: pack_fields(layout, {**rest, "disable": int(n not in sources)}) for n in awake},
        lambda weights: _row(config, weights),
        highest,
        sources[0],
    )


def _neurons(config: TinyOdinConfig, awake: list[int], random: np.random.Generator) -> list[int]:
    """Return words of neurons that a few events make fire."""
    words = []
    for neuron in range(config.neurons):
        fields = {
            "potential": int(random.integers(0, 8)),
            "threshold": int(random.integers(4, 16)),
            "leak": int(random.integers(0, 4)),
            "disable": int(neuron not in awake),
        }
        words.append(pack_fields(neuron_word(config), fields))
    return words


def _row(config: TinyOdinConfig, weights: np.ndarray) -> list[int]:
    """Return the words of a row of synapses."""
    return [
        sum(int(weight) << config.weight_bits * k for k, weight in enumerate(group))
        for group in weights.reshape(-1, 8)
    ]


def _events(config: TinyOdinConfig, sources: list[int], random: np.random.Generator) -> list[int]:
    layout = event_word(config)
    tick, virtual = 1 << layout["tick"].offset, 1 << layout["virtual"].offset
    events = [int(source) for source in random.choice(sources, 8)]
    for neuron in (0, 5):
        events += [virtual | int(weight) << 4 | neuron for weight in random.integers(1, 16, 3)]
    events += [tick | tick - 1, tick | sources[0]]
    return [*events, *events[:4]]
