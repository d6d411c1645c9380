"""Learning signals in LEARN: errors of the outputs, and what is kept of the neurons of a group.

In which cycle each is done is said by `pipelined` and `sequential`, which call these functions.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring

from ...initial_value import INITIAL_VALUE_UNUSED
from ...plasticity.eprop import (
    OutputError,
    Scaling,
    learning_signal,
    scale,
    small_product,
    turn,
)
from ..config import ReckonConfig
from ..lane_rows import LaneRows
from .operation import FACTOR_BITS, RECURRENT, SIGNAL

__all__ = ["add_neuron_rows", "conclude_signal", "find_errors"]


def find_errors(
    m: Module, config: ReckonConfig, ports: wiring.PureInterface, *, registered: bool
) -> LaneRows:
    """Compute the errors of all outputs, and return them in rows, one for each beat.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Inputs `read_output`, `next_output`, `potential`, `target`, `label`, `target_valid`,
        `values`; driven is `output`.
    registered : bool
        What is read is one of many and comes late; a register stands between it and the error.
    """
    values = ports.values
    lanes = config.output_lanes
    lane_bits = lanes.bit_length() - 1
    m.submodules.error = error = OutputError()
    m.submodules.errors = errors = LaneRows(signed(16), rows=config.output_beats, lanes=lanes)
    domain = "sync" if registered else "comb"
    arrived, found = Signal(), Signal()
    output = Signal.like(ports.output)
    m.d.sync += [arrived.eq(ports.read_output), ports.output.eq(ports.next_output)]
    m.d[domain] += [
        found.eq(arrived),
        output.eq(ports.output),
        error.potential.eq(ports.potential),
        error.target.eq(ports.target),
    ]
    m.d.comb += [
        error.enable.eq(ports.target_valid & (output <= values.last_output)),
        error.linear.eq(values.linear_output),
        error.regression.eq(values.regression),
        error.chosen.eq(ports.label == output),
        errors.write_row.eq(output >> lane_bits),
        errors.write_entries.eq(error.error.replicate(lanes)),
    ]
    with m.If(found):
        m.d.comb += errors.write.eq(1 << output[:lane_bits])
    return errors


def add_neuron_rows(
    m: Module, config: ReckonConfig, operation: data.View
) -> tuple[LaneRows, LaneRows]:
    """Return what is kept of the neurons of a group: factors, and regularisation for each kind of
    weights.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    operation : view of operation_layout
        Input: the operation that asks for weights; its rows are read with them.
    """
    lanes = config.lanes
    m.submodules.factors = factors = LaneRows(signed(FACTOR_BITS), rows=config.beats, lanes=lanes)
    m.submodules.regularisations = regularisations = LaneRows(
        signed(32), rows=2 * config.beats, lanes=lanes
    )
    m.d.comb += [
        factors.read.eq(operation.kind[1].replicate(lanes)),
        factors.read_row.eq(operation.beat),
        regularisations.read.eq(factors.read),
        regularisations.read_row.eq(
            Cat(operation.kind == RECURRENT, operation.beat[: config.beats.bit_length() - 1])
        ),
    ]
    return factors, regularisations


def conclude_signal(
    m: Module,
    config: ReckonConfig,
    values: data.View,
    factors: LaneRows,
    regularisations: LaneRows,
    products: Sequence[Signal],
    scaled: Value,
    stages: Sequence[data.View],
) -> None:
    """Go from the products of a signal to the factor of its neuron, and its regularisation.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    values : view of registers
        Input.
    factors, regularisations : LaneRows
        What is kept of the neurons; the write ports are driven.
    products : sequence of Signal
        Inputs: products of errors and output weights, of the operation in cycle 2.
    scaled : Value
        Input: the neuron's level times the strength of regularisation, from the first lane; used
        where an operation has several beats.
    stages : sequence of view of operation_layout
        Inputs: the operations in cycles 0 to 4.
    """
    _, first, second, third, fourth = stages
    # 16 products of 16 and 8 bits.
    partial = Signal(signed(28))
    total = Signal(signed(28))
    terms = [product[:28].as_signed() for product in products[: config.output_lanes]]
    while len(terms) > 1:
        terms = [sum(terms[n : n + 2][1:], terms[n]) for n in range(0, len(terms), 2)]
    m.d.comb += total.eq(partial + terms[0])
    with m.If(second.valid & (second.kind == SIGNAL)):
        m.d.sync += partial.eq(Mux(second.last, 0, total))
    # Cycle 3: what may stand in multipliers has no initial value.
    negative = Signal(reset_less=True)
    product_total = Signal.like(total, reset_less=True, attrs=INITIAL_VALUE_UNUSED)
    product_learned = Signal(signed(16), reset_less=True, attrs=INITIAL_VALUE_UNUSED)
    m.d.sync += [
        negative.eq(total[-1]),
        product_total.eq(total),
        product_learned.eq(
            learning_signal(product_total, values.signal_scale, multiply=config.multipliers_shift)
        ),
    ]

    done = Signal()
    m.d.comb += done.eq(third.valid & (third.kind == SIGNAL) & third.last)
    # Both kinds' regularisation, one after the other.
    additive = Signal(signed(32))
    recurrent, found = Signal(), Signal()
    place = Signal.like(third.pre)
    if config.output_beats > 1:
        # The first lane has nothing else to do in the last two beats of a signal.
        m.d.comb += [
            recurrent.eq(third.last),
            found.eq(third.valid & (third.kind == SIGNAL)),
            place.eq(third.pre),
        ]
        strength = scaled
    else:
        m.submodules.strength = decoder = Scaling()
        level = Signal(32)
        m.d.comb += [
            recurrent.eq(done),
            found.eq(done | (second.valid & (second.kind == SIGNAL))),
            place.eq(Mux(recurrent, third.pre, second.pre)),
            decoder.left.eq(Mux(recurrent, values.regul_rec_left, values.regul_in_left)),
            decoder.right.eq(Mux(recurrent, values.regul_rec_right, values.regul_in_right)),
            level.eq(Mux(recurrent, third.level, second.level)),
        ]
        strength = scale(turn(level, decoder.scaling), decoder.scaling)
    used = Mux(recurrent, values.regul_weights[1], values.regul_weights[0])
    with m.If(values.regul_mode[1] & used):
        m.d.comb += additive.eq(strength)

    # Multiplicative regularisation weakens what would strengthen, which signs tell; a cycle for a
    # step.
    shifted = Signal(12)
    multiplier = Signal(5, reset_less=True)
    weakened = Signal(signed(10), reset_less=True)
    product_slope = Signal(signed(10), reset_less=True, attrs=INITIAL_VALUE_UNUSED)
    strengthens = Signal()
    m.d.comb += [
        shifted.eq(first.level >> values.regul_mul_right),
        strengthens.eq(negative == third.derivative[-1]),
    ]
    m.d.sync += [
        multiplier.eq(16),
        weakened.eq(small_product(second.derivative, multiplier)),
        product_slope.eq(Mux(strengthens, weakened, third.derivative << 4)),
    ]
    with m.If(values.regul_mode[0] & values.regul_weights.any()):
        m.d.sync += multiplier.eq(Mux(shifted >= 16, 0, 16 - shifted[:5]))
    with m.If(~third.signal):
        m.d.sync += product_slope.eq(0)
    lane_bits = config.lanes.bit_length() - 1
    place_bits = config.weight_lanes.bit_length() - 1
    m.d.comb += [
        factors.write_row.eq(fourth.pre[lane_bits:place_bits]),
        factors.write_entries.eq(
            (product_learned * product_slope)[:FACTOR_BITS].replicate(config.lanes)
        ),
        regularisations.write_row.eq(Cat(recurrent, place[lane_bits:place_bits])),
        regularisations.write_entries.eq(additive.replicate(config.lanes)),
    ]
    with m.If(found):
        m.d.comb += regularisations.write.eq(1 << place[:lane_bits])
    with m.If(fourth.valid & (fourth.kind == SIGNAL) & fourth.last):
        m.d.comb += factors.write.eq(1 << fourth.pre[:lane_bits])
