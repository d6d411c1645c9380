"""Random stimulus for ReckOn (section numbers are those of its specification).

All modes are mixed, and values go over their whole range, so that potentials, traces and drives
wrap and saturate. What the specification leaves open is left out:

- what clocks decide: `local_tick` outside IDLE, a tick before the core is ready, spikes and
  register writes while it works (sections 13 and 15);
- peculiarities 27 (`SAMPLE` falls while the core waits or learns), 28 (a spike in the clock of a
  tick), 30 (regression targets sent early) and, after a halting timing error, anything but pins,
  memories and reset (29);
- neurons read or written in CONFIG before a learning step without target (9);
- what a read gives without `config_mode`, or of space 0, 6 and 7 (section 3);
- waiting for a target while `target_request_monitor` is 0, since nothing shows it;
- words and registers that were not written after reset (section 4).

Sizes are changed, and random generators loaded, only in IDLE.
"""

import numpy as np

from ....hdl.interface.reckon_spi import CHUNK, HEADER
from ....hdl.reckon.config import ReckonConfig
from ...device import BusyError, Device
from ..sample import RandomChoice
from .settings import Settings, choose_settings, random_neuron_word

__all__ = ["stimulate"]

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


def stimulate(device: Device, random: np.random.Generator) -> None:
    """Configure, load and stimulate a core at random, in a few phases, and read it back.

    Parameters
    ----------
    device : Device
        A freshly reset ReckOn, or a recorder around one.
    random : numpy.random.Generator
        Source of everything random.

    Raises
    ------
    AssertionError
        If the core is in another state than the specification says.
    """
    phases = _Phases(device, random)
    try:
        phases.start()
        for _ in range(int(random.integers(1, 4))):
            phases.run()
    except BusyError as error:
        # A time step always ends, so it is not the network that is to blame.
        raise AssertionError(f"the core is not where section 8 says it is: {error}") from error


class _Phases:
    """Phases with different settings on one core; between them it is in IDLE."""

    def __init__(self, device: Device, random: np.random.Generator) -> None:
        self._device = device
        self._random = random
        self._draw = RandomChoice(random)
        self._config: ReckonConfig = device.config
        self._memories = device.memories
        self._interface = device.interface
        self._active = False  # a sample is under way
        self._label_received = False
        self._target_pin = False
        self._settings: Settings
        #: Registers, by name.
        self.values: dict[str, int] = {}

    # Registers.

    def start(self) -> None:
        """Reset the core and write all registers."""
        self._device.reset()
        self.values = {}
        self._settings = self._choose_settings()
        for name, value in self._settings.registers.items():
            self._write(name, value)

    def _choose_settings(self) -> Settings:
        return choose_settings(self._config, self._device.registers, self._random)

    def _write(self, name: str, value: int) -> None:
        self._device.configure(**{name: value})
        self.values[name] = value

    # Memories.

    def _last_index(self) -> int:
        """N: the last index that can spike."""
        return max(self.values["last_input"], self.values["last_neuron"])

    def _words(self) -> int:
        """Count the neuron words that LEAK reads."""
        return max(self._last_index(), self.values["last_output"]) // self._config.neuron_lanes + 1

    def _weight_words(self, memory: str, count: int) -> list[int]:
        width = self._device.memories[memory].width
        return [self._draw.bits(width) for _ in range(count)]

    def _groups(self) -> int:
        return self.values["last_neuron"] // self._config.weight_lanes + 1

    def _load(self) -> None:
        """Load every word that matters."""
        words = self._words()
        self._device.load(
            "neurons",
            [
                random_neuron_word(self._config, self._settings, word, self._draw)
                for word in range(words)
            ],
        )
        for memory in ("weights_in", "weights_rec"):
            for index in range(self._last_index() + 1):
                self._device.load(
                    memory,
                    self._weight_words(memory, self._groups()),
                    index * self._config.groups,
                )
        self._device.load("weights_out", self._weight_words("weights_out", self._last_index() + 1))
        if self._draw.chance(0.3):
            self._device.load("outputs", [self._draw.bits(16) for _ in range(self._config.outputs)])

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
        first = self._device.pins.spi.first(write=not reads, address=address, count=len(words))
        first |= space << HEADER["space"].offset
        self._device.transact([first, *words])

    def _raw(self, neurons: bool) -> None:
        """Carry out a raw access to a memory that is loaded, with `config_mode` as it is."""
        space = self._draw.one(
            [
                memory.space
                for name, memory in sorted(self._memories.items(), key=lambda item: item[1].space)
                if neurons or name != "neurons"
            ]
        )
        (memory,) = [name for name, size in self._memories.items() if size.space == space]
        limits = {
            "neurons": self._words(),
            "outputs": self._config.outputs,
            "weights_out": self._last_index() + 1,
        }
        word = self._draw.below(limits.get(memory, self._groups()))
        if memory in ("weights_in", "weights_rec"):
            word += self._draw.below(self._last_index() + 1) * self._config.groups
        start, stop = (at << self._interface.unit_bits(memory) for at in (word, word + 1))
        chunk = self._draw.below(stop - start)
        count = 1 + self._draw.below(stop - start - chunk)
        if self._draw.chance(0.5):
            self._transaction(space, start + chunk, [self._draw.bits(CHUNK) for _ in range(count)])
        if self.values["config_mode"]:
            self._transaction(space, start + chunk, count)

    def _write_flags(self) -> None:
        """Write the flags of a neuron, and with them a chunk of a loaded word (section 5.3)."""
        neuron = (
            self._draw.below(self._last_index() + 1)
            if self._draw.chance(0.7)
            else self._draw.below(2)
        )
        # The number of the neuron stands in the low bits, and so says which chunk is overwritten.
        size, unit_bits = self._memories["neurons"], self._interface.unit_bits("neurons")
        above = unit_bits + (size.words - 1).bit_length()
        word = neuron >> unit_bits & (1 << above - unit_bits) - 1
        if word < self._words():
            bits = self._draw.bits(2) | self._draw.bits(CHUNK) & ~3
            self._transaction(size.space, 1 << above | neuron, [bits])

    def _write_registers_raw(self) -> None:
        """Write a burst to one register, of which the last word counts, and to one that is not
        there.
        """
        name = str(self._random.choice(("force_traces", "noise_shift", "kappa")))
        register = self._device.registers[name]
        words = [self._draw.bits(register.width) for _ in range(1 + self._draw.below(3))]
        self._transaction(0, register.address, words)
        self.values[name] = words[-1]
        self._transaction(
            0, self._draw.one((5, 97, 0x100, 0x8000 + register.address)), [self._draw.bits(32)]
        )

    # Samples.

    def run(self) -> None:
        """Run a phase: choose settings and words, and present some samples; begins and ends in
        IDLE.
        """
        if self.values.get("config_mode") != 1:
            self._write("config_mode", 1)
        if self._draw.chance(0.8):
            fixed = self._draw.chance(0.3)
            self._settings = self._choose_settings()
            for name, value in self._settings.registers.items():
                if not (fixed and name.startswith("seed_")):
                    self._write(name, value)
        self._load()
        for _ in range(self._draw.below(4)):
            self._raw(neurons=True)
        if self._draw.chance(0.3):
            self._write_registers_raw()
        if self._draw.chance(0.3):
            self._write_flags()
        if self._draw.chance(0.1):
            self._ignored_tick()
        for _ in range(1 + self._draw.below(3)):
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
        self._device.status("ready")
        self._device.settle()
        self._device.drive(sample=0)
        self._write("local_tick", 0)

    def _send_spikes(self) -> None:
        """Send input spikes, some of them twice, to unused neurons or beyond all."""
        count = self._draw.below(2 + self._last_index() // 2)
        limit = 1 << self._config.event_address_bits
        spikes = self._random.integers(self._last_index() + 1, size=count).tolist()
        if self._draw.chance(0.1):
            spikes.append(self._draw.below(limit))
        if spikes:
            self._device.send(spikes)

    def _send_label(self) -> None:
        """Send a target item that need not be awaited."""
        bits = self._config.event_address_bits
        self._device.send([1 << bits | self._draw.bits(8)])
        self._label_received = self._active

    def _sample(self) -> bool:
        """Present a sample; return False if the core halted and needs a reset."""
        device = self._device
        self._active = False
        self._label_received = False
        if self._draw.chance(0.2):
            # A tick without a sample loses the spikes that wait.
            self._send_spikes()
            device.drive(sample=0)
            device.tick()
        if self.values["regression"] == 0 and self._draw.chance(0.3):
            self._send_label()
        self._send_spikes()
        self._write("config_mode", int(self._draw.chance(0.1)))
        device.drive(
            sample=1, target_valid=self._draw.below(2), infer_accumulate=self._draw.one((0, 1))
        )
        device.tick()
        self._active = True
        for _ in range(2 + self._draw.below(8)):
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
        if self._draw.chance(0.3):
            device.settle()
        if self._draw.chance(0.2):
            device.drive(infer_accumulate=self._draw.below(2))
        if self._draw.chance(0.15):
            self._change_register()
        if self._draw.chance(0.05):
            # Without config_mode a write changes nothing, and a seed loads no generator.
            self._write("config_mode", 0)
            self._raw(neurons=True)
            self._write("seed_noise", self._draw.bits(17))
        if self._draw.chance(0.5):
            self._write("config_mode", 1)
            if self._draw.chance(0.3):
                self._raw(neurons=True)
            if self._draw.chance(0.1):
                self._write_flags()
            if self._draw.chance(0.1):
                self._write_registers_raw()
            self._check_neurons()
        if self.values["config_mode"] and self._draw.chance(0.7):
            self._write("config_mode", 0)
        if self.values["regression"] == 0 and self._draw.chance(0.3):
            self._send_label()
        self._send_spikes()

    def _change_register(self) -> None:
        names = [name for name in _CHANGEABLE if name in self.values]
        name = str(self._random.choice(names))
        value = (
            self._choose_settings().registers[name]
            if name != "learn"
            else self._draw.one((0, 3, 4, 7))
        )
        self._write(name, value)

    def _learns(self) -> bool:
        """Tell whether the next step learns (section 8)."""
        always = self.values.get("regul_mode", 0) >> 1 == 3
        return bool(self.values.get("learn", 0)) and (self._target_pin or always)

    def _step(self) -> bool:
        """Carry out a time step; return False if the core halted."""
        device = self._device
        # Driven here so that it is known.
        self._target_pin = self._draw.chance(0.6)
        device.drive(target_valid=int(self._target_pin))
        stops = bool(self.values["config_mode"])
        asks = self._learns() and not (self.values["single_label"] and self._label_received)
        if not stops and not asks:
            device.tick()
            return True
        device.pulse()
        if stops:
            device.wait("configuring", 1)
            if self._draw.chance(0.15) and not self._err():
                return False
            self._in_config()
        if asks:
            device.wait("target_request", 1)
            if self._draw.chance(0.15) and not self._err():
                return False
            self._send_target()
        device.wait("ready", 1)
        return True

    def _in_config(self) -> None:
        """Use the stop in CONFIG, and go on."""
        device = self._device
        device.status("ready")
        # A step that learns without target sees the neurons that a host touched.
        neurons = not self._learns() or self._target_pin
        for _ in range(self._draw.below(3)):
            self._raw(neurons)
        if neurons and self._draw.chance(0.4):
            self._write_flags()
        if neurons and self._draw.chance(0.5):
            self._check_neurons()
        self._write("config_mode", 0)

    def _send_target(self) -> None:
        """Send what the core waits for, and spikes for the next step."""
        bits = self._config.event_address_bits
        count = 2 * (self.values["last_output"] + 1) if self.values["regression"] else 1
        if self._draw.chance(0.3):
            self._send_spikes()
        if self._draw.chance(0.3):
            self._device.settle()
        self._device.send([1 << bits | self._draw.bits(8) for _ in range(count)])
        self._label_received = not self.values["regression"]

    def _err(self) -> bool:
        """Tick while the core waits; return False if it halts (section 13)."""
        device = self._device
        if self._draw.chance(0.5):
            self._send_spikes()
        device.pulse()
        self._write("timing_mode", 1)
        device.status("ready")
        self._write("timing_mode", 0)
        device.status("ready")
        if not self.values["halt_on_error"]:
            return True
        device.status("target_request")
        device.status("configuring")
        device.settle()
        device.drive(sample=0, target_valid=0, infer_accumulate=0)
        return False
