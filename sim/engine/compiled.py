"""The Python side of a compiled simulation."""

import ctypes
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ...hdl.error import InputError
from ...hdl.toolchain import run_yosys
from .bus_functional import BusFunctionalModel
from .cache import cached_text
from .design import Design, Port
from .engine import EngineError
from .waveform import wave_failure

__all__ = ["CompiledEngine", "simulation_sources", "translated"]


def translated(
    design: Design, script: str, finish: Callable[[Path], str], *parts: str, path: str
) -> str:
    """Let yosys translate a design, and return the text that comes of it; cached.

    Parameters
    ----------
    design : Design
        The design.
    script : str
        Commands for yosys; the design is `design.il` in its folder.
    finish : callable
        Makes the text, given the folder in which the script has been carried out.
    *parts : str
        What else the text depends on.
    path : str
        Where in the cache folder it is kept, with `{}` for the key.
    """
    key = hashlib.sha256("\0".join([*parts, script, design.rtlil]).encode()).hexdigest()[:32]

    def make(folder: Path) -> str:
        (folder / "design.il").write_text(design.rtlil, encoding="utf-8")
        run_yosys(script, folder=folder)
        return finish(folder)

    return cached_text(path.format(key), make)


def simulation_sources(
    model: str,
    design: Design,
    bfm: BusFunctionalModel,
    *,
    variable: Callable[[str], str],
    write: str,
    read: str,
    **more: str,
) -> dict[str, str]:
    """Return the C++ files of a simulation, by name, but those of the design; `main.cc` includes
    the others.

    Parameters
    ----------
    model : str
        The text of `main.cc`, with `{bfm}` for the name of the bus-functional model's file,
        `{functions}` for members of the model, and `{...}` for each of `more`.
    design : Design
        The design, already behind a shell.
    bfm : BusFunctionalModel
        What drives the shell.
    variable : callable
        Gives the name of the C++ variable of a port.
    write, read : str
        C++ with `{variable}` for it: a statement that writes `value`, an expression that reads.
    """
    folder = Path(__file__).parent
    names = ("harness.h", f"{bfm.name}.h", "interface.h")
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    sources["main.cc"] = model.format(
        functions="\n".join(
            [
                _port_functions(design.ports, variable=variable, write=write, read=read),
                *_protocol_functions(bfm, variable=variable, write=write, read=read),
            ]
        ),
        bfm=bfm.name,
        **more,
    )
    return sources


def _port_functions(
    ports: Sequence[Port], *, variable: Callable[[str], str], write: str, read: str
) -> str:
    """Return C++ member functions that set and get ports by number."""
    lines = ["    void set(int port, uint64_t value) {\n        switch (port) {"]
    for number, port in enumerate(ports):
        if port.is_input:
            body = write.format(variable=variable(port.name))
            lines.append(f"            case {number}: {body} break;")
    lines.append("        }\n    }")
    lines.append("    uint64_t get(int port) const {\n        switch (port) {")
    for number, port in enumerate(ports):
        body = read.format(variable=variable(port.name))
        lines.append(f"            case {number}: return {body};")
    lines.append("        }\n        return 0;\n    }")
    return "\n".join(lines)


def _protocol_functions(
    bfm: BusFunctionalModel, *, variable: Callable[[str], str], write: str, read: str
) -> Iterator[str]:
    """Yield constants and C++ member functions that map the protocol of a shell to ports.

    Each takes the number of a stream, which is a constant where it is called in a loop.
    """
    for name, value in bfm.constants().items():
        yield f"    static constexpr int {name} = {value};"
    for name, streams in bfm.writers().items():
        yield f"    void {name}(int stream, uint64_t word) {{\n        switch (stream) {{"
        for number, ports in enumerate(streams):
            bodies = []
            for port, low, width in ports:
                mask = "" if width == 64 else f" & {(1 << width) - 1:#x}u"
                value = f"(word >> {low}{mask})" if low or mask else "word"
                bodies.append(
                    f"{{ const uint64_t value = {value}; {write.format(variable=variable(port))} }}"
                )
            yield f"            case {number}: {' '.join(bodies)} break;"
        yield "        }\n    }"
    for name, ports in bfm.readers().items():
        yield f"    uint64_t {name}(int stream) const {{\n        switch (stream) {{"
        for number, port in enumerate(ports):
            yield f"            case {number}: return {read.format(variable=variable(port))};"
        yield "        }\n        return 0;\n    }"


class CompiledEngine:
    """A compiled simulation. A subclass says how it is compiled.

    Parameters
    ----------
    design : Design
        The design, already behind a shell.
    bfm : BusFunctionalModel
        What drives the shell.
    wave : Path, optional
        Waveform file to write.

    Attributes
    ----------
    limit : int
        Clock cycles that the core may take for one event, one access or to become idle.
    """

    limit = 50_000_000

    def __init__(
        self,
        design: Design,
        *,
        bfm: BusFunctionalModel,
        wave: Path | None = None,
    ) -> None:
        library = self._compile(design, bfm, wave is not None)
        self._ports = {port.name: (number, port) for number, port in enumerate(design.ports)}
        self._library = self._declare(ctypes.CDLL(str(library)))
        self._host = self._library.sw_create()
        self._wave = wave
        self._outputs = len(bfm.interface.outputs)
        if wave is not None and not self._library.sw_wave(self._host, os.fsencode(wave)):
            raise InputError(f"{wave}: waveforms cannot be written")

    def _compile(self, design: Design, bfm: BusFunctionalModel, wave: bool) -> Path:
        """Compile a simulation, one that can write waveforms if asked to; return the shared
        library.
        """
        raise NotImplementedError

    @staticmethod
    def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
        host, u64, i64 = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int64
        unsigned, pointer = ctypes.c_uint, ctypes.c_void_p
        signatures = {
            "create": (host, []),
            "destroy": (None, [host]),
            "reset": (None, [host]),
            "stall": (None, [host, u64, unsigned, unsigned, unsigned]),
            "set": (None, [host, ctypes.c_int, u64]),
            "get": (u64, [host, ctypes.c_int]),
            "step": (None, [host, u64]),
            "send": (i64, [host, ctypes.c_int, pointer, i64, u64]),
            "access": (i64, [host, pointer, i64, pointer, u64]),
            "spi": (None, [host, pointer, i64, i64, pointer, ctypes.c_int, ctypes.c_int]),
            "wait": (i64, [host, ctypes.c_int, u64, u64]),
            "settle": (i64, [host, u64]),
            "outputs": (i64, [host, ctypes.c_int, pointer, i64]),
            "cycles": (u64, [host]),
            "wave": (ctypes.c_int, [host, ctypes.c_char_p]),
            "end_wave": (ctypes.c_int, [host]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(library, f"sw_{name}")
            function.restype = result
            function.argtypes = arguments
        return library

    @property
    def cycles(self) -> int:
        """Clock cycles since the start."""
        return self._library.sw_cycles(self._host)

    def stall(self, seed: int, *, events: int = 0, output: int = 0, access: int = 0) -> None:
        """Let each side of a stream wait at random; each number is a chance of 256 per draw."""
        self._library.sw_stall(self._host, seed, events, output, access)

    def set(self, port: str, value: int) -> None:
        """Drive an input port from the next cycle on."""
        self._library.sw_set(self._host, self._ports[port][0], value)

    def get(self, port: str) -> int:
        """Return the value a port had in the last cycle."""
        return self._library.sw_get(self._host, self._ports[port][0])

    def step(self, cycles: int = 1) -> None:
        """Let clock cycles pass."""
        self._library.sw_step(self._host, cycles)

    def reset(self) -> None:
        """Pulse the reset and forget output words."""
        self._library.sw_reset(self._host)

    def send(self, stream: int, words: np.ndarray) -> None:
        """Send words of an input stream; return when the last has been taken."""
        words = np.ascontiguousarray(words, dtype=np.uint64)
        done = self._library.sw_send(self._host, stream, words.ctypes.data, len(words), self.limit)
        if done < 0:
            raise EngineError(f"the core took no input event for {self.limit} cycles")

    def access(self, requests: np.ndarray) -> np.ndarray:
        """Carry out accesses, payloads of the access port; return what was read, a number for
        each.
        """
        requests = np.ascontiguousarray(requests, dtype=np.uint64)
        result = np.zeros(len(requests), dtype=np.uint64)
        done = self._library.sw_access(
            self._host, requests.ctypes.data, len(requests), result.ctypes.data, self.limit
        )
        if done < 0:
            raise EngineError(f"the core answered no access for {self.limit} cycles")
        return result

    def spi(self, words: np.ndarray, half_period: int, settling: int) -> np.ndarray:
        """Carry out SPI transactions, one a row; return what was shifted out with each word."""
        sent = np.ascontiguousarray(words, dtype=np.uint64)
        back = np.zeros_like(sent)
        count, length = sent.shape
        self._library.sw_spi(
            self._host, sent.ctypes.data, count, length, back.ctypes.data, half_period, settling
        )
        return back

    def wait(self, port: str, value: int, limit: int | None = None) -> None:
        """Let clock cycles pass until a port has a value."""
        limit = self.limit if limit is None else limit
        if self._library.sw_wait(self._host, self._ports[port][0], value, limit) < 0:
            raise EngineError(f"{port} was not {value} within {limit} cycles")

    def settle(self) -> list[np.ndarray]:
        """Wait until the core is idle; return the new words of each output stream."""
        if self._library.sw_settle(self._host, self.limit) < 0:
            raise EngineError(f"the core was not idle within {self.limit} cycles")
        found = []
        for stream in range(self._outputs):
            count = self._library.sw_outputs(self._host, stream, None, 0)
            words = np.zeros(count, dtype=np.uint64)
            self._library.sw_outputs(self._host, stream, words.ctypes.data, count)
            found.append(words)
        return found

    def close(self) -> None:
        """Free the simulation.

        Raises
        ------
        InputError
            If its waveforms could not be written as a whole.
        """
        if self._host is not None:
            failure = self._library.sw_end_wave(self._host)
            self._library.sw_destroy(self._host)
            # A call with no host would crash Python.
            self._host = self._library = None
            if failure:
                raise wave_failure(self._wave, os.strerror(failure))
