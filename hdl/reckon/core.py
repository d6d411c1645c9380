"""The ReckOn core: phases, memories and random generators joined."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from .blocks import SharedSignals, add_blocks
from .config import ReckonConfig
from .connections import connect_learning, connect_memories, connect_neurons, connect_outputs
from .generators import add_generators
from .host_access import serve_host
from .interface import interface
from .layout import POTENTIAL_BITS
from .sequencer import sequence_phases
from .timing import time_step_cycles

__all__ = ["Reckon"]


class Reckon(wiring.Component):
    """A recurrent network of spiking neurons that learns with e-prop, with its native interface.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    events : In(stream.Signature(event_word(config)))
        Input spikes and items of target data, at any time.
    output : Out(stream.Signature(8))
        Output words; the core waits until each is taken. A halting timing error withdraws the one
        that waits.
    access : In(AccessSignature)
        Registers and memories.
    tick : In(1)
        Ends the time step; one cycle long.
    sample, target_valid, infer_accumulate : In(1)
        As the pins of the published chip; they stand still from a tick until `ready`.
    idle : Out(1)
        Nothing is under way: the core waits for its host.
    ready : Out(1)
        Ready for the next tick; or, with register `timing_mode`, a timing error has happened.
    configuring : Out(1)
        The core waits in CONFIG.
    target_request : Out(1)
        The core waits for a target, and register `target_request_monitor` is 1.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        self.interface = interface(config)
        super().__init__(self.interface.members())

    def cycles(
        self,
        last_input: int | None = None,
        last_neuron: int | None = None,
        last_output: int | None = None,
    ) -> dict[str, int]:
        """Clock cycles of a tick, and what is added to them.

        Ticks are from the cycle in which the tick comes to the first in which the core is ready,
        without spikes, learning, output words and waiting.

        Parameters
        ----------
        last_input, last_neuron, last_output : int, optional
            Registers of these names; all bits set if absent, as after a reset.

        Returns
        -------
        dict
            ``first_tick``, ``tick``: of a sample, and any other. ``input_spike``, ``neuron_spike``:
            for each index of which an input, or a neuron too, spikes. ``supplement``: for each
            input above `last_neuron` that spikes and leaves a trace. ``learn``: LEARN with work for
            every pre-synaptic index. ``learn_quiet``: with none. ``learn_outputs``: with register
            `learn` = 4.
        """
        highest = self.config.neurons - 1
        return time_step_cycles(
            self.config,
            highest if last_input is None else last_input,
            highest if last_neuron is None else last_neuron,
            self.config.outputs - 1 if last_output is None else last_output,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        request = self.access.request
        blocks = add_blocks(m, config, self.interface.registers)
        values = blocks.registers.values

        # Several blocks drive these, one at a time.
        accessing = Signal()
        output_index = Signal(config.output_index_bits)
        output_value = Signal(POTENTIAL_BITS)
        read_address = Signal(config.weight_address_bits)
        shared = SharedSignals(
            output_index=output_index,
            output_value=output_value,
            weights_address=read_address,
            accessing=accessing,
        )

        # Registers are written at once.
        to_register = Signal()
        m.d.comb += [
            to_register.eq(request.p.space == 0),
            blocks.registers.write.eq(request.valid & to_register & request.p.write),
            blocks.registers.address.eq(request.p.address),
            blocks.registers.data.eq(request.p.data),
        ]

        # N and V: the last index that can spike, and that leaks.
        last_index, last_leak = Signal(config.address_bits), Signal(config.address_bits)
        m.d.comb += [
            last_index.eq(
                Mux(values.last_input > values.last_neuron, values.last_input, values.last_neuron)
            ),
            last_leak.eq(Mux(values.last_output > last_index, values.last_output, last_index)),
        ]

        phases = sequence_phases(
            m,
            config,
            blocks,
            accessing=accessing,
            sample=self.sample,
            target_valid=self.target_valid,
            infer_accumulate=self.infer_accumulate,
            core_idle=self.idle,
            core_ready=self.ready,
            configuring=self.configuring,
            target_request=self.target_request,
        )
        m.d.comb += [
            blocks.time_step.tick.eq(self.tick),
            blocks.time_step.local_tick.eq(values.local_tick),
            blocks.time_step.halt_on_error.eq(values.halt_on_error),
            blocks.time_step.cycles_per_tick.eq(values.cycles_per_tick),
        ]

        # Input items.
        wiring.connect(m, wiring.flipped(self.events), blocks.items.events)
        m.d.comb += [
            blocks.items.last_index.eq(last_index),
            blocks.items.tick.eq(blocks.time_step.step),
            blocks.items.clear_all.eq(phases.sample_ends),
            blocks.items.clear_present.eq(phases.propagated),
            blocks.items.read.eq(blocks.propagate.read_flags),
            blocks.items.row.eq(blocks.propagate.row),
        ]

        connect_outputs(m, config, blocks, shared, phases, last_leak, request, self.output)
        connect_neurons(m, blocks, phases, last_index, last_leak, request)
        connect_memories(m, config, blocks, shared, phases)
        if config.learning:
            connect_learning(m, config, blocks, shared, last_index, self.target_valid)
        add_generators(m, config, self.interface.registers, blocks, request)
        serve_host(m, config, self.interface, blocks, shared, phases, self.access)
        return m
