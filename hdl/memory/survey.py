"""What memories a design has, and what they are made of."""

from collections.abc import Iterator

from amaranth.hdl import Elaboratable, Fragment

from .plan import Plan
from .planner import plan_memory
from .sram import Sram
from .technology import MemoryPlatform, Technology

__all__ = ["survey"]


def survey(design: Elaboratable, technology: Technology) -> list[tuple[str, Plan]]:
    """List the memories of a design by their place in it, as in `core.queue.fifo`, with their
    plans.

    Parameters
    ----------
    design : Elaboratable
        The design; it is elaborated for this.
    technology : Technology
        What memories are made of.

    Raises
    ------
    InputError
        If the technology has no way to make one.
    """
    fragment = Fragment.get(design, MemoryPlatform(technology))
    return [(".".join(path), plan_memory(need, technology)) for path, need in _walk(fragment, ())]


def _walk(fragment: Fragment, path: tuple[str, ...]) -> Iterator[tuple]:
    for origin in fragment.origins or ():
        if isinstance(origin, Sram):
            yield path, origin.requirement
            return
    for inner, name, _ in fragment.subfragments:
        yield from _walk(inner, (*path, str(name)))
