"""The phase LEARN with its ports."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..config import ReckonConfig
from ..layout import POTENTIAL_BITS, STATE
from ..neuron_memory import neuron_port
from .operation import output_slice_parts, slice_parts
from .pipelined import elaborate_pipelined
from .sequential import elaborate_sequential

__all__ = ["LearnPhase"]


class LearnPhase(wiring.Component):
    """Updates the weights of one time step.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.
    values : data.StructLayout
        Layout of the register values.

    Members
    -------
    start : In(1)
        Begin with the next cycle.
    busy : Out(1)
        At work.
    target_valid : In(1)
        Pin of this name; stands still.
    values : In
        Registers.
    last_index : In(A)
        N.
    label : In(B)
        The label.
    read_output : Out(1)
        Read potential and target of output `next_output` at the next clock edge.
    next_output : Out(B)
        The output to be read.
    output : Out(B)
        The output read last.
    potential, target : In(signed(16))
        Its potential and target, in the cycle after `read_output`.
    neurons : Out(neuron_port(config))
        Use of the neuron memory: reads only.
    state : In
        Effective state of the neurons of the part of the word read last.
    read_in, read_rec, read_out : Out(1)
        Read weights at the next clock edge.
    read_address, read_out_address : Out
        Slices to read: of input and recurrent weights, and of output weights.
    weights_in, weights_rec, weights_out : In(array of signed weights)
        The slices, in the cycle after.
    write_in, write_rec, write_out : Out(parts of a slice)
        Parts of a slice to write at the next clock edge.
    write_address, write_out_address : Out
        Slices to write.
    write_weights, write_out_weights : Out(array of signed weights, one for each lane)
        New weights of the part.
    load_in, load_rec, load_out : In(1)
        Load `seed` into the random generator.
    seed : In(25)
        Seed.
    """

    def __init__(self, config: ReckonConfig, values: data.StructLayout) -> None:
        self.config = config
        index = config.address_bits
        bits = signed(config.weight_bits)
        slices = data.ArrayLayout(bits, config.slice_weights)
        out_slices = data.ArrayLayout(bits, config.output_slice_weights)
        super().__init__(
            {
                "start": In(1),
                "busy": Out(1),
                "target_valid": In(1),
                "values": In(values),
                "last_index": In(index),
                "label": In(config.output_index_bits),
                "read_output": Out(1),
                "next_output": Out(config.output_index_bits),
                "output": Out(config.output_index_bits),
                "potential": In(signed(POTENTIAL_BITS)),
                "target": In(signed(POTENTIAL_BITS)),
                "neurons": Out(neuron_port(config)),
                "state": In(data.ArrayLayout(STATE, config.neuron_units)),
                "read_in": Out(1),
                "read_rec": Out(1),
                "read_out": Out(1),
                "read_address": Out(config.weight_address_bits),
                "read_out_address": Out(config.output_weight_address_bits),
                "weights_in": In(slices),
                "weights_rec": In(slices),
                "weights_out": In(out_slices),
                "write_in": Out(slice_parts(config)),
                "write_rec": Out(slice_parts(config)),
                "write_out": Out(output_slice_parts(config)),
                "write_address": Out(config.weight_address_bits),
                "write_out_address": Out(config.output_weight_address_bits),
                "write_weights": Out(data.ArrayLayout(bits, config.lanes)),
                "write_out_weights": Out(data.ArrayLayout(bits, config.output_lanes)),
                "load_in": In(1),
                "load_rec": In(1),
                "load_out": In(1),
                "seed": In(25),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.config.operation_cycles == 1:
            elaborate_pipelined(m, self.config, self)
        else:
            elaborate_sequential(m, self.config, self)
        return m
