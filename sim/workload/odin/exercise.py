"""Bench vectors of ODIN: events of every kind and learning in open loop, then a chain of spikes."""

import numpy as np

from ....hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD
from ....hdl.neuron.word import pack_fields
from ....hdl.odin.config import OdinConfig
from ....hdl.odin.event import OdinEvents
from ...device import Device
from ..crossbar import read_back, run_chain, synapse_words
from ..sample import spread

__all__ = ["exercise"]

#: Neurons that take part; the others are disabled.
_AWAKE = 32


def exercise(device: Device, random: np.random.Generator) -> None:
    """Configure, load, stimulate and read back a core.

    Parameters
    ----------
    device : Device
        A freshly reset ODIN, or a recorder around one.
    random : numpy.random.Generator
        Source of weights and neurons.
    """
    config: OdinConfig = device.config
    awake = spread(config.neurons, _AWAKE)
    sources = [awake[index] for index in (1, len(awake) // 2, -2)]
    inhibitory = sources[1]
    row = config.neurons // 8
    registers = {register.name: 0 for register in device.registers}
    registers |= {"gate": 1, "open_loop": 1, f"sign_{inhibitory // 16}": 1 << inhibitory % 16}
    registers |= {name: 1 for name in ("learn_on_synapse_event",) if name in registers}
    device.configure(**registers)
    words = [_neuron(config, neuron, neuron in awake, random) for neuron in range(config.neurons)]
    device.load("neurons", words)
    for source in sources:
        weights = random.integers(0, 1 << config.weight_bits, config.neurons)
        mapped = random.random(config.neurons) < 0.8
        device.load("synapses", _row(config, weights, mapped), source * row)
    device.configure(gate=0)
    for event in _events(config, sources, awake, random):
        device.send([event])
        device.settle()
    device.configure(gate=1)
    read_back(device, awake, sources)

    device.configure(**{f"sign_{inhibitory // 16}": 0})
    layout, highest = _model(config, bool(config.lif)), (1 << config.weight_bits) - 1
    rest = {"model": config.lif, "threshold": 1}
    run_chain(
        device,
        sources,
        {n: pack_fields(layout, {**rest, "disabled": int(n not in sources)}) for n in awake},
        lambda weights: _row(config, weights, weights > 0),
        highest,
        OdinEvents(config).spike(sources[0]),
    )


def _model(config: OdinConfig, is_lif: bool) -> object:
    return LIF_WORD if is_lif else IZHIKEVICH_WORD


def _neuron(config: OdinConfig, neuron: int, awake: bool, random: np.random.Generator) -> int:
    """Return the word of a neuron that a few events make fire, and that learns; the models take
    turns.
    """
    is_lif = bool(config.lif and (not config.izhikevich or neuron >> 1 & 1))
    fields = {
        "model": int(is_lif),
        "disabled": int(not awake),
        "leak_enable": 1,
        "learning_enable": 1,
        "calcium": int(random.integers(2, 4)),
        "calcium_threshold_1": 1,
        "calcium_threshold_2": 4,
        "calcium_threshold_3": 6,
        "calcium_period": 2,
    }
    if is_lif:
        fields |= {
            "leak": int(random.integers(0, 3)),
            "threshold": int(random.integers(6, 16)),
            "potential": int(random.integers(0, 6)),
            "learning_threshold": 4,
        }
    else:
        fields |= {
            "leak": int(random.integers(0, 3)),
            "threshold": int(random.integers(2, 4)),
            "potential": int(random.integers(0, 2)),
            "learning_threshold": 1,
            "reset_depth": int(random.integers(0, 3)),
            "phasic_enable": int(random.random() < 0.2),
            "accommodation_enable": int(random.random() < 0.2),
        }
    return pack_fields(_model(config, is_lif), fields)


def _row(config: OdinConfig, weights: np.ndarray, mapped: np.ndarray) -> list[int]:
    """Return the words of a row of synapses."""
    bits = config.weight_bits
    return synapse_words(weights + (mapped.astype(int) << bits), bits + 1)


def _events(
    config: OdinConfig, sources: list[int], awake: list[int], random: np.random.Generator
) -> list[int]:
    make = OdinEvents(config)
    # Flags of all neurons are undefined until the first time reference.
    events = [make.tick()]
    events += [make.spike(int(source)) for source in random.choice(sources, 10)]
    for neuron in awake[:4]:
        events += [
            make.virtual(neuron, 5),
            make.virtual(neuron, 7),
            make.virtual(neuron, 3, inhibitory=True),
        ]
    events += [make.tick(awake[0]), make.tick()]
    events += [make.spike(int(source)) for source in random.choice(sources, 4)]
    # One synapse each.
    single = 1 << config.event_bits - 1
    events += [
        single | make.spike(sources[0]) & ~((1 << config.low_bits) - 1) | n for n in awake[:4]
    ]
    return [*events, *(make.bistability(source) for source in sources)]
