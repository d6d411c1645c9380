"""The TickedDevice protocol on a simulated core."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..hdl.reckon.registers import INPUT_PINS, OUTPUT_PINS
from .chunked import AccessRequest, ChunkedDevice, bursts
from .device import BusyError, TickedDevice, check_events
from .engine.engine import ACCESS
from .rtl import RtlDevice
from .spi32 import Spi32Header

__all__ = ["TickedRtlDevice"]

#: Clock cycles after which everything that was asked for at a pin has had its effect.
SETTLING = 8

#: Clock cycles for which SCK is low, and high: the published chip reads at an eighth of the clock and
#: writes at a quarter.
READ_HALF_PERIOD = 4
WRITE_HALF_PERIOD = 2

#: Most data words of an SPI transaction.
BURST = (1 << 12) - 1


class TickedRtlDevice(ChunkedDevice, RtlDevice, TickedDevice):
    """A core that works in time steps, simulated by an engine; see `TickedDevice` and `RtlDevice`."""

    def _prepare(self) -> None:
        self._prepare_chunks()
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

    def _access(self, requests: list[AccessRequest]) -> list[int]:
        """Carry out accesses, in order; return what each has read."""
        if self._has_pins and len(requests) > 1:
            return [word for burst in bursts(requests, BURST) for word in self._burst(burst)]
        found = np.zeros(len(requests), dtype=ACCESS)
        for name, column in zip(
            ("write", "target", "address", "data"), np.array(requests).T, strict=True
        ):
            found[name] = column
        return self.engine.access(found).tolist()

    def _burst(self, requests: list[AccessRequest]) -> list[int]:
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

    def _transact(self, words: Sequence[int], header: Spi32Header, data: list[int]) -> list[int]:
        """Carry out a transaction, at the pins if there are any; return the words that come back."""
        return self._transfer(words) if self._has_pins else super()._transact(words, header, data)

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
        self._check_driven(pins)
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
        self._check_tick()
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
        self._check_output(name)
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
        self._check_output(name)
        self.engine.wait(self._ports[name], value)
