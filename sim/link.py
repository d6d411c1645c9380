"""The link: the small interface that an engine and a board implement, and the device over it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..hdl.config import CoreConfig
from ..hdl.interface.interface import TimeStep
from ..hdl.interface.pin_map import ACCESS, SpiRequest
from .device import Device, word_array

__all__ = ["Link", "LinkDevice"]


class Link(Protocol):
    """A way to a core; everything is told apart by the names of the core's `Interface`.

    Attributes
    ----------
    cycles : int or None
        Clock cycles so far, if they are counted.
    """

    cycles: int | None

    #: A single byte of a memory word can be accessed; else all bytes of a word are, in order.
    reaches_units: bool

    def before_access(self) -> None:
        """Let what was sent before happen, as far as it can, before registers are written."""

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, an array of `ACCESS`, in order; return what each has read."""

    def send(self, stream: str, words: np.ndarray) -> None:
        """Send words of an input stream, an array of uint64."""

    def settle(self) -> dict[str, np.ndarray]:
        """Wait until the core is idle; return new words of each output stream."""

    def drive(self, name: str, value: int) -> None:
        """Drive a level and hold it."""

    def pulse(self, name: str) -> None:
        """Pulse an input."""

    def tick(self, step: TimeStep, may_stop: bool) -> bool:
        """End a time step; tell whether the core is ready for the next one.

        If the core cannot stop to wait for its host a link need not wait for it.
        """

    def await_tick(self, step: TimeStep, period: int) -> bool:
        """Wait for the end of a time step that the core ends itself after so many clock cycles.

        Tells whether the core is ready; that it makes no time step is no reason to fail.
        """

    def status(self, name: str) -> int:
        """Return the value of a status, after it had time to settle."""

    def wait(self, name: str, value: int) -> None:
        """Wait until a status has a value; raises `BusyError` if that takes too long."""

    def transact(self, words: Sequence[int]) -> list[int] | None:
        """Carry out an SPI transaction at the pins; None if there are none."""

    def reset(self) -> None:
        """Reset the core; forget what was sent and what came."""

    def close(self) -> None:
        """Free the link."""


class LinkDevice(Device):
    """A core behind a link; see `Device`.

    Parameters
    ----------
    config : CoreConfig
        The configuration.
    link : Link
        The way to the core, which is freshly reset; closed with the device.
    """

    def __init__(self, config: CoreConfig, link: Link) -> None:
        super().__init__(config)
        self.link = link

    @property
    def cycles(self) -> int | None:
        """Clock cycles so far, if the link counts them."""
        return self.link.cycles

    def _before_configure(self) -> None:
        self.link.before_access()

    def _write_register(self, name: str, value: int) -> None:
        register = self.registers[name]
        request = np.zeros(1, dtype=ACCESS)
        request["write"] = 1
        request["address"] = register.address
        request["data"] = register.word(value)
        self.link.access(request)

    def _read_register(self, name: str) -> int:
        request = np.zeros(1, dtype=ACCESS)
        request["address"] = self.registers[name].address
        return int(self.link.access(request)[0])

    def _load(self, memory: str, words: list[int], at: int) -> None:
        requests = self._requests(memory, at, len(words))
        bits = self.interface.access_unit
        size = self.interface.units(memory) * bits // 8
        data = b"".join(word.to_bytes(size, "little") for word in words)
        requests["write"] = 1
        requests["data"] = np.frombuffer(data, dtype=f"<u{bits // 8}")
        self.link.access(requests)

    def _dump(self, memory: str, at: int, count: int) -> np.ndarray:
        size = self.memories[memory]
        read = self.link.access(self._requests(memory, at, count))
        data = read.astype(f"<u{self.interface.access_unit // 8}").tobytes()
        step = len(data) // count
        mask = (1 << size.width) - 1
        return word_array(
            (
                int.from_bytes(data[start : start + step], "little") & mask
                for start in range(0, len(data), step)
            ),
            size.width,
        )

    def _requests(self, memory: str, at: int, count: int) -> np.ndarray:
        """Return accesses that read all units of some words, in order."""
        units = self.interface.units(memory)
        requests = np.zeros(count * units, dtype=ACCESS)
        requests["space"] = self.memories[memory].space
        requests["bank"] = self.memories[memory].bank or 0
        words = np.repeat(np.arange(at, at + count), units)
        unit = np.tile(np.arange(units), count)
        if self.interface.access_unit == 8:
            requests["address"], requests["byte"] = words, unit
        else:
            requests["address"] = words << self.interface.unit_bits(memory) | unit
        return requests

    def _send(self, stream: str, words: np.ndarray) -> None:
        self.link.send(stream, words)

    def _settle(self) -> dict[str, np.ndarray]:
        return self.link.settle()

    def _drive(self, name: str, value: int) -> None:
        self.link.drive(name, value)

    def _pulse(self, name: str) -> None:
        self.link.pulse(name)

    def _tick(self) -> bool:
        step = self.interface.time_step
        if step.automatic and self.register_values[step.automatic]:
            return self.link.await_tick(step, self.register_values[step.period])
        return self.link.tick(step, step.may_stop(self.register_values, self.level_values))

    def _status(self, name: str) -> int:
        return self.link.status(name)

    def _wait(self, name: str, value: int) -> None:
        self.link.wait(name, value)

    def _reset(self) -> None:
        self.link.reset()

    def _close(self) -> None:
        self.link.close()

    def _transact(self, words: list[int], requests: Sequence[SpiRequest]) -> list[int]:
        self.link.before_access()
        reply = self.link.transact(words)
        if reply is None:
            return super()._transact(words, requests)
        for request in requests:
            if request.space == 0 and request.write:
                self._note_address_written(request.address, request.data)
        self._release()
        return reply

    def _note_address_written(self, address: int, data: int) -> None:
        """Note what a transaction has written to a register, if there is one."""
        register = self.registers.at(address)
        if register is not None and "W" in register.access:
            self._note_written(register.name, register.take(data))

    def _access_unit(self, request: SpiRequest) -> int | None:
        if self.interface.access_unit == 8 and not self.link.reaches_units:
            return super()._access_unit(request)
        found = np.zeros(1, dtype=ACCESS)
        found["space"], found["address"] = request.space, request.address
        found["byte"] = request.byte
        old = int(self.link.access(found)[0]) if request.read else None
        if request.write:
            found["write"], found["data"], found["mask"] = 1, request.data, request.mask
            self.link.access(found)
        return old
