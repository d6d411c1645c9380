"""FuseSoC core description (CAPI2)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .product import Product
from .testbench import bench_name

__all__ = ["fusesoc"]


def fusesoc(product: Product) -> str:
    """Return the core description.

    Targets: `default` for use in a larger design, `sim` and `sim_verilator` for the test bench in
    Icarus Verilog and in Verilator, `lint` for all warnings of Verilator.
    """
    top, bench = product.top, bench_name(product.top)
    filesets: dict[str, Any] = {
        "rtl": {"files": [f"{top}.v"], "file_type": "verilogSource"},
        "constraints": {"files": [f"{top}.sdc"], "file_type": "SDC"},
        "bench": {"files": [f"{bench}.v"], "file_type": "systemVerilogSource"},
    }
    design = ["rtl"]
    if product.models:
        filesets["models"] = {"files": [product.models], "file_type": "verilogSource"}
        design = ["rtl", "models"]
    icarus = {"tool": "icarus", "iverilog_options": ["-g2012"]}
    verilator = {"tool": "verilator", "mode": "binary", "verilator_options": ["--timing"]}
    lint = {"tool": "verilator", "mode": "lint-only", "verilator_options": ["-Wall"]}
    simulation = {"filesets": [*design, "bench"], "toplevel": bench, "flow": "sim"}
    # A version is digits and dots there.
    version = re.match(r"[\d.]*\d|", product.version)[0]
    values = {
        "name": f"spikewright:cores:{top}:{version or 0}",
        "description": product.about,
        "filesets": filesets,
        "targets": {
            # Synthesis leaves the models out by itself; what depends on this core can be simulated.
            "default": {"filesets": design, "toplevel": top},
            "sim": {
                "description": "Self-checking test bench in Icarus Verilog",
                **simulation,
                "flow_options": icarus,
            },
            "sim_verilator": {
                "description": "Self-checking test bench in Verilator",
                **simulation,
                "flow_options": verilator,
            },
            "lint": {
                "description": "All warnings of Verilator",
                "filesets": design,
                "toplevel": top,
                "flow": "lint",
                "flow_options": lint,
            },
        },
    }
    return "CAPI=2:\n" + "\n".join(_yaml(values, "")) + "\n"


def _yaml(values: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Return the lines of a mapping; what is not one itself is written as JSON, which YAML
    contains.
    """
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _yaml(value, indent + "  ")
        else:
            yield f"{indent}{key}: {json.dumps(value)}"
