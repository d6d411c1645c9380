"""The leaky-integrator outputs: potentials and winners (specification, sections 9 and 14)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arithmetic import saturate
from ..initial_value import INITIAL_VALUE_UNUSED
from ..memory.sram import Sram
from ..neuron.leaky_integrator import KAPPA_FRACTION, Leak
from .config import ReckonConfig
from .lane_rows import LaneRows
from .layout import POTENTIAL_BITS

__all__ = ["OutputLayer", "WinnerCounters"]


class OutputLayer(wiring.Component):
    """Potentials of the outputs: one leaks, or those of a beat are added to, in a cycle.

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    clear : In(1)
        Set the potentials of a beat to zero; not while anything else is done.
    clear_beat : In(range(output_beats))
        The beat.
    last_output : In(B)
        O.
    leak : In(1)
        Begin to let the outputs leak.
    leak_last : In(B)
        Last index that takes part; those above O only draw random numbers.
    kappa : In(8)
        Decay.
    stochastic_rounding : In(1)
        Round at random.
    draw : Out(1)
        Take a random number.
    random : In(7)
        Random number.
    leaking : Out(1)
        Not all have leaked yet.
    winner : Out(B)
        The first output with the greatest potential, once all have leaked.
    read : In(1)
        Read the potentials of a beat at the next clock edge; not while they leak.
    read_beat : In(range(output_beats))
        The beat.
    potentials : Out(array of signed 16 bits, one for each lane)
        They, from the cycle after `read` on until the next one.
    add : In(1)
        Add weights to the potentials of the beat that was read last.
    weights : In(array of signed weights, one for each lane)
        The weights.
    shift_w_out : In(3)
        Their left shift.
    host_write : In(1)
        Write one of the potentials of the beat that was read last.
    host_lane : In(range(output_lanes))
        Its lane.
    host_data : In(16)
        New potential.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        index = config.output_index_bits
        beat = In(range(config.output_beats))
        super().__init__(
            {
                "clear": In(1),
                "clear_beat": beat,
                "last_output": In(index),
                "leak": In(1),
                "leak_last": In(index),
                "kappa": In(8),
                "stochastic_rounding": In(1),
                "draw": Out(1),
                "random": In(KAPPA_FRACTION),
                "leaking": Out(1),
                "winner": Out(index),
                "read": In(1),
                "read_beat": beat,
                "potentials": Out(data.ArrayLayout(signed(POTENTIAL_BITS), config.output_lanes)),
                "add": In(1),
                "weights": In(data.ArrayLayout(signed(config.weight_bits), config.output_lanes)),
                "shift_w_out": In(3),
                "host_write": In(1),
                "host_lane": In(range(config.output_lanes)),
                "host_data": In(POTENTIAL_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        lanes = config.output_lanes
        lane_bits = lanes.bit_length() - 1
        m.submodules.rows = rows = LaneRows(
            signed(POTENTIAL_BITS), rows=config.output_beats, lanes=lanes
        )
        m.submodules.decay = decay = Leak(POTENTIAL_BITS, KAPPA_FRACTION)
        m.d.comb += self.potentials.eq(rows.entries)

        # One output a cycle is read, multiplied in the next, rounded and stored in the one after.
        running = Signal()
        index = Signal(config.output_index_bits)
        second, third = Signal(), Signal()
        second_index, third_index = Signal.like(index), Signal.like(index)
        product = Signal(
            POTENTIAL_BITS + KAPPA_FRACTION + 1, reset_less=True, attrs=INITIAL_VALUE_UNUSED
        )
        rounds = Signal()
        best = Signal(signed(POTENTIAL_BITS))
        potential = Signal(signed(POTENTIAL_BITS))
        leaked = decay.result.as_signed()
        m.d.comb += [
            rounds.eq(self.stochastic_rounding & (self.kappa != 1 << KAPPA_FRACTION)),
            self.leaking.eq(self.leak | running | second | third),
            self.draw.eq(third & rounds),
            potential.eq(Array(rows.entries[n] for n in range(lanes))[second_index[:lane_bits]]),
            decay.product.eq(product),
            decay.round.eq(rounds),
            decay.random.eq(self.random),
        ]
        m.d.sync += [
            second.eq(running),
            second_index.eq(index),
            third.eq(second),
            third_index.eq(second_index),
            product.eq(potential * self.kappa),
        ]
        with m.If(self.leak):
            m.d.sync += [running.eq(1), index.eq(0)]
        with m.Elif(running):
            m.d.sync += [index.eq(index + 1), running.eq(index != self.leak_last)]
        with m.If(third & (third_index <= self.last_output)):
            with m.If((third_index == 0) | (leaked > best)):
                m.d.sync += [best.eq(leaked), self.winner.eq(third_index)]

        beat = Signal.like(self.read_beat)
        with m.If(self.read):
            m.d.sync += beat.eq(self.read_beat)
        m.d.comb += [
            rows.read.eq(Mux(running, 1 << index[:lane_bits], self.read.replicate(lanes))),
            rows.read_row.eq(Mux(running, index >> lane_bits, self.read_beat)),
            rows.write_row.eq(Mux(third, third_index >> lane_bits, beat)),
        ]
        for lane in range(lanes):
            used = Signal(name=f"used_{lane}")
            mine = Signal(name=f"mine_{lane}")
            total = rows.entries[lane] + (self.weights[lane] << self.shift_w_out)
            m.d.comb += [
                used.eq(Cat(Const(lane, lane_bits), rows.write_row) <= self.last_output),
                mine.eq(third_index[:lane_bits] == lane),
                rows.write_entries[lane].eq(saturate(total)),
                rows.write[lane].eq(self.add & used),
            ]
            with m.If(third):
                m.d.comb += [
                    rows.write_entries[lane].eq(leaked),
                    rows.write[lane].eq(mine & used),
                ]
            with m.If(self.host_write & (self.host_lane == lane)):
                m.d.comb += [
                    rows.write_entries[lane].eq(self.host_data),
                    rows.write[lane].eq(1),
                ]
        with m.If(self.clear):
            m.d.comb += [
                rows.write.eq(~0),
                rows.write_row.eq(self.clear_beat),
                rows.write_entries.as_value().eq(0),
            ]
        return m


class WinnerCounters(wiring.Component):
    """Counts in how many steps each output has won, and finds the one that won most (section 14).

    Parameters
    ----------
    config : ReckonConfig
        Configuration.

    Members
    -------
    clear : In(1)
        Set the counter of `winner` to zero; not while anything else is done.
    count : In(1)
        Count a win of `winner`. Takes two cycles, in which nothing else is asked for.
    winner : In(B)
        The output.
    find : In(1)
        Begin to look for the output that won most; `last_output` must stand still.
    last_output : In(B)
        O.
    busy : Out(1)
        Still looking.
    label : Out(B)
        The first output with the greatest counter, once found.
    """

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        index = config.output_index_bits
        super().__init__(
            {
                "clear": In(1),
                "count": In(1),
                "winner": In(index),
                "find": In(1),
                "last_output": In(index),
                "busy": Out(1),
                "label": Out(index),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        bits = 16
        m.submodules.memory = memory = Sram(
            words=config.outputs, width=bits, granularity=bits, ports=2
        )
        counting, running, second = Signal(), Signal(), Signal()
        index, second_index = Signal(config.output_index_bits), Signal(config.output_index_bits)
        best = Signal(bits)
        value = memory.read_data
        m.d.comb += [
            memory.read.eq(self.count | running),
            memory.read_address.eq(Mux(self.count, self.winner, index)),
            memory.write.eq(counting | self.clear),
            memory.write_address.eq(Mux(self.clear, self.winner, second_index)),
            memory.write_data.eq(Mux(self.clear, 0, value + 1)),
            self.busy.eq(self.find | running | second),
        ]
        m.d.sync += [
            counting.eq(self.count),
            second.eq(running),
            second_index.eq(memory.read_address),
        ]
        with m.If(self.find):
            m.d.sync += [running.eq(1), index.eq(0)]
        with m.Elif(running):
            m.d.sync += [index.eq(index + 1), running.eq(index != self.last_output)]
        with m.If(second & ((second_index == 0) | (value > best))):
            m.d.sync += [best.eq(value), self.label.eq(second_index)]
        return m
