"""The Device protocol on a simulated core."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..hdl.config import CoreConfig
from ..hdl.interface.access import access_targets
from ..hdl.memory.technology import INFERRED
from .device import Device, check_events, check_gated, check_memory_range, check_words, word_array
from .engine import DEFAULT_ENGINE, open_engine
from .engine.engine import ACCESS
from .spi import SpiFrame

__all__ = ["RtlDevice", "open_rtl"]

#: Device of each core: module of this package and class.
_CLASSES = {
    "tinyodin": ("rtl", "RtlDevice"),
    "odin": ("rtl", "RtlDevice"),
    "reckon": ("ticked_rtl", "TickedRtlDevice"),
}


def open_rtl(config: CoreConfig, **options: Any) -> "RtlDevice":
    """Start a simulation of a core and return the device that speaks to it, freshly reset.

    Parameters
    ----------
    config : CoreConfig
        The core.
    **options
        As for `RtlDevice`.

    Raises
    ------
    InputError
        If the shell, the engine or the netlist's family is unknown or something needed is not
        installed.
    """
    module, name = _CLASSES[config.core]
    return getattr(import_module(f".{module}", __package__), name)(config, **options)


class RtlDevice(Device):
    """A core simulated by an engine; see `Device`.

    Parameters
    ----------
    config : CoreConfig
        The core.
    shell : str
        `native` or `pins`: what the simulated core is driven through.
    engine : str
        Name of an engine, see `spikewright list`.
    netlist : str, optional
        Family of cells to synthesize the core for; what is simulated is the netlist.
    wave : Path, optional
        Waveform file to write.
    stall_seed : int, optional
        Let every stream wait at random, from this seed.
    memory : str
        Memory technology, by name or as a file: its macros' models take the place of plain memories.
    watch : bool
        Count what switches; for netlists of osu018, in the engine `plain`.

    Attributes
    ----------
    engine : Engine
        The simulation.
    register_values : dict of int
        Present values of the registers, by name.

    Raises
    ------
    InputError
        If the engine or the memory technology is unknown or something it needs is not installed.
    """

    def __init__(
        self,
        config: CoreConfig,
        *,
        shell: str = "native",
        engine: str = DEFAULT_ENGINE,
        netlist: str | None = None,
        wave: Path | None = None,
        stall_seed: int | None = None,
        memory: str = INFERRED,
        watch: bool = False,
    ) -> None:
        self.config = config
        self.engine, core = open_engine(
            config,
            shell=shell,
            engine=engine,
            netlist=netlist,
            wave=wave,
            memory=memory,
            watch=watch,
        )
        self.registers = core.registers
        self.memories = core.memories
        self.register_values = self.registers.reset_values()
        self._has_pins = shell == "pins"
        self._prepare()
        if stall_seed is not None:
            self.engine.stall(stall_seed, events=100, output=100, access=60)

    def _prepare(self) -> None:
        """Prepare what a kind of cores needs."""
        self._targets = access_targets(self.memories)
        self._held: list[np.ndarray] = []
        if self._has_pins:
            # A device has this method only if it has SPI pins.
            self._frame = SpiFrame.of(self)
            self.spi = self._spi

    @property
    def cycles(self) -> int:
        """Clock cycles simulated so far."""
        return self.engine.cycles

    def configure(self, **values: int) -> None:
        """Write configuration registers by name, in the order given.

        Clearing `gate` sends the events that were held back.

        Raises
        ------
        InputError
            If there is no such register or it cannot hold the value; no register is written then.
        """
        checked = {name: self.registers.check(name, value) for name, value in values.items()}
        for name, value in checked.items():
            request = np.zeros(1, dtype=ACCESS)  # target 0 are the registers
            request["write"] = 1
            request["address"] = self.registers[name].address
            request["data"] = value
            self.engine.access(request)
            self._written(name, value)

    def _written(self, name: str, value: int) -> None:
        """Note the new value of a register; an open gate lets held events in."""
        self.register_values[name] = value
        if self._held and not self.register_values["gate"]:
            held, self._held = np.concatenate(self._held), []
            self.engine.send(held)

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
        requests = self._byte_requests(memory, at, len(values))
        size = self.memories[memory].bytes_per_word
        data = b"".join(value.to_bytes(size, "little") for value in values)
        requests["write"] = 1
        requests["data"] = np.frombuffer(data, dtype=np.uint8)
        self.engine.access(requests)

    def dump(self, memory: str, at: int = 0, count: int | None = None) -> np.ndarray:
        """Read consecutive words of a memory; all from `at` on if `count` is None.

        Raises
        ------
        InputError
            If there is no such memory, the range leaves it, or register `gate` is 0.
        """
        size, count = check_memory_range(self.memories, self.config.core, memory, at, count)
        check_gated(self.config.core, self.register_values["gate"])
        requests = self._byte_requests(memory, at, count)
        data = self.engine.access(requests).astype(np.uint8).tobytes()
        step = size.bytes_per_word
        return word_array(
            (
                int.from_bytes(data[start : start + step], "little")
                for start in range(0, len(data), step)
            ),
            size.width,
        )

    def _byte_requests(self, memory: str, at: int, count: int) -> np.ndarray:
        size = self.memories[memory].bytes_per_word
        requests = np.zeros(count * size, dtype=ACCESS)
        requests["target"] = self._targets[memory]
        requests["address"] = np.repeat(np.arange(at, at + count), size)
        requests["byte"] = np.tile(np.arange(size), count)
        return requests

    def send(self, events: Iterable[int] | np.ndarray) -> None:
        """Send input event words, in order; does not wait until they have been executed.

        A core takes no event while register `gate` is 1; events are held here until it is 0.

        Raises
        ------
        InputError
            If a word does not fit the core's input.
        BusyError
            If the core takes no event for very long.
        """
        events = check_events(self.config.core, self.config.event_bits, events)
        if self.register_values["gate"]:
            self._held.append(events)
        else:
            self.engine.send(events)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last settle, in order.

        Raises
        ------
        BusyError
            If the core does not become idle in very long.
        """
        return self.engine.settle()

    def _spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction at the pins; return the last eight bits read back."""
        self._frame.check(self.config.core, address, data)
        reply = self.engine.spi([address, data])[1] & 0xFF
        number = self._frame.decode(address).register
        register = None if number is None else self.registers.at(number)
        if register is not None:
            self._written(register.name, data & ((1 << register.width) - 1))
        return reply

    def close(self) -> None:
        """Free the simulation."""
        self.engine.close()
