"""One lane of ODIN's crossbar: a share of the neuron memory and the update circuits."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from ..neuron.layout import NEURON_BITS
from ..plasticity.sdsp import Synapse
from .config import OdinConfig
from .layout import synapse
from .neuron_update import MONITORED, NeuronUpdate
from .operation import operation_layout

__all__ = ["NeuronLane"]

_BYTES = NEURON_BITS // 8

#: Bytes of a neuron word that hold no state (sections 12 and 13.1): an update does not write them.
_PARAMETER_BYTES = 70 // 8


class NeuronLane(wiring.Component):
    """Holds every `lanes`-th neuron and updates one at a time, in stages that the crossbar moves.

    A neuron's flags, up and down, are stored beside its word, where hosts do not reach them. A
    host's write to the word clears them, so what was loaded is all there is of a neuron.

    Parameters
    ----------
    config : OdinConfig
        Configuration.

    Members
    -------
    operation : In(operation_layout)
        What to do.
    source_inhibitory : In(1)
        Sign of the operation's source.
    propagate_unmapped, learn_unmapped, learn_on_synapse_event : In(1)
        Registers of these names.
    fetch, row : In(1), In(bits of a row address)
        Read the neuron of this row.
    decode : In(1)
        Take what was read, with `synapse` and `burst_end`, into the integrate stage.
    synapse : In(synapse)
        The synapse into the neuron.
    burst_end : In(1)
        The neuron is the source of the last spike of a burst.
    move : In(2)
        Move on from the integrate and from the respond stage.
    stored : Out(128)
        Stored word of the neuron in the integrate stage.
    next_synapse : Out(synapse)
        The synapse as it is to be stored, in the integrate stage.
    fires, burst_spikes, burst_interval : Out(1), Out(3), Out(3)
        As `NeuronUpdate` gives them, in the respond stage.
    monitored : Out(MONITORED)
        As `NeuronUpdate` gives it, in the write stage.
    write_state : In(1)
        Write the updated state and the flags back.
    write_bytes, byte : In(16), In(8)
        Write a host's byte instead.
    clear_flags : In(1)
        Clear the flags, with a host's byte.
    write_row : In(bits of a row address)
        Row to write.
    """

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        super().__init__(
            {
                "operation": In(operation_layout(config)),
                "source_inhibitory": In(1),
                "propagate_unmapped": In(1),
                "learn_unmapped": In(1),
                "learn_on_synapse_event": In(1),
                "fetch": In(1),
                "row": In(config.row_bits),
                "decode": In(1),
                "synapse": In(synapse(config)),
                "burst_end": In(1),
                "move": In(2),
                "stored": Out(NEURON_BITS),
                "next_synapse": Out(synapse(config)),
                "fires": Out(1),
                "burst_spikes": Out(3),
                "burst_interval": Out(3),
                "monitored": Out(MONITORED),
                "write_state": In(1),
                "write_bytes": In(_BYTES),
                "byte": In(8),
                "clear_flags": In(1),
                "write_row": In(config.row_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        operation = self.operation
        # The flags have a byte of their own.
        flag_bytes = int(config.plasticity)

        m.submodules.memory = memory = Sram(
            words=config.neurons // config.lanes,
            width=NEURON_BITS + 8 * flag_bytes,
            granularity=8,
            ports=config.neuron_memory_ports,
        )
        m.submodules.update = update = NeuronUpdate(config)

        word = Signal(NEURON_BITS, reset_less=True)
        up = Signal(reset_less=True)
        down = Signal(reset_less=True)
        read_synapse = Signal(synapse(config), reset_less=True)
        burst_end = Signal(reset_less=True)
        m.d.comb += [
            memory.read.eq(self.fetch),
            memory.read_address.eq(self.row),
            self.stored.eq(word),
        ]
        with m.If(self.decode):
            m.d.sync += [
                Cat(word, up, down).eq(memory.read_data),
                read_synapse.eq(self.synapse),
                burst_end.eq(self.burst_end),
            ]

        # Only spike and single-synapse events have a synapse.
        from_synapse = Signal()
        acts = Signal()
        m.d.comb += [
            from_synapse.eq(operation.spike | operation.synapse),
            acts.eq(read_synapse.mapped | self.propagate_unmapped),
            update.word.eq(word),
            update.input.weight.eq(
                Mux(
                    from_synapse,
                    read_synapse.weight & acts.replicate(config.weight_bits),
                    operation.weight,
                )
            ),
            update.input.inhibitory.eq(
                Mux(from_synapse, self.source_inhibitory, operation.inhibitory)
            ),
            update.input.tick.eq(operation.tick),
            update.input.burst_end.eq(burst_end),
            update.move.eq(self.move),
            self.fires.eq(update.fires),
            self.burst_spikes.eq(update.burst_spikes),
            self.burst_interval.eq(update.burst_interval),
            self.monitored.eq(update.monitored),
        ]

        m.d.comb += self.next_synapse.eq(read_synapse)
        if config.plasticity:
            m.submodules.synapse = rule = Synapse(config.weight_bits)
            m.d.comb += [
                rule.weight.eq(read_synapse.weight),
                rule.eligible.eq(
                    (operation.spike | self.learn_on_synapse_event)
                    & (read_synapse.mapped | self.learn_unmapped)
                ),
                rule.up.eq(up),
                rule.down.eq(down),
                self.next_synapse.weight.eq(rule.next_weight),
            ]

        state_bytes = _BYTES - _PARAMETER_BYTES
        m.d.comb += [
            memory.write.eq(
                self.write_bytes
                | Cat(
                    0,
                    *[0] * (_PARAMETER_BYTES - 1),
                    self.write_state.replicate(state_bytes),
                    (self.write_state | self.clear_flags).replicate(flag_bytes),
                )
            ),
            memory.write_address.eq(self.write_row),
            memory.write_data.eq(self.byte.replicate(_BYTES)),
        ]
        with m.If(~operation.access):
            m.d.comb += [
                memory.write_data[8 * _PARAMETER_BYTES : NEURON_BITS].eq(
                    update.next_word[8 * _PARAMETER_BYTES :]
                ),
                memory.write_data[NEURON_BITS:].eq(Cat(update.monitored.up, update.monitored.down)),
            ]
        return m
