"""LEARN: weights change by e-prop and by regularisation (specification, section 11).

First the errors of all outputs are found, one in a cycle. Then work goes in pairs of cycles. In the
first part of a group a pair is a neuron of the group: *signal* adds up its learning signal, *output*
updates its output weights. In the second part it is a pre-synaptic index: *input* and *recurrent*
update the weights from it. With fewer lanes than weights a pair is repeated, beat by beat. Each of the
four goes through the same lanes:

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

In the smallest cores there is no pipeline: an operation stands still for six cycles. What is found is
kept where registers cost least, in multipliers and behind logic:

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

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..initial_value import INITIAL_VALUE_UNUSED
from ..plasticity.eprop import (
    SCALING,
    Drive,
    OutputError,
    RegularisationLevel,
    Scaling,
    SurrogateDerivative,
    WeightUpdate,
    learning_signal,
    overflows,
    scale,
    small_product,
    turn,
)
from ..random.lfsr import LinearRecurrence
from .config import ReckonConfig
from .lane_rows import LaneRows
from .layout import STATE
from .neuron_memory import neuron_port

__all__ = ["LearnPhase"]

SIGNAL, OUTPUT, INPUT, RECURRENT = range(4)

#: Bits of learning signal times surrogate derivative times 16, which times a trace is D.
FACTOR_BITS = 25

#: Bits of the second operand of a product: a trace is the widest.
OPERAND_BITS = 13

#: Bits of D.
PRODUCT_BITS = 37


def _reaches_one(trace: Value, fraction: Value) -> Value:
    """Tell whether a trace is not 0 without its fraction bits."""
    return Cat(bit & (fraction <= n) for n, bit in enumerate(trace)).any()


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
        self._parts = config.slice_weights // config.lanes
        self._out_parts = config.output_slice_weights // config.output_lanes
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
                "potential": In(signed(16)),
                "target": In(signed(16)),
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
                "write_in": Out(self._parts),
                "write_rec": Out(self._parts),
                "write_out": Out(self._out_parts),
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

    def _operation(self) -> data.StructLayout:
        """Layout of what goes down the pipeline.

        `pre` is the index whose trace counts, `group` and `beat` say which weights; `trace` is that
        trace. The rest is of the neuron of a *signal*: `place` in its group, whether this is its
        last beat, whether it has a signal at all, its derivative and level.
        """
        config = self.config
        return data.StructLayout(
            {
                "valid": 1,
                "kind": 2,
                "pre": config.address_bits,
                "group": range(config.groups),
                "beat": range(max(config.beats, config.output_beats)),
                "trace": OPERAND_BITS - 1,
                "last": 1,
                "signal": 1,
                "derivative": signed(5),
                "level": 12,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operation = self._sequence(m)
        self._pipeline(m, operation)
        return m

    def _sequence(self, m: Module) -> data.View:
        """Go through groups, neurons and beats; return the operation of this cycle."""
        config = self.config
        values = self.values
        pipelined = config.operation_cycles == 1
        lanes = config.neuron_lanes
        lane_bits = lanes.bit_length() - 1
        group = Signal(range(config.groups))
        # The index of the pair: a neuron of the group, or a pre-synaptic index.
        index = Signal(config.address_bits)
        beat = Signal(range(max(config.beats, config.output_beats)))
        second = Signal()
        odd = Signal()
        running = Signal()
        count = Signal(3)
        # Cycle of the operation, and whether the next one follows.
        cycle = Signal(range(config.operation_cycles))
        advance = Signal()
        m.d.comb += advance.eq(cycle == config.operation_cycles - 1)
        with m.If(running):
            m.d.sync += cycle.eq(Mux(advance, 0, cycle + 1))

        only_outputs = Signal()
        m.d.comb += only_outputs.eq(values.learn == 4)

        # Fields of the index's lane, of the word read last.
        units_bits = config.neuron_units.bit_length() - 1
        mine = Signal(STATE)
        m.d.comb += [
            self.neurons.part.eq(index[units_bits:lane_bits]),
            self.neurons.first.eq(1),
            mine.eq(Array(self.state)[index[:units_bits]]),
        ]
        kind = Signal(2)
        trace, shifted = Signal(12), Signal(12)
        seen_trace = Signal(12, reset_less=True)
        if not pipelined:
            m.d.sync += seen_trace.eq(trace)
        fraction = Signal(3)
        m.submodules.derivative = derivative = SurrogateDerivative()
        m.submodules.level = level = RegularisationLevel()
        m.d.comb += [
            kind.eq(Mux(second, Mux(odd, RECURRENT, INPUT), Mux(odd, OUTPUT, SIGNAL))),
            # A signal looks at the recurrent trace too, for its level.
            trace.eq(mine.recurrent_trace),
            fraction.eq(values.frac_trace_rec),
            shifted.eq((trace if pipelined else seen_trace) >> fraction),
            derivative.potential.eq(mine.potential),
            *(derivative.thresholds[n].eq(values[f"h_threshold_{n}"]) for n in range(4)),
            *(derivative.values[n].eq(values[f"h_value_{n}"]) for n in range(5)),
            level.trace.eq(shifted),
            level.threshold.eq(values.regul_threshold),
        ]
        with m.If(kind == INPUT):
            m.d.comb += [trace.eq(mine.input_trace), fraction.eq(values.frac_trace_in)]
        with m.If(kind == OUTPUT):
            m.d.comb += [trace.eq(mine.output_trace), fraction.eq(values.frac_trace_out)]
        regulated = Signal()
        any_level = Signal()
        m.d.comb += regulated.eq(values.regul_mode.any())
        found_derivative: Value = derivative.result
        found_level: Value = Mux(regulated, level.result, 0)
        if not pipelined:
            seen_derivative = Signal(signed(5), reset_less=True)
            seen_level = Signal(12, reset_less=True)
            m.d.sync += [seen_derivative.eq(found_derivative), seen_level.eq(found_level)]
            found_derivative, found_level = seen_derivative, seen_level

        # Which kinds of weights from this index are handled at all.
        always = values.regul_mode[1:3] == 3
        goes = Signal(2)
        for number, limit, stored, bits in (
            (0, values.last_input, mine.input_trace, values.frac_trace_in),
            (1, values.last_neuron, mine.recurrent_trace, values.frac_trace_rec),
        ):
            m.d.comb += goes[number].eq(
                values.learn[number]
                & (index <= limit)
                & (self.target_valid | (always & values.regul_weights[number]))
                & ((_reaches_one(stored, bits) if pipelined else shifted.any()) | any_level)
            )
        any_goes = goes.any()
        if not pipelined:
            # Only the trace of this kind has been noted.
            went = Signal()
            with m.If(~odd):
                m.d.sync += went.eq(goes[0])
            any_goes = went | goes[1]
        in_use = Signal()
        m.d.comb += in_use.eq(index <= values.last_neuron)
        outputs_learn = Signal()
        m.d.comb += outputs_learn.eq(values.learn[2] & in_use & self.target_valid & shifted.any())

        # The last beat of a pair; an index without work has but one.
        last_beat = Signal()
        with m.If(second):
            m.d.comb += last_beat.eq((beat == config.beats - 1) | ~any_goes)
        with m.Else():
            m.d.comb += last_beat.eq(beat == config.output_beats - 1)

        # What comes after this pair.
        place_bits = config.weight_lanes.bit_length() - 1
        group_end = Signal()
        all_end = Signal()
        following = Signal(config.address_bits)
        m.d.comb += [
            group_end.eq(
                Mux(
                    second,
                    index == self.last_index,
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

        def fetch(wanted: Signal) -> None:
            """Read the word of an index at its first lane; past N nothing is read."""
            first_lane = wanted[:lane_bits] == 0 if lane_bits else 1
            m.d.comb += [
                self.neurons.read.eq(self.target_valid & first_lane & (wanted <= self.last_index)),
                self.neurons.word.eq(wanted >> lane_bits),
                self.neurons.again.eq(bool(config.words_aside)),
                self.neurons.again_part.eq(wanted[units_bits:lane_bits]),
            ]

        m.d.comb += self.busy.eq(1)
        with m.FSM(name="phase"):
            with m.State("WAIT"):
                m.d.comb += self.busy.eq(0)
                m.d.sync += [
                    group.eq(0),
                    index.eq(0),
                    beat.eq(0),
                    second.eq(0),
                    any_level.eq(0),
                    count.eq(0),
                ]
                with m.If(self.start):
                    m.next = "ERRORS"
            with m.State("ERRORS"):
                m.d.comb += [self.read_output.eq(1), self.next_output.eq(index)]
                m.d.sync += index.eq(index + 1)
                with m.If(self.next_output == config.outputs - 1):
                    m.d.sync += index.eq(0)
                    m.next = "FETCH"
            with m.State("FETCH"):
                fetch(index)
                m.next = "EVEN"
            with m.State("EVEN"):
                m.d.comb += running.eq(1)
                if pipelined:
                    with m.If(~second):
                        m.d.sync += any_level.eq(any_level | (regulated & level.result.any()))
                else:
                    with m.If(~second & advance):
                        m.d.sync += any_level.eq(any_level | found_level.any())
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

        operation = Signal(self._operation())
        m.d.comb += [
            operation.kind.eq(kind),
            operation.pre.eq(index),
            operation.group.eq(group),
            operation.beat.eq(beat),
            operation.last.eq(last_beat if pipelined else beat == config.output_beats - 1),
            operation.signal.eq(in_use & values.learn[:2].any()),
            operation.derivative.eq(found_derivative),
            operation.level.eq(found_level),
            operation.trace.eq(shifted),
        ]
        begun = running & (cycle == (0 if pipelined else 1))
        with m.Switch(kind):
            with m.Case(SIGNAL):
                m.d.comb += operation.valid.eq(begun)
            with m.Case(OUTPUT):
                m.d.comb += operation.valid.eq(begun & outputs_learn)
            with m.Case(INPUT):
                m.d.comb += operation.valid.eq(begun & goes[0])
            with m.Case(RECURRENT):
                m.d.comb += operation.valid.eq(begun & goes[1])
        return operation

    def _slices(self, operation: data.View) -> tuple[object, object]:
        """Return the addresses of the slices of an operation: input or recurrent, and output."""
        config = self.config
        per_slice = config.slice_weights // config.lanes
        per_out_slice = config.output_slice_weights // config.output_lanes
        slices = config.weight_lanes // config.slice_weights
        out_slices = config.outputs // config.output_slice_weights
        # Sizes are powers of two, so that addresses are put together and not added up.
        part = (operation.beat // per_slice)[: slices.bit_length() - 1]
        out_part = (operation.beat // per_out_slice)[: out_slices.bit_length() - 1]
        return Cat(part, operation.group, operation.pre), Cat(out_part, operation.pre)

    def _pipeline(self, m: Module, operation: data.View) -> None:
        """Carry out operations."""
        config = self.config
        values = self.values
        lanes, out_lanes = config.lanes, config.output_lanes
        stages = [operation]
        # What is found in a cycle is there in the next one, or at once where an operation stands still.
        pipelined = config.operation_cycles == 1
        later = "sync" if pipelined else "comb"
        earlier = "comb" if pipelined else "sync"
        for number in range(1, 5):
            stage = Signal(self._operation(), name=f"operation_{number}")
            m.d[later] += stage.eq(stages[-1])
            if not pipelined:
                # The third and fourth are one.
                valid = stages[-1].valid
                for delay in range((1, 1, 2, 0)[number - 1]):
                    delayed = Signal(name=f"valid_{number}_{delay}")
                    m.d.sync += delayed.eq(valid)
                    valid = delayed
                m.d.comb += stage.valid.eq(valid)
            stages.append(stage)
        _, first, second, third, fourth = stages

        # Cycle 0: weights and errors are asked for.
        address, out_address = self._slices(operation)
        errors = self._errors(m)
        m.d.comb += [
            self.read_address.eq(address),
            self.read_out_address.eq(out_address),
            self.read_in.eq(operation.valid & (operation.kind == INPUT)),
            self.read_rec.eq(operation.valid & (operation.kind == RECURRENT)),
            self.read_out.eq(operation.valid & (operation.kind == SIGNAL)),
            errors.read.eq(self.read_out.replicate(out_lanes)),
            errors.read_row.eq(operation.beat),
        ]
        # What learning finds out about the neurons of a group: factors, and a for each kind of weights.
        m.submodules.factors = factors = LaneRows(
            signed(FACTOR_BITS), rows=config.beats, lanes=lanes
        )
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

        # Cycle 1: products. An output update has weights and errors from the signal before it.
        part = first.beat % self._parts
        out_part = first.beat % self._out_parts
        is_signal = Signal()
        m.d.comb += is_signal.eq(first.kind == SIGNAL)
        weights_out = [
            Array(self.weights_out[p * out_lanes + n] for p in range(self._out_parts))[out_part]
            for n in range(out_lanes)
        ]
        products, weights, drains = [], [], []
        for lane in range(lanes):
            left = Signal(signed(FACTOR_BITS), name=f"left_{lane}")
            right = Signal(signed(OPERAND_BITS), name=f"right_{lane}")
            product = Signal(
                signed(PRODUCT_BITS),
                name=f"product_{lane}",
                reset_less=True,
                attrs=INITIAL_VALUE_UNUSED if pipelined else None,
            )
            weight = Signal(signed(config.weight_bits), name=f"weight_{lane}", reset_less=True)
            drain = Signal(signed(32), name=f"drain_{lane}", reset_less=True)
            candidates = range(lane, config.slice_weights, lanes)
            from_in = Array(self.weights_in[n] for n in candidates)[part]
            from_rec = Array(self.weights_rec[n] for n in candidates)[part]
            m.d.comb += [left.eq(factors.entries[lane]), right.eq(first.trace)]
            if pipelined:
                m.d.sync += product.eq(left * right)
            else:
                # Named so that a multiplier of a small FPGA may keep them.
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
                m.d.sync += [kept_left.eq(left), kept_right.eq(right)]
                m.d.comb += product.eq(kept_left * kept_right)
            with m.If(first.kind == INPUT):
                m.d[later] += [weight.eq(from_in), drain.eq(regularisations.entries[lane])]
            with m.Elif(first.kind == RECURRENT):
                m.d[later] += [weight.eq(from_rec), drain.eq(regularisations.entries[lane])]
            if lane < out_lanes:
                if pipelined:
                    with m.Elif(is_signal):
                        m.d.sync += weight.eq(weights_out[lane])
                    with m.Else():
                        m.d.sync += drain.eq(0)
                else:
                    with m.Else():
                        m.d.comb += weight.eq(weights_out[lane])
                with m.If(first.kind == OUTPUT):
                    # Drives are products divided by 16.
                    m.d.comb += left.eq(errors.entries[lane] << 4)
                with m.If(is_signal):
                    m.d.comb += [left.eq(errors.entries[lane]), right.eq(weights_out[lane])]
            products.append(product)
            weights.append(weight)
            drains.append(drain)

        # Cycle 2: drives and random numbers. The weights of an output update have stood still.
        m.submodules.update_random = random = LinearRecurrence(
            a=3,
            b=25,
            steps=32 * lanes,
            seeds=(0x0000001, 0x0424242),
            draw_bits=config.update_random_bits,
        )
        m.submodules.output_random = output_random = LinearRecurrence(
            a=1,
            b=22,
            steps=28 * out_lanes,
            seeds=(0x000001,),
            draw_bits=config.output_update_random_bits,
        )
        is_output = Signal()
        m.submodules.rate = rate = Scaling()
        scaling = Signal(SCALING, reset_less=True)
        m.d.comb += [
            is_output.eq(second.kind == OUTPUT),
            random.select.eq(second.kind == RECURRENT),
            random.draw.eq(second.valid & ((second.kind == INPUT) | (second.kind == RECURRENT))),
            random.load.eq(self.load_in | (self.load_rec << 1)),
            random.seeds[0].eq(self.seed),
            random.seeds[1].eq(self.seed),
            output_random.draw.eq(second.valid & is_output),
            output_random.load.eq(self.load_out),
            output_random.seeds[0].eq(self.seed),
        ]
        m.d[earlier] += rate.short.eq(is_output)
        if not pipelined:
            m.d.sync += rate.cut.eq(0)
        for kind, name in ((OUTPUT, "out"), (INPUT, "in"), (RECURRENT, "rec")):
            with m.If(second.kind == kind):
                m.d[earlier] += [
                    rate.left.eq(values[f"rate_{name}_left"]),
                    rate.right.eq(values[f"rate_{name}_right"]),
                ]
        if config.output_beats > 1:
            with m.If(second.kind == SIGNAL):
                m.d[earlier] += [
                    rate.cut.eq(1),
                    rate.left.eq(Mux(second.last, values.regul_rec_left, values.regul_in_left)),
                    rate.right.eq(Mux(second.last, values.regul_rec_right, values.regul_in_right)),
                ]
        m.d[later] += scaling.eq(rate.scaling)

        # Cycle 3: new weights.
        lane_bits = lanes.bit_length() - 1
        beat_bits = config.beats.bit_length() - 1
        for lane in range(lanes):
            drive = Drive(PRODUCT_BITS)
            update = WeightUpdate(config.weight_bits)
            m.submodules[f"drive_{lane}"] = drive
            m.submodules[f"update_{lane}"] = update
            negative = Signal(name=f"negative_{lane}", reset_less=True)
            magnitude = Signal(32, name=f"magnitude_{lane}", reset_less=True)
            overflow = Signal(name=f"overflow_{lane}", reset_less=True)
            certain = Signal(name=f"certain_{lane}", reset_less=True)
            drawn = Signal(32, name=f"random_{lane}", reset_less=True)
            weight = Signal(signed(config.weight_bits), name=f"old_{lane}", reset_less=True)
            driving = drive.magnitude
            if lane == 0:
                first_lane = update.scaled
                if config.output_beats > 1:
                    driving = Mux(second.kind == SIGNAL, second.level, driving)
            m.d.comb += [
                drive.product.eq(products[lane]),
                drive.regularisation.eq(drains[lane]),
                update.negative.eq(negative),
                update.magnitude.eq(magnitude),
                update.overflow.eq(overflow),
                update.certain.eq(certain),
                update.scaling.eq(scaling),
                update.random.eq(drawn),
                update.weight.eq(weight),
            ]
            m.d[later] += weight.eq(weights[lane])
            m.d.sync += [
                negative.eq(drive.negative),
                magnitude.eq(turn(driving, rate.scaling)),
                overflow.eq(overflows(driving, rate.scaling)),
                certain.eq(drive.certain),
                drawn.eq(random.value[32 * lane : 32 * lane + 32]),
            ]
            if lane < out_lanes:
                with m.If(is_output):
                    m.d.sync += drawn.eq(output_random.value[28 * lane : 28 * lane + 28])

            # A neuron's weight to itself becomes zero. Whether there is an update is known last.
            neuron = Cat(Const(lane, lane_bits), third.beat[:beat_bits], third.group)
            updated = Signal.like(weight, name=f"updated_{lane}")
            m.d.comb += updated.eq(update.result)
            with m.If((third.kind == RECURRENT) & (neuron == third.pre)):
                m.d.comb += updated.eq(0)
            happens: Value = update.write
            if not pipelined:
                happens = Signal(name=f"happens_{lane}", reset_less=True)
                m.d.sync += happens.eq(update.write)
            m.d.comb += self.write_weights[lane].eq(Mux(happens, updated, weight))

        self._signal(m, factors, regularisations, products, first_lane, stages)

        # A weight that stays is written again: that writes depend on no update keeps memories fast.
        address, _ = self._slices(third)
        m.d.comb += self.write_address.eq(address)
        with m.If(third.valid & (third.kind == INPUT)):
            m.d.comb += self.write_in.eq(1 << (third.beat % self._parts))
        with m.If(third.valid & (third.kind == RECURRENT)):
            m.d.comb += self.write_rec.eq(1 << (third.beat % self._parts))

        # Cycle 4: in cycle 3 the next output weights are read.
        late = Signal()
        _, out_address = self._slices(fourth)
        m.d[later] += late.eq(third.valid & (third.kind == OUTPUT))
        for lane in range(out_lanes):
            m.d[later] += self.write_out_weights[lane].eq(self.write_weights[lane])
        m.d.comb += self.write_out_address.eq(out_address)
        with m.If(late):
            m.d.comb += self.write_out.eq(1 << (fourth.beat % self._out_parts))

    def _errors(self, m: Module) -> LaneRows:
        """Find the errors of all outputs, and return them in rows, one for each beat."""
        config = self.config
        values = self.values
        lanes = config.output_lanes
        lane_bits = lanes.bit_length() - 1
        m.submodules.error = error = OutputError()
        m.submodules.errors = errors = LaneRows(signed(16), rows=config.output_beats, lanes=lanes)
        # What is read is one of many and comes late, so in a pipeline there is a register before the error
        # is found.
        later = "sync" if config.operation_cycles == 1 else "comb"
        shown, found = Signal(), Signal()
        output = Signal.like(self.output)
        m.d.sync += [shown.eq(self.read_output), self.output.eq(self.next_output)]
        m.d[later] += [
            found.eq(shown),
            output.eq(self.output),
            error.potential.eq(self.potential),
            error.target.eq(self.target),
        ]
        m.d.comb += [
            error.enable.eq(self.target_valid & (output <= values.last_output)),
            error.linear.eq(values.linear_output),
            error.regression.eq(values.regression),
            error.chosen.eq(self.label == output),
            errors.write_row.eq(output >> lane_bits),
            errors.write_entries.eq(error.error.replicate(lanes)),
        ]
        with m.If(found):
            m.d.comb += errors.write.eq(1 << output[:lane_bits])
        return errors

    def _signal(
        self,
        m: Module,
        factors: LaneRows,
        regularisations: LaneRows,
        products: list[Signal],
        scaled: Value,
        stages: list[data.View],
    ) -> None:
        """Cycles 2 to 4 of a signal: from products to what is known of the neuron."""
        config = self.config
        values = self.values
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
                learning_signal(
                    product_total, values.signal_scale, multiply=config.multipliers_shift
                )
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

        # Multiplicative regularisation weakens what would strengthen, which signs tell; a cycle for a step.
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
