"""The address map of the bus shells, described once for hardware, drivers and documentation.

All offsets are in bytes and multiples of four: the buses carry words of 32 bits, least significant
byte first. Every core has the same form of map: windows of a fixed size, the first for control and
registers, then one for each memory by its space. So a driver's addresses follow from names and
numbers alone, whatever the configuration.
"""

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..memory.logical import LogicalMemory
from .host_link import identity
from .interface import Interface

__all__ = [
    "BUS_BITS",
    "EMPTY_BIT",
    "REGISTERS_OFFSET",
    "WINDOW_BITS",
    "BusField",
    "BusMap",
    "BusMemory",
    "BusRegister",
]

#: Bits of a word on the bus.
BUS_BITS = 32

#: Bits of an offset inside a window: one mebibyte holds the largest memory of all cores.
WINDOW_BITS = 20

#: Where register 0 is; register n is n words further.
REGISTERS_OFFSET = 0x1000

#: Bit of `output_word` that is 1 if there was no word; of a word of an output stream: that it is
#: none, but marks the end of a packet.
EMPTY_BIT = 31

#: Bits of `control` for pulses; bit 0 is the reset, bit 2 ends a packet.
_PULSE_BITS = (1, 3, 4, 5, 6, 7)

#: What the end of a packet is.
_END_PACKET = "ends the packet of output words as soon as the core is idle"


@dataclass(frozen=True)
class BusField:
    """A field of a control word: `width` bits from bit `low` on, and what they mean."""

    name: str
    low: int
    width: int
    about: str


@dataclass(frozen=True)
class BusRegister:
    """A word of control, or a configuration register of the core.

    Attributes
    ----------
    name : str
        Name.
    offset : int
        Where it is.
    width : int
        Bits that mean something, from bit 0 on; the others are 0 and ignored.
    access : str
        `R`, `W` or both. Anything else is refused.
    about : str
        What it is, one sentence.
    fields : sequence of BusField
        What its bits are, if it has parts.
    """

    name: str
    offset: int
    width: int
    access: str
    about: str
    fields: Sequence[BusField] = ()


@dataclass(frozen=True)
class BusMemory:
    """A memory in its window.

    Attributes
    ----------
    name : str
        Name.
    offset : int
        Where word 0 begins.
    memory : LogicalMemory
        Its size.
    """

    name: str
    offset: int
    memory: LogicalMemory

    @property
    def chunks(self) -> int:
        """Words of the bus that hold a word of the memory, the least significant first."""
        return -(-self.memory.width // BUS_BITS)

    @property
    def chunk_bits(self) -> int:
        """Bits of the number of a chunk in a word."""
        return (self.chunks - 1).bit_length()

    @property
    def stride(self) -> int:
        """Bytes from a word to the next: `chunks` words of the bus, rounded up to a power of
        two.
        """
        return 4 << self.chunk_bits

    def at(self, word: int, chunk: int = 0) -> int:
        """Return the offset of a chunk of a word."""
        return self.offset + word * self.stride + 4 * chunk


class BusMap:
    """Everything a bus reaches of a core.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface. Its pulses and levels become bits of `control`, its statuses
        bits of `status`.
    mailbox : bool
        Events and output words go through the words `input_event` and `output_word`; else they have
        streams of their own.

    Attributes
    ----------
    identity : int
        What `identity` reads as: other cores and configurations have other numbers.
    control : dict of BusRegister
        Words of control, by name.
    registers : dict of BusRegister
        Configuration registers, by name.
    memories : dict of BusMemory
        Memories, by name.
    statuses, pulses, levels : dict of int
        Core's one-bit outputs, what acts once and inputs that are held, by name: their bits in
        `status` and `control`.
    event_bits, output_bits, address_bits : int
        Bits of an event, of an output word and of an offset.
    """

    def __init__(self, core: Any, *, mailbox: bool) -> None:
        self.mailbox = mailbox
        # The version of the host link, in front, has no part in it.
        self.identity = binascii.crc32(identity(core.config)[1:])
        interface: Interface = core.interface
        self.interface = interface
        self.event_bits = interface.inputs[interface.event].width
        self.output_bits = interface.outputs[interface.output].width
        assert self.event_bits < EMPTY_BIT and self.output_bits < EMPTY_BIT
        outputs = [*(["full"] if interface.full else []), *interface.statuses]
        self.pulses = {name: bit for bit, name in zip(_PULSE_BITS, interface.pulses, strict=False)}
        assert len(self.pulses) == len(interface.pulses)
        if not mailbox:
            self.pulses["end_packet"] = 2
        self.levels = {name: bit for bit, name in enumerate(interface.levels, 8)}
        self.statuses = {name: bit for bit, name in enumerate(outputs, 8)}
        self.control = {word.name: word for word in self._control()}
        self.registers = {
            register.name: BusRegister(
                register.name,
                REGISTERS_OFFSET + 4 * register.address,
                register.width,
                register.access,
                register.about,
            )
            for register in interface.registers
        }
        self.memories = {
            name: BusMemory(name, memory.space << WINDOW_BITS, memory)
            for name, memory in interface.memories.items()
        }
        for memory in self.memories.values():
            assert memory.memory.words * memory.stride <= 1 << WINDOW_BITS
        self.address_bits = WINDOW_BITS + max(interface.spaces.values()).bit_length()

    def _status(self) -> list[BusField]:
        return [
            BusField("settled", 0, 1, "the core is idle, and no event waits for it"),
            BusField("idle", 1, 1, "the core is idle: nothing is under way in it"),
            BusField("gated", 2, 1, "memories may be reached, once the core is idle"),
            BusField("event_space", 3, 1, "there is room for an event"),
            BusField("output_waits", 4, 1, "there is an output word"),
            *(
                BusField(name, bit, 1, f"output `{name}` of the core")
                for name, bit in self.statuses.items()
            ),
        ]

    def _control(self) -> list[BusRegister]:
        status = self._status()
        bits = max(field.low for field in status) + 1
        commands = [
            BusField("reset", 0, 1, "resets the core and forgets the events that wait for it"),
            *(
                BusField(
                    name,
                    bit,
                    1,
                    f"{self.interface.pulses.get(name, _END_PACKET)}; refused while events wait",
                )
                for name, bit in self.pulses.items()
            ),
            *(
                BusField(name, bit, 1, f"level of input `{name}`")
                for name, bit in self.levels.items()
            ),
        ]
        words = [
            BusRegister("identity", 0x00, 32, "R", "number of the core and its configuration"),
            BusRegister("status", 0x04, bits, "R", "how the core is", status),
            BusRegister(
                "control",
                0x08,
                max(field.low for field in commands) + 1,
                "RW",
                "bits below 8 act once and read as 0, the others are held",
                commands,
            ),
            BusRegister(
                "interrupt_enable",
                0x0C,
                bits,
                "RW",
                "the interrupt is high while a bit is 1 here and in `status`",
            ),
            BusRegister(
                "queue_levels",
                0x10,
                24,
                "R",
                "what waits in the shell",
                [
                    BusField("events", 0, 8, "events that the core has not taken yet"),
                    BusField("outputs", 16, 8, "output words that nobody has taken yet"),
                ],
            ),
        ]
        if self.mailbox:
            words += [
                BusRegister(
                    "input_event",
                    0x14,
                    self.event_bits,
                    "W",
                    "sends an event; refused without room",
                ),
                BusRegister(
                    "output_word",
                    0x18,
                    BUS_BITS,
                    "R",
                    "takes the oldest output word",
                    [
                        BusField("word", 0, self.output_bits, "the output word"),
                        BusField("empty", EMPTY_BIT, 1, "there is none"),
                    ],
                ),
            ]
        return words
