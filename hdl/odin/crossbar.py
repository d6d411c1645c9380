"""Crossbar of ODIN: both memories, the neurons' update circuits and the synapses' (sections 5, 7,
11).
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from ..neuron.layout import NEURON_BITS
from ..plasticity.sdsp import Synapse
from .config import OdinConfig
from .interface import interface
from .layout import synapse
from .neuron_lane import NeuronLane
from .neuron_update import MONITORED
from .operation import operation_layout

__all__ = ["Crossbar", "response_layout"]


def response_layout(config: OdinConfig) -> data.StructLayout:
    """Layout of a row's response.

    Fields
    ------
    fires : lanes
        Neurons that fire and are not disabled.
    bursts : array of lanes
        Spikes that follow and their interval code.
    neuron_shown, synapse_shown : 1 bit
        The monitored neuron is updated with this row, the monitored synapse rewritten.
    synapse_first : 1 bit
        The synapse was rewritten before the neuron was updated.
    last : 1 bit
        The operation ends with this row.
    """
    burst = data.StructLayout({"spikes": 3, "interval": 3})
    return data.StructLayout(
        {
            "fires": config.lanes,
            "bursts": data.ArrayLayout(burst, config.lanes),
            "neuron_shown": 1,
            "synapse_shown": 1,
            "synapse_first": 1,
            "last": 1,
        }
    )


class Crossbar(wiring.Component):
    """Reads rows of neurons and the synapses into them, updates both and writes them back.

    A row of `lanes` neurons passes five stages: fetch (memories are read), decode (synapses are
    picked), integrate, respond (neurons fire) and write. All stages move together, and only when
    `advance` is set. Host accesses pass the same stages. Bistability rewrites a word of synapses in
    the integrate stage; the rest of the stages only count then.

    Parameters
    ----------
    config : OdinConfig
        Configuration.

    Members
    -------
    operation : In(operation_layout)
        What to do; stands still until the last row is written.
    values : In(struct)
        The configuration registers.
    fetch, row, last : In
        As the controller gives them: read a row; its address; the operation ends with it.
    request : In(access request)
        The host's access, during an access operation.
    advance : In(1)
        Move on.
    responded : Out(1)
        A row is in the respond stage.
    response : Out(response_layout)
        Its response.
    written : Out(1)
        A row is in the write stage.
    written_row : Out(bits of a row address)
        Its address.
    monitored : Out(MONITORED)
        The monitored neuron, if it is in the write stage.
    monitored_synapse : Out(synapse)
        The monitored synapse, if the row in the write stage shows it.
    byte : Out(8)
        The byte a host reads or overwrites, while its access is in the write stage.
    """

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        self._interface = interface(config)
        values = data.StructLayout(
            {register.name: register.width for register in self._interface.registers}
        )
        super().__init__(
            {
                "operation": In(operation_layout(config)),
                "values": In(values),
                "fetch": In(1),
                "row": In(config.row_bits),
                "last": In(1),
                "request": In(self._interface.request_layout),
                "advance": In(1),
                "responded": Out(1),
                "response": Out(response_layout(config)),
                "written": Out(1),
                "written_row": Out(config.row_bits),
                "monitored": Out(MONITORED),
                "monitored_synapse": Out(synapse(config)),
                "byte": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        operation, values, request = self.operation, self.values, self.request
        lanes = config.lanes
        lane_bits = lanes.bit_length() - 1
        group_bits = config.address_bits - 3
        synapse_bits = config.weight_bits + 1
        synapse_bytes = self._interface.memories["synapses"].bytes_per_word

        neurons = [NeuronLane(config) for _ in range(lanes)]
        for lane, neuron in enumerate(neurons):
            m.submodules[f"lane_{lane}"] = neuron
        m.submodules.synapses = synapses = Sram(
            words=config.synapse_words,
            width=8 * synapse_bytes,
            granularity=8,
            ports=config.synapse_memory_ports,
        )

        # Fetch. A host's synapse word is named by the request, all else by the operation. A word of
        # synapses is read with the first of its rows.
        access_synapses = Signal()
        first_of_word = Signal()
        from_synapse = Signal()
        sweeps_words = operation.bistability if config.plasticity else Const(0, 1)
        group = Signal(group_bits)
        m.d.comb += [
            access_synapses.eq(
                operation.access & (request.space == self._interface.spaces["synapses"])
            ),
            from_synapse.eq(operation.spike | operation.synapse),
            first_of_word.eq(operation.synapse | ~self.row[: 3 - lane_bits].any()),
            group.eq(Mux(sweeps_words, self.row[:group_bits], self.row[3 - lane_bits :])),
            synapses.read.eq(
                self.fetch & (access_synapses | sweeps_words | (from_synapse & first_of_word))
            ),
            synapses.read_address.eq(
                Mux(operation.access, request.address, Cat(group, operation.source))
            ),
        ]

        # Decode: pick each lane's synapse. The memories answer late in the cycle, so little is
        # done.
        decoding = Signal()
        decoding_last = Signal()
        decoding_row = Signal.like(self.row, reset_less=True)
        decoding_word = Signal.like(Cat(group, operation.source), reset_less=True)
        with m.If(self.advance):
            m.d.sync += decoding.eq(self.fetch)
        with m.If(self.fetch):
            m.d.sync += [
                decoding_last.eq(self.last),
                decoding_row.eq(self.row),
                decoding_word.eq(Cat(group, operation.source)),
            ]
        word = Signal(8 * synapse_bits)
        m.d.comb += word.eq(synapses.read_data)
        if config.neuron_memory_ports == 2 and config.synapse_memory_ports == 1:
            # The word is not only read once for several rows; the word before is written meanwhile.
            decoding_first = Signal()
            held_word = Signal.like(word, reset_less=True)
            with m.If(self.fetch):
                m.d.sync += decoding_first.eq(synapses.read)
            with m.If(decoding_first):
                m.d.sync += held_word.eq(synapses.read_data)
            with m.Else():
                m.d.comb += word.eq(held_word)
        picked = Signal(lanes * synapse_bits)
        m.d.comb += picked.eq(word.word_select(decoding_row[: 3 - lane_bits], lanes * synapse_bits))

        # Integrate.
        integrating = Signal()
        integrating_last = Signal()
        integrating_row = Signal.like(self.row, reset_less=True)
        integrated_synapses = Signal(lanes * synapse_bits)
        with m.If(self.advance):
            m.d.sync += integrating.eq(decoding)
        with m.If(self.advance & decoding):
            m.d.sync += [integrating_last.eq(decoding_last), integrating_row.eq(decoding_row)]

        # Respond.
        responding_last = Signal()
        responding_row = Signal.like(self.row, reset_less=True)
        responded_synapses = Signal(lanes * synapse_bits, reset_less=True)
        stored = Signal(NEURON_BITS)
        byte = Signal(8, reset_less=True)
        with m.Switch(operation.neuron[:lane_bits]):
            for lane, neuron in enumerate(neurons):
                with m.Case(lane):
                    m.d.comb += stored.eq(neuron.stored)
        with m.If(self.advance):
            m.d.sync += self.responded.eq(integrating)
        with m.If(self.advance & integrating):
            m.d.sync += [
                responding_last.eq(integrating_last),
                responding_row.eq(integrating_row),
                responded_synapses.eq(integrated_synapses),
                byte.eq(
                    Mux(
                        access_synapses,
                        synapses.read_data.word_select(request.byte, 8),
                        stored.word_select(request.byte, 8),
                    )
                ),
            ]
        m.d.comb += self.response.last.eq(responding_last)

        # Write.
        written_last_of_word = Signal()
        written_synapses = Signal(lanes * synapse_bits, reset_less=True)
        write_state = Signal()
        accessed = Signal()
        write_access = Signal(max(NEURON_BITS // 8, synapse_bytes))
        merged = Signal(8)
        with m.If(self.advance):
            m.d.sync += self.written.eq(self.responded)
        with m.If(self.advance & self.responded):
            m.d.sync += [
                self.written_row.eq(responding_row),
                written_synapses.eq(responded_synapses),
            ]
        m.d.comb += [
            # A mask bit of 1 keeps the old bit.
            self.byte.eq(byte),
            merged.eq((byte & request.mask) | (request.data[:8] & ~request.mask)),
            written_last_of_word.eq(self.written_row[: 3 - lane_bits].all()),
        ]
        with m.If(self.written & self.advance):
            m.d.comb += write_state.eq(~operation.access & ~sweeps_words)
            m.d.comb += accessed.eq(operation.access & request.write)
        with m.If(accessed):
            m.d.comb += write_access.eq(1 << request.byte)

        m.d.comb += [
            synapses.write_address.eq(Cat(self.written_row[3 - lane_bits :], operation.source)),
            synapses.write_data.eq(merged.replicate(synapse_bytes)),
        ]
        if config.plasticity:
            read_word = Signal.like(word, reset_less=True)
            integrating_word = Signal.like(decoding_word, reset_less=True)
            with m.If(self.advance & decoding):
                m.d.sync += [read_word.eq(word), integrating_word.eq(decoding_word)]

            # The synapses of a word come together row by row.
            rewritten = Signal(8 * synapse_bits)
            if lanes < 8:
                earlier = Signal((8 - lanes) * synapse_bits, reset_less=True)
                m.d.comb += rewritten.eq(Cat(earlier, written_synapses))
                with m.If(self.written & self.advance):
                    m.d.sync += earlier.eq(rewritten[lanes * synapse_bits :])
            else:
                m.d.comb += rewritten.eq(written_synapses)

            with m.If(operation.spike):
                m.d.comb += synapses.write_data.eq(rewritten)
                with m.If(write_state & written_last_of_word):
                    m.d.comb += synapses.write.eq(~0)
            with m.If(operation.synapse):
                # One synapse changes.
                m.d.comb += synapses.write_data.eq(read_word)
                for lane in range(8):
                    with m.If(operation.neuron[:3] == lane):
                        place = slice(lane * synapse_bits, (lane + 1) * synapse_bits)
                        part = lane % lanes
                        m.d.comb += synapses.write_data[place].eq(
                            written_synapses.word_select(part, synapse_bits)
                        )
                with m.If(write_state):
                    m.d.comb += synapses.write.eq(~0)
            self._bistability(m, synapses, read_word, integrating_word, integrating)
            self._monitor_synapse(
                m, word, decoding, decoding_row, decoding_word, integrating, integrated_synapses
            )
        with m.If(operation.access):
            m.d.comb += synapses.write_address.eq(request.address)
            with m.If(access_synapses):
                m.d.comb += synapses.write.eq(write_access)

        inhibitory = Signal()
        signs = Cat(
            values[register.name]
            for register in self._interface.registers
            if register.name.startswith("sign_")
        )
        # Registered: a source stands still long before its first neuron is integrated.
        m.d.sync += inhibitory.eq(signs.bit_select(operation.source, 1))

        for lane, neuron in enumerate(neurons):
            place = slice(lane * synapse_bits, (lane + 1) * synapse_bits)
            chosen = Signal(name=f"chosen_{lane}")
            m.d.comb += [
                chosen.eq(~operation.single | (operation.neuron[:lane_bits] == lane)),
                neuron.operation.eq(operation),
                neuron.source_inhibitory.eq(inhibitory),
                neuron.propagate_unmapped.eq(values.propagate_unmapped),
                neuron.fetch.eq(self.fetch & ~sweeps_words),
                neuron.row.eq(self.row),
                neuron.decode.eq(self.advance & decoding),
                neuron.synapse.eq(picked[place]),
                neuron.burst_end.eq(
                    operation.burst_end
                    & (Cat(Const(lane, lane_bits), decoding_row) == operation.source)
                ),
                neuron.move.eq(Cat(self.advance & integrating, self.advance & self.responded)),
                integrated_synapses[place].eq(neuron.next_synapse),
                neuron.byte.eq(merged),
                neuron.write_row.eq(self.written_row),
                self.response.fires[lane].eq(
                    neuron.fires & chosen & ~operation.access & ~sweeps_words
                ),
                self.response.bursts[lane].spikes.eq(neuron.burst_spikes),
                self.response.bursts[lane].interval.eq(neuron.burst_interval),
            ]
            if config.plasticity:
                m.d.comb += [
                    neuron.learn_unmapped.eq(values.learn_unmapped),
                    neuron.learn_on_synapse_event.eq(values.learn_on_synapse_event),
                ]
            with m.If(chosen):
                m.d.comb += neuron.write_state.eq(write_state)
                with m.If(~access_synapses):
                    m.d.comb += [
                        neuron.write_bytes.eq(write_access),
                        neuron.clear_flags.eq(accessed),
                    ]
            with m.If(values.monitored_neuron[:lane_bits] == lane):
                m.d.comb += self.monitored.eq(neuron.monitored)

        with m.If(~operation.access & ~sweeps_words):
            m.d.comb += self.response.neuron_shown.eq(
                (responding_row == values.monitored_neuron[lane_bits:])
                & (~operation.single | (operation.neuron == values.monitored_neuron))
            )
        return m

    def _bistability(
        self,
        m: Module,
        synapses: Sram,
        word: Signal,
        address: Signal,
        integrating: Signal,
    ) -> None:
        """Rewrite a word of synapses two moves after reading it."""
        bits = self._config.weight_bits + 1
        settled = Signal(8 * bits, name="settled_word")
        for index in range(8):
            place = slice(index * bits, (index + 1) * bits)
            m.d.comb += settled[place].eq(self._settle(m, word[place], f"bistability_{index}"))
        with m.If(self.operation.bistability):
            m.d.comb += [
                synapses.write_data.eq(settled),
                synapses.write_address.eq(address),
                synapses.write.eq((integrating & self.advance).replicate(len(synapses.write))),
            ]

    def _settle(self, m: Module, old: Value, name: str) -> Value:
        """Return a synapse after a bistability event."""
        old = synapse(self._config)(old)
        m.submodules[name] = rule = Synapse(self._config.weight_bits)
        m.d.comb += [
            rule.weight.eq(old.weight),
            rule.eligible.eq(old.mapped | self.values.learn_unmapped),
            rule.bistability.eq(1),
        ]
        return Cat(rule.next_weight, old.mapped)

    def _monitor_synapse(
        self,
        m: Module,
        word: Signal,
        decoding: Signal,
        decoding_row: Signal,
        decoding_word: Signal,
        integrating: Signal,
        integrated_synapses: Signal,
    ) -> None:
        """Catch the monitored synapse as it is rewritten; once in an operation at most (section
        10).
        """
        operation, values = self.operation, self.values
        lane_bits = self._config.lanes.bit_length() - 1
        bits = self._config.weight_bits + 1
        neuron = values.monitored_neuron
        shown = Signal(2)
        caught = Signal(bits, reset_less=True)
        after = Signal(bits, reset_less=True)
        in_word = Signal()
        in_row = Signal()
        m.d.comb += [
            in_word.eq(decoding_word == Cat(neuron[3:], values.monitored_source)),
            in_row.eq(
                operation.bistability
                | operation.synapse
                | (operation.spike & (decoding_row[: 3 - lane_bits] == neuron[lane_bits:3]))
            ),
            self.monitored_synapse.eq(after),
            self.response.synapse_shown.eq(shown[1]),
            # The word counts as rewritten with its first neuron.
            self.response.synapse_first.eq(operation.spike & neuron[:3].any()),
        ]
        with m.If(self.advance & decoding):
            m.d.sync += shown[0].eq(in_word & in_row)
            m.d.sync += caught.eq(word.word_select(neuron[:3], bits))
        with m.If(self.advance & integrating):
            m.d.sync += shown[1].eq(shown[0])
            # What becomes of the synapse is known only now.
            with m.If(shown[0]):
                m.d.sync += after.eq(caught)
                with m.If(operation.bistability):
                    m.d.sync += after.eq(self._settle(m, caught, "bistability_shown"))
                with m.Elif(operation.spike | (operation.neuron == neuron)):
                    m.d.sync += after.eq(integrated_synapses.word_select(neuron[:lane_bits], bits))
