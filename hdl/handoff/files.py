"""All hand-off files of a product."""

from collections.abc import Sequence

from .c_header import c_header
from .fusesoc import fusesoc
from .librelane import librelane
from .operation import Operation
from .product import Product
from .sdc import sdc
from .systemrdl import systemrdl
from .testbench import bench_name, testbench

__all__ = ["handoff_files"]


def handoff_files(product: Product, session: Sequence[Operation]) -> dict[str, str]:
    """Return the text of each file by name.

    Parameters
    ----------
    product : Product
        The product.
    session : sequence of Operation
        What its test bench does.
    """
    top = product.top
    bench = bench_name(top)
    return {
        f"{bench}.v": testbench(product.core, product.shell, top, product.ports, session),
        f"{bench}.f": "".join(f"{name}\n" for name in (*product.sources, f"{bench}.v")),
        f"{top}.rdl": systemrdl(product),
        f"{top}.h": c_header(product),
        f"{top}.sdc": sdc(product),
        f"{top}.core": fusesoc(product),
        "librelane.json": librelane(product),
    }
