"""LEARN in the smallest cores: an operation stands still for six cycles.

What is computed is kept where registers cost least, in multipliers and behind logic:

====== ===================================================================
cycle
====== ===================================================================
0      trace and derivative of the index are noted
1      weights are asked for; its level
2      weights are there; operands of products
3      signal: sums. Others: drives, random numbers
4      signal: learning signal, slope. Others: whether the weight changes
5      factor and regularisation, or weights are written
====== ===================================================================
"""

from amaranth.hdl import Module, Mux, Signal, signed
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

__all__ = ["elaborate_sequential"]


def elaborate_sequential(m: Module, config: ReckonConfig, ports: wiring.PureInterface) -> None:
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
    _carry_out(m, config, ports, operation)


def _walk(m: Module, config: ReckonConfig, ports: wiring.PureInterface) -> data.View:
    """Go through indices; return the operation, valid in cycle 1."""
    position = begin_walk(m, config, ports.values)
    # Cycle 0 notes the trace; cycle 1 notes what follows from it, behind the logic.
    seen_trace = Signal(12, reset_less=True)
    view = view_index(m, config, ports, position, noted_trace=seen_trace)
    m.d.sync += seen_trace.eq(view.stored_trace)
    seen_derivative = Signal(signed(5), reset_less=True)
    seen_level = Signal(12, reset_less=True)
    m.d.sync += [seen_derivative.eq(view.derivative), seen_level.eq(view.level)]
    has_trace = view.trace.any()
    work = find_work(m, ports, position, view, has_trace=(has_trace, has_trace))
    # Only the trace of this kind has been noted, so the work of the pair's first operation is kept.
    went = Signal()
    with m.If(~position.odd):
        m.d.sync += went.eq(work.inputs_and_recurrent[0])
    last_beat = find_last_beat(m, config, position, went | work.inputs_and_recurrent[1])
    step_through(
        m,
        config,
        ports,
        position,
        last_beat,
        note_level=~position.second & position.advance,
        has_level=seen_level.any(),
    )
    return describe_operation(
        m,
        config,
        ports,
        position,
        view,
        work,
        begins=position.running & (position.cycle == 1),
        last=position.beat == config.output_beats - 1,
        derivative=seen_derivative,
        level=seen_level,
    )


def _carry_out(
    m: Module, config: ReckonConfig, ports: wiring.PureInterface, operation: data.View
) -> None:
    """Carry out an operation while it stands still; only `valid` goes from cycle to cycle."""
    values = ports.values
    lanes, out_lanes = config.lanes, config.output_lanes
    stages = [operation]
    # Cycles 2, 3 and 5; the last two stages are one.
    for number, cycles in enumerate((1, 1, 2, 0), 1):
        stage = Signal(operation_layout(config), name=f"operation_{number}")
        m.d.comb += stage.eq(stages[-1])
        valid = stages[-1].valid
        for delay in range(cycles):
            delayed = Signal(name=f"valid_{number}_{delay}")
            m.d.sync += delayed.eq(valid)
            valid = delayed
        m.d.comb += stage.valid.eq(valid)
        stages.append(stage)
    _, first, second, third, fourth = stages

    # Cycle 1: weights and errors are asked for.
    errors = find_errors(m, config, ports, registered=False)
    read_weights(m, config, ports, operation, errors)
    factors, regularisations = add_neuron_rows(m, config, operation)

    # Cycle 2: operands, which a multiplier of a small FPGA may keep; weights stand still behind.
    is_signal = Signal()
    m.d.comb += is_signal.eq(first.kind == SIGNAL)
    read = select_weights(config, ports, first)
    products, weights, drains = [], [], []
    for lane in range(lanes):
        left = Signal(signed(FACTOR_BITS), name=f"left_{lane}")
        right = Signal(signed(OPERAND_BITS), name=f"right_{lane}")
        product = Signal(signed(PRODUCT_BITS), name=f"product_{lane}", reset_less=True)
        weight = Signal(signed(config.weight_bits), name=f"weight_{lane}", reset_less=True)
        drain = Signal(signed(32), name=f"drain_{lane}", reset_less=True)
        kept_left = Signal(
            signed(FACTOR_BITS),
            name=f"product_left_{lane}",
            reset_less=True,
            attrs=INITIAL_VALUE_UNUSED,
        )
        kept_right = Signal(
            signed(OPERAND_BITS),
            name=f"product_right_{lane}",
            reset_less=True,
            attrs=INITIAL_VALUE_UNUSED,
        )
        m.d.comb += [left.eq(factors.entries[lane]), right.eq(first.trace)]
        m.d.sync += [kept_left.eq(left), kept_right.eq(right)]
        m.d.comb += product.eq(kept_left * kept_right)
        with m.If(first.kind == INPUT):
            m.d.comb += [weight.eq(read.inputs[lane]), drain.eq(regularisations.entries[lane])]
        with m.Elif(first.kind == RECURRENT):
            m.d.comb += [weight.eq(read.recurrent[lane]), drain.eq(regularisations.entries[lane])]
        if lane < out_lanes:
            with m.Else():
                m.d.comb += weight.eq(read.outputs[lane])
            with m.If(first.kind == OUTPUT):
                # Drives are products divided by 16.
                m.d.comb += left.eq(errors.entries[lane] << 4)
            with m.If(is_signal):
                m.d.comb += [left.eq(errors.entries[lane]), right.eq(read.outputs[lane])]
        products.append(product)
        weights.append(weight)
        drains.append(drain)

    # Cycle 3: drives and random numbers.
    random = add_random_numbers(m, config, ports, second)
    rate = choose_rate(m, config, values, second, random.is_output, registered=True)
    scaling = Signal(SCALING, reset_less=True)
    m.d.comb += scaling.eq(rate.scaling)

    # Cycle 4: whether the weight changes. Cycle 5: new weights.
    updates = []
    for lane in range(lanes):
        old = Signal(signed(config.weight_bits), name=f"old_{lane}", reset_less=True)
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
        m.d.comb += old.eq(weights[lane])
        updated = updated_weight(m, config, lane, third, update, old)
        happens = Signal(name=f"happens_{lane}", reset_less=True)
        m.d.sync += happens.eq(update.write)
        m.d.comb += ports.write_weights[lane].eq(Mux(happens, updated, old))
        updates.append(update)
    conclude_signal(
        m, config, values, factors, regularisations, products, updates[0].scaled, stages
    )
    write_weights(m, config, ports, third)

    # Output weights are written in the same cycle.
    late = Signal()
    _, out_address = slice_addresses(config, fourth)
    m.d.comb += late.eq(third.valid & (third.kind == OUTPUT))
    for lane in range(out_lanes):
        m.d.comb += ports.write_out_weights[lane].eq(ports.write_weights[lane])
    m.d.comb += ports.write_out_address.eq(out_address)
    with m.If(late):
        m.d.comb += ports.write_out.eq(1 << (fourth.beat % output_slice_parts(config)))
