"""The TickedDevice protocol on a simulated core."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..hdl.error import InputError
from ..hdl.reckon.layout import SPACES
from ..hdl.reckon.registers import INPUT_PINS, OUTPUT_PINS
from .device import (
    BusyError,
    TickedDevice,
    check_events,
    check_gated,
    check_memory_range,
    check_pin,
    check_words,
    word_array,
)
from .engine.engine import ACCESS
from .rtl import RtlDevice
from .spi32 import CHUNK_BITS, Spi32Frame, Spi32Header

__all__ = ["TickedRtlDevice"]

#: Clock cycles after which everything that was asked for at a pin has had its effect.
SETTLING = 8

#: Clock cycles for which SCK is low, and high: the published chip reads at an eighth of the clock and
#: writes at a quarter.
READ_HALF_PERIOD = 4
WRITE_HALF_PERIOD = 2

#: Most data words of an SPI transaction.
BURST = (1 << 12) - 1


class TickedRtlDevice(RtlDevice, TickedDevice):
    """A core that works in time steps, simulated by an engine; see `TickedDevice` and `RtlDevice`."""

    def _prepare(self) -> None:
        self._frame = Spi32Frame(self.config)
        self._spaces = {name: number for number, name in SPACES.items()}
        self._last_read = 0
        # Ports by plain names of pins.
        self._ports = {"tick": "tick", "idle": "idle"}
        self._ports |= {plain: plain for plain in (*INPUT_PINS.values(), *OUTPUT_PINS.values())}
        if self._has_pins:
            self._ports = {"tick": "TIME_TICK", "idle": "IDLE"}
            self._ports |= {
                plain: published for published, plain in (INPUT_PINS | OUTPUT_PINS).items()
            }

    def _get(self, pin: str) -> int:
        return self.engine.get(self._ports[pin])

    def reset(self) -> None:
        """Pulse the reset pin. Memories keep their contents, and input pins their values."""
        self.engine.reset()
        self.register_values = self.registers.reset_values()

    def _written(self, name: str, value: int) -> None:
        """Note the new value of a register."""
        self.register_values[name] = value

    def _access(self, requests: list[tuple[int, int, int, int]]) -> list[int]:
        """Carry out accesses: write, target, address, data."""
        if self._has_pins and len(requests) > 1:
            return [word for burst in _bursts(requests) for word in self._burst(burst)]
        found = np.zeros(len(requests), dtype=ACCESS)
        for name, column in zip(
            ("write", "target", "address", "data"), np.array(requests).T, strict=True
        ):
            found[name] = column
        return self.engine.access(found).tolist()

    def _burst(self, requests: list[tuple[int, int, int, int]]) -> list[int]:
        """Carry out accesses to consecutive addresses in one SPI transaction."""
        write, space, address, _ = requests[0]
        header = Spi32Header(
            read=not write, space=space, count=len(requests), address=address
        ).pack()
        return self._transfer([header, *(request[3] for request in requests)])[1:]

    def _transfer(self, words: Sequence[int]) -> list[int]:
        """Carry out a transaction at the SPI pins; return the words that come back."""
        reads = Spi32Header.unpack(words[0]).read
        back = self.engine.spi(words, READ_HALF_PERIOD if reads else WRITE_HALF_PERIOD)
        self.engine.step(SETTLING)
        return back

    def _check_access(self) -> None:
        gate = self.registers.gate
        check_gated(self.config.core, self.register_values[gate], gate)

    def _chunks(self, memory: str, at: int, count: int) -> list[int]:
        """Return the addresses of all chunks of words, in order."""
        chunks = -(-self.memories[memory].width // CHUNK_BITS)
        return [
            self._frame.address(memory, word, chunk)
            for word in range(at, at + count)
            for chunk in range(chunks)
        ]

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write consecutive words of a memory, from word `at`.

        Raises
        ------
        InputError
            If there is no such memory, a word does not fit, the range leaves the memory, or register
            `config_mode` is 0.
        """
        values = check_words(self.memories, self.config.core, memory, words, at)
        self._check_access()
        if not values:
            return
        space = self._spaces[memory]
        size = 4 * -(-self.memories[memory].width // CHUNK_BITS)
        data = b"".join(value.to_bytes(size, "little") for value in values)
        chunks = np.frombuffer(data, dtype="<u4").tolist()
        addresses = self._chunks(memory, at, len(values))
        self._access(
            [(1, space, address, chunk) for address, chunk in zip(addresses, chunks, strict=True)]
        )

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory; all from `at` on if `count` is None.

        Raises
        ------
        InputError
            If there is no such memory, the range leaves it, or register `config_mode` is 0.
        """
        size, count = check_memory_range(self.memories, self.config.core, memory, at, count)
        self._check_access()
        if not count:
            return word_array((), size.width)
        addresses = self._chunks(memory, at, count)
        space = self._spaces[memory]
        chunks = self._access([(0, space, address, 0) for address in addresses])
        step = len(chunks) // count
        return word_array(
            (
                sum(chunk << CHUNK_BITS * n for n, chunk in enumerate(chunks[i : i + step]))
                for i in range(0, len(chunks), step)
            ),
            size.width,
        )

    def spi32(self, words: Sequence[int]) -> list[int]:
        """Carry out a raw SPI transaction of 32-bit words or, without pins, what it does.

        Raises
        ------
        InputError
            If a word does not fit or there are not as many as the header says.
        """
        header, data = self._frame.check(words)
        reply = self._transfer(words) if self._has_pins else self._imitate(header, data)
        register = self.registers.at(header.address)
        if not header.read and header.space == 0 and data and register is not None:
            self._written(register.name, data[-1] & ((1 << register.width) - 1))
        return reply

    def _imitate(self, header: Spi32Header, data: list[int]) -> list[int]:
        """Do at the access port what a transaction does; return the words that come back."""
        reply = [0]
        for index, value in enumerate(data):
            address = header.address + (index if header.space else 0) & 0xFFFF
            if header.read:
                if header.space in SPACES and self.register_values[self.registers.gate]:
                    (self._last_read,) = self._access([(0, header.space, address, 0)])
                reply.append(self._last_read)
                continue
            reply.append(0)
            if header.space in SPACES or header.space == 0:
                self._access([(1, header.space, address, value)])
        return reply

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input event words `{target, address}`, in order.

        Raises
        ------
        InputError
            If a word does not fit the core's input.
        """
        self.engine.send(check_events(self.config.core, self.config.event_bits, events))

    def drive(self, **pins: int) -> None:
        """Drive input pins with 0 or 1 and hold them.

        Raises
        ------
        InputError
            If there is no such pin or the value is not 0 or 1.
        """
        for name, value in pins.items():
            check_pin(self.config.core, INPUT_PINS.values(), name)
            if value not in (0, 1):
                raise InputError(f"{self.config.core}: pin {name} is {value}, allowed is 0 or 1")
        for name, value in pins.items():
            self.engine.set(self._ports[name], value)
        if self._has_pins:
            # They stand still for some time before a tick.
            self.engine.step(3)

    def pulse(self) -> None:
        """Pulse the time-step pin, and do not wait."""
        # Pins are high and low for two cycles at least.
        cycles = 2 if self._has_pins else 1
        for level in (1, 0):
            self.engine.set(self._ports["tick"], level)
            self.engine.step(cycles)

    def tick(self) -> None:
        """Pulse the time-step pin and wait until the core is ready again.

        Raises
        ------
        InputError
            If register `timing_mode` is 1, because then no pin says that the core is ready.
        BusyError
            If the core does not become ready, as when it waits for a target.
        """
        if self.register_values["timing_mode"]:
            raise InputError(
                f"{self.config.core}: register timing_mode is 1, waiting for a time step needs "
                "timing_mode = 0"
            )
        if self.register_values["local_tick"]:
            # In IDLE there is no tick, however long one waits.
            period = self.register_values["cycles_per_tick"] + SETTLING
            try:
                self.engine.wait(self._ports["ready"], 0, min(period, self.engine.limit))
            except BusyError:
                return
        else:
            self.pulse()
        # The core is ready, or it waits for its host.
        self.engine.wait(self._ports["idle"], 1)
        self.engine.step()
        if not self._get("ready"):
            raise BusyError(f"{self.config.core}: it waits for a target or a configuration")

    def read_pin(self, name: str) -> int:
        """Return the value of an output pin, after it had time to settle.

        Raises
        ------
        InputError
            If there is no such pin.
        """
        check_pin(self.config.core, OUTPUT_PINS.values(), name)
        self.engine.step(SETTLING)
        return self._get(name)

    def wait_pin(self, name: str, value: int) -> None:
        """Wait until an output pin has a value.

        Raises
        ------
        InputError
            If there is no such pin.
        BusyError
            If that takes too long.
        """
        check_pin(self.config.core, OUTPUT_PINS.values(), name)
        self.engine.wait(self._ports[name], value)


def _bursts(
    requests: list[tuple[int, int, int, int]],
) -> Iterator[list[tuple[int, int, int, int]]]:
    """Cut accesses into runs of consecutive addresses that are no longer than a transaction."""
    run: list[tuple[int, int, int, int]] = []
    for request in requests:
        if run and (request[2] != run[-1][2] + 1 or len(run) == BURST):
            yield run
            run = []
        run.append(request)
    yield run
