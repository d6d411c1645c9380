"""Raw SPI transactions of ODIN and tinyODIN (specification of ODIN, sections 1 and 3).

A transaction is an address word and a data word of A + 4 bits each, A being a property of the
configuration. `SpiFrame` builds and reads address words; `spi_transaction` carries one out on any
device, also on one that has no SPI pins.
"""

from dataclasses import dataclass

from ..hdl.error import InputError
from ..hdl.memory.logical import LogicalMemory
from .device import Device

__all__ = ["SpiFrame", "SpiRequest", "spi_transaction"]


@dataclass(frozen=True)
class SpiRequest:
    """What an address word asks for.

    Attributes
    ----------
    read, write : bool
        The read and write bits.
    register : int or None
        Register number; a register is written whatever the read and write bits say.
    memory : str or None
        Memory; neither a register nor a memory if the target does not exist.
    word, byte : int
        Word and byte of the memory; they may lie outside it.
    """

    read: bool
    write: bool
    register: int | None
    memory: str | None
    word: int
    byte: int


class SpiFrame:
    """Address words of a core's SPI transactions.

    Parameters
    ----------
    address_bits : int
        A, the bits of the address field.
    memories : dict of LogicalMemory
        The core's memories: `neurons`, then `synapses`.

    Attributes
    ----------
    bits : int
        Bits of the address word, and of the data word.
    """

    def __init__(self, address_bits: int, memories: dict[str, LogicalMemory]) -> None:
        self.bits = address_bits + 4
        self._address_bits = address_bits
        self._targets: list[str | None] = [None, "neurons", "synapses", None]
        # Bits of the word number, which stand below the byte number, and bits of the byte number.
        wide = memories["synapses"].bytes_per_word > 4
        self._split = {
            "neurons": (address_bits // 2, address_bits - address_bits // 2),
            "synapses": (address_bits - 3, 3 if wide else 2),
        }

    @classmethod
    def of(cls, device: Device) -> "SpiFrame":
        """Return the frame of a device's configuration."""
        return cls(device.config.spi_address_bits, device.memories)

    def decode(self, address: int) -> SpiRequest:
        """Take an address word apart."""
        number = (address >> self._address_bits) & 3
        field = address & ((1 << self._address_bits) - 1)
        memory = self._targets[number]
        word = byte = 0
        if memory is not None:
            word_bits, byte_bits = self._split[memory]
            word = field & ((1 << word_bits) - 1)
            byte = (field >> word_bits) & ((1 << byte_bits) - 1)
        return SpiRequest(
            read=bool(address >> (self._address_bits + 3) & 1),
            write=bool(address >> (self._address_bits + 2) & 1),
            register=field if number == 0 else None,
            memory=memory,
            word=word,
            byte=byte,
        )

    def register(self, number: int) -> int:
        """Return the address word that writes a register."""
        return 1 << (self._address_bits + 2) | number

    def memory(
        self, memory: str, word: int, byte: int, *, read: bool = False, write: bool = False
    ) -> int:
        """Return the address word that reads or writes a byte of a memory, or both."""
        word_bits, _ = self._split[memory]
        field = byte << word_bits | word
        target = self._targets.index(memory)
        top = read << 3 | write << 2 | target
        return top << self._address_bits | field

    def check(self, core: str, address: int, data: int) -> None:
        """Check that address and data word fit.

        Raises
        ------
        InputError
            If one does not.
        """
        for name, value in (("address", address), ("data", data)):
            if not 0 <= value < 1 << self.bits:
                raise InputError(
                    f"{core}: SPI {name} word is {value}, allowed are {self.bits} bits"
                )


def spi_transaction(device: Device, address: int, data: int, gated: bool | None = None) -> int:
    """Carry out one raw SPI transaction, complete with its effect in the core.

    A device with SPI pins has its own method `spi(address, data)`, which is used. On any other
    device the methods that all devices have are used, with the effect that the pins would have.

    Parameters
    ----------
    device : Device
        The device; the core must be idle.
    address, data : int
        The two words.
    gated : bool, optional
        Whether register `gate` is 1, without which memories are out of reach. Needed for a device
        that has neither `spi` nor `register_values`, the present values of its registers by name.

    Returns
    -------
    int
        The last eight bits read back; 0 if nothing is read.

    Raises
    ------
    InputError
        If a word does not fit.
    """
    frame = SpiFrame.of(device)
    frame.check(device.config.core, address, data)
    own = getattr(device, "spi", None)
    if own is not None:
        return own(address, data)
    request = frame.decode(address)
    if request.register is not None:
        register = device.registers.at(request.register)
        if register is not None:
            device.configure(**{register.name: data & ((1 << register.width) - 1)})
        return 0
    if gated is None:
        gated = bool(device.register_values["gate"])
    return _memory_byte(device, request, data) if gated else 0


def _memory_byte(device: Device, request: SpiRequest, data: int) -> int:
    """Read and write a byte as requested; what lies outside the memory reads as zero."""
    size = device.memories.get(request.memory)
    if size is None or request.word >= size.words or request.byte >= size.bytes_per_word:
        return 0
    if not request.read and not request.write:
        return 0
    old = int(device.dump(request.memory, request.word, 1)[0])
    shift = 8 * request.byte
    old_byte = (old >> shift) & 0xFF
    if request.write:
        keep = (data >> 8) & 0xFF
        new_byte = (data & 0xFF & ~keep) | (old_byte & keep)
        new = old & ~(0xFF << shift) | new_byte << shift
        # A word's last byte may be partly filled.
        device.load(request.memory, [new & ((1 << size.width) - 1)], request.word)
    return old_byte if request.read else 0
