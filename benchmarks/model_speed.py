"""Measure the speed of the models: synaptic operations per second, of ReckOn seconds per training
sample.

A synaptic operation is the update of one neuron by one spike event. The networks are random, as
large as asked for, and work in open loop; all events are sent at once. ODIN learns in all of them;
there are networks of leaky integrate-and-fire neurons, of Izhikevich-type neurons with few and with
all features, and of both models by turns. ReckOn learns a sample of cue accumulation, whatever is
asked for.
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from cue_sample import measure_sample

from spikewright.hdl.error import InputError
from spikewright.hdl.neuron.layout import IZHIKEVICH_WORD
from spikewright.hdl.neuron.word import izhikevich_word, lif_word
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.device import Device
from spikewright.sim.model import open_model
from spikewright.sim.model.odin import OdinModel
from spikewright.sim.model.tinyodin import TinyOdinModel

#: Calcium settings with which synapses change now and then.
LEARNING = {
    "learning_enable": 1,
    "calcium_threshold_1": 1,
    "calcium_threshold_2": 4,
    "calcium_threshold_3": 7,
    "calcium_period": 3,
}


def make_tinyodin(neurons: int, random: np.random.Generator) -> tuple[Device, np.ndarray]:
    """Return a loaded tinyODIN and the low bits of its spike events."""
    model = TinyOdinModel(TinyOdinConfig(neurons=neurons))
    model.configure(gate=1, open_loop=1, last_neuron=neurons - 1)
    # Thresholds of some ten to a hundred weights, small leaks.
    words = random.integers(40, 400, neurons) << 12 | random.integers(0, 16, neurons) << 24
    model.load("neurons", words)
    # More excitation than inhibition, so that there are some spikes for every event.
    weights = random.integers(-8, 8, (2, model.config.synapse_words, 8)).max(axis=0) & 15
    model.load("synapses", (weights << 4 * np.arange(8)).sum(axis=1))
    return model, np.arange(neurons)


def make_lif(random: np.random.Generator) -> int:
    """Return a leaky integrate-and-fire neuron of ODIN."""
    return lif_word(
        threshold=random.integers(60, 250),
        learning_threshold=random.integers(20, 100),
        leak_enable=1,
        leak=random.integers(1, 6),
        **LEARNING,
    )


def make_plain(random: np.random.Generator) -> int:
    """Return an Izhikevich-type neuron with few features: it leaks, is refractory and bursts."""
    return izhikevich_word(
        threshold=random.integers(2, 8),
        reset_depth=random.integers(1, 4),
        learning_threshold=random.integers(1, 4),
        burst_spikes=random.integers(0, 3),
        fan_in=1,
        leak_enable=1,
        leak=random.integers(1, 6),
        **LEARNING,
    )


def make_featured(random: np.random.Generator) -> int:
    """Return an Izhikevich-type neuron with any features: all are in use in a network of these."""
    features = {
        name: int(random.random() < 0.2)
        for name, _ in IZHIKEVICH_WORD
        if name.endswith("_enable") and name != "learning_enable"
    }
    return izhikevich_word(
        threshold=random.integers(2, 8),
        reset_depth=random.integers(1, 4),
        learning_threshold=random.integers(1, 4),
        burst_spikes=random.integers(0, 3),
        delay=random.integers(1, 8),
        stimulation_threshold=random.integers(1, 4),
        threshold_leak_period=random.integers(1, 16),
        fan_in=1,
        leak=random.integers(1, 6),
        **features,
        **LEARNING,
    )


def make_odin(*kinds: Callable) -> Callable[[int, np.random.Generator], tuple[Device, np.ndarray]]:
    """Return a function that makes ODIN with neurons of these kinds by turns, as
    `make_tinyodin`.
    """

    def make(neurons: int, random: np.random.Generator) -> tuple[Device, np.ndarray]:
        config = OdinConfig(neurons=neurons)
        model = OdinModel(config)
        model.configure(gate=1, open_loop=1)
        model.load("neurons", [kinds[index % len(kinds)](random) for index in range(neurons)])
        # All synapses are mapped, one source of four is inhibitory.
        words = random.integers(0, 1 << 32, config.synapse_words) | 0x88888888
        model.load("synapses", words)
        model.configure(
            **{f"sign_{index}": random.integers(1 << 4) << 4 for index in range(neurons // 16)}
        )
        return model, np.arange(neurons) << config.low_bits | 7

    return make


NETWORKS = {
    ("tinyodin", "leaky integrate-and-fire"): make_tinyodin,
    ("odin", "leaky integrate-and-fire, learning"): make_odin(make_lif),
    ("odin", "Izhikevich type, few features, learning"): make_odin(make_plain),
    ("odin", "Izhikevich type, all features, learning"): make_odin(make_featured),
    ("odin", "both models, few features, learning"): make_odin(make_lif, make_plain),
}


def measure(
    core: str, network: str, neurons: int, events: int, repeats: int
) -> dict[str, int | float | str]:
    """Run a random network; return the best of some runs.

    Parameters
    ----------
    core, network : str
        One of `NETWORKS`.
    neurons : int
        Neurons of the core.
    events : int
        Spike events in a run; a time reference to all neurons comes before every tenth of them.
    repeats : int
        Runs.
    """
    random = np.random.default_rng(1)
    model, spikes = NETWORKS[core, network](neurons, random)
    model.configure(gate=0)
    sent = spikes[random.integers(0, neurons, events)]
    if core == "odin":
        sent = np.insert(sent, slice(None, None, 10), (1 << model.config.low_bits - 1) - 1)
    best = float("inf")
    outputs = 0
    for _ in range(repeats):
        start = time.process_time()
        model.send(sent)
        outputs = len(model.settle())
        best = min(best, time.process_time() - start)
    return {
        "core": core,
        "network": network,
        "neurons": neurons,
        "events": events,
        "spikes": outputs,
        "seconds": round(best, 6),
        "synaptic_operations_per_second": round(neurons * events / best),
    }


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", choices=["tinyodin", "odin", "reckon"], help="one core only")
    parser.add_argument("--neurons", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--events", type=int, default=20_000, help="spike events in a run")
    parser.add_argument("--repeats", type=int, default=3, help="runs, of which the best counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.events < 1 or options.repeats < 1:
        parser.error("--events and --repeats must be at least 1")
    try:
        results = [
            measure(core, network, neurons, options.events, options.repeats)
            for core, network in NETWORKS
            if options.core in (None, core)
            for neurons in options.neurons
        ]
        if options.core in (None, "reckon"):
            with open_model(ReckonConfig()) as model:
                seconds = measure_sample(model, options.repeats)
            results.append({"core": "reckon", "seconds_per_training_sample": seconds})
    except InputError as error:
        parser.error(str(error))
    if options.json:
        print(json.dumps({"results": results}))
        return
    for result in results:
        if result["core"] == "reckon":
            print(f"reckon: {result['seconds_per_training_sample']} s for a training sample")
            continue
        speed = result["synaptic_operations_per_second"] / 1e6
        name = f"{result['core']}, {result['network']}"
        print(f"{name}, with {result['neurons']} neurons: {speed:.1f} million/s")


if __name__ == "__main__":
    main()
