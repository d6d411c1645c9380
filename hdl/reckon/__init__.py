"""ReckOn: a recurrent network of spiking neurons that learns with e-prop (specification of
ReckOn).
"""

from ..core import Core

__all__ = ["RECKON"]

RECKON = Core(
    name="reckon",
    about="recurrent network of spiking neurons, learning with e-prop",
    config="spikewright.hdl.reckon.config:ReckonConfig",
    interface="spikewright.hdl.reckon.interface:interface",
    pins="spikewright.hdl.reckon.interface:pins",
    hardware="spikewright.hdl.reckon.core:Reckon",
    model="spikewright.sim.model.reckon:ReckonModel",
    workload="spikewright.sim.workload.reckon",
    trace_parameters=(
        "neurons",
        "outputs",
        "weight_bits",
        "neuron_lanes",
        "weight_lanes",
        # The last two are not in golden traces.
        "learning",
        "spare_output_weights",
    ),
    boards={
        # A smaller core: all other parameters are the published chip's.
        "icebreaker": {"lanes": 1, "spare_output_weights": 0},
        "ulx3s-85f": {"lanes": 4},
    },
)
