"""All hand-off files of a product."""

from collections.abc import Sequence

from .bench_vector import BenchVector
from .c_header import c_header
from .fusesoc import fusesoc
from .librelane import librelane
from .product import Product
from .sdc import sdc
from .systemrdl import systemrdl
from .testbench import bench_name, testbench

__all__ = ["handoff_files"]


def handoff_files(product: Product, vectors: Sequence[BenchVector]) -> dict[str, str]:
    """Return the text of each file by name.

    Parameters
    ----------
    product : Product
        The product.
    vectors : sequence of BenchVector
        What its test bench does.
    """
    top = product.top
    bench = bench_name(top)
    return {
        f"{bench}.v": testbench(product.core, product.shell, top, product.ports, vectors),
        f"{bench}.f": "".join(f"{name}\n" for name in (*product.sources, f"{bench}.v")),
        f"{top}.rdl": systemrdl(product),
        f"{top}.h": c_header(product),
        f"{top}.sdc": sdc(product),
        f"{top}.core": fusesoc(product),
        "librelane.json": librelane(product),
    }
