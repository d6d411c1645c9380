"""Connections between the blocks of the ReckOn core."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring

from .blocks import Blocks, SharedSignals
from .config import ReckonConfig
from .sequencer import PhaseSignals

__all__ = ["connect_learning", "connect_memories", "connect_neurons", "connect_outputs"]


def connect_outputs(
    m: Module,
    config: ReckonConfig,
    blocks: Blocks,
    shared: SharedSignals,
    phases: PhaseSignals,
    last_leak: Signal,
    request: stream.Interface,
    output: stream.Interface,
) -> None:
    """Connect the output layer, the winner counters and SEND.

    Hosts, LEARN and SEND look at one output at a time.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration.
    blocks : Blocks
        Blocks of the core.
    shared : SharedSignals
        Driven are `output_index` and `output_value`.
    phases : PhaseSignals
        Inputs.
    last_leak : Signal
        Input V: the last index that leaks.
    request : stream of ReckonAccess
        Input: what a host asks for.
    output : stream of output words
        Output words of the core; driven.
    """
    lane_bits = config.output_lanes.bit_length() - 1
    output_index, output_value = shared.output_index, shared.output_value
    values = blocks.registers.values
    propagate, send, outputs, winners = (
        blocks.propagate,
        blocks.send,
        blocks.outputs,
        blocks.winners,
    )
    weights_out = blocks.weights_out
    m.d.comb += [
        output_index.eq(Mux(send.busy, send.index, request.p.address)),
        output_value.eq(
            Array(outputs.potentials[n] for n in range(config.output_lanes))[
                output_index[:lane_bits]
            ]
        ),
        outputs.host_lane.eq(output_index),
        outputs.read.eq(propagate.read_output_weights),
        outputs.read_beat.eq(propagate.output_beat),
    ]
    with m.If(send.read):
        m.d.comb += [outputs.read.eq(1), outputs.read_beat.eq(output_index >> lane_bits)]
    m.d.comb += [
        outputs.clear.eq(phases.clear),
        outputs.clear_beat.eq(phases.clear_row),
        outputs.last_output.eq(values.last_output),
        outputs.leak.eq(blocks.leak.start),
        outputs.leak_last.eq(Mux(last_leak > config.outputs - 1, config.outputs - 1, last_leak)),
        outputs.kappa.eq(values.kappa),
        outputs.stochastic_rounding.eq(values.stochastic_rounding),
        outputs.add.eq(propagate.add),
        outputs.shift_w_out.eq(values.shift_w_out),
        winners.clear.eq(phases.clear),
        winners.winner.eq(
            Mux(phases.clear, phases.clear_row, Mux(values.regression, 0, outputs.winner))
        ),
        winners.last_output.eq(values.last_output),
        winners.find.eq(send.find),
        send.finding.eq(winners.busy),
        send.label.eq(winners.label),
        send.potential.eq(output_value),
        send.send_label.eq(values.send_label),
        send.regression.eq(values.regression),
        send.last_output.eq(values.last_output),
    ]
    m.d.comb += [
        output.valid.eq(send.output.valid & ~blocks.time_step.halted),
        output.p.eq(send.output.p),
        send.output.ready.eq(output.ready),
    ]
    parts = weights_out.size // config.output_lanes
    part = Signal(range(parts))
    m.d.sync += part.eq(propagate.output_beat)
    for lane in range(config.output_lanes):
        mine = Array(weights_out.weights[p * config.output_lanes + lane] for p in range(parts))
        m.d.comb += outputs.weights[lane].eq(mine[part])


def connect_neurons(
    m: Module,
    blocks: Blocks,
    phases: PhaseSignals,
    last_index: Signal,
    last_leak: Signal,
    request: stream.Interface,
) -> None:
    """Connect what LEAK and PROPAGATE read.

    Parameters
    ----------
    m : Module
        Module of the core.
    blocks : Blocks
        Blocks of the core.
    phases : PhaseSignals
        Inputs.
    last_index, last_leak : Signal
        Inputs N and V: the last index that can spike, and that leaks.
    request : stream of ReckonAccess
        Input: what a host asks for.
    """
    leak, propagate, neurons = blocks.leak, blocks.propagate, blocks.neurons
    alpha_select = blocks.alpha_select
    values = blocks.registers.values
    m.d.comb += [
        alpha_select.write.eq(blocks.registers.write),
        alpha_select.address.eq(request.p.address),
        alpha_select.data.eq(request.p.data),
        alpha_select.read.eq(leak.read_alpha_select),
        alpha_select.word.eq(leak.next_word),
    ]
    m.d.comb += [
        neurons.clear.eq(phases.clear),
        neurons.clear_row.eq(phases.clear_row),
        leak.last_index.eq(last_leak),
        leak.stored.eq(neurons.stored),
        leak.state.eq(neurons.state),
        leak.alpha_select.eq(alpha_select.selected),
        leak.kappa.eq(values.kappa),
        leak.reset_to_zero.eq(values.reset_to_zero),
        leak.stochastic_rounding.eq(values.stochastic_rounding),
        propagate.last_index.eq(last_index),
        propagate.last_neuron.eq(values.last_neuron),
        propagate.force_traces.eq(values.force_traces),
        propagate.noise.eq(values.noise),
        propagate.noise_shift.eq(values.noise_shift),
        propagate.shift_w_in.eq(values.shift_w_in),
        propagate.shift_w_rec.eq(values.shift_w_rec),
        propagate.frac_trace_in.eq(values.frac_trace_in),
        propagate.frac_trace_rec.eq(values.frac_trace_rec),
        propagate.frac_trace_out.eq(values.frac_trace_out),
        propagate.current.eq(blocks.items.flags),
        propagate.spikes.eq(blocks.spikes.read_data),
        propagate.state.eq(neurons.state),
        propagate.weights_in.eq(blocks.weights_in.weights),
        propagate.weights_rec.eq(blocks.weights_rec.weights),
    ]


def connect_memories(
    m: Module,
    config: ReckonConfig,
    blocks: Blocks,
    shared: SharedSignals,
    phases: PhaseSignals,
) -> None:
    """Connect the memories of neurons, spikes and weights to the phase at work, LEAK or PROPAGATE.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration.
    blocks : Blocks
        Blocks of the core.
    shared : SharedSignals
        Driven is `weights_address`: both kinds of weights are read at the same address.
    phases : PhaseSignals
        Inputs.
    """
    read_address = shared.weights_address
    leak, propagate, neurons, spikes = (
        blocks.leak,
        blocks.propagate,
        blocks.neurons,
        blocks.spikes,
    )
    weights_in, weights_rec, weights_out = (
        blocks.weights_in,
        blocks.weights_rec,
        blocks.weights_out,
    )
    m.d.comb += [
        neurons.port.write.eq(leak.neurons.write | propagate.neurons.write),
        neurons.port.state.eq(
            Mux(leak.busy, leak.neurons.state.as_value(), propagate.neurons.state.as_value())
        ),
        neurons.port.fields.eq(
            Mux(leak.busy, leak.neurons.fields.as_value(), propagate.neurons.fields.as_value())
        ),
        neurons.port.stale.eq(propagate.neurons.stale),
        neurons.port.keep.eq(leak.neurons.keep),
    ]
    with m.If(leak.busy):
        _use_neurons(m, neurons.port, leak.neurons)
    with m.Elif(propagate.busy):
        _use_neurons(m, neurons.port, propagate.neurons)
    out_slices = config.outputs // weights_out.size
    lanes_per_slice = weights_out.size // config.output_lanes
    m.d.comb += [
        spikes.read.eq(propagate.read_flags),
        spikes.read_address.eq(propagate.row),
        # Spikes are gone as soon as they are seen.
        spikes.write.eq(leak.write | propagate.flags_seen | phases.clear),
        spikes.write_address.eq(
            Mux(leak.busy, leak.row, Mux(phases.clear, phases.clear_row, propagate.row))
        ),
        spikes.write_data.eq(leak.spikes),
        weights_in.read.eq(propagate.read_weights),
        weights_rec.read.eq(propagate.read_weights),
        weights_in.read_address.eq(read_address),
        weights_rec.read_address.eq(read_address),
        read_address.eq(propagate.weights_address),
        weights_out.read.eq(propagate.read_output_weights),
        weights_out.read_address.eq(
            Cat(
                (propagate.output_beat // lanes_per_slice)[: out_slices.bit_length() - 1],
                propagate.output_source,
            )
        ),
    ]


def connect_learning(
    m: Module,
    config: ReckonConfig,
    blocks: Blocks,
    shared: SharedSignals,
    last_index: Signal,
    target_valid: Signal,
) -> None:
    """Connect LEARN and targets; while LEARN is at work, memories are its own.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration of a core that learns.
    blocks : Blocks
        Blocks of the core.
    shared : SharedSignals
        Driven, while LEARN is at work, are `output_index` and `weights_address`.
    last_index : Signal
        Input N: the last index that can spike.
    target_valid : Signal
        Input: the core's pin of this name.
    """
    learn, targets = blocks.learn, blocks.targets
    assert learn is not None and targets is not None
    items, neurons, outputs = blocks.items, blocks.neurons, blocks.outputs
    weights_in, weights_rec, weights_out = (
        blocks.weights_in,
        blocks.weights_rec,
        blocks.weights_out,
    )
    values = blocks.registers.values
    m.d.comb += blocks.propagate.learn.eq(values.learn)
    m.d.comb += [
        items.hold.eq(learn.read_output),
        targets.item.eq(items.target),
        targets.address.eq(items.address),
        targets.regression.eq(values.regression),
        targets.last_output.eq(values.last_output),
        learn.target_valid.eq(target_valid),
        learn.values.eq(values),
        learn.last_index.eq(last_index),
        learn.label.eq(targets.label),
        learn.target.eq(targets.target),
        learn.potential.eq(shared.output_value),
        targets.read.eq(learn.read_output),
        targets.output.eq(learn.next_output),
        learn.state.eq(neurons.state),
        neurons.port.first.eq(learn.busy & learn.neurons.first),
        neurons.port.again.eq(learn.neurons.again),
        neurons.port.again_part.eq(learn.neurons.again_part),
        learn.weights_in.eq(weights_in.weights),
        learn.weights_rec.eq(weights_rec.weights),
        learn.weights_out.eq(weights_out.weights),
        weights_in.write.eq(learn.write_in),
        weights_rec.write.eq(learn.write_rec),
        weights_out.write.eq(learn.write_out),
        weights_in.write_address.eq(learn.write_address),
        weights_rec.write_address.eq(learn.write_address),
        weights_out.write_address.eq(learn.write_out_address),
    ]
    for memory, new in (
        (weights_in, learn.write_weights),
        (weights_rec, learn.write_weights),
        (weights_out, learn.write_out_weights),
    ):
        m.d.comb += memory.write_weights.eq(new)
    with m.If(learn.busy):
        _use_neurons(m, neurons.port, learn.neurons)
        m.d.comb += [
            outputs.read.eq(learn.read_output),
            outputs.read_beat.eq(learn.next_output >> (config.output_lanes.bit_length() - 1)),
            shared.output_index.eq(learn.output),
            weights_in.read.eq(learn.read_in),
            weights_rec.read.eq(learn.read_rec),
            weights_out.read.eq(learn.read_out),
            shared.weights_address.eq(learn.read_address),
            weights_out.read_address.eq(learn.read_out_address),
        ]


def _use_neurons(m: Module, port: wiring.PureInterface, user: wiring.PureInterface) -> None:
    """Let a phase say what is read of the neuron memory."""
    m.d.comb += [
        port.read.eq(user.read),
        port.word.eq(user.word),
        port.part.eq(user.part),
    ]
