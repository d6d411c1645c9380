"""What memories are made of, and of what they can be made, as Markdown."""

from collections.abc import Sequence

from ..markdown import table
from .plan import TABLE_HEADS, Plan, plan_table
from .technology import Technology

__all__ = ["plan_reference", "technology_reference"]


def plan_reference(plans: Sequence[tuple[str, Plan]], technology: Technology) -> str:
    """Return plans, by the memory's place in the design, as a section with a table."""
    rows = [(f"`{row[0]}`" if row[0] != "all" else "all", *row[1:]) for row in plan_table(plans)]
    return "\n".join([f"## Memories made of {technology.name}", "", *table(TABLE_HEADS, rows)])


def technology_reference(technology: Technology) -> str:
    """Return the macros of a technology and where the facts come from, as a section with a
    table.
    """
    rows = []
    for macro in technology.macros:
        mask = f"{macro.mask} bit{'s' * (macro.mask > 1)}" if macro.has_mask else "none"
        row = [f"`{macro.name}`", f"{macro.words} x {macro.width}", " + ".join(macro.kinds), mask]
        if technology.instantiated:
            area = "unknown" if macro.area is None else f"{macro.area:.0f}"
            row += [area, macro.interface.idle]
        else:
            row += [f"{macro.cost:g}"]
        rows.append(row)
    heads = ["name", "words x bits", "ports", "mask"]
    if technology.instantiated:
        heads += ["square microns", "output when nothing is read"]
    else:
        heads += ["cost"]
    parts = [
        f"## {technology.name}",
        "",
        f"{technology.about}.",
        "",
        f"Source: {technology.source}.",
    ]
    parts += ["", *table(heads, rows)]
    cells = technology.cells
    if cells is not None:
        parts += [
            f"Around macros, and in their place: flip-flop {cells.flip_flop:g}, multiplexer "
            f"{cells.multiplexer:g} square microns.",
            "",
        ]
    about = {macro.interface.about: None for macro in technology.macros if macro.interface}
    parts += [line for text in about for line in (text, "")]
    return "\n".join(parts)
