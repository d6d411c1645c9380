"""Random stimulus for ReckOn (section numbers are those of its specification).

All modes are mixed, and values go over their whole range, so that potentials, traces and drives wrap
and saturate. What the specification leaves open is left out:

- what clocks decide: `local_tick` outside IDLE, a tick before the core is ready, spikes and register
  writes while it works (sections 13 and 15);
- peculiarities 27 (`SAMPLE` falls while the core waits or learns), 28 (a spike in the clock of a tick), 30
  (regression targets sent early) and, after a halting timing error, anything but pins, memories and reset
  (29);
- neurons read or written in CONFIG before a learning step without target (9);
- what a read gives without `config_mode`, or of space 0, 6 and 7 (section 3);
- waiting for a target while `target_request_monitor` is 0, since nothing shows it;
- words and registers that were not written after reset (section 4).

Sizes are changed, and random generators loaded, only in IDLE.
"""

import numpy as np

from ...hdl.reckon.config import ReckonConfig
from ...hdl.reckon.layout import SPACES
from ..device import BusyError, TickedDevice
from ..spi32 import CHUNK_BITS, Spi32Frame, Spi32Header

__all__ = ["CONFIGURATIONS", "stimulate"]

#: Configurations that `verify` goes through: sizes, widths and lanes mixed, and learning left out. Their
#: number has no divisor in common with the turns of shells and stalls there.
CONFIGURATIONS = (
    ReckonConfig(),
    ReckonConfig(neurons=16, outputs=2, lanes=16),
    ReckonConfig(neurons=32, outputs=4, neuron_lanes=1, weight_lanes=8, lanes=2),
    ReckonConfig(neurons=16, outputs=8, weight_bits=2, weight_lanes=4, lanes=4),
    ReckonConfig(neurons=64, weight_lanes=32, lanes=8),
    ReckonConfig(neurons=16, outputs=4, weight_bits=5, learning=0),
    ReckonConfig(neurons=32, weight_lanes=32, lanes=32, weight_bits=6),
    ReckonConfig(neurons=128, outputs=4, neuron_lanes=1, lanes=4),
    ReckonConfig(lanes=16),
    ReckonConfig(neurons=16, outputs=2, neuron_lanes=1, weight_lanes=4, weight_bits=7),
    ReckonConfig(neurons=512, weight_bits=6, lanes=16),
    ReckonConfig(
        neurons=64, outputs=8, weight_lanes=16, lanes=2, weight_bits=3, spare_output_weights=0
    ),
    ReckonConfig(neurons=32, outputs=2, neuron_lanes=1, lanes=1, learning=0),
)

#: Registers that may change between two time steps of a sample.
_CHANGEABLE = (
    "force_traces",
    "kappa",
    "learn",
    "linear_output",
    "noise",
    "noise_shift",
    "rate_in_left",
    "regul_weights",
    "reset_to_zero",
    "shift_w_in",
    "shift_w_out",
    "signal_scale",
    "stochastic_rounding",
)


def stimulate(device: TickedDevice, random: np.random.Generator) -> None:
    """Configure, load and stimulate a core at random, in a few phases, and read it back.

    Parameters
    ----------
    device : TickedDevice
        A freshly reset ReckOn, or a recorder around one.
    random : numpy.random.Generator
        Source of everything random.

    Raises
    ------
    AssertionError
        If the core is in another state than the specification says.
    """
    session = _Session(device, random)
    try:
        session.start()
        for _ in range(int(random.integers(1, 4))):
            session.phase()
    except BusyError as error:
        # A time step always ends, so it is not the network that is to blame.
        raise AssertionError(f"the core is not where section 8 says it is: {error}") from error


class _Session:
    """Phases with different settings on one core; between them it is in IDLE."""

    def __init__(self, device: TickedDevice, random: np.random.Generator) -> None:
        self._device = device
        self._random = random
        self._config: ReckonConfig = device.config
        self._frame = Spi32Frame(self._config)
        self._wild = False
        self._active = False  # a sample is under way
        self._label_received = False
        self._target_pin = False
        #: Registers, by name.
        self.values: dict[str, int] = {}

    # Choices.

    def _chance(self, probability: float) -> bool:
        return bool(self._random.random() < probability)

    def _below(self, limit: int) -> int:
        return int(self._random.integers(limit))

    def _one(self, *values: int) -> int:
        return int(self._random.choice(values))

    def _bits(self, width: int) -> int:
        return int.from_bytes(self._random.bytes(-(-width // 8)), "little") & ((1 << width) - 1)

    # Registers.

    def start(self) -> None:
        """Reset the core and write all registers."""
        self._device.reset()
        self.values = {}
        for name, value in self._settings().items():
            self._write(name, value)

    def _write(self, name: str, value: int) -> None:
        self._device.configure(**{name: value})
        self.values[name] = value

    def _settings(self) -> dict[str, int]:
        """Choose values of all registers."""
        self._wild = self._chance(0.3)
        values = {
            register.name: self._bits(register.width)
            for register in self._device.registers
            if register.name != "config_mode"
        }
        values |= self._sizes() | self._modes() | {"config_mode": 1}
        if not self._wild:
            values |= self._moderate()
        for name in values:
            if name.startswith("seed_") and self._chance(0.05):
                values[name] = 0
        # Everything, but in any order, as the registers do not depend on each other.
        names = [register.name for register in self._device.registers]
        self._random.shuffle(names)
        return {"config_mode": 1} | {name: values[name] for name in names}

    def _sizes(self) -> dict[str, int]:
        """Choose how many inputs, neurons and outputs are in use."""
        most = min(self._config.neurons, 48)
        sizes = [self._below(most) if self._chance(0.8) else self._below(4) for _ in range(2)]
        if self._chance(0.1) and self._config.neurons <= 64:
            sizes = [self._config.neurons - 1] * 2
        return {
            "last_input": sizes[0],
            "last_neuron": sizes[1],
            "last_output": self._below(self._config.outputs),
        }

    def _modes(self) -> dict[str, int]:
        """Choose modes, so that none is rare."""
        return {
            "local_tick": 0,
            "timing_mode": 0,
            "target_request_monitor": 1,
            "halt_on_error": int(self._chance(0.3)),
            "learn": self._one(0, 1, 2, 3, 4, 5, 6, 7, 7, 7),
            "regul_mode": self._one(0, 0, 1, 2, 3, 4, 6, 6, 7),
            "single_label": int(self._chance(0.6)),
            "regression": int(self._chance(0.3)),
            "noise": int(self._chance(0.3)),
            "alpha_select_0": self._one(0, 0, self._bits(8)),
        }

    def _moderate(self) -> dict[str, int]:
        """Choose values with which a network neither dies nor saturates, and learns now and then."""
        values = {
            "kappa": self._one(0x60, 0x79, 0x7A, 0x80),
            "signal_scale": self._one(3, 5, 7, 9),
            "noise_shift": self._one(6, 8, 10),
            "regul_threshold": self._below(40),
            "regul_mul_right": self._below(4),
            **{f"h_threshold_{index}": 150 * index + self._below(100) for index in range(4)},
            **{f"h_value_{index}": self._one(0, 1, 2, 3, 31) for index in range(5)},
            **{name: self._one(3, 4, 5) for name in ("shift_w_in", "shift_w_rec", "shift_w_out")},
            **{f"frac_trace_{kind}": self._below(7) for kind in ("in", "rec", "out")},
            **{f"rate_{kind}_right": self._below(3) for kind in ("in", "rec", "out")},
            **{f"rate_{kind}_left": 6 + self._below(12) for kind in ("in", "rec")},
            "rate_out_left": 8 + self._below(10),
            **{f"regul_{kind}_right": self._below(3) for kind in ("in", "rec")},
            **{f"regul_{kind}_left": 6 + self._below(10) for kind in ("in", "rec")},
        }
        values |= {
            f"alpha_select_{index}": 0 for index in range(-(-self._config.neuron_words // 32))
        }
        if self._chance(0.3):
            # Alpha 1, if the low bits are 0: such words are not rounded.
            values["alpha_select_0"] = self._bits(8)
        return values

    # Memories.

    @property
    def _lanes(self) -> int:
        return self._config.neuron_lanes

    def _last_index(self) -> int:
        """N: the last index that can spike."""
        return max(self.values["last_input"], self.values["last_neuron"])

    def _words(self) -> int:
        """Count the neuron words that LEAK reads."""
        return max(self._last_index(), self.values["last_output"]) // self._lanes + 1

    def _neuron_word(self, word: int) -> int:
        value = self._bits(self._config.neuron_word_bits)
        if self._wild:
            return value
        threshold = self._below(600) + 60 if self._chance(0.95) else self._bits(16)
        selected = self.values["alpha_select_0"] >> word & 1 if word < 8 else 0
        alpha = self._below(3) * 8 if selected else 0xC00 + self._below(1024)
        shared = alpha << 16 | threshold
        lanes = 0
        for lane in range(self._lanes):
            traces = self._bits(9) << 16 | self._bits(11) << 28 | self._bits(8) << 40
            lanes |= (self._below(400) | traces) << 50 * lane
        return shared << 50 * self._lanes | lanes

    def _weight_words(self, memory: str, count: int) -> list[int]:
        width = self._device.memories[memory].width
        return [self._bits(width) for _ in range(count)]

    def _groups(self) -> int:
        return self.values["last_neuron"] // self._config.weight_lanes + 1

    def _load(self) -> None:
        """Load every word that matters."""
        words = self._words()
        self._device.load("neurons", [self._neuron_word(word) for word in range(words)])
        for memory in ("weights_in", "weights_rec"):
            for index in range(self._last_index() + 1):
                self._device.load(
                    memory,
                    self._weight_words(memory, self._groups()),
                    index * self._config.groups,
                )
        self._device.load("weights_out", self._weight_words("weights_out", self._last_index() + 1))
        if self._chance(0.3):
            self._device.load("outputs", [self._bits(16) for _ in range(self._config.outputs)])

    def _check_neurons(self) -> None:
        self._device.dump("neurons", 0, self._words())
        self._device.dump("outputs")

    def _check_weights(self) -> None:
        for memory in ("weights_in", "weights_rec"):
            for index in range(self._last_index() + 1):
                self._device.dump(memory, index * self._config.groups, self._groups())
        self._device.dump("weights_out", 0, self._last_index() + 1)

    # Raw SPI.

    def _transaction(self, space: int, address: int, data: list[int] | int) -> None:
        """Write words, or read as many as `data` says."""
        reads = isinstance(data, int)
        words = [0] * data if reads else data
        header = Spi32Header(read=reads, space=space, count=len(words), address=address)
        self._device.spi32([header.pack(), *words])

    def _raw(self, neurons: bool) -> None:
        """Carry out a raw access to a memory that is loaded, with `config_mode` as it is."""
        space = self._one(
            *(space for space, name in SPACES.items() if neurons or name != "neurons")
        )
        memory = SPACES[space]
        limits = {
            "neurons": self._words(),
            "outputs": self._config.outputs,
            "weights_out": self._last_index() + 1,
        }
        word = self._below(limits.get(memory, self._groups()))
        if memory in ("weights_in", "weights_rec"):
            word += self._below(self._last_index() + 1) * self._config.groups
        start = self._frame.address(memory, word)
        stop = self._frame.address(memory, word + 1)
        chunk = self._below(stop - start)
        count = 1 + self._below(stop - start - chunk)
        if self._chance(0.5):
            self._transaction(space, start + chunk, [self._bits(CHUNK_BITS) for _ in range(count)])
        if self.values["config_mode"]:
            self._transaction(space, start + chunk, count)

    def _write_flags(self) -> None:
        """Write the flags of a neuron, and with them a chunk of a loaded word (section 5.3)."""
        neuron = self._below(self._last_index() + 1) if self._chance(0.7) else self._below(2)
        address = self._frame.flag_address(neuron)
        if self._frame.locate(1, address).word < self._words():
            self._transaction(1, address, [self._bits(2) | self._bits(CHUNK_BITS) & ~3])

    def _write_registers_raw(self) -> None:
        """Write a burst to one register, of which the last word counts, and to one that is not there."""
        name = str(self._random.choice(("force_traces", "noise_shift", "kappa")))
        register = self._device.registers[name]
        words = [self._bits(register.width) for _ in range(1 + self._below(3))]
        self._transaction(0, register.address, words)
        self.values[name] = words[-1]
        self._transaction(0, self._one(5, 97, 0x100, 0x8000 + register.address), [self._bits(32)])

    # Samples.

    def phase(self) -> None:
        """Choose settings and words, and present some samples; begins and ends in IDLE."""
        if self.values.get("config_mode") != 1:
            self._write("config_mode", 1)
        if self._chance(0.8):
            fixed = self._chance(0.3)
            for name, value in self._settings().items():
                if not (fixed and name.startswith("seed_")):
                    self._write(name, value)
        self._load()
        for _ in range(self._below(4)):
            self._raw(neurons=True)
        if self._chance(0.3):
            self._write_registers_raw()
        if self._chance(0.3):
            self._write_flags()
        if self._chance(0.1):
            self._ignored_tick()
        for _ in range(1 + self._below(3)):
            if not self._sample():
                self.start()
                return
        self._write("config_mode", 1)
        self._check_weights()
        self._check_neurons()

    def _ignored_tick(self) -> None:
        """Show that with local ticks nothing starts a sample (section 13)."""
        self._write("local_tick", 1)
        self._device.drive(sample=1)
        self._device.pulse()
        self._device.read_pin("ready")
        self._device.settle()
        self._device.drive(sample=0)
        self._write("local_tick", 0)

    def _send_spikes(self) -> None:
        """Send input spikes, some of them twice, to unused neurons or beyond all."""
        count = self._below(2 + self._last_index() // 2)
        limit = 1 << self._config.event_address_bits
        spikes = self._random.integers(self._last_index() + 1, size=count).tolist()
        if self._chance(0.1):
            spikes.append(self._below(limit))
        if spikes:
            self._device.send(spikes)

    def _send_label(self) -> None:
        """Send a target item that need not be awaited."""
        bits = self._config.event_address_bits
        self._device.send([1 << bits | self._bits(8)])
        self._label_received = self._active

    def _sample(self) -> bool:
        """Present a sample; return False if the core halted and needs a reset."""
        device = self._device
        self._active = False
        self._label_received = False
        if self._chance(0.2):
            # A tick without a sample loses the spikes that wait.
            self._send_spikes()
            device.drive(sample=0)
            device.tick()
        if self.values["regression"] == 0 and self._chance(0.3):
            self._send_label()
        self._send_spikes()
        self._write("config_mode", int(self._chance(0.1)))
        device.drive(sample=1, target_valid=self._one(0, 1), infer_accumulate=self._one(0, 1))
        device.tick()
        self._active = True
        for _ in range(2 + self._below(8)):
            self._between_steps()
            if not self._step():
                return False
        self._write("config_mode", 0)
        device.drive(sample=0)
        device.tick()
        device.settle()
        device.drive(target_valid=0, infer_accumulate=0)
        self._active = False
        return True

    def _between_steps(self) -> None:
        """Do what a host may do while the core is ready within a sample."""
        device = self._device
        if self._chance(0.3):
            device.settle()
        if self._chance(0.2):
            device.drive(infer_accumulate=self._one(0, 1))
        if self._chance(0.15):
            self._change_register()
        if self._chance(0.05):
            # Without config_mode a write changes nothing, and a seed loads no generator.
            self._write("config_mode", 0)
            self._raw(neurons=True)
            self._write("seed_noise", self._bits(17))
        if self._chance(0.5):
            self._write("config_mode", 1)
            if self._chance(0.3):
                self._raw(neurons=True)
            if self._chance(0.1):
                self._write_flags()
            if self._chance(0.1):
                self._write_registers_raw()
            self._check_neurons()
        if self.values["config_mode"] and self._chance(0.7):
            self._write("config_mode", 0)
        if self.values["regression"] == 0 and self._chance(0.3):
            self._send_label()
        self._send_spikes()

    def _change_register(self) -> None:
        names = [name for name in _CHANGEABLE if name in self.values]
        name = str(self._random.choice(names))
        value = self._settings()[name] if name != "learn" else self._one(0, 3, 4, 7)
        self._write(name, value)

    def _learns(self) -> bool:
        """Tell whether the next step learns (section 8)."""
        always = self.values.get("regul_mode", 0) >> 1 == 3
        return bool(self.values.get("learn", 0)) and (self._target_pin or always)

    def _step(self) -> bool:
        """Carry out a time step; return False if the core halted."""
        device = self._device
        # Driven here so that it is known.
        self._target_pin = self._chance(0.6)
        device.drive(target_valid=int(self._target_pin))
        stops = bool(self.values["config_mode"])
        asks = self._learns() and not (self.values["single_label"] and self._label_received)
        if not stops and not asks:
            device.tick()
            return True
        device.pulse()
        if stops:
            device.wait_pin("configuring", 1)
            if self._chance(0.15) and not self._err():
                return False
            self._in_config()
        if asks:
            device.wait_pin("target_request", 1)
            if self._chance(0.15) and not self._err():
                return False
            self._send_target()
        device.wait_pin("ready", 1)
        return True

    def _in_config(self) -> None:
        """Use the stop in CONFIG, and go on."""
        device = self._device
        device.read_pin("ready")
        # A step that learns without target sees the neurons that a host touched.
        neurons = not self._learns() or self._target_pin
        for _ in range(self._below(3)):
            self._raw(neurons)
        if neurons and self._chance(0.4):
            self._write_flags()
        if neurons and self._chance(0.5):
            self._check_neurons()
        self._write("config_mode", 0)

    def _send_target(self) -> None:
        """Send what the core waits for, and spikes for the next step."""
        bits = self._config.event_address_bits
        count = 2 * (self.values["last_output"] + 1) if self.values["regression"] else 1
        if self._chance(0.3):
            self._send_spikes()
        if self._chance(0.3):
            self._device.settle()
        self._device.send([1 << bits | self._bits(8) for _ in range(count)])
        self._label_received = not self.values["regression"]

    def _err(self) -> bool:
        """Tick while the core waits; return False if it halts (section 13)."""
        device = self._device
        if self._chance(0.5):
            self._send_spikes()
        device.pulse()
        self._write("timing_mode", 1)
        device.read_pin("ready")
        self._write("timing_mode", 0)
        device.read_pin("ready")
        if not self.values["halt_on_error"]:
            return True
        device.read_pin("target_request")
        device.read_pin("configuring")
        device.settle()
        device.drive(sample=0, target_valid=0, infer_accumulate=0)
        return False
