"""The host link byte by byte: damage in both directions, repetition, back-pressure.

The link runs in Amaranth's simulator with a small core of its own, whose behaviour is easy to say
in Python. Frames come from the driver that boards use, or are made here by hand.
"""

import binascii
import random
from collections import deque
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import memory, wiring
from amaranth.sim import Simulator

from spikewright.boards.driver import BoardDevice, LinkError
from spikewright.hdl.catalogue import register_core
from spikewright.hdl.config import CoreConfig, integer
from spikewright.hdl.core import Core
from spikewright.hdl.error import InputError
from spikewright.hdl.interface.host_link import Command, HostLink, LinkFormat, checksum, identity
from spikewright.hdl.interface.interface import HostMemory, Interface, Stream
from spikewright.hdl.interface.register import Register, RegisterMap

IDENTIFY, RESET, WRITE, READ, EVENTS = range(5)
IDLE, EVENT_WAITS, REFUSED = 1, 2, 4


@dataclass(frozen=True, kw_only=True)
class EchoConfig(CoreConfig):
    core: ClassVar[str] = "echo"
    output_bits: int = integer(10, 1, 16, "bits of an output word")


def echo_interface(config):
    registers = [
        Register("gate", 0, 1, "GATE", "memory access"),
        Register("offset", 5, 12, "OFFSET", "added"),
        Register("ignored", 2, 3, "IGNORED", "nothing"),
    ]
    return Interface(
        core="echo",
        registers=RegisterMap("echo", registers),
        memories={
            "wide": HostMemory(space=1, words=5, width=20),
            "narrow": HostMemory(space=2, words=300, width=8),
        },
        inputs={"events": Stream(12)},
        outputs={"output": Stream(config.output_bits)},
        full=True,
        reset_clears_registers=False,
    )


ECHO = Core(
    name="echo",
    about="answers events with words",
    config=EchoConfig,
    interface=echo_interface,
    hardware=None,
    model=None,
    workload=None,
    trace_parameters=(),
)


@pytest.fixture(autouse=True, scope="module")
def known_core():
    register_core(ECHO)


class Echo(wiring.Component):
    """Answers event e with e mod 8 (at least `burst` if 7) words e + offset, e + offset + 1, ..."""

    def __init__(self, config=None, burst=7):
        self.config = config or EchoConfig()
        self.burst = burst
        self.interface = echo_interface(self.config)
        super().__init__(self.interface.members())

    def elaborate(self, platform):
        m = Module()
        m.submodules.wide = wide = memory.Memory(shape=24, depth=8, init=[])
        m.submodules.narrow = narrow = memory.Memory(shape=8, depth=512, init=[])
        wide_write, wide_read = wide.write_port(granularity=8), wide.read_port(domain="comb")
        narrow_write, narrow_read = narrow.write_port(), narrow.read_port(domain="comb")
        gate, offset = Signal(), Signal(12)
        request = self.access.request
        left = Signal(10)
        value = Signal(12)
        m.d.comb += [
            self.output.p.eq(value),
            self.full.eq(0),
            *(port.addr.eq(request.p.address) for port in (wide_write, wide_read)),
            *(port.addr.eq(request.p.address) for port in (narrow_write, narrow_read)),
            wide_write.data.eq(request.p.data[:8].replicate(3)),
            narrow_write.data.eq(request.p.data),
        ]
        served = Signal()
        with m.FSM():
            with m.State("REST"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [
                    value.eq(self.events.p + offset),
                    left.eq(Mux(self.events.p[:3] == 7, self.burst, self.events.p[:3])),
                ]
                with m.If(~gate & self.events.valid):
                    m.next = "WORK"
                with m.Elif(gate & request.valid & (request.p.space != 0)):
                    m.next = "SERVE"
            with m.State("SERVE"):
                m.d.comb += served.eq(1)
                m.next = "REST"
                with m.If(request.p.write):
                    with m.If(request.p.space == 1):
                        m.d.comb += wide_write.en.eq(1 << request.p.byte)
                    with m.Else():
                        m.d.comb += narrow_write.en.eq(1)
            with m.State("WORK"):
                with m.If(left == 0):
                    m.d.comb += self.events.ready.eq(1)
                    m.next = "REST"
                with m.Else():
                    m.d.comb += self.output.valid.eq(1)
                    with m.If(self.output.ready):
                        m.d.sync += [left.eq(left - 1), value.eq(value + 1)]
        register = request.p.space == 0
        m.d.comb += [
            request.ready.eq(register | ~gate | served),
            self.access.data.eq(
                Mux(
                    request.p.space == 1,
                    wide_read.data.word_select(request.p.byte, 8),
                    narrow_read.data,
                )
            ),
        ]
        with m.If(request.valid & register & request.p.write):
            with m.Switch(request.p.address):
                with m.Case(0):
                    m.d.sync += gate.eq(request.p.data)
                with m.Case(5):
                    m.d.sync += offset.eq(request.p.data)
        return m


def echo_words(config, event, offset, burst=7):
    count = event % 8
    count = burst if count == 7 else count
    return [(event + offset + i) % 4096 % (1 << config.output_bits) for i in range(count)]


class Stepper(wiring.Component):
    """Answers each event with itself; after `tick` it is busy for 40 cycles and then shows its
    pins.
    """

    config = EchoConfig()
    interface = Interface(
        core="stepper",
        registers=RegisterMap("stepper", [Register("gate", 0, 1, "GATE", "memory access")]),
        memories={"words": HostMemory(space=1, words=512, width=32)},
        inputs={"events": Stream(12)},
        outputs={"output": Stream(10)},
        # Words of 32 bits, each with an address of its own.
        access_unit=32,
        access_space_bits=2,
        pulses={"tick": "ends the time step"},
        levels={"first": "", "second": ""},
        statuses={"ready": "", "high": ""},
    )

    def __init__(self):
        super().__init__(self.interface.members())

    def elaborate(self, platform):
        m = Module()
        request = self.access.request
        m.submodules.words = array = memory.Memory(shape=32, depth=512, init=[])
        write, read = array.write_port(), array.read_port(domain="comb")
        left = Signal(6)
        m.d.comb += [
            write.addr.eq(request.p.address),
            write.data.eq(request.p.data),
            write.en.eq(request.valid & request.p.write & (request.p.space == 1)),
            read.addr.eq(request.p.address),
            request.ready.eq(1),
            self.access.data.eq(read.data),
            self.idle.eq((left == 0) & ~self.tick),
            self.ready.eq(left == 0),
            self.high.eq(self.second),
            self.output.valid.eq((left == 1) | (self.events.valid & (left == 0))),
            self.output.p.eq(Mux(left == 1, Cat(self.first, self.second, 0, 1), self.events.p)),
            self.events.ready.eq(self.output.ready & (left == 0)),
        ]
        with m.If(self.tick):
            m.d.sync += left.eq(40)
        with m.Elif((left > 1) | ((left == 1) & self.output.ready)):
            m.d.sync += left.eq(left - 1)
        return m


#: Seconds for an answer. The simulated board itself gives up, after some clock cycles and not by
#: the computer's clock; this is only so that a busy computer does not come first.
PATIENCE = 600.0


class Board:
    """A link with its core in the simulator, as a transport of bytes.

    `damage` gets each piece of bytes with its direction and returns what arrives; both sides of the
    byte streams stall at random.
    """

    name = "simulated link"
    seconds_per_byte = 0.001

    def __init__(self, core=None, seed=1, damage=lambda data, to_board: data, patience=600):
        self.core = core or Echo()
        m = Module()
        m.submodules.link = self.link = link = HostLink(self.core)
        m.submodules.core = ResetInserter(link.reset)(self.core)
        wiring.connect(m, link.events, self.core.events)
        wiring.connect(m, self.core.output, link.output)
        wiring.connect(m, link.access, self.core.access)
        m.d.comb += [
            link.idle.eq(self.core.idle),
            *(getattr(self.core, pin).eq(getattr(link, pin)) for pin in link.format.inputs),
            *(getattr(link, pin).eq(getattr(self.core, pin)) for pin in link.format.statuses),
        ]
        self.taken = []
        self.damage = damage
        self._patience = patience
        self._pace = 0.7
        self._generator = random.Random(seed)
        self._to_board = deque()
        self._from_board = bytearray()
        self._cycle = 0
        self._simulator = Simulator(m)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(self._serve, background=True)
        self._simulator.add_testbench(self._watch, background=True)

    async def _serve(self, ctx):
        link = self.link
        gap = 0
        while True:
            valid = bool(self._to_board) and gap == 0
            ctx.set(link.received.valid, valid)
            if valid:
                ctx.set(link.received.p, self._to_board.popleft())
                # A serial line never brings bytes in cycles that follow each other.
                gap = 9 if self._generator.random() < 0.03 else 2
            gap = max(gap - 1, 0)
            ready = self._generator.random() < self._pace
            ctx.set(link.transmitted.ready, ready)
            if ready and ctx.get(link.transmitted.valid):
                self._from_board.append(ctx.get(link.transmitted.p))
            await ctx.tick()

    async def _watch(self, ctx):
        events = self.core.events
        async for _, _, taken, event in ctx.tick().sample(events.valid & events.ready, events.p):
            if taken:
                self.taken.append(event)

    def run(self, cycles):
        self._cycle += cycles
        self._simulator.run_until(self._cycle * 1e-6)

    def write(self, data):
        self._to_board += self.damage(data, True)

    def read(self, seconds=0.0):
        for _ in range(self._patience // 50):
            while self._to_board:
                self.run(50)
            self.run(50)
            if self._from_board:
                data, self._from_board = bytes(self._from_board), bytearray()
                return self.damage(data, False)
        return b""

    def ask(self, frame):
        """Send bytes as they are; return everything that comes back, as slowly as on a line."""
        self._pace = 0.05
        self._to_board += frame
        answer = b""
        while data := self.read():
            answer += data
        return answer

    def close(self):
        pass


def frame(command, body=b"", tag=1):
    data = bytes([0x5A, tag << 3 | command, len(body)]) + body
    return data + binascii.crc_hqx(data[1:], 0xFFFF).to_bytes(2, "big")


def answer(command, status, events=0, count=0, body=b"", tag=1):
    """Answer to a frame; it says again how many events and words the last EVENTS frame had."""
    data = bytes([0xA5, tag << 3 | command, status, 2 * events, count]) + body
    return data + binascii.crc_hqx(data[1:], 0xFFFF).to_bytes(2, "big")


def events(numbers, tag=1):
    return frame(EVENTS, words(*numbers), tag)


def words(*numbers):
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def given(numbers, *output, status=IDLE, tag=1):
    """Answer to a frame of events that has been executed as far as `numbers`."""
    return answer(EVENTS, status, len(numbers), len(output), words(*output), tag)


def test_format_and_checksum():
    core = Echo()
    core._MustUse__silence = True
    assert LinkFormat.of(core.interface) == LinkFormat(
        event_bytes=2, output_bytes=2, address_bytes=2, register_bytes=2
    )
    # The check value of CRC-16/IBM-3740 in the public catalogue of CRCs.
    assert checksum(b"123456789") == 0x29B1
    for width, depth in ((1, 128), (2, 64), (3, 32), (4, 32)):
        sizes = LinkFormat(event_bytes=1, output_bytes=width, address_bytes=1, register_bytes=1)
        assert sizes.output_depth == depth


def test_identify_and_reset():
    board = Board()
    answered = answer(IDENTIFY, IDLE, body=identity(board.core.config))
    assert board.ask(frame(IDENTIFY, bytes(16))) == answered
    assert board.ask(frame(RESET, tag=9)) == answer(RESET, IDLE, tag=9)


def test_identity_tells_configurations_apart():
    assert identity(EchoConfig()) == identity(EchoConfig(output_bits=10))
    assert identity(EchoConfig()) != identity(EchoConfig(output_bits=9))
    assert len(identity(EchoConfig())) == 16


def test_commands_byte_by_byte():
    board = Board()
    assert board.ask(events([3, 8, 1])) == given([3, 8, 1], 3, 4, 5, 1)
    # The words have come if another frame follows.
    assert board.ask(events([], 2)) == given([], tag=2)
    # Register 5, 12 bits, most significant byte first; register 0.
    assert board.ask(frame(WRITE, b"\0\0\5\x0a\xbc")) == answer(WRITE, IDLE)
    assert board.ask(events([1], 2)) == given([1], 0xABD & 0x3FF, tag=2)
    board.ask(frame(WRITE, b"\0\0\0\0\1"))
    # Two words of three bytes, from word 3.
    data = bytes([1, 2, 3, 4, 5, 6])
    assert board.ask(frame(WRITE, b"\1\0\3" + data)) == answer(WRITE, IDLE, 1, 1)
    assert board.ask(frame(READ, b"\1\0\3\6")) == answer(READ, IDLE, 1, 1, data)
    assert board.ask(frame(READ, b"\1\0\4\3")) == answer(READ, IDLE, 1, 1, data[3:])
    assert board.taken == [3, 8, 1, 1]


def test_addresses_stay_within_their_block():
    """The low byte of an address counts, the upper ones stand."""
    board = Board()
    board.ask(frame(WRITE, b"\0\0\0\0\1"))
    board.ask(frame(WRITE, b"\2\1\0\x77"))
    board.ask(frame(WRITE, b"\2\0\xff\x11\x22"))
    assert board.ask(frame(READ, b"\2\0\0\1"))[5:-2] == b"\x22"
    assert board.ask(frame(READ, b"\2\0\xff\2"))[5:-2] == b"\x11\x22"
    assert board.ask(frame(READ, b"\2\1\0\1"))[5:-2] == b"\x77"


def test_unknown_commands_are_not_answered():
    board = Board()
    for command in (5, 6, 7):
        assert board.ask(frame(command)) == b""
    assert board.ask(frame(IDENTIFY))


@pytest.mark.parametrize("place", range(9))
def test_a_frame_with_a_flipped_bit_is_not_executed(place):
    whole = events([1, 9])
    assert len(whole) == 9
    board = Board()
    for bit in (0, 5, 7):
        broken = bytearray(whole)
        broken[place] ^= 1 << bit
        # A longer length makes the link wait for more, which zeros end.
        assert board.ask(bytes(broken) + bytes(280)) == b""
    assert board.taken == []
    assert board.ask(whole) == given([1, 9], 1, 9)


@pytest.mark.parametrize("place", range(9))
def test_a_frame_with_a_lost_byte_is_not_executed(place):
    whole = events([1, 0xE9])
    board = Board()
    assert board.ask(whole[:place] + whole[place + 1 :] + bytes(280)) == b""
    assert board.taken == []
    assert board.ask(whole) == given([1, 0xE9], 1, 0xE9)


def test_a_body_that_is_too_short_is_not_executed():
    board = Board()
    bodies = {WRITE: b"\1\0\3", READ: b"\1\0\3"}
    for command, body in bodies.items():
        for length in range(len(body) + 1):
            answered = board.ask(frame(command, body[:length]))
            if command == WRITE and length == 3:
                assert answered == answer(WRITE, IDLE)
            else:
                assert answered == b""
    assert board.ask(frame(IDENTIFY))


def test_garbage_before_a_frame():
    board = Board()
    generator = random.Random(3)
    for _ in range(5):
        garbage = bytes(generator.choice([0x5A, 0, 255, 4]) for _ in range(40))
        board.ask(garbage + bytes(280))
        assert board.ask(b"\0\1\2" + frame(IDENTIFY))
    assert board.taken == []


def test_part_of_an_event_is_left_out():
    board = Board()
    found = board.ask(frame(EVENTS, words(2) + b"\7"))
    assert found[2:5] == bytes([IDLE, 3, 2])
    assert found[5:-2] == words(2, 3)
    assert board.ask(events([1], 2)) == given([1], 1, tag=2)
    assert board.taken == [2, 1]


def test_a_repeated_frame_gets_the_same_answer_again():
    board = Board()
    for _ in range(3):
        assert board.ask(events([1, 9])) == given([1, 9], 1, 9)
    assert board.taken == [1, 9]
    # A frame is known by the lowest bit of its tag; of others than events none is left out.
    board.ask(frame(WRITE, b"\0\0\5\0\1", tag=2))
    board.ask(frame(WRITE, b"\0\0\5\0\2", tag=2))
    assert board.ask(events([1, 2], tag=3)) == given([1, 2], 3, 4, 5, tag=3)
    assert board.ask(events([1, 2], tag=3)) == given([1, 2], 3, 4, 5, tag=3)
    assert board.taken == [1, 9, 1, 2]


def test_words_that_come_after_an_answer_are_in_the_next():
    board = Board(Echo(burst=100))
    first = board.ask(events([7]))
    again = board.ask(events([7]))
    assert again == first
    rest = board.ask(events([], 2))
    found = first[5:-2] + rest[5:-2] + board.ask(events([]))[5:-2]
    assert found == words(*echo_words(EchoConfig(), 7, 0, 100))
    assert not first[2] & IDLE


def test_a_full_output_buffer_ends_a_frame_early():
    board = Board(Echo(burst=40))
    # 40 + 24 of 40 words fit; the third event is not accepted, the second waits in the link.
    data = board.ask(events([7, 15, 23]))
    assert data[2:5] == bytes([EVENT_WAITS, 2 * 2, 64])
    expected = echo_words(EchoConfig(), 7, 0, 40) + echo_words(EchoConfig(), 15, 0, 40)
    assert data[5:-2] == words(*expected[:64])
    data = board.ask(events([23], 2))
    assert data[3] == 2
    received = data[5:-2] + board.ask(events([]))[5:-2]
    assert received == words(*expected[64:], *echo_words(EchoConfig(), 23, 0, 40))
    assert board.taken == [7, 15, 23]


def test_a_memory_command_is_refused_while_the_core_cannot_go_on():
    board = Board(Echo(burst=200))
    board.ask(events([7]))
    board.ask(events([], 2))
    assert board.ask(frame(READ, b"\1\0\0\3"))[2] == REFUSED | EVENT_WAITS
    assert len(board.ask(frame(READ, b"\1\0\0\3"))) == 7
    assert len(board.ask(frame(WRITE, b"\1\0\0abc"))) == 7
    assert board.ask(events([], 2))[4] == 64


def test_the_next_byte_ends_waiting_for_the_core():
    board = Board()
    board.ask(frame(WRITE, b"\0\0\0\0\1"))
    # The gated core takes no event: one fits into the link, the frame is not answered.
    assert board.ask(events([1, 2], 2)) == b""
    assert board.ask(b"\0") == given([1], status=IDLE | EVENT_WAITS, tag=2)
    board.ask(frame(WRITE, b"\0\0\0\0\0"))
    assert board.ask(events([2], 2)) == given([2], 1, 2, 3, tag=2)


def test_reset_forgets_events_and_words():
    board = Board(Echo(burst=200))
    board.ask(events([7, 2, 3]))
    assert board.ask(frame(RESET))[2:3] + board.ask(events([], 2))[4:5] == bytes([IDLE, 0])
    assert board.ask(events([1])) == given([1], 1)
    assert board.taken[-1] == 1


TICK, FIRST, SECOND = 0x8001, 0x8002, 0x8004
READY, HIGH = 8, 16


def test_format_of_a_core_in_time_steps():
    core = Stepper()
    core._MustUse__silence = True
    assert LinkFormat.of(core.interface) == LinkFormat(
        event_bytes=2,
        output_bytes=2,
        address_bytes=2,
        register_bytes=4,
        unit_bytes=4,
        inputs=("tick", "first", "second"),
        statuses=("ready", "high"),
    )


def test_pins_and_ticks_are_events():
    board = Board(Stepper())
    # What follows a tick waits until the core is idle again; levels are held.
    sent = [5, FIRST, 6, TICK | SECOND, 7, TICK & SECOND | 0x8000, TICK]
    words_ = [5, 6, 8 + 2, 7, 8]
    # The last step may go on as the answer begins.
    found = board.ask(events(sent)) + board.ask(events([], 2))
    assert found[3] == 2 * len(sent)
    assert found[5 : 5 + 2 * 4] + found[-4:-2] == words(*words_)
    assert board.ask(events([], 3)) == given([], status=IDLE | READY, tag=3)
    assert board.ask(events([SECOND], 2)) == given([SECOND], status=IDLE | READY | HIGH, tag=2)
    # Levels survive a reset.
    assert board.ask(frame(RESET, tag=3))[2] == IDLE | READY | HIGH


def test_a_tick_is_not_repeated():
    board = Board(Stepper())
    sent = events([FIRST, TICK | FIRST, TICK | FIRST])
    first = board.ask(sent)
    for _ in range(2):
        assert board.ask(sent) == first
    assert first[5:-2] + board.ask(events([], 2))[5:-2] == words(9, 9)
    assert board.ask(events([]))[4] == 0


def test_words_with_an_address_each():
    board = Board(Stepper())
    data = bytes(range(12))
    board.ask(frame(WRITE, b"\1\1\7" + data))
    assert board.ask(frame(READ, b"\1\1\7\x0c"))[5:-2] == data
    assert board.ask(frame(READ, b"\1\1\x08\4"))[5:-2] == data[4:8]
    # One that breaks off in the middle of a word leaves nothing behind.
    board.ask(frame(READ, b"\1\1\x07\3"))
    assert board.ask(frame(READ, b"\1\1\x09\4"))[5:-2] == data[8:]


class Damage:
    """Damages some of what passes, in both directions, and brings old frames again."""

    KINDS = ("flip", "lose", "insert", "twice", "garbage", "silence", "old")

    def __init__(self, seed, rate):
        self.generator = random.Random(seed)
        self.rate = rate
        self.old = {True: [b""], False: [b""]}
        self.counts = dict.fromkeys(self.KINDS, 0)

    def __call__(self, data, to_board):
        generator = self.generator
        # A frame goes out in one piece, an answer comes in many.
        rate = self.rate if to_board else self.rate / 8
        old = self.old[to_board][-20:]
        self.old[to_board].append(data)
        if not data or generator.random() >= rate:
            return data
        kind = generator.choice(self.KINDS)
        self.counts[kind] += 1
        place = generator.randrange(len(data))
        match kind:
            case "flip":
                flipped = data[place] ^ 1 << generator.randrange(8)
                return data[:place] + bytes([flipped]) + data[place + 1 :]
            case "lose":
                return data[:place] + data[place + 1 :]
            case "insert":
                return data[:place] + generator.randbytes(1) + data[place:]
            case "twice":
                return data + data
            case "garbage":
                return generator.choice([b"\x5a", b"\xa5"]) + generator.randbytes(4) + data
            case "silence":
                return b""
            case "old" if to_board:
                # Only the frame before can still be under way: the host waits for each answer.
                return old[-1] + data
            case "old":
                return generator.choice(old) + data


class EchoReference:
    """What the core behind the link must do, in a few lines."""

    def __init__(self, burst):
        self.burst = burst
        self.offset = 0
        self.memories = {"wide": [0] * 5, "narrow": [0] * 300}
        self.words = []

    def send(self, numbers):
        for event in numbers:
            self.words += echo_words(EchoConfig(), event, self.offset, self.burst)


@pytest.mark.parametrize(
    ("seed", "rate"),
    [
        (2, 0.2),
        pytest.param(1, 0.0, marks=pytest.mark.slow),
        *(pytest.param(seed, 0.3, marks=pytest.mark.slow) for seed in range(3, 20)),
    ],
)
def test_random_sessions(seed, rate):
    print(f"seed {seed}, rate {rate}")
    generator = random.Random(seed)
    burst = [7, 40][seed % 2]
    damage = Damage(seed, rate)
    board = Board(Echo(burst=burst), seed, damage, patience=600 if rate else 10_000)
    device = BoardDevice(board.core.config, board, timeout=30, attempts=40, busy_limit=1e9)
    reference = EchoReference(burst)
    for size in ("wide", "narrow"):
        device.configure(gate=1)
        device.load(size, reference.memories[size])
    device.configure(gate=0)
    for _ in range(15):
        match generator.choice(["configure", "load", "dump", "send", "send", "settle"]):
            case "configure":
                reference.offset = generator.randrange(1 << 12)
                device.configure(offset=reference.offset, ignored=3)
            case "load" | "dump" as action:
                name = generator.choice(["wide", "narrow"])
                contents = reference.memories[name]
                at = generator.randrange(len(contents))
                count = generator.randrange(len(contents) - at + 1)
                device.configure(gate=1)
                # Held back by the gate; executed later with the register values of then.
                if action == "load":
                    limit = 1 << device.memories[name].width
                    contents[at : at + count] = [generator.randrange(limit) for _ in range(count)]
                    device.load(name, contents[at : at + count], at)
                else:
                    assert device.dump(name, at, count).tolist() == contents[at : at + count]
                device.configure(gate=0)
            case "send":
                numbers = [
                    generator.randrange(1 << 12) for _ in range(generator.choice([1, 5, 130]))
                ]
                device.send(numbers)
                reference.send(numbers)
            case "settle":
                assert device.settle().tolist() == reference.words
                reference.words = []
    assert device.settle().tolist() == reference.words
    device.configure(gate=1)
    for name, contents in reference.memories.items():
        assert device.dump(name).tolist() == contents
    if rate:
        assert device.link.client.repeated > 0
        print(damage.counts, device.link.client.repeated)
    else:
        assert device.link.client.repeated == 0


def test_events_for_a_gated_core_wait_in_the_driver():
    board = Board()
    device = BoardDevice(board.core.config, board, timeout=PATIENCE)
    device.configure(gate=1)
    device.send([1, 2, 9])
    assert device.settle().tolist() == []
    device.load("wide", [5])
    assert device.dump("wide", 0, 1).tolist() == [5]
    assert board.taken == []
    device.configure(gate=0)
    assert device.settle().tolist() == [1, 2, 3, 9]


def test_the_driver_ends_a_frame_that_noise_has_begun():
    board = Board()
    device = BoardDevice(board.core.config, board, timeout=PATIENCE, attempts=2)
    # The board now waits for a body of 255 bytes.
    board.ask(b"\x5a\x0a\xff")
    assert device.settle().tolist() == []
    assert device.link.client.repeated == 1


def test_a_late_answer_is_not_taken_for_another():
    board = Board()
    device = BoardDevice(board.core.config, board, timeout=PATIENCE)
    device.configure(gate=1)
    device.load("wide", [11, 22])
    late = []

    def hold_back(data, to_board):
        # Until the driver sends its frame again.
        if not to_board and not device.link.client.repeated:
            late.append(data)
            return b""
        return data

    def read(word):
        place = bytes([1, 0, word, 3])
        return device.link.client.exchange(Command.READ, place, lambda *_: 3).body

    board.damage = hold_back
    assert read(0) == b"\x0b\0\0"
    assert len(b"".join(late)) == 10
    board.damage = lambda data, to_board: data if to_board else b"".join(late) + data
    assert read(1) == b"\x16\0\0"


class Script:
    """A transport that answers every EVENTS frame with the next of some states."""

    name = "script"
    seconds_per_byte = 0.001

    def __init__(self, states):
        self.states = states
        self._answers = b""

    def write(self, data):
        if data[0] != 0x5A:
            return
        command, tag = data[1] & 7, data[1] >> 3
        status = self.states.pop(0) if command == EVENTS else IDLE
        body = identity(EchoConfig()) if command == IDENTIFY else b""
        self._answers += answer(command, status, body=body, tag=tag)

    def read(self, seconds):
        data, self._answers = self._answers, b""
        return data

    def close(self):
        pass


def test_settle_waits_until_the_core_has_taken_the_last_event():
    core = Echo()
    core._MustUse__silence = True
    script = Script([IDLE | EVENT_WAITS, EVENT_WAITS, 0, IDLE, 99])
    device = BoardDevice(EchoConfig(), script)
    device.settle()
    assert script.states == [99]
    # While the core is gated the event may wait; only the core counts.
    script.states[:] = [IDLE, EVENT_WAITS, IDLE | EVENT_WAITS, 99]
    device.configure(gate=1)
    device.settle()
    assert script.states == [99]


def test_a_board_that_falls_silent():
    board = Board()
    device = BoardDevice(board.core.config, board, timeout=PATIENCE, attempts=3)
    board.damage = lambda data, to_board: b""
    with pytest.raises(LinkError, match="has stopped answering"):
        device.settle()


def test_another_configuration():
    board = Board()
    with pytest.raises(InputError, match="holds another configuration of echo than echo-"):
        BoardDevice(EchoConfig(output_bits=9), board)


def test_arrays_are_as_a_device_gives_them():
    board = Board()
    device = BoardDevice(board.core.config, board, timeout=PATIENCE)
    assert device.settle().dtype == np.uint64
    device.configure(gate=1)
    assert device.dump("wide", 0, 2).dtype == np.uint64
