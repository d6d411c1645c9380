"""What tests of hand-off files share."""

import pytest
from pyslang import DiagnosticSeverity, driver

from spikewright.hdl.catalogue import core_names, make_config, shells_of

#: A small configuration of each core.
SMALL = {
    "tinyodin": {"neurons": 16, "fifo_depth": 4},
    "odin": {"neurons": 16, "fifo_depth": 4},
    "reckon": {"neurons": 16, "outputs": 4, "lanes": 4},
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Return a function that gives the folder of a core in a shell, made when it is first asked
    for.
    """
    from spikewright.sim.generate import generate

    made = {}

    def get(core, shell):
        if (core, shell) not in made:
            made[core, shell] = tmp_path_factory.mktemp("handoff") / f"{core}-{shell}"
            generate(make_config(core, SMALL[core]), shell, None, made[core, shell])
        return made[core, shell]

    return get


#: All shells of all cores.
PRODUCTS = [(core, shell) for core in core_names() for shell in shells_of(core)]

#: Those that also the quick tests take where each costs seconds.
QUICK = [("tinyodin", "wishbone")]


def pytest_generate_tests(metafunc):
    """Run tests that take a core and a shell for all there are; with `costly`, most of them as slow
    tests.
    """
    if {"core", "shell"} <= set(metafunc.fixturenames):
        costly = "costly" in metafunc.fixturenames
        metafunc.parametrize(
            ("core", "shell"),
            [
                pytest.param(
                    *product,
                    marks=[pytest.mark.slow] if costly and product not in QUICK else [],
                    id="-".join(product),
                )
                for product in PRODUCTS
            ],
        )


@pytest.fixture
def costly():
    """Say that a test costs seconds for each product."""


#: What slang says that is no warning.
QUIET = (DiagnosticSeverity.Ignored, DiagnosticSeverity.Note)


def _slang(command):
    """Return what slang, called with these arguments, reports: errors and warnings."""
    reader = driver.Driver()
    reader.addStandardArgs()
    assert reader.parseCommandLine(f"slang {command}", driver.CommandLineOptions())
    assert reader.processOptions() and reader.parseAllSources()
    found = reader.createCompilation().getAllDiagnostics()
    engine = reader.diagEngine
    return [
        f"{engine.formatMessage(item)} at line {reader.sourceManager.getLineNumber(item.location)}"
        for item in found
        if engine.getSeverity(item.code, item.location) not in QUIET
    ]


@pytest.fixture
def slang():
    """Return the function that reads Verilog with slang, which takes the standards at their
    word.
    """
    return _slang
