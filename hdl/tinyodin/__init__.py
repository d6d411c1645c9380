"""tinyODIN: a crossbar of leaky integrate-and-fire neurons (specification of tinyODIN)."""

from ..core import Core

__all__ = ["TINYODIN"]

TINYODIN = Core(
    name="tinyodin",
    about="crossbar of leaky integrate-and-fire neurons without plasticity",
    config="spikewright.hdl.tinyodin.config:TinyOdinConfig",
    interface="spikewright.hdl.tinyodin.interface:interface",
    pins="spikewright.hdl.tinyodin.interface:pins",
    hardware="spikewright.hdl.tinyodin.core:TinyOdin",
    model="spikewright.sim.model.tinyodin:TinyOdinModel",
    workload="spikewright.sim.workload.tinyodin",
    trace_parameters=("neurons", "weight_bits", "potential_bits", "fifo_depth"),
)
