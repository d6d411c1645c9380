"""The access port: how a host reaches a core's registers and memories, whatever the shell."""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out

from ..memory.logical import LogicalMemory
from .register import RegisterMap

__all__ = ["AccessSignature", "access_targets", "request_layout"]


def access_targets(memories: dict[str, LogicalMemory]) -> dict[str, int]:
    """Return the number of each thing a request can address: `register` is 0, then each memory.

    The numbers are those of the published SPI address word (specification of ODIN, section 3).
    """
    return {name: number for number, name in enumerate(["register", *memories])}


def request_layout(registers: RegisterMap, memories: dict[str, LogicalMemory]) -> data.StructLayout:
    """Layout of an access request.

    Fields
    ------
    write : 1 bit
        1: write; 0: read. Registers can only be written; reading one gives zero.
    target : bits for the highest of `access_targets`
        Number of the registers or of a memory.
    address : bits for the largest memory and the highest register
        Register number or word. Must lie inside the target.
    byte : bits for the longest word
        Byte of a memory word, 0 is the least significant. Must lie inside the word.
    data : 8 bits, or more for wider registers
        Register value, or byte in the low 8 bits.
    mask : 8 bits
        For memories: a bit that is 1 keeps the old bit.
    """
    address_bits = max(
        max((memory.words - 1).bit_length() for memory in memories.values()),
        max(register.address for register in registers).bit_length(),
    )
    byte_bits = max((memory.bytes_per_word - 1).bit_length() for memory in memories.values())
    return data.StructLayout(
        {
            "write": 1,
            "target": len(memories).bit_length(),
            "address": address_bits,
            "byte": byte_bits,
            "data": max(8, *(register.width for register in registers)),
            "mask": 8,
        }
    )


class AccessSignature(wiring.Signature):
    """Access port, seen from the host's side (the core has it flipped).

    A request is held until it is taken; it is taken when it is done. (The `pins` shell also gives up
    requests that wait too long, but lets what they say stand still.) Register writes are taken at
    once. Memory requests are served while the core is gated and idle; while it is not gated they are
    taken without effect and read as zero. A host may give up a memory request: it drops `valid` and
    `write` and lets all else stand still for eight cycles.

    Parameters
    ----------
    registers : RegisterMap
        The core's registers.
    memories : dict of LogicalMemory
        The core's memories, in the order of their target numbers.

    Members
    -------
    request : Out(stream.Signature(request_layout(registers, memories)))
        What to do.
    data : In(8)
        The byte read; valid in the cycle in which a read request is taken.
    """

    def __init__(self, registers: RegisterMap, memories: dict[str, LogicalMemory]) -> None:
        super().__init__(
            {
                "request": Out(stream.Signature(request_layout(registers, memories))),
                "data": wiring.In(8),
            }
        )
