"""Engine: Amaranth's own simulator, in Python.

Slow, but it needs no compiler, and it runs the design before any other tool has touched it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from ...hdl.interface.native import port_name
from ...hdl.interface.pin_map import AerBus
from .bus_functional import BusFunctionalModel
from .engine import EngineError
from .waveform import wave_failure

__all__ = ["AmaranthEngine"]


class AmaranthEngine:
    """Simulation in Amaranth's simulator; see `Engine`.

    Parameters
    ----------
    component : wiring.Component
        The core behind a shell.
    bfm : BusFunctionalModel
        What drives the shell.
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
        bfm: BusFunctionalModel,
        wave: Path | None = None,
    ) -> None:
        self.cycles = 0
        self._ports = {
            "__".join(map(str, path)): Value.cast(port)
            for path, _, port in component.signature.flatten(component)
        }
        self._clock = self._ports[bfm.clock]
        self._reset = bfm.reset
        self._driven: dict[str, int] = {}
        self._sampled: dict[str, int] = {}
        self._outputs: list[list[int]] = [[] for _ in bfm.interface.outputs]
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
        kinds = {"native": _Native, "pins": _Pins}
        self._bfm = kinds[bfm.name](self, bfm)
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
            self._bfm.cycle()

    def reset(self) -> None:
        """Pulse the reset and forget output words."""
        self.set(self._reset, 1)
        self.step(4)
        self.set(self._reset, 0)
        self.step(4)
        self._forget()

    def send(self, stream: int, words: np.ndarray) -> None:
        """Send words of an input stream; return when the last has been taken."""
        for word in words.tolist():
            while self._stalled("events"):
                self.step()
            self._bfm.send(stream, word)

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, payloads of the access port; return what was read, a number for
        each.
        """
        result = np.zeros(len(requests), dtype=np.uint64)
        for index, request in enumerate(requests.tolist()):
            while self._stalled("access"):
                self.step()
            result[index] = self._bfm.access(request)
        return result

    def spi(self, words: np.ndarray, half_period: int, settling: int) -> np.ndarray:
        """Carry out SPI transactions, one a row; return what was shifted out with each word."""
        back = np.zeros(words.shape, dtype=np.uint64)
        for index, row in enumerate(words.tolist()):
            while self._stalled("access"):
                self.step()
            back[index] = self._bfm.spi(row, half_period, settling)
        return back

    def wait(self, port: str, value: int, limit: int | None = None) -> None:
        """Let clock cycles pass until a port has a value."""
        limit = self.limit if limit is None else limit
        for _ in range(limit):
            self.step()
            if self.get(port) == value:
                return
        raise EngineError(f"{port} was not {value} within {limit} cycles")

    def settle(self) -> list[np.ndarray]:
        """Wait until the core is idle; return the words of each output stream since the last
        time.
        """
        quiet = 0
        start = self.cycles
        while quiet < self._bfm.quiet_cycles:
            if self.cycles - start > self.limit:
                raise EngineError(f"the core was not idle within {self.limit} cycles")
            self.step()
            quiet = quiet + 1 if self._bfm.idle() else 0
        found = [np.array(words, dtype=np.uint64) for words in self._outputs]
        self._forget()
        return found

    def _forget(self) -> None:
        """Forget output words."""
        for words in self._outputs:
            words.clear()

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

    def __init__(self, engine: AmaranthEngine, bfm: BusFunctionalModel) -> None:
        self._engine = engine
        self._inputs, self._outputs = list(bfm.interface.inputs), list(bfm.interface.outputs)

    def cycle(self) -> None:
        engine = self._engine
        ready = [not engine._stalled("output") for _ in self._outputs]
        for name, level in zip(self._outputs, ready, strict=True):
            engine.set(port_name(name, "ready"), int(level))
        engine._cycle()
        for number, (name, level) in enumerate(zip(self._outputs, ready, strict=True)):
            if level and engine.get(port_name(name, "valid")):
                engine._outputs[number].append(engine.get(port_name(name, "payload")))

    def idle(self) -> bool:
        return bool(self._engine.get("idle"))

    def _transfer(self, *stream: str, payload: int) -> None:
        engine = self._engine
        engine.set(port_name(*stream, "payload"), payload)
        engine.set(port_name(*stream, "valid"), 1)
        for _ in range(engine.limit):
            self.cycle()
            if engine.get(port_name(*stream, "ready")):
                engine.set(port_name(*stream, "valid"), 0)
                return
        raise EngineError(
            f"the core took nothing from the stream {stream[0]} for {engine.limit} cycles"
        )

    def send(self, stream: int, word: int) -> None:
        self._transfer(self._inputs[stream], payload=word)

    def access(self, request: int) -> int:
        self._transfer("access", "request", payload=request)
        return self._engine.get(port_name("access", "data"))


class _Pins:
    """Published pins: four-phase buses and SPI in mode 0."""

    # What has just been asked for at the pins passes two flip-flops first.
    quiet_cycles = 4

    def __init__(self, engine: AmaranthEngine, bfm: BusFunctionalModel) -> None:
        self._engine = engine
        self._pins = bfm.pins
        self._streams = list(bfm.interface.inputs.values())
        self._inputs = [bfm.pins.buses[name] for name in bfm.interface.inputs]
        self._outputs = [bfm.pins.buses[name] for name in bfm.interface.outputs]
        self._acknowledge = [0] * len(self._outputs)
        self._idle = False

    def cycle(self) -> None:
        engine = self._engine
        engine._cycle()
        self._idle = bool(engine.get(self._pins.idle))
        for number, bus in enumerate(self._outputs):
            request = engine.get(bus.request)
            self._idle = self._idle and not request and not self._acknowledge[number]
            if request != self._acknowledge[number] and not engine._stalled("output"):
                self._acknowledge[number] = request
                engine.set(bus.acknowledge, request)
                if request:
                    engine._outputs[number].append(engine.get(bus.address))

    def idle(self) -> bool:
        return self._idle

    def _wait_acknowledge(self, bus: AerBus, level: int) -> None:
        for _ in range(self._engine.limit):
            self.cycle()
            if self._engine.get(bus.acknowledge) == level:
                return
        raise EngineError(f"{bus.acknowledge} was not {level} within {self._engine.limit} cycles")

    def send(self, stream: int, word: int) -> None:
        engine, bus, kind = self._engine, self._inputs[stream], self._streams[stream]
        engine.set(bus.address, word & (1 << kind.address_bits) - 1)
        for number, flag in enumerate(kind.flags, kind.address_bits):
            engine.set(bus.flags[flag], word >> number & 1)
        engine.set(bus.request, 1)
        self._wait_acknowledge(bus, 1)
        engine.set(bus.request, 0)
        self._wait_acknowledge(bus, 0)

    def spi(self, words: Sequence[int], half_period: int, settling: int) -> list[int]:
        engine = self._engine
        back = []
        for word in words:
            shifted = 0
            for bit in reversed(range(self._pins.spi.bits)):
                engine.set("MOSI", word >> bit & 1)
                engine.step(half_period)
                shifted = shifted << 1 | engine.get("MISO")
                engine.set("SCK", 1)
                engine.step(half_period)
                engine.set("SCK", 0)
            back.append(shifted)
        engine.step(half_period + settling)
        return back
