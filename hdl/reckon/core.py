"""The ReckOn core: phases, memories and random generators joined."""

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import Array, Cat, Const, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..interface.register_file import RegisterFile
from ..memory.sram import Sram
from ..random.lfsr import LinearRecurrence
from .access import ReckonAccess
from .alpha_select import AlphaSelect
from .config import CHUNK, ReckonConfig
from .flags import ROW
from .input_items import InputItems, Targets
from .layout import SPACES, event_word, memories
from .leak import LeakPhase
from .learn import LearnPhase
from .neuron_memory import NeuronMemory
from .output_layer import OutputLayer, WinnerCounters
from .propagate import PropagatePhase
from .registers import registers
from .send import SendPhase
from .time_step import TimeStep
from .weight_memory import WeightMemory

__all__ = ["Reckon"]

#: Seeds after reset, of each lane (section 7).
ROUNDING_SEEDS = {
    "potential": ("seed_round_neuron", 15, (0x1234, 0x70F0)),
    "input_trace": ("seed_round_trace_in", 15, (0x1348, 0x7FCF)),
    "recurrent_trace": ("seed_round_trace_rec", 15, (0x4321, 0x7BEA)),
    "output_trace": ("seed_round_trace_out", 7, (0x3FF3, 0x7EF0)),
}


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
        Output words; the core waits until each is taken.
    access : In(ReckonAccess)
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

    #: All members are part of the native interface.
    for_shells = ()

    def __init__(self, config: ReckonConfig) -> None:
        self.config = config
        self.registers = registers(config)
        self.memories = memories(config)
        self.targets = {"register": 0} | {name: space for space, name in SPACES.items()}
        super().__init__(
            {
                "events": In(stream.Signature(event_word(config))),
                "output": Out(stream.Signature(config.output_bits)),
                "access": In(ReckonAccess()),
                "tick": In(1),
                "sample": In(1),
                "target_valid": In(1),
                "infer_accumulate": In(1),
                "idle": Out(1),
                "ready": Out(1),
                "configuring": Out(1),
                "target_request": Out(1),
            }
        )

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
            for each index of which an input, or a neuron too, spikes. ``supplement``: for each input
            above `last_neuron` that spikes and leaves a trace. ``learn``: LEARN with work for every
            pre-synaptic index. ``learn_quiet``: with none. ``learn_outputs``: with register `learn`
            = 4.
        """
        config = self.config
        inputs = config.neurons - 1 if last_input is None else last_input
        neurons = config.neurons - 1 if last_neuron is None else last_neuron
        outputs = config.outputs - 1 if last_output is None else last_output
        index = max(inputs, neurons)
        leaking = max(index, outputs)
        lanes, parts, steps = config.neuron_lanes, config.neuron_parts, config.state_steps
        aside = config.words_aside
        at_once = not aside
        # The last word may be read only. Outputs go down a pipeline of three beside.
        whole, rest = divmod(leaking + 1, lanes)
        leak = max(
            2 + (3 * parts * steps + aside - 1) * whole + rest * (1 + bool(aside)),
            4 + min(leaking, config.outputs - 1),
        )
        # Of each row, reading the flags and finding that none is left.
        first = 3 + 3 * (index // ROW + 1)
        words = neurons // lanes + 1
        # Neuron by neuron takes two cycles, and so do its traces one by one.
        spike = 4 + words if at_once else 2 + 2 * words * parts
        traces = 0 if at_once else 2 * (steps - 1)
        # Outputs are added to beside, a beat for each read.
        reads = words * parts + steps - 1
        found = {
            "first_tick": first,
            "tick": leak + 2 + first,
            "input_spike": spike + traces,
            "neuron_spike": spike + traces + max(0, config.output_beats - reads),
            "supplement": 2 if at_once else 2 * parts,
        }
        if config.learning:
            groups = neurons // config.weight_lanes + 1
            # Errors, the first word, the end of the pipeline, and on to the next phase.
            once = config.outputs + 1 + 5 + 1
            pair = 2 * config.operation_cycles
            signals = pair * config.weight_lanes * config.output_beats + 1 + config.drain_cycles
            updates = pair * (index + 1)
            found |= {
                "learn": once + groups * (signals + updates * config.beats),
                "learn_quiet": once + groups * (signals + updates),
                "learn_outputs": once + pair * (neurons + 1) * config.output_beats,
            }
        return found

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        request = self.access.request

        # Seeds go to the random generators, and bits of neuron words to a memory.
        elsewhere = ("seed_", "alpha_select_")
        stored = [r for r in self.registers if not r.name.startswith(elsewhere)]
        m.submodules.registers = register_file = RegisterFile(
            stored, address_bits=16, data_bits=CHUNK, resets=True
        )
        values = self._values = register_file.values
        to_register = Signal()
        m.d.comb += [
            to_register.eq(request.p.target == 0),
            register_file.write.eq(request.valid & to_register & request.p.write),
            register_file.address.eq(request.p.address),
            register_file.data.eq(request.p.data),
        ]

        # N and V.
        last_index, last_leak = Signal(config.address_bits), Signal(config.address_bits)
        m.d.comb += [
            last_index.eq(
                Mux(values.last_input > values.last_neuron, values.last_input, values.last_neuron)
            ),
            last_leak.eq(Mux(values.last_output > last_index, values.last_output, last_index)),
        ]

        m.submodules.time_step = time_step = TimeStep()
        # A halting error stops whatever is under way.
        phase = ResetInserter(time_step.halted)
        leak = LeakPhase(config)
        propagate = PropagatePhase(config)
        send = SendPhase(config)
        m.submodules.leak = phase(leak)
        m.submodules.propagate = phase(propagate)
        m.submodules.send = phase(send)
        m.submodules.items = items = InputItems(config)
        m.submodules.neurons = neurons = NeuronMemory(config)
        m.submodules.outputs = outputs = OutputLayer(config)
        m.submodules.winners = winners = WinnerCounters(config)
        # A memory has at least two words.
        m.submodules.spikes = spikes = Sram(
            words=max(2, config.neurons // ROW), width=ROW, granularity=ROW, ports=2
        )
        m.submodules.weights_in = weights_in = self._weights(config.weight_words)
        m.submodules.weights_rec = weights_rec = self._weights(config.weight_words)
        m.submodules.weights_out = weights_out = WeightMemory(
            words=config.output_weight_words,
            weights=config.outputs,
            bits=config.weight_bits,
            lanes=config.output_lanes,
        )
        learn = targets = None
        if config.learning:
            learn = LearnPhase(config, values.shape())
            m.submodules.learn = phase(learn)
            m.submodules.targets = targets = Targets(config)

        self._sequence(m, time_step, leak, propagate, learn, send, targets, outputs, winners)
        m.d.comb += [
            time_step.tick.eq(self.tick),
            time_step.local_tick.eq(values.local_tick),
            time_step.halt_on_error.eq(values.halt_on_error),
            time_step.cycles_per_tick.eq(values.cycles_per_tick),
        ]

        # Input items.
        wiring.connect(m, wiring.flipped(self.events), items.events)
        m.d.comb += [
            items.last_index.eq(last_index),
            items.tick.eq(time_step.step),
            items.clear_all.eq(self._sample_ends),
            items.clear_present.eq(self._propagated),
            items.read.eq(propagate.read_flags),
            items.row.eq(propagate.row),
        ]

        # Outputs. Hosts, LEARN and SEND look at one at a time.
        lane_bits = config.output_lanes.bit_length() - 1
        output_index = self._output_index = Signal(config.output_index_bits)
        output_value = self._output_value = Signal(16)
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
            outputs.clear.eq(self._clear),
            outputs.clear_beat.eq(self._clear_row),
            outputs.last_output.eq(values.last_output),
            outputs.leak.eq(leak.start),
            outputs.leak_last.eq(
                Mux(last_leak > config.outputs - 1, config.outputs - 1, last_leak)
            ),
            outputs.kappa.eq(values.kappa),
            outputs.stochastic_rounding.eq(values.stochastic_rounding),
            outputs.add.eq(propagate.add),
            outputs.shift_w_out.eq(values.shift_w_out),
            winners.clear.eq(self._clear),
            winners.winner.eq(
                Mux(self._clear, self._clear_row, Mux(values.regression, 0, outputs.winner))
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
        wiring.connect(m, wiring.flipped(self.output), send.output)
        parts = weights_out.size // config.output_lanes
        part = Signal(range(parts))
        m.d.sync += part.eq(propagate.output_beat)
        for lane in range(config.output_lanes):
            mine = Array(weights_out.weights[p * config.output_lanes + lane] for p in range(parts))
            m.d.comb += outputs.weights[lane].eq(mine[part])

        # Neurons.
        m.submodules.alpha_select = alpha_select = self._alpha_select = AlphaSelect(config)
        m.d.comb += [
            alpha_select.write.eq(register_file.write),
            alpha_select.address.eq(request.p.address),
            alpha_select.data.eq(request.p.data),
            alpha_select.read.eq(leak.read_alpha_select),
            alpha_select.word.eq(leak.next_word),
        ]
        m.d.comb += [
            neurons.clear.eq(self._clear),
            neurons.clear_row.eq(self._clear_row),
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
            propagate.current.eq(items.flags),
            propagate.spikes.eq(spikes.read_data),
            propagate.state.eq(neurons.state),
            propagate.weights_in.eq(weights_in.weights),
            propagate.weights_rec.eq(weights_rec.weights),
        ]

        # Who uses the memories: the phase at work. Both kinds of weights are read at the same address.
        read_address = self._read_address = Signal(config.weight_address_bits)
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
            self._use_neurons(m, neurons, leak.neurons)
        with m.Elif(propagate.busy):
            self._use_neurons(m, neurons, propagate.neurons)
        out_slices = config.outputs // weights_out.size
        lanes_per_slice = weights_out.size // config.output_lanes
        m.d.comb += [
            spikes.read.eq(propagate.read_flags),
            spikes.read_address.eq(propagate.row),
            # Spikes are gone as soon as they are seen.
            spikes.write.eq(leak.write | propagate.flags_seen | self._clear),
            spikes.write_address.eq(
                Mux(leak.busy, leak.row, Mux(self._clear, self._clear_row, propagate.row))
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
        if learn is not None and targets is not None:
            m.d.comb += propagate.learn.eq(values.learn)
            self._connect_learning(
                m,
                learn,
                targets,
                items,
                neurons,
                outputs,
                last_index,
                weights_in,
                weights_rec,
                weights_out,
            )

        self._random(m, leak, propagate, outputs, learn)
        self._elaborate_access(
            m, neurons, outputs, spikes, send, weights_in, weights_rec, weights_out
        )
        return m

    def _weights(self, words: int) -> WeightMemory:
        config = self.config
        return WeightMemory(
            words=words,
            weights=config.weight_lanes,
            bits=config.weight_bits,
            lanes=config.lanes,
        )

    @staticmethod
    def _use_neurons(m: Module, neurons: NeuronMemory, port: object) -> None:
        m.d.comb += [
            neurons.port.read.eq(port.read),
            neurons.port.word.eq(port.word),
            neurons.port.part.eq(port.part),
        ]

    def _sequence(
        self,
        m: Module,
        time_step: TimeStep,
        leak: LeakPhase,
        propagate: PropagatePhase,
        learn: LearnPhase | None,
        send: SendPhase,
        targets: Targets | None,
        outputs: OutputLayer,
        winners: WinnerCounters,
    ) -> None:
        """Go through the phases of a time step (section 8)."""
        values = self._values
        #: A tick that the core was ready for, until its step begins.
        stepping = Signal()
        step = Signal()
        # The host's access to a memory is finished first.
        accessing = self._accessing = Signal()
        at_rest = self._at_rest = Signal()
        idle, ready = Signal(), Signal()
        sample_ends = self._sample_ends = Signal()
        propagated = self._propagated = Signal()
        # What a sample leaves behind is cleared row by row before the next one, and after a reset.
        clear = self._clear = Signal()
        clear_rows = max(self.config.neurons // self.config.fresh_row, self.config.outputs)
        clear_row = self._clear_row = Signal(range(clear_rows))
        pending = self._pending = Signal()
        m.d.comb += [
            pending.eq(stepping | (time_step.step & ready)),
            time_step.idle.eq(idle & ~stepping),
            time_step.ready.eq(ready & ~stepping),
            step.eq(pending & ~accessing & ~clear),
            self.idle.eq(at_rest & ~accessing & ~pending),
            self.ready.eq(Mux(values.timing_mode, time_step.error, ready & ~stepping)),
        ]
        with m.If(step):
            m.d.sync += stepping.eq(0)
        with m.Elif(time_step.step & ready):
            m.d.sync += stepping.eq(1)

        def after_learning() -> None:
            with m.If(values.send_every_step):
                m.d.comb += send.start.eq(1)
                m.next = "SEND"
            with m.Else():
                m.d.comb += propagate.start.eq(1)
                m.next = "PROPAGATE"

        def after_config() -> None:
            if learn is None or targets is None:
                after_learning()
                return
            with m.If(values.learn.any() & (self.target_valid | (values.regul_mode[1:3] == 3))):
                with m.If(values.single_label & targets.received):
                    m.d.comb += learn.start.eq(1)
                    m.next = "LEARN"
                with m.Else():
                    m.next = "TARGET"
            with m.Else():
                after_learning()

        @contextmanager
        def at_work(name: str) -> Iterator[None]:
            """State that a halting error ends."""
            with m.State(name):
                yield
                with m.If(time_step.halted):
                    m.next = "HALTED"

        with m.FSM(name="phase"):
            with m.State("CLEAR"):
                m.d.comb += [idle.eq(1), ready.eq(1), clear.eq(1)]
                m.d.sync += clear_row.eq(clear_row + 1)
                with m.If(clear_row == clear_rows - 1):
                    m.d.sync += clear_row.eq(0)
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += [idle.eq(1), ready.eq(1), at_rest.eq(1)]
                with m.If(step & self.sample):
                    m.d.comb += propagate.start.eq(1)
                    m.next = "PROPAGATE"
            with at_work("PROPAGATE"):
                with m.If(~propagate.busy):
                    m.d.comb += propagated.eq(1)
                    m.next = "READY"
            with at_work("READY"):
                m.d.comb += [ready.eq(1), at_rest.eq(1)]
                with m.If(step):
                    m.d.comb += leak.start.eq(1)
                    m.next = "LEAK"
            with at_work("LEAK"):
                with m.If(~leak.busy & ~outputs.leaking):
                    m.next = "DECIDE"
            with at_work("DECIDE"):
                m.d.comb += winners.count.eq(self.infer_accumulate)
                m.next = "DECIDED"
            with at_work("DECIDED"):
                with m.If(~self.sample):
                    m.d.comb += send.start.eq(1)
                    m.next = "SEND"
                with m.Elif(values.config_mode):
                    m.next = "CONFIG"
                with m.Else():
                    after_config()
            with at_work("CONFIG"):
                m.d.comb += [at_rest.eq(1), self.configuring.eq(1)]
                with m.If(~values.config_mode & ~accessing):
                    after_config()
            if learn is not None and targets is not None:
                with at_work("TARGET"):
                    m.d.comb += [
                        at_rest.eq(1),
                        self.target_request.eq(values.target_request_monitor),
                    ]
                    # What completes the targets may come while a memory is accessed.
                    complete = Signal()
                    with m.If(targets.complete):
                        m.d.sync += complete.eq(1)
                    with m.If((complete | targets.complete) & ~accessing):
                        m.d.comb += [learn.start.eq(1), targets.left.eq(1)]
                        m.d.sync += complete.eq(0)
                        m.next = "LEARN"
                with at_work("LEARN"):
                    with m.If(~learn.busy):
                        after_learning()
            with at_work("SEND"):
                with m.If(~send.busy):
                    with m.If(values.send_every_step & self.sample):
                        m.d.comb += propagate.start.eq(1)
                        m.next = "PROPAGATE"
                    with m.Else():
                        m.d.comb += sample_ends.eq(1)
                        m.next = "CLEAR"
            with m.State("HALTED"):
                m.d.comb += [idle.eq(1), ready.eq(1), at_rest.eq(1)]
        if targets is not None:
            m.d.comb += targets.idle.eq(idle)

    def _connect_learning(
        self,
        m: Module,
        learn: LearnPhase,
        targets: Targets,
        items: InputItems,
        neurons: NeuronMemory,
        outputs: OutputLayer,
        last_index: Signal,
        weights_in: WeightMemory,
        weights_rec: WeightMemory,
        weights_out: WeightMemory,
    ) -> None:
        config = self.config
        values = self._values
        m.d.comb += [
            items.hold.eq(learn.read_output),
            targets.item.eq(items.target),
            targets.address.eq(items.address),
            targets.regression.eq(values.regression),
            targets.last_output.eq(values.last_output),
            learn.target_valid.eq(self.target_valid),
            learn.values.eq(values),
            learn.last_index.eq(last_index),
            learn.label.eq(targets.label),
            learn.target.eq(targets.target),
            learn.potential.eq(self._output_value),
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
            self._use_neurons(m, neurons, learn.neurons)
            m.d.comb += [
                outputs.read.eq(learn.read_output),
                outputs.read_beat.eq(learn.next_output >> (config.output_lanes.bit_length() - 1)),
                self._output_index.eq(learn.output),
                weights_in.read.eq(learn.read_in),
                weights_rec.read.eq(learn.read_rec),
                weights_out.read.eq(learn.read_out),
                self._read_address.eq(learn.read_address),
                weights_out.read_address.eq(learn.read_out_address),
            ]

    def _random(
        self,
        m: Module,
        leak: LeakPhase,
        propagate: PropagatePhase,
        outputs: OutputLayer,
        learn: LearnPhase | None,
    ) -> None:
        """Make the random generators and let their registers load them (sections 4 and 7)."""
        request = self.access.request
        seed = request.p.data

        def loads(register: str) -> object:
            return (
                request.valid
                & request.p.write
                & (request.p.target == 0)
                & (request.p.address == self.registers[register].address)
                & self._values.config_mode
            )

        for name, (register, steps, seeds) in ROUNDING_SEEDS.items():
            draw = leak.draw_potential if name == "potential" else leak.draw_traces
            lanes, units = self.config.neuron_lanes, self.config.neuron_units
            for unit in range(units):
                # Neurons that are handled one after the other share the circuit.
                generator = LinearRecurrence(a=1, b=15, steps=steps, seeds=seeds[unit:lanes:units])
                m.submodules[f"round_{name}_{unit}"] = generator
                m.d.comb += [
                    generator.select.eq(leak.neurons.part),
                    generator.draw.eq(draw),
                    generator.load.eq(loads(register).replicate(lanes // units)),
                    leak.random[unit][name].eq(generator.value),
                ]
                for number, sequence in enumerate(range(unit, lanes, units)):
                    m.d.comb += generator.seeds[number].eq(seed[15 * sequence : 15 * sequence + 15])
        m.submodules.round_output = generator = LinearRecurrence(
            a=1, b=15, steps=7, seeds=(0x7ABA,)
        )
        m.d.comb += [
            generator.draw.eq(outputs.draw),
            generator.load.eq(loads("seed_round_output")),
            generator.seeds[0].eq(seed),
            outputs.random.eq(generator.value),
        ]
        m.submodules.noise = generator = LinearRecurrence(a=3, b=17, steps=32, seeds=(0x1F0F1,))
        m.d.comb += [
            generator.draw.eq(propagate.draw_noise),
            generator.load.eq(loads("seed_noise")),
            generator.seeds[0].eq(seed),
            propagate.noise_value.eq(generator.value),
        ]
        if learn is not None:
            m.d.comb += [
                learn.load_in.eq(loads("seed_in")),
                learn.load_rec.eq(loads("seed_rec")),
                learn.load_out.eq(loads("seed_out")),
                learn.seed.eq(seed),
            ]

    def _elaborate_access(
        self,
        m: Module,
        neurons: NeuronMemory,
        outputs: OutputLayer,
        spikes: Sram,
        send: SendPhase,
        weights_in: WeightMemory,
        weights_rec: WeightMemory,
        weights_out: WeightMemory,
    ) -> None:
        """Let the host read and write memories: a chunk is read, and written with its neighbours."""
        config = self.config
        values = self._values
        request = self.access.request
        spaces = {name: number for number, name in SPACES.items()}
        target = request.p.target
        address = request.p.address
        to_register = target == 0

        done = Signal()
        refused = Signal()
        reading, acting = Signal(), Signal()
        m.d.comb += [
            refused.eq(request.valid & ~to_register & ~values.config_mode),
            request.ready.eq((to_register & self._alpha_select.ready) | refused | done),
        ]

        # Each memory: where the chunk is, what holds it, what it becomes.
        def place(name: str, chunks: int, slices: int = 1) -> tuple[Value, Value, Value]:
            """Return slice address, chunk of the slice, and whether the word has such a chunk."""
            memory = self.memories[name]
            in_word = -(-memory.width // CHUNK)
            chunk_bits = (in_word - 1).bit_length()
            word_bits = (memory.words - 1).bit_length()
            chunk = address[:chunk_bits]
            word = address[chunk_bits : chunk_bits + word_bits]
            # Slices, if several, are powers of two of whole chunks.
            per_slice = (chunks - 1).bit_length()
            part = chunk[per_slice:] if slices > 1 else Const(0, 0)
            exists = Const(1) if in_word == 1 << chunk_bits else chunk < in_word
            return Cat(part, word), chunk[:per_slice] if slices > 1 else chunk, exists

        write = Signal()
        # What a host finds, by the number of the space.
        found = [Const(0, CHUNK)] * 8
        with m.If(target == spaces["outputs"]):
            with m.If(reading):
                m.d.comb += [
                    outputs.read.eq(1),
                    outputs.read_beat.eq(
                        self._output_index >> (config.output_lanes.bit_length() - 1)
                    ),
                ]
            m.d.comb += outputs.host_write.eq(write)
        m.d.comb += outputs.host_data.eq(request.p.data)
        found[spaces["outputs"]] = self._output_value.as_unsigned()

        for name, memory in (
            ("weights_in", weights_in),
            ("weights_rec", weights_rec),
            ("weights_out", weights_out),
        ):
            slice_address, chunk, exists = place(name, memory.chunks, memory.slices)
            # No host has access while the phases use weights.
            address_in_use = memory.read_address if name == "weights_out" else self._read_address
            with m.If(reading):
                m.d.comb += address_in_use.eq(slice_address)
            with m.If(acting):
                m.d.comb += memory.write_address.eq(slice_address)
            m.d.comb += [
                memory.host.eq(acting),
                memory.host_data.eq(request.p.data),
                memory.chunk.eq(chunk),
            ]
            with m.If(target == spaces[name]):
                with m.If(reading):
                    m.d.comb += memory.read.eq(1)
                m.d.comb += memory.host_write.eq(write & exists)
            found[spaces[name]] = Mux(exists, memory.host_read, 0)

        # Neurons; a bit above the word writes flags too (section 5.3).
        width = config.neuron_word_bits
        chunks = -(-width // CHUNK)
        word, chunk, exists = place("neurons", chunks)
        flag = Signal()
        m.d.comb += flag.eq(
            (target == spaces["neurons"])
            & request.p.write
            & address[len(chunk) + (config.neuron_words - 1).bit_length()]
        )
        old = neurons.stored.as_value()
        index = address[: config.address_bits]
        row_shift = (ROW - 1).bit_length()
        with m.If(reading):
            m.d.comb += neurons.port.word.eq(word)
        with m.If(target == spaces["neurons"]):
            with m.If(reading):
                m.d.comb += neurons.port.read.eq(1)
            with m.If(write):
                m.d.comb += neurons.host_write.eq(1 << chunk)
        parts = Array(old[low : low + CHUNK] for low in range(0, width, CHUNK))
        found[spaces["neurons"]] = Mux(exists, parts[chunk], 0)
        m.d.comb += self.access.data.eq(Array(found)[target & done.replicate(len(target))])
        bit = Signal(ROW)
        m.d.comb += [
            neurons.flag_index.eq(index),
            neurons.flag_value.eq(request.p.data[1]),
            neurons.host_data.eq(request.p.data),
            bit.eq(1 << index[:row_shift]),
        ]

        with m.FSM(name="access_phase"):
            with m.State("WAIT"):
                with m.If(request.valid & ~to_register & ~refused & self._at_rest & ~self._pending):
                    m.d.comb += [reading.eq(1), self._accessing.eq(1)]
                    m.next = "ACT"
            with m.State("ACT"):
                m.d.comb += [self._accessing.eq(1), acting.eq(1), write.eq(request.p.write)]
                m.next = "WAIT"
                with m.If(flag):
                    m.next = "FLAG_READ"
                with m.Else():
                    m.d.comb += done.eq(1)
            with m.State("FLAG_READ"):
                m.d.comb += [
                    self._accessing.eq(1),
                    neurons.flag_read.eq(1),
                    spikes.read.eq(1),
                    spikes.read_address.eq(index >> row_shift),
                ]
                m.next = "FLAG_WRITE"
            with m.State("FLAG_WRITE"):
                m.d.comb += [
                    self._accessing.eq(1),
                    done.eq(1),
                    neurons.flag_write.eq(1),
                    spikes.write.eq(1),
                    spikes.write_address.eq(index >> row_shift),
                    spikes.write_data.eq(
                        Mux(request.p.data[0], spikes.read_data | bit, spikes.read_data & ~bit)
                    ),
                ]
                m.next = "WAIT"
