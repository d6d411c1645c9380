"""A core of one's own: a crossbar of leaky integrate-and-fire neurons with a refractory period."""

from spikewright.hdl.core import Core

REFRACTORY = Core(
    name="refractory",
    about="crossbar of leaky integrate-and-fire neurons with a refractory period",
    config="refractory.config:RefractoryConfig",
    interface="refractory.config:interface",
    hardware="refractory.hardware:Refractory",
    model="refractory.model:RefractoryModel",
    workload="refractory.workload",
    trace_parameters=("neurons", "weight_bits", "potential_bits"),
    boards={"icebreaker": {"neurons": 64}},
)
