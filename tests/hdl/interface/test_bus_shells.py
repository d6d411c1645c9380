"""The bus shells in Icarus, driven by cocotb's bus models with pauses on every channel.

The tests themselves are in `bus_bench.py`, which runs inside the simulator.
"""

import json
from pathlib import Path

import pytest
from cocotb_tools import runner as cocotb_runner

from spikewright.hdl.catalogue import default_top, make_config
from spikewright.sim.generate import generate

pytestmark = pytest.mark.needs("iverilog", "libpython")

HERE = Path(__file__).parent

# Words of one, two and four words of the bus, and of numbers of bytes in between.
CONFIGURATIONS = {
    "tinyodin": {"neurons": 16, "fifo_depth": 4, "potential_bits": 24, "weight_bits": 5},
    "odin": {"neurons": 16, "fifo_depth": 4, "burst_queue": 0},
    "reckon": {"neurons": 16, "outputs": 2, "neuron_lanes": 1, "weight_lanes": 4, "lanes": 4},
}
#: The large cores stand behind one bus each in the quick tests.
CASES = [
    ("tinyodin", "wishbone"),
    ("tinyodin", "axi"),
    ("odin", "wishbone"),
    pytest.param("odin", "axi", marks=pytest.mark.slow),
    pytest.param("reckon", "wishbone", marks=pytest.mark.slow),
    ("reckon", "axi"),
]
# Short sessions with many output words.
SEEDS = {"tinyodin": 11, "odin": 21, "reckon": 11}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory):
    """Give the function that runs a test of the bench."""
    built = {}

    def run(test: str, core: str, shell: str, *, pauses: bool = True) -> None:
        seed = SEEDS[core]
        parameters = CONFIGURATIONS[core]
        top = default_top(make_config(core, parameters), shell)
        runner = cocotb_runner.get_runner("icarus")
        if (core, shell) not in built:
            folder = tmp_path_factory.mktemp(top)
            generate(make_config(core, parameters), shell, None, folder / "verilog")
            built[core, shell] = folder
            runner.build(
                sources=[folder / "verilog" / f"{top}.v"],
                hdl_toplevel=top,
                build_dir=folder,
                timescale=("1ns", "1ps"),
            )
        folder = built[core, shell]
        setup = {"core": core, "parameters": parameters, "shell": shell}
        setup |= {"seed": seed, "pauses": pauses}
        log = folder / f"{test}-{seed}-{pauses}.log"
        try:
            runner.test(
                test_module="bus_bench",
                hdl_toplevel=top,
                hdl_toplevel_lang="verilog",
                testcase=test,
                build_dir=folder,
                test_dir=folder,
                seed=seed,
                extra_env={"BUS_BENCH": json.dumps(setup)},
                log_file=log,
            )
        except SystemExit:
            pytest.fail("".join(log.read_text().splitlines(True)[-60:]), pytrace=False)
        assert f"bus_bench.{test} passed" in log.read_text()

    with pytest.MonkeyPatch.context() as patch:
        # The simulator searches where this interpreter does.
        patch.syspath_prepend(HERE)
        yield run


@pytest.mark.parametrize(
    "pauses", [pytest.param(False, marks=pytest.mark.slow), True], ids=["swift", "pauses"]
)
@pytest.mark.parametrize(("core", "shell"), CASES)
def test_equal_to_the_model(bench, core: str, shell: str, pauses: bool) -> None:
    bench("equal_to_the_model", core, shell, pauses=pauses)


@pytest.mark.parametrize(("core", "shell"), CASES)
@pytest.mark.parametrize(
    "test",
    [
        "what_cannot_be_done_is_refused",
        "bytes_are_written_one_by_one",
        "interrupt_follows_status",
        "reset_forgets_events",
    ],
)
def test_contract(bench, test: str, core: str, shell: str) -> None:
    bench(test, core, shell)


@pytest.mark.parametrize(("core", "shell"), CASES)
def test_nothing_is_lost_when_queues_are_full(bench, core: str, shell: str) -> None:
    bench("nothing_is_lost_when_queues_are_full", core, shell)
