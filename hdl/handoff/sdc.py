"""Timing constraints (SDC)."""

from .product import CLOCK_PERIOD, Product

__all__ = ["sdc"]

#: Part of a period that what is outside takes, before an input and after an output.
_OUTSIDE = 0.2


def sdc(product: Product) -> str:
    """Return the constraints: clocks, what crosses between them, delays at the ports."""
    lines = [
        f"# {product.about}.",
        "",
        "# Nanoseconds. Change it to what the design is to reach.",
        f"set clock_period {CLOCK_PERIOD:.1f}",
        "",
        f"create_clock -name {product.clock} -period $clock_period [get_ports {{{product.clock}}}]",
        f"set_clock_uncertainty 0.25 [get_clocks {{{product.clock}}}]",
    ]
    lines += _pins(product) if product.pins else _synchronous(product)
    return "\n".join(lines) + "\n"


def _names(product: Product, direction: str, without: tuple[str, ...] = ()) -> str:
    found = [name for name, way, _ in product.ports if way == direction and name not in without]
    # A bus is named bit by bit.
    bits = {name: width for name, _, width in product.ports}
    return " ".join(name if bits[name] == 1 else f"{name}[*]" for name in found)


def _delay(kind: str, clock: str, names: str, period: str = "$clock_period") -> str:
    return (
        f"set_{kind}_delay [expr {{{_OUTSIDE} * {period}}}] -clock {clock} [get_ports {{{names}}}]"
    )


def _synchronous(product: Product) -> list[str]:
    """All ports belong to the one clock."""
    clock = product.clock
    return [
        "",
        _delay("input", clock, _names(product, "input", (clock,))),
        _delay("output", clock, _names(product, "output")),
    ]


def _pins(product: Product) -> list[str]:
    """SPI has a clock of its own; the other inputs are asynchronous, and pass synchronisers."""
    clock = product.clock
    inputs = _names(product, "input", (clock, "SCK", "MOSI"))
    outputs = _names(product, "output", ("MISO",))
    return [
        "",
        "# SPI has its own clock, at most so fast. What crosses stands still meanwhile, and what says",
        "# so passes synchronisers.",
        f"set sck_period [expr {{{product.pins.sck_period} * $clock_period}}]",
        "create_clock -name SCK -period $sck_period [get_ports {SCK}]",
        f"set_clock_groups -asynchronous -group {{{clock}}} -group {{SCK}}",
        _delay("input", "SCK", "MOSI", "$sck_period") + " -clock_fall",
        _delay("output", "SCK", "MISO", "$sck_period"),
        "",
        "# Asynchronous inputs: each passes a synchroniser, or stands still while one that does says so.",
        f"set_false_path -from [get_ports {{{inputs}}}]",
        "",
        "# Words at the output stand still from before the request that goes with them.",
        _delay("output", clock, outputs),
    ]
