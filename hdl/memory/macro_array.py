"""A memory of macros: banks, width slices, masks and output multiplexers, as planned."""

from collections.abc import Iterator

from amaranth.hdl import Array, Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value
from amaranth.lib import wiring

from .plan import Column, Plan
from .technology import Macro, Port

__all__ = ["MacroArray"]


class MacroArray(wiring.Component):
    """A memory of macros; contract and members are those of `Sram`, with the plan's own masks and
    ports.

    What has been read stays at `read_data` while nothing is read; with one port, a write may change
    it.

    Parameters
    ----------
    plan : Plan
        What it is made of.
    """

    def __init__(self, plan: Plan) -> None:
        self._columns = plan.columns
        self._need = plan.inner
        super().__init__(self._need.members())

    def elaborate(self, platform: object) -> Module:
        m = Module()
        need = self._need
        writing = self.write.any()
        reading = Signal()
        write_address, read_address = self.write_address, self.read_address
        if need.ports == 1:
            address = Signal(need.address_bits)
            write_address = read_address = address
            m.d.comb += [
                reading.eq(self.read & ~writing),
                address.eq(Mux(writing, self.write_address, self.read_address)),
            ]
        else:
            m.d.comb += reading.eq(self.read)
        just_read = Signal()
        if any(column.macro.interface.idle == "undefined" for column in self._columns):
            m.d.sync += just_read.eq(reading)
        for number, column in enumerate(self._columns):
            self._column(m, number, column, reading, write_address, read_address, just_read)
        return m

    def _column(
        self,
        m: Module,
        number: int,
        column: Column,
        reading: Signal,
        write_address: Value,
        read_address: Value,
        just_read: Signal,
    ) -> None:
        """Add the macros of a column."""
        macro = column.macro
        writer, reader = macro.roles(self._need.ports)
        data_in, mask = self._data_in(column), self._mask(column)
        bank_bits = (column.banks - 1).bit_length()
        answers = []
        for bank in range(column.banks):
            name = f"column_{number}_bank_{bank}"
            at_bank = [
                (address[macro.address_bits :] == bank) if bank_bits else Const(1)
                for address in (write_address, read_address)
            ]
            writes, reads = Signal(name=f"{name}_writes"), Signal(name=f"{name}_reads")
            m.d.comb += [
                writes.eq(mask.any() & at_bank[0]),
                reads.eq(reading & at_bank[1]),
            ]
            pins = dict(self._ties(macro))
            data_out = Signal(macro.width, name=name)
            addresses = {writer: write_address, reader: read_address}
            for index, port in enumerate(macro.interface.ports):
                pins |= self._port(
                    macro,
                    port,
                    writes=writes if index == writer else Const(0),
                    reads=reads if index == reader else Const(0),
                    address=addresses.get(index, Const(0)),
                    data_in=data_in if index == writer else Const(0, macro.width),
                    mask=mask if index == writer else Const(0, len(mask)),
                )
                if port.data_out is not None:
                    pins[f"o_{port.data_out}"] = (
                        data_out if index == reader else Signal(macro.width, name="unused")
                    )
            m.submodules[f"macro_{number}_{bank}"] = Instance(macro.name, **pins)
            answers.append(data_out)

        answer = answers[0]
        if bank_bits:
            read_bank = Signal(bank_bits, name=f"column_{number}_bank")
            with m.If(reading):
                m.d.sync += read_bank.eq(read_address[macro.address_bits :])
            answer = Array(answers)[read_bank]
        found = Signal(column.bits, name=f"column_{number}_found")
        m.d.comb += found.eq(Cat(answer[s.at : s.at + s.bits] for s in column.segments))
        low = column.segments[0].low
        data = self.read_data[low : low + column.bits]
        if macro.interface.idle == "held":
            m.d.comb += data.eq(found)
        else:
            held = Signal(column.bits, name=f"column_{number}_held", reset_less=True)
            with m.If(just_read):
                m.d.sync += held.eq(found)
            m.d.comb += data.eq(Mux(just_read, found, held))

    def _data_in(self, column: Column) -> Value:
        """Return the word to write, as the macros of a column have it."""
        parts: list[Value] = []
        at = 0
        for segment in column.segments:
            parts.append(Const(0, segment.at - at))
            parts.append(self.write_data[segment.low : segment.low + segment.bits])
            at = segment.at + segment.bits
        parts.append(Const(0, column.macro.width - at))
        return Cat(parts)

    def _mask(self, column: Column) -> Value:
        """Return which groups of bits of a macro to write."""
        size = column.macro.mask
        groups: list[Value] = [Const(0)] * (column.macro.width // size)
        for segment in column.segments:
            for group in range(segment.at // size, -(-(segment.at + segment.bits) // size)):
                # A segment is written as one.
                groups[group] = self.write[segment.low // self._need.granularity]
        return Cat(groups)

    @staticmethod
    def _port(
        macro: Macro,
        port: Port,
        *,
        writes: Value,
        reads: Value,
        address: Value,
        data_in: Value,
        mask: Value,
    ) -> dict[str, Value]:
        """Return the pins of a port and what they are connected to."""
        pins = {port.clock: ClockSignal(), port.address: _extend(address, macro)}
        pins[port.enable] = (writes if port.writes else Const(0)) | (
            reads if port.reads else Const(0)
        )
        if port.write is not None:
            pins[port.write] = writes
        if port.read is not None:
            pins[port.read] = reads
        if port.data_in is not None:
            pins[port.data_in] = data_in
        if port.mask is not None and macro.has_mask:
            pins[port.mask] = mask
        return {
            f"i_{pin.removeprefix('!')}": ~value if pin.startswith("!") else value
            for pin, value in pins.items()
        }

    @staticmethod
    def _ties(macro: Macro) -> Iterator[tuple[str, Value]]:
        """Yield the constant pins of a macro."""
        lengths = {"1": 1, "address": macro.address_bits, "width": macro.width}
        for tie in macro.interface.ties:
            length = lengths[tie.bits]
            yield f"i_{tie.pin}", Const(tie.value * ((1 << length) - 1), length)


def _extend(address: Value, macro: Macro) -> Value:
    """Return an address as long as a macro's: its low bits, or zeros above it."""
    return Cat(address[: macro.address_bits], Const(0, max(0, macro.address_bits - len(address))))
