"""Weights in LEARN: reading them, and updating and writing those of an operation.

In which cycle each is done is said by `pipelined` and `sequential`, which call these functions.
"""

from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring

from ...plasticity.eprop import Drive, Scaling, WeightUpdate, overflows, turn
from ...random.lfsr import LinearRecurrence
from ..config import ReckonConfig
from ..lane_rows import LaneRows
from .operation import (
    INPUT,
    OUTPUT,
    PRODUCT_BITS,
    RECURRENT,
    SIGNAL,
    output_slice_parts,
    slice_addresses,
    slice_parts,
)

__all__ = [
    "RandomNumbers",
    "WeightsRead",
    "add_random_numbers",
    "choose_rate",
    "read_weights",
    "select_weights",
    "update_weight",
    "updated_weight",
    "write_weights",
]


@dataclass(frozen=True)
class WeightsRead:
    """The weights of an operation, one for each lane.

    Attributes
    ----------
    inputs, recurrent, outputs : list of Value
        By kind; there are fewer outputs than lanes in some configurations.
    """

    inputs: list[Value]
    recurrent: list[Value]
    outputs: list[Value]


@dataclass(frozen=True)
class RandomNumbers:
    """Random numbers for updates.

    Attributes
    ----------
    weights, outputs : LinearRecurrence
        Those for input and recurrent weights, and for output weights.
    is_output : Signal
        The operation that draws is an update of output weights.
    """

    weights: LinearRecurrence
    outputs: LinearRecurrence
    is_output: Signal


def read_weights(
    m: Module,
    config: ReckonConfig,
    ports: wiring.PureInterface,
    operation: data.View,
    errors: LaneRows,
) -> None:
    """Ask for the weights, and errors, of an operation.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Driven are `read_in`, `read_rec`, `read_out` and their addresses.
    operation : view of operation_layout
        Input.
    errors : LaneRows
        Errors; the read port is driven.
    """
    address, out_address = slice_addresses(config, operation)
    m.d.comb += [
        ports.read_address.eq(address),
        ports.read_out_address.eq(out_address),
        ports.read_in.eq(operation.valid & (operation.kind == INPUT)),
        ports.read_rec.eq(operation.valid & (operation.kind == RECURRENT)),
        ports.read_out.eq(operation.valid & (operation.kind == SIGNAL)),
        errors.read.eq(ports.read_out.replicate(config.output_lanes)),
        errors.read_row.eq(operation.beat),
    ]


def select_weights(
    config: ReckonConfig, ports: wiring.PureInterface, operation: data.View
) -> WeightsRead:
    """Return the weights of an operation, in the cycle after they were asked for.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Inputs `weights_in`, `weights_rec` and `weights_out`.
    operation : view of operation_layout
        Input.
    """
    part = operation.beat % slice_parts(config)
    out_part = operation.beat % output_slice_parts(config)

    def of_lane(slices: data.View, lane: int, size: int, lanes: int, part: Value) -> Value:
        return Array(slices[n] for n in range(lane, size, lanes))[part]

    size, lanes = config.slice_weights, config.lanes
    out_size, out_lanes = config.output_slice_weights, config.output_lanes
    return WeightsRead(
        inputs=[of_lane(ports.weights_in, lane, size, lanes, part) for lane in range(lanes)],
        recurrent=[of_lane(ports.weights_rec, lane, size, lanes, part) for lane in range(lanes)],
        outputs=[
            of_lane(ports.weights_out, lane, out_size, out_lanes, out_part)
            for lane in range(out_lanes)
        ],
    )


def add_random_numbers(
    m: Module, config: ReckonConfig, ports: wiring.PureInterface, operation: data.View
) -> RandomNumbers:
    """Add the random generators of updates (section 7).

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Inputs `load_in`, `load_rec`, `load_out` and `seed`.
    operation : view of operation_layout
        Input: an update draws in this cycle.
    """
    m.submodules.update_random = random = LinearRecurrence(
        a=3,
        b=25,
        steps=32 * config.lanes,
        seeds=(0x0000001, 0x0424242),
        draw_bits=config.update_random_bits,
    )
    m.submodules.output_random = output_random = LinearRecurrence(
        a=1,
        b=22,
        steps=28 * config.output_lanes,
        seeds=(0x000001,),
        draw_bits=config.output_update_random_bits,
    )
    is_output = Signal()
    m.d.comb += [
        is_output.eq(operation.kind == OUTPUT),
        random.select.eq(operation.kind == RECURRENT),
        random.draw.eq(
            operation.valid & ((operation.kind == INPUT) | (operation.kind == RECURRENT))
        ),
        random.load.eq(ports.load_in | (ports.load_rec << 1)),
        random.seeds[0].eq(ports.seed),
        random.seeds[1].eq(ports.seed),
        output_random.draw.eq(operation.valid & is_output),
        output_random.load.eq(ports.load_out),
        output_random.seeds[0].eq(ports.seed),
    ]
    return RandomNumbers(weights=random, outputs=output_random, is_output=is_output)


def choose_rate(
    m: Module,
    config: ReckonConfig,
    values: data.View,
    operation: data.View,
    is_output: Value,
    *,
    registered: bool,
) -> Scaling:
    """Return the learning rate of an operation, decoded; or the strength of a neuron's
    regularisation.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    values : view of registers
        Input.
    operation : view of operation_layout
        Input.
    is_output : Value
        Input: the operation is an update of output weights.
    registered : bool
        Which rate it is stands in a register: decoded is that of the cycle before.
    """
    m.submodules.rate = rate = Scaling()
    domain = "sync" if registered else "comb"
    m.d[domain] += rate.short.eq(is_output)
    if registered:
        m.d.sync += rate.cut.eq(0)
    for kind, name in ((OUTPUT, "out"), (INPUT, "in"), (RECURRENT, "rec")):
        with m.If(operation.kind == kind):
            m.d[domain] += [
                rate.left.eq(values[f"rate_{name}_left"]),
                rate.right.eq(values[f"rate_{name}_right"]),
            ]
    if config.output_beats > 1:
        with m.If(operation.kind == SIGNAL):
            m.d[domain] += [
                rate.cut.eq(1),
                rate.left.eq(Mux(operation.last, values.regul_rec_left, values.regul_in_left)),
                rate.right.eq(Mux(operation.last, values.regul_rec_right, values.regul_in_right)),
            ]
    return rate


def update_weight(
    m: Module,
    config: ReckonConfig,
    lane: int,
    *,
    second: data.View,
    product: Signal,
    drain: Signal,
    old: Signal,
    rate: Scaling,
    scaling: Signal,
    random: RandomNumbers,
) -> WeightUpdate:
    """Compute the drive of a lane's weight, and in the next cycle the new weight.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    lane : int
        The lane.
    second : view of operation_layout
        Input: the operation whose drive is computed.
    product, drain : Signal
        Inputs: its product, and what regularisation takes.
    old : Signal
        Input: the weight, in the next cycle.
    rate : Scaling
        Input: its learning rate.
    scaling : Signal
        Input: the same in the next cycle.
    random : RandomNumbers
        Input: numbers drawn for it.
    """
    drive = Drive(PRODUCT_BITS)
    update = WeightUpdate(config.weight_bits)
    m.submodules[f"drive_{lane}"] = drive
    m.submodules[f"update_{lane}"] = update
    negative = Signal(name=f"negative_{lane}", reset_less=True)
    magnitude = Signal(32, name=f"magnitude_{lane}", reset_less=True)
    overflow = Signal(name=f"overflow_{lane}", reset_less=True)
    certain = Signal(name=f"certain_{lane}", reset_less=True)
    drawn = Signal(32, name=f"random_{lane}", reset_less=True)
    driving = drive.magnitude
    if lane == 0 and config.output_beats > 1:
        # It scales the level of a neuron, see `conclude_signal`.
        driving = Mux(second.kind == SIGNAL, second.level, driving)
    m.d.comb += [
        drive.product.eq(product),
        drive.regularisation.eq(drain),
        update.negative.eq(negative),
        update.magnitude.eq(magnitude),
        update.overflow.eq(overflow),
        update.certain.eq(certain),
        update.scaling.eq(scaling),
        update.random.eq(drawn),
        update.weight.eq(old),
    ]
    m.d.sync += [
        negative.eq(drive.negative),
        magnitude.eq(turn(driving, rate.scaling)),
        overflow.eq(overflows(driving, rate.scaling)),
        certain.eq(drive.certain),
        drawn.eq(random.weights.value[32 * lane : 32 * lane + 32]),
    ]
    if lane < config.output_lanes:
        with m.If(random.is_output):
            m.d.sync += drawn.eq(random.outputs.value[28 * lane : 28 * lane + 28])
    return update


def updated_weight(
    m: Module,
    config: ReckonConfig,
    lane: int,
    third: data.View,
    update: WeightUpdate,
    old: Signal,
) -> Signal:
    """Return a lane's new weight, if there is an update: a neuron's weight to itself becomes zero.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    lane : int
        The lane.
    third : view of operation_layout
        Input: the operation whose weights are new.
    update : WeightUpdate
        Input.
    old : Signal
        The weight, whose shape the new one has.
    """
    lane_bits = config.lanes.bit_length() - 1
    beat_bits = config.beats.bit_length() - 1
    neuron = Cat(Const(lane, lane_bits), third.beat[:beat_bits], third.group)
    updated = Signal.like(old, name=f"updated_{lane}")
    m.d.comb += updated.eq(update.result)
    with m.If((third.kind == RECURRENT) & (neuron == third.pre)):
        m.d.comb += updated.eq(0)
    return updated


def write_weights(
    m: Module, config: ReckonConfig, ports: wiring.PureInterface, third: data.View
) -> None:
    """Write input or recurrent weights.

    A weight that stays is written again: that writes depend on no update keeps memories fast.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Driven are `write_address`, `write_in` and `write_rec`.
    third : view of operation_layout
        Input: the operation whose weights are new.
    """
    address, _ = slice_addresses(config, third)
    m.d.comb += ports.write_address.eq(address)
    with m.If(third.valid & (third.kind == INPUT)):
        m.d.comb += ports.write_in.eq(1 << (third.beat % slice_parts(config)))
    with m.If(third.valid & (third.kind == RECURRENT)):
        m.d.comb += ports.write_rec.eq(1 << (third.beat % slice_parts(config)))
