"""The workload of tinyODIN, see `Workload`.

The outcome of the random stimulus depends on order alone, never on pace: where a neuron may fire
into the queue, or a time reference could overtake queued events, the core settles after each event.
"""

import numpy as np

from ...hdl.neuron.word import pack_fields
from ...hdl.tinyodin.config import TinyOdinConfig
from ...hdl.tinyodin.layout import LEAK_BITS, event_word, neuron_word
from ..device import Device
from .crossbar import read_back, run_chain, synapse_words
from .sample import bits, spread

__all__ = [
    "CONFIGURATIONS",
    "UNEXERCISED",
    "drive_activity",
    "exercise",
    "prepare_activity",
    "stimulate",
]

#: All kinds of events are exercised.
UNEXERCISED = ()

#: Configurations that `verify` goes through: sizes, widths, depths, lanes and ports mixed.
CONFIGURATIONS = (
    TinyOdinConfig(),
    TinyOdinConfig(lanes=8, neuron_memory_ports=2),
    TinyOdinConfig(neurons=16, lanes=8),
    TinyOdinConfig(neurons=16, lanes=8, neuron_memory_ports=2, fifo_depth=4),
    TinyOdinConfig(neurons=16, fifo_depth=4),
    TinyOdinConfig(neurons=32, lanes=2, weight_bits=2, potential_bits=8),
    TinyOdinConfig(neurons=32, lanes=4, weight_bits=8, potential_bits=16, fifo_depth=8),
    TinyOdinConfig(neurons=64, neuron_memory_ports=2, weight_bits=3, potential_bits=9),
    TinyOdinConfig(neurons=64, lanes=8, weight_bits=5, potential_bits=24, fifo_depth=16),
    TinyOdinConfig(neurons=128, lanes=2, neuron_memory_ports=2, weight_bits=7, potential_bits=13),
    TinyOdinConfig(neurons=256, lanes=4, fifo_depth=32, weight_bits=6),
    TinyOdinConfig(neurons=512, lanes=8),
    TinyOdinConfig(neurons=1024, lanes=4, neuron_memory_ports=2, fifo_depth=1024),
)


def stimulate(device: Device, random: np.random.Generator) -> None:
    """Configure, load and stimulate a core at random, in a few phases, and read it back.

    Parameters
    ----------
    device : Device
        A freshly reset tinyODIN, or a recorder around one.
    random : numpy.random.Generator
        Source of everything random.

    Raises
    ------
    BusyError
        If the random network keeps itself going.
    """
    for _ in range(random.integers(1, 4)):
        _Phase(device, random).run()


class _Phase:
    """One set of words and registers, and events on it."""

    def __init__(self, device: Device, random: np.random.Generator) -> None:
        self._device = device
        self._random = random
        self._config: TinyOdinConfig = device.config
        self._open_loop = bool(random.integers(2))
        size = self._config.neurons
        # Rows of the synapse memory that are loaded; only their neurons may spike or be sources.
        count = min(size, int(random.integers(8, 65)))
        self._sources = np.sort(random.choice(size, count, replace=False))

    def run(self) -> None:
        device, random, config = self._device, self._random, self._config
        device.configure(gate=1, open_loop=1)
        device.load("neurons", self._neuron_words())
        for source in self._sources:
            device.load("synapses", self._synapse_row(), int(source) * config.neurons // 8)
        self._raw_spi()
        last = config.neurons - 1 if random.integers(2) else int(random.integers(config.neurons))
        output_source = int(random.integers(2))
        device.configure(output_source=output_source, open_loop=int(self._open_loop))
        if random.integers(2):
            device.configure(last_neuron=last)
        else:
            self._raw_register("last_neuron", last)
        device.configure(gate=0)

        if self._open_loop and random.integers(2):
            # Queued events keep their order whatever the pace.
            count = int(random.integers(2, 3 * config.fifo_depth if config.fifo_depth < 64 else 64))
            device.send(np.array([self._queued_event() for _ in range(count)], dtype=np.uint64))
            device.settle()
        for _ in range(random.integers(5, 25)):
            event = self._event()
            device.send(np.array([event], dtype=np.uint64))
            if self._open_loop and output_source and self._is_silent(event):
                # It is finished before the gate closes. (Its words would be lost at the pins.)
                device.configure(gate=1)
                device.settle()
                device.configure(gate=0)
            else:
                device.settle()

        device.configure(gate=1)
        device.dump("neurons")
        for source in random.choice(self._sources, min(4, len(self._sources)), replace=False):
            device.dump("synapses", int(source) * config.neurons // 8, config.neurons // 8)

    def _is_silent(self, event: int) -> bool:
        """Tell whether an event gives no output word, with output source 1: it is no spike
        event.
        """
        low_bits = self._config.low_bits
        virtual = event >> low_bits + 1 and event >> 4 & 15
        return bool(event >> low_bits & 1 or virtual)

    def _neuron_words(self) -> list[int]:
        """Words of one of several kinds, from well-behaved to every bit random."""
        random, config = self._random, self._config
        bits = config.potential_bits
        limit = 1 << bits - 1
        kind = random.integers(3)
        may_spike = np.zeros(config.neurons, dtype=bool)
        may_spike[self._sources] = True
        words = []
        for neuron in range(config.neurons):
            if kind == 0:  # thresholds within reach
                potential = int(random.integers(-20, 20))
                threshold = int(random.integers(1, 40))
                leak = int(random.integers(0, 5))
            elif kind == 1:  # at the limits
                potential = int(random.choice([-limit, -limit + 3, -1, 0, 1, limit - 4, limit - 1]))
                threshold = int(random.choice([0, 1, limit - 3, limit - 1, limit, 2 * limit - 1]))
                leak = int(random.choice([0, 1, (1 << LEAK_BITS) - 1]))
            else:
                potential = int(random.integers(-limit, limit))
                threshold = int(random.integers(0, 2 * limit))
                leak = int(random.integers(0, 1 << LEAK_BITS))
            disable = int(random.integers(8) == 0)
            if not self._open_loop and not may_spike[neuron]:
                disable = 1
            if not self._open_loop and threshold == 0:
                threshold = 1  # would fire at every update, without end
            words.append(
                potential & (1 << bits) - 1
                | threshold << bits
                | leak << 2 * bits
                | disable << 2 * bits + LEAK_BITS
            )
        return words

    def _synapse_row(self) -> list[int]:
        random, config = self._random, self._config
        bits = config.weight_bits
        weights = random.integers(0, 1 << bits, config.neurons)
        kind = random.integers(4)
        if kind == 0:
            weights[random.random(config.neurons) < 0.8] = 0
        elif kind == 1:
            weights[:] = random.choice([1 << bits - 1, (1 << bits - 1) - 1])
        return synapse_words(weights, bits)

    def _raw_spi(self) -> None:
        """A few raw transactions, within the loaded words and beyond the memories."""
        random, config = self._random, self._config
        spi = self._device.pins.spi
        memories = self._device.memories
        for _ in range(random.integers(0, 6)):
            memory = ("neurons", "synapses")[random.integers(2)]
            beyond = random.integers(4) == 0
            if memory == "neurons":
                # The word field is half of the address; a byte may lie beyond the word.
                words = 1 << config.spi_address_bits // 2 if beyond else config.neurons
                word = int(random.integers(words))
                byte = int(random.integers(memories[memory].bytes_per_word + 1))
                byte |= int(random.integers(2)) << config.spi_address_bits // 2 - 1 if beyond else 0
            elif beyond:
                word = int(random.integers(config.synapse_words, 1 << config.spi_address_bits - 2))
                word &= (1 << config.spi_address_bits - 3) - 1
                # Where all words exist none is beyond, and those not loaded are not read.
                if word < config.synapse_words:
                    continue
                byte = int(random.integers(memories[memory].bytes_per_word))
            else:
                row = int(random.choice(self._sources)) * config.neurons // 8
                word = row + int(random.integers(config.neurons // 8))
                byte = int(random.integers(memories[memory].bytes_per_word))
            read, write = (bool(bit) for bit in random.integers(0, 2, 2))
            # Closed-loop networks must stay as they were made: only masked writes there.
            mask = 0xFF if not self._open_loop else int(random.integers(256))
            address = spi.places[memory].at(word, byte) | read * spi.read | write * spi.write
            self._transaction(address, mask << 8 | int(random.integers(256)))

    def _raw_register(self, name: str, value: int) -> None:
        """Write a register: the read and write bits and the bits above the value have no effect."""
        random = self._random
        register = self._device.registers[name]
        spi = self._device.pins.spi
        top = int(random.integers(4)) << spi.bits - 2
        more = int(random.integers(1 << spi.bits - register.width))
        self._transaction(top | register.address, more << register.width | value)
        # A register that does not exist, though its low bits are those of this one.
        missing = 1 << int(random.integers(3, self._config.spi_address_bits)) | register.address
        self._transaction(top | missing, int(random.integers(1 << spi.bits)))

    def _transaction(self, address: int, data: int) -> None:
        self._device.transact([address, data])

    def _queued_event(self) -> int:
        random, config = self._random, self._config
        virtual = 1 << config.low_bits + 1
        kind = random.integers(6)
        if kind < 2:
            return virtual | int(random.integers(1, 16)) << 4 | int(random.integers(16))
        if kind == 2 and self._sources[0] < 16:
            # A virtual event of weight zero is a spike event.
            return virtual | int(random.choice(self._sources[self._sources < 16]))
        return int(random.choice(self._sources))

    def _event(self) -> int:
        random, config = self._random, self._config
        kind = random.integers(8)
        tick = 1 << config.low_bits
        if kind == 0:
            return tick | tick - 1
        if kind == 1:
            return (
                tick | int(random.integers(tick)) | int(random.integers(2)) << config.low_bits + 1
            )
        return self._queued_event()


#: Neurons that take part; the others are disabled.
_AWAKE = 32


def exercise(device: Device, random: np.random.Generator) -> None:
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
        weights = random.integers(0, 1 << config.weight_bits, config.neurons)
        device.load("synapses", synapse_words(weights, config.weight_bits), source * row)
    device.configure(gate=0)
    for event in _events(config, sources, random):
        device.send([event])
        device.settle()
    # More than the queue takes, of one kind, so that their order is that of sending.
    count = config.fifo_depth + 2 if config.fifo_depth < 8 else 6
    device.send(random.choice(sources, count))
    device.settle()
    device.configure(gate=1)
    read_back(device, awake, sources)

    layout, highest = neuron_word(config), (1 << config.weight_bits - 1) - 1
    rest = {"threshold": highest}
    run_chain(
        device,
        sources,
        {n: pack_fields(layout, {**rest, "disabled": int(n not in sources)}) for n in awake},
        lambda weights: synapse_words(weights, config.weight_bits),
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
            "disabled": int(neuron not in awake),
        }
        words.append(pack_fields(neuron_word(config), fields))
    return words


def _events(config: TinyOdinConfig, sources: list[int], random: np.random.Generator) -> list[int]:
    layout = event_word(config)
    tick, virtual = 1 << layout["tick"].offset, 1 << layout["virtual_event"].offset
    events = [int(source) for source in random.choice(sources, 8)]
    for neuron in (0, 5):
        events += [virtual | int(weight) << 4 | neuron for weight in random.integers(1, 16, 3)]
    events += [tick | tick - 1, tick | sources[0]]
    return [*events, *events[:4]]


def prepare_activity(device: Device, random: np.random.Generator) -> None:
    """Load random neurons and synapses, in open loop.

    Parameters
    ----------
    device : Device
        A freshly reset tinyODIN.
    random : numpy.random.Generator
        Random generator.
    """
    config = device.config
    device.configure(gate=1, open_loop=1, last_neuron=config.neurons - 1)
    highest = (1 << config.potential_bits - 1) - 1
    words = [
        pack_fields(neuron_word(config), {"threshold": min(int(threshold), highest)})
        for threshold in random.integers(40, 400, config.neurons)
    ]
    device.load("neurons", words)
    width = device.memories["synapses"].width
    device.load("synapses", [bits(random, width) for _ in range(config.synapse_words)])
    device.configure(gate=0)


def drive_activity(device: Device, random: np.random.Generator, events: int) -> int:
    """Send spike events.

    Parameters
    ----------
    device : Device
        The core that was prepared.
    random : numpy.random.Generator
        Random generator.
    events : int
        How many.

    Returns
    -------
    int
        Synaptic operations.
    """
    device.send(random.integers(0, device.config.neurons, events))
    return events * device.config.neurons
