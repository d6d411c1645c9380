"""Bit-exact NumPy models; the files mirror hdl/ one to one."""

from importlib import import_module

from ...hdl.config import CoreConfig
from ..device import Device

__all__ = ["open_model"]

_CLASSES = {"tinyodin": "TinyOdinModel", "odin": "OdinModel", "reckon": "ReckonModel"}


def open_model(config: CoreConfig) -> Device:
    """Return a model of a core, freshly reset."""
    module = import_module(f".{config.core}", __name__)
    return getattr(module, _CLASSES[config.core])(config)
