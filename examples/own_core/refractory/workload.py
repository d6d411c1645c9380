"""What the core is made to do: configurations, stimulus, bench vectors, switching activity."""

from collections.abc import Iterator

import numpy as np

from spikewright.sim.device import Device

from .config import RefractoryConfig

#: Configurations that `verify` takes in turn.
CONFIGURATIONS = (
    RefractoryConfig(),
    RefractoryConfig(neurons=4, weight_bits=2, potential_bits=8),
    RefractoryConfig(neurons=16, weight_bits=5, potential_bits=24),
    RefractoryConfig(neurons=32),
    RefractoryConfig(neurons=256, weight_bits=4, potential_bits=10),
)

#: All kinds of events are exercised.
UNEXERCISED = ()


def _prepare(device: Device, random: np.random.Generator, sources: list[int]) -> None:
    """Load all neurons and the synapses of some sources."""
    config: RefractoryConfig = device.config
    # Within reach of a few synapses.
    threshold = int(random.integers(1, 1 << min(config.weight_bits, 6)))
    device.configure(gate=1, threshold=threshold, rest=int(random.integers(4)))
    device.configure(floor=int(random.integers(-60, 1)), leak=int(random.integers(1, 6)))
    potentials = random.integers(0, 1 << config.potential_bits, config.neurons)
    rests = random.integers(0, 3, config.neurons)
    device.load("neurons", rests << config.potential_bits | potentials)
    for source in sources:
        row = random.integers(0, 1 << config.weight_bits, config.neurons)
        device.load("synapses", row, source * config.neurons)


def _events(config: RefractoryConfig, random: np.random.Generator, sources: list[int]) -> Iterator:
    """Make lists of events, spikes and some ends of time steps."""
    for _ in range(12):
        spikes = random.choice(sources, int(random.integers(1, 6))).tolist()
        yield [*spikes, *[config.neurons] * int(random.integers(3))]


def _sources(config: RefractoryConfig, random: np.random.Generator, most: int) -> list[int]:
    return random.choice(config.neurons, min(most, config.neurons), replace=False).tolist()


def stimulate(device: Device, random: np.random.Generator) -> None:
    """Configure, load and stimulate a core at random, and read it back."""
    sources = _sources(device.config, random, 6)
    for _ in range(2):
        device.reset()
        _prepare(device, random, sources)
        device.configure(gate=0)
        for events in _events(device.config, random, sources):
            device.send(events)
            device.settle()
        device.read("spikes")
        device.configure(gate=1)
        device.dump("neurons")
        for source in sources:
            device.dump("synapses", source * device.config.neurons, device.config.neurons)


def exercise(device: Device, random: np.random.Generator) -> None:
    """Use each register, memory and kind of event, with many answers: the bench vectors."""
    sources = _sources(device.config, random, 3)
    _prepare(device, random, sources)
    device.configure(gate=0)
    for events in _events(device.config, random, sources):
        device.send(events)
        device.settle()
    device.read("spikes")
    device.configure(gate=1)
    device.dump("neurons")
    device.dump("synapses", sources[0] * device.config.neurons, device.config.neurons)


def prepare_activity(device: Device, random: np.random.Generator) -> None:
    """Load what `drive_activity` needs."""
    _prepare(device, random, list(range(device.config.neurons)))
    device.configure(gate=0)


def drive_activity(device: Device, random: np.random.Generator, events: int) -> int:
    """Send spike events as fast as the core takes them; return the synaptic operations."""
    device.send(random.integers(0, device.config.neurons, events))
    device.settle()
    return events * device.config.neurons
