"""The model of ReckOn as a device: what a host does, and the phases of a time step in their
order.
"""

from enum import Enum, auto

import numpy as np

from ....hdl.interface.pin_map import SpiRequest
from ....hdl.reckon.config import ReckonConfig
from ...device import Device, word_array
from .leak import UNPLANNED, LeakPhase
from .learn import learn
from .propagate import propagate
from .state import OUTPUT, CoreState

__all__ = ["ReckonModel", "State"]

_OUTPUT_BYTE = 0xFF


class State(Enum):
    """States in which the core waits for its host (section 8); `PROPAGATE` with its work done."""

    IDLE = auto()
    PROPAGATE = auto()
    CONFIG = auto()
    TARGET = auto()


class ReckonModel(Device):
    """A ReckOn core as a `Device`, exact to the bit.

    Memories are zero at first. Registers that the chip leaves undefined are 0 after reset.

    What the specification leaves free, or what only clocks decide, is like this:

    - The core works in no time, so that a timing error comes only from a tick in CONFIG or TARGET,
      where it waits for its host. After a halting error it stays still until reset; its flags are
      cleared.
    - With `local_tick` there is no counter of clocks: a step passes when `tick` waits for it.
    - A read over SPI that reaches nothing, or without `config_mode`, gives the last word read.
    - A neuron word written over SPI while the core is in CONFIG counts as read (section 5.4) with
      the value it has then.

    Parameters
    ----------
    config : ReckonConfig, optional
        The configuration; the published chip if absent.

    Attributes
    ----------
    state : State
        Where the core is.
    """

    def __init__(self, config: ReckonConfig | None = None) -> None:
        config = config or ReckonConfig()
        super().__init__(config)
        self._core = CoreState(config, self.registers)
        self._leak_phase = LeakPhase(self._core)
        self._reset()

    # Host side.

    def _reset(self) -> None:
        self._core.reset(self.register_values)
        self._leak_phase.reset()
        self._output: list[int] = []
        self._timing_error = False
        self._halted = False
        self.state = State.IDLE

    def _write_register(self, name: str, value: int) -> None:
        if name not in UNPLANNED:
            self._leak_phase.forget_plan()
        if name.startswith("seed_") and self.register_values["config_mode"]:
            for lane, generator in enumerate(self._core.generators[name.removeprefix("seed_")]):
                generator.load(value >> generator.recurrence.b * lane)
        if self.state is State.CONFIG and not self.register_values["config_mode"]:
            self._leave_config()

    def _load(self, memory: str, values: list[int], at: int) -> None:
        if memory == "neurons":
            self._leak_phase.forget_plan()
        self._core.load_words(memory, values, at)

    def _dump(self, memory: str, at: int, count: int) -> np.ndarray:
        words = self._core.dump_words(memory, at, count)
        return word_array(words, self.memories[memory].width)

    def _access_unit(self, request: SpiRequest) -> int | None:
        read = super()._access_unit(request)
        # The address bit above the word also sets the flags of a neuron (section 5.3).
        neurons = self.memories["neurons"]
        above = self.interface.unit_bits("neurons") + (neurons.words - 1).bit_length()
        if request.write and request.space == neurons.space and request.address >> above & 1:
            neuron = request.address & self.config.neurons - 1
            self._core.write_flags(neuron, spike=request.data & 1, fresh=request.data >> 1 & 1)
        return read

    def _send(self, stream: str, words: np.ndarray) -> None:
        bits = self.config.event_address_bits
        for event in words.tolist():
            if event >> bits:
                self._take_target(event & ((1 << bits) - 1))
            elif event < self.config.neurons:
                self._core.pending.add(event)

    def _drive(self, name: str, value: int) -> None:
        # The levels are looked at when a time step ends.
        return

    def _status(self, name: str) -> int:
        if name == "configuring":
            return int(self.state is State.CONFIG)
        if name == "target_request":
            monitor = self.register_values.get("target_request_monitor", 0)
            return int(self.state is State.TARGET and bool(monitor))
        if self.register_values["timing_mode"]:
            return int(self._timing_error)
        return int(self._ready)

    @property
    def _ready(self) -> bool:
        return self.state in (State.IDLE, State.PROPAGATE)

    def _tick(self) -> bool:
        # A step that the core ends itself there is in a sample only.
        if not self.register_values["local_tick"] or self.state is not State.IDLE:
            self._step()
        return self._ready

    def _pulse(self, name: str) -> None:
        # With `local_tick` the pin has no effect.
        if not self.register_values["local_tick"]:
            self._step()

    def _settle(self) -> dict[str, np.ndarray]:
        words, self._output = self._output, []
        return {self.interface.output: np.array(words, dtype=np.uint64)}

    # Time steps (section 8).

    def _enter_idle(self) -> None:
        self.state = State.IDLE
        self._core.end_sample()

    def _step(self) -> None:
        """Carry out a tick."""
        if self._halted:
            return
        core = self._core
        core.current, core.pending = core.pending, set()
        if self.state is State.PROPAGATE:
            self._leak()
            self._decide()
        elif self.state is State.IDLE:
            if self.level_values["sample"]:
                self._propagate()
        else:
            self._timing_error = True
            if self.register_values["halt_on_error"]:
                self._halted = True
                self._enter_idle()

    def _decide(self) -> None:
        if self.level_values["infer_accumulate"]:
            winner = 0
            if not self.register_values["regression"]:
                winner = int(self._core.fields[OUTPUT, : self._core.last_output + 1].argmax())
            self._core.wins[winner] = self._core.wins[winner] + 1 & 0xFFFF
        if not self.level_values["sample"]:
            self._send_outputs()
            self._enter_idle()
        elif self.register_values["config_mode"]:
            self.state = State.CONFIG
        else:
            self._leave_config()

    def _leave_config(self) -> None:
        """Go on after DECIDE or CONFIG."""
        values = self.register_values
        if self._core.learn_bits and (
            self.level_values["target_valid"] or self._core.always_regularised
        ):
            if not (values["single_label"] and self._core.label_received):
                self.state = State.TARGET
                return
            self._learn()
        self._end_step()

    def _take_target(self, value: int) -> None:
        """Take an item of target data (section 10)."""
        counter = self._core.target_bytes
        if self.register_values["regression"]:
            index, shift = counter >> 1, 8 * (counter & 1)
            value &= _OUTPUT_BYTE
            self._core.targets[index] = (
                self._core.targets[index] & ~(0xFF << shift) | value << shift
            )
            complete = counter == 2 * self._core.last_output + 1
        else:
            self._core.label = value & (self.config.outputs - 1)
            self._core.label_received = self.state is not State.IDLE
            complete = True
        if self.state is State.IDLE:
            return
        self._core.target_bytes = counter + 1 & ((1 << self.config.target_counter_bits) - 1)
        if self.state is State.TARGET and complete:
            self._core.target_bytes = 0
            self._learn()
            self._end_step()

    def _end_step(self) -> None:
        if self.register_values["send_every_step"]:
            self._send_outputs()
            if not self.level_values["sample"]:
                self._enter_idle()
                return
        self._propagate()

    def _send_outputs(self) -> None:
        """Send the winner, or the potentials (section 14)."""
        last = self._core.last_output
        if self.register_values["send_label"]:
            wins = self._core.wins[: last + 1]
            regression = self.register_values["regression"]
            self._output.append(0 if regression else wins.index(max(wins)))
            return
        for potential in self._core.fields[OUTPUT, : last + 1].tolist():
            self._output += [potential & 0xFF, potential >> 8 & 0xFF]

    # Phases.

    def _leak(self) -> None:
        self._leak_phase.run()

    def _propagate(self) -> None:
        self.state = State.PROPAGATE
        propagate(self._core)

    def _learn(self) -> None:
        learn(self._core, target_valid=bool(self.level_values["target_valid"]))
