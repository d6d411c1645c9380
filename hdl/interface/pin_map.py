"""The published pins of a chip and the protocols on them: one description of each.

A word of an SPI transaction is described once, as constants and steps of its address field, and
rendered from there: as arrays for simulations, as Verilog for the test bench, as C for the header,
as Markdown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..error import InputError
from .interface import Interface

__all__ = [
    "ACCESS",
    "AerBus",
    "PinMap",
    "SpiPlace",
    "SpiRequest",
    "SpiWords",
    "Transactions",
]

#: One access to a register or to a unit of a memory word; a core's access port has some of these
#: fields.
ACCESS = np.dtype(
    [(name, np.uint32) for name in ("write", "space", "bank", "address", "byte", "data", "mask")]
)


@dataclass(frozen=True, kw_only=True)
class AerBus:
    """A four-phase address-event bus: its pins, and those of the flags of its words."""

    address: str
    request: str
    acknowledge: str
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SpiPlace:
    """Where a memory is in the first word of a transaction: `base + step * word + unit_step *
    unit`.

    Attributes
    ----------
    base, step, unit_step : int
        Of unit 0 of word 0; from a word to the next; from a unit of a word to the next.
    page_bits : int, optional
        Low bits of the address that the first word holds; those above are in the page register. All
        if absent.
    """

    base: int
    step: int
    unit_step: int
    page_bits: int | None = None

    def at(self, word: int, unit: int = 0) -> int:
        """Return the address of a unit of a word."""
        return self.base + self.step * word + self.unit_step * unit


@dataclass(frozen=True)
class SpiRequest:
    """What one data word of a transaction asks for; `space` is None for what does not exist.

    `byte` is the byte of the word that `address` numbers, where units are bytes.
    """

    space: int | None
    address: int
    read: bool
    write: bool
    byte: int = 0
    data: int = 0
    mask: int = 0


@dataclass(frozen=True)
class Transactions:
    """SPI transactions of one length, ready to be shifted out.

    Attributes
    ----------
    words : ndarray of uint64
        A row for each transaction.
    half_period : int
        Clock cycles of the core for which SCK is low, and high.
    accesses : int
        Accesses they carry out: one for each data word, or none if they set the page or the bank.
    """

    words: np.ndarray
    half_period: int
    accesses: int


@dataclass(frozen=True, kw_only=True)
class SpiWords:
    """The words of a chip's SPI transactions: a first word with an address, then data words.

    Attributes
    ----------
    bits : int
        Bits of each word, sent with the most significant bit first.
    read, write : int
        Constant of a first word that reads, and of one that writes.
    register_bits : int
        Bits of a register's address.
    places : mapping of str to SpiPlace
        Where each memory is.
    mask_shift : int, optional
        Place of the mask in a data word that writes a memory; absent if there is none.
    count_shift : int, optional
        Place of the number of data words in a first word; absent if one follows always.
    longest : int
        Most data words of a transaction, which reach consecutive addresses.
    reply_bits : int
        Low bits of a data word read back that mean something.
    read_half_period, write_half_period : int
        Clock cycles of the core for which SCK is low, and high, at least.
    settling : int
        Clock cycles of the core after which a transaction has had its effect.
    page_register, bank_register : str, optional
        Registers that choose the page of an address and the bank.
    keeps_reply : bool
        A read that reaches nothing gives what was read last, instead of 0.
    decode : callable
        Takes the words of a transaction apart, into a `SpiRequest` for each data word.
    """

    bits: int
    read: int
    write: int
    register_bits: int
    places: Mapping[str, SpiPlace]
    mask_shift: int | None = None
    count_shift: int | None = None
    longest: int = 1
    reply_bits: int
    read_half_period: int = 2
    write_half_period: int = 2
    settling: int = 12
    page_register: str | None = None
    bank_register: str | None = None
    keeps_reply: bool = False
    decode: Callable[[Sequence[int]], list[SpiRequest]]

    def first(self, *, write: bool, address: int, count: int = 1) -> int:
        """Return the first word of a transaction."""
        constant = self.write if write else self.read
        shifted = 0 if self.count_shift is None else count << self.count_shift
        return constant | shifted | address

    def check(self, core: str, words: Sequence[int]) -> list[int]:
        """Return the words of a raw transaction as a list.

        Raises
        ------
        InputError
            If a word does not fit, or there are not as many as the first one says.
        """
        values = list(words)
        for value in values:
            if not hasattr(value, "__index__") or not 0 <= value < 1 << self.bits:
                raise InputError(
                    f"{core}: SPI word is {value!r}, allowed is a whole number of {self.bits} bits"
                )
        if not values:
            raise InputError(f"{core}: SPI transaction without words, allowed is a first word")
        count = 1
        if self.count_shift is not None:
            count = int(values[0]) >> self.count_shift & self.longest
        if len(values) != 1 + count:
            raise InputError(
                f"{core}: SPI transaction has {len(values) - 1} data words, "
                f"its first word says {count}"
            )
        return [int(value) for value in values]

    def pack(self, interface: Interface, requests: np.ndarray) -> Iterator[Transactions]:
        """Turn accesses into transactions, in order.

        What an access has read is in the low `reply_bits` of its data word, as it comes back.

        Parameters
        ----------
        interface : Interface
            The core's.
        requests : ndarray of ACCESS
            The accesses.
        """
        addresses, pages = self._addresses(interface, requests)
        for part in _runs(requests, pages, self.bank_register is not None):
            run = requests[part]
            yield from self._select(interface, run, int(pages[part][0]))
            write = bool(run["write"][0])
            half_period = self.write_half_period if write else self.read_half_period
            data = run["data"].astype(np.uint64)
            if self.mask_shift is not None:
                data |= run["mask"].astype(np.uint64) << np.uint64(self.mask_shift)
            data *= np.uint64(write)
            for start, stop in self._bursts(addresses[part], int(run["space"][0])):
                if self.count_shift is None:
                    first = addresses[part][start:stop] | np.uint64(
                        self.first(write=write, address=0)
                    )
                    words = np.stack([first, data[start:stop]], axis=1)
                else:
                    address, count = int(addresses[part][start]), stop - start
                    head = self.first(write=write, address=address, count=count)
                    words = np.concatenate([np.array([head], np.uint64), data[start:stop]])[None]
                yield Transactions(words, half_period, stop - start)

    def _addresses(
        self, interface: Interface, requests: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the address of each access in its first word, and its page."""
        addresses = requests["address"].astype(np.uint64)
        pages = np.zeros(len(requests), dtype=np.uint64)
        chunked = interface.access_unit != 8
        done: set[int] = set()
        for name, memory in interface.memories.items():
            if memory.space in done:
                continue
            done.add(memory.space)
            place = self.places[name]
            chosen = requests["space"] == memory.space
            word, unit = requests["address"][chosen], requests["byte"][chosen]
            if chunked:
                bits = interface.unit_bits(name)
                word, unit = word >> bits, word & (1 << bits) - 1
            address = np.uint64(place.step) * word.astype(np.uint64)
            address += np.uint64(place.unit_step) * unit.astype(np.uint64)
            if place.page_bits is not None:
                pages[chosen] = address >> np.uint64(place.page_bits)
                address &= np.uint64((1 << place.page_bits) - 1)
            addresses[chosen] = address | np.uint64(place.base)
        return addresses, pages

    def _bursts(self, addresses: np.ndarray, space: int) -> Iterator[tuple[int, int]]:
        """Cut a run of accesses into the transactions that carry them out."""
        count = len(addresses)
        if self.count_shift is None:
            yield 0, count
            return
        # Registers are written one by one: their address does not advance.
        longest = self.longest if space else 1
        breaks = np.flatnonzero(np.diff(addresses.astype(np.int64)) != 1) + 1
        edges = [0, *breaks.tolist(), count]
        for start, stop in pairwise(edges):
            for at in range(start, stop, longest):
                yield at, min(at + longest, stop)

    def _select(self, interface: Interface, run: np.ndarray, page: int) -> Iterator[Transactions]:
        """Set the page and the bank of a run."""
        chosen = {self.bank_register: int(run["bank"][0])} if self.bank_register else {}
        if self.page_register and run["space"][0]:
            chosen[self.page_register] = page
        for name, value in chosen.items():
            register = interface.registers[name]
            head = self.first(write=True, address=register.address)
            yield Transactions(
                np.array([[head, register.word(value)]], np.uint64), self.write_half_period, 0
            )


def _runs(requests: np.ndarray, pages: np.ndarray, banked: bool) -> Iterator[slice]:
    """Cut accesses where they turn from reading to writing, or go to another space, page or
    bank.
    """
    if not len(requests):
        return
    keys = [requests["write"], requests["space"], pages, *([requests["bank"]] if banked else [])]
    edges = np.zeros(len(requests) - 1, dtype=bool)
    for key in keys:
        edges |= key[1:] != key[:-1]
    bounds = [0, *(np.flatnonzero(edges) + 1).tolist(), len(requests)]
    yield from (slice(start, stop) for start, stop in pairwise(bounds))


@dataclass(frozen=True, kw_only=True)
class PinMap:
    """The pins of a published chip, which the shell `pins` has.

    Attributes
    ----------
    about : str
        What the shell is, a few words.
    shell : str
        `module:class` of the shell's hardware.
    top : str
        Name of the published module.
    parameters : mapping of str to int
        Parameters of the published module, with the values they are fixed to.
    clock, reset : str
        Pins of the clock and of the reset, active high.
    idle : str
        Pin that shows the core's `idle`, which the shell has on request.
    buses : mapping of str to AerBus
        The bus of each stream.
    pulses, levels, statuses : mapping of str to str
        Pins of inputs and outputs of one bit, by their plain names.
    spi : SpiWords
        The SPI transactions.
    sck_period : int
        Clock cycles in the shortest period of SCK.
    gate_resets_output : bool
        The gate holds the output bus in reset from when it closes: words of an event in progress
        are lost, which frees a core whose receiver hangs. Else that event and its words are
        finished.
    bench : str
        File of the test bench's driver for these pins, without its ending.
    """

    about: str
    shell: str
    top: str
    parameters: Mapping[str, int]
    clock: str
    reset: str = "RST"
    idle: str = "IDLE"
    buses: Mapping[str, AerBus]
    pulses: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    spi: SpiWords
    sck_period: int
    gate_resets_output: bool = False
