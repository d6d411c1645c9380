"""What workloads of crossbars share: rows of synapses, reading back, and a chain of spikes."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..device import Device

__all__ = ["read_back", "run_chain", "synapse_words"]


def synapse_words(synapses: np.ndarray, bits: int) -> list[int]:
    """Return the words of a row of synapses of so many bits, eight in a word, the first lowest."""
    return [
        sum(synapse << bits * place for place, synapse in enumerate(group))
        for group in synapses.reshape(-1, 8).tolist()
    ]


def read_back(device: Device, neurons: Sequence[int], sources: Sequence[int]) -> None:
    """Read neurons, and the rows of synapses of sources; the gate is closed."""
    row = device.config.neurons // 8
    for neuron in neurons:
        device.dump("neurons", neuron, 1)
    for source in sources:
        device.dump("synapses", source * row, row)


def run_chain(
    device: Device,
    sources: Sequence[int],
    words: Mapping[int, int],
    make_row: Callable[[np.ndarray], list[int]],
    weight: int,
    spike: int,
) -> None:
    """Let each source make the next one fire, in closed loop, once for each output source.

    Parameters
    ----------
    device : Device
        A device in open loop, its gate closed.
    sources : sequence of int
        The neurons of the chain.
    words : mapping of int
        Words of neurons to load; only those of the chain may fire, each by one event of the weight.
    make_row : callable
        Makes the words of a row of synapses from its weights.
    weight : int
        Weight from a source to the next one.
    spike : int
        Event of the first source.
    """
    neurons = device.config.neurons
    for neuron, word in words.items():
        device.load("neurons", [word], neuron)
    for source, target in zip(sources, [*sources[1:], None], strict=True):
        weights = np.zeros(neurons, dtype=int)
        if target is not None:
            weights[target] = weight
        device.load("synapses", make_row(weights), source * neurons // 8)
    device.configure(open_loop=0)
    for output_source in (0, 1):
        device.configure(output_source=output_source, gate=0)
        device.send([spike])
        device.settle()
        device.configure(gate=1)
    read_back(device, sources, [])
