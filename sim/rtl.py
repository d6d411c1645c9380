"""A simulated core as a device."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..hdl.catalogue import interface_of, pins_of
from ..hdl.config import CoreConfig
from ..hdl.interface.interface import Interface, TimeStep
from ..hdl.interface.pin_map import PinMap
from ..hdl.memory.technology import INFERRED
from .device import BusyError
from .engine import DEFAULT_ENGINE, open_engine
from .engine.engine import Engine
from .link import LinkDevice

__all__ = ["EngineLink", "RtlDevice", "open_rtl"]

#: Clock cycles after which everything that was asked for at a pin has had its effect.
SETTLING = 8

#: Clock cycles for which levels at the pins stand still before anything else happens.
_STANDING = 3

#: Chances of 256 with which each side of a stream waits, if it stalls at random.
_STALLS = {"events": 100, "output": 100, "access": 60}


class EngineLink:
    """A core in an engine, behind the native shell or the published pins; see `Link`.

    Parameters
    ----------
    engine : Engine
        The simulation, reset.
    interface : Interface
        The core's interface.
    pins : PinMap, optional
        The pins it is driven through; its native interface if absent.
    """

    reaches_units = True

    def __init__(self, engine: Engine, interface: Interface, pins: PinMap | None) -> None:
        self.engine = engine
        self._interface = interface
        self._pins = pins
        self._inputs, self._outputs = list(interface.inputs), list(interface.outputs)
        self._idle = "idle" if pins is None else pins.idle
        names = [*interface.bits_in, *interface.statuses]
        self._ports = {name: name for name in names}
        if pins is not None:
            self._ports |= pins.pulses | pins.levels | pins.statuses

    @property
    def cycles(self) -> int:
        """Clock cycles simulated so far."""
        return self.engine.cycles

    def before_access(self) -> None:
        """Do nothing: a simulated core has got everything."""

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, an array of `ACCESS`; return what each has read."""
        if self._pins is None:
            return self.engine.access(self._payloads(requests))
        spi = self._pins.spi
        found = [np.zeros(0, dtype=np.uint64)]
        for part in spi.pack(self._interface, requests):
            back = self.engine.spi(part.words, part.half_period, spi.settling)
            if part.accesses:
                found.append(back[:, 1:].ravel())
        return np.concatenate(found) & np.uint64((1 << spi.reply_bits) - 1)

    def _payloads(self, requests: np.ndarray) -> np.ndarray:
        """Return accesses as the access port takes them."""
        words = np.zeros(len(requests), dtype=np.uint64)
        for name, field in self._interface.request_layout:
            words |= requests[name].astype(np.uint64) << np.uint64(field.offset)
        return words

    def send(self, stream: str, words: np.ndarray) -> None:
        """Send words of an input stream; return when the last has been taken."""
        self.engine.send(self._inputs.index(stream), words)

    def settle(self) -> dict[str, np.ndarray]:
        """Wait until the core is idle; return new words of each output stream."""
        return dict(zip(self._outputs, self.engine.settle(), strict=True))

    def drive(self, name: str, value: int) -> None:
        """Drive a level and hold it."""
        self.engine.set(self._ports[name], value)
        if self._pins is not None:
            self.engine.step(_STANDING)

    def pulse(self, name: str) -> None:
        """Pulse an input."""
        # Pins are high and low for two cycles at least.
        cycles = 1 if self._pins is None else 2
        for level in (1, 0):
            self.engine.set(self._ports[name], level)
            self.engine.step(cycles)

    def tick(self, step: TimeStep, may_stop: bool) -> bool:
        """End a time step; tell whether the core is ready for the next one."""
        self.pulse(step.pulse)
        return self._finish(step)

    def await_tick(self, step: TimeStep, period: int) -> bool:
        """Wait for the end of a time step that the core ends itself."""
        # At rest it makes none, however long one waits.
        try:
            self.engine.wait(self._ports[step.ready], 0, min(period + SETTLING, self.engine.limit))
        except BusyError:
            return True
        return self._finish(step)

    def _finish(self, step: TimeStep) -> bool:
        self.engine.wait(self._idle, 1)
        self.engine.step()
        return bool(self.engine.get(self._ports[step.ready]))

    def status(self, name: str) -> int:
        """Return the value of a status, after it had time to settle."""
        self.engine.step(SETTLING)
        return self.engine.get(self._ports[name])

    def wait(self, name: str, value: int) -> None:
        """Wait until a status has a value."""
        self.engine.wait(self._ports[name], value)

    def transact(self, words: Sequence[int]) -> list[int] | None:
        """Carry out an SPI transaction at the pins; None if there are none."""
        if self._pins is None:
            return None
        spi = self._pins.spi
        reads = bool(words[0] & spi.read)
        half_period = spi.read_half_period if reads else spi.write_half_period
        row = np.array([words], dtype=np.uint64)
        return self.engine.spi(row, half_period, spi.settling)[0].tolist()

    def reset(self) -> None:
        """Reset the core; forget what came."""
        self.engine.reset()

    def close(self) -> None:
        """Free the simulation."""
        self.engine.close()


#: With stalls, the gate closes up to so many clock cycles late: at any moment of an event in
#: progress.
_GATE_DELAY = 256


class RtlDevice(LinkDevice):
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
        Let every stream, and the closing of the gate, wait at random, from this seed.
    memory : str
        Memory technology, by name or as a file: its macros' models take the place of plain
        memories.
    activity : bool
        Count switching activity; for netlists of osu018, in the engine `compiled`.

    Attributes
    ----------
    engine : Engine
        The simulation.

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
        activity: bool = False,
    ) -> None:
        self.engine = open_engine(
            config,
            shell=shell,
            engine=engine,
            netlist=netlist,
            wave=wave,
            memory=memory,
            activity=activity,
        )
        pins = pins_of(config) if shell == "pins" else None
        super().__init__(config, EngineLink(self.engine, interface_of(config), pins))
        if pins is None:
            self.interface = replace(self.interface, reset_clears_registers=True)
        #: Draws how long after an event the gate closes.
        self._random: np.random.Generator | None = None
        if stall_seed is not None:
            self.engine.stall(stall_seed, **_STALLS)
            self._random = np.random.default_rng(stall_seed)

    def _write_register(self, name: str, value: int) -> None:
        closes = name == self.interface.gate.register and value
        if self._random is not None and closes:
            self.engine.step(int(self._random.integers(_GATE_DELAY)))
        super()._write_register(name, value)


def open_rtl(config: CoreConfig, **options: Any) -> RtlDevice:
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
    return RtlDevice(config, **options)
