"""What a synthesis tool is expected to make of plain memories, on an FPGA.

It decides by the costs that its own library gives to the kinds of memory there are; these are the
same rules. All parts of a memory are of one kind. Where the words do not fill the last blocks, the
tool may find a way with fewer.
"""

from .plan import Plan, columns_of
from .requirement import Requirement
from .technology import Technology

__all__ = ["BLOCK_WORDS", "expect"]

#: Numbers of words for which an FPGA is to use block RAM: with fewer it does better with logic,
#: with more it may have something larger.
BLOCK_WORDS = range(32, 1025)


def expect(need: Requirement, technology: Technology) -> Plan:
    """Return the plan a synthesis tool is expected to follow: the least cost."""
    asked = need.words in BLOCK_WORDS
    best = Plan(need, "flip-flops", reason="fewer bits than pay for a block")
    least = (float("inf") if asked else float(need.bits), 0)
    for macro in technology.macros:
        if macro.roles(need.ports) is None or (asked and not macro.block):
            continue
        if need.initialised and not macro.initialised:
            continue
        columns = columns_of(macro, need)
        count = sum(column.banks for column in columns)
        if (count * macro.cost, count) <= least:
            least = (count * macro.cost, count)
            best = Plan(need, "inferred", columns)
    return best
