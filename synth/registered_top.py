"""A component behind registers, for place and route however many ports it has."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Instance, Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisteredTop"]


class RegisteredTop(wiring.Component):
    """A component behind registers, so that it needs five pins however many ports it has.

    Every input comes from a register of a shift chain, every output goes to a register that can be
    shifted out. Paths to and from the component then end in registers, as in a larger design. The
    component is an instance of a module that exists already.

    Parameters
    ----------
    top : wiring.Component
        The component; its clock is domain `sync` or the ports `clk` and `rst`, or `aclk` and
        `aresetn`.
    module : str
        Name of the module.

    Members
    -------
    clk, rst : In(1), In(1)
        Clock and reset of the component.
    serial_in : In(1)
        Start of the input chain.
    capture : In(1)
        1: take the outputs; 0: shift them.
    serial_out : Out(1)
        End of the output chain.
    """

    def __init__(self, top: wiring.Component, module: str) -> None:
        self._top = top
        self._module = module
        super().__init__(
            {
                "clk": In(1),
                "rst": In(1),
                "serial_in": In(1),
                "capture": In(1),
                "serial_out": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain("sync", local=True, reset_less=True)
        m.d.comb += ClockSignal("sync").eq(self.clk)
        inputs, outputs = [], []
        names = {name for name, *_ in _flat_ports(self._top)}
        clock, reset = ("aclk", "aresetn") if "aclk" in names else ("clk", "rst")
        ports: dict[str, Signal] = {f"i_{clock}": self.clk, f"i_{reset}": self.rst}
        for name, flow, width in _flat_ports(self._top):
            if name in (clock, reset):
                continue
            signal = Signal(width)
            if flow is In:
                inputs.append(signal)
                ports["i_" + name] = signal
            else:
                outputs.append(signal)
                ports["o_" + name] = signal
        m.submodules.component = Instance(self._module, **ports)
        for signal in (Cat(inputs), Cat(outputs)):
            assert len(signal) > 1
        driven = Signal(len(Cat(inputs)))
        taken = Signal(len(Cat(outputs)))
        m.d.comb += [Cat(inputs).eq(driven), self.serial_out.eq(taken[-1])]
        m.d.sync += [
            driven.eq(Cat(self.serial_in, driven[:-1])),
            taken.eq(Mux(self.capture, Cat(outputs), taken << 1)),
        ]
        return m


def _flat_ports(top: wiring.Component) -> list[tuple[str, object, int]]:
    """List name, direction and width of the ports of a component, those of no bits left out."""
    ports = []
    for path, member, _ in top.signature.flatten(top):
        width = Shape.cast(member.shape).width
        if width:
            ports.append(("__".join(map(str, path)), member.flow, width))
    return ports
