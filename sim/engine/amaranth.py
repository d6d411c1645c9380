"""Engine: Amaranth's own simulator, in Python.

Slow, but it needs no compiler, and it runs the design before any other tool has touched it.
"""

from pathlib import Path

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from ...hdl.interface.access import access_targets
from .engine import EngineError

__all__ = ["AmaranthEngine"]


class AmaranthEngine:
    """Simulation in Amaranth's simulator; see `Engine`.

    Parameters
    ----------
    component : wiring.Component
        The core behind a shell.
    shell : str
        The shell, `native` or `pins`.
    clock : str
        Name of the clock port.
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
        shell: str,
        clock: str,
        core: wiring.Component,
        wave: Path | None = None,
    ) -> None:
        self.cycles = 0
        self._ports = {
            "__".join(map(str, path)): Value.cast(port)
            for path, _, port in component.signature.flatten(component)
        }
        self._clock = self._ports[clock]
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
        if wave is not None:
            self._wave = self._simulator.write_vcd(str(wave))
            self._wave.__enter__()
        self._protocol = {"native": _Native, "pins": _Pins}[shell](self, core)
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
            self._protocol.cycle()

    def reset(self) -> None:
        """Pulse the reset and forget output words."""
        self.set(self._protocol.reset, 1)
        self.step(4)
        self.set(self._protocol.reset, 0)
        self.step(4)
        self._outputs.clear()

    def send(self, events: np.ndarray) -> None:
        """Send input events; return when the last has been taken."""
        for word in events:
            while self._stalled("events"):
                self.step()
            self._protocol.send(int(word))

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, an array of `ACCESS`; return a byte for each."""
        result = np.zeros(len(requests), dtype=np.uint8)
        for index, request in enumerate(requests):
            while self._stalled("access"):
                self.step()
            result[index] = self._protocol.access(
                {name: int(request[name]) for name in requests.dtype.names}
            )
        return result

    def spi(self, address: int, data: int) -> int:
        """Carry out a raw SPI transaction; return the word shifted out with the data."""
        return self._protocol.spi(address, data)

    def settle(self) -> np.ndarray:
        """Wait until the core is idle; return the output words since the last time."""
        quiet = 0
        start = self.cycles
        while quiet < self._protocol.quiet_cycles:
            if self.cycles - start > self.limit:
                raise EngineError(f"the core was not idle within {self.limit} cycles")
            self.step()
            quiet = quiet + 1 if self._protocol.idle() else 0
        words = np.array(self._outputs, dtype=np.uint64)
        self._outputs.clear()
        return words

    def close(self) -> None:
        """Free the simulation."""
        if self._wave is not None:
            self._wave.__exit__(None, None, None)
            self._wave = None


class _Native:
    """The native interface."""

    reset = "rst"
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
        self._transfer("access__request", self._request.const(request).as_value().value)
        return self._engine.get("access__data")


class _Pins:
    """The published pins."""

    reset = "RST"
    # What has just been asked for at the pins passes two flip-flops first.
    quiet_cycles = 4

    def __init__(self, engine: AmaranthEngine, core: wiring.Component) -> None:
        self._engine = engine
        self._address_bits = core.config.spi_address_bits
        self._targets = access_targets(core.memories)
        self._acknowledge = 0
        self._idle = False

    def cycle(self) -> None:
        engine = self._engine
        engine._cycle()
        request = engine.get("AEROUT_REQ")
        self._idle = bool(engine.get("IDLE")) and not request and not self._acknowledge
        if request != self._acknowledge and not engine._stalled("output"):
            self._acknowledge = request
            engine.set("AEROUT_ACK", request)
            if request:
                engine._outputs.append(engine.get("AEROUT_ADDR"))

    def idle(self) -> bool:
        return self._idle

    def _wait_acknowledge(self, level: int) -> None:
        for _ in range(self._engine.limit):
            self.cycle()
            if self._engine.get("AERIN_ACK") == level:
                return
        raise EngineError(f"AERIN_ACK was not {level} within {self._engine.limit} cycles")

    def send(self, word: int) -> None:
        engine = self._engine
        engine.set("AERIN_ADDR", word)
        engine.set("AERIN_REQ", 1)
        self._wait_acknowledge(1)
        engine.set("AERIN_REQ", 0)
        self._wait_acknowledge(0)

    def spi(self, address: int, data: int) -> int:
        engine = self._engine
        frame = self._address_bits + 4
        back = 0
        for word in (address, data):
            for bit in reversed(range(frame)):
                engine.set("MOSI", word >> bit & 1)
                engine.step(2)
                back = back << 1 | engine.get("MISO")
                engine.set("SCK", 1)
                engine.step(2)
                engine.set("SCK", 0)
        engine.step(2)
        return back & (1 << frame) - 1

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
        byte = self.spi(address, data) & 0xFF
        # A write takes effect a few cycles after the last edge.
        self._engine.step(12)
        return byte
