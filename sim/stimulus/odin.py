"""Random stimulus for ODIN (section numbers are those of its specification).

The outcome of everything sent here depends on the order of events alone, never on pace or on where
the burst tick stands (section 8). How that is made sure of:

- Direct events overtake queued ones, so they follow these only after a `settle`, or after a
  bistability event, which waits until all queued work is done. In closed loop every event may queue
  spikes, so there each is followed by one of the two.
- A burst tick is longer than all that one event or one slot can cause, and intervals are of two ticks at
  least. An event's spikes may still fall into two ticks; then the order of replays is the same, but not
  whether spikes that a replay causes come before the next replay. So either only one neuron bursts at a
  time, or replays cause no spikes and all bursts have one interval. A slot never overflows.
"""

from collections.abc import Iterator

import numpy as np
from amaranth.lib import data

from ...hdl.neuron.layout import IZHIKEVICH_WORD, LIF_WORD, NEURON_BITS
from ...hdl.odin.config import OdinConfig
from ..device import Device
from ..odin_event import OdinEvents
from ..spi import SpiFrame, spi_transaction

__all__ = ["CONFIGURATIONS", "stimulate"]

#: Configurations that `verify` goes through: sizes, widths, depths, lanes and ports mixed, and some
#: parts left out. Their number has no divisor in common with the turns of shells and stalls there.
CONFIGURATIONS = (
    OdinConfig(),
    OdinConfig(neurons=16, lanes=8, neuron_memory_ports=2),
    OdinConfig(neurons=32, lanes=2, weight_bits=5, fifo_depth=8),
    OdinConfig(neurons=16, fifo_depth=4, burst_slot_depth=1),
    OdinConfig(neurons=64, lanes=4, weight_bits=2, burst_slot_depth=2),
    OdinConfig(neurons=32, lanes=8, lif=0),
    OdinConfig(neurons=64, lanes=2, neuron_memory_ports=2, izhikevich=0),
    OdinConfig(neurons=32, neuron_memory_ports=2, plasticity=0),
    OdinConfig(neurons=64, lanes=8, weight_bits=1, burst_queue=0),
    OdinConfig(neurons=16, weight_bits=6, fifo_depth=16, izhikevich=0, plasticity=0),
    OdinConfig(neurons=128, lanes=4, neuron_memory_ports=2, weight_bits=4, burst_slot_depth=8),
    OdinConfig(neurons=256, lanes=8, neuron_memory_ports=2, fifo_depth=64),
    OdinConfig(neurons=512, lanes=8, weight_bits=7),
)

#: Enables that change how an Izhikevich-type neuron behaves.
_FEATURES = tuple(
    name
    for name, _ in IZHIKEVICH_WORD
    if name.endswith("_enable") and name not in ("leak_enable", "learning_enable")
)

#: Those that, with a negative reset, let a neuron fire no more often than it is driven.
_CALM_FEATURES = (
    "latency_enable",
    "phasic_enable",
    "mixed_enable",
    "class_2_enable",
    "negative_enable",
    "rebound_enable",
    "inhibition_induced_enable",
    "bistable_enable",
)

#: Those that only keep a neuron from firing.
_RESTRAINING_FEATURES = ("phasic_enable", "mixed_enable", "class_2_enable", "negative_enable")


def stimulate(device: Device, random: np.random.Generator) -> None:
    """Configure, load and stimulate a core at random, in a few phases, and read it back.

    Parameters
    ----------
    device : Device
        A freshly reset ODIN, or a recorder around one.
    random : numpy.random.Generator
        Source of everything random.

    Raises
    ------
    BusyError
        If the random network keeps itself going.
    """
    config: OdinConfig = device.config
    phases = 1 if config.neurons >= 256 else int(random.integers(1, 4))
    kinds = [_OpenLoop, _OpenLoop, _ClosedLoop]
    if config.has_bursts and config.neurons <= 64:
        kinds += [_LoneBursts, _JointBursts]
    for number in range(phases):
        kinds[random.integers(len(kinds))](device, random, first=number == 0).run()


def _fits(layout: data.StructLayout, name: str, value: int) -> int:
    """Keep the bits of a value that a field has."""
    return int(value) & ((1 << layout[name].width) - 1)


def _pack(layout: data.StructLayout, fields: dict[str, int]) -> int:
    """Put a word together."""
    word = 0
    for name, value in fields.items():
        word |= _fits(layout, name, value) << layout[name].offset
    return word


class _Phase:
    """One set of words and registers, and events on it. A subclass says which networks there are.

    Parameters
    ----------
    device : Device
        The device.
    random : numpy.random.Generator
        Source of everything random.
    first : bool
        This is the first phase, so memories and flags are undefined.
    """

    open_loop = True
    #: Raw transactions may change what is loaded.
    raw_writes = True
    _begins_with_tick = False

    def __init__(self, device: Device, random: np.random.Generator, first: bool) -> None:
        self._device = device
        self._random = random
        self._first = first
        self._config: OdinConfig = device.config
        self._events = OdinEvents(self._config)
        size = self._config.neurons
        # Rows of the synapse memory that are loaded; only their neurons may spike or be sources.
        count = size if size <= 32 or self._chance(0.3) else int(random.integers(6, 40))
        count = min(count, 64 if size < 256 else 24)
        self._sources = self._some(range(size), count)
        # Neurons that get most of the events.
        self._focus = self._some(range(size), int(random.integers(1, 5)))
        self._inhibitory = random.random(size) < random.choice([0, 0.2, 0.5, 1])
        self._monitored = int(random.choice(self._focus if self._chance(0.7) else range(size)))

    # Choices.

    def _chance(self, probability: float) -> bool:
        return bool(self._random.random() < probability)

    def _below(self, limit: int) -> int:
        return int(self._random.integers(limit))

    def _some(self, items: list[int] | range, count: int) -> list[int]:
        """Choose some of the items, in ascending order."""
        chosen = self._random.choice(np.array(items), min(count, len(items)), replace=False)
        return sorted(chosen.tolist())

    def _one(self, items: list[int] | tuple[str, ...]) -> int | str:
        return items[self._below(len(items))]

    def _bits(self, width: int) -> int:
        """Return a number of so many random bits."""
        return int.from_bytes(self._random.bytes(-(-width // 8)), "little") & ((1 << width) - 1)

    # A phase from beginning to end.

    def run(self) -> None:
        device, config = self._device, self._config
        device.configure(gate=1)
        if self._chance(0.7):
            device.configure(open_loop=1)
        device.load("neurons", self._neuron_words())
        for source in self._sources:
            device.load("synapses", self._synapse_row(source), source * config.neurons // 8)
        self._configure()
        for _ in range(self._below(6)):
            self._raw_memory()
        self._start()
        for batch in self._batches():
            device.send(np.array(batch, dtype=np.uint64))
            device.settle()
            if self._chance(0.05):
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
            "output_source": self._below(2),
            "monitor_enable": int(self._chance(0.35)),
            "monitored_neuron": self._monitored,
            "monitored_source": int(self._one(self._sources)),
            "learn_unmapped": self._below(2),
            "propagate_unmapped": int(self._chance(0.3)),
            "learn_on_synapse_event": self._below(2),
            "burst_time_unit": self._burst_time_unit(),
        } | self._settings()
        names = [name for name in values if name in self._registers()]
        for index in self._random.permutation(len(names)).tolist():
            name = names[index]
            if self._chance(0.15):
                self._raw_register(name, values[name])
            else:
                self._device.configure(**{name: values[name]})

    def _registers(self) -> set[str]:
        return {register.name for register in self._device.registers}

    def _settings(self) -> dict[str, int]:
        """Return register values that the phase relies on."""
        return {}

    def _burst_time_unit(self) -> int:
        """Return a value for a core in which nothing bursts."""
        return int(self._random.choice([0, 1, self._below(300), (1 << 20) - 1]))

    def _start(self) -> None:
        """Open the gate, with events waiting at it or not; see that the flags are defined."""
        device = self._device
        needed = self._first or self._begins_with_tick
        waiting = [self._events.tick()] if needed or self._chance(0.5) else []
        if waiting and self._chance(0.3):
            waiting = self._joined([waiting[0], *self._some_events(self._below(4))])
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
        device.dump("neurons", int(self._one(self._focus)), 1)
        device.dump("synapses", int(self._one(self._sources)) * config.neurons // 8, 1)
        device.configure(gate=0)

    def _read_back(self) -> None:
        """Read all neurons, or many, and some rows of synapses."""
        device, config = self._device, self._config
        if config.neurons <= 256:
            device.dump("neurons")
        else:
            for neuron in {*self._focus, *self._some(range(config.neurons), 64)}:
                device.dump("neurons", neuron, 1)
        for source in self._some(self._sources, 4):
            device.dump("synapses", source * config.neurons // 8, config.neurons // 8)

    # Words.

    def _neuron_words(self) -> list[int]:
        mixture = self._random.choice([0, 0.5, 1])  # of leaky integrate-and-fire neurons
        words = []
        for neuron in range(self._config.neurons):
            is_lif = self._chance(mixture)
            word = self._neuron_word(neuron, self._model(is_lif))
            # Bit 0 means nothing where there is one model only.
            if not self._config.lif or not self._config.izhikevich:
                word = word & ~1 | is_lif
            words.append(word)
        return words

    def _model(self, is_lif: bool) -> data.StructLayout:
        """Return the model that such a neuron has in this core."""
        if not self._config.lif or not self._config.izhikevich:
            is_lif = bool(self._config.lif)
        return LIF_WORD if is_lif else IZHIKEVICH_WORD

    def _neuron_word(self, neuron: int, layout: data.StructLayout) -> int:
        raise NotImplementedError

    def _any_word(self, layout: data.StructLayout, disable: int) -> int:
        """Return a word of one of several kinds, from well-behaved to every bit random."""
        kind = self._below(4)
        if kind == 0:
            word = self._bits(NEURON_BITS)
            return word & ~1 & ~(1 << NEURON_BITS - 1) | self._word_ends(layout, disable)
        fields = {name: self._bits(field.width) for name, field in layout}
        if kind < 3:
            fields |= self._likely(layout)
        if kind == 1 and layout is IZHIKEVICH_WORD:
            fields |= dict.fromkeys(_FEATURES, 0) | {str(self._one(_FEATURES)): 1}
        fields |= {"model": int(layout is LIF_WORD), "disable": disable}
        return _pack(layout, fields)

    def _word_ends(self, layout: data.StructLayout, disable: int) -> int:
        return int(layout is LIF_WORD) | disable << NEURON_BITS - 1

    def _likely(self, layout: data.StructLayout) -> dict[str, int]:
        """Return fields for a neuron that reacts to a few events, and learns."""
        fields = {
            "leak_enable": self._below(2),
            "learning_enable": int(self._chance(0.8)),
            "calcium": self._below(5),
            "calcium_threshold_1": self._below(3),
            "calcium_threshold_2": self._below(6),
            "calcium_threshold_3": 2 + self._below(6),
            "calcium_period": self._below(6),
        }
        if layout is LIF_WORD:
            threshold = 1 + self._below(60)
            return fields | {
                "leak": self._below(9),
                "threshold": threshold,
                "potential": self._below(threshold + 4),
                "learning_threshold": self._below(threshold + 1),
            }
        fields |= {name: int(self._chance(0.12)) for name in _FEATURES}
        fields |= {
            "leak": self._below(18),
            "fan_in": int(self._chance(0.1)),
            "threshold": 1 + self._below(5),
            "reset_depth": self._below(4),
            "stimulation_threshold": self._below(3),
            "learning_threshold": self._below(5),
            "potential": self._below(4) if self._chance(0.8) else self._below(16),
        }
        state = ("refractory", "phasic_lock", "mixed_lock", "inhibition_induced_lock", "burst_lock")
        fields |= {name: int(self._chance(0.1)) for name in state}
        if self._chance(0.7):
            fields |= {"threshold_offset": 0, "stimulation": 0, "previous_stimulation": 0}
        return fields

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
        nibbles = (weights + (mapped.astype(np.int64) << bits)).reshape(-1, 8).tolist()
        return [sum(n << (bits + 1) * k for k, n in enumerate(group)) for group in nibbles]

    # Raw SPI.

    def _raw_memory(self) -> None:
        """Reach a byte of a word that is loaded, or one beyond the memories."""
        config = self._config
        frame = SpiFrame.of(self._device)
        sizes = self._device.memories
        read, write = self._chance(0.5), self._chance(0.5)
        memory = ("neurons", "synapses")[self._below(2)]
        beyond = self._chance(0.25)
        if memory == "neurons":
            half = config.spi_address_bits // 2
            word = self._below(1 << half if beyond else config.neurons)
            byte = self._below(1 << config.spi_address_bits - half if beyond else 16)
        else:
            byte = self._below(sizes[memory].bytes_per_word)
            word = int(self._one(self._sources)) * config.neurons // 8
            word += self._below(config.neurons // 8)
            if beyond:
                word = self._below(1 << config.spi_address_bits - 3)
                # Words that are not loaded are not to be read.
                read = read and word >= config.synapse_words
                write = write and word >= config.synapse_words
        exists = word < sizes[memory].words and byte < sizes[memory].bytes_per_word
        mask = self._bits(8) if self.raw_writes and self._chance(0.8) else 0xFF
        if not exists:
            mask = self._bits(8)
        address = frame.memory(memory, word, byte, read=read, write=write)
        if self._chance(0.1):
            # There is no fourth target.
            address = address | 3 << config.spi_address_bits
            address &= ~(1 << config.spi_address_bits + 3)
        self._transaction(address, mask << 8 | self._bits(8))

    def _raw_register(self, name: str, value: int) -> None:
        """Write a register: the read and write bits and the bits above the value have no effect."""
        register = self._device.registers[name]
        frame = SpiFrame.of(self._device)
        top = self._below(4) << frame.bits - 2
        more = self._bits(frame.bits - register.width)
        self._transaction(top | register.address, more << register.width | value)
        # A register that does not exist, also one that another configuration has.
        missing = (
            1 << int(self._random.integers(6, self._config.spi_address_bits)) | register.address
        )
        if self._chance(0.5):
            missing = self._below(100)
        if self._device.registers.at(missing) is None:
            self._transaction(self._below(4) << frame.bits - 2 | missing, self._bits(frame.bits))

    def _transaction(self, address: int, word: int) -> None:
        spi_transaction(self._device, address, word, gated=True)

    # Events.

    def _batches(self) -> Iterator[list[int]]:
        """Make the lists of events after which the core settles."""
        for _ in range(self._random.integers(12, 40)):
            yield self._joined(self._some_events(1 if self._chance(0.7) else 1 + self._below(6)))

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
        found: list[int] = []
        waiting = False
        for event in events:
            if waiting and (every or self._is_direct(event)):
                if not self._config.plasticity:
                    return found
                found.append(self._events.bistability(int(self._one(self._sources))))
                waiting = False
            found.append(event)
            waiting = (waiting or every or not self._is_direct(event)) and not self._is_barrier(
                event
            )
        return found

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
        kind = self._below(16)
        source = int(self._one(self._sources))
        if kind < 5:
            # Each of these is a spike event (P5).
            return self._events.spike(source) & ~7 | 1 + self._below(7)
        if kind < 9:
            return self._virtual_event()
        if kind == 9:
            return self._events.tick()
        if kind < 12:
            return self._events.tick(self._neuron())
        if kind < 14:
            return self._synapse_event(source)
        if kind == 14 and (self._config.neurons <= 32 or not self._config.plasticity):
            return self._events.bistability(source if self._chance(0.7) else None)
        return self._events.bistability(source)

    def _neuron(self) -> int:
        """Choose a neuron, most often one of a few."""
        if self._chance(0.7):
            return int(self._one(self._focus))
        return self._below(self._config.neurons)

    def _virtual_event(self) -> int:
        """Make a virtual event; bits of the low field that are not kept are random."""
        low_bits = self._config.low_bits
        field = 1 + self._below(31)
        if self._chance(0.4):
            field = 4 * (1 + self._below(7))  # excitatory
        rest = self._bits(low_bits - 5)
        single_or_all = (1 << low_bits - 1) - 1
        low = field << low_bits - 5 | rest
        if low & single_or_all in (0, single_or_all):
            low ^= 2
        return self._events.spike(self._neuron()) & ~((1 << low_bits) - 1) | low

    def _synapse_event(self, source: int) -> int:
        """Make a single-synapse event; higher bits of the low field are ignored."""
        config = self._config
        more = self._bits(config.low_bits - config.address_bits) << config.address_bits
        target = self._neuron()
        if self._chance(0.2):
            target = self._monitored ^ self._below(8)
        high = self._events.spike(source) >> config.low_bits
        single = 1 << config.event_bits - 1
        return single | high << config.low_bits | more | target


class _OpenLoop(_Phase):
    """Neurons of every kind: their spikes have no consequences."""

    def _neuron_word(self, neuron: int, layout: data.StructLayout) -> int:
        return self._any_word(layout, int(self._chance(0.15)))

    def _batches(self) -> Iterator[list[int]]:
        yield from super()._batches()
        # More queued events than the FIFO takes: the core serves it before it takes more input.
        if self._chance(0.5):
            depth = self._config.fifo_depth
            count = int(self._random.integers(2, 3 * depth if depth < 64 else 64))
            yield [event for event in self._some_events(count) if not self._is_direct(event)]
        # One neuron driven hard.
        neuron = self._neuron()
        for _ in range(self._below(6)):
            event = self._events.virtual(neuron, 1 + self._below(7), inhibitory=self._chance(0.3))
            yield [event] * (1 + self._below(4))
            yield [self._events.tick(neuron)]


class _ClosedLoop(_Phase):
    """A network that comes to rest: only calm neurons are enabled."""

    open_loop = False

    def __init__(self, device: Device, random: np.random.Generator, first: bool) -> None:
        super().__init__(device, random, first)
        # At times so many fire together, at the first time reference, that the FIFO overflows.
        self._ready = self._chance(0.4) and self._config.neurons <= 256
        count = int(random.integers(2, 13))
        if self._ready:
            self._begins_with_tick = True
            size = self._config.neurons
            count = min(size, self._config.fifo_depth + 1 + self._below(16))
            self._sources = self._some(range(size), max(count, len(self._sources)))
        self._enabled = set(self._some(self._sources, count))

    def _settings(self) -> dict[str, int]:
        # Bursts do not come back: neurons of all intervals may fire in any event.
        return {"burst_time_unit": 0}

    def _joined(self, events: list[int]) -> list[int]:
        return self._separated(events, every=True)

    def _neuron_word(self, neuron: int, layout: data.StructLayout) -> int:
        if neuron not in self._enabled:
            return self._any_word(layout, 1)
        return _pack(layout, self._calm_fields(layout, _CALM_FEATURES))

    def _calm_fields(self, layout: data.StructLayout, features: tuple[str, ...]) -> dict[str, int]:
        """Return fields of an enabled neuron."""
        fields = self._likely(layout) | {"model": int(layout is LIF_WORD), "disable": 0}
        if self._ready:
            fields |= {"leak_enable": 0}
        if layout is LIF_WORD:
            threshold = 40 + self._below(216)
            near = self._chance(0.5)
            potential = threshold - 1 - self._below(12) if near else self._below(threshold)
            potential = threshold if self._ready else potential
            return fields | {"threshold": threshold, "potential": potential}
        fields |= dict.fromkeys(_FEATURES, 0)
        fields |= {name: int(self._chance(0.15)) for name in features}
        fields |= {
            "threshold_offset": 0,
            "reset_depth": 1 + self._below(4),
            "potential": fields["threshold"] - (0 if self._ready else self._below(3)),
            "burst_spikes": self._below(8),
            "burst_interval": self._below(8),
            "delay": self._below(8),
            "accumulator": self._bits(11),
            "calcium_count": self._below(4),
            "activity": self._bits(2),
            "strong_stimulation": self._bits(2),
            "bistable_firing": self._bits(1),
        }
        return fields


class _Bursts(_ClosedLoop):
    """Few neurons are enabled, some of which burst; nothing else can keep a burst tick waiting."""

    raw_writes = False

    def __init__(self, device: Device, random: np.random.Generator, first: bool) -> None:
        super().__init__(device, random, first)
        enabled = self._some(self._sources, int(random.integers(2, 7)))
        self._enabled = set(enabled)
        self._bursting = self._some(enabled, self._bursting_count())
        # At most two that can fire more than once before the next time reference.
        self._others = [neuron for neuron in enabled if neuron not in self._bursting]
        self._leaky = self._some(self._others, 2) if self._others else []
        self._focus = self._some(enabled, 4)

    def _bursting_count(self) -> int:
        raise NotImplementedError

    def _burst_time_unit(self) -> int:
        # Far longer than the dozen events that can come from one.
        return 80 * self._config.neurons + 2000 + self._below(1000)

    def _settings(self) -> dict[str, int]:
        return {"propagate_unmapped": 0}

    def _joined(self, events: list[int]) -> list[int]:
        return events[:1]

    def _neuron_words(self) -> list[int]:
        words = super()._neuron_words()
        for neuron in self._enabled:
            layout = self._model(neuron in self._leaky)
            fields = self._calm_fields(layout, _RESTRAINING_FEATURES)
            if layout is LIF_WORD:
                fields |= {"threshold": 200 + self._below(56)}
                fields |= {"potential": fields["threshold"] - 1 - self._below(30)}
            elif neuron in self._bursting:
                fields |= self._burst_fields(neuron)
                fields |= {"threshold": 1 + self._below(3)}
                fields |= {"potential": self._below(fields["threshold"] + self._may_fire_at_once)}
            else:
                fields |= {"burst_spikes": 0}
            if layout is IZHIKEVICH_WORD:
                # With these a time reference alone can make it fire.
                fields |= {"refractory": 0, "inhibition_induced_lock": 0}
            words[neuron] = _pack(layout, fields)
        return words

    #: Whether a bursting neuron may start at its threshold.
    _may_fire_at_once = 0

    def _burst_fields(self, neuron: int) -> dict[str, int]:
        """Return the burst fields of a neuron; intervals are of two ticks at least."""
        return {"burst_spikes": 1 + self._below(7), "burst_interval": 1 + self._below(7)}

    def _batches(self) -> Iterator[list[int]]:
        """Drive neurons that burst, among other events."""
        for _ in range(self._random.integers(4, 9)):
            neuron = int(self._one(self._bursting))
            for _ in range(self._random.integers(2, 6)):
                yield [self._events.virtual(neuron, 7)]
            yield [self._event()]
            for _ in range(self._below(4)):
                yield [self._events.tick()]


class _LoneBursts(_Bursts):
    """Neurons that burst are reached by virtual events alone, so they burst one at a time."""

    def _bursting_count(self) -> int:
        return 1 + self._below(2)

    def _synapse_row(self, source: int) -> list[int]:
        config, random = self._config, self._random
        weights = random.integers(0, 1 << config.weight_bits, config.neurons)
        mapped = random.random(config.neurons) < 0.9
        mapped[self._bursting] = False
        return self._row_words(weights, mapped)


class _JointBursts(_Bursts):
    """Neurons burst together, with one interval; their replays inhibit, so they make none fire."""

    _may_fire_at_once = 1

    def __init__(self, device: Device, random: np.random.Generator, first: bool) -> None:
        super().__init__(device, random, first)
        self._inhibitory[self._bursting] = True
        self._interval = 1 + self._below(3)

    def _bursting_count(self) -> int:
        return 1 + self._below(min(4, self._config.burst_slot_depth))

    def _burst_fields(self, neuron: int) -> dict[str, int]:
        return {"burst_spikes": 1 + self._below(7), "burst_interval": self._interval}

    def _batches(self) -> Iterator[list[int]]:
        for batch in super()._batches():
            yield batch
            # What excites many of them at once.
            if self._others and self._chance(0.5):
                yield [self._events.spike(int(self._one(self._others)))]
