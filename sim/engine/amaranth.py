"""Engine: Amaranth's own simulator, in Python.

Slow, but it needs no compiler, and it runs the design before any other tool has touched it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from ...hdl.interface.access import access_targets
from .engine import EngineError
from .host import HostKind
from .waveform import wave_failure

__all__ = ["AmaranthEngine"]


class AmaranthEngine:
    """Simulation in Amaranth's simulator; see `Engine`.

    Parameters
    ----------
    component : wiring.Component
        The core behind a shell.
    host : HostKind
        What speaks to the shell.
    core : wiring.Component
        The core in the shell.
    wave : Path, optional
        VCD file to write.

    Attributes
    ----------
    limit : int
        Clock cycles that the core may take for one event, one access or to become idle.
    """

    limit = 1_000_000

    def __init__(
        self,
        component: wiring.Component,
        *,
        host: HostKind,
        core: wiring.Component,
        wave: Path | None = None,
    ) -> None:
        self.cycles = 0
        self._ports = {
            "__".join(map(str, path)): Value.cast(port)
            for path, _, port in component.signature.flatten(component)
        }
        self._clock = self._ports[host.clock]
        self._reset = host.reset
        self._driven: dict[str, int] = {}
        self._sampled: dict[str, int] = {}
        self._outputs: list[int] = []
        self._random = np.random.default_rng(0)
        self._stalls = {"events": 0, "output": 0, "access": 0}
        self._sampled_names = [
            name
            for (path, member, _) in component.signature.flatten(component)
            for name in ["__".join(map(str, path))]
            if member.flow is wiring.Out
        ]
        self._simulator = Simulator(component)
        self._cycle_wanted = False
        self._simulator.add_testbench(self._run)
        self._wave = None
        self._wave_path = wave
        if wave is not None:
            with self._writing():
                self._wave = self._simulator.write_vcd(str(wave))
                self._wave.__enter__()
        hosts = {"native": _Native, "odin_pins": _OdinPins, "reckon_pins": _ReckonPins}
        self._host = hosts[host.name](self, core)
        self.reset()

    async def _run(self, context: object) -> None:
        """Carry out one clock cycle each time one is wanted."""
        while True:
            await context.delay(1e-9)
            for name, value in self._driven.items():
                context.set(self._ports[name], value)
            self._driven.clear()
            await context.delay(4e-9)
            for name in self._sampled_names:
                self._sampled[name] = context.get(self._ports[name])
            context.set(self._clock, 1)
            await context.delay(5e-9)
            context.set(self._clock, 0)
            self._cycle_wanted = False

    def _cycle(self) -> None:
        self._cycle_wanted = True
        with self._writing():
            while self._cycle_wanted:
                self._simulator.advance()
        self.cycles += 1

    def _stalled(self, side: str) -> bool:
        chance = self._stalls[side]
        return chance > 0 and self._random.integers(256) < chance

    def stall(self, seed: int, *, events: int = 0, output: int = 0, access: int = 0) -> None:
        """Let each side of a stream wait at random; each number is a chance of 256 per draw."""
        self._random = np.random.default_rng(seed)
        self._stalls = {"events": events, "output": output, "access": access}

    def set(self, port: str, value: int) -> None:
        """Drive an input port from the next cycle on."""
        self._driven[port] = value

    def get(self, port: str) -> int:
        """Return the value a port had in the last cycle."""
        return self._sampled[port]

    def step(self, cycles: int = 1) -> None:
        """Let clock cycles pass."""
        for _ in range(cycles):
            self._host.cycle()

    def reset(self) -> None:
        """Pulse the reset and forget output words."""
        self.set(self._reset, 1)
        self.step(4)
        self.set(self._reset, 0)
        self.step(4)
        self._outputs.clear()

    def send(self, events: np.ndarray) -> None:
        """Send input events; return when the last has been taken."""
        for word in events:
            while self._stalled("events"):
                self.step()
            self._host.send(int(word))

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, an array of `ACCESS`; return what was read, one number for each."""
        result = np.zeros(len(requests), dtype=np.uint32)
        for index, request in enumerate(requests):
            while self._stalled("access"):
                self.step()
            result[index] = self._host.access(
                {name: int(request[name]) for name in requests.dtype.names}
            )
        return result

    def spi(self, words: Sequence[int], half_period: int = 2) -> list[int]:
        """Carry out a raw SPI transaction; return what was shifted out with each word."""
        return self._host.spi(words, half_period)

    def wait(self, port: str, value: int, limit: int | None = None) -> None:
        """Let clock cycles pass until a port has a value."""
        limit = self.limit if limit is None else limit
        for _ in range(limit):
            self.step()
            if self.get(port) == value:
                return
        raise EngineError(f"{port} was not {value} within {limit} cycles")

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last time."""
        quiet = 0
        start = self.cycles
        while quiet < self._host.quiet_cycles:
            if self.cycles - start > self.limit:
                raise EngineError(f"the core was not idle within {self.limit} cycles")
            self.step()
            quiet = quiet + 1 if self._host.idle() else 0
        words = np.array(self._outputs, dtype=np.uint64)
        self._outputs.clear()
        return words

    def close(self) -> None:
        """Free the simulation.

        Raises
        ------
        InputError
            If its waveforms could not be written as a whole.
        """
        wave, self._wave = self._wave, None
        if wave is not None:
            with self._writing():
                wave.__exit__(None, None, None)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Explain what goes wrong with the waveforms."""
        try:
            yield
        except OSError as error:
            raise wave_failure(self._wave_path, error.strerror or str(error)) from None


class _Native:
    """The native interface."""

    quiet_cycles = 1

    def __init__(self, engine: AmaranthEngine, core: wiring.Component) -> None:
        self._engine = engine
        self._request = core.access.request.payload.shape()

    def cycle(self) -> None:
        engine = self._engine
        ready = not engine._stalled("output")
        engine.set("output__ready", int(ready))
        engine._cycle()
        if ready and engine.get("output__valid"):
            engine._outputs.append(engine.get("output__payload"))

    def idle(self) -> bool:
        return bool(self._engine.get("idle"))

    def _transfer(self, stream: str, payload: int) -> None:
        engine = self._engine
        engine.set(f"{stream}__payload", payload)
        engine.set(f"{stream}__valid", 1)
        for _ in range(engine.limit):
            self.cycle()
            if engine.get(f"{stream}__ready"):
                engine.set(f"{stream}__valid", 0)
                return
        raise EngineError(
            f"the core took nothing from the stream {stream} for {engine.limit} cycles"
        )

    def send(self, word: int) -> None:
        self._transfer("events", word)

    def access(self, request: dict[str, int]) -> int:
        fields = {name: request[name] for name, _ in self._request}
        self._transfer("access__request", self._request.const(fields).as_value().value)
        return self._engine.get("access__data")


class _Pins:
    """What hosts at the published pins share: four-phase buses and SPI in mode 0.

    A subclass says how its chip calls the output bus, and how many bits an SPI word has.
    """

    # What has just been asked for at the pins passes two flip-flops first.
    quiet_cycles = 4

    output_request: ClassVar[str]
    output_acknowledge: ClassVar[str]
    output_word: ClassVar[str]
    spi_bits: int

    def __init__(self, engine: AmaranthEngine) -> None:
        self._engine = engine
        self._acknowledge = 0
        self._idle = False

    def cycle(self) -> None:
        engine = self._engine
        engine._cycle()
        request = engine.get(self.output_request)
        self._idle = bool(engine.get("IDLE")) and not request and not self._acknowledge
        if request != self._acknowledge and not engine._stalled("output"):
            self._acknowledge = request
            engine.set(self.output_acknowledge, request)
            if request:
                engine._outputs.append(engine.get(self.output_word))

    def idle(self) -> bool:
        return self._idle

    def _wait_acknowledge(self, level: int) -> None:
        for _ in range(self._engine.limit):
            self.cycle()
            if self._engine.get("AERIN_ACK") == level:
                return
        raise EngineError(f"AERIN_ACK was not {level} within {self._engine.limit} cycles")

    def _set_event(self, word: int) -> None:
        self._engine.set("AERIN_ADDR", word)

    def send(self, word: int) -> None:
        engine = self._engine
        self._set_event(word)
        engine.set("AERIN_REQ", 1)
        self._wait_acknowledge(1)
        engine.set("AERIN_REQ", 0)
        self._wait_acknowledge(0)

    def spi(self, words: Sequence[int], half_period: int) -> list[int]:
        engine = self._engine
        back = []
        for word in words:
            shifted = 0
            for bit in reversed(range(self.spi_bits)):
                engine.set("MOSI", word >> bit & 1)
                engine.step(half_period)
                shifted = shifted << 1 | engine.get("MISO")
                engine.set("SCK", 1)
                engine.step(half_period)
                engine.set("SCK", 0)
            back.append(shifted)
        engine.step(half_period)
        return back

    def _after_access(self) -> None:
        # A write takes effect a few cycles after the last edge.
        self._engine.step(12)


class _OdinPins(_Pins):
    """The published pins of ODIN and tinyODIN."""

    output_request = "AEROUT_REQ"
    output_acknowledge = "AEROUT_ACK"
    output_word = "AEROUT_ADDR"

    def __init__(self, engine: AmaranthEngine, core: wiring.Component) -> None:
        super().__init__(engine)
        self._address_bits = core.config.spi_address_bits
        self._targets = access_targets(core.memories)
        self.spi_bits = self._address_bits + 4

    def access(self, request: dict[str, int]) -> int:
        width = self._address_bits
        to_register = request["target"] == self._targets["register"]
        byte_at = width // 2 if request["target"] == self._targets["neurons"] else width - 3
        address = (
            (1 if request["write"] else 2) << width + 2
            | request["target"] << width
            | request["byte"] << byte_at
            | request["address"]
        )
        data = request["data"] if to_register else request["mask"] << 8 | request["data"]
        _, back = self.spi([address, data], 2)
        self._after_access()
        return back & 0xFF


class _ReckonPins(_Pins):
    """The published pins of ReckOn."""

    output_request = "OUT_REQ"
    output_acknowledge = "OUT_ACK"
    output_word = "OUT_DATA"
    spi_bits = 32

    def __init__(self, engine: AmaranthEngine, core: wiring.Component) -> None:
        super().__init__(engine)
        self._event_address_bits = core.config.event_address_bits

    def _set_event(self, word: int) -> None:
        self._engine.set("AERIN_ADDR", word & (1 << self._event_address_bits) - 1)
        self._engine.set("AERIN_TAR_EN", word >> self._event_address_bits)

    def access(self, request: dict[str, int]) -> int:
        write = request["write"]
        header = (not write) << 31 | request["target"] << 28 | 1 << 16 | request["address"]
        _, back = self.spi([header, request["data"] if write else 0], 2 if write else 4)
        self._after_access()
        return back
