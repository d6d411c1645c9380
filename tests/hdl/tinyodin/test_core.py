"""Clock cycles of tinyODIN: what `TinyOdin.cycles` says is what an event takes."""

import itertools

import pytest

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.sim.rtl import RtlDevice

TICK, VIRTUAL = 1 << 8, 1 << 9
#: A neuron that never fires.
SILENT = 0xFFF << 12
EVENTS = {
    "spike": 5,
    "virtual": VIRTUAL | 0x35,
    "time_reference_one": TICK | 7,
    "time_reference_all": TICK | 0xFF,
}


def make_device(**parameters):
    device = RtlDevice(TinyOdinConfig(**parameters), engine="amaranth")
    device.configure(gate=1)
    device.load("neurons", [SILENT] * device.config.neurons)
    device.configure(gate=0)
    return device


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_cycles(measure, lanes, ports):
    with make_device(neurons=32, lanes=lanes, neuron_memory_ports=ports) as device:
        core = TinyOdin(device.config)
        for last in (0, 1, 6, 7, 8, 20, 30, 31):
            device.configure(last_neuron=last)
            measured = {name: measure(device, [event]) for name, event in EVENTS.items()}
            assert measured == core.cycles(last), f"last neuron {last}"
        assert core.cycles(31) == core.cycles()


@pytest.mark.parametrize("ports", [1, 2])
def test_events_follow_each_other_without_a_pause(measure, ports):
    with make_device(neurons=16, lanes=2, neuron_memory_ports=ports) as device:
        device.configure(last_neuron=15)
        cycles = TinyOdin(device.config).cycles()
        for first, second in itertools.product(EVENTS, repeat=2):
            events = [EVENTS[first], EVENTS[second]]
            assert measure(device, events) == cycles[first] + cycles[second], (first, second)


@pytest.mark.parametrize(
    ("spikes", "extra"),
    [
        ([], 0),
        # The first spike of a row goes while the next row is updated.
        ([0, 5], 0),
        ([0, 2, 3, 5], 2),
        # After the last row there is none.
        ([15], 1),
        ([0, 1, 12, 13, 14, 15], 1 + 4),
    ],
)
def test_cycles_with_spikes(spikes, extra):
    with make_device(neurons=16, lanes=4) as device:
        device.configure(gate=1, open_loop=1, last_neuron=15)
        for neuron in spikes:
            device.load("neurons", [0], at=neuron)
        device.configure(gate=0)
        expected = TinyOdin(device.config).cycles()["spike"]
        # Output source 1: no spikes, but a report of the source at the end.
        for source, words, more in ((0, spikes, extra), (1, [9], 1)):
            device.configure(output_source=source)
            before = device.cycles
            device.send([9])
            assert device.settle().tolist() == words
            assert device.cycles - before - 1 == expected + more


@pytest.mark.parametrize(
    ("lanes", "ports", "allowed"), [(1, 1, 514), (8, 1, 72), (1, 2, 260), (8, 2, 40)]
)
def test_a_spike_event_of_256_neurons(measure, lanes, ports, allowed):
    config = TinyOdinConfig(lanes=lanes, neuron_memory_ports=ports)
    with RtlDevice(config, engine="amaranth") as device:
        # Neurons that fire, but for nobody to notice.
        device.configure(open_loop=1, output_source=1, last_neuron=255)
        assert measure(device, [TICK | 0xFF]) == TinyOdin(config).cycles()["spike"] <= allowed
