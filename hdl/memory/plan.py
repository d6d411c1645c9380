"""Plans: what logical memories are made of, what is lost, and tables that show it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .requirement import Requirement
from .technology import Macro

__all__ = [
    "TABLE_HEADS",
    "Column",
    "Plan",
    "Segment",
    "columns_of",
    "fill",
    "plan_table",
    "summary",
]


@dataclass(frozen=True)
class Segment:
    """`bits` of a logical word from bit `low` on, at bit `at` of a macro's word."""

    low: int
    bits: int
    at: int


@dataclass(frozen=True)
class Column:
    """Part of the width of a memory: `banks` macros of one kind, one behind the other."""

    macro: Macro
    banks: int
    segments: tuple[Segment, ...]

    @property
    def low(self) -> int:
        """The lowest bit of a logical word that is here."""
        return self.segments[0].low

    @property
    def bits(self) -> int:
        """Bits of a logical word that are here."""
        return sum(segment.bits for segment in self.segments)

    @property
    def lanes_apart(self) -> bool:
        """Bits are lost between parts of a word that are written apart, for the mask's sake."""
        last = self.segments[-1]
        return last.at + last.bits > self.bits


def fill(macro: Macro, need: Requirement, low: int) -> Column:
    """Return the column that holds as much of a word as a macro can, from bit `low` on.

    Parts that are written apart are in different groups of the macro's mask, so that the rest of a
    group is lost where they meet.
    """
    segments = []
    at = 0
    while low < need.width and at < macro.width:
        end = (low // need.granularity + 1) * need.granularity
        bits = min(end - low, macro.width - at)
        segments.append(Segment(low, bits, at))
        low += bits
        at += bits
        if low == end and need.granularity < need.width:
            at = -(-at // macro.mask) * macro.mask
    return Column(macro, -(-need.words // macro.words), tuple(segments))


def columns_of(macro: Macro, need: Requirement) -> tuple[Column, ...]:
    """Return the columns of a memory that is made of one kind of macro."""
    columns: list[Column] = []
    low = 0
    while low < need.width:
        columns.append(fill(macro, need, low))
        low += columns[-1].bits
    return tuple(columns)


@dataclass(frozen=True)
class Plan:
    """How a logical memory is made.

    Attributes
    ----------
    requirement : Requirement
        The logical memory.
    method : str
        `macros`, `flip-flops`, or `inferred`: left to the synthesis tool.
    columns : tuple of Column
        Macros, or what the synthesis tool is expected to infer; from the least significant bit on.
    read_modify_write : bool
        Parts of a word are written by reading it, changing it and writing all of it a cycle later.
    area : float or None
        Square microns with what is around the macros, if known.
    reason : str
        Why it is so, for people; may be empty.
    """

    requirement: Requirement
    method: str
    columns: tuple[Column, ...] = ()
    read_modify_write: bool = False
    area: float | None = None
    reason: str = ""

    @property
    def inner(self) -> Requirement:
        """What the macros themselves are asked for."""
        need = self.requirement
        if not self.read_modify_write:
            return need
        return replace(need, granularity=need.width, ports=2)

    @property
    def macros(self) -> Counter[str]:
        """How many macros there are of each name."""
        count: Counter[str] = Counter()
        for column in self.columns:
            count[column.macro.name] += column.banks
        return count

    @property
    def bits_present(self) -> int:
        """Bits that are there."""
        if not self.columns:
            return self.requirement.bits
        return sum(column.banks * column.macro.bits for column in self.columns)

    @property
    def efficiency(self) -> float:
        """Bits used of the bits that are there."""
        return self.requirement.bits / self.bits_present

    @property
    def unused_rows(self) -> int:
        """Words of macros that hold no word, added up over all columns."""
        return sum(c.banks * c.macro.words - self.requirement.words for c in self.columns)

    @property
    def unused_bits(self) -> int:
        """Bits of a macro's word that hold no bit, added up over all columns."""
        return sum(column.macro.width - column.bits for column in self.columns)

    def as_dict(self) -> dict[str, object]:
        """Return everything by name, for reports."""
        need = self.requirement
        return {
            "words": need.words,
            "width": need.width,
            "granularity": need.granularity,
            "ports": need.ports,
            "method": self.method,
            "macros": dict(self.macros),
            "columns": [
                {"macro": column.macro.name, "banks": column.banks, "bits": column.bits}
                for column in self.columns
            ],
            "unused_rows": self.unused_rows,
            "unused_bits": self.unused_bits,
            "read_modify_write": self.read_modify_write,
            "efficiency": round(self.efficiency, 4),
            "area": None if self.area is None else round(self.area),
            "reason": self.reason,
        }


def summary(plans: Sequence[tuple[str, Plan]]) -> dict[str, object]:
    """Return plans, by the memory's place in the design, and their sums by name, for reports."""
    areas = [plan.area for _, plan in plans]
    present = sum(plan.bits_present for _, plan in plans)
    used = sum(plan.requirement.bits for _, plan in plans)
    return {
        "memories": [{"name": name} | plan.as_dict() for name, plan in plans],
        "bits_used": used,
        "bits_present": present,
        "efficiency": round(used / present, 4) if present else None,
        "area": None if None in areas else round(sum(areas)),
    }


#: Heads of the columns of `plan_table`.
TABLE_HEADS = (
    "memory",
    "words x bits",
    "write unit",
    "ports",
    "implemented as",
    "unused rows",
    "unused bits",
    "efficiency",
    "area in µm²",
    "reason",
)


def plan_table(plans: Sequence[tuple[str, Plan]]) -> list[tuple[str, ...]]:
    """Return rows of a table of plans, by the memory's place in the design, and of their sums.

    The columns are `TABLE_HEADS`; the efficiency is bits used of the bits that are there.
    """
    total: Counter[str] = Counter()
    for _, plan in plans:
        total += plan.macros
    sums = summary(plans)
    efficiency, area = sums["efficiency"], sums["area"]
    return [
        *((name, *_row(plan)) for name, plan in plans),
        (
            "all",
            f"{sums['bits_used']} bits",
            "",
            "",
            _made_of(total),
            "",
            "",
            "" if efficiency is None else _percent(efficiency),
            _area(area),
            "",
        ),
    ]


def _row(plan: Plan) -> tuple[str, ...]:
    need = plan.requirement
    made = _made_of(plan.macros) or plan.method
    banks = sorted({column.banks for column in plan.columns})
    if banks and banks[-1] > 1:
        made += f" ({len(plan.columns)} wide, {' or '.join(map(str, banks))} deep)"
    return (
        f"{need.words} x {need.width}",
        str(need.granularity),
        str(need.ports),
        made,
        str(plan.unused_rows),
        str(plan.unused_bits),
        _percent(plan.efficiency),
        _area(plan.area),
        plan.reason,
    )


def _made_of(macros: Counter[str]) -> str:
    return " + ".join(f"{count} {name}" for name, count in sorted(macros.items()))


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"


def _area(area: float | None) -> str:
    return "unknown" if area is None else f"{area:.0f}"
