"""ODIN: a crossbar of LIF and Izhikevich-type neurons that learns with SDSP (specification of
ODIN).
"""

from ..core import Core

__all__ = ["ODIN"]

ODIN = Core(
    name="odin",
    about="crossbar of LIF and Izhikevich-type neurons, learning with SDSP",
    config="spikewright.hdl.odin.config:OdinConfig",
    interface="spikewright.hdl.odin.interface:interface",
    pins="spikewright.hdl.odin.interface:pins",
    hardware="spikewright.hdl.odin.core:Odin",
    model="spikewright.sim.model.odin:OdinModel",
    workload="spikewright.sim.workload.odin",
    # The last four are not in golden traces, but what is left out changes results as well.
    trace_parameters=(
        "neurons",
        "weight_bits",
        "fifo_depth",
        "burst_slot_depth",
        "lif",
        "izhikevich",
        "plasticity",
        "burst_queue",
    ),
)
