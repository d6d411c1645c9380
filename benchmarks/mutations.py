"""Break the hardware on purpose, one line at a time, and see which check notices.

    python benchmarks/mutations.py [--only WORD] [--all] [--list] [--jobs N]

The repository is copied, one mutation at a time is made in the copy, and checks run on it, quickest
first, up to the first that fails; with --all every check runs. Golden traces are replayed if they lie
beside the repository, but a mutation must be noticed without them. Exit status 1 if one was not.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
GOLDEN = REPOSITORY.parent / "shared" / "traces" / "tinyodin"

#: Seconds after which a check that does not end counts as failed.
PATIENCE = 900

LIF = "hdl/neuron/lif.py"
CONTROLLER = "hdl/tinyodin/controller.py"
CROSSBAR = "hdl/tinyodin/crossbar.py"
LANE = "hdl/tinyodin/neuron_lane.py"
SCHEDULER = "hdl/tinyodin/scheduler.py"
SERIALIZER = "hdl/tinyodin/spike_serializer.py"
CORE = "hdl/tinyodin/core.py"
FIFO = "hdl/memory/fifo.py"
PINS = "hdl/interface/pins.py"
SPI = "hdl/interface/spi.py"
AER = "hdl/interface/aer.py"
FILE = "hdl/interface/register_file.py"


@dataclass(frozen=True)
class Mutation:
    """One change; `old` occurs once in the file. `same` says why nothing can notice it, if so."""

    about: str
    file: str
    old: str
    new: str
    same: str = ""


MUTATIONS = (
    # Neuron.
    Mutation("sum wraps instead of saturating", LIF, "(total[-1] != total[-2])", "0"),
    Mutation(
        "lowest potential one too high",
        LIF,
        "Cat((~total[-1]).replicate(width - 1), total[-1])",
        "Cat(1, (~total[-1]).replicate(width - 2), total[-1])",
    ),
    Mutation(
        "highest potential halved",
        LIF,
        "Cat((~total[-1]).replicate(width - 1), total[-1])",
        "Cat((~total[-1]).replicate(width - 2), total[-1], total[-1])",
    ),
    Mutation("fires above the threshold only", LIF, ">= self.threshold", "> self.threshold"),
    Mutation("threshold above all potentials fires", LIF, " & ~self.threshold[-1]", ""),
    Mutation("negative potential fires", LIF, "~total[-1] & ~self", "~self"),
    Mutation("leak crosses zero", LIF, "self.tick & (total[-1] != negative)", "0"),
    Mutation("leak to zero does not fire at threshold 0", LIF, "eq(self.threshold == 0)", "eq(0)"),
    Mutation("no reset after a spike", LIF, "m.If(self.fires | crosses)", "m.If(crosses)"),
    Mutation(
        "leak always subtracts", LIF, "subtract.eq(self.tick & ~negative)", "subtract.eq(self.tick)"
    ),
    # Controller.
    Mutation(
        "head before a pending input event",
        CONTROLLER,
        "self.head.valid & (self.queue_full | ~self.events.valid)",
        "self.head.valid",
    ),
    Mutation(
        "full queue does not come before the input",
        CONTROLLER,
        "self.head.valid & (self.queue_full | ~self.events.valid)",
        "self.head.valid & ~self.events.valid",
    ),
    Mutation("highest neuron left out", CONTROLLER, "lane <= self.last", "lane < self.last"),
    Mutation(
        "sweep ends one row late",
        CONTROLLER,
        "last_row = self.last_neuron[lane_bits:]",
        "last_row = (self.last_neuron + config.lanes)[lane_bits : config.address_bits]",
    ),
    Mutation("virtual target of three bits", CONTROLLER, "event.low[:4]", "event.low[:3]"),
    Mutation("virtual target of all bits", CONTROLLER, "event.low[:4]", "event.low"),
    Mutation("virtual weight from other bits", CONTROLLER, "event.low[4:8]", "event.low[3:7]"),
    Mutation(
        "virtual event of weight 0 is no spike event",
        CONTROLLER,
        "first.single.eq(queued.weight.any())",
        "first.single.eq(queued.weight.any() | (event.virtual & ~start_head))",
    ),
    Mutation(
        "time reference to all from the low bits alone",
        CONTROLLER,
        "~event.low.all()",
        "~event.low[: config.address_bits].all()",
    ),
    Mutation(
        "time reference to all for L = 0 too", CONTROLLER, "~event.low.all()", "event.low.any()"
    ),
    Mutation(
        "virtual bit of a time reference counts",
        CONTROLLER,
        "m.Elif(event.tick & ~start_head)",
        "m.Elif(event.tick & ~event.virtual & ~start_head)",
    ),
    Mutation(
        "input event lost at the end of an operation",
        CONTROLLER,
        "self.events.ready.eq(operation.tick)",
        "self.events.ready.eq(1)",
    ),
    Mutation(
        "turn for writing changes while stalled",
        CONTROLLER,
        "writing_turn ^ self.advance",
        "~writing_turn",
    ),
    Mutation(
        "idle although events are queued",
        CONTROLLER,
        "~self.emitting & (self.queue_empty | self.gate)",
        "~self.emitting",
    ),
    Mutation(
        "single neuron in all lanes",
        CONTROLLER,
        "eq(operation.neuron[:lane_bits] == lane)",
        "eq(1)",
    ),
    # Crossbar and lanes.
    Mutation(
        "weights of a row in reverse",
        CROSSBAR,
        "weights.word_select(lane, ",
        "weights.word_select(lanes - 1 - lane, ",
    ),
    Mutation(
        "weight picked by the next row",
        CROSSBAR,
        "decoding_row[: 3 - lane_bits], lanes",
        "self.row[: 3 - lane_bits], lanes",
    ),
    Mutation(
        "synapse group and source exchanged",
        CROSSBAR,
        "Cat(self.row[3 - lane_bits :], operation.neuron)",
        "Cat(operation.neuron, self.row[3 - lane_bits :])",
    ),
    Mutation(
        "lanes beyond the last neuron fire",
        CROSSBAR,
        "neuron.fires & updating_enabled[lane]",
        "neuron.fires",
    ),
    Mutation(
        "lanes beyond the last neuron are written",
        CROSSBAR,
        "written_enabled[lane] & ~access_synapses",
        "~access_synapses",
    ),
    Mutation(
        "host's synapse byte written to a neuron too",
        CROSSBAR,
        "written_enabled[lane] & ~access_synapses",
        "written_enabled[lane]",
    ),
    Mutation(
        "stalled row is written again",
        CROSSBAR,
        "m.If(self.written & self.advance)",
        "m.If(self.written)",
        same="the row, its state and the byte stand still while stalled, and nothing is read then",
    ),
    Mutation(
        "written without a row to write",
        CROSSBAR,
        "m.If(self.written & self.advance)",
        "m.If(self.advance)",
    ),
    Mutation(
        "stalled row is overwritten by the next",
        CROSSBAR,
        "neuron.decode.eq(self.advance & decoding)",
        "neuron.decode.eq(decoding)",
    ),
    Mutation(
        "mask keeps the wrong bits",
        CROSSBAR,
        "(self.byte & request.mask) | (request.data[:8] & ~request.mask)",
        "(self.byte & ~request.mask) | (request.data[:8] & request.mask)",
    ),
    Mutation(
        "mask has no effect",
        CROSSBAR,
        "(self.byte & request.mask) | (request.data[:8] & ~request.mask)",
        "request.data[:8]",
    ),
    Mutation("disabled neuron fires", LANE, "neuron.fires & ~word.disable", "neuron.fires"),
    Mutation(
        "weight of a synapse added to a virtual event's",
        LANE,
        "m.If(operation.single)",
        "m.If(operation.tick)",
    ),
    Mutation("virtual weight unsigned", LANE, "operation.weight.as_signed()", "operation.weight"),
    Mutation(
        "threshold bits beside the potential cleared",
        LANE,
        "Cat(neuron.next_potential, word.as_value()[config.potential_bits :])",
        "Cat(neuron.next_potential)",
    ),
    # Scheduler and core.
    Mutation(
        "entry in processing does not keep its place",
        SCHEDULER,
        "self.waiting_full | (self.processing & fifo.level[:-1].all())",
        "self.waiting_full",
    ),
    Mutation("full queue takes a spike", SCHEDULER, "self.push & ~self.full", "self.push"),
    Mutation(
        "last place of the queue not used",
        SCHEDULER,
        "self.waiting_full | (self.processing & fifo.level[:-1].all())",
        "self.waiting_full | fifo.level[:-1].all()",
    ),
    Mutation(
        "time reference occupies a place",
        CORE,
        "queued = ~controller.operation.access & ~controller.operation.tick",
        "queued = ~controller.operation.access",
    ),
    Mutation(
        "virtual event is reported",
        CORE,
        "crossbar.updated_last & queued & ~controller.operation.single",
        "crossbar.updated_last & queued",
    ),
    Mutation(
        "host access makes a neuron fire",
        CORE,
        "Mux(controller.operation.access, 0, crossbar.fires)",
        "crossbar.fires",
    ),
    Mutation(
        "spike pushed with a weight",
        CORE,
        "scheduler.entry.weight.eq(0)",
        "scheduler.entry.weight.eq(1)",
    ),
    Mutation(
        "queue read before it is written",
        FIFO,
        "memory.read.eq(next_read_pointer != write_pointer)",
        "memory.read.eq(1)",
    ),
    # Serializer.
    Mutation(
        "lanes in descending order", SERIALIZER, "in reversed(range(lanes))", "in range(lanes)"
    ),
    Mutation(
        "no report", SERIALIZER, "report.eq(self.report & self.output_source)", "report.eq(0)"
    ),
    Mutation(
        "report whatever the output source",
        SERIALIZER,
        "report.eq(self.report & self.output_source)",
        "report.eq(self.report)",
    ),
    Mutation(
        "report before the spikes",
        SERIALIZER,
        "report & ~spikes.any(), spikes",
        "report, spikes",
    ),
    Mutation(
        "word dropped when the output stalls",
        SERIALIZER,
        "done.eq(~self.output.valid | self.output.ready)",
        "done.eq(1)",
    ),
    Mutation("pushed again while stalled", SERIALIZER, "~self.open_loop & done", "~self.open_loop"),
    Mutation(
        "pushed in open loop",
        SERIALIZER,
        "spikes.any() & ~self.open_loop & done",
        "spikes.any() & done",
    ),
    Mutation(
        "next row before the report",
        SERIALIZER,
        " & ~(report & spikes.any())",
        "",
        same="a report comes with the last row of an operation, which no row follows",
    ),
    # Shell.
    Mutation("mask inverted", PINS, "eq(spi.data[8:])", "eq(~spi.data[8:])"),
    Mutation(
        "byte of a neuron modulo four",
        PINS,
        "(address[: width // 2], address[width // 2 :])",
        "(address[: width // 2], address[width // 2 : width // 2 + 2])",
    ),
    Mutation(
        "words beyond a memory reach it",
        PINS,
        "(word_field < memory.words) & ",
        "",
    ),
    Mutation(
        "registers need the write bit",
        PINS,
        'spi.address[width + 2] | (target == targets["register"])',
        "spi.address[width + 2]",
    ),
    Mutation(
        "register number of low bits alone", PINS, "address >> len(request.p.address) == 0", "1"
    ),
    Mutation(
        "receiver that hangs cannot be freed by the gate",
        PINS,
        "output.enable.eq(~core.gate)",
        "output.enable.eq(1)",
    ),
    Mutation(
        "byte shifted out one edge early",
        SPI,
        "m.If(count == 2 * self._address_bits)",
        "m.If(count == 2 * self._address_bits - 1)",
    ),
    Mutation(
        "byte shifted out one edge late",
        SPI,
        "m.If(count == 2 * self._address_bits)",
        "m.If(count == 2 * self._address_bits + 1)",
    ),
    Mutation(
        "transaction one bit short",
        SPI,
        "m.If(count == 2 * frame - 1)",
        "m.If(count == 2 * frame - 2)",
    ),
    Mutation("target bits at the wrong place", SPI, "shift_in[-4:-2]", "shift_in[-3:-1]"),
    Mutation(
        "input event taken twice",
        AER,
        "request & (self.acknowledge | self.events.ready)",
        "self.events.ready",
    ),
    Mutation(
        "output word changes during its handshake",
        AER,
        "                    m.d.sync += self.request.eq(0)\n",
        "                    m.d.sync += self.request.eq(0)\n"
        "                    m.d.comb += self.words.ready.eq(1)\n",
    ),
    Mutation(
        "output word not taken", AER, "                    m.d.comb += self.words.ready.eq(1)\n", ""
    ),
    Mutation("registers cleared by reset", FILE, ", reset_less=True", ""),
)

#: Configurations differ in what they show, so all are tried, each with one seed, up to a failure.
_VERIFY = """
import sys
from pathlib import Path
import spikewright.hdl, spikewright.sim
from spikewright.sim.verify import verify
for package in (spikewright.hdl, spikewright.sim):
    assert Path(package.__file__).is_relative_to(Path.cwd()), package.__file__
for seed in range({first}, {end}):
    (result,) = verify("tinyodin", seeds=1, first_seed=seed, parameters={parameters}, shell={shell!r})
    if not result.replay.ok:
        print(f"seed {{seed}}, {{result.replay.difference['kind']}}")
        sys.exit(1)
"""


def _verify(end: int, shell: str, **parameters: int) -> list[str]:
    program = _VERIFY.format(first=0, end=end, shell=shell, parameters=parameters)
    return [sys.executable, "-W", "ignore", "-c", program]


def _replay(*parameters: str) -> list[str]:
    names = ("size-16", "size-64", "closed-loop", "event-codes", "overflow", "queued-input")
    paths = [str(path) for name in names for path in sorted(GOLDEN.glob(f"{name}*.gz"))]
    main = "from spikewright.cli.main import run; run()"
    options = [word for parameter in parameters for word in ("-p", parameter)]
    return [sys.executable, "-W", "ignore", "-c", main, "replay", *paths, "--on", "rtl", *options]


#: Checks by name, quickest first: command lines, run in the copy.
CHECKS = {
    "verify native": _verify(13, "native"),
    "verify pins": _verify(8, "pins", neurons=16, lanes=2, neuron_memory_ports=1),
    "tests/sim/test_rtl.py": [
        *(sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", "-W", "ignore"),
        *("-k", "not verilator", "tests/sim/test_rtl.py"),
    ],
}
if GOLDEN.is_dir():
    CHECKS["golden traces"] = _replay()
    CHECKS["golden traces, 8 lanes"] = _replay("lanes=8", "neuron_memory_ports=2")


def _copy(folder: Path) -> None:
    """Copy what is needed, so that `spikewright` is found there when Python runs in the folder."""
    for name in ("hdl", "sim", "boards", "cli"):
        shutil.copytree(
            REPOSITORY / name,
            folder / "spikewright" / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copytree(REPOSITORY / "tests", folder / "tests")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)


def _run(command: list[str], folder: Path) -> str | None:
    """Run a check; return None if it passes, else a few words."""
    # Found before the installed package.
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return "does not end"
    if result.returncode == 0:
        return None
    lines = (result.stdout.strip() or result.stderr.strip()).splitlines()
    failed = [line.split(" - ")[0] for line in lines if line.startswith("FAILED")]
    return (failed or lines or ["failed"])[-1].removeprefix("FAILED ").strip()


def try_mutation(mutation: Mutation | None, every: bool) -> dict[str, str]:
    """Run checks on a mutation, None standing for the code as it is; return those that failed."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        _copy(folder)
        if mutation is not None:
            path = folder / "spikewright" / mutation.file
            path.write_text(path.read_text().replace(mutation.old, mutation.new))
        failed = {}
        for check, command in CHECKS.items():
            found = _run(command, folder)
            if found is not None:
                failed[check] = found
                if not every:
                    break
    return failed


def main() -> int:
    """Print which check notices which mutation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="mutations with this in what they are about")
    parser.add_argument("--all", action="store_true", help="run all checks on each")
    parser.add_argument("--list", action="store_true", help="print the mutations")
    parser.add_argument("--jobs", type=int, default=1, help="mutations at the same time")
    arguments = parser.parse_args()
    chosen = [item for item in MUTATIONS if arguments.only in f"{item.file}: {item.about}"]
    for mutation in chosen:
        text = (REPOSITORY / mutation.file).read_text()
        if text.count(mutation.old) != 1:
            raise SystemExit(
                f"{mutation.file}: {mutation.old!r} occurs {text.count(mutation.old)} times"
            )
    if arguments.list:
        for mutation in chosen:
            print(f"{mutation.file}: {mutation.about}")
        return 0

    if not arguments.only and try_mutation(None, every=True):
        raise SystemExit("the checks fail without any mutation")
    missed = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda item: try_mutation(item, arguments.all), chosen)
        for mutation, failed in zip(chosen, results, strict=True):
            own = [check for check in failed if not check.startswith("golden")]
            ok = bool(own) or (mutation.same and not failed)
            missed += not ok
            found = "; ".join(f"{check} ({words})" for check, words in failed.items())
            if not failed:
                found = f"same behaviour: {mutation.same}" if mutation.same else "NOT NOTICED"
            print(
                f"{'ok  ' if ok else 'MISS'} | {mutation.file} | {mutation.about} | {found}",
                flush=True,
            )
    print(f"{len(chosen)} mutations, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
