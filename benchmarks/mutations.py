"""Break the hardware on purpose, one line at a time, and see which check notices.

    python benchmarks/mutations.py [--core CORE] [--only WORD] [--all] [--list] [--jobs N]

The repository is copied, one mutation at a time is made in the copy, and checks run on it, quickest
first, up to the first that fails; with --all every check runs. Golden traces are replayed too,
but a mutation must be noticed without them. Exit status 1 if one was not.

`mutations/CORE.toml` has the checks of a core: a `name`, and either `seeds`, a range of seeds for
random verification in a `shell` with `parameters`, or `traces`, beginnings of names of golden
traces; or `tests`, a file of tests.

`mutations/CORE/NAME.toml` has the mutations of a source, `file`. Each replaces `old`, which occurs
once in it, by `new`; `about` says what goes wrong, `same`, if it is there, why nothing can notice
it. `first_tests` and `last_tests` are files of tests of the block by itself, to run before the
core's checks, or after them since they take longer than most mutations need.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MUTATIONS = Path(__file__).with_suffix("")
GOLDEN = REPOSITORY / "tests" / "traces"

#: Seconds after which a check that does not end counts as failed.
PATIENCE = 900

#: A check: its name and its command line, run in the copy.
Check = tuple[str, list[str]]


@dataclass(frozen=True)
class Mutation:
    """One change of a file.

    Attributes
    ----------
    core : str
        Core whose checks must notice it.
    file : str
        File that is changed.
    first_tests, last_tests : str
        Tests of the block by itself, empty if there are none.
    about : str
        What goes wrong.
    old, new : str
        What is replaced, which occurs once in the file, and what by.
    same : str
        Why nothing can notice it, if so.
    """

    core: str
    file: str
    first_tests: str
    last_tests: str
    about: str
    old: str
    new: str
    same: str = ""


def load_mutations() -> list[Mutation]:
    """Read the mutations of all cores."""
    mutations = []
    for path in sorted(MUTATIONS.glob("*/*.toml")):
        source = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = source.pop("mutation")
        source = {"first_tests": "", "last_tests": "", **source}
        mutations += [Mutation(core=path.parent.name, **source, **entry) for entry in entries]
    return mutations


def load_checks(core: str) -> list[Check]:
    """Read the checks of a core."""
    checks = []
    for check in tomllib.loads((MUTATIONS / f"{core}.toml").read_text(encoding="utf-8"))["check"]:
        if "tests" in check:
            checks.append(_tests(**check))
        elif "seeds" in check:
            checks.append(_verify(core, **check))
        else:
            checks.append(_replay(core, **check))
    return checks


#: Configurations differ in what they show, so all are tried, each with one seed, up to a failure.
_VERIFY = """
import sys
from pathlib import Path
import spikewright.hdl, spikewright.sim
from spikewright.sim.verify import verify
for package in (spikewright.hdl, spikewright.sim):
    assert Path(package.__file__).is_relative_to(Path.cwd()), package.__file__
for seed in range({first}, {end}):
    (result,) = verify({core!r}, seeds=1, first_seed=seed, parameters={parameters}, shell={shell!r})
    if not result.replay.ok:
        print(f"seed {{seed}}, {{result.replay.difference['kind']}}")
        sys.exit(1)
"""


def _verify(
    core: str,
    *,
    name: str,
    seeds: tuple[int, int],
    shell: str = "native",
    parameters: dict[str, int] | None = None,
) -> Check:
    first, end = seeds
    program = _VERIFY.format(
        core=core, first=first, end=end, shell=shell, parameters=parameters or {}
    )
    return name, [sys.executable, "-W", "ignore", "-c", program]


def _tests(tests: str) -> Check:
    options = ["-q", "-x", "-m", "not slow", "-W", "ignore", "-k", "not verilator"]
    return tests, [sys.executable, "-m", "pytest", *options, tests]


def _replay(
    core: str, *, name: str, traces: list[str], parameters: dict[str, int] | None = None
) -> Check:
    paths = [str(path) for word in traces for path in sorted((GOLDEN / core).glob(f"{word}*.gz"))]
    main = "from spikewright.cli.main import run; run()"
    options = [
        word for name, value in (parameters or {}).items() for word in ("-p", f"{name}={value}")
    ]
    return name, [
        *(sys.executable, "-W", "ignore", "-c", main),
        *("replay", *paths, "--on", "rtl", *options),
    ]


def _copy(folder: Path) -> None:
    """Copy what is needed, so that `spikewright` is found there when Python runs in the folder."""
    # Folders behind links are copied as folders.
    shutil.copytree(
        REPOSITORY / "src/spikewright",
        folder / "spikewright",
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


def try_mutation(core: str, mutation: Mutation | None, every: bool) -> dict[str, str]:
    """Run a core's checks on a mutation, None standing for the code as it is; return what
    failed.
    """
    checks = load_checks(core)
    if mutation is not None and mutation.first_tests:
        checks.insert(0, _tests(mutation.first_tests))
    if mutation is not None and mutation.last_tests:
        checks.append(_tests(mutation.last_tests))
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        _copy(folder)
        if mutation is not None:
            path = folder / "spikewright" / mutation.file
            path.write_text(path.read_text().replace(mutation.old, mutation.new))
        failed = {}
        for check, command in checks:
            failure = _run(command, folder)
            if failure is not None:
                failed[check] = failure
                if not every:
                    break
    return failed


def main() -> int:
    """Print which check notices which mutation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    mutations = load_mutations()
    cores = list(dict.fromkeys(item.core for item in mutations))
    parser.add_argument("--core", choices=cores, help="mutations of this core")
    parser.add_argument("--only", default="", help="mutations with this in what they are about")
    parser.add_argument("--all", action="store_true", help="run all checks on each")
    parser.add_argument("--list", action="store_true", help="print the mutations")
    parser.add_argument("--jobs", type=int, default=1, help="mutations at the same time")
    arguments = parser.parse_args()
    chosen = [
        item
        for item in mutations
        if arguments.core in (None, item.core) and arguments.only in f"{item.file}: {item.about}"
    ]
    for mutation in chosen:
        count = (REPOSITORY / mutation.file).read_text().count(mutation.old)
        if count != 1:
            raise SystemExit(f"{mutation.file}: {mutation.old!r} occurs {count} times")
    if arguments.list:
        for mutation in chosen:
            print(f"{mutation.core}: {mutation.file}: {mutation.about}")
        return 0

    for core in dict.fromkeys(item.core for item in chosen):
        if not arguments.only and try_mutation(core, None, every=True):
            raise SystemExit(f"{core}: the checks fail without any mutation")
    missed = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda item: try_mutation(item.core, item, arguments.all), chosen)
        for mutation, failed in zip(chosen, results, strict=True):
            own = [check for check in failed if not check.startswith("golden")]
            ok = bool(own) or (mutation.same and not failed)
            missed += not ok
            outcome = "; ".join(f"{check} ({words})" for check, words in failed.items())
            if not failed:
                outcome = f"same behaviour: {mutation.same}" if mutation.same else "NOT NOTICED"
            row = ("ok  " if ok else "MISS", mutation.core, mutation.file, mutation.about, outcome)
            print(" | ".join(row), flush=True)
    print(f"{len(chosen)} mutations, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
