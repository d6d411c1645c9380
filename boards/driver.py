"""The host's side of the host link: a core on a board as a `Device` (docs/host-link.md)."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from ..hdl.catalogue import interface_of
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
from ..hdl.interface.interface import Interface, TimeStep
from ..sim.device import BusyError
from ..sim.link import LinkDevice

__all__ = [
    "BAUD_RATE",
    "Answer",
    "BoardDevice",
    "BoardLink",
    "HostLinkClient",
    "LinkError",
    "SerialTransport",
    "Transport",
    "open_board",
]

#: Baud rate of all boards.
BAUD_RATE = 1_000_000

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
        """Return bytes that have come, waiting for the first one at most this long; may be
        empty.
        """

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
        """Return bytes that have come, waiting for the first one at most this long; may be
        empty.
        """
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
        Seconds after which a frame without an answer is sent again; bytes of an answer give a
        little more each.
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
            # A byte that has come gives time for itself and no more: a device that sends one now
            # and then would be waited for forever.
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


class BoardLink:
    """A core behind a host link; see `Link`.

    Words of the input stream, levels and pulses are one sequence of events, which the board works
    off at its own pace. For a core with levels or pulses they are collected here and go out in
    whole frames, or as soon as something has to be known.

    Parameters
    ----------
    config : CoreConfig
        The configuration that the board must hold.
    interface : Interface
        Its interface.
    transport : Transport
        Way to the board; closed with the link.
    timeout : float
        Seconds after which a frame without an answer is sent again; bytes of an answer give a
        little more each.
    attempts : int
        How often a frame is sent before the board is given up.
    busy_limit : float
        Seconds after which a core that has not become idle raises `BusyError`.

    Attributes
    ----------
    client : HostLinkClient
        What exchanges frames.

    Raises
    ------
    InputError
        If nothing answers, or a board with another configuration.
    """

    cycles = None

    #: A memory is reached word by word.
    reaches_units = False

    def __init__(
        self,
        config: CoreConfig,
        interface: Interface,
        transport: Transport,
        *,
        timeout: float,
        attempts: int,
        busy_limit: float,
    ) -> None:
        self.client = HostLinkClient(transport, timeout=timeout, attempts=attempts)
        self._config = config
        self._interface = interface
        self._transport = transport
        self._busy_limit = busy_limit
        self._format = LinkFormat.of(interface)
        self._levels = dict.fromkeys(interface.levels, 0)
        self._waiting = np.zeros(0, dtype=np.uint64)
        self._words: list[int] = []
        self._runs_away = False
        # Nothing has been done since the core was last seen idle that could make it work.
        self._at_rest = False
        self._gate_value = 0
        self._is_automatic = 0
        try:
            self._connect()
        except BaseException:
            transport.close()
            raise

    def _connect(self) -> None:
        self.client.flush()
        try:
            found = self.client.exchange(
                Command.IDENTIFY, bytes(IDENTITY_BYTES), lambda *_: IDENTITY_BYTES
            ).body
        except LinkError:
            raise InputError(
                f"{self._transport.name}: no answer; is it the right port, is the board programmed?"
            ) from None
        expected = identity(self._config)
        if found != expected:
            name = found[1:9].rstrip(b"\0").decode("ascii", "replace")
            if found[0] != PROTOCOL_VERSION:
                reason = f"host link version {found[0]}, this is version {PROTOCOL_VERSION}"
            elif found[1:9] != expected[1:9]:
                reason = f"the core {name}, not {self._config.core}"
            else:
                reason = f"another configuration of {name} than {self._config.name}"
            raise InputError(f"{self._transport.name}: the board holds {reason}; program it again")
        self._reset()
        # Levels of the board keep what they had, and registers that a reset leaves alone.
        if self._interface.levels:
            self._queue_inputs()
        if not self._interface.reset_clears_registers:
            for register in self._interface.registers:
                if "W" in register.access:
                    self._write_register(register.address, register.word(register.reset))

    def _reset(self) -> None:
        self._at_rest = False
        self.client.exchange(Command.RESET, b"", lambda *_: 0)
        self._words.clear()
        self._waiting = self._waiting[:0]
        if self._interface.reset_clears_registers:
            for register in self._interface.registers:
                self._follow(register.address, register.word(register.reset))

    def reset(self) -> None:
        """Reset the core; forget what was sent and what came."""
        # What was sent before happens before, unless it never ends.
        if not self._runs_away:
            with contextlib.suppress(BusyError):
                self._work_off()
        self._runs_away = False
        self._reset()

    def before_access(self) -> None:
        """Let what was sent before happen, unless the core is gated.

        After a `BusyError` it does not wait: closing the gate stops a network that keeps itself
        going.
        """
        if not self._runs_away:
            self._work_off()
        self._runs_away = False

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, an array of `ACCESS`; return what each has read.

        Where a word is reached byte by byte, all bytes of a word are there, in order.
        """
        found = np.zeros(len(requests), dtype=np.uint64)
        if not len(requests):
            return found
        first = requests[0]
        if first["space"] == 0:
            for index, request in enumerate(requests.tolist()):
                write, _, _, address, _, data, _ = request
                if write:
                    self._write_register(address, data)
                else:
                    size = self._format.register_bytes
                    found[index] = int.from_bytes(self._read(0, address, size), "big")
            return found
        self._come_to_rest()
        # Bytes of a word come least significant first, bytes of a chunk most significant first.
        unit = self._format.unit_bytes
        (size,) = {
            memory.bytes_per_word
            for memory in self._interface.memories.values()
            if memory.space == first["space"]
        }
        size = unit if unit > 1 else size
        order = ">" if unit > 1 else "<"
        space, at = int(first["space"]), requests["address"][:: size // unit]
        data = requests["data"].astype(f"{order}u{unit}").tobytes()
        read = []
        room = LONGEST_BODY - 1 - self._format.address_bytes if first["write"] else LONGEST_BODY
        for start, stop in _runs(at, room // size):
            if first["write"]:
                self._write(space, int(at[start]), data[start * size : stop * size])
            else:
                read.append(self._read(space, int(at[start]), (stop - start) * size))
        if read:
            found[:] = np.frombuffer(b"".join(read), dtype=f"{order}u{unit}")
        return found

    def _write_register(self, address: int, data: int) -> None:
        self._write(0, address, data.to_bytes(self._format.register_bytes, "big"))
        self._follow(address, data)

    def _follow(self, address: int, data: int) -> None:
        """Follow the registers that say how the core goes on."""
        register = self._interface.registers.at(address)
        step = self._interface.time_step
        if register is None:
            return
        if register.name == self._interface.gate.register:
            self._gate_value = register.take(data)
        elif step is not None and register.name == step.automatic:
            self._is_automatic = register.take(data)

    def _place(self, space: int, address: int) -> bytes:
        return bytes([space]) + address.to_bytes(self._format.address_bytes, "big")

    def _write(self, space: int, address: int, data: bytes) -> None:
        """Write registers or a memory in one frame."""
        # Registers let the core work; before events reach it they must have opened its gate.
        self._at_rest = self._at_rest and space != 0
        answer = self.client.exchange(
            Command.WRITE, self._place(space, address) + data, lambda *_: 0
        )
        self._check_done(answer)

    def _read(self, space: int, address: int, count: int) -> bytes:
        """Read bytes of a memory in one frame."""
        answer = self.client.exchange(
            Command.READ,
            self._place(space, address) + bytes([count]),
            lambda status, _: 0 if status & Status.REFUSED else count,
        )
        self._check_done(answer)
        return answer.body

    def _check_done(self, answer: Answer) -> None:
        if answer.status & Status.REFUSED:
            raise LinkError(f"{self._transport.name}: the core is busy although it is gated")

    def send(self, stream: str, words: np.ndarray) -> None:
        """Send words of the input stream."""
        self._queue(words)

    def _queue(self, events: np.ndarray) -> None:
        """Let events follow those that wait; hand them over at once, or once they fill a frame."""
        self._at_rest = False
        self._waiting = np.concatenate([self._waiting, events])
        collects = self._format.inputs and not self._is_automatic
        if not collects or len(self._waiting) >= self._frame_events:
            self._hand_over()

    def drive(self, name: str, value: int) -> None:
        """Drive a level and hold it."""
        self._levels[name] = value
        self._queue_inputs()

    def pulse(self, name: str) -> None:
        """Pulse an input."""
        self._queue_inputs(name)

    def _queue_inputs(self, pulse: str | None = None) -> None:
        values = self._levels | dict.fromkeys(self._interface.pulses, 0)
        if pulse is not None:
            values[pulse] = 1
        word = 1 << 8 * self._format.event_bytes - 1
        word |= sum(values[name] << bit for bit, name in enumerate(self._format.inputs))
        self._queue(np.array([word], dtype=np.uint64))

    def settle(self) -> dict[str, np.ndarray]:
        """Wait until the core is idle; return new words of the output stream."""
        self._work_off()
        words, self._words = self._words, []
        return {self._interface.output: np.array(words, dtype=np.uint64)}

    def tick(self, step: TimeStep, may_stop: bool) -> bool:
        """End a time step; tell whether the core is ready for the next one, as far as it
        matters.
        """
        self.pulse(step.pulse)
        return not may_stop or bool(self._shows(self._work_off(), step.ready))

    def await_tick(self, step: TimeStep, period: int) -> bool:
        """Refuse: nothing tells the host of the end of such a time step."""
        raise InputError(
            f"{self._config.core}: register {step.automatic} is 1, on a board waiting for a time step "
            f"needs {step.automatic} = 0"
        )

    def _shows(self, status: int, name: str) -> int:
        """Return the value of one of the core's statuses in the status of an answer."""
        return status // Status.STATUSES >> self._format.statuses.index(name) & 1

    def status(self, name: str) -> int:
        """Return the value of a status, after it had time to settle."""
        return self._shows(self._work_off(), name)

    def wait(self, name: str, value: int) -> None:
        """Wait until a status has a value."""
        self._hand_over()
        deadline = time.monotonic() + self._busy_limit
        while self._shows(self._events(), name) != value:
            if time.monotonic() > deadline:
                raise BusyError(f"{self._config.core}: {name} stays {1 - value}")

    def transact(self, words: Sequence[int]) -> list[int] | None:
        """Return None: there are no SPI pins."""
        return None

    @property
    def _gated(self) -> bool:
        """Whether the core takes no events now."""
        return self._interface.gate.holds_events and bool(self._gate_value)

    def _hand_over(self) -> None:
        """Pass waiting events to the board."""
        deadline = time.monotonic() + self._busy_limit
        while len(self._waiting) and not self._gated:
            before = len(self._waiting)
            self._events()
            if len(self._waiting) < before:
                deadline = time.monotonic() + self._busy_limit
            elif time.monotonic() > deadline:
                self._runs_away = True
                raise BusyError(f"{self._config.core}: the core takes no input event")

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
                    f"{self._config.core}: not idle within {self._busy_limit:g} seconds: "
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
        answer = self.client.exchange(
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


class BoardDevice(LinkDevice):
    """A core on a board; see `Device`.

    Parameters
    ----------
    config : CoreConfig
        The configuration that the board must hold.
    transport : Transport
        Way to the board; closed with the device.
    timeout : float, optional
        Seconds without an answer after which a frame is sent again; more if absent where a frame
        may hold time steps, which take some time.
    attempts : int
        How often a frame is sent before the board is given up.
    busy_limit : float
        Seconds after which a core that has not become idle raises `BusyError`.

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
        timeout: float | None = None,
        attempts: int = 8,
        busy_limit: float = 30.0,
    ) -> None:
        interface = interface_of(config)
        if timeout is None:
            timeout = 2.0 if interface.bits_in else 0.25
        link = BoardLink(
            config,
            interface,
            transport,
            timeout=timeout,
            attempts=attempts,
            busy_limit=busy_limit,
        )
        super().__init__(config, link)


def _runs(addresses: np.ndarray, longest: int) -> Iterator[tuple[int, int]]:
    """Cut words into runs for frames: of consecutive addresses, within a block; give the bounds."""
    breaks = (np.diff(addresses.astype(np.int64)) != 1) | (addresses[1:] % BLOCK == 0)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(addresses)]
    for start, stop in pairwise(edges):
        for at in range(start, stop, longest):
            yield at, min(at + longest, stop)


def open_board(
    config: CoreConfig, port: str, baud_rate: int = BAUD_RATE, **options: Any
) -> BoardDevice:
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
        As for `BoardDevice`.

    Raises
    ------
    InputError
        If the port cannot be opened, nothing answers, or a board with another configuration.
    """
    return BoardDevice(config, SerialTransport(port, baud_rate), **options)
