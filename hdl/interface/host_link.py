"""Host link: checked frames over a byte stream, executed on the native interface of any core.

The protocol is described byte by byte in docs/host-link.md. Hardware and driver take its numbers
from here.
"""

import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..config import CoreConfig
from ..error import InputError
from ..memory.sram import Sram
from .interface import Interface

__all__ = [
    "FLUSH_BYTES",
    "IDENTITY_BYTES",
    "LONGEST_BODY",
    "PROTOCOL_VERSION",
    "SYNC_REQUEST",
    "SYNC_RESPONSE",
    "Command",
    "HostLink",
    "LinkFormat",
    "Status",
    "checksum",
    "identity",
]

#: Part of the identity: changes when a driver of another version would be misunderstood.
PROTOCOL_VERSION = 2

#: First byte of a frame, different in each direction so that an echo is not taken for an answer.
SYNC_REQUEST = 0x5A
SYNC_RESPONSE = 0xA5

#: Longest body of a frame; also what a frame buffer holds, the smallest block RAM being larger.
LONGEST_BODY = 255

#: So many zero bytes end whatever a link is in the middle of, a frame or a response.
FLUSH_BYTES = 280

#: Length of `identity`.
IDENTITY_BYTES = 16


class Command(enum.Enum, shape=3):
    """What a frame asks for: the low three bits of its second byte."""

    IDENTIFY = 0
    RESET = 1
    WRITE = 2
    READ = 3
    EVENTS = 4


class Status(enum.IntFlag):
    """Bits of the status byte of a response."""

    #: The core is idle and all its output words are in the link's buffer.
    IDLE = 1
    #: The link holds an event that the core has not taken yet.
    EVENT_WAITS = 2
    #: A memory command was refused because the core was not idle; nothing was done.
    REFUSED = 4
    #: The first of the core's statuses; the others follow.
    STATUSES = 8


@dataclass(frozen=True)
class LinkFormat:
    """Sizes of the fields of a link's frames, which follow from the core.

    Numbers of more than one byte are sent with the most significant byte first.

    Attributes
    ----------
    event_bytes, output_bytes : int
        Bytes of an input event word and of an output word.
    address_bytes : int
        Bytes of a memory or register address.
    register_bytes : int
        Bytes of a register value.
    unit_bytes : int
        Bytes of a memory that one access reaches: 1, where a word is accessed byte by byte, or
        `register_bytes`, where each chunk of a word has an address of its own.
    inputs : tuple of str
        Pulses and levels, as they are in an event word whose top bit says that it is for them; bit
        0 is the first.
    statuses : tuple of str
        What the status byte shows beside, from bit `Status.STATUSES` up.
    output_depth : int
        Output words the link buffers: a power of two, as many as fit one response.
    """

    event_bytes: int
    output_bytes: int
    address_bytes: int
    register_bytes: int
    unit_bytes: int = 1
    inputs: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    @property
    def output_depth(self) -> int:
        depth = 128
        while depth * self.output_bytes > 128 and depth > 1:
            depth //= 2
        return depth

    @classmethod
    def of(cls, interface: Interface) -> Self:
        """Return the format for a core with an interface.

        Raises
        ------
        InputError
            If the core has more than one stream each way, which the link does not carry yet.
        """
        for kind, streams in (("input", interface.inputs), ("output", interface.outputs)):
            if len(streams) > 1:
                raise InputError(
                    f"{interface.core} has the {kind} streams {', '.join(streams)}, "
                    "the host link carries one each way"
                )
        request = interface.request_layout
        inputs = tuple(interface.bits_in)
        # A further bit tells events for pulses and levels.
        event_bits = interface.inputs[interface.event].width + bool(inputs)
        return cls(
            event_bytes=_bytes(max(event_bits, 1 + len(inputs))),
            output_bytes=_bytes(interface.outputs[interface.output].width),
            address_bytes=_bytes(request["address"].width),
            register_bytes=_bytes(request["data"].width),
            unit_bytes=_bytes(interface.access_unit),
            inputs=inputs,
            statuses=tuple(interface.statuses),
        )


def _bytes(bits: int) -> int:
    return -(-bits // 8)


def checksum(data: bytes) -> int:
    """Return the checksum of a frame's bytes but the first: CRC-16/IBM-3740."""
    return binascii.crc_hqx(data, 0xFFFF)


def identity(config: CoreConfig) -> bytes:
    """Return what a link answers to IDENTIFY: protocol version, core, hash of its parameters."""
    text = json.dumps(config.as_dict(), sort_keys=True)
    name = config.core.encode()[:8].ljust(8, b"\0")
    return bytes([PROTOCOL_VERSION]) + name + hashlib.sha256(text.encode()).digest()[:7]


class HostLink(wiring.Component):
    """Execute a host's frames on a core, one at a time, and answer each.

    A frame is executed only after its checksum was found right; damaged and unknown frames are
    dropped without an answer. Every command can be repeated: events and output words are numbered,
    everything else has the same effect twice. While a frame is executed or answered no other is
    heard.

    A link never waits for a core longer than the host wants: events that the core does not take are
    left to the host when the output buffer is full or another byte arrives, and memory commands are
    refused unless the core is idle.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface, whose ports and sizes the link follows; it is not made a
        submodule.

    Members
    -------
    received : In(stream.Signature(8, always_ready=True))
        Bytes from the host.
    transmitted : Out(stream.Signature(8))
        Bytes to the host.
    events, output, access, idle, pulses, levels and statuses
        The core's native interface, flipped.
    reset : Out(1)
        Reset the core at the next clock edge.
    active : Out(1)
        A frame is under way.
    """

    def __init__(self, core: Any) -> None:
        self._identity = identity(core.config)
        self._interface = core.interface
        # Bytes of a word of each memory, by its space.
        self._word_bytes = {
            memory.space: memory.bytes_per_word for memory in core.interface.memories.values()
        }
        self.format = LinkFormat.of(core.interface)
        members = core.signature.flip().members
        passed = ("events", "output", "access", "idle")
        super().__init__(
            {
                "received": In(stream.Signature(8, always_ready=True)),
                "transmitted": Out(stream.Signature(8)),
                "reset": Out(1),
                "active": Out(1),
                **{
                    name: members[name]
                    for name in (*passed, *self.format.inputs, *self.format.statuses)
                },
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sizes = self.format
        received = self.received
        sent = self.transmitted
        request = self.access.request.p

        # The frame: its second byte, the number of bytes of its body, and the body.
        command = Signal(Command)
        tag = Signal(5)
        length = Signal(8)
        position = Signal(8)
        m.submodules.body = body = Sram(words=256, width=8, granularity=8, ports=2)
        m.d.comb += [
            body.write_address.eq(position),
            body.write_data.eq(received.p),
            body.read.eq(~body.write),
            body.read_address.eq(position),
        ]
        byte = body.read_data
        # Bytes at `position` come from the memories one cycle after it was reached.
        advance = Signal()
        restart = Signal()
        fetched = Signal()
        m.d.sync += fetched.eq(~advance & ~restart)

        # Output words: one half of the buffer is filled, the other is what the last answer had,
        # kept until the host is known to have it.
        depth_bits = ceil_log2(sizes.output_depth)
        m.submodules.words = words = Sram(
            words=2 * sizes.output_depth,
            width=8 * sizes.output_bytes,
            granularity=8 * sizes.output_bytes,
            ports=2,
        )
        half = Signal()
        turn = Signal()
        written = Signal(depth_bits + 1)
        answered = Signal(depth_bits + 1)
        full = written[-1]
        m.d.comb += [
            self.output.ready.eq(~full & ~turn),
            words.write.eq(self.output.valid & self.output.ready),
            words.write_address.eq(Cat(written[:-1], half)),
            words.write_data.eq(self.output.p),
            words.read.eq(1),
            words.read_address.eq(Cat(position[:depth_bits], ~half)),
        ]
        # Sent with the most significant byte first.
        word = Cat(words.read_data.word_select(i, 8) for i in reversed(range(sizes.output_bytes)))

        sending = Signal()
        end = Signal()
        there = Signal()
        m.d.comb += [
            end.eq(position == Mux(sending & (command == Command.EVENTS), answered, length)),
            there.eq(fetched & ~end),
        ]

        # The event that the core has not taken yet.
        event = Signal(8 * sizes.event_bytes)
        event_waits = Signal()
        accept = Signal()
        accepted = Signal(8)
        m.d.comb += [self.events.valid.eq(event_waits), self.events.p.eq(event)]
        with m.If(self.events.ready):
            m.d.sync += event_waits.eq(0)
        # Whether the next can go on to the core: in time steps, it comes when the step is over.
        passable = Signal()
        m.d.comb += passable.eq(~event_waits)
        if sizes.inputs:
            count_pulses = len(self._interface.pulses)
            pulses = [getattr(self, name) for name in self._interface.pulses]
            held = [getattr(self, name) for name in self._interface.levels]
            levels = Signal(len(held))
            m.d.comb += [passable.eq(~event_waits & self.idle), Cat(held).eq(levels)]
            with m.If(event[-1]):
                m.d.comb += [
                    self.events.valid.eq(0),
                    *(pulse.eq(event_waits & event[bit]) for bit, pulse in enumerate(pulses)),
                ]
                with m.If(event_waits):
                    m.d.sync += [levels.eq(event[count_pulses:]), event_waits.eq(0)]

        # A memory or register access. Values wider than a byte are shifted through `value`.
        place = Signal(
            data.StructLayout(
                {"low": 8, "high": 8 * sizes.address_bytes - 8, "space": request.space.shape()}
            )
        )
        value = Signal(8 * sizes.register_bytes)
        shift = Signal()
        refused = Signal()
        loaded = Signal()
        m.d.comb += [
            request.write.eq(command == Command.WRITE),
            request.space.eq(place.space),
            request.address.eq(Cat(place.low, place.high)),
            request.data.eq(Cat(byte, value)),
        ]

        # Bytes of an event, an address, a word or a value are counted by `index`.
        bytewise = sizes.unit_bytes == 1
        word_bytes = {0: sizes.register_bytes} | (self._word_bytes if bytewise else {})
        longest = max(
            sizes.event_bytes, 1 + sizes.address_bytes, sizes.output_bytes, *word_bytes.values()
        )
        index = Signal(range(longest))
        last_of_space = Signal.like(index)
        if bytewise:
            m.d.comb += request.byte.eq(index)
            with m.Switch(place.space):
                for number, size in word_bytes.items():
                    with m.Case(number):
                        m.d.comb += last_of_space.eq(size - 1)
        else:
            m.d.comb += last_of_space.eq(sizes.unit_bytes - 1)
        # Whether an access takes all bytes of a value at once, the last of which is there.
        last = Signal()
        whole = Signal()
        m.d.comb += [
            last.eq(index == last_of_space),
            whole.eq((place.space == 0) if bytewise else 1),
        ]

        # Every byte of a frame after the first goes through the checksum, which is zero after its
        # own two bytes. It starts by a reset, which flip-flops do by themselves; its start input
        # costs logic.
        crc = catalog.CRC16_IBM_3740().create()
        crc_start = Signal()
        m.submodules.crc = ResetInserter(crc_start)(crc)
        m.d.comb += [
            crc.data.eq(Mux(sending, sent.p, received.p)),
            crc.valid.eq(Mux(sending, sent.valid & sent.ready, received.valid)),
        ]

        status = Signal(2 + len(sizes.statuses))
        # A frame of events is known by its tag if it is the one before again.
        last_tag = Signal()
        repeated = Signal()
        close = Signal()
        m.d.comb += repeated.eq((command == Command.EVENTS) & (tag[0] == last_tag))
        # Bytes of a part of the frame, or of a value, are counted.
        count = Signal()
        recount = Signal()

        def needs_byte() -> None:
            """Drop a frame whose body ends here, as only a made-up one can."""
            m.d.comb += advance.eq(there)
            with m.If(end):
                m.next = "HUNT"

        def send(byte: object, then: str) -> None:
            """Send a byte."""
            m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(byte)]
            with m.If(sent.ready):
                m.next = then

        with m.FSM(name="phase") as phase:
            m.d.comb += self.active.eq(~phase.ongoing("HUNT"))

            with m.State("HUNT"):
                m.d.comb += crc_start.eq(1)
                with m.If(received.valid & (received.p == SYNC_REQUEST)):
                    m.next = "HEAD"
            with m.State("HEAD"):
                m.d.sync += [refused.eq(0), loaded.eq(0)]
                with m.If(received.valid):
                    m.d.sync += Cat(command, tag).eq(received.p)
                    m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += restart.eq(1)
                with m.If(received.valid):
                    m.d.sync += length.eq(received.p)
                    m.next = "BODY"
            with m.State("BODY"):
                with m.If(end):
                    m.next = "CHECKSUM"
                with m.Else():
                    m.d.comb += [body.write.eq(received.valid), advance.eq(received.valid)]
            with m.State("CHECKSUM"), m.If(received.valid):
                m.next = "CHECKSUM_LOW"
            with m.State("CHECKSUM_LOW"), m.If(received.valid):
                m.next = "CHECK"
            with m.State("CHECK"):
                m.d.comb += [restart.eq(1), recount.eq(1)]
                m.next = "HUNT"
                with m.If(crc.match_detected):
                    with m.Switch(command):
                        with m.Case(Command.IDENTIFY):
                            m.next = "ANSWER"
                        with m.Case(Command.RESET):
                            m.next = "RESET"
                        with m.Case(Command.WRITE, Command.READ):
                            m.next = "PLACE"
                        with m.Case(Command.EVENTS):
                            m.next = "EVENT"
                            # The host has not heard the answer: it gets the same again.
                            with m.If(repeated):
                                m.next = "ANSWER"
            with m.State("RESET"):
                m.d.comb += self.reset.eq(1)
                m.next = "ANSWER"

            with m.State("PLACE"):
                needs_byte()
                with m.If(there):
                    m.d.comb += count.eq(1)
                    m.d.sync += place.eq(Cat(byte, place))
                    with m.If(index == sizes.address_bytes):
                        m.d.comb += recount.eq(1)
                        m.next = "ACCESS"
            with m.State("ACCESS"):
                # Only an idle core answers a memory request in any case: one that cannot get rid of
                # its output words would block the link that must take them.
                with m.If((place.space != 0) & ~self.idle):
                    m.d.sync += refused.eq(1)
                    m.next = "ANSWER"
                with m.Elif(command == Command.READ):
                    m.next = "COUNT"
                with m.Else():
                    m.next = "WRITE"
            with m.State("COUNT"):
                needs_byte()
                with m.If(there):
                    m.d.comb += restart.eq(1)
                    m.d.sync += length.eq(byte)
                    m.next = "ANSWER"
            with m.State("WRITE"):
                with m.If(end):
                    m.next = "ANSWER"
                with m.Elif(there):
                    with m.If(~whole | last):
                        m.next = "ASK"
                    with m.Else():
                        m.d.comb += advance.eq(1)
                    m.d.comb += [shift.eq(advance), count.eq(advance)]
            # A state of its own, since the core may take long to find whether it is ready.
            with m.State("ASK"):
                m.d.comb += [
                    self.access.request.valid.eq(1),
                    advance.eq(self.access.request.ready),
                    shift.eq(advance),
                    count.eq(advance),
                ]
                with m.If(advance):
                    m.next = "WRITE"

            with m.State("EVENT"):
                with m.If(end):
                    m.next = "ANSWER"
                with m.Elif(~passable), m.If(full | received.valid):
                    m.next = "ANSWER"
                with m.Elif(fetched):
                    m.d.comb += [advance.eq(1), count.eq(1)]
                    m.d.sync += event.eq(Cat(byte, event))
                    with m.If(index == sizes.event_bytes - 1):
                        m.d.comb += [recount.eq(1), accept.eq(1)]

            with m.State("ANSWER"):
                m.d.comb += [crc_start.eq(1), recount.eq(1)]
                send(SYNC_RESPONSE, "SEND_HEAD")
            with m.State("SEND_HEAD"):
                send(Cat(command, tag), "CLOSE")
            with m.State("CLOSE"):
                # As late as can be: a fast core is through with the events by now.
                with m.If(sent.ready):
                    m.next = "SEND_STATUS"
                    with m.If(~repeated):
                        m.d.comb += close.eq(1)
            with m.State("SEND_STATUS"):
                send(Cat(status[:2], refused, status[2:]), "SEND_ACCEPTED")
            with m.State("SEND_ACCEPTED"):
                send(accepted, "SEND_ANSWERED")
            with m.State("SEND_ANSWERED"):
                send(answered, "SEND_BODY")
            with m.State("SEND_BODY"):
                m.d.comb += sending.eq(1)
                with m.If(end | refused):
                    m.next = "SEND_CHECKSUM"
                with m.Else(), m.Switch(command):
                    with m.Case(Command.IDENTIFY):
                        m.d.comb += [sent.valid.eq(1), advance.eq(sent.ready)]
                        with m.Switch(position[: ceil_log2(IDENTITY_BYTES)]):
                            for number, part in enumerate(self._identity):
                                with m.Case(number):
                                    m.d.comb += sent.p.eq(part)
                    with m.Case(Command.READ):
                        m.d.comb += [
                            self.access.request.valid.eq(~loaded),
                            sent.valid.eq(loaded),
                            sent.p.eq(value[-8:]),
                            advance.eq(loaded & sent.ready),
                            shift.eq(advance),
                            count.eq(advance),
                        ]
                    with m.Default():
                        m.d.comb += [
                            sent.valid.eq(fetched),
                            sent.p.eq(word.word_select(index, 8)),
                        ]
                        with m.If(sent.valid & sent.ready):
                            m.d.comb += count.eq(1)
                            with m.If(index == sizes.output_bytes - 1):
                                m.d.comb += [recount.eq(1), advance.eq(1)]
            with m.State("SEND_CHECKSUM"):
                send(crc.crc[8:], "SEND_CHECKSUM_LOW")
            with m.State("SEND_CHECKSUM_LOW"):
                # Its upper byte, once sent, has moved its lower byte up.
                send(crc.crc[8:], "HUNT")

        # Here, and resets last, for flip-flops that have a reset and an enable input.
        with m.If(advance):
            m.d.sync += position.eq(position + 1)
        with m.If(restart | turn):
            m.d.sync += position.eq(0)
        with m.If(shift):
            m.d.sync += value.eq(Cat(byte, value))
            with m.If(last):
                m.d.sync += place.low.eq(place.low + 1)
        with m.If(count):
            m.d.sync += index.eq(index + 1)
        with m.If(recount | (shift & last)):
            m.d.sync += index.eq(0)
        # What has been read stands in the upper bytes; registers that can be read, in all of them.
        has_readable = any("R" in register.access for register in self._interface.registers)
        with m.If(self.access.request.ready & self.access.request.valid & ~request.write):
            unit = self.access.data[: 8 * sizes.unit_bytes]
            m.d.sync += [value[-8 * sizes.unit_bytes :].eq(unit), loaded.eq(1)]
            if has_readable:
                with m.If(place.space == 0):
                    m.d.sync += value.eq(self.access.data)
        # Where units are bytes, registers alone take several bytes in one access.
        over = last if not bytewise else ((place.space != 0) | last) if has_readable else 1
        with m.If(shift & over):
            m.d.sync += loaded.eq(0)
        with m.If(accept):
            m.d.sync += event_waits.eq(1)
        with m.If(words.write):
            m.d.sync += written.eq(written + 1)
        m.d.comb += turn.eq(close & (command == Command.EVENTS))
        with m.If(close):
            pins = [getattr(self, name) for name in sizes.statuses]
            m.d.sync += [
                status.eq(Cat(self.idle & ~self.output.valid, event_waits, pins)),
                last_tag.eq(tag[0]),
            ]
        with m.If(turn):
            m.d.sync += [accepted.eq(position), answered.eq(written), half.eq(~half), written.eq(0)]
        with m.If(self.reset):
            m.d.sync += [event_waits.eq(0), written.eq(0), answered.eq(0)]
        return m
