"""A phase of the random stimulus: words and registers, raw transactions, and events of every
kind.
"""

from collections.abc import Iterator

import numpy as np
from amaranth.lib import data

from ....hdl.odin.config import OdinConfig
from ....hdl.odin.event import OdinEvents
from ...device import Device
from ..crossbar import synapse_words
from ..sample import RandomChoice
from .random_words import word_layout

__all__ = ["Phase"]


class Phase:
    """One set of words and registers, and events on it. A subclass says which networks there are.

    Parameters
    ----------
    device : Device
        The device.
    random : numpy.random.Generator
        Source of everything random.
    """

    open_loop = True
    #: Raw transactions may change what is loaded.
    raw_writes = True
    _begins_with_tick = False

    def __init__(self, device: Device, random: np.random.Generator) -> None:
        self._device = device
        self._random = random
        self._draw = RandomChoice(random)
        self._config: OdinConfig = device.config
        self._events = OdinEvents(self._config)
        size = self._config.neurons
        # Rows of the synapse memory that are loaded; only their neurons may spike or be sources.
        count = size if size <= 32 or self._draw.chance(0.3) else int(random.integers(6, 40))
        count = min(count, 64 if size < 256 else 24)
        self._sources = self._draw.some(range(size), count)
        # Neurons that get most of the events.
        self._focus = self._draw.some(range(size), int(random.integers(1, 5)))
        self._inhibitory = random.random(size) < random.choice([0, 0.2, 0.5, 1])
        self._monitored = int(random.choice(self._focus if self._draw.chance(0.7) else range(size)))

    # A phase from beginning to end.

    def run(self) -> None:
        device, config = self._device, self._config
        device.configure(gate=1)
        if self._draw.chance(0.7):
            device.configure(open_loop=1)
        device.load("neurons", self._neuron_words())
        for source in self._sources:
            device.load("synapses", self._synapse_row(source), source * config.neurons // 8)
        self._configure()
        for _ in range(self._draw.below(6)):
            self._raw_memory()
        self._start()
        for batch in self._batches():
            device.send(np.array(batch, dtype=np.uint64))
            # An event in progress is finished, and no other one begins.
            gated = self.open_loop and len(batch) == 1 and self._draw.chance(0.2)
            if gated:
                device.configure(gate=1)
            device.settle()
            if gated or self._draw.chance(0.05):
                self._look()
        device.configure(gate=1)
        self._read_back()

    def _configure(self) -> None:
        """Write all registers but the gate, in any order and some of them raw."""
        config = self._config
        values = {
            f"sign_{number}": sum(
                1 << bit for bit in range(16) if self._inhibitory[16 * number + bit]
            )
            for number in range(config.neurons // 16)
        }
        values |= {
            "open_loop": int(self.open_loop),
            "output_source": self._draw.below(2),
            "monitor_enable": int(self._draw.chance(0.35)),
            "monitored_neuron": self._monitored,
            "monitored_source": self._draw.one(self._sources),
            "learn_unmapped": self._draw.below(2),
            "propagate_unmapped": int(self._draw.chance(0.3)),
            "learn_on_synapse_event": self._draw.below(2),
            "burst_time_unit": self._burst_time_unit(),
        } | self._settings()
        names = [name for name in values if name in self._registers()]
        for index in self._random.permutation(len(names)).tolist():
            name = names[index]
            if self._draw.chance(0.15):
                self._raw_register(name, values[name])
            else:
                self._device.configure(**{name: values[name]})

    def _registers(self) -> set[str]:
        return {register.name for register in self._device.registers}

    def _settings(self) -> dict[str, int]:
        """Return values of registers that the phase relies on."""
        return {}

    def _burst_time_unit(self) -> int:
        """Return a value for a core in which nothing bursts."""
        return int(self._random.choice([0, 1, self._draw.below(300), (1 << 20) - 1]))

    def _start(self) -> None:
        """Open the gate, with events waiting at it or not."""
        device = self._device
        waiting = [self._events.tick()] if self._begins_with_tick or self._draw.chance(0.5) else []
        if waiting and self._draw.chance(0.3):
            waiting = self._joined([waiting[0], *self._some_events(self._draw.below(4))])
            device.send(np.array(waiting, dtype=np.uint64))
            waiting = []
        device.configure(gate=0)
        if waiting:
            device.send(np.array(waiting, dtype=np.uint64))
        device.settle()

    def _look(self) -> None:
        """Read a little while the core is idle."""
        device, config = self._device, self._config
        device.configure(gate=1)
        device.dump("neurons", self._draw.one(self._focus), 1)
        device.dump("synapses", self._draw.one(self._sources) * config.neurons // 8, 1)
        device.configure(gate=0)

    def _read_back(self) -> None:
        """Read all neurons, or many, and some rows of synapses."""
        device, config = self._device, self._config
        if config.neurons <= 256:
            device.dump("neurons")
        else:
            for neuron in {*self._focus, *self._draw.some(range(config.neurons), 64)}:
                device.dump("neurons", neuron, 1)
        for source in self._draw.some(self._sources, 4):
            device.dump("synapses", source * config.neurons // 8, config.neurons // 8)

    # Words.

    def _neuron_words(self) -> list[int]:
        mixture = self._random.choice([0, 0.5, 1])  # of leaky integrate-and-fire neurons
        words = []
        for neuron in range(self._config.neurons):
            is_lif = self._draw.chance(mixture)
            word = self._neuron_word(neuron, word_layout(self._config, is_lif))
            # Bit 0 means nothing where there is one model only.
            if not self._config.lif or not self._config.izhikevich:
                word = word & ~1 | is_lif
            words.append(word)
        return words

    def _neuron_word(self, neuron: int, layout: data.StructLayout) -> int:
        raise NotImplementedError

    def _synapse_row(self, source: int) -> list[int]:
        config, random = self._config, self._random
        size = 1 << config.weight_bits
        weights = random.integers(0, size, config.neurons)
        kind = random.integers(4)
        if kind == 0:
            weights[random.random(config.neurons) < 0.7] = 0
        elif kind == 1:
            weights[:] = size - 1
        mapped = random.random(config.neurons) < random.choice([0.5, 0.9, 1])
        return self._row_words(weights, mapped)

    def _row_words(self, weights: np.ndarray, mapped: np.ndarray) -> list[int]:
        bits = self._config.weight_bits
        return synapse_words(weights + (mapped.astype(np.int64) << bits), bits + 1)

    # Raw SPI.

    def _raw_memory(self) -> None:
        """Reach a byte of a word that is loaded, or one beyond the memories."""
        config = self._config
        spi = self._device.pins.spi
        sizes = self._device.memories
        read, write = self._draw.chance(0.5), self._draw.chance(0.5)
        memory = ("neurons", "synapses")[self._draw.below(2)]
        beyond = self._draw.chance(0.25)
        if memory == "neurons":
            half = config.spi_address_bits // 2
            word = self._draw.below(1 << half if beyond else config.neurons)
            byte = self._draw.below(1 << config.spi_address_bits - half if beyond else 16)
        else:
            byte = self._draw.below(sizes[memory].bytes_per_word)
            word = self._draw.one(self._sources) * config.neurons // 8
            word += self._draw.below(config.neurons // 8)
            if beyond:
                word = self._draw.below(1 << config.spi_address_bits - 3)
                # Words that are not loaded are not to be read.
                read = read and word >= config.synapse_words
                write = write and word >= config.synapse_words
        exists = word < sizes[memory].words and byte < sizes[memory].bytes_per_word
        mask = self._draw.bits(8) if self.raw_writes and self._draw.chance(0.8) else 0xFF
        if not exists:
            mask = self._draw.bits(8)
        address = spi.places[memory].at(word, byte) | read * spi.read | write * spi.write
        if self._draw.chance(0.1):
            # There is no fourth target.
            address = address | 3 << config.spi_address_bits
            address &= ~(1 << config.spi_address_bits + 3)
        self._transaction(address, mask << 8 | self._draw.bits(8))

    def _raw_register(self, name: str, value: int) -> None:
        """Write a register: the read and write bits and the bits above the value have no effect."""
        register = self._device.registers[name]
        spi = self._device.pins.spi
        top = self._draw.below(4) << spi.bits - 2
        more = self._draw.bits(spi.bits - register.width)
        self._transaction(top | register.address, more << register.width | value)
        # A register that does not exist, also one that another configuration has.
        missing = (
            1 << int(self._random.integers(6, self._config.spi_address_bits)) | register.address
        )
        if self._draw.chance(0.5):
            missing = self._draw.below(100)
        if self._device.registers.at(missing) is None:
            self._transaction(
                self._draw.below(4) << spi.bits - 2 | missing, self._draw.bits(spi.bits)
            )

    def _transaction(self, address: int, word: int) -> None:
        self._device.transact([address, word])

    # Events.

    def _batches(self) -> Iterator[list[int]]:
        """Make the lists of events after which the core settles."""
        for _ in range(self._random.integers(12, 40)):
            yield self._joined(
                self._some_events(1 if self._draw.chance(0.7) else 1 + self._draw.below(6))
            )

    def _some_events(self, count: int) -> list[int]:
        return [self._event() for _ in range(count)]

    def _joined(self, events: list[int]) -> list[int]:
        """Make a list of events that need not wait for one another, as far as events allow it."""
        return self._separated(events, every=False)

    def _separated(self, events: list[int], *, every: bool) -> list[int]:
        """Put barriers between events where they are needed.

        Parameters
        ----------
        events : list of int
            Events.
        every : bool
            A barrier is needed after every event; else only between a queued and a direct one.
        """
        separated: list[int] = []
        waiting = False
        for event in events:
            if waiting and (every or self._is_direct(event)):
                if not self._config.plasticity:
                    return separated
                separated.append(self._events.bistability(self._draw.one(self._sources)))
                waiting = False
            separated.append(event)
            waiting = (waiting or every or not self._is_direct(event)) and not self._is_barrier(
                event
            )
        return separated

    def _fields(self, event: int) -> tuple[int, int]:
        """Return the S bit of an event and what of its low field tells the kind (section 6)."""
        config = self._config
        return event >> config.event_bits - 1, event & ((1 << config.low_bits - 1) - 1)

    def _is_barrier(self, event: int) -> bool:
        single, body = self._fields(event)
        return not single and body == 0

    def _is_direct(self, event: int) -> bool:
        """Tell single-synapse events and time references."""
        single, body = self._fields(event)
        return bool(single) or body == (1 << self._config.low_bits - 1) - 1

    def _event(self) -> int:
        """Make an event of any kind."""
        kind = self._draw.below(16)
        source = self._draw.one(self._sources)
        if kind < 5:
            # Each of these is a spike event (P5).
            return self._events.spike(source) & ~7 | 1 + self._draw.below(7)
        if kind < 9:
            return self._virtual_event()
        if kind == 9:
            return self._events.tick()
        if kind < 12:
            return self._events.tick(self._neuron())
        if kind < 14:
            return self._synapse_event(source)
        if kind == 14 and (self._config.neurons <= 32 or not self._config.plasticity):
            return self._events.bistability(source if self._draw.chance(0.7) else None)
        return self._events.bistability(source)

    def _neuron(self) -> int:
        """Choose a neuron, most often one of a few."""
        if self._draw.chance(0.7):
            return self._draw.one(self._focus)
        return self._draw.below(self._config.neurons)

    def _virtual_event(self) -> int:
        """Make a virtual event; bits of the low field that are not kept are random."""
        low_bits = self._config.low_bits
        field = 1 + self._draw.below(31)
        if self._draw.chance(0.4):
            field = 4 * (1 + self._draw.below(7))  # excitatory
        rest = self._draw.bits(low_bits - 5)
        single_or_all = (1 << low_bits - 1) - 1
        low = field << low_bits - 5 | rest
        if low & single_or_all in (0, single_or_all):
            low ^= 2
        return self._events.spike(self._neuron()) & ~((1 << low_bits) - 1) | low

    def _synapse_event(self, source: int) -> int:
        """Make a single-synapse event; higher bits of the low field are ignored."""
        config = self._config
        more = self._draw.bits(config.low_bits - config.address_bits) << config.address_bits
        target = self._neuron()
        if self._draw.chance(0.2):
            target = self._monitored ^ self._draw.below(8)
        high = self._events.spike(source) >> config.low_bits
        single = 1 << config.event_bits - 1
        return single | high << config.low_bits | more | target
