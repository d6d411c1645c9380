"""The access port: how a host reaches a core's registers and memories, whatever the shell."""

from collections.abc import Mapping

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out

from ..memory.logical import LogicalMemory
from .register import RegisterMap

__all__ = ["AccessSignature"]


class AccessSignature(wiring.Signature):
    """Access port, seen from the host's side (the core has it flipped).

    A request is held until it is taken; it is taken when it is done. (The `pins` shell also gives
    up requests that wait too long, but lets what they say stand still.) Registers are read at once,
    and written at once but for some that take a few cycles. Memory requests are served while the
    core is gated and idle; while it is not gated they are taken without effect and read as zero. A
    host may give up a memory request: it drops `valid` and `write` and lets all else stand still
    for eight cycles.

    Parameters
    ----------
    registers : RegisterMap
        The core's registers.
    memories : mapping of str to HostMemory
        The core's memories.
    unit : int
        Bits of a memory that a request reaches: 8, a byte of a word, or 32, a chunk of a word that
        has an address of its own.
    address_bits : int, optional
        Bits of an address; as many as the largest memory and the highest register need if absent.
    space_bits : int, optional
        Bits of a space; as many as the highest one needs if absent.
    masks : bool
        A write can keep bits.
    banks : int
        Banks of memories and registers.

    Members
    -------
    request : Out(stream)
        `write` (1 bit; 0: read), `space` (0: registers, else a memory's), `bank` if
        there are several, `address` (register, or word, with the number of the chunk in its low
        bits if chunks have addresses; it must lie inside), `byte` (of a word, 0 being the least
        significant; only where `unit` is 8), `data` (register value, or unit of a memory word) and
        `mask` (a bit that is 1 keeps the old bit; only if there are masks). A register that cannot
        be read reads as zero, one that cannot be written stays.
    data : In(unit, or more for wider registers that can be read)
        What is read; valid in the cycle in which a read request is taken.
    """

    def __init__(
        self,
        registers: RegisterMap,
        memories: Mapping[str, LogicalMemory],
        *,
        unit: int = 8,
        address_bits: int | None = None,
        space_bits: int | None = None,
        masks: bool = False,
        banks: int = 1,
    ) -> None:
        if address_bits is None:
            address_bits = max(
                max((memory.words - 1).bit_length() for memory in memories.values()),
                max(register.address for register in registers).bit_length(),
            )
        if space_bits is None:
            space_bits = max(memory.space for memory in memories.values()).bit_length()
        fields = {"write": 1, "space": space_bits}
        if banks > 1:
            fields["bank"] = (banks - 1).bit_length()
        fields["address"] = address_bits
        if unit == 8:
            fields["byte"] = max(
                (memory.bytes_per_word - 1).bit_length() for memory in memories.values()
            )
        fields["data"] = max(unit, *(register.width for register in registers))
        if masks:
            fields["mask"] = unit
        read = [register.width for register in registers if "R" in register.access]
        super().__init__(
            {
                "request": Out(stream.Signature(data.StructLayout(fields))),
                "data": wiring.In(max([unit, *read])),
            }
        )
