"""Bench vectors: what a test bench does with a core, as numbers that Verilog can read.

Bench vectors know nothing of shells. Memories are reached in chunks of 32 bits, the least
significant first, and registers by number; the driver of a shell turns these into what the shell
understands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["CHUNK_BITS", "BenchVector", "Code", "vectors_task"]

#: Bits of a chunk of a memory word.
CHUNK_BITS = 32


class Code(IntEnum):
    """What a vector does, with the fields of `BenchVector`."""

    #: There are no more vectors.
    END = 0
    #: Write `data` to register `index`.
    REGISTER = 1
    #: Write `data` to chunk `chunk` of word `index` of the memory of that `space`.
    WRITE = 2
    #: Read that chunk: it must be `data`.
    CHECK = 3
    #: Send the input event `data`.
    EVENT = 4
    #: Wait until everything that was sent has been executed; `index` clock cycles suffice. There
    #: must be `data` output words that no vector has compared yet.
    SETTLE = 5
    #: The oldest of these must be `data`.
    OUTPUT = 6
    #: Hold the level with number `index` in the core's interface at `data`.
    LEVEL = 7
    #: End the time step, and wait until the core is ready for the next one.
    TICK = 8
    #: Read register `index`: it must be `data`.
    READ_REGISTER = 9


@dataclass(frozen=True)
class BenchVector:
    """One vector; fields that `code` does not name are 0."""

    code: Code
    space: int = 0
    chunk: int = 0
    index: int = 0
    data: int = 0


def vectors_task(operations: Iterable[BenchVector]) -> str:
    """Return the Verilog task that fills `vectors`, one vector an element.

    An element has the code (8 bits), the space (8), the chunk (8), the index (32) and the data
    (32).
    """
    codes = ", ".join(f"{code.value} {code.name.lower()}" for code in Code)
    lines = [
        f"    vectors[{n}] = 88'h{op.code:02x}_{op.space:02x}_{op.chunk:02x}_{op.index:08x}_{op.data:08x};"
        for n, op in enumerate((*operations, BenchVector(Code.END)))
    ]
    return "\n".join(
        [
            "  // Code, space, chunk, index, data of each vector. Codes:",
            f"  // {codes}.",
            "  task recorded_vectors;",
            "    begin",
            *lines,
            "    end",
            "  endtask",
            "",
        ]
    )
