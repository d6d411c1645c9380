"""What tests of memories share."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.memory.sram import Sram


class _Memories(wiring.Component):
    """Memories side by side, `memory_0` and so on, each with ports of its own, `m0` and so on."""

    def __init__(self, needs):
        self._needs = needs
        super().__init__(
            {
                f"m{number}": In(wiring.Signature(need.members()).flip())
                for number, need in enumerate(needs)
            }
        )

    def elaborate(self, platform):
        m = Module()
        for number, need in enumerate(self._needs):
            memory = Sram(
                words=need.words, width=need.width, granularity=need.granularity, ports=need.ports
            )
            m.submodules[f"memory_{number}"] = memory
            wiring.connect(m, wiring.flipped(getattr(self, f"m{number}")), memory)
        return m


@pytest.fixture
def side_by_side():
    """Return the component that has memories side by side."""
    return _Memories
