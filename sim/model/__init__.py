"""Bit-exact NumPy models; the files mirror hdl/ one to one."""

from typing import Any

from ...hdl.catalogue import core_of
from ...hdl.config import CoreConfig
from ...hdl.core import load
from ..device import Device

__all__ = ["open_model"]


def open_model(config: CoreConfig, **options: Any) -> Device:
    """Return the model of a core, freshly reset; `options` as the model's class takes them."""
    return load(core_of(config).model)(config, **options)
