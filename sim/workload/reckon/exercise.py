"""Bench vectors of ReckOn: two samples with a target each, of which it learns."""

import numpy as np

from ....hdl.reckon.config import ReckonConfig
from ....hdl.reckon.layout import pack_neuron_word
from ...device import Device
from ..sample import bits

__all__ = ["exercise"]

#: Inputs, and neurons, that take part.
_USED = 32


def exercise(device: Device, random: np.random.Generator) -> None:
    """Configure, load, stimulate and read back a core.

    Parameters
    ----------
    device : Device
        A freshly reset ReckOn, or a recorder around one.
    random : numpy.random.Generator
        Source of weights, neurons and spikes.
    """
    config: ReckonConfig = device.config
    used = min(config.neurons, _USED)
    device.configure(**_registers(device, used, random))
    groups = -(-used // config.weight_lanes)
    device.load("neurons", [_neuron(config, random) for _ in range(used // config.neuron_lanes)])
    for memory in ("weights_in", "weights_rec"):
        width = device.memories[memory].width
        for index in range(used):
            words = [bits(random, width) for _ in range(groups)]
            device.load(memory, words, index * config.groups)
    width = device.memories["weights_out"].width
    device.load("weights_out", [bits(random, width) for _ in range(used)])
    device.configure(config_mode=0)
    for label in (0, 1):
        _sample(device, used, label, random)
        device.configure(config_mode=1)
        device.dump("neurons", 0, used // config.neuron_lanes)
        device.dump("outputs")
        device.configure(config_mode=0)
    device.configure(config_mode=1)
    for memory in ("weights_in", "weights_rec"):
        for index in range(0, used, 4):
            device.dump(memory, index * config.groups, groups)
    device.dump("weights_out", 0, used)


def _registers(device: Device, used: int, random: np.random.Generator) -> dict[str, int]:
    """Return values of all registers."""
    config: ReckonConfig = device.config
    values = {register.name: register.reset for register in device.registers}
    values |= {
        name: 1 + bits(random, device.registers[name].width - 1)
        for name in values
        if name.startswith("seed_")
    }
    # Bits that weights have less than the published ones.
    missing = 8 - config.weight_bits
    chosen = {
        "halt_on_error": 0,
        "last_input": used - 1,
        "last_neuron": used - 1,
        "last_output": config.outputs - 1,
        "cycles_per_tick": (1 << 32) - 1,
        "stochastic_rounding": 1,
        "shift_w_in": min(3 + missing, 7),
        "shift_w_rec": min(2 + missing, 7),
        "shift_w_out": min(1 + missing, 7),
        "signal_scale": 7,
        "kappa": 100,
        "rate_in_right": 1,
        "rate_rec_right": 1,
        "rate_out_right": 1,
        "rate_in_left": 17,
        "rate_rec_left": 17,
        "rate_out_left": 17,
        "send_every_step": 1,
        "send_label": 0,
        "h_value_4": 1,
    }
    chosen |= {f"frac_trace_{kind}": 4 for kind in ("in", "rec", "out")}
    chosen |= {f"h_threshold_{number}": 200 * number for number in range(4)}
    chosen |= {f"h_value_{number}": 2 + number for number in range(4)}
    values |= {name: value for name, value in chosen.items() if name in values}
    # Memories and generators can be loaded only while it is 1.
    return {"config_mode": 1} | values


def _neuron(config: ReckonConfig, random: np.random.Generator) -> int:
    """Return a neuron word whose neurons a few input spikes make fire."""
    alpha = 0xC00 + int(random.integers(1024))
    threshold = int(random.integers(60, 400))
    states = [{"potential": int(random.integers(60))} for _ in range(config.neuron_lanes)]
    return pack_neuron_word(config, states, threshold=threshold, alpha=alpha)


def _sample(device: Device, used: int, label: int, random: np.random.Generator) -> None:
    """Present a sample of four time steps; its target comes before the third."""
    device.drive(sample=1, target_valid=0, infer_accumulate=0)
    device.tick()
    for step in range(4):
        spikes = random.choice(used, int(random.integers(1, used // 2)), replace=False)
        device.send(sorted(spikes.tolist()))
        if step == 1:
            device.send([1 << device.config.event_address_bits | label])
        device.drive(target_valid=int(step > 1), infer_accumulate=step & 1, sample=int(step < 3))
        device.settle()
        device.tick()
        device.settle()
