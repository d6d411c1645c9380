"""Configuration registers in hardware."""

from collections.abc import Iterable

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .register import Register

__all__ = ["RegisterFile"]


class RegisterFile(wiring.Component):
    """Configuration registers; at their reset values at power-on, where flip-flops are initialised.

    Whether reset clears them is for the core to say: hosts of a published chip may pulse it after
    configuring, and rely on the registers surviving it.

    Parameters
    ----------
    registers : iterable of Register
        The registers.
    address_bits, data_bits : int
        Widths of `address` and `data`.
    resets : bool
        Reset gives them their reset values.

    Members
    -------
    write : In(1)
        Write a register at the next clock edge; addresses without a register are ignored.
    address : In(address_bits)
        Register number.
    data : In(data_bits)
        Value; the register takes its low bits.
    values : Out(struct)
        Current values, by register name.
    """

    def __init__(
        self,
        registers: Iterable[Register],
        *,
        address_bits: int,
        data_bits: int,
        resets: bool = False,
    ) -> None:
        self._registers = list(registers)
        self._resets = resets
        super().__init__(
            {
                "write": In(1),
                "address": In(address_bits),
                "data": In(data_bits),
                "values": Out(
                    data.StructLayout({register.name: register.width for register in registers})
                ),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # High bits are the same for all, so they are compared once.
        bits = max(register.address for register in self._registers).bit_length()
        number = self.address[:bits]
        write = self.write & (self.address[bits:] == 0)
        for register in self._registers:
            value = Signal(
                register.width,
                name=register.name,
                init=register.word(register.reset),
                reset_less=not self._resets,
            )
            m.d.comb += self.values[register.name].eq(value)
            with m.If(write & (number == register.address)):
                m.d.sync += value.eq(self.data)
        return m
