"""The model of ReckOn against a second formulation: scalar, clock by clock, word by word, and bit
by bit.
"""

from collections import Counter

import numpy as np
import pytest

from spikewright.hdl.catalogue import interface_of
from spikewright.hdl.error import InputError
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.hdl.reckon.registers import registers
from spikewright.sim.device import BusyError, Device
from spikewright.sim.model import open_model, reckon
from spikewright.sim.trace import Recorder, replay
from spikewright.sim.verify import record
from spikewright.sim.workload.reckon import CONFIGURATIONS


def low(bits, value):
    return value & ((1 << bits) - 1)


def sgn(bits, value):
    value = low(bits, value)
    return value - (1 << bits) if value >> (bits - 1) else value


def sat16(value):
    return max(-32768, min(32767, value))


class Bits:
    """A generator of section 7, one element of the sequence at a time."""

    def __init__(self, a, b, size, seed):
        self.a, self.b, self.size = a, b, size
        self.load(seed)

    def load(self, seed):
        a, b = self.a, self.b
        self.s = {}
        for i in range(b):
            if self.size >= b:
                n = i if i < a else i - b
            elif i == 0:
                n = 0
            else:
                m = (i - 1) // 2
                n = m - 14 if i % 2 else m - 7
            self.s[n] = seed >> i & 1

    def draw(self):
        for n in range(self.size):
            if n not in self.s:
                self.s[n] = self.s[n - self.a] ^ self.s[n - self.b]
        value = sum(self.s[n] << n for n in range(self.size))
        # The state of the renumbered sequence may need elements past the draw.
        for n in range(self.size, self.size + self.a):
            self.s[n] = self.s[n - self.a] ^ self.s[n - self.b]
        self.s = {
            n: self.s[n + self.size]
            for n in range(self.a - self.b, self.a)
            if n + self.size in self.s
        }
        return value


class Scalar:
    """A device: ReckOn as the text of its specification says it; sections in comments."""

    def __init__(self, config):
        self.config = config
        self.interface = interface_of(config)
        self.registers = registers(config)
        self.memories = self.interface.memories
        self.cycles = None
        self.A, self.B = config.address_bits, config.output_index_bits
        self.P, self.lanes = config.neuron_lanes, config.weight_lanes
        self.memory = {name: [0] * size.words for name, size in self.memories.items()}
        self.levels = {"sample": 0, "target_valid": 0, "infer_accumulate": 0}
        self.reset()

    def reset(self):
        self.r = {register.name: register.reset for register in self.registers}
        size = self.config.neurons
        update = 32 * self.lanes
        self.lfsr = {
            "in": [Bits(3, 25, update, 1)],
            "rec": [Bits(3, 25, update, 0x424242)],
            "out": [Bits(1, 22, 28 * self.config.outputs, 1)],
            "round_neuron": [Bits(1, 15, 15, 0x1234), Bits(1, 15, 15, 0x70F0)],
            "round_output": [Bits(1, 15, 7, 0x7ABA)],
            "round_trace_in": [Bits(1, 15, 15, 0x1348), Bits(1, 15, 15, 0x7FCF)],
            "round_trace_rec": [Bits(1, 15, 15, 0x4321), Bits(1, 15, 15, 0x7BEA)],
            "round_trace_out": [Bits(1, 15, 7, 0x3FF3), Bits(1, 15, 7, 0x7EF0)],
            "noise": [Bits(3, 17, 32, 0x1F0F1)],
        }
        self.size = size
        self.label, self.targets = 0, [0] * 16
        self.S = 0
        self.error = self.halted = False
        self.out = []
        self.last_read = 0
        self.idle()

    # Host.

    @property
    def register_values(self):
        return self.r

    def configure(self, **values):
        for name, value in values.items():
            self.write(name, value)

    def write(self, name, value):
        self.r[name] = value
        if name.startswith("seed_") and self.r["config_mode"]:
            bits = {"seed_in": 25, "seed_rec": 25, "seed_out": 22, "seed_noise": 17}.get(name, 15)
            for lane, generator in enumerate(self.lfsr[name[5:]]):
                generator.load(low(bits, value >> bits * lane))
        if self.state == "CONFIG" and not self.r["config_mode"]:
            self.after_config()

    def load(self, memory, words, at=0):
        assert self.r["config_mode"]
        for index, word in enumerate(words, at):
            self.memory[memory][index] = int(word)
            if memory == "neurons":
                self.S = int(word)
                for lane in range(self.P):
                    self.fresh[self.P * index + lane] = 1

    def dump(self, memory, at=0, count=None):
        count = len(self.memory[memory]) - at if count is None else count
        if memory == "neurons" and count:
            self.S = self.memory[memory][at + count - 1]
        return np.array(self.memory[memory][at : at + count], dtype=object)

    def transact(self, words):
        header, *data = words
        space, address = header >> 28 & 7, header & 0xFFFF
        reply = [0]
        for index, word in enumerate(data):
            if space == 0:
                register = self.registers.at(address)
                if not header >> 31 and register is not None:
                    self.write(register.name, low(register.width, word))
            elif 0 < space < 6 and self.r["config_mode"]:
                (memory,) = [name for name, one in self.memories.items() if one.space == space]
                self.chunk(memory, low(16, address + index), header >> 31, word)
            reply.append(self.last_read)
        return reply

    def chunk(self, memory, address, read, word):
        size = self.memories[memory]
        q = 0
        while 32 << q < size.width:
            q += 1
        w = size.words.bit_length() - 1
        chunk, index = low(q, address), low(w, address >> q)
        old = self.memory[memory][index]
        if read:
            self.last_read = low(32, old >> 32 * chunk)
            if memory == "neurons":
                self.S = old
            return
        new = old & ~(0xFFFFFFFF << 32 * chunk) | word << 32 * chunk
        self.load(memory, [low(size.width, new)], index)
        if memory == "neurons" and address >> (q + w) & 1:
            self.spike[low(self.A, address)] = word & 1
            self.fresh[low(self.A, address)] = word >> 1 & 1

    def send(self, events):
        bits = max(self.A, 8)
        for event in events:
            event = int(event)
            if event >> bits:
                self.target(low(bits, event))
            elif event < self.size:
                self.pending[event] = 1

    def target(self, address):
        done = False
        c = self.counter
        if self.r["regression"]:
            shift = 8 * (c % 2)
            k = c // 2
            self.targets[k] = self.targets[k] & ~(255 << shift) | low(8, address) << shift
            done = c == 2 * self.O + 1
        else:
            self.label = low(self.B, address)
            if self.state != "IDLE":
                self.received = 1
            done = True
        if self.state != "IDLE":
            self.counter = low(self.B + 1, c + 1)
        if self.state == "TARGET" and done:
            self.counter = 0
            self.learn()
            self.finish()

    def drive(self, **levels):
        self.levels.update(levels)

    def status(self, name):
        if name == "configuring":
            return int(self.state == "CONFIG")
        if name == "target_request":
            return int(self.state == "TARGET" and self.r.get("target_request_monitor", 0))
        return int(self.error if self.r["timing_mode"] else self.state in ("IDLE", "PROPAGATE"))

    def wait(self, name, value):
        assert self.status(name) == value

    def settle(self):
        out, self.out = self.out, []
        return np.array(out)

    def tick(self):
        self.pulse()
        assert self.state in ("IDLE", "PROPAGATE")

    # Section 8.

    @property
    def I(self):  # noqa: E743
        return self.r["last_input"]

    @property
    def R(self):
        return self.r["last_neuron"]

    @property
    def O(self):  # noqa: E743
        return self.r["last_output"]

    @property
    def N(self):
        return max(self.I, self.R)

    def idle(self):
        self.state = "IDLE"
        self.pending, self.current, self.spike, self.fresh = ([0] * self.size for _ in range(4))
        self.memory["outputs"] = [0] * self.config.outputs
        self.wins = [0] * 16
        self.received = self.counter = 0

    def pulse(self):
        if self.halted or self.r["local_tick"]:
            return
        self.current, self.pending = self.pending, [0] * self.size
        if self.state == "IDLE":
            if self.levels["sample"]:
                self.propagate()
        elif self.state == "PROPAGATE":
            self.leak()
            if self.levels["infer_accumulate"]:
                y = [sgn(16, self.memory["outputs"][k]) for k in range(self.O + 1)]
                winner = 0 if self.r["regression"] else y.index(max(y))
                self.wins[winner] = low(16, self.wins[winner] + 1)
            if not self.levels["sample"]:
                self.send_words()
                self.idle()
            elif self.r["config_mode"]:
                self.state = "CONFIG"
            else:
                self.after_config()
        else:
            self.error = True
            if self.r["halt_on_error"]:
                self.halted = True
                self.idle()

    def after_config(self):
        always = self.r.get("regul_mode", 0) >> 1 == 3
        if self.r.get("learn", 0) and (self.levels["target_valid"] or always):
            if self.r["single_label"] and self.received:
                self.learn()
                self.finish()
            else:
                self.state = "TARGET"
        else:
            self.finish()

    def finish(self):
        if self.r["send_every_step"]:
            self.send_words()
            if not self.levels["sample"]:
                self.idle()
                return
        self.propagate()

    def send_words(self):
        if self.r["send_label"]:
            wins = self.wins[: self.O + 1]
            self.out.append(wins.index(max(wins)))
        else:
            for k in range(self.O + 1):
                self.out += [self.memory["outputs"][k] & 255, self.memory["outputs"][k] >> 8]

    # Words.

    def lane(self, word, n):
        """u and the three traces of a lane."""
        state = word >> 50 * n
        return [
            sgn(16, state), low(12, state >> 16), low(12, state >> 28), low(10, state >> 40)
        ]  # fmt: skip

    def put(self, word, n, state):
        u, t_in, t_rec, t_out = state
        value = low(16, u) | t_in << 16 | t_rec << 28 | t_out << 40
        return word & ~(((1 << 50) - 1) << 50 * n) | value << 50 * n

    def weight(self, memory, pre, post):
        if memory == "weights_out":
            word, position = self.memory[memory][pre], post
        else:
            word = self.memory[memory][pre * (self.size // self.lanes) + post // self.lanes]
            position = post % self.lanes
        return sgn(self.config.weight_bits, word >> self.config.weight_bits * position)

    def set_weight(self, memory, pre, post, value):
        bits = self.config.weight_bits
        if memory == "weights_out":
            index, position = pre, post
        else:
            index = pre * (self.size // self.lanes) + post // self.lanes
            position = post % self.lanes
        mask = ((1 << bits) - 1) << bits * position
        word = self.memory[memory][index]
        self.memory[memory][index] = word & ~mask | low(bits, value) << bits * position

    # Section 9.

    def leak(self):
        rounding, kappa = self.r["stochastic_rounding"], self.r["kappa"]
        P = self.P
        for c in range(max(self.I, self.R, self.O) + 1):
            if c < self.config.outputs:
                r = 0
                if rounding and kappa != 0x80:
                    r = self.lfsr["round_output"][0].draw()
                if c <= self.O:
                    p = sgn(16, self.memory["outputs"][c]) * kappa
                    q = low(16, p >> 7)
                    if rounding and kappa != 0x80 and low(7, p) >= r and q:
                        q += 1
                    self.memory["outputs"][c] = low(16, q)
            w = c // P
            if c % P == 0:
                self.S = self.memory["neurons"][w]
                for lane in range(P):
                    self.spike[P * w + lane] = 0
            if c % P == P - 1:
                self.leak_word(w)

    def leak_word(self, w):
        rounding, kappa, P = self.r["stochastic_rounding"], self.r["kappa"], self.P
        word = self.S = self.memory["neurons"][w]
        threshold = sgn(16, word >> 50 * P)
        select = self.r[f"alpha_select_{w // 32}"] >> w % 32 & 1
        alpha = (8 if select else 7) << 12 | low(12, word >> 50 * P + 16)
        new = word
        for lane in range(P):
            state = self.lane(word, lane) if self.fresh[P * w + lane] else [0, 0, 0, 0]
            u = state[0]
            p = u * alpha
            q = low(16, p >> 15)
            if rounding and alpha != 0x8000:
                r = self.lfsr["round_neuron"][lane].draw()
                if low(15, p) >= r and q:
                    q += 1
            v = sgn(16, q)
            fires = u >= threshold
            self.spike[P * w + lane] = int(fires)
            if fires:
                v = 0 if self.r["reset_to_zero"] else sgn(16, v - threshold)
            after = [v]
            for trace, name, factor, one, shift, bits in (
                (state[1], "in", alpha, 0x8000, 15, 12),
                (state[2], "rec", alpha, 0x8000, 15, 12),
                (state[3], "out", kappa, 0x80, 7, 10),
            ):
                p = trace * factor
                q = low(bits, p >> shift)
                if rounding:
                    r = self.lfsr[f"round_trace_{name}"][lane].draw()
                    if factor != one and low(shift, p) >= r and q:
                        q += 1
                after.append(low(bits, q))
            new = self.put(new, lane, after)
        for lane in range(P):
            self.fresh[P * w + lane] = 1
        self.memory["neurons"][w] = new

    # Section 12.

    def propagate(self):
        self.state = "PROPAGATE"
        P, learn, force = self.P, self.r.get("learn", 0), self.r["force_traces"]
        for j in range(self.N + 1):
            if not (self.current[j] or self.spike[j]):
                continue
            if self.spike[j]:
                for k in range(self.O + 1):
                    y = sgn(16, self.memory["outputs"][k])
                    add = self.weight("weights_out", j, k) << self.r["shift_w_out"]
                    self.memory["outputs"][k] = low(16, sat16(y + add))
            for w in range(self.R // P + 1):
                draw = self.lfsr["noise"][0].draw() if self.r["noise"] else 0
                word = self.memory["neurons"][w]
                for lane in range(P):
                    i = P * w + lane
                    state = self.lane(word, lane) if self.fresh[i] else [0, 0, 0, 0]
                    x = 0
                    if self.current[j]:
                        x += self.weight("weights_in", j, i) << self.r["shift_w_in"]
                    if self.spike[j]:
                        x += self.weight("weights_rec", j, i) << self.r["shift_w_rec"]
                    x = sat16(x)
                    z = 0
                    if self.r["noise"]:
                        z = sgn(16, draw >> 16 * lane) >> self.r["noise_shift"]
                    u = state[0]
                    v = sgn(16, u + x + z)
                    if u >= 0 and x >= 0 and v < 0:
                        v = 32767
                    elif u < 0 and x < 0 and v >= 0:
                        v = -32768
                    state[0] = v
                    if i == j:
                        if self.current[j] and (learn & 1 or force):
                            state[1] = min(4095, state[1] + (8 << self.r["frac_trace_in"]))
                        if self.spike[j] and (learn & 2 or force):
                            state[2] = min(4095, state[2] + (8 << self.r["frac_trace_rec"]))
                        if self.spike[j] and (learn & 4 or force):
                            state[3] = min(1023, state[3] + (2 << self.r["frac_trace_out"]))
                    word = self.put(word, lane, state)
                self.memory["neurons"][w] = word
                for lane in range(P):
                    self.fresh[P * w + lane] = 1
            if self.current[j] and j > self.R and (learn & 1 or force):
                w = j // P
                word = self.memory["neurons"][w]
                for lane in range(P):
                    state = self.lane(word, lane)
                    if not self.fresh[P * w + lane]:
                        state[1:] = [0, 0, 0]
                    if P * w + lane == j:
                        state[1] = min(4095, state[1] + (8 << self.r["frac_trace_in"]))
                    word = self.put(word, lane, state)
                self.memory["neurons"][w] = word
                for lane in range(P):
                    self.fresh[P * w + lane] = 1
            self.current[j] = self.spike[j] = 0

    # Section 11.

    def seen(self, p):
        """Lane values of index p."""
        n = p % self.P
        return self.lane(self.S, n) if self.fresh[n] else [0, 0, 0, 0]

    def read(self, p):
        if p % self.P == 0 and p <= self.N and self.levels["target_valid"]:
            self.S = self.memory["neurons"][p // self.P]

    def errors(self):
        e = []
        for k in range(self.O + 1):
            y = sgn(16, self.memory["outputs"][k])
            if self.r["linear_output"]:
                activation = y
            elif y > 2047:
                activation = 2048
            elif y < -2048:
                activation = 0
            else:
                activation = (y + 2048) >> 1
            target = 2048 if self.label == k else 0
            if self.r["regression"]:
                target = sgn(16, self.targets[k])
            e.append(sat16(target - activation) if self.levels["target_valid"] else 0)
        return e

    def learn(self):
        learn, valid, mode = self.r["learn"], self.levels["target_valid"], self.r["regul_mode"]
        e = self.errors()
        for g in range(self.R // self.lanes + 1):
            L, h, G = {}, {}, {}
            posts = range(self.lanes * g, self.lanes * (g + 1))
            for p in posts:
                if learn == 4 and p > self.R:
                    break
                self.read(p)
                u, _, t_rec, t_out = self.seen(p)
                L[p] = 0
                if p <= self.R and learn & 3:
                    total = sum(e[k] * self.weight("weights_out", p, k) for k in range(self.O + 1))
                    L[p] = sat16((total << self.r["signal_scale"]) >> 12)
                h[p] = sgn(5, self.r["h_value_4"])
                for i in range(4):
                    if u < sgn(16, self.r[f"h_threshold_{i}"]):
                        h[p] = sgn(5, self.r[f"h_value_{i}"])
                        break
                G[p] = 0
                if mode:
                    level = (t_rec >> self.r["frac_trace_rec"]) - self.r["regul_threshold"]
                    G[p] = max(0, level)
                t = t_out >> self.r["frac_trace_out"]
                if learn & 4 and p <= self.R and valid and t:
                    draw = self.lfsr["out"][0].draw()
                    for k in range(self.O + 1):
                        self.update("out", p, k, e[k] * t, low(28, draw >> 28 * k), 28)
            if learn == 4:
                continue
            for p in range(self.N + 1):
                self.read(p)
                _, t_in, t_rec, _ = self.seen(p)
                for bit, kind, limit, trace in (
                    (0, "in", self.I, t_in),
                    (1, "rec", self.R, t_rec),
                ):
                    self.learn_word(kind, bit, p, limit, trace, posts, L, h, G)

    def learn_word(self, kind, bit, p, limit, trace, posts, L, h, G):
        valid, mode, chosen = (
            self.levels["target_valid"],
            self.r["regul_mode"],
            self.r["regul_weights"],
        )
        mine = chosen >> bit & 1
        if not self.r["learn"] >> bit & 1 or p > limit:
            return
        if not (valid or (mode >> 1 == 3 and mine)):
            return
        t = trace >> self.r[f"frac_trace_{kind}"]
        if t == 0 and not any(G.values()):
            return
        draw = self.lfsr[kind][0].draw()
        for number, e in enumerate(posts):
            active = valid and h[e]
            if not active and not (mode and mine):
                continue
            d = L[e] * t * h[e] if active else 0
            assert d == sgn(32, d)
            f = 16
            if mode & 1 and chosen:
                m = G[e] >> self.r["regul_mul_right"]
                f = 0 if m >= 16 else 16 - m
            D = 16 * d if d < 0 else f * d
            a = 0
            if mode & 2 and mine:
                left, right = self.r[f"regul_{kind}_left"], self.r[f"regul_{kind}_right"]
                a = sgn(32, low(32, G[e] << left) >> right)
            s = sgn(32, (D >> 4) - a)
            drive = -(1 << 31) if s >= 0 and D >> 31 & 1 else s
            self.update(kind, p, e, drive, low(32, draw >> 32 * number), 32)

    def update(self, kind, pre, post, d, r, width):
        if d == 0:
            return
        m1 = min(abs(d) << self.r[f"rate_{kind}_left"], (1 << width) - 1)
        m2 = m1 >> self.r[f"rate_{kind}_right"]
        if d == -(1 << (width - 1)) or m2 >= r:
            limit = 1 << (self.config.weight_bits - 1)
            weight = self.weight(f"weights_{kind}", pre, post)
            new = weight + 1 if d > 0 else weight - 1
            new = new if -limit <= new < limit else weight
            if kind == "rec" and pre == post:
                new = 0
            self.set_weight(f"weights_{kind}", pre, post, new)


def test_there_is_a_model():
    model = open_model(ReckonConfig())
    assert isinstance(model, reckon.ReckonModel)
    assert isinstance(model, Device)


SMALL = [config for config in CONFIGURATIONS if config.neurons <= 64]


@pytest.mark.parametrize("seed", range(60))
def test_random_stimulus_like_the_scalar_formulation(seed):
    config = SMALL[seed % len(SMALL)]
    trace = record(config, seed)
    result = replay(trace, Scalar(config))
    assert result.ok, result.difference
    assert result.steps == len(trace.steps)


def recorder(config=None, **values):
    """A recorder around a model with all weights 0, one neuron a word in use, ready for samples."""
    device = Recorder(open_model(config or ReckonConfig(neurons=16, outputs=2)))
    device.reset()
    device.configure(learn=0, last_input=3, last_neuron=3, last_output=1, **values)
    return device


def neuron_word(config, state=0, threshold=1000, alpha=0xFFF):
    word = (alpha << 16 | low(16, threshold)) << 50 * config.neuron_lanes
    return word | sum(state << 50 * lane for lane in range(config.neuron_lanes))


def potentials(device, count=4):
    """Potentials, read without leaving the sample."""
    mode = device.register_values["config_mode"]
    device.configure(config_mode=1)
    lanes = device.config.neuron_lanes
    words = device.dump("neurons", 0, -(-count // lanes)).tolist()
    device.configure(config_mode=mode)
    found = [sgn(16, word >> 50 * lane) for word in words for lane in range(lanes)]
    return found[:count]


def matches_scalar(device):
    """Replay what was recorded on the scalar formulation."""
    result = replay(device.trace, Scalar(device.config))
    assert result.ok, result.difference


@pytest.mark.parametrize("lanes", [1, 2])
def test_random_numbers_made_ahead(lanes):
    """Long stretches without configuration, and a change after each number of steps."""
    config = ReckonConfig(neurons=16, outputs=4, neuron_lanes=lanes)
    random = np.random.default_rng(lanes)
    device = recorder(config, stochastic_rounding=1, noise=1, noise_shift=7, force_traces=1)
    device.configure(last_output=3, alpha_select_0=0b101, frac_trace_in=5, frac_trace_rec=3)
    device.load("neurons", [neuron_word(config, 300, 500, 0)] * (4 // lanes))
    device.load("weights_in", [int(random.integers(1 << 30)) for _ in range(16)])
    device.load("weights_out", [int(random.integers(1 << 30)) for _ in range(16)])
    device.configure(config_mode=0)
    for steps in (100, 31, 32, 33, 64, 1):
        device.drive(sample=1)
        for step in range(steps):
            device.send(random.integers(4, size=2))
            device.tick()
            if step % 13 == 0:
                potentials(device)
        device.drive(sample=0)
        device.tick()
        device.settle()
        device.configure(kappa=0x7B)
    matches_scalar(device)


def test_first_and_last_step():
    """The first tick does not leak; the last neither propagates nor learns, but its winner
    counts.
    """
    device = recorder(send_label=1, shift_w_out=7)
    config = device.config
    device.load("neurons", [neuron_word(config, 50, 40)] * 2)
    device.load("weights_out", [0x0100] * 4)  # to output 1
    device.configure(config_mode=0)
    device.drive(sample=1)
    device.tick()
    assert potentials(device) == [50] * 4
    device.tick()  # all fire
    assert potentials(device) == [50 * 0x7FFF // 0x8000 - 40] * 4
    device.configure(config_mode=1)
    assert device.dump("outputs").tolist() == [0, 4 * 128]
    device.configure(config_mode=0)
    device.drive(sample=0, infer_accumulate=1)
    device.tick()
    assert device.settle().tolist() == [1]
    assert device.status("ready") == 1
    matches_scalar(device)


def test_noise_of_the_other_sign_overflows_upwards():
    """Peculiarity 2."""
    device = recorder(noise=1)
    device.load("neurons", [neuron_word(device.config, 10, 30000)] * 2)
    device.configure(config_mode=0)
    device.drive(sample=1)
    seen = set()
    for _ in range(40):
        device.send([0])
        device.tick()
        seen.update(potentials(device))
    assert 32767 in seen
    matches_scalar(device)


def test_a_zero_seed_makes_every_update_fire():
    """Peculiarity 16; and the written self-connection is 0 (15)."""
    device = Recorder(open_model(ReckonConfig(neurons=16, outputs=2)))
    config = device.config
    device.reset()
    device.configure(
        learn=7, seed_in=0, seed_rec=0, seed_out=0, last_input=3, last_neuron=3, last_output=1,
        h_value_0=1, h_threshold_0=0x7FFF, signal_scale=15, force_traces=1,
    )  # fmt: skip
    device.load("neurons", [neuron_word(config, 100 | 5 << 16 | 5 << 28 | 5 << 40, 30000)] * 2)
    weights = sum(0x05 << 8 * post for post in range(4))
    for memory in ("weights_in", "weights_rec"):
        device.load(memory, [weights] * 4)
    device.load("weights_out", [0xFB05] * 4)
    device.configure(config_mode=0)
    device.drive(sample=1, target_valid=1)
    device.tick()
    device.pulse()
    device.wait("target_request", 1)
    device.send([1 << 8])
    device.configure(config_mode=1)
    # Output 0 is too low: positive error, and learning signals are positive.
    for memory in ("weights_in", "weights_rec"):
        for pre, word in enumerate(device.dump(memory, 0, 4).tolist()):
            row = [sgn(8, word >> 8 * post) for post in range(16)]
            expected = [6] * 4 + [0] * 12
            if memory == "weights_rec":
                expected[pre] = 0
            assert row == expected
    assert device.dump("weights_out", 0, 4).tolist() == [0xFA06] * 4
    matches_scalar(device)


def test_a_label_given_in_idle_is_not_remembered():
    """Peculiarity 19."""
    device = recorder()
    device.configure(learn=7, config_mode=0)
    device.send([1 << 8 | 1])
    device.drive(sample=1, target_valid=1)
    device.tick()
    with pytest.raises(BusyError, match="it waits for a target"):
        device.tick()
    device.send([1 << 8 | 1])
    device.wait("ready", 1)
    device.tick()  # now it is


@pytest.mark.parametrize("halts", [0, 1])
@pytest.mark.parametrize("where", ["CONFIG", "TARGET"])
def test_timing_errors(halts, where):
    device = recorder(halt_on_error=halts)
    device.load("neurons", [neuron_word(device.config, 100)] * 2)
    device.configure(learn=7, config_mode=0)
    device.drive(sample=1, target_valid=1)
    device.tick()
    device.configure(config_mode=int(where == "CONFIG"))
    device.pulse()
    pin = {"CONFIG": "configuring", "TARGET": "target_request"}[where]
    assert device.status(pin) == 1
    assert device.status("ready") == 0
    device.configure(timing_mode=1)
    assert device.status("ready") == 0
    device.pulse()
    assert device.status("ready") == 1
    with pytest.raises(InputError, match="waiting for a time step needs timing_mode = 0"):
        device.tick()
    device.configure(timing_mode=0)
    assert device.status("ready") == halts
    assert device.status(pin) == 1 - halts
    if halts:
        device.device.pulse()
        assert device.device.state is reckon.State.IDLE
        device.reset()
        device.configure(timing_mode=1)
        assert device.status("ready") == 0


def test_local_tick_cannot_start_a_sample():
    """Peculiarity 26."""
    model = open_model(ReckonConfig(neurons=16))
    model.configure(learn=0, config_mode=0, local_tick=1)
    model.drive(sample=1)
    model.pulse()
    model.tick()
    assert model.state is reckon.State.IDLE
    model.configure(local_tick=0)
    model.tick()
    assert model.state is reckon.State.PROPAGATE
    # A step passes when one waits for it, and not by the pin.
    model.configure(local_tick=1, send_every_step=1)
    model.pulse()
    assert model.settle().tolist() == []
    model.tick()
    assert model.settle().tolist() == [0]


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda config: config.name)
def test_memories_keep_what_is_loaded(config):
    random = np.random.default_rng(1)
    model = open_model(config)
    for name, size in model.memories.items():
        words = [
            int.from_bytes(random.bytes(size.bytes_per_word), "little") & ((1 << size.width) - 1)
            for _ in range(size.words)
        ]
        model.load(name, words)
        assert model.dump(name).tolist() == words
        assert model.dump(name, size.words - 2, 1).tolist() == words[-2:-1]
        assert model.dump(name, 1, 0).tolist() == []


def test_spikes_of_one_address_count_once():
    models = []
    for spikes in ([1], [1, 1], [1, 9, 15, 1]):
        model = open_model(ReckonConfig(neurons=16))
        model.configure(learn=0, last_input=3, last_neuron=3)
        model.load("neurons", [neuron_word(model.config)] * 2)
        model.load("weights_in", [0x1234] * 4)
        model.configure(config_mode=0)
        model.drive(sample=1)
        model.send(spikes)
        model.tick()
        model.configure(config_mode=1)
        models.append(model.dump("neurons").tolist())
    assert models[0] == models[1] == models[2]
    assert models[0][0] & 0xFFFF == 0x34


def test_without_learning():
    config = ReckonConfig(neurons=16, learning=0)
    names = {register.name for register in registers(config)}
    assert "learn" not in names
    assert {"regression", "force_traces", "frac_trace_in", "seed_noise"} <= names
    assert not any(name.startswith(("h_", "rate_", "regul_")) for name in names)
    model = open_model(config)
    with pytest.raises(InputError, match="no register 'learn'"):
        model.configure(learn=1)


def test_bad_input():
    model = open_model(ReckonConfig(neurons=16, outputs=2))
    model.configure(config_mode=0)
    for action, message in (
        (
            lambda: model.load("neurons", [0]),
            "config_mode is 0, memory access needs config_mode = 1",
        ),
        (lambda: model.dump("outputs"), "config_mode is 0"),
        (lambda: model.drive(time_tick=1), "reckon has no level 'time_tick', it has sample"),
        (lambda: model.drive(sample=2), "reckon: sample is 2, allowed is 0 or 1"),
        (
            lambda: model.status("sample"),
            "reckon has no status 'sample', it has ready, configuring",
        ),
        (lambda: model.send([1 << 9]), "not a whole number of 9 bits"),
        (lambda: model.transact([]), "without words"),
        (lambda: model.transact([1 << 16]), "0 data words, its first word says 1"),
        (lambda: model.transact([1 << 32]), "allowed is a whole number of 32 bits"),
        (lambda: model.configure(kappa=256), "register kappa is 256"),
    ):
        with pytest.raises(InputError, match=message):
            action()
    with pytest.raises(BusyError, match="reckon: ready stays 1"):
        model.wait("ready", 0)
    for values, message in (
        ({"neurons": 16, "weight_lanes": 32}, "weight_lanes is 32, allowed is at most neurons"),
        ({"lanes": 32}, "lanes is 32, allowed is at most weight_lanes, which is 16"),
        ({"outputs": 3}, "outputs is 3, allowed is a power of two from 2 to 16"),
        ({"weight_bits": 1}, "weight_bits is 1, allowed is a whole number from 2 to 8"),
    ):
        with pytest.raises(InputError, match=message):
            ReckonConfig(**values)


def test_raw_spi_of_registers():
    model = open_model(ReckonConfig())
    address = model.registers["noise_shift"].address

    def header(count, address, read=False):
        return read << 31 | count << 16 | address

    model.transact([header(3, address), 1, 2, 0xFFFFFFF5])
    assert model.register_values["noise_shift"] == 5
    model.transact([header(1, address + 0x100), 7])  # the full address counts
    model.transact([header(1, address, read=True), 7])
    model.transact([header(0, address)])
    assert model.register_values["noise_shift"] == 5
    assert Counter(model.register_values.values())[5] == 1


def test_reset_keeps_memories_and_pins():
    model = open_model(ReckonConfig(neurons=16))
    model.load("neurons", [5] * 8)
    model.load("outputs", [7] * 16)
    model.configure(kappa=1, seed_noise=3)
    model.drive(sample=1)
    model.reset()
    assert model.dump("neurons").tolist() == [5] * 8
    assert model.dump("outputs").tolist() == [0] * 16
    assert model.register_values == model.registers.reset_values()
    assert model.register_values["kappa"] == 0x7A
    assert model.register_values["last_input"] == 15
    model.configure(config_mode=0, learn=0)
    model.tick()
    assert model.state is reckon.State.PROPAGATE


@pytest.mark.parametrize("last_input", [6, 7])
def test_regularisation_without_target_sees_the_word_read_last(last_input):
    """Peculiarities 9, 10 and 12: the last word as it was in memory, though it was not in use."""
    config = ReckonConfig(neurons=16, outputs=2)
    device = recorder(config, regul_mode=6, regul_weights=3, regul_in_left=20, regul_rec_left=20)
    device.configure(rate_in_left=31, rate_rec_left=31, last_input=last_input)
    words = [neuron_word(config, 0, 30000)] * 3 + [neuron_word(config, 0, 30000) | 20 << 78]
    device.load("neurons", words)
    # A sample without learning, after which the words are stale.
    device.configure(config_mode=0)
    device.drive(sample=1)
    device.tick()
    device.drive(sample=0)
    device.tick()
    device.configure(config_mode=1, learn=7)
    for memory in ("weights_in", "weights_rec"):
        device.load(memory, [0] * 8)
    device.configure(config_mode=0)
    device.drive(sample=1)
    device.tick()
    device.pulse()
    device.wait("target_request", 1)
    device.send([1 << 8])
    device.configure(config_mode=1)
    rows = [
        [sgn(8, word >> 8 * post) for post in range(16)]
        for word in device.dump("weights_in", 0, 8).tolist()
    ]
    # The trace is in lane 1, and only its neurons' weights shrink.
    for row in rows[: last_input + 1]:
        assert row == [0, -1] * 8
    matches_scalar(device)


def test_posts_beyond_all_see_the_last_word_by_lane():
    """Peculiarity 12, in a step with a target."""
    config = ReckonConfig(neurons=16, outputs=2)
    device = recorder(config, regul_mode=2, regul_weights=3, regul_in_left=20, regul_rec_left=20)
    device.configure(rate_in_left=31, rate_rec_left=31, last_input=2, last_neuron=2, learn=7)
    # Only neuron 3, which is in the last word, but not in use, has a trace.
    device.load(
        "neurons", [neuron_word(config, 0, 30000), neuron_word(config, 0, 30000) | 20 << 78]
    )
    device.load("weights_in", [0] * 4)
    device.configure(config_mode=0)
    device.drive(sample=1, target_valid=1)
    device.tick()
    device.pulse()
    device.send([1 << 8])
    device.configure(config_mode=1)
    for word in device.dump("weights_in", 0, 3).tolist():
        row = [sgn(8, word >> 8 * post) for post in range(16)]
        assert row == [0] * 3 + [-1, 0] * 6 + [-1]
    matches_scalar(device)


def test_one_label_may_not_be_enough():
    device = recorder(single_label=0)
    device.configure(learn=7, config_mode=0)
    device.drive(sample=1, target_valid=1)
    device.tick()
    for _ in range(3):
        device.pulse()
        device.wait("target_request", 1)
        device.send([1 << 8 | 1])
        device.wait("ready", 1)


def test_a_sample_may_end_while_the_core_is_stopped():
    """Section 8, step 5; the last spikes are then not propagated."""
    for every in (0, 1):
        model = open_model(ReckonConfig(neurons=16, outputs=2))
        model.configure(learn=0, config_mode=0, send_every_step=every)
        model.drive(sample=1)
        model.tick()
        model.configure(config_mode=1)
        model.pulse()
        assert model.status("configuring") == 1
        model.drive(sample=0)
        model.configure(config_mode=0)
        assert model.settle().tolist() == [0] * every
        assert model.state is (reckon.State.IDLE if every else reckon.State.PROPAGATE)
