"""The host's side of the host link: a core on a board as a `Device` (docs/host-link.md)."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from amaranth.hdl import Shape

from ..hdl.catalogue import make_core
from ..hdl.config import CoreConfig
from ..hdl.error import InputError, RunError
from ..hdl.extra import require
from ..hdl.interface.host_link import (
    FLUSH_BYTES,
    IDENTITY_BYTES,
    LONGEST_BODY,
    PROTOCOL_VERSION,
    SYNC_REQUEST,
    SYNC_RESPONSE,
    Command,
    LinkFormat,
    Status,
    checksum,
    identity,
)
from ..sim.device import (
    BusyError,
    Device,
    check_events,
    check_gated,
    check_memory_range,
    check_words,
    word_array,
)

__all__ = [
    "BAUD_RATE",
    "Answer",
    "HostLinkClient",
    "LinkDevice",
    "LinkError",
    "SerialTransport",
    "Transport",
    "open_board",
]

#: Baud rate of all boards.
BAUD_RATE = 1_000_000

#: Device of a core that is not a `LinkDevice`: module of this package and class.
_CLASSES = {"reckon": ("ticked_driver", "TickedLinkDevice")}

#: Addresses that a frame counts up: it stays within a block of so many.
BLOCK = 256

#: Bytes of a response before its body, and its checksum.
_HEAD_BYTES = 5
_CHECKSUM_BYTES = 2


#: Seconds in which a port must take a frame.
_WRITE_SECONDS = 5.0


class LinkError(RunError):
    """A board that was answering has stopped to, or contradicts itself."""


class Transport(Protocol):
    """Bytes to and from a board; they may be damaged, lost or made up on the way.

    Attributes
    ----------
    name : str
        What it is, for messages.
    seconds_per_byte : float
        What a byte may take on the way.
    """

    name: str
    seconds_per_byte: float

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def read(self, seconds: float) -> bytes:
        """Return bytes that have come, waiting for the first one at most this long; may be empty."""

    def close(self) -> None:
        """Free the transport."""


class SerialTransport:
    """A serial port.

    Parameters
    ----------
    port : str
        Name of the port, as in `COM4` or `/dev/ttyUSB1`.
    baud_rate : int
        Its baud rate.

    Raises
    ------
    InputError
        If the port cannot be opened, or the package pyserial is not installed.
    """

    def __init__(self, port: str, baud_rate: int = BAUD_RATE) -> None:
        with require("board"):
            import serial
        self.name = f"serial port {port}"
        # Twice the time of its ten bits, and what computers take besides.
        self.seconds_per_byte = max(20 / baud_rate, 0.001)
        # SerialException is an OSError.
        try:
            self._serial = serial.Serial(
                port, baud_rate, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True
            )
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.name} cannot be opened: {reason}") from None
        # Twice the time of its ten bits, and what computers take besides.
        self.seconds_per_byte = max(20 / baud_rate, 0.001)
        # Otherwise FTDI's driver holds answers back for 16 ms. Not all ports can do it.
        with contextlib.suppress(OSError, ValueError, NotImplementedError, AttributeError):
            self._serial.set_low_latency_mode(True)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self._serial.write(data)
        except OSError as error:
            raise LinkError(f"{self.name} cannot be written: {error}") from None

    def read(self, seconds: float) -> bytes:
        """Return bytes that have come, waiting for the first one at most this long; may be empty."""
        try:
            self._serial.timeout = max(seconds, 0)
            first = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""
        except OSError as error:
            raise LinkError(f"{self.name} cannot be read: {error}") from None

    def close(self) -> None:
        """Close the port."""
        self._serial.close()


@dataclass(frozen=True)
class Answer:
    """A response of the board, as in docs/host-link.md."""

    status: int
    accepted: int
    words: int
    body: bytes


class HostLinkClient:
    """Exchanges frames with a board: sends, waits, repeats.

    Parameters
    ----------
    transport : Transport
        Way to the board.
    timeout : float
        Seconds after which a frame without an answer is sent again; bytes of an answer give a little
        more each.
    attempts : int
        How often a frame is sent before the board is given up.

    Attributes
    ----------
    repeated : int
        Frames sent again so far, a measure of the line's quality.
    """

    def __init__(self, transport: Transport, *, timeout: float = 0.25, attempts: int = 8) -> None:
        self._transport = transport
        self._timeout = timeout
        self._attempts = attempts
        self._tag = 0
        self.repeated = 0

    def exchange(
        self, command: Command, body: bytes, answer_bytes: Callable[[int, int], int | None]
    ) -> Answer:
        """Send a frame and return its answer.

        Parameters
        ----------
        command : Command
            What to do.
        body : bytes
            Body of the frame, at most `LONGEST_BODY`.
        answer_bytes : callable
            Bytes of the answer's body, from its status and its number of output words, or None if
            they cannot be right.

        Raises
        ------
        LinkError
            If there is no answer.
        """
        assert len(body) <= LONGEST_BODY
        self._tag = (self._tag + 1) % 32
        head = self._tag << 3 | command.value
        frame = bytes([SYNC_REQUEST, head, len(body)]) + body
        frame += checksum(frame[1:]).to_bytes(2, "big")
        for attempt in range(self._attempts):
            if attempt:
                self.repeated += 1
                self.flush()
            self._transport.write(frame)
            answer = self._receive(head, answer_bytes)
            if answer is not None:
                return answer
        raise LinkError(f"{self._transport.name}: the board has stopped answering")

    def flush(self) -> None:
        """End whatever the board is receiving or sending."""
        self._transport.write(bytes(FLUSH_BYTES))

    def _receive(self, head: int, answer_bytes: Callable[[int, int], int | None]) -> Answer | None:
        start = time.monotonic()
        data = b""
        while True:
            # A byte that has come gives time for itself and no more: a device that sends one now and
            # then would be waited for forever.
            given = self._timeout + len(data) * self._transport.seconds_per_byte
            left = start + given - time.monotonic()
            more = self._transport.read(left) if left > 0 else b""
            if not more:
                return None
            data += more
            answer = _find_answer(data, head, answer_bytes)
            if answer is not None:
                return answer
            # Nothing that long can be an answer: somebody else is talking.
            if len(data) > 16 * FLUSH_BYTES:
                return None


def _find_answer(
    data: bytes, head: int, answer_bytes: Callable[[int, int], int | None]
) -> Answer | None:
    """Return the first undamaged answer with this second byte, wherever it starts."""
    start = data.find(bytes([SYNC_RESPONSE, head]))
    while start >= 0:
        if len(data) >= start + _HEAD_BYTES:
            status = data[start + 2]
            count = answer_bytes(status, data[start + 4])
            if count is not None:
                end = start + _HEAD_BYTES + count
                frame = data[start : end + _CHECKSUM_BYTES]
                if len(frame) == _HEAD_BYTES + count + _CHECKSUM_BYTES and not checksum(frame[1:]):
                    return Answer(status, frame[3], frame[4], frame[_HEAD_BYTES:-_CHECKSUM_BYTES])
        start = data.find(bytes([SYNC_RESPONSE, head]), start + 1)
    return None


class LinkDevice(Device):
    """A core behind a host link; see `Device`.

    Parameters
    ----------
    config : CoreConfig
        The configuration that the board must hold.
    transport : Transport
        Way to the board; closed with the device.
    timeout : float
        Seconds after which a frame without an answer is sent again; bytes of an answer give a little
        more each.
    attempts : int
        How often a frame is sent before the board is given up.
    busy_limit : float
        Seconds after which a core that has not become idle raises `BusyError`.
    core : wiring.Component, optional
        The core, for its ports and registers; made from the configuration if absent.

    Raises
    ------
    InputError
        If nothing answers, or a board with another configuration.
    """

    def __init__(
        self,
        config: CoreConfig,
        transport: Transport,
        *,
        timeout: float = 0.25,
        attempts: int = 8,
        busy_limit: float = 30.0,
        core: Any = None,
    ) -> None:
        self.config = config
        self._transport = transport
        if core is None:
            core = make_core(config)
            # Only its ports are looked at: it is not elaborated here.
            core._MustUse__silence = True
        self.registers = core.registers
        self.memories = core.memories
        self.cycles = None
        self.link = HostLinkClient(transport, timeout=timeout, attempts=attempts)
        self._busy_limit = busy_limit
        self._targets = core.targets
        self._format = LinkFormat.of_core(core)
        self._event_bits = Shape.cast(core.events.p.shape()).width
        self.register_values = self.registers.reset_values()
        self._waiting = np.zeros(0, dtype=np.uint64)
        self._words: list[int] = []
        self._runs_away = False
        # Nothing has been done since the core was last seen idle that could make it work.
        self._at_rest = False
        try:
            self._connect()
        except BaseException:
            transport.close()
            raise

    def _connect(self) -> None:
        self.link.flush()
        try:
            found = self.link.exchange(
                Command.IDENTIFY, bytes(IDENTITY_BYTES), lambda *_: IDENTITY_BYTES
            ).body
        except LinkError:
            raise InputError(
                f"{self._transport.name}: no answer; is it the right port, is the board programmed?"
            ) from None
        expected = identity(self.config)
        if found != expected:
            name = found[1:9].rstrip(b"\0").decode("ascii", "replace")
            if found[0] != PROTOCOL_VERSION:
                reason = f"host link version {found[0]}, this is version {PROTOCOL_VERSION}"
            elif found[1:9] != expected[1:9]:
                reason = f"the core {name}, not {self.config.core}"
            else:
                reason = f"another configuration of {name} than {self.config.name}"
            raise InputError(f"{self._transport.name}: the board holds {reason}; program it again")
        self._reset()

    def _reset(self) -> None:
        """Reset the core and what the link and this device keep of it."""
        self.link.exchange(Command.RESET, b"", lambda *_: 0)
        # Registers survive it. One that gates the core comes last.
        self._write_registers(self.registers.reset_values())

    def configure(self, **registers: int) -> None:
        """Write configuration registers by name, in the order given.

        Events sent before are executed before, unless register `gate` is 1. After a `BusyError` it does
        not wait for them: setting `gate` stops a network that keeps itself going.

        Raises
        ------
        InputError
            If there is no such register or it cannot hold the value; none is written then.
        BusyError
            If the core does not become idle.
        """
        for name, value in registers.items():
            self.registers.check(name, value)
        if not self._runs_away:
            self._work_off()
        self._runs_away = False
        self._write_registers(registers)

    def _write_registers(self, values: dict[str, int]) -> None:
        for name, value in values.items():
            data = value.to_bytes(self._format.register_bytes, "big")
            self._write(0, self.registers[name].address, data)
            self.register_values[name] = value

    def _place(self, target: int, address: int) -> bytes:
        return bytes([target]) + address.to_bytes(self._format.address_bytes, "big")

    def _write(self, target: int, address: int, data: bytes) -> None:
        """Write registers or a memory in one frame."""
        # Registers let the core work; before events reach it they must have opened its gate.
        self._at_rest = self._at_rest and target != 0
        answer = self.link.exchange(
            Command.WRITE, self._place(target, address) + data, lambda *_: 0
        )
        self._check_done(answer)

    def _read(self, target: int, address: int, count: int) -> bytes:
        """Read bytes of a memory in one frame."""
        answer = self.link.exchange(
            Command.READ,
            self._place(target, address) + bytes([count]),
            lambda status, _: 0 if status & Status.REFUSED else count,
        )
        self._check_done(answer)
        return answer.body

    def _check_done(self, answer: Answer) -> None:
        if answer.status & Status.REFUSED:
            raise LinkError(f"{self._transport.name}: the core is busy although it is gated")

    def load(self, memory: str, words: Sequence[int] | np.ndarray, at: int = 0) -> None:
        """Write consecutive words of a memory, from word `at`.

        Raises
        ------
        InputError
            If there is no such memory, a word does not fit, the range leaves the memory, or
            register `gate` is 0.
        """
        values = check_words(self.memories, self.config.core, memory, words, at)
        check_gated(self.config.core, self.register_values["gate"])
        self._come_to_rest()
        size = self.memories[memory].bytes_per_word
        step = (LONGEST_BODY - 1 - self._format.address_bytes) // size
        for start, stop in _runs(at, len(values), step):
            run = values[start - at : stop - at]
            data = b"".join(value.to_bytes(size, "little") for value in run)
            self._write(self._targets[memory], start, data)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory; all from `at` on if `count` is None.

        Raises
        ------
        InputError
            If there is no such memory, the range leaves it, or register `gate` is 0.
        """
        size, count = check_memory_range(self.memories, self.config.core, memory, at, count)
        check_gated(self.config.core, self.register_values["gate"])
        self._come_to_rest()
        data = b"".join(
            self._read(self._targets[memory], start, (stop - start) * size.bytes_per_word)
            for start, stop in _runs(at, count, LONGEST_BODY // size.bytes_per_word)
        )
        return word_array(
            (
                int.from_bytes(data[start : start + size.bytes_per_word], "little")
                for start in range(0, len(data), size.bytes_per_word)
            ),
            size.width,
        )

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input event words, in order; does not wait until they have been executed.

        Raises
        ------
        InputError
            If a word does not fit the core's input.
        BusyError
            If the core takes no event for a long time.
        """
        values = check_events(self.config.core, self._event_bits, events)
        self._waiting = np.concatenate([self._waiting, values])
        self._hand_over()

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last settle, in order.

        Raises
        ------
        BusyError
            If the core does not become idle.
        """
        self._work_off()
        words, self._words = self._words, []
        return np.array(words, dtype=np.uint64)

    @property
    def _gated(self) -> bool:
        """Whether the core takes no events now."""
        return bool(self.register_values["gate"])

    def _hand_over(self) -> None:
        """Pass waiting events to the board; events for a gated core stay here."""
        deadline = time.monotonic() + self._busy_limit
        while len(self._waiting) and not self._gated:
            before = len(self._waiting)
            self._events()
            if len(self._waiting) < before:
                deadline = time.monotonic() + self._busy_limit
            elif time.monotonic() > deadline:
                self._runs_away = True
                raise BusyError(f"{self.config.core}: the core takes no input event")

    def _come_to_rest(self) -> None:
        """Wait until the core is idle, as it must be for an access to a memory."""
        if not self._at_rest:
            self._work_off()
            self._at_rest = True

    def _work_off(self) -> int:
        """Wait until the core is idle and all its words have come; return the status."""
        self._hand_over()
        deadline = time.monotonic() + self._busy_limit
        # While the core is gated an event that the board has already may wait there.
        undone = 0 if self._gated else Status.EVENT_WAITS
        while True:
            status = self._events()
            if status & Status.IDLE and not status & undone:
                return status
            if time.monotonic() > deadline:
                self._runs_away = True
                raise BusyError(
                    f"{self.config.core}: not idle within {self._busy_limit:g} seconds: "
                    "the network keeps itself going"
                )

    @property
    def _frame_events(self) -> int:
        """Events that fit into a frame."""
        return LONGEST_BODY // self._format.event_bytes

    def _events(self) -> int:
        """Exchange one frame, events for output words; return the status."""
        sizes = self._format
        batch = self._waiting[: 0 if self._gated else self._frame_events]
        body = b"".join(int(event).to_bytes(sizes.event_bytes, "big") for event in batch)
        answer = self.link.exchange(
            Command.EVENTS,
            body,
            lambda _, words: words * sizes.output_bytes if words <= sizes.output_depth else None,
        )
        done = answer.accepted // sizes.event_bytes
        if done > len(batch):
            raise LinkError(f"{self._transport.name}: somebody else sends events to the board")
        self._waiting = self._waiting[done:]
        size = sizes.output_bytes
        self._words += (
            int.from_bytes(answer.body[start : start + size], "big")
            for start in range(0, len(answer.body), size)
        )
        return answer.status

    def close(self) -> None:
        """Close the way to the board."""
        self._transport.close()


def _runs(at: int, count: int, step: int) -> Iterator[tuple[int, int]]:
    """Cut addresses into runs for frames, at most `step` long and within a block; give the bounds."""
    start = at
    while start < at + count:
        stop = min(start + step, at + count, (start // BLOCK + 1) * BLOCK)
        yield start, stop
        start = stop


def open_board(
    config: CoreConfig, port: str, baud_rate: int = BAUD_RATE, **options: Any
) -> LinkDevice:
    """Return the device that speaks to a core on a board, over a serial port.

    Parameters
    ----------
    config : CoreConfig
        The configuration that the board must hold.
    port : str
        Name of the serial port.
    baud_rate : int
        Its baud rate; all boards use `BAUD_RATE`.
    options
        As for `LinkDevice`.

    Raises
    ------
    InputError
        If the port cannot be opened, nothing answers, or a board with another configuration.
    """
    module, name = _CLASSES.get(config.core, ("driver", "LinkDevice"))
    device = getattr(import_module(f".{module}", __package__), name)
    return device(config, SerialTransport(port, baud_rate), **options)
