"""Host link: checked frames over a byte stream, executed on the native interface of any core.

The protocol is described byte by byte in docs/host-link.md. Hardware and driver take its numbers
from here.
"""

import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Shape, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..config import CoreConfig
from ..memory.logical import LogicalMemory
from ..memory.sram import Sram
from .access import AccessSignature, access_targets, request_layout
from .register import RegisterMap

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
PROTOCOL_VERSION = 1

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
    output_depth : int
        Output words the link buffers: a power of two, as many as fit one response.
    """

    event_bytes: int
    output_bytes: int
    address_bytes: int
    register_bytes: int

    @property
    def output_depth(self) -> int:
        depth = 128
        while depth * self.output_bytes > 128 and depth > 1:
            depth //= 2
        return depth

    @classmethod
    def of_core(cls, core: Any) -> Self:
        """Return the format of a core with the native interface."""
        request = request_layout(core.registers, core.memories)
        bits = {name: field.width for name, field in request}
        return cls(
            event_bytes=_bytes(Shape.cast(core.events.p.shape()).width),
            output_bytes=_bytes(Shape.cast(core.output.p.shape()).width),
            address_bytes=_bytes(bits["address"]),
            register_bytes=_bytes(bits["data"]),
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
    events, output, access, idle
        The core's native interface, flipped.
    reset : Out(1)
        Reset the core at the next clock edge.
    active : Out(1)
        A frame is under way.
    """

    def __init__(self, core: Any) -> None:
        self._registers: RegisterMap = core.registers
        self._memories: dict[str, LogicalMemory] = core.memories
        self._identity = identity(core.config)
        self._format = LinkFormat.of_core(core)
        super().__init__(
            {
                "received": In(stream.Signature(8, always_ready=True)),
                "transmitted": Out(stream.Signature(8)),
                "events": Out(stream.Signature(core.events.p.shape())),
                "output": In(stream.Signature(core.output.p.shape())),
                "access": Out(AccessSignature(core.registers, core.memories)),
                "idle": In(1),
                "reset": Out(1),
                "active": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sizes = self._format
        received = self.received
        sent = self.transmitted
        request = self.access.request.p

        # The frame: its second byte, the number of bytes of its body, and the body.
        command = Signal(Command)
        tag = Signal(5)
        length = Signal(8)
        position = Signal(8)
        end = Signal()
        m.d.comb += end.eq(position == length)
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
        with m.If(advance):
            m.d.sync += position.eq(position + 1)
        with m.If(restart):
            m.d.sync += position.eq(0)
        there = Signal()
        m.d.comb += there.eq(fetched & ~end)

        # Output words, kept until the host has said that it has them.
        depth_bits = ceil_log2(sizes.output_depth)
        m.submodules.words = words = Sram(
            words=max(2, sizes.output_depth),
            width=8 * sizes.output_bytes,
            granularity=8 * sizes.output_bytes,
            ports=2,
        )
        written = Signal(8)
        acknowledged = Signal(8)
        full = Signal()
        m.d.comb += [
            full.eq(
                (written[:depth_bits] == acknowledged[:depth_bits])
                & (written[depth_bits] != acknowledged[depth_bits])
            ),
            self.output.ready.eq(~full),
            words.write.eq(self.output.valid & ~full),
            words.write_address.eq(written),
            words.write_data.eq(self.output.p),
            words.read_address.eq(position),
        ]
        # Sent with the most significant byte first.
        word = Cat(words.read_data.word_select(i, 8) for i in reversed(range(sizes.output_bytes)))
        with m.If(words.write):
            m.d.sync += written.eq(written + 1)

        # The event that the core has not taken yet.
        event = Signal(8 * sizes.event_bytes)
        event_waits = Signal()
        number = Signal(8)
        accepted = Signal(8)
        m.d.comb += [self.events.valid.eq(event_waits), self.events.p.eq(event)]
        with m.If(self.events.ready):
            m.d.sync += event_waits.eq(0)

        # A memory or register access. Values wider than a byte get their upper bytes from `upper`.
        target = Signal.like(request.target)
        address = Signal(8 * sizes.address_bytes)
        upper = Signal(8 * (sizes.register_bytes - 1))
        to_register = Signal()
        refused = Signal()
        read_byte = Signal(8)
        byte_read = Signal()
        m.d.comb += [
            to_register.eq(target == 0),
            request.write.eq(command == Command.WRITE),
            request.target.eq(target),
            request.address.eq(address),
            request.data.eq(Cat(byte, upper)),
        ]

        # Bytes of an event, an address, a word or a value are counted by `index`.
        longest = max(
            sizes.event_bytes,
            sizes.address_bytes,
            sizes.register_bytes,
            sizes.output_bytes,
            *(memory.bytes_per_word for memory in self._memories.values()),
        )
        index = Signal(range(longest))
        last_of_target = Signal.like(index)
        m.d.comb += request.byte.eq(index)
        with m.Switch(target):
            with m.Case(0):
                m.d.comb += last_of_target.eq(sizes.register_bytes - 1)
            for name, memory in self._memories.items():
                with m.Case(access_targets(self._memories)[name]):
                    m.d.comb += last_of_target.eq(memory.bytes_per_word - 1)

        # Every byte of a frame after the first goes through the checksum, which is zero after its own
        # two bytes. It starts by a reset, which flip-flops do by themselves; its start input costs logic.
        crc = catalog.CRC16_IBM_3740().create()
        crc_start = Signal()
        m.submodules.crc = ResetInserter(crc_start)(crc)
        sending = Signal()
        m.d.comb += [
            crc.data.eq(Mux(sending, sent.p, received.p)),
            crc.valid.eq(Mux(sending, sent.valid & sent.ready, received.valid)),
        ]

        accessed = Signal()
        status = Signal(2)

        def needs_byte() -> None:
            """Drop a frame whose body ends here, as only a made-up one can."""
            m.d.comb += advance.eq(there)
            with m.If(end):
                m.next = "HUNT"

        with m.FSM(name="phase") as phase:
            m.d.comb += self.active.eq(~phase.ongoing("HUNT"))

            with m.State("HUNT"):
                m.d.comb += crc_start.eq(1)
                with m.If(received.valid & (received.p == SYNC_REQUEST)):
                    m.next = "HEAD"
            with m.State("HEAD"):
                m.d.sync += refused.eq(0)
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
                m.d.comb += restart.eq(1)
                m.d.sync += index.eq(0)
                m.next = "HUNT"
                with m.If(crc.match_detected), m.Switch(command):
                    with m.Case(Command.IDENTIFY):
                        m.next = "ANSWER"
                    with m.Case(Command.RESET):
                        m.next = "RESET"
                    with m.Case(Command.WRITE, Command.READ):
                        m.next = "TARGET"
                    with m.Case(Command.EVENTS):
                        m.next = "ACKNOWLEDGE"

            with m.State("RESET"):
                m.d.comb += self.reset.eq(1)
                m.d.sync += [
                    event_waits.eq(0),
                    accepted.eq(0),
                    written.eq(0),
                    acknowledged.eq(0),
                ]
                m.next = "ANSWER"

            with m.State("TARGET"):
                needs_byte()
                m.d.sync += target.eq(byte)
                with m.If(there):
                    # Only an idle core answers a memory request in any case: one that cannot get
                    # rid of its output words would block the link that must take them.
                    m.d.sync += refused.eq((byte != 0) & ~self.idle)
                    m.next = "ADDRESS"
            with m.State("ADDRESS"):
                needs_byte()
                with m.If(there):
                    m.d.sync += [address.eq(Cat(byte, address)), index.eq(index + 1)]
                    with m.If(index == sizes.address_bytes - 1):
                        m.d.sync += index.eq(0)
                        with m.If(refused):
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
                    with m.If(to_register & (index != last_of_target)):
                        m.d.comb += accessed.eq(1)
                    with m.Else():
                        m.d.comb += [
                            self.access.request.valid.eq(1),
                            accessed.eq(self.access.request.ready),
                        ]
                    m.d.comb += advance.eq(accessed)
                    with m.If(accessed):
                        m.d.sync += upper.eq(Cat(byte, upper))

            with m.State("ACKNOWLEDGE"):
                needs_byte()
                with m.If(there):
                    m.d.sync += acknowledged.eq(byte)
                    m.next = "NUMBER"
            with m.State("NUMBER"):
                needs_byte()
                with m.If(there):
                    m.d.sync += number.eq(byte)
                    m.next = "EVENT"
            with m.State("EVENT"):
                with m.If(end):
                    m.next = "ANSWER"
                with m.Elif(event_waits), m.If(full | received.valid):
                    m.next = "ANSWER"
                with m.Elif(fetched):
                    m.d.comb += advance.eq(1)
                    m.d.sync += [event.eq(Cat(byte, event)), index.eq(index + 1)]
                    with m.If(index == sizes.event_bytes - 1):
                        m.d.sync += [index.eq(0), number.eq(number + 1)]
                        # Others have been accepted before: the host repeats its frame.
                        with m.If(number == accepted):
                            m.d.sync += [event_waits.eq(1), accepted.eq(accepted + 1)]

            with m.State("ANSWER"):
                m.d.comb += [
                    sending.eq(1),
                    crc_start.eq(1),
                    sent.valid.eq(1),
                    sent.p.eq(SYNC_RESPONSE),
                ]
                m.d.sync += index.eq(0)
                with m.If(sent.ready):
                    m.next = "SEND_HEAD"
            with m.State("SEND_HEAD"):
                m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(Cat(command, tag))]
                m.d.sync += status.eq(Cat(self.idle & ~self.output.valid, event_waits))
                with m.If(sent.ready):
                    m.next = "SEND_STATUS"
                    # Together with the idle bit: then an idle core has no further words.
                    with m.If(command == Command.EVENTS):
                        m.d.sync += [position.eq(acknowledged), length.eq(written)]
            with m.State("SEND_STATUS"):
                m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(Cat(status, refused))]
                with m.If(sent.ready):
                    m.next = "SEND_ACCEPTED"
            with m.State("SEND_ACCEPTED"):
                m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(accepted)]
                with m.If(sent.ready):
                    m.next = "SEND_END"
            with m.State("SEND_END"):
                # The first word must be there when its turn comes. Words up to the end have all
                # been written, so none is read while it is being written.
                m.d.comb += words.read.eq(~end)
                m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(length)]
                with m.If(sent.ready):
                    m.next = "SEND_BODY"
            with m.State("SEND_BODY"):
                m.d.comb += sending.eq(1)
                with m.If(end | refused):
                    m.next = "SEND_CHECKSUM"
                with m.Else(), m.Switch(command):
                    with m.Case(Command.IDENTIFY):
                        m.d.comb += [sent.valid.eq(1), advance.eq(sent.ready)]
                        with m.Switch(position[: ceil_log2(IDENTITY_BYTES)]):
                            for place, value in enumerate(self._identity):
                                with m.Case(place):
                                    m.d.comb += sent.p.eq(value)
                    with m.Case(Command.READ):
                        m.d.comb += [
                            self.access.request.valid.eq(~byte_read),
                            accessed.eq(~byte_read & self.access.request.ready),
                            sent.valid.eq(byte_read),
                            sent.p.eq(read_byte),
                            advance.eq(byte_read & sent.ready),
                        ]
                        with m.If(accessed):
                            m.d.sync += [read_byte.eq(self.access.data), byte_read.eq(1)]
                        with m.If(advance):
                            m.d.sync += byte_read.eq(0)
                    with m.Default():
                        m.d.comb += [
                            words.read.eq(1),
                            sent.valid.eq(fetched),
                            sent.p.eq(word.word_select(index, 8)),
                        ]
                        with m.If(sent.valid & sent.ready):
                            m.d.sync += index.eq(index + 1)
                            with m.If(index == sizes.output_bytes - 1):
                                m.d.sync += index.eq(0)
                                m.d.comb += advance.eq(1)
            with m.State("SEND_CHECKSUM"):
                m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(crc.crc[8:])]
                with m.If(sent.ready):
                    m.next = "SEND_CHECKSUM_LOW"
            with m.State("SEND_CHECKSUM_LOW"):
                # Its upper byte, once sent, has moved its lower byte up.
                m.d.comb += [sending.eq(1), sent.valid.eq(1), sent.p.eq(crc.crc[8:])]
                with m.If(sent.ready):
                    m.next = "HUNT"

        with m.If(accessed):
            m.d.sync += index.eq(index + 1)
            with m.If(index == last_of_target):
                m.d.sync += [index.eq(0), address.eq(address + 1)]
        return m
