"""LEARN with a pipeline: an operation begins in every cycle.

====== ===================================================================
cycle
====== ===================================================================
0      weights are asked for; what the neuron memory says is noted
1      weights are there; products
2      signal: sums. Others: drives, random numbers
3      signal: learning signal and regularisation of the neuron. Others: new weights
4      signal: factor of the neuron. Output: weights are written (others write in cycle 3)
====== ===================================================================

A memory is read in one cycle of a pair and written in the other, so one port is enough.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring

from ...initial_value import INITIAL_VALUE_UNUSED
from ...plasticity.eprop import SCALING
from ..config import ReckonConfig
from .operation import (
    FACTOR_BITS,
    INPUT,
    OPERAND_BITS,
    OUTPUT,
    PRODUCT_BITS,
    RECURRENT,
    SIGNAL,
    operation_layout,
    output_slice_parts,
    slice_addresses,
)
from .signals import add_neuron_rows, conclude_signal, find_errors
from .walk import (
    begin_walk,
    describe_operation,
    find_last_beat,
    find_work,
    step_through,
    view_index,
)
from .weights import (
    add_random_numbers,
    choose_rate,
    read_weights,
    select_weights,
    update_weight,
    updated_weight,
    write_weights,
)

__all__ = ["elaborate_pipelined"]


def _reaches_one(trace: Value, fraction: Value) -> Value:
    """Tell whether a trace is not 0 without its fraction bits."""
    return Cat(bit & (fraction <= n) for n, bit in enumerate(trace)).any()


def elaborate_pipelined(m: Module, config: ReckonConfig, ports: wiring.PureInterface) -> None:
    """Fill in the module of LEARN.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Its ports.
    """
    operation = _walk(m, config, ports)
    _pipeline(m, config, ports, operation)


def _walk(m: Module, config: ReckonConfig, ports: wiring.PureInterface) -> data.View:
    """Go through indices; return the operation of this cycle."""
    values = ports.values
    position = begin_walk(m, config, values)
    view = view_index(m, config, ports, position)
    work = find_work(
        m,
        ports,
        position,
        view,
        has_trace=(
            _reaches_one(view.state.input_trace, values.frac_trace_in),
            _reaches_one(view.state.recurrent_trace, values.frac_trace_rec),
        ),
    )
    last_beat = find_last_beat(m, config, position, work.inputs_and_recurrent.any())
    step_through(
        m,
        config,
        ports,
        position,
        last_beat,
        note_level=~position.second,
        has_level=view.regulated & view.raw_level.any(),
    )
    return describe_operation(
        m,
        config,
        ports,
        position,
        view,
        work,
        begins=position.running & (position.cycle == 0),
        last=last_beat,
        derivative=view.derivative,
        level=view.level,
    )


def _pipeline(
    m: Module, config: ReckonConfig, ports: wiring.PureInterface, operation: data.View
) -> None:
    """Carry out operations, each a cycle behind the one before it."""
    values = ports.values
    lanes, out_lanes = config.lanes, config.output_lanes
    stages = [operation]
    for number in range(1, 5):
        stage = Signal(operation_layout(config), name=f"operation_{number}")
        m.d.sync += stage.eq(stages[-1])
        stages.append(stage)
    _, first, second, third, fourth = stages

    # Cycle 0: weights and errors are asked for.
    errors = find_errors(m, config, ports, registered=True)
    read_weights(m, config, ports, operation, errors)
    factors, regularisations = add_neuron_rows(m, config, operation)

    # Cycle 1: products. An output update has weights and errors from the signal before it.
    is_signal = Signal()
    m.d.comb += is_signal.eq(first.kind == SIGNAL)
    read = select_weights(config, ports, first)
    products, weights, drains = [], [], []
    for lane in range(lanes):
        left = Signal(signed(FACTOR_BITS), name=f"left_{lane}")
        right = Signal(signed(OPERAND_BITS), name=f"right_{lane}")
        product = Signal(
            signed(PRODUCT_BITS),
            name=f"product_{lane}",
            reset_less=True,
            attrs=INITIAL_VALUE_UNUSED,
        )
        weight = Signal(signed(config.weight_bits), name=f"weight_{lane}", reset_less=True)
        drain = Signal(signed(32), name=f"drain_{lane}", reset_less=True)
        m.d.comb += [left.eq(factors.entries[lane]), right.eq(first.trace)]
        m.d.sync += product.eq(left * right)
        with m.If(first.kind == INPUT):
            m.d.sync += [weight.eq(read.inputs[lane]), drain.eq(regularisations.entries[lane])]
        with m.Elif(first.kind == RECURRENT):
            m.d.sync += [weight.eq(read.recurrent[lane]), drain.eq(regularisations.entries[lane])]
        if lane < out_lanes:
            with m.Elif(is_signal):
                m.d.sync += weight.eq(read.outputs[lane])
            with m.Else():
                m.d.sync += drain.eq(0)
            with m.If(first.kind == OUTPUT):
                # Drives are products divided by 16.
                m.d.comb += left.eq(errors.entries[lane] << 4)
            with m.If(is_signal):
                m.d.comb += [left.eq(errors.entries[lane]), right.eq(read.outputs[lane])]
        products.append(product)
        weights.append(weight)
        drains.append(drain)

    # Cycle 2: drives and random numbers. The weights of an output update have stood still.
    random = add_random_numbers(m, config, ports, second)
    rate = choose_rate(m, config, values, second, random.is_output, registered=False)
    scaling = Signal(SCALING, reset_less=True)
    m.d.sync += scaling.eq(rate.scaling)

    # Cycle 3: new weights.
    updates = []
    for lane in range(lanes):
        old = Signal(signed(config.weight_bits), name=f"old_{lane}", reset_less=True)
        m.d.sync += old.eq(weights[lane])
        update = update_weight(
            m,
            config,
            lane,
            second=second,
            product=products[lane],
            drain=drains[lane],
            old=old,
            rate=rate,
            scaling=scaling,
            random=random,
        )
        updated = updated_weight(m, config, lane, third, update, old)
        m.d.comb += ports.write_weights[lane].eq(Mux(update.write, updated, old))
        updates.append(update)
    conclude_signal(
        m, config, values, factors, regularisations, products, updates[0].scaled, stages
    )
    write_weights(m, config, ports, third)

    # Cycle 4: output weights are written; in cycle 3 the next ones are read.
    late = Signal()
    _, out_address = slice_addresses(config, fourth)
    m.d.sync += late.eq(third.valid & (third.kind == OUTPUT))
    for lane in range(out_lanes):
        m.d.sync += ports.write_out_weights[lane].eq(ports.write_weights[lane])
    m.d.comb += ports.write_out_address.eq(out_address)
    with m.If(late):
        m.d.comb += ports.write_out.eq(1 << (fourth.beat % output_slice_parts(config)))
