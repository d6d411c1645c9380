"""Crossbar of tinyODIN: both memories and the neurons' update circuits (sections 4, 6 and 8)."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..memory.sram import Sram
from .config import TinyOdinConfig
from .interface import interface
from .neuron_lane import NeuronLane
from .operation import operation_layout

__all__ = ["Crossbar"]


class Crossbar(wiring.Component):
    """Reads rows of neurons, updates them and writes them back.

    A row of `lanes` neurons passes four stages: fetch (memories are read), decode (weights are
    picked), update (the neurons' next states) and write. All stages move together, and only when
    `advance` is set. Host accesses pass the same stages.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.

    Members
    -------
    operation : In(operation_layout)
        What to do; stands still until the last row is written.
    fetch, row, enabled, last : In
        As the controller gives them: read a row; its address; its neurons that take part; the
        operation ends with it.
    request : In(access request)
        The host's access, during an access operation.
    advance : In(1)
        Move on.
    updated : Out(1)
        A row is in the update stage.
    updated_last : Out(1)
        The operation's last row leaves the update stage in this cycle.
    fires : Out(lanes)
        Enabled neurons of the row in the update stage that fire.
    written : Out(1)
        A row is in the write stage.
    written_row : Out(bits of a row address)
        Its address.
    byte : Out(8)
        The byte a host reads or overwrites, while its access is in the write stage.
    """

    def __init__(self, config: TinyOdinConfig) -> None:
        self._config = config
        self._interface = interface(config)
        row = range(config.neurons // config.lanes)
        super().__init__(
            {
                "operation": In(operation_layout(config)),
                "fetch": In(1),
                "row": In(row),
                "enabled": In(config.lanes),
                "last": In(1),
                "request": In(self._interface.request_layout),
                "advance": In(1),
                "updated": Out(1),
                "updated_last": Out(1),
                "fires": Out(config.lanes),
                "written": Out(1),
                "written_row": Out(row),
                "byte": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        operation = self.operation
        request = self.request
        spaces = self._interface.spaces
        lanes = config.lanes
        lane_bits = lanes.bit_length() - 1
        neuron_bytes = self._interface.memories["neurons"].bytes_per_word
        synapse_bytes = self._interface.memories["synapses"].bytes_per_word

        neurons = [NeuronLane(config) for _ in range(lanes)]
        for lane, neuron in enumerate(neurons):
            m.submodules[f"lane_{lane}"] = neuron
        m.submodules.synapses = synapses = Sram(
            words=config.synapse_words, width=8 * synapse_bytes, granularity=8
        )

        # Fetch. A host's synapse word is named by the request, all else by the operation.
        spike = Signal()
        access_synapses = Signal()
        m.d.comb += [
            spike.eq(~operation.access & ~operation.tick & ~operation.single),
            access_synapses.eq(operation.access & (request.space == spaces["synapses"])),
            synapses.read.eq(self.fetch & (spike | access_synapses)),
            synapses.read_address.eq(
                Mux(
                    operation.access,
                    request.address,
                    Cat(self.row[3 - lane_bits :], operation.neuron),
                )
            ),
            synapses.write_address.eq(request.address),
        ]

        # Decode: pick each lane's weight from the synapse word and, for a host, the byte it wants
        # there. The memories answer late in the cycle, so little is done here.
        decoding = Signal()
        decoding_last = Signal()
        decoding_row = Signal.like(self.row)
        decoding_enabled = Signal(lanes)
        with m.If(self.advance):
            m.d.sync += decoding.eq(self.fetch)
        with m.If(self.fetch):
            m.d.sync += [
                decoding_last.eq(self.last),
                decoding_row.eq(self.row),
                decoding_enabled.eq(self.enabled),
            ]
        weights = Signal(lanes * config.weight_bits)
        synapse_byte = Signal(8)
        m.d.comb += [
            weights.eq(
                synapses.read_data.word_select(
                    decoding_row[: 3 - lane_bits], lanes * config.weight_bits
                )
            ),
        ]

        # Update.
        updating_last = Signal()
        updating_row = Signal.like(self.row)
        updating_enabled = Signal(lanes)
        stored = Signal(8 * neuron_bytes)
        with m.Switch(operation.neuron[:lane_bits]):
            for lane, neuron in enumerate(neurons):
                with m.Case(lane):
                    m.d.comb += stored.eq(neuron.stored)
        with m.If(self.advance):
            m.d.sync += self.updated.eq(decoding)
        with m.If(self.advance & decoding):
            m.d.sync += [
                updating_last.eq(decoding_last),
                updating_row.eq(decoding_row),
                updating_enabled.eq(decoding_enabled),
                synapse_byte.eq(synapses.read_data.word_select(request.byte, 8)),
            ]
        m.d.comb += self.updated_last.eq(self.updated & updating_last & self.advance)

        # Write.
        written_enabled = Signal(lanes)
        write_state = Signal()
        write_access = Signal(max(neuron_bytes, synapse_bytes))
        merged = Signal(8)
        with m.If(self.advance):
            m.d.sync += self.written.eq(self.updated)
        with m.If(self.advance & self.updated):
            m.d.sync += [
                self.written_row.eq(updating_row),
                written_enabled.eq(updating_enabled),
                self.byte.eq(
                    Mux(access_synapses, synapse_byte, stored.word_select(request.byte, 8))
                ),
            ]
        m.d.comb += [
            # A mask bit of 1 keeps the old bit.
            merged.eq((self.byte & request.mask) | (request.data[:8] & ~request.mask)),
            synapses.write_data.eq(merged.replicate(synapse_bytes)),
        ]
        with m.If(self.written & self.advance):
            m.d.comb += write_state.eq(~operation.access)
            with m.If(operation.access & request.write):
                m.d.comb += write_access.eq(1 << request.byte)
        with m.If(access_synapses):
            m.d.comb += synapses.write.eq(write_access)

        for lane, neuron in enumerate(neurons):
            m.d.comb += [
                neuron.operation.eq(operation),
                neuron.fetch.eq(self.fetch),
                neuron.row.eq(self.row),
                neuron.decode.eq(self.advance & decoding),
                neuron.weight.eq(weights.word_select(lane, config.weight_bits)),
                self.fires[lane].eq(neuron.fires & updating_enabled[lane]),
                neuron.update.eq(self.advance & self.updated),
                neuron.byte.eq(merged),
                neuron.write_row.eq(self.written_row),
            ]
            with m.If(written_enabled[lane] & ~access_synapses):
                m.d.comb += [
                    neuron.write_state.eq(write_state),
                    neuron.write_bytes.eq(write_access),
                ]
        return m
