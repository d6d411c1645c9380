"""What a core looks like from inside a design: one description from which everything else follows.

Native shell, host link, bus map, hand-off files, traces, devices and test benches read an
`Interface`; none of them asks for a core's name or for the presence of a member.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out

from ..error import InputError
from ..memory.logical import LogicalMemory
from .access import AccessSignature
from .register import RegisterMap

__all__ = ["Gate", "HostMemory", "Interface", "Stream", "TimeStep"]


@dataclass(frozen=True, kw_only=True)
class HostMemory(LogicalMemory):
    """A memory as a host reaches it.

    Attributes
    ----------
    space : int
        Its number in an access request, from 1 on; registers have 0.
    access : str
        `RW`, or `R`: a host cannot write it.
    bank : int, optional
        Core of several that it belongs to; memories of several banks share a space.
    """

    space: int
    access: str = "RW"
    bank: int | None = None


@dataclass(frozen=True)
class Stream:
    """A stream of words into a core or out of it.

    Attributes
    ----------
    shape : shape-like
        A word; a layout where it has parts.
    about : str
        What a word is, a few words.
    flags : tuple of str
        Names of the top bits of a word, from the lowest up, that are told apart from its address:
        traces have a key, and the published chip a pin, for each.
    """

    shape: Any
    about: str = ""
    flags: tuple[str, ...] = ()

    @cached_property
    def width(self) -> int:
        """Bits of a word."""
        return Shape.cast(self.shape).width

    @property
    def address_bits(self) -> int:
        """Bits of a word below its flags."""
        return self.width - len(self.flags)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The register that opens the memories to the host.

    Attributes
    ----------
    register : str
        The register; 1: memories can be reached, once the core is idle.
    holds_events : bool
        While it is 1 the core takes no input event.
    visible : bool
        The core has an output `gate`, for shells.
    """

    register: str = "gate"
    holds_events: bool = True
    visible: bool = False


def _always(registers: Mapping[str, int], levels: Mapping[str, int]) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class TimeStep:
    """How a core that works in time steps ends one.

    Attributes
    ----------
    pulse : str
        The pulse that ends a time step.
    ready : str
        The status that says that the core is ready for the next one.
    masked_by : str, optional
        Register that, while it is 1, gives `ready` another meaning.
    automatic : str, optional
        Register that, while it is 1, lets the core end time steps by itself.
    period : str, optional
        Register with the clock cycles of such a step; 0 is the longest.
    least_cycles : callable, optional
        Clock cycles that a time step takes at least, by what happens in it, as in `that learns`,
        given the values of registers by name.
    may_stop : callable
        Whether the core may wait for its host in a time step, given the values of registers and of
        levels by name.
    """

    pulse: str
    ready: str
    masked_by: str | None = None
    automatic: str | None = None
    period: str | None = None
    least_cycles: Callable[[Mapping[str, int]], Mapping[str, int]] | None = None
    may_stop: Callable[[Mapping[str, int], Mapping[str, int]], bool] = _always


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What a core of some configuration looks like from inside a design.

    Attributes
    ----------
    core : str
        Name of the core, for messages.
    registers : RegisterMap
        Configuration registers.
    memories : mapping of str to HostMemory
        Memories, by name.
    words : mapping of str to Layout
        Layouts of words, by the name of the memory or of the event, for documentation.
    inputs, outputs : mapping of str to Stream
        Streams into the core and out of it, by name; the first of each is the one that `send` and
        `settle` of a device mean.
    access_unit : int
        Bits of a memory that one access reaches: 8, a byte of a word that the request numbers; or
        32, a chunk of a word that has an address of its own.
    access_address_bits : int, optional
        Bits of an address; as many as the largest memory and the highest register need if absent.
    access_masks : bool
        A write can keep bits of the unit.
    access_space_bits : int, optional
        Bits of a space; as many as the spaces need if absent.
    gate : Gate
        What opens the memories.
    pulses, levels, statuses : mapping of str to str
        Inputs that act for one cycle, inputs that are held, and outputs, one bit each, with what
        they mean.
    full : bool
        The core has an output `full`: the queue of input events has no free place.
    time_step : TimeStep, optional
        How a time step ends; absent for a core without time steps, or one whose time steps are
        events.
    reset_clears_registers : bool
        A reset of the published chip gives registers their reset values. Else the hardware has an
        argument `reset_registers`, with which it does so in every shell but `pins`.
    banks : int
        Cores that are reached one at a time, through `bank` of a request.
    """

    core: str
    registers: RegisterMap
    memories: Mapping[str, HostMemory]
    inputs: Mapping[str, Stream]
    outputs: Mapping[str, Stream]
    words: Mapping[str, data.Layout] = field(default_factory=dict)
    access_unit: int = 8
    access_address_bits: int | None = None
    access_masks: bool = False
    access_space_bits: int | None = None
    gate: Gate = Gate()
    pulses: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    full: bool = False
    time_step: TimeStep | None = None
    reset_clears_registers: bool = True
    banks: int = 1

    @property
    def event(self) -> str:
        """Name of the first input stream."""
        return next(iter(self.inputs))

    @property
    def output(self) -> str:
        """Name of the first output stream."""
        return next(iter(self.outputs))

    @property
    def spaces(self) -> dict[str, int]:
        """Numbers of what an access can reach: `register` is 0, then the memories'."""
        return {"register": 0} | {name: memory.space for name, memory in self.memories.items()}

    def memory(self, name: str) -> HostMemory:
        """Return a memory by name; raises `InputError` if there is none."""
        if name not in self.memories:
            known = ", ".join(self.memories)
            raise InputError(f"{self.core} has no memory {name!r}, it has {known}")
        return self.memories[name]

    def units(self, memory: str) -> int:
        """Accesses that a word of a memory takes."""
        return -(-self.memories[memory].width // self.access_unit)

    def unit_bits(self, memory: str) -> int:
        """Bits of the number of a unit in a word of a memory."""
        return (self.units(memory) - 1).bit_length()

    @cached_property
    def access_signature(self) -> AccessSignature:
        """The access port, seen from the host's side."""
        return AccessSignature(
            self.registers,
            self.memories,
            unit=self.access_unit,
            address_bits=self.access_address_bits,
            space_bits=self.access_space_bits,
            masks=self.access_masks,
            banks=self.banks,
        )

    @property
    def request_layout(self) -> data.StructLayout:
        """Layout of an access request."""
        return self.access_signature.members["request"].signature.members["payload"].shape

    @property
    def bits_out(self) -> Sequence[str]:
        """Names of all outputs of one bit, in the order of the ports."""
        full = ("full",) if self.full else ()
        gate = ("gate",) if self.gate.visible else ()
        return ("idle", *full, *self.statuses, *gate)

    @property
    def bits_in(self) -> Sequence[str]:
        """Names of all inputs of one bit, in the order of the ports."""
        return (*self.pulses, *self.levels)

    def members(self) -> dict[str, Member]:
        """Return the members of a component with this interface."""
        return {
            **{name: In(stream.Signature(one.shape)) for name, one in self.inputs.items()},
            **{name: Out(stream.Signature(one.shape)) for name, one in self.outputs.items()},
            "access": In(self.access_signature),
            **{name: In(1) for name in self.bits_in},
            **{name: Out(1) for name in self.bits_out},
        }
