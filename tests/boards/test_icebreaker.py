"""What the iCEBreaker's scripts for yosys do to a design."""

import re

from spikewright.boards.board import BoardTop
from spikewright.boards.catalogue import find_board
from spikewright.hdl.catalogue import find_core, make_config, make_core
from spikewright.hdl.toolchain import run_yosys, working_folder

#: Registers that may stand in multipliers in a core with one lane, by their place in the core.
IN_MULTIPLIERS = {
    "core.learn/product_left_0",
    "core.learn/product_right_0",
    "core.learn/product_learned",
    "core.learn/product_slope",
    "core.learn/product_total",
    "core.leak.neuron_0/product_0",
    "core.outputs/product",
    "core.propagate/product_noise_0",
}


def wires(text: str) -> set[str]:
    """Return the lines of a selection, without what Amaranth appends to make names unique."""
    return {re.sub(r"\$\d+", "", line) for line in text.split()}


def test_registers_that_may_stand_in_multipliers():
    """They lose their initial value, by an attribute of theirs; all others keep it."""
    board = find_board("icebreaker")
    config = make_config("reckon", find_core("reckon").boards["icebreaker"])
    top = BoardTop(board, make_core(config), board.clocks_hz[-1], 24)
    files = board.platform().prepare(top, "top", debug_verilog=False).files
    script = board.smaller.overrides["script_after_read"]
    text = files["top.il"]
    with working_folder() as folder:
        (folder / "top.il").write_bytes(text if isinstance(text, bytes) else text.encode())
        run_yosys(
            f"""
            read_rtlil top.il
            tee -q -o before.txt select -list w:* a:init %i
            {script}
            tee -q -o marked.txt select -list w:* a:initial_value_unused %i
            tee -q -o after.txt select -list w:* a:init %i
            """,
            folder=folder,
        )
        before, marked, after = (
            wires((folder / f"{name}.txt").read_text()) for name in ("before", "marked", "after")
        )
    assert {name.removeprefix("top.shell.") for name in marked} == IN_MULTIPLIERS
    assert marked <= before
    assert after == before - marked
    assert len(after) > 50
