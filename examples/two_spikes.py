"""The same program on the model and on the simulated hardware.

Sixteen neurons, all synapses of weight 2, threshold 3: the second spike of source 5 makes all fire.
"""

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model import open_model
from spikewright.sim.rtl import RtlDevice


def main() -> list[list[int]]:
    config = TinyOdinConfig(neurons=16, lanes=4)
    answers = []
    for device in (open_model(config), RtlDevice(config)):
        with device:
            device.configure(gate=1, open_loop=1)  # stop, to reach the memories
            device.load("neurons", [3 << 12] * 16)  # threshold 3, no leak
            device.load("synapses", [0x22222222] * 32)  # all weights 2
            device.configure(last_neuron=15)
            device.configure(gate=0)
            device.send([5, 5])  # source 5 spikes twice
            answers.append(device.settle().tolist())
    return answers


if __name__ == "__main__":
    for name, words in zip(("model", "hardware"), main(), strict=True):
        print(f"{name}: {words}")
