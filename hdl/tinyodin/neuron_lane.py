"""One lane of tinyODIN's crossbar: a share of the neuron memory and an update circuit."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from ..neuron.lif import LeakyIntegrateAndFire
from .config import TinyOdinConfig
from .layout import LEAK_BITS, VIRTUAL_WEIGHT_BITS, memories, neuron_word
from .operation import operation_layout

__all__ = ["NeuronLane"]


class NeuronLane(wiring.Component):
    """Holds every `lanes`-th neuron and updates one at a time, in stages that the crossbar moves.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.

    Members
    -------
    operation : In(operation_layout)
        What to do.
    fetch, row : In(1), In(bits of a row address)
        Read the neuron of this row.
    decode : In(1)
        Take what was read, with `weight`, into the update stage.
    weight : In(signed(weight_bits))
        Weight of the synapse.
    fires : Out(1)
        The neuron in the update stage fires, and its spikes are not disabled.
    stored : Out(bytes of a neuron word)
        Its stored word.
    update : In(1)
        Take the updated state into the write stage.
    write_state : In(1)
        Write it back.
    write_bytes, byte : In(bytes of a neuron word), In(8)
        Write a host's byte instead.
    write_row : In(bits of a row address)
        Row to write.
    """

    def __init__(self, config: TinyOdinConfig) -> None:
        self._config = config
        self._bytes = memories(config)["neurons"].bytes_per_word
        rows = range(config.neurons // config.lanes)
        super().__init__(
            {
                "operation": In(operation_layout(config)),
                "fetch": In(1),
                "row": In(rows),
                "decode": In(1),
                "weight": In(signed(config.weight_bits)),
                "fires": Out(1),
                "stored": Out(8 * self._bytes),
                "update": In(1),
                "write_state": In(1),
                "write_bytes": In(self._bytes),
                "byte": In(8),
                "write_row": In(rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        operation = self.operation
        weight_bits = max(config.weight_bits, VIRTUAL_WEIGHT_BITS)
        # An update changes the potential alone, so it writes only the bytes that hold it.
        state_bytes = -(-config.potential_bits // 8)

        m.submodules.memory = memory = Sram(
            words=config.neurons // config.lanes,
            width=8 * self._bytes,
            granularity=8,
            ports=config.neuron_memory_ports,
        )
        m.submodules.neuron = neuron = LeakyIntegrateAndFire(
            potential_bits=config.potential_bits, weight_bits=weight_bits, leak_bits=LEAK_BITS
        )

        word = Signal(neuron_word(config))
        weight = Signal(signed(weight_bits))
        m.d.comb += [
            memory.read.eq(self.fetch),
            memory.read_address.eq(self.row),
            self.stored.eq(word),
        ]
        with m.If(self.decode):
            m.d.sync += [word.eq(memory.read_data), weight.eq(self.weight)]
        # A virtual event has its weight in the operation, where it is zero for a spike event.
        with m.If(operation.single):
            m.d.sync += weight.eq(0)

        m.d.comb += [
            neuron.potential.eq(word.potential),
            neuron.threshold.eq(word.threshold),
            neuron.leak.eq(word.leak),
            neuron.weight.eq(weight | operation.weight.as_signed()),
            neuron.tick.eq(operation.tick),
            self.fires.eq(neuron.fires & ~word.disabled),
        ]

        state = Signal(8 * state_bytes)
        with m.If(self.update):
            m.d.sync += state.eq(
                Cat(neuron.next_potential, word.as_value()[config.potential_bits :])
            )
        m.d.comb += [
            memory.write.eq(self.write_bytes | self.write_state.replicate(state_bytes)),
            memory.write_address.eq(self.write_row),
            memory.write_data.eq(self.byte.replicate(self._bytes)),
        ]
        with m.If(~operation.access):
            m.d.comb += memory.write_data[: 8 * state_bytes].eq(state)
        return m
