"""The host's side of the host link for a core that works in time steps (docs/host-link.md)."""

import contextlib
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..hdl.error import InputError
from ..hdl.interface.host_link import LONGEST_BODY, Command, Status
from ..hdl.reckon.registers import INPUT_PINS
from ..sim.chunked import AccessRequest, ChunkedDevice, bursts
from ..sim.device import BusyError, TickedDevice, check_events
from .driver import BLOCK, LinkDevice, Transport

__all__ = ["TickedLinkDevice"]


class TickedLinkDevice(ChunkedDevice, LinkDevice, TickedDevice):
    """A core that works in time steps, behind a host link; see `TickedDevice` and `LinkDevice`.

    Input items, pins and ticks are one sequence of events, which the board works off at its own pace.
    They are collected here and go out in whole frames, or as soon as something has to be known:
    a call that waits, or a tick at which the core may stop to wait for its host.

    Parameters
    ----------
    config : CoreConfig
        The configuration that the board must hold.
    transport : Transport
        Way to the board; closed with the device.
    timeout : float
        Seconds without an answer after which a frame is sent again; a frame of ticks may take
        some time.
    options
        As for `LinkDevice`.
    """

    def __init__(
        self, config: Any, transport: Transport, *, timeout: float = 2.0, **options: Any
    ) -> None:
        self._pins = dict.fromkeys(INPUT_PINS.values(), 0)
        super().__init__(config, transport, timeout=timeout, **options)
        self._prepare_chunks()
        # Those of the board keep what they had.
        self.drive()

    def _reset(self) -> None:
        """Reset the core and what the link and this device keep of it."""
        self._at_rest = False
        self.link.exchange(Command.RESET, b"", lambda *_: 0)
        self.register_values = self.registers.reset_values()
        self._words.clear()

    def reset(self) -> None:
        """Pulse the reset pin. Memories keep their contents, and input pins their values."""
        # What was sent before happens before, unless it never ends.
        if not self._runs_away:
            with contextlib.suppress(BusyError):
                self._work_off()
        self._runs_away = False
        self._waiting = self._waiting[:0]
        self._reset()

    @property
    def _gated(self) -> bool:
        """Whether the core takes no events now; this one always does."""
        return False

    def _access(self, requests: list[AccessRequest]) -> list[int]:
        """Carry out accesses, in order; return what each has read."""
        self._come_to_rest()
        size = self._format.memory_bytes
        longest = (LONGEST_BODY - 1 - self._format.address_bytes) // size
        found: list[int] = []
        for burst in bursts(requests, longest, BLOCK):
            write, target, address, _ = burst[0]
            if write:
                self._write(target, address, b"".join(r[3].to_bytes(size, "big") for r in burst))
                found += [0] * len(burst)
            else:
                data = self._read(target, address, size * len(burst))
                found += (
                    int.from_bytes(data[n : n + size], "big") for n in range(0, len(data), size)
                )
        return found

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input event words `{target, address}`, in order.

        Raises
        ------
        InputError
            If a word does not fit the core's input.
        BusyError
            If the core takes no event for a long time.
        """
        self._queue(check_events(self.config.core, self._event_bits, events))

    def _queue(self, events: np.ndarray) -> None:
        """Let events follow those that wait; hand them over once they fill a frame."""
        self._at_rest = False
        self._waiting = np.concatenate([self._waiting, events])
        if len(self._waiting) >= self._frame_events or self.register_values["local_tick"]:
            self._hand_over()

    def drive(self, **pins: int) -> None:
        """Drive input pins with 0 or 1 and hold them.

        Raises
        ------
        InputError
            If there is no such pin or the value is not 0 or 1.
        """
        self._check_driven(pins)
        self._pins |= pins
        self._drive_all(tick=0)

    def _drive_all(self, tick: int) -> None:
        values = self._pins | {"tick": tick}
        word = 1 << 8 * self._format.event_bytes - 1
        word |= sum(values[name] << bit for bit, name in enumerate(self._format.input_pins))
        self._queue(np.array([word], dtype=np.uint64))

    def pulse(self) -> None:
        """Pulse the time-step pin, and do not wait."""
        self._drive_all(tick=1)

    def tick(self) -> None:
        """Pulse the time-step pin; what follows waits until the core is ready again.

        Raises
        ------
        InputError
            If register `timing_mode` is 1, because then no pin says that the core is ready, or register
            `local_tick` is 1, because nothing tells the host of such a time step.
        BusyError
            If the core does not become ready, as when it waits for a target.
        """
        self._check_tick()
        if self.register_values["local_tick"]:
            raise InputError(
                f"{self.config.core}: register local_tick is 1, on a board waiting for a time step "
                "needs local_tick = 0"
            )
        self.pulse()
        if self._may_stop and not self._shows(self._work_off(), "ready"):
            raise BusyError(f"{self.config.core}: it waits for a target or a configuration")

    @property
    def _may_stop(self) -> bool:
        """Whether the core may wait for its host in this time step: in CONFIG, or for a target."""
        values = self.register_values
        learns = self._pins["target_valid"] or values.get("regul_mode", 0) >> 1 == 3
        return bool(values["config_mode"] or (values.get("learn", 0) and learns))

    def _shows(self, status: int, pin: str) -> int:
        """Return the value of an output pin in a status."""
        return status // Status.PINS >> self._format.output_pins.index(pin) & 1

    def read_pin(self, name: str) -> int:
        """Return the value of an output pin, after it had time to settle.

        Raises
        ------
        InputError
            If there is no such pin.
        """
        self._check_output(name)
        return self._shows(self._work_off(), name)

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
        self._hand_over()
        deadline = time.monotonic() + self._busy_limit
        while self._shows(self._events(), name) != value:
            if time.monotonic() > deadline:
                raise BusyError(f"{self.config.core}: pin {name} stays {1 - value}")
