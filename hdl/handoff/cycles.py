"""Clock cycles of a core as Markdown."""

from collections.abc import Mapping

from ..interface.interface import Interface
from ..markdown import table

__all__ = ["cycle_reference"]


def cycle_reference(interface: Interface, cycles: Mapping[str, int]) -> str:
    """Return what each kind of event or time step takes, and which period cannot be kept.

    Parameters
    ----------
    interface : Interface
        What the core looks like.
    cycles : mapping of str to int
        What `cycles()` of the core returns.
    """
    lines = ["## Clock cycles", ""]
    lines += table(("what", "cycles"), [(f"`{name}`", count) for name, count in cycles.items()])
    step = interface.time_step
    if step is not None and step.period and step.least_cycles:
        least = step.least_cycles(interface.registers.reset_values())
        shortest = ", ".join(f"{count} {what}" for what, count in least.items())
        lines += [
            f"A time step takes at least so many cycles, with registers as after a reset: {shortest}.",
            f"`{step.period}` below that cannot be kept, with `{step.automatic}` = 1; spikes add to it, and",
            "work of learning.",
        ]
    return "\n".join(lines).rstrip() + "\n"
