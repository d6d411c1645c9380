"""The emitted Verilog as a product: simulated by tools that know nothing of Amaranth or Python.

Memories start undefined there, so this also finds what depends on words that were never written.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from spikewright.hdl.catalogue import interface_of, pins_of
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.generate import generate
from spikewright.sim.trace import (
    CheckStep,
    ConfigStep,
    EventStep,
    LoadStep,
    SettleStep,
    SpiStep,
    Trace,
)
from spikewright.sim.verify import record

BENCH = Path(__file__).with_name("bench.v")
SEED = 2


def operations(trace: Trace) -> list[tuple[int, int, int]]:
    """Translate a trace into the operations of bench.v."""
    config = trace.config
    memories, spi = interface_of(config).memories, pins_of(config).spi
    done: list[tuple[int, int, int]] = []

    def each_byte(step: LoadStep | CheckStep) -> list[tuple[int, int, int]]:
        return [
            (step.at + index, byte, word >> 8 * byte & 0xFF)
            for index, word in enumerate(step.words)
            for byte in range(memories[step.memory].bytes_per_word)
        ]

    for step in trace.steps:
        match step:
            case ConfigStep():
                done.append((1, spi.first(write=True, address=step.address), step.value))
            case LoadStep():
                for word, byte, value in each_byte(step):
                    done.append((1, spi.write | spi.places[step.memory].at(word, byte), value))
            case CheckStep():
                for word, byte, value in each_byte(step):
                    done.append((2, spi.read | spi.places[step.memory].at(word, byte), value))
            case SpiStep(reply=None):
                done.append((1, step.address, step.data))
            case SpiStep(data=0):
                done.append((2, step.address, step.reply))
            case SpiStep():
                done.append((1, step.address, step.data))
            case EventStep():
                done.append((3, step.address, 0))
            case SettleStep():
                done.append((4, 0, 0))
                done += [(5, word, 0) for word in step.events]
                done.append((6, 0, 0))
    return [*done, (0, 0, 0)]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    config = TinyOdinConfig(neurons=16, fifo_depth=4, lanes=2)
    folder = tmp_path_factory.mktemp("product")
    generate(config, "pins", "tinyODIN", folder / "core")
    played = operations(record(config, SEED))
    lines = [f"{code:06x}{first:06x}{second:06x}\n" for code, first, second in played]
    (folder / "operations.hex").write_text("".join(lines))
    shutil.copy(BENCH, folder)
    return folder, len(played)


def simulate(folder: Path, count: int, command: list[str], executable: str) -> str:
    for step in (command, [executable]):
        result = subprocess.run(step, cwd=folder, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
    assert f"{count} operations" in result.stdout, result.stdout
    return result.stdout


@pytest.mark.needs("iverilog")
def test_icarus(product: tuple[Path, int]) -> None:
    folder, count = product
    options = [f"-Pbench.OPERATIONS={count}", "-o", "bench.out"]
    command = ["iverilog", "-g2005", *options, "bench.v", "core/tinyODIN.v"]
    output = simulate(folder, count, command, "./bench.out")
    assert " 0 failures" in output, output


@pytest.mark.needs("iverilog")
def test_icarus_notices_a_wrong_answer(product: tuple[Path, int]) -> None:
    folder, count = product
    text = (folder / "operations.hex").read_text()
    lines = text.splitlines()
    index = next(i for i, line in enumerate(lines) if line.startswith("000002"))
    lines[index] = f"{int(lines[index], 16) ^ 1:018x}"
    (folder / "operations.hex").write_text("\n".join(lines) + "\n")
    options = [f"-Pbench.OPERATIONS={count}", "-o", "bench.out"]
    command = ["iverilog", "-g2005", *options, "bench.v", "core/tinyODIN.v"]
    output = simulate(folder, count, command, "./bench.out")
    (folder / "operations.hex").write_text(text)
    assert " 1 failures" in output, output


#: A library of one macro that is so small that it is always taken, and leaves its output undefined.
LIBRARY = """
name = "small"
source = "this test"
cells = { flip_flop = 20, multiplexer = 10 }

[interfaces.two]
idle = "undefined"

[[interfaces.two.ports]]
kind = "rw"
clock = "CK"
enable = "!CS"
write = "!WE"
mask = "!BW"
address = "A"
data_in = "D"
data_out = "Q"

[[interfaces.two.ports]]
kind = "r"
clock = "CKR"
enable = "!CSR"
address = "AR"
data_out = "QR"

[[macros]]
name = "small_4x10"
interface = "two"
words = 4
width = 10
mask = 5
area = 0.1
"""


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(
    "memory", ["ihp-sg13g2", pytest.param("small.toml", marks=pytest.mark.slow)]
)
def test_icarus_with_macros(
    memory: str, product: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, count = product
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(LIBRARY)
    config = TinyOdinConfig(neurons=16, fifo_depth=4, lanes=2)
    generate(config, "pins", "tinyODIN", folder / f"core_{memory}", memory)
    plan = json.loads((folder / f"core_{memory}" / "tinyODIN.json").read_text())["memory_plan"]
    made = [item["method"] == "macros" for item in plan["memories"]]
    assert len(made) == 4
    assert all(made) if memory == "small.toml" else any(made)
    options = [f"-Pbench.OPERATIONS={count}", "-o", "bench.out"]
    sources = [f"core_{memory}/tinyODIN.v", f"core_{memory}/tinyODIN_memory_models.v"]
    command = ["iverilog", "-g2005", *options, "bench.v", *sources]
    output = simulate(folder, count, command, "./bench.out")
    assert " 0 failures" in output, output


@pytest.mark.needs("verilator")
@pytest.mark.parametrize("memory", ["sky130", "gf180mcu", "ihp-sg13g2"])
def test_verilator_lint_with_macros(memory: str, tmp_path: Path) -> None:
    generate(TinyOdinConfig(), "pins", None, tmp_path / "core", memory)
    command = ["verilator", "--lint-only", "-Wall", "--top-module", "tinyODIN"]
    result = subprocess.run(
        [*command, "-f", "tinyODIN_simulation.f"],
        cwd=tmp_path / "core",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
