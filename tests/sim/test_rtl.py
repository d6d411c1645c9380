# amaranth: UnusedElaboratable=no
"""The simulated core against the model, through the `Device` protocol."""

import numpy as np
import pytest

from spikewright.hdl.catalogue import make_core
from spikewright.hdl.error import InputError
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model.tinyodin import TinyOdinModel, pack_neurons
from spikewright.sim.rtl import RtlDevice

VERILATOR = pytest.mark.needs("verilator")

#: What a small, slow simulation has time for: only these neurons and sources are loaded and
#: visited.
FEW = 4


def config_of(lanes=1, ports=1):
    return TinyOdinConfig(neurons=16, lanes=lanes, neuron_memory_ports=ports)


def converse(device, seed, *, few=False, rounds=3):
    """Use a device at random and return all its answers; the same seed says the same."""
    random = np.random.default_rng(seed)
    config = device.config
    count = FEW if few else config.neurons
    answers = []
    for _ in range(1 if few else rounds):
        open_loop = int(random.integers(2))
        device.configure(gate=1, open_loop=1, output_source=int(random.integers(2)))
        words = pack_neurons(
            config,
            random.integers(-40, 40, count),
            # Fewer spikes than would keep the network going for ever.
            random.integers(1, 30, count) * (1 if open_loop else 2),
            random.integers(0, 9, count),
            random.integers(0, 4, count) == 0,
        )
        device.load("neurons", words)
        row = config.neurons // 8
        for source in range(count):
            words = random.integers(0, 1 << config.synapse_bits, row, dtype=np.uint64)
            device.load("synapses", words, source * row)
        last = count - 1 if few else int(random.integers(count))
        device.configure(open_loop=open_loop, last_neuron=last)
        device.configure(gate=0)

        def event(count=count):
            tick = 1 << config.low_bits
            virtual = tick << 1
            return int(
                random.choice(
                    [
                        random.integers(count),
                        random.integers(count),
                        virtual | random.integers(16) << 4 | random.integers(count),
                        tick | tick - 1,
                        tick | virtual | random.integers(count),
                    ]
                )
            )

        for _ in range(10 if few else 40):
            device.send([event()])
            answers.append(device.settle().tolist())
        if open_loop:
            # Without spikes in the queue events keep their order at any pace, time references
            # apart.
            device.send([int(random.integers(count)) for _ in range(20)])
            answers.append(device.settle().tolist())
        device.configure(gate=1)
        answers.append(device.dump("neurons", count=count).tolist())
        answers.append(device.dump("neurons", at=1, count=2).tolist())
        answers.append(device.dump("synapses", count=count * row).tolist())
    return answers


def expected(config, seed, **options):
    return converse(TinyOdinModel(config), seed, **options)


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_native(lanes, ports):
    config = config_of(lanes, ports)
    assert sum(map(len, expected(config, 5))) > 3 * 50 + 80  # it does spike
    for seed, stalls in ((1, None), (0, 7), (5, 8)):
        with RtlDevice(config, stall_seed=stalls) as device:
            assert converse(device, seed) == expected(config, seed), (seed, stalls)


@pytest.mark.parametrize(("lanes", "ports"), [(2, 1), (4, 2)])
def test_pins(lanes, ports):
    config = config_of(lanes, ports)
    for seed, stalls in ((4, None), (7, 9)):
        with RtlDevice(config, shell="pins", stall_seed=stalls) as device:
            assert converse(device, seed, rounds=2) == expected(config, seed, rounds=2)


@pytest.mark.slow
@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_pins_everywhere(lanes, ports):
    config = config_of(lanes, ports)
    for seed, stalls in ((6, None), (7, 10)):
        with RtlDevice(config, shell="pins", stall_seed=stalls) as device:
            assert converse(device, seed) == expected(config, seed), (seed, stalls)


@pytest.mark.parametrize(
    ("shell", "lanes", "ports", "stalls"),
    [
        ("native", 1, 1, None),
        ("native", 2, 2, 3),
        ("native", 4, 1, 4),
        ("native", 8, 2, None),
        ("pins", 1, 2, None),
        ("pins", 8, 1, 5),
    ],
)
def test_amaranth(shell, lanes, ports, stalls):
    config = config_of(lanes, ports)
    with RtlDevice(config, shell=shell, engine="amaranth", stall_seed=stalls) as device:
        assert converse(device, 17, few=True) == expected(config, 17, few=True)


@VERILATOR
@pytest.mark.parametrize(
    ("shell", "lanes", "ports"),
    [
        ("native", 8, 2),
        pytest.param("native", 1, 1, marks=pytest.mark.slow),
        pytest.param("pins", 2, 1, marks=pytest.mark.slow),
    ],
)
def test_verilator(shell, lanes, ports):
    config = config_of(lanes, ports)
    for seed, stalls in ((15, None), (9, 6)):
        with RtlDevice(config, shell=shell, engine="verilator", stall_seed=stalls) as device:
            assert converse(device, seed) == expected(config, seed), (seed, stalls)


@pytest.mark.parametrize("widths", [(2, 8), (8, 16)])
def test_other_widths(widths):
    config = TinyOdinConfig(neurons=16, lanes=4, weight_bits=widths[0], potential_bits=widths[1])
    with RtlDevice(config) as device:
        assert converse(device, 15) == expected(config, 15)


def test_engines_agree_on_cycles():
    def cycles(engine):
        with RtlDevice(config_of(), engine=engine) as device:
            start = device.cycles
            converse(device, 17, few=True)
            return device.cycles - start

    assert cycles("compiled") == cycles("cxxrtl") == cycles("amaranth") > 500


# The protocol.


@pytest.fixture(params=["native", "pins"])
def device(request):
    shell = request.param
    with RtlDevice(config_of(2, 1), shell=shell) as device:
        yield device


def test_is_a_device(device):
    assert isinstance(device, Device)
    assert device.config == config_of(2, 1)
    assert [register.name for register in device.registers] == list(device.register_values)
    assert set(device.register_values.values()) == {0}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda device: device.configure(speed=1),
        lambda device: device.configure(open_loop=2),
        lambda device: device.configure(last_neuron=16),
        lambda device: device.configure(output_source=1, last_neuron=-1),
        lambda device: device.load("weights", [0]),
        lambda device: device.load("neurons", [1 << 32]),
        lambda device: device.load("neurons", [-1]),
        lambda device: device.load("neurons", [0, 0], 15),
        lambda device: device.load("neurons", [0]),
        lambda device: device.dump("weights"),
        lambda device: device.dump("synapses", at=33),
        lambda device: device.dump("synapses", at=30, count=3),
        lambda device: device.dump("neurons"),
        lambda device: device.send([1 << 10]),
        lambda device: device.send([-1]),
        lambda device: device.send(np.array([0.5])),
        lambda device: device.transact([1 << 20, 0]),
        lambda device: device.transact([0, -1]),
    ],
)
def test_bad_input_is_refused_as_by_the_model(device, wrong):
    model = TinyOdinModel(device.config)
    with pytest.raises(InputError) as by_model:
        wrong(model)
    with pytest.raises(InputError) as by_device:
        wrong(device)
    assert str(by_device.value) == str(by_model.value)
    assert device.register_values == model.register_values


def test_memory_access_needs_the_gate(device):
    device.configure(gate=1)
    device.load("neurons", [0x123], 3)
    assert device.dump("neurons", 3, 1).tolist() == [0x123]
    device.configure(gate=0)
    with pytest.raises(InputError, match="gate"):
        device.dump("neurons", 3, 1)
    with pytest.raises(InputError, match="gate"):
        device.load("neurons", [0], 3)
    device.configure(gate=1)
    assert device.dump("neurons", 3, 1).tolist() == [0x123]


def test_nothing_to_do(device):
    device.configure()
    device.send([])
    assert device.settle().size == 0
    device.configure(gate=1)
    device.load("neurons", [])
    words = device.dump("neurons", 16)
    assert words.size == 0
    assert words.dtype == np.uint64


def test_events_wait_for_the_gate(device):
    model = TinyOdinModel(device.config)
    for each in (device, model):
        each.configure(gate=1, open_loop=1, last_neuron=15)
        each.load("neurons", [1 << 12] * 16)
        each.load("synapses", [0x11111111] * 32)
        each.send([5])
        each.send([0x3FF & ~0xFF | 7, 0x200 | 0x15])
        assert each.settle().tolist() == []
        each.configure(output_source=0)
        assert each.settle().tolist() == []
        each.configure(gate=0)
    outputs = model.settle().tolist()
    assert device.settle().tolist() == outputs == [*range(16), 5]


def test_close_twice():
    device = RtlDevice(config_of())
    device.close()
    device.close()


def endless(device):
    """Set a network up in which two neurons make each other fire for ever."""
    device.configure(gate=1, open_loop=1, last_neuron=1)
    device.load("neurons", [1 << 12, 1 << 12])
    device.load("synapses", [0x10, 0, 0x01, 0])
    device.configure(open_loop=0)
    device.configure(gate=0)


@pytest.mark.parametrize(
    ("engine", "shell", "limit"),
    [
        ("cxxrtl", "native", 100_000),
        ("cxxrtl", "pins", 100_000),
        ("compiled", "native", 100_000),
        ("compiled", "pins", 100_000),
        ("amaranth", "native", 500),
        ("amaranth", "pins", 500),
    ],
)
def test_core_that_never_becomes_idle(engine, shell, limit):
    with RtlDevice(config_of(2, 1), engine=engine, shell=shell) as device:
        endless(device)
        device.engine.limit = limit
        device.send([0])
        with pytest.raises(BusyError, match=f"the core was not idle within {limit} cycles"):
            device.settle()
        # The gate stops it.
        device.configure(gate=1)
        device.settle()
        assert device.dump("neurons", count=2).tolist() == [1 << 12, 1 << 12]


def test_core_that_takes_no_event():
    """The output bus of a chip whose receiver hangs stalls everything."""
    with RtlDevice(config_of(2, 1)) as device:
        endless(device)
        device.engine.limit = 10_000
        device.engine.stall(1, output=256)
        device.send([0])
        with pytest.raises(BusyError, match="took no input event for 10000 cycles"):
            device.send([0x1FF])


def test_an_unanswered_access():
    """A device says so instead of waiting for ever."""
    with RtlDevice(config_of(2, 1)) as device:
        endless(device)
        device.engine.limit = 10_000
        device.engine.stall(1, output=256)
        device.send([0])
        device.configure(gate=1)
        with pytest.raises(BusyError, match="answered no access for 10000 cycles"):
            device.dump("neurons", count=1)


@pytest.mark.parametrize("lanes", [1, 8])
def test_input_comes_before_the_queue(lanes):
    """Unless the queue is full; here pace matters, so that the model cannot be asked."""
    tick = 1 << 8
    config = TinyOdinConfig(neurons=16, lanes=lanes, fifo_depth=4)
    with RtlDevice(config) as device:

        def set_up(potentials, thresholds, weights):
            device.configure(gate=1, open_loop=1, output_source=0, last_neuron=7)
            leaks = [3] * 16
            words = pack_neurons(config, potentials, thresholds, leaks, [0] * 16)
            device.load("neurons", words)
            device.load("synapses", [weights.get(source, 0) for source in range(32)])
            device.configure(open_loop=0)
            device.configure(gate=0)

        # Source 0 makes neuron 1 fire, which would make neuron 6 fire without the tick before it.
        silent = [2000] * 16
        potentials, thresholds = [0] * 16, silent.copy()
        thresholds[1], potentials[6], thresholds[6] = 5, 5, 10
        set_up(potentials, thresholds, {0: 7 << 4, 2: 6 << 24})
        device.send([0, tick | 6])
        assert device.settle().tolist() == [1]
        # The same with the queue full: its head comes first.
        potentials, thresholds = [0] * 16, silent.copy()
        potentials[1:5], thresholds[1:5] = [8] * 4, [5] * 4
        potentials[6], thresholds[6] = 8, 10  # 5 after the tick to all
        set_up(potentials, thresholds, {2: 6 << 24})
        device.send([tick | 0xFF, tick | 6])
        assert device.settle().tolist() == [1, 2, 3, 4, 6]


@pytest.mark.parametrize("lanes", [1, 8])
def test_place_in_the_queue(lanes):
    """A spike event keeps its place while its spikes are pushed; a time reference has none."""
    config = TinyOdinConfig(neurons=16, lanes=lanes, fifo_depth=4)
    with RtlDevice(config) as device:
        for event, room in ((7, 3), (0x1FF, 4)):
            device.configure(gate=1, open_loop=1, output_source=0, last_neuron=7)
            # Neurons 0 to 5 fire by the event; those that get into the queue make 7 step up.
            potentials = [4 if event == 7 else 5] * 6 + [0] * 10
            thresholds = [5] * 6 + [100] * 10
            words = pack_neurons(config, potentials, thresholds, [0] * 16, [0] * 16)
            device.load("neurons", words)
            device.load("synapses", [0x10000000, 0] * 6 + [0] * 20)
            device.load("synapses", [0x00111111], 2 * 7)
            device.configure(open_loop=0)
            device.configure(gate=0)
            device.send([event])
            assert device.settle().tolist() == [0, 1, 2, 3, 4, 5]
            device.configure(gate=1)
            assert int(device.dump("neurons", 7, 1)[0]) & 0xFFF == room


def test_gate_frees_a_core_whose_receiver_hangs():
    with RtlDevice(config_of(2, 1), shell="pins") as device:
        endless(device)
        device.engine.limit = 10_000
        device.engine.stall(1, output=256)
        device.send([0])
        with pytest.raises(BusyError):
            device.settle()
        device.configure(gate=1, open_loop=1)
        assert device.settle().tolist() == []
        assert device.dump("neurons", count=2).tolist() == [1 << 12, 1 << 12]
        device.engine.stall(1)
        device.configure(gate=0)
        device.settle()
        device.send([0])
        assert device.settle().tolist() == [1]


def test_host_that_comes_too_early_is_served_after_the_event():
    """A transaction that reads and writes while a long sweep goes on: then both are waiting."""
    with RtlDevice(TinyOdinConfig(), shell="pins") as device:
        spi = device.pins.spi
        device.configure(gate=1, open_loop=1, output_source=1, last_neuron=255)
        device.load("neurons", [0x00FFF000] * 4, 198)
        device.configure(gate=0)
        start = device.cycles
        device.send([7])
        device.transact([0, 1])
        device.transact([spi.read | spi.write | spi.places["neurons"].at(200, 3), 0x5A])
        assert device.cycles - start < 2 * 256
        assert device.settle().tolist() == []  # the gate holds the output bus in reset
        words = device.dump("neurons", 198, 4).tolist()
        assert words == [0x00FFF000, 0x00FFF000, 0x5AFFF000, 0x00FFF000]


def test_reset_keeps_memories(device):
    """Registers are as the device's interface says."""
    device.configure(gate=1, last_neuron=1, open_loop=1)
    device.load("neurons", [1 << 12] * 16)
    device.load("synapses", [0x11111111] * 32)
    device.reset()
    assert bool(device.register_values["gate"]) != device.interface.reset_clears_registers
    device.configure(gate=1)
    assert device.dump("neurons").tolist() == [1 << 12] * 16
    assert device.dump("synapses").tolist() == [0x11111111] * 32
    device.configure(gate=0)
    device.reset()
    device.configure(last_neuron=1, open_loop=1)
    device.send([5])
    assert device.settle().tolist() == [0, 1]


@pytest.mark.parametrize("output_source", [0, 1])
@pytest.mark.parametrize(("lanes", "ports"), [(1, 1), (2, 1), (8, 2)])
def test_cycles_are_as_the_core_says(lanes, ports, output_source):
    """What an event costs when the next one is there already and no neuron fires."""
    config = config_of(lanes, ports)
    core = make_core(config)
    events = {
        "virtual": 0x210,
        "time_reference_one": 0x101,
        "time_reference_all": 0x1FF,
        "spike": 3,
    }
    with RtlDevice(config) as device:
        device.configure(gate=1, open_loop=1, output_source=output_source)
        device.load("neurons", pack_neurons(config, [0] * 16, [4000] * 16, [0] * 16, [0] * 16))
        device.load("synapses", [0] * 32)
        for last in (0, 9, 15):
            device.configure(last_neuron=last, gate=0)
            for name, event in events.items():

                def cost(count, event=event):
                    start = device.cycles
                    device.send([event] * count)
                    device.settle()
                    return device.cycles - start

                report = output_source if name == "spike" else 0
                said = core.cycles(last)[name] + report
                assert cost(20) - cost(10) == 10 * said, (name, last)
            device.configure(gate=1)


def test_stalls_change_the_pace_alone():
    def run(stalls):
        with RtlDevice(config_of(2, 1), stall_seed=stalls) as device:
            return converse(device, 16), device.cycles

    answers, cycles = run(None)
    stalled, more_cycles = run(1)
    assert stalled == answers
    assert more_cycles > cycles
    assert run(1) == (stalled, more_cycles)
    assert run(2)[1] != more_cycles


def test_spi_transactions(device):
    """Through the pins, and with the same effect where there are none."""
    model = TinyOdinModel(device.config)
    spi = device.pins.spi
    random = np.random.default_rng(17)
    for each in (device, model):
        each.configure(gate=1)
        each.load("neurons", [0] * 16)
        each.load("synapses", [0] * 32)
    for _ in range(150):
        kind = random.integers(8)
        data = int(random.integers(1 << spi.bits))
        if kind == 0:  # registers, also those that do not exist; the gate stays
            number = int(random.choice([1, 2, 3, 4, 5, 0x101, 0x8003]))
            top = int(random.integers(4)) << spi.bits - 2
            address = top | number
        else:
            memory = ("neurons", "synapses")[random.integers(2)]
            word = int(random.integers(40 if memory == "synapses" else 20))
            read, write = (bool(bit) for bit in random.integers(0, 2, 2))
            address = spi.places[memory].at(word, int(random.integers(4)))
            address |= read * spi.read | write * spi.write
            if memory == "neurons" and random.integers(4) == 0:
                address |= 1 << 10 + int(random.integers(6))  # bytes 4 and up
        reply = model.transact([address, data])
        got = device.transact([address, data])
        if address & spi.read:
            assert got == reply, hex(address)
        device.engine.step(20)
        assert device.register_values == model.register_values
    for memory in ("neurons", "synapses"):
        assert device.dump(memory).tolist() == model.dump(memory).tolist()


def test_register_values_follow_raw_spi():
    """Otherwise the device would not know that its memories are out of reach."""
    with RtlDevice(config_of(2, 1), shell="pins") as device:
        device.transact([0, 0xFFFFF])
        assert device.register_values["gate"] == 1
        device.load("neurons", [0x55])
        assert device.dump("neurons", count=1).tolist() == [0x55]
        # Registers ignore the read and write bits.
        device.transact([2 << device.pins.spi.bits - 2 | 3, 0x37])
        assert device.register_values["last_neuron"] == 7
        device.transact([0, 0])
        with pytest.raises(InputError, match="gate"):
            device.dump("neurons")
