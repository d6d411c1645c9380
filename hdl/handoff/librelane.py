"""Configuration of the open ASIC flow LibreLane (formerly OpenLane 2)."""

import json
from collections.abc import Callable
from typing import Any

from .product import CLOCK_PERIOD, Product

__all__ = ["librelane"]


def _sky130(name: str) -> dict[str, Any]:
    folder = "pdk_dir::libs.ref/sky130_sram_macros"
    return {
        "gds": [f"{folder}/gds/{name}.gds"],
        "lef": [f"{folder}/lef/{name}.lef"],
        "lib": {"*": [f"{folder}/lib/{name}_TT_1p8V_25C.lib"]},
    }


def _gf180mcu(name: str) -> dict[str, Any]:
    folder = "pdk_dir::libs.ref/gf180mcu_fd_ip_sram"
    return {
        "gds": [f"{folder}/gds/{name}.gds"],
        "lef": [f"{folder}/lef/{name}.lef"],
        "lib": {
            "*_tt_025C_5v00": [f"{folder}/lib/{name}__tt_025C_5v00.lib"],
            "*_ss_125C_4v50": [f"{folder}/lib/{name}__ss_125C_4v50.lib"],
            "*_ff_n40C_5v50": [f"{folder}/lib/{name}__ff_n40C_5v50.lib"],
        },
    }


def _ihp(name: str) -> dict[str, Any]:
    folder = "pdk_dir::libs.ref/sg13g2_sram"
    return {
        "gds": [f"{folder}/gds/{name}.gds"],
        "lef": [f"{folder}/lef/{name}.lef"],
        "lib": {
            "*_typ_1p20V_25C": [f"{folder}/lib/{name}_typ_1p20V_25C.lib"],
            "*_slow_1p08V_125C": [f"{folder}/lib/{name}_slow_1p08V_125C.lib"],
            "*_fast_1p32V_m40C": [f"{folder}/lib/{name}_fast_1p32V_m55C.lib"],
        },
    }


def _own(name: str) -> dict[str, Any]:
    return {
        "gds": [f"dir::macros/{name}.gds"],
        "lef": [f"dir::macros/{name}.lef"],
        "lib": {"*": [f"dir::macros/{name}.lib"]},
    }


#: Where the files of macros are in the open process design kits, as they are installed.
_VIEWS: dict[str, Callable[[str], dict[str, Any]]] = {
    "sky130": _sky130,
    "gf180mcu": _gf180mcu,
    "ihp-sg13g2": _ihp,
}


def librelane(product: Product) -> str:
    """Return the configuration, as JSON: sources, clock, constraints and macros.

    Macros have no location, which asks for automatic placement. Those of a library of the user's
    own are looked for in `macros/`.
    """
    top = product.top
    values: dict[str, Any] = {
        "meta": {"version": 2, "flow": "Classic"},
        "DESIGN_NAME": top,
        "VERILOG_FILES": [f"dir::{top}.v"],
        "CLOCK_PORT": product.clock,
        "CLOCK_PERIOD": CLOCK_PERIOD,
        "PNR_SDC_FILE": f"dir::{top}.sdc",
        "SIGNOFF_SDC_FILE": f"dir::{top}.sdc",
    }
    if product.macros:
        views = _VIEWS.get(product.technology, _own)
        values["MACROS"] = {
            name: views(name)
            | {"instances": {place: {"location": None, "orientation": "N"} for place in places}}
            for name, places in product.macros.items()
        }
    return json.dumps(values, indent=2) + "\n"
