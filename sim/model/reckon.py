"""Bit-exact model of ReckOn (section numbers are those of its specification)."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

import numpy as np

from ...hdl.interface.pin_map import SpiRequest
from ...hdl.reckon.config import ReckonConfig
from ...hdl.reckon.layout import (
    ALPHA_BITS,
    INPUT_TRACE_BITS,
    OUTPUT_TRACE_BITS,
    POTENTIAL_BITS,
    RECURRENT_TRACE_BITS,
)
from ..device import Device, word_array
from .arithmetic import wrap
from .neuron.leaky_integrator import (
    FACTOR_ONE,
    KAPPA_SHIFT,
    add_trace,
    decay,
    integrate,
    reset,
    rounding,
)
from .plasticity import eprop
from .random.lfsr import Lfsr, Recurrence

__all__ = ["RESET_SEEDS", "ReckonModel", "State", "recurrences"]


class State(Enum):
    """States in which the core waits for its host (section 8); `PROPAGATE` with its work done."""

    IDLE = auto()
    PROPAGATE = auto()
    CONFIG = auto()
    TARGET = auto()


#: Rows of the state arrays. The outputs are a row of their own so that all leak at once.
POTENTIAL, TRACE_IN, TRACE_REC, TRACE_OUT, OUTPUT = range(5)

#: Bits of each row, and which are signed.
_ROW_BITS = np.array(
    [
        [POTENTIAL_BITS],
        [INPUT_TRACE_BITS],
        [RECURRENT_TRACE_BITS],
        [OUTPUT_TRACE_BITS],
        [POTENTIAL_BITS],
    ],
    dtype=np.int32,
)
_ROW_SIGNED = np.array([[True], [False], [False], [False], [True]])

#: Fields of a neuron, with their position in its 50 bits.
_FIELDS = (
    (POTENTIAL, 0, POTENTIAL_BITS),
    (TRACE_IN, 16, INPUT_TRACE_BITS),
    (TRACE_REC, 28, RECURRENT_TRACE_BITS),
    (TRACE_OUT, 40, OUTPUT_TRACE_BITS),
)
_LANE_BITS = 50

#: Seeds after reset (section 7), by generator; a tuple has one for each lane of a neuron word.
RESET_SEEDS: dict[str, int | tuple[int, int]] = {
    "in": 0x0000001,
    "rec": 0x0424242,
    "out": 0x000001,
    "round_neuron": (0x1234, 0x70F0),
    "round_output": 0x7ABA,
    "round_trace_in": (0x1348, 0x7FCF),
    "round_trace_rec": (0x4321, 0x7BEA),
    "round_trace_out": (0x3FF3, 0x7EF0),
    "noise": 0x1F0F1,
}

_ROUND_BITS = 15
_ROUND_BITS_SHORT = 7
_NOISE_BITS = 16

#: Registers that the plan of a LEAK does not depend on, among those that change in a sample.
_UNPLANNED = ("config_mode", "learn", "force_traces", "regul_mode", "timing_mode")

#: LEAK phases whose random numbers are made at once.
_AHEAD = 32

_OUTPUT_BYTE = 0xFF


def recurrences(config: ReckonConfig) -> dict[str, Recurrence]:
    """Return the recurrences of the generators, by name (section 7)."""
    update = Recurrence(3, 25, config.update_random_bits)
    long = Recurrence(1, 15, _ROUND_BITS)
    short = Recurrence(1, 15, _ROUND_BITS_SHORT)
    return {
        "in": update,
        "rec": update,
        "out": Recurrence(1, 22, config.output_update_random_bits),
        "round_neuron": long,
        "round_output": short,
        "round_trace_in": long,
        "round_trace_rec": long,
        "round_trace_out": short,
        "noise": Recurrence(3, 17, 2 * _NOISE_BITS),
    }


class _Plan(NamedTuple):
    """What LEAK phases do as long as nothing is configured or loaded.

    Attributes
    ----------
    neurons : int
        Neurons that leak.
    columns : int
        Columns of the state arrays that hold them and the outputs in use.
    factors : ndarray of int32
        Factors of all fields, `FACTOR_ONE` for those that stay.
    thresholds : ndarray of int32
        Thresholds of the neurons.
    wraps : bool
        Results may leave their range.
    last_word : slice
        Neurons of the word that is read last.
    rounds : bool
        There is stochastic rounding.
    words : ndarray of int
        Neuron words whose potentials are rounded.
    outputs : int
        Outputs for which a random number is drawn.
    """

    neurons: int
    columns: int
    factors: np.ndarray
    thresholds: np.ndarray
    wraps: bool
    last_word: slice
    rounds: bool
    words: np.ndarray
    outputs: int


def _unpack(words: Sequence[int], bits: int, count: int) -> np.ndarray:
    """Cut words into `count` signed fields of `bits` bits each."""
    if not len(words):
        return np.zeros((0, count), dtype=np.int32)
    size = -(-bits * count // 8)
    data = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), dtype=np.uint8)
    found = np.unpackbits(data.reshape(-1, size), axis=1, bitorder="little")[:, : bits * count]
    values = found.reshape(-1, count, bits).astype(np.int32) @ (
        1 << np.arange(bits, dtype=np.int32)
    )
    return wrap(values, bits).astype(np.int32)


def _pack(fields: np.ndarray, bits: int) -> list[int]:
    """Put fields, one word a row, together."""
    found = (fields[:, :, None] >> np.arange(bits) & 1).astype(np.uint8)
    found = found.reshape(len(fields), bits * fields.shape[1])
    data = np.packbits(found, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in data]


class ReckonModel(Device):
    """A ReckOn core as a `Device`, exact to the bit.

    Memories are zero at first. Registers that the chip leaves undefined are 0 after reset.

    What the specification leaves free, or what only clocks decide, is like this:

    - The core works in no time, so that a timing error comes only from a tick in CONFIG or TARGET,
      where it waits for its host. After a halting error it stays still until reset; its flags are
      cleared.
    - With `local_tick` there is no counter of clocks: a step passes when `tick` waits for it.
    - A read over SPI that reaches nothing, or without `config_mode`, gives the last word read.
    - A neuron word written over SPI while the core is in CONFIG counts as read (section 5.4) with the
      value it has then.

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
        # Rows are fields, columns neurons; outputs are in the last row, whose rest stays 0.
        self._fields = np.zeros((5, config.neurons), dtype=np.int32)
        self._thresholds = np.zeros(config.neuron_words, dtype=np.int32)
        self._alphas = np.zeros(config.neuron_words, dtype=np.int32)
        self._weights = {
            "weights_in": np.zeros((config.neurons, config.neurons), dtype=np.int32),
            "weights_rec": np.zeros((config.neurons, config.neurons), dtype=np.int32),
            "weights_out": np.zeros((config.output_weight_words, config.outputs), dtype=np.int32),
        }
        self._reset()

    # Host side.

    def _reset(self) -> None:
        config = self.config
        self._generators: dict[str, list[Lfsr]] = {}
        for name, recurrence in recurrences(config).items():
            seeds = RESET_SEEDS[name]
            seeds = seeds[: config.neuron_lanes] if isinstance(seeds, tuple) else (seeds,)
            self._generators[name] = [Lfsr(recurrence, seed) for seed in seeds]
        self._plan: _Plan | None = None
        self._rounding = np.zeros((0, 0, 0), dtype=np.int32)
        self._rounding_used = 0
        self._output: list[int] = []
        self._timing_error = False
        self._halted = False
        self._label = 0
        self._targets = [0] * config.outputs
        self._read_register = np.zeros((4, config.neuron_lanes), dtype=np.int32)
        self._enter_idle()

    def _write_register(self, name: str, value: int) -> None:
        if name not in _UNPLANNED:
            self._forget_plan()
        if name.startswith("seed_") and self.register_values["config_mode"]:
            for lane, generator in enumerate(self._generators[name.removeprefix("seed_")]):
                generator.load(value >> generator.recurrence.b * lane)
        if self.state is State.CONFIG and not self.register_values["config_mode"]:
            self._leave_config()

    def _load(self, memory: str, values: list[int], at: int) -> None:
        # Neurons that are written count as written in this sample (section 5.2).
        stop = at + len(values)
        if memory == "neurons":
            self._load_neurons(values, at)
        elif memory == "outputs":
            self._fields[OUTPUT, at:stop] = wrap(np.array(values, dtype=np.int32), POTENTIAL_BITS)
        elif memory == "weights_out":
            found = _unpack(values, self.config.weight_bits, self.config.outputs)
            self._weights[memory][at:stop] = found
        else:
            found = _unpack(values, self.config.weight_bits, self.config.weight_lanes)
            self._weights[memory].reshape(self.config.weight_words, -1)[at:stop] = found

    def _load_neurons(self, values: list[int], at: int) -> None:
        self._forget_plan()
        lanes = self.config.neuron_lanes
        for word, value in enumerate(values, at):
            for lane in range(lanes):
                state = value >> _LANE_BITS * lane
                for row, position, bits in _FIELDS:
                    field = state >> position & ((1 << bits) - 1)
                    self._fields[row, lanes * word + lane] = field
            shared = value >> _LANE_BITS * lanes
            self._thresholds[word] = wrap(np.int32(shared & 0xFFFF), POTENTIAL_BITS)
            self._alphas[word] = shared >> POTENTIAL_BITS
        part = slice(lanes * at, lanes * (at + len(values)))
        self._fields[POTENTIAL, part] = wrap(self._fields[POTENTIAL, part], POTENTIAL_BITS)
        self._fresh[part] = True
        if values:
            self._touch(at + len(values) - 1)

    def _touch(self, word: int) -> None:
        """Let a host's access to a neuron word count as the core's last read."""
        lanes = self.config.neuron_lanes
        self._read_register = self._fields[:OUTPUT, lanes * word : lanes * (word + 1)].copy()

    def _dump(self, memory: str, at: int, count: int) -> np.ndarray:
        # Reading changes nothing, but see `_touch` for neurons that are read in CONFIG.
        size = self.memories[memory]
        if memory == "neurons":
            words = self._dump_neurons(at, count)
        elif memory == "outputs":
            words = (self._fields[OUTPUT, at : at + count] & 0xFFFF).tolist()
        else:
            rows = self._weights[memory].reshape(size.words, -1)[at : at + count]
            words = _pack(rows, self.config.weight_bits)
        return word_array(words, size.width)

    def _dump_neurons(self, at: int, count: int) -> list[int]:
        lanes = self.config.neuron_lanes
        words = [
            (alpha << POTENTIAL_BITS | threshold) << _LANE_BITS * lanes
            for alpha, threshold in zip(
                self._alphas[at : at + count].tolist(),
                (self._thresholds[at : at + count] & 0xFFFF).tolist(),
                strict=True,
            )
        ]
        part = self._fields[:OUTPUT, lanes * at : lanes * (at + count)].astype(np.int64)
        states = sum((part[row] & ((1 << bits) - 1)) << position for row, position, bits in _FIELDS)
        for index, state in enumerate(states.tolist()):
            words[index // lanes] |= state << _LANE_BITS * (index % lanes)
        if count:
            self._touch(at + count - 1)
        return words

    def _access_unit(self, request: SpiRequest) -> int | None:
        read = super()._access_unit(request)
        # The address bit above the word also sets the flags of a neuron (section 5.3).
        neurons = self.memories["neurons"]
        above = self.interface.unit_bits("neurons") + (neurons.words - 1).bit_length()
        if request.write and request.space == neurons.space and request.address >> above & 1:
            neuron = request.address & self.config.neurons - 1
            self._spike[neuron] = request.data & 1
            self._fresh[neuron] = request.data >> 1 & 1
            self._known_fresh = 0
        return read

    def _send(self, stream: str, words: np.ndarray) -> None:
        bits = self.config.event_address_bits
        for event in words.tolist():
            if event >> bits:
                self._take_target(event & ((1 << bits) - 1))
            elif event < self.config.neurons:
                self._pending.add(event)

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

    def _learn_bits(self) -> int:
        """Register `learn`, which is 0 where learning is not built in."""
        return self.register_values.get("learn", 0)

    def _always_regularised(self) -> bool:
        return self.register_values.get("regul_mode", 0) >> 1 == 3

    def _enter_idle(self) -> None:
        self.state = State.IDLE
        self._pending: set[int] = set()
        self._current: set[int] = set()
        self._spike = np.zeros(self.config.neurons, dtype=bool)
        self._fresh = np.zeros(self.config.neurons, dtype=bool)
        self._known_fresh = 0
        self._fields[OUTPUT] = 0
        self._wins = [0] * self.config.outputs
        self._label_received = False
        self._target_bytes = 0

    def _step(self) -> None:
        """Carry out a tick."""
        if self._halted:
            return
        self._current, self._pending = self._pending, set()
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
                winner = int(self._fields[OUTPUT, : self._last_output + 1].argmax())
            self._wins[winner] = self._wins[winner] + 1 & 0xFFFF
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
        if self._learn_bits() and (self.level_values["target_valid"] or self._always_regularised()):
            if not (values["single_label"] and self._label_received):
                self.state = State.TARGET
                return
            self._learn()
        self._end_step()

    def _take_target(self, value: int) -> None:
        """Take an item of target data (section 10)."""
        counter = self._target_bytes
        if self.register_values["regression"]:
            index, shift = counter >> 1, 8 * (counter & 1)
            value &= _OUTPUT_BYTE
            self._targets[index] = self._targets[index] & ~(0xFF << shift) | value << shift
            complete = counter == 2 * self._last_output + 1
        else:
            self._label = value & (self.config.outputs - 1)
            self._label_received = self.state is not State.IDLE
            complete = True
        if self.state is State.IDLE:
            return
        self._target_bytes = counter + 1 & ((1 << self.config.target_counter_bits) - 1)
        if self.state is State.TARGET and complete:
            self._target_bytes = 0
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
        last = self._last_output
        if self.register_values["send_label"]:
            wins = self._wins[: last + 1]
            regression = self.register_values["regression"]
            self._output.append(0 if regression else wins.index(max(wins)))
            return
        for potential in self._fields[OUTPUT, : last + 1].tolist():
            self._output += [potential & 0xFF, potential >> 8 & 0xFF]

    @property
    def _last_input(self) -> int:
        return self.register_values["last_input"]

    @property
    def _last_neuron(self) -> int:
        return self.register_values["last_neuron"]

    @property
    def _last_output(self) -> int:
        return self.register_values["last_output"]

    def _freshen(self, stop: int) -> None:
        """Let the first neurons count as written; those that did not have zero state (section 5.2)."""
        if self._known_fresh >= stop:
            return
        stale = (~self._fresh[:stop]).nonzero()[0]
        self._fields[:OUTPUT, stale] = 0
        self._fresh[:stop] = True
        self._known_fresh = stop

    # LEAK (section 9).

    def _forget_plan(self) -> None:
        """Let the next LEAK be planned anew; random numbers made ahead but not used are unmade."""
        plan, used = self._plan, self._rounding_used
        self._plan = None
        if plan is None or not plan.rounds:
            return
        lanes = self.config.neuron_lanes
        words = plan.neurons // lanes
        for name in ("round_trace_in", "round_trace_rec", "round_trace_out"):
            for generator in self._generators[name]:
                generator.advance(used * words)
        for generator in self._generators["round_neuron"]:
            generator.advance(used * len(plan.words))
        self._generators["round_output"][0].advance(used * plan.outputs)

    def _make_plan(self) -> _Plan:
        values = self.register_values
        lanes, outputs = self.config.neuron_lanes, self._last_output + 1
        last = max(self._last_input, self._last_neuron, self._last_output)
        words = (last + 1) // lanes
        neurons = words * lanes
        columns = max(neurons, outputs)
        selected = [values[f"alpha_select_{word // 32}"] >> word % 32 & 1 for word in range(words)]
        alphas = (np.array(selected, dtype=np.int32) + 7 << ALPHA_BITS) | self._alphas[:words]
        thresholds = np.repeat(self._thresholds[:words], lanes)
        kappa = values["kappa"] << KAPPA_SHIFT
        factors = np.full((5, columns), FACTOR_ONE, dtype=np.int32)
        factors[:TRACE_OUT, :neurons] = np.repeat(alphas, lanes)
        factors[TRACE_OUT, :neurons] = kappa
        factors[OUTPUT, :outputs] = kappa
        rounds = bool(values["stochastic_rounding"])
        read_last = last // lanes
        return _Plan(
            neurons=neurons,
            columns=columns,
            factors=factors,
            thresholds=thresholds,
            wraps=bool(factors.max() > FACTOR_ONE),
            last_word=slice(read_last * lanes, (read_last + 1) * lanes),
            rounds=rounds,
            words=(alphas != FACTOR_ONE).nonzero()[0],
            outputs=min(last + 1, self.config.outputs) if kappa != FACTOR_ONE else 0,
        )

    def _make_rounding(self, plan: _Plan) -> np.ndarray:
        """Make what products of the next LEAK phases are rounded with, by phase, field and column."""
        lanes = self.config.neuron_lanes
        words = plan.neurons // lanes
        found = np.zeros((_AHEAD, 5, plan.columns), dtype=np.int32)
        for row, name, chosen, shift in (
            (POTENTIAL, "round_neuron", plan.words, 0),
            (TRACE_IN, "round_trace_in", slice(None), 0),
            (TRACE_REC, "round_trace_rec", slice(None), 0),
            (TRACE_OUT, "round_trace_out", slice(None), KAPPA_SHIFT),
        ):
            for lane, generator in enumerate(self._generators[name]):
                part = found[:, row, lane : plan.neurons : lanes]
                count = len(plan.words) if row == POTENTIAL else words
                draws = generator.peek(_AHEAD * count).reshape(_AHEAD, count)
                part[:, chosen] = rounding(draws << shift)
        draws = self._generators["round_output"][0].peek(_AHEAD * plan.outputs)
        outputs = self._last_output + 1
        draws = draws.reshape(_AHEAD, plan.outputs)[:, :outputs]
        found[:, OUTPUT, : draws.shape[1]] = rounding(draws << KAPPA_SHIFT)
        # Random numbers are drawn for traces also where the factor is 1, but nothing is cropped.
        found *= plan.factors != FACTOR_ONE
        return found

    def _leak(self) -> None:
        plan = self._plan
        if plan is None:
            plan = self._plan = self._make_plan()
            self._rounding_used = 0
            if plan.rounds:
                self._rounding = self._make_rounding(plan)
        elif plan.rounds and self._rounding_used == _AHEAD:
            self._forget_plan()
            self._plan = plan
            self._rounding_used = 0
            self._rounding = self._make_rounding(plan)
        self._read_register = self._fields[:OUTPUT, plan.last_word].copy()
        self._freshen(plan.neurons)
        fields = self._fields[:, : plan.columns]
        fired = fields[POTENTIAL, : plan.neurons] >= plan.thresholds
        added = self._rounding[self._rounding_used] if plan.rounds else 0
        self._rounding_used += 1
        if plan.wraps:
            fields[:] = decay(fields, plan.factors, added, _ROW_BITS, _ROW_SIGNED)
        else:
            fields[:] = decay(fields, plan.factors, added)
        if fired.any():
            potentials = fields[POTENTIAL, : plan.neurons]
            potentials[:] = reset(
                potentials, plan.thresholds, fired, bool(self.register_values["reset_to_zero"])
            )
        # Also a word that is only read loses its flags.
        self._spike[: max(plan.neurons, plan.last_word.stop)] = False
        self._spike[: plan.neurons] = fired

    # PROPAGATE (section 12).

    def _propagate(self) -> None:
        self.state = State.PROPAGATE
        last = max(self._last_input, self._last_neuron)
        spikes = self._spike[: last + 1].nonzero()[0].tolist()
        if not spikes and not self._current:
            return
        current = {index for index in self._current if index <= last}
        self._current = set()
        events = sorted(current.union(spikes))
        if not events:
            return
        lanes = self.config.neuron_lanes
        stop = (self._last_neuron // lanes + 1) * lanes
        self._freshen(stop)
        self._spike[: last + 1] = False
        spiked = set(spikes)
        values = self.register_values
        learn = 7 if values["force_traces"] else self._learn_bits()
        potentials = self._fields[POTENTIAL, :stop]
        traces_in = self._fields[TRACE_IN]
        step_in = 8 << values["frac_trace_in"]
        for index in events:
            is_input, is_spike = index in current, index in spiked
            inputs: np.ndarray | int = 0
            if is_spike:
                self._drive_outputs(index)
                inputs = self._weights["weights_rec"][index, :stop] << values["shift_w_rec"]
            if is_input:
                inputs = inputs + (
                    self._weights["weights_in"][index, :stop] << values["shift_w_in"]
                )
            # Weights of at most 8 bits, shifted by at most 7, never leave 16 bits together.
            integrate(potentials, inputs, self._noise(stop) if values["noise"] else None)
            if index < stop:
                if is_input and learn & 1:
                    traces_in[index] = add_trace(int(traces_in[index]), step_in, INPUT_TRACE_BITS)
                if is_spike:
                    self._trace_spike(index, learn)
            if is_input and index > self._last_neuron and learn & 1:
                self._freshen_traces(index)
                traces_in[index] = add_trace(int(traces_in[index]), step_in, INPUT_TRACE_BITS)

    def _drive_outputs(self, index: int) -> None:
        """Add a spike to the outputs."""
        stop = self._last_output + 1
        outputs = self._fields[OUTPUT, :stop]
        integrate(
            outputs,
            self._weights["weights_out"][index, :stop] << self.register_values["shift_w_out"],
        )

    def _noise(self, stop: int) -> np.ndarray:
        """Draw the noise of one event."""
        lanes = self.config.neuron_lanes
        draws = self._generators["noise"][0].draw(stop // lanes, _NOISE_BITS)
        draws = draws[:, :lanes].astype(np.int32).ravel()
        return wrap(draws, _NOISE_BITS) >> self.register_values["noise_shift"]

    def _trace_spike(self, index: int, learn: int) -> None:
        """Add a recurrent spike to the neuron's traces."""
        values = self.register_values
        if learn & 2:
            trace = int(self._fields[TRACE_REC, index])
            self._fields[TRACE_REC, index] = add_trace(
                trace, 8 << values["frac_trace_rec"], RECURRENT_TRACE_BITS
            )
        if learn & 4:
            trace = int(self._fields[TRACE_OUT, index])
            self._fields[TRACE_OUT, index] = add_trace(
                trace, 2 << values["frac_trace_out"], OUTPUT_TRACE_BITS
            )

    def _freshen_traces(self, index: int) -> None:
        """Clear stale traces, but not potentials, of the word of an input without a neuron."""
        lanes = self.config.neuron_lanes
        first = index // lanes * lanes
        for neuron in range(first, first + lanes):
            if not self._fresh[neuron]:
                self._fields[TRACE_IN:OUTPUT, neuron] = 0
                self._fresh[neuron] = True

    # LEARN (section 11).

    def _learn(self) -> None:
        values = self.register_values
        lanes, size = self.config.neuron_lanes, self.config.weight_lanes
        learn = self._learn_bits()
        last_neuron = self._last_neuron
        last = max(self._last_input, last_neuron)
        valid = bool(self.level_values["target_valid"])
        groups = last_neuron // size + 1
        count = max(groups * size, last + 1)
        # What each index sees in the core's read register.
        index = np.arange(count)
        if valid:
            index[last + 1 :] = last // lanes * lanes + index[last + 1 :] % lanes
            seen = self._fields[:OUTPUT, index]
        else:
            seen = self._read_register[:, index % lanes]
        seen = seen * self._fresh[:lanes][np.arange(count) % lanes]

        posts = groups * size
        signals = np.zeros(posts, dtype=np.int64)
        stop = self._last_output + 1
        errors = self._errors()[:stop] if valid else np.zeros(stop, dtype=np.int64)
        if valid and learn & 3:
            signals[: last_neuron + 1] = eprop.learning_signals(
                errors,
                self._weights["weights_out"][: last_neuron + 1, :stop],
                values["signal_scale"],
            )
        if valid and learn & 4:
            traces = seen[TRACE_OUT, : last_neuron + 1] >> values["frac_trace_out"]
            self._update_output_weights(errors, traces)
        if learn == 4:
            return
        if valid:
            signals *= eprop.surrogate_derivatives(
                seen[POTENTIAL, :posts],
                [self._signed(f"h_threshold_{number}") for number in range(4)],
                [self._signed(f"h_value_{number}") for number in range(5)],
            )
        levels = None
        if values["regul_mode"]:
            levels = eprop.regularisation_levels(
                seen[TRACE_REC, :posts], values["frac_trace_rec"], values["regul_threshold"]
            ).reshape(groups, size)
        signals = signals.reshape(groups, size)
        for bit, kind, row, limit in (
            (0, "in", TRACE_IN, self._last_input),
            (1, "rec", TRACE_REC, last_neuron),
        ):
            regularised = bool(values["regul_weights"] >> bit & 1)
            if learn >> bit & 1 and (valid or (self._always_regularised() and regularised)):
                traces = seen[row, : limit + 1] >> values[f"frac_trace_{kind}"]
                self._update_weights(kind, traces, signals, levels, regularised)

    def _signed(self, name: str) -> int:
        """Return the value of a signed register."""
        value, width = self.register_values[name], self.registers[name].width
        return value - (value >> (width - 1) << width)

    def _errors(self) -> np.ndarray:
        """Return the errors of all outputs."""
        if self.register_values["regression"]:
            targets = wrap(np.array(self._targets), POTENTIAL_BITS)
        else:
            targets = np.where(np.arange(self.config.outputs) == self._label, eprop.FULL_SCALE, 0)
        return eprop.output_errors(
            self._fields[OUTPUT, : self.config.outputs],
            targets,
            bool(self.register_values["linear_output"]),
        )

    def _update_output_weights(self, errors: np.ndarray, traces: np.ndarray) -> None:
        neurons = traces.nonzero()[0]
        if not neurons.size:
            return
        random = self._generators["out"][0].draw(len(neurons), eprop.OUTPUT_DRIVE_BITS)
        drives = traces[neurons, None].astype(np.int64) * errors
        fires = eprop.update_fires(
            drives,
            random[:, : len(errors)],
            eprop.OUTPUT_DRIVE_BITS,
            self.register_values["rate_out_right"],
            self.register_values["rate_out_left"],
        )
        row, output = fires.nonzero()
        weights = self._weights["weights_out"]
        neuron = neurons[row]
        weights[neuron, output] = eprop.change_weights(
            weights[neuron, output], drives[row, output], self.config.weight_bits
        )

    def _update_weights(
        self,
        kind: str,
        traces: np.ndarray,
        signals: np.ndarray,
        levels: np.ndarray | None,
        regularised: bool,
    ) -> None:
        """Update the input or recurrent weights.

        Parameters
        ----------
        kind : str
            `in` or `rec`.
        traces : ndarray of int
            Traces of the pre-synaptic indices, without fraction bits.
        signals : ndarray of int64
            Learning signals times surrogate derivatives, by group and neuron.
        levels : ndarray of int or None
            Regularisation levels likewise; None if there is no regularisation.
        regularised : bool
            The weights are regularised.
        """
        values = self.register_values
        chosen = np.broadcast_to(traces != 0, (len(signals), len(traces)))
        if levels is not None:
            chosen = chosen | levels.any(axis=1)[:, None]
        group, source = chosen.nonzero()
        if not group.size:
            return
        random = self._generators[kind][0].draw(len(group), eprop.DRIVE_BITS)
        products = traces[source, None] * signals[group]
        factors = strengths = None
        if levels is not None:
            if values["regul_mode"] & 1 and values["regul_weights"]:
                factors = eprop.multiplicative_factor(levels, values["regul_mul_right"])[group]
            if values["regul_mode"] & 2 and regularised:
                strengths = eprop.additive_strength(
                    levels, values[f"regul_{kind}_right"], values[f"regul_{kind}_left"]
                )[group]
        drives = eprop.update_drives(products, factors, strengths)
        fires = eprop.update_fires(
            drives,
            random,
            eprop.DRIVE_BITS,
            values[f"rate_{kind}_right"],
            values[f"rate_{kind}_left"],
        )
        row, lane = fires.nonzero()
        source, target = source[row], group[row] * self.config.weight_lanes + lane
        weights = self._weights[f"weights_{kind}"]
        changed = eprop.change_weights(
            weights[source, target], drives[row, lane], self.config.weight_bits
        )
        if kind == "rec":
            changed[source == target] = 0
        weights[source, target] = changed
