"""The walk of LEARN through groups, indices and beats, and what it sees of each index.

How many cycles an operation takes, and in which of them something of the index is looked at, is
said by `pipelined` and `sequential`, which call these functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import data, wiring

from ...plasticity.eprop import RegularisationLevel, SurrogateDerivative
from ..config import ReckonConfig
from ..layout import STATE
from .operation import INPUT, OUTPUT, RECURRENT, SIGNAL, operation_layout

__all__ = [
    "IndexView",
    "Position",
    "Work",
    "begin_walk",
    "describe_operation",
    "find_last_beat",
    "find_work",
    "step_through",
    "view_index",
]


@dataclass(frozen=True)
class Position:
    """Where the walk is.

    Attributes
    ----------
    group : Signal
        Group of neurons.
    index : Signal
        The index of the pair: a neuron of the group, or a pre-synaptic index.
    beat : Signal
        Repetition of the pair.
    second : Signal
        The second part of a group, of pre-synaptic indices.
    odd : Signal
        The second operation of a pair.
    running : Signal
        There is an operation.
    cycle : Signal
        Cycle of the operation.
    advance : Signal
        The next operation follows.
    any_level : Signal
        A neuron of the group has a level of regularisation.
    only_outputs : Signal
        Nothing but output weights learns.
    """

    group: Signal
    index: Signal
    beat: Signal
    second: Signal
    odd: Signal
    running: Signal
    cycle: Signal
    advance: Signal
    any_level: Signal
    only_outputs: Signal


@dataclass(frozen=True)
class IndexView:
    """What the neuron memory says about the index, in this cycle.

    Attributes
    ----------
    state : view of STATE
        Its state.
    kind : Signal
        Kind of the operation.
    stored_trace : Signal
        Trace of that kind, with its fraction bits.
    trace : Signal
        The trace that counts, without fraction bits.
    derivative : Value
        Surrogate derivative.
    regulated : Signal
        There is regularisation.
    raw_level : Value
        Level of regularisation, as if there were.
    level : Value
        Level of regularisation.
    """

    state: data.View
    kind: Signal
    stored_trace: Signal
    trace: Signal
    derivative: Value
    regulated: Signal
    raw_level: Value
    level: Value


@dataclass(frozen=True)
class Work:
    """Which weights of the index there are to update.

    Attributes
    ----------
    inputs_and_recurrent : Signal
        Input weights, and recurrent weights, from the index.
    outputs : Signal
        Output weights.
    in_use : Signal
        It is the index of a neuron in use.
    """

    inputs_and_recurrent: Signal
    outputs: Signal
    in_use: Signal


def begin_walk(m: Module, config: ReckonConfig, values: data.View) -> Position:
    """Make the counters, and count the cycles of an operation.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    values : view of registers
        Input.
    """
    group = Signal(range(config.groups))
    index = Signal(config.address_bits)
    beat = Signal(range(max(config.beats, config.output_beats)))
    second = Signal()
    odd = Signal()
    running = Signal()
    cycle = Signal(range(config.operation_cycles))
    advance = Signal()
    any_level = Signal()
    only_outputs = Signal()
    m.d.comb += advance.eq(cycle == config.operation_cycles - 1)
    with m.If(running):
        m.d.sync += cycle.eq(Mux(advance, 0, cycle + 1))
    m.d.comb += only_outputs.eq(values.learn == 4)
    return Position(
        group=group,
        index=index,
        beat=beat,
        second=second,
        odd=odd,
        running=running,
        cycle=cycle,
        advance=advance,
        any_level=any_level,
        only_outputs=only_outputs,
    )


def view_index(
    m: Module,
    config: ReckonConfig,
    ports: wiring.PureInterface,
    position: Position,
    noted_trace: Signal | None = None,
) -> IndexView:
    """Look at the state of the index, in the word read last.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Inputs `state` and `values`; driven are `neurons.part` and `neurons.first`.
    position : Position
        Inputs.
    noted_trace : Signal, optional
        Input: the stored trace that counts; else it is that of this cycle.
    """
    values = ports.values
    second, odd = position.second, position.odd
    lane_bits = config.neuron_lanes.bit_length() - 1
    units_bits = config.neuron_units.bit_length() - 1
    index = position.index
    mine = Signal(STATE)
    m.d.comb += [
        ports.neurons.part.eq(index[units_bits:lane_bits]),
        ports.neurons.first.eq(1),
        mine.eq(Array(ports.state)[index[:units_bits]]),
    ]
    kind = Signal(2)
    stored, shifted = Signal(12), Signal(12)
    fraction = Signal(3)
    m.submodules.derivative = derivative = SurrogateDerivative()
    m.submodules.level = level = RegularisationLevel()
    m.d.comb += [
        kind.eq(Mux(second, Mux(odd, RECURRENT, INPUT), Mux(odd, OUTPUT, SIGNAL))),
        # A signal looks at the recurrent trace too, for its level.
        stored.eq(mine.recurrent_trace),
        fraction.eq(values.frac_trace_rec),
        shifted.eq((stored if noted_trace is None else noted_trace) >> fraction),
        derivative.potential.eq(mine.potential),
        *(derivative.thresholds[n].eq(values[f"h_threshold_{n}"]) for n in range(4)),
        *(derivative.values[n].eq(values[f"h_value_{n}"]) for n in range(5)),
        level.trace.eq(shifted),
        level.threshold.eq(values.regul_threshold),
    ]
    with m.If(kind == INPUT):
        m.d.comb += [stored.eq(mine.input_trace), fraction.eq(values.frac_trace_in)]
    with m.If(kind == OUTPUT):
        m.d.comb += [stored.eq(mine.output_trace), fraction.eq(values.frac_trace_out)]
    regulated = Signal()
    m.d.comb += regulated.eq(values.regul_mode.any())
    return IndexView(
        state=mine,
        kind=kind,
        stored_trace=stored,
        trace=shifted,
        derivative=derivative.result,
        regulated=regulated,
        raw_level=level.result,
        level=Mux(regulated, level.result, 0),
    )


def find_work(
    m: Module,
    ports: wiring.PureInterface,
    position: Position,
    view: IndexView,
    has_trace: Sequence[Value],
) -> Work:
    """Tell which weights of the index are updated.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    ports : LearnPhase
        Inputs `target_valid` and `values`.
    position : Position
        Inputs.
    view : IndexView
        Inputs.
    has_trace : sequence of Value
        Inputs: the index has an input trace, and a recurrent trace, of 1 or more.
    """
    values = ports.values
    always = values.regul_mode[1:3] == 3
    goes = Signal(2)
    for number, limit in ((0, values.last_input), (1, values.last_neuron)):
        m.d.comb += goes[number].eq(
            values.learn[number]
            & (position.index <= limit)
            & (ports.target_valid | (always & values.regul_weights[number]))
            & (has_trace[number] | position.any_level)
        )
    in_use = Signal()
    m.d.comb += in_use.eq(position.index <= values.last_neuron)
    outputs_learn = Signal()
    m.d.comb += outputs_learn.eq(values.learn[2] & in_use & ports.target_valid & view.trace.any())
    return Work(inputs_and_recurrent=goes, outputs=outputs_learn, in_use=in_use)


def find_last_beat(m: Module, config: ReckonConfig, position: Position, any_work: Value) -> Signal:
    """Tell whether this beat is the last one of the pair; an index without work has but one.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    position : Position
        Inputs.
    any_work : Value
        Input: input or recurrent weights from the index are updated.
    """
    last_beat = Signal()
    with m.If(position.second):
        m.d.comb += last_beat.eq((position.beat == config.beats - 1) | ~any_work)
    with m.Else():
        m.d.comb += last_beat.eq(position.beat == config.output_beats - 1)
    return last_beat


def step_through(
    m: Module,
    config: ReckonConfig,
    ports: wiring.PureInterface,
    position: Position,
    last_beat: Signal,
    note_level: Value,
    has_level: Value,
) -> None:
    """Go through groups, indices and beats.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Inputs `start`, `last_index`, `target_valid` and `values`; driven are `busy`, `read_output`,
        `next_output`, and what is read of `neurons`.
    position : Position
        Driven, but for `cycle`, `advance` and `only_outputs`.
    last_beat : Signal
        Input: the last beat of the pair.
    note_level, has_level : Value
        Inputs: in the first operation of a pair, when to note whether the neuron has a level of
        regularisation, and whether it has.
    """
    values = ports.values
    group, index, beat, second = position.group, position.index, position.beat, position.second
    running, odd, any_level = position.running, position.odd, position.any_level
    advance, only_outputs = position.advance, position.only_outputs
    lane_bits = config.neuron_lanes.bit_length() - 1
    units_bits = config.neuron_units.bit_length() - 1
    count = Signal(3)

    # What comes after this pair.
    place_bits = config.weight_lanes.bit_length() - 1
    group_end = Signal()
    all_end = Signal()
    following = Signal(config.address_bits)
    m.d.comb += [
        group_end.eq(
            Mux(
                second,
                index == ports.last_index,
                index[:place_bits] == config.weight_lanes - 1,
            )
        ),
        all_end.eq(group == values.last_neuron >> place_bits),
        following.eq(index + 1),
    ]
    to_second = Signal()
    to_group = Signal()
    finished = Signal()
    m.d.comb += to_second.eq(group_end & ~second & ~only_outputs)
    with m.If(group_end & ~to_second):
        m.d.comb += [
            to_group.eq(~all_end),
            finished.eq(all_end),
            following.eq((group + 1) << place_bits),
        ]
    with m.If(only_outputs & (index == values.last_neuron)):
        m.d.comb += [finished.eq(1), to_group.eq(0)]

    def fetch(number: Signal) -> None:
        """Read the word of an index at its first lane; past N nothing is read."""
        first_lane = number[:lane_bits] == 0 if lane_bits else 1
        m.d.comb += [
            ports.neurons.read.eq(ports.target_valid & first_lane & (number <= ports.last_index)),
            ports.neurons.word.eq(number >> lane_bits),
            ports.neurons.again.eq(bool(config.words_aside)),
            ports.neurons.again_part.eq(number[units_bits:lane_bits]),
        ]

    m.d.comb += ports.busy.eq(1)
    with m.FSM(name="phase"):
        with m.State("WAIT"):
            m.d.comb += ports.busy.eq(0)
            m.d.sync += [
                group.eq(0),
                index.eq(0),
                beat.eq(0),
                second.eq(0),
                any_level.eq(0),
                count.eq(0),
            ]
            with m.If(ports.start):
                m.next = "ERRORS"
        with m.State("ERRORS"):
            m.d.comb += [ports.read_output.eq(1), ports.next_output.eq(index)]
            m.d.sync += index.eq(index + 1)
            with m.If(ports.next_output == config.outputs - 1):
                m.d.sync += index.eq(0)
                m.next = "FETCH"
        with m.State("FETCH"):
            fetch(index)
            m.next = "EVEN"
        with m.State("EVEN"):
            m.d.comb += running.eq(1)
            with m.If(note_level):
                m.d.sync += any_level.eq(any_level | has_level)
            with m.If(advance):
                m.next = "ODD"
        with m.State("ODD"):
            m.d.comb += [running.eq(1), odd.eq(1)]
            with m.If(advance):
                m.d.sync += beat.eq(beat + 1)
                m.next = "EVEN"
            with m.If(advance & last_beat):
                m.d.sync += [beat.eq(0), index.eq(following)]
                with m.If(finished):
                    m.next = "FINISH"
                with m.Elif(to_second):
                    m.d.sync += [index.eq(0), second.eq(1)]
                    m.next = "DRAIN"
                with m.Else():
                    fetch(following)
                    with m.If(to_group):
                        m.d.sync += [group.eq(group + 1), second.eq(0), any_level.eq(0)]
        # What is known of the last neuron is written now; read first when it is there.
        with m.State("DRAIN"):
            m.next = "DRAINED" if config.drain_cycles == 2 else "FETCH"
        if config.drain_cycles == 2:
            with m.State("DRAINED"):
                m.next = "FETCH"
        with m.State("FINISH"):
            m.d.sync += count.eq(count + 1)
            with m.If(count == 4):
                m.next = "WAIT"


def describe_operation(
    m: Module,
    config: ReckonConfig,
    ports: wiring.PureInterface,
    position: Position,
    view: IndexView,
    work: Work,
    *,
    begins: Value,
    last: Value,
    derivative: Value,
    level: Value,
) -> data.View:
    """Return the operation of this cycle.

    Parameters
    ----------
    m : Module
        Module of LEARN.
    config : ReckonConfig
        Configuration.
    ports : LearnPhase
        Input `values`.
    position, view, work
        Inputs.
    begins : Value
        Input: an operation begins, if there is work.
    last : Value
        Input: the last beat of the signal.
    derivative, level : Value
        Inputs: what counts for the neuron of the signal.
    """
    operation = Signal(operation_layout(config))
    m.d.comb += [
        operation.kind.eq(view.kind),
        operation.pre.eq(position.index),
        operation.group.eq(position.group),
        operation.beat.eq(position.beat),
        operation.last.eq(last),
        operation.signal.eq(work.in_use & ports.values.learn[:2].any()),
        operation.derivative.eq(derivative),
        operation.level.eq(level),
        operation.trace.eq(view.trace),
    ]
    with m.Switch(view.kind):
        with m.Case(SIGNAL):
            m.d.comb += operation.valid.eq(begins)
        with m.Case(OUTPUT):
            m.d.comb += operation.valid.eq(begins & work.outputs)
        with m.Case(INPUT):
            m.d.comb += operation.valid.eq(begins & work.inputs_and_recurrent[0])
        with m.Case(RECURRENT):
            m.d.comb += operation.valid.eq(begins & work.inputs_and_recurrent[1])
    return operation
