"""Planning logical memories onto a technology: which macros, how many, and why."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ..error import InputError
from .inferred import expect
from .plan import Column, Plan, fill
from .requirement import Requirement
from .technology import Technology

__all__ = ["DENSITY", "FLIP_FLOP_BITS", "SMALL_BITS", "plan_memory"]

#: How much of the area they are placed in standard cells fill; macros are as large as they are.
DENSITY = 0.6

#: Most bits of a memory in flip-flops.
FLIP_FLOP_BITS = 65536

#: Most bits of a memory in flip-flops where areas are not known, so that they cannot be compared.
SMALL_BITS = 1024


@lru_cache(maxsize=1024)
def plan_memory(need: Requirement, technology: Technology) -> Plan:
    """Plan a logical memory: the least area, or the fewest bits where areas are not known.

    Raises
    ------
    InputError
        If the technology has no way to make it.
    """
    if not technology.macros:
        return Plan(need, "inferred")
    if not technology.instantiated:
        return expect(need, technology)
    plans = list(_with_macros(need, technology))
    if need.bits <= FLIP_FLOP_BITS:
        area = _cell_area(technology, flip_flops=need.bits, multiplexers=2 * need.bits)
        plans.append(Plan(need, "flip-flops", area=area))
    if not plans:
        raise InputError(_impossible(need, technology))
    comparable = all(plan.area is not None for plan in plans)
    best = min(plans, key=lambda plan: _cost(plan, comparable))
    return replace(best, reason=_reason(best, plans, technology))


def _impossible(need: Requirement, technology: Technology) -> str:
    """Say in a line that there is no plan, and what to do."""
    memory = f"{need.words} words of {need.width} bits"
    if need.ports == 2:
        return (
            f"{technology.name} has no macro for a memory of {memory} that reads and writes at once, and "
            f"flip-flops are for at most {FLIP_FLOP_BITS} bits; choose memories with one port "
            "(neuron_memory_ports=1) or another memory technology"
        )
    return (
        f"{technology.name} has no macro for a memory of {memory}, and flip-flops are for at most "
        f"{FLIP_FLOP_BITS} bits; choose another memory technology"
    )


def _cost(plan: Plan, comparable: bool) -> tuple[float, float, bool]:
    if comparable:
        return plan.area, plan.bits_present, plan.read_modify_write
    if plan.method == "flip-flops":
        return (0 if plan.requirement.bits <= SMALL_BITS else math.inf), 0, False
    return plan.bits_present, 0, plan.read_modify_write


def _with_macros(need: Requirement, technology: Technology) -> Iterator[Plan]:
    """Yield plans with macros: as they are, and with macros of which whole words are written."""
    if need.initialised:
        return
    plans = [Plan(need, "macros")]
    if need.granularity < need.width and need.ports == 1:
        plans.append(Plan(need, "macros", read_modify_write=True))
    for plan in plans:
        columns = _columns(plan.inner, technology)
        if columns is None:
            continue
        area = None
        if _areas_known(technology):
            macros = sum(column.banks * column.macro.area for column in columns)
            area = macros + _cell_area(technology, *_around(plan, columns))
        yield replace(plan, columns=columns, area=area)


def _areas_known(technology: Technology) -> bool:
    return technology.cells is not None and all(m.area is not None for m in technology.macros)


def _columns(need: Requirement, technology: Technology) -> tuple[Column, ...] | None:
    """Choose macros for all bits of a word; None if there are none."""
    usable = [macro for macro in technology.macros if macro.roles(need.ports) is not None]
    if not usable:
        return None
    known = _areas_known(technology)
    # The best columns from each bit of the word on, found from its end.
    best: list[tuple[float, int, tuple[Column, ...]]] = [(0.0, 0, ())] * (need.width + 1)
    for low in reversed(range(need.width)):
        choices = []
        for macro in usable:
            column = fill(macro, need, low)
            cost, count, rest = best[low + column.bits]
            if known:
                cost += column.banks * macro.area
                cost += _cell_area(technology, *_around_column(column))
            else:
                cost += column.banks * macro.bits
            choices.append((cost, count + column.banks, (column, *rest)))
        # Of equals, the widest comes first.
        best[low] = min(choices, key=lambda choice: (*choice[:2], -choice[2][0].bits))
    return best[0][2]


def _around_column(column: Column) -> tuple[int, int]:
    """Count flip-flops and two-to-one multiplexers around the macros of a column."""
    flip_flops = (column.banks - 1).bit_length()
    multiplexers = (column.banks - 1) * column.bits
    if column.macro.interface.idle == "undefined":
        # What has been read is kept beside the macro.
        flip_flops += column.bits
        multiplexers += 2 * column.bits
    return flip_flops, multiplexers


def _around(plan: Plan, columns: Sequence[Column]) -> tuple[int, int]:
    """Count flip-flops and two-to-one multiplexers around the macros of a memory."""
    need = plan.requirement
    counts = [_around_column(column) for column in columns]
    flip_flops, multiplexers = (sum(count) for count in zip(*counts, strict=True))
    flip_flops += any(column.macro.interface.idle == "undefined" for column in columns)
    if plan.read_modify_write:
        # The write that waits for its word, and the word that was written last.
        flip_flops += 2 * need.width + need.width // need.granularity + need.address_bits + 2
        multiplexers += 3 * need.width + need.address_bits
    return flip_flops, multiplexers


def _cell_area(technology: Technology, flip_flops: int, multiplexers: int) -> float | None:
    cells = technology.cells
    if cells is None:
        return None
    return (flip_flops * cells.flip_flop + multiplexers * cells.multiplexer) / DENSITY


def _reason(best: Plan, plans: Sequence[Plan], technology: Technology) -> str:
    """Say why a plan was chosen, where that is not plain."""
    need = best.requirement
    macros = [plan for plan in plans if plan.method == "macros"]
    if best.method == "flip-flops":
        if not macros:
            what = (
                "initialised memory" if need.initialised else "macro that reads and writes at once"
            )
            return f"{technology.name} has no {what}"
        if best.area is not None:
            return f"smaller than macros, {min(plan.area for plan in macros):.0f} with them"
        return f"no more than {SMALL_BITS} bits"
    other = next((p for p in macros if p.read_modify_write != best.read_modify_write), None)
    lanes = other if best.read_modify_write else best
    if need.granularity == need.width or not any(
        column.macro.mask > need.granularity for column in lanes.columns
    ):
        return ""
    ways = ("a lane of the mask for each part", "read-modify-write")
    reason = f"masks are coarser: {ways[best.read_modify_write]}"
    if other is not None and other.area is not None:
        reason += f"; {other.area:.0f} with {ways[not best.read_modify_write]}"
    return reason
