"""The access port of ReckOn: words of 32 bits, addressed as over SPI (specification, section 3)."""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .config import CHUNK

__all__ = ["ReckonAccess"]


class ReckonAccess(wiring.Signature):
    """Access port, seen from the host's side (the core has it flipped).

    A request is held until it is taken; it is taken when it is done. Register writes are taken at once, but
    for those with a bit for each neuron word, which take two cycles or more.
    Memory requests are served while the core is in IDLE, in CONFIG, ready for the next time step or
    waiting for a target, and register `config_mode` is 1; while it is 0 they are taken without effect
    and read as zero. A host may give up a memory request, as the `pins` shell does: it drops `valid` and
    `write` and lets all else stand still for eight cycles.

    Members
    -------
    request : Out(stream)
        `write` (1 bit; registers can only be written), `target` (3 bits: 0 registers, else the space of
        a memory, see `layout.SPACES`), `address` (16 bits: a register, or word and chunk of 32 bits as
        section 3 says) and `data` (32 bits).
    data : In(32)
        What has been read; valid in the cycle in which a read request is taken.
    """

    def __init__(self) -> None:
        request = data.StructLayout({"write": 1, "target": 3, "address": 16, "data": CHUNK})
        super().__init__({"request": Out(stream.Signature(request)), "data": In(CHUNK)})
