"""What tasks share that learn on ReckOn with e-prop: weights in and out of the core, and its set-up."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...hdl.config import CoreConfig
from ...hdl.error import InputError
from ...hdl.reckon.config import ReckonConfig
from ...hdl.reckon.layout import neuron_word
from ..device import TickedDevice

__all__ = [
    "LEARN_ALL",
    "WEIGHT_BITS",
    "Weights",
    "check_core",
    "check_counts",
    "dump_weights",
    "load_weights",
    "make_neuron_word",
    "set_up",
]

#: Weights by memory, arrays of signed integers, pre-synaptic neurons in rows.
Weights = dict[str, np.ndarray]

WEIGHT_BITS = 8

#: Register `learn` in training: all weights.
LEARN_ALL = 7


def check_core(
    task: str, config: CoreConfig, neurons: int, outputs: int, *, fixed: Mapping[str, int] = {}
) -> None:
    """Check that a core can do a task.

    Parameters
    ----------
    task : str
        Name of the task.
    config : CoreConfig
        The core.
    neurons, outputs : int
        How many inputs or neurons, and outputs, the task needs at least.
    fixed : mapping of int
        Further parameters that must have a value.

    Raises
    ------
    InputError
        If it is another core, too small, has other weights or does not learn.
    """
    if not isinstance(config, ReckonConfig):
        raise InputError(f"{task}: the core is {config.core}, allowed is reckon")
    for name, least in (("neurons", neurons), ("outputs", outputs)):
        value = getattr(config, name)
        if value < least:
            raise InputError(f"{task}: {name} is {value}, allowed is {least} or more")
    for name, needed in ({"weight_bits": WEIGHT_BITS, "learning": 1} | dict(fixed)).items():
        value = getattr(config, name)
        if value != needed:
            raise InputError(f"{task}: {name} is {value}, allowed is {needed}")


def check_counts(task: str, **counts: int | None) -> None:
    """Check numbers of samples and epochs; those that are None are not given.

    Raises
    ------
    InputError
        If one is less than 1.
    """
    for name, count in counts.items():
        if count is not None and count < 1:
            raise InputError(f"{task}: {name} is {count}, allowed is 1 or more")


def _pack_rows(weights: np.ndarray, lanes: int) -> list[int]:
    """Put weights into words: each row begins a word, and its last word is filled with zeros."""
    words = []
    for row in weights.tolist():
        for start in range(0, len(row), lanes):
            data = bytes(weight & 0xFF for weight in row[start : start + lanes])
            words.append(int.from_bytes(data, "little"))
    return words


def load_weights(device: TickedDevice, weights: Weights) -> None:
    """Write weights into the core; `config_mode` is 1. Words without any of them stay as they are."""
    config: ReckonConfig = device.config
    for memory, values in weights.items():
        if memory == "weights_out":
            device.load(memory, _pack_rows(values, config.outputs))
            continue
        words = _pack_rows(values, config.weight_lanes)
        row = len(words) // len(values)
        for index in range(len(values)):
            device.load(memory, words[row * index : row * (index + 1)], index * config.groups)


def dump_weights(device: TickedDevice, shapes: Mapping[str, tuple[int, int]]) -> Weights:
    """Read weights from the core, given the shape of each array; `config_mode` is 1."""
    config: ReckonConfig = device.config
    found: Weights = {}
    for memory, (rows, columns) in shapes.items():
        lanes = config.outputs if memory == "weights_out" else config.weight_lanes
        step = 1 if memory == "weights_out" else config.groups
        used = -(-columns // lanes)
        words = [
            int(word) for index in range(rows) for word in device.dump(memory, index * step, used)
        ]
        data = b"".join(word.to_bytes(lanes, "little") for word in words)
        found[memory] = (
            np.frombuffer(data, dtype=np.int8).reshape(rows, -1)[:, :columns].astype(int)
        )
    return found


def make_neuron_word(config: ReckonConfig, threshold: int, alpha: int) -> int:
    """Return a neuron word at rest, given the threshold and the low bits of alpha."""
    layout = neuron_word(config)
    return threshold << layout["threshold"].offset | alpha << layout["alpha"].offset


def set_up(
    device: TickedDevice, settings: Mapping[str, int], neurons: Sequence[int], weights: Weights
) -> None:
    """Write all registers, neurons and weights; afterwards `config_mode` is 0.

    Parameters
    ----------
    device : TickedDevice
        A device of a core in IDLE.
    settings : mapping of int
        Values of registers; those not named are 0.
    neurons : sequence of int
        Neuron words from word 0.
    weights : dict of ndarray
        Weights by memory.
    """
    device.configure(config_mode=1)
    values = {register.name: 0 for register in device.registers} | dict(settings)
    mask = {register.name: (1 << register.width) - 1 for register in device.registers}
    del values["config_mode"]
    # Seeds of lanes that are not there have no bits.
    device.configure(**{name: value & mask[name] for name, value in values.items()})
    device.load("neurons", neurons)
    load_weights(device, weights)
    device.configure(config_mode=0)
