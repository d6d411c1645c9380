"""Access of a host to the memories of ReckOn, chunk by chunk (specification, sections 3 and 5)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring

from ..interface.interface import Interface
from .blocks import Blocks, SharedSignals
from .config import CHUNK, ReckonConfig
from .flags import ROW
from .layout import neuron_word
from .sequencer import PhaseSignals

__all__ = ["serve_host"]


def serve_host(
    m: Module,
    config: ReckonConfig,
    interface: Interface,
    blocks: Blocks,
    shared: SharedSignals,
    phases: PhaseSignals,
    access: wiring.PureInterface,
) -> None:
    """Let a host read and write memories: a chunk is read, and written with its neighbours.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration.
    interface : Interface
        The core's interface.
    blocks : Blocks
        Blocks of the core; memories are driven in the cycles of an access.
    shared : SharedSignals
        Input `output_value`; the others are driven in the cycles of an access.
    phases : PhaseSignals
        Inputs `at_rest` and `pending`: an access begins when nothing else is under way.
    access : AccessSignature
        The access port; driven are `request.ready` and `data`.
    """
    request = access.request
    neurons, outputs, spikes = blocks.neurons, blocks.outputs, blocks.spikes
    spaces, memories = interface.spaces, interface.memories
    space = request.p.space
    address = request.p.address
    to_register = space == 0

    done = Signal()
    refused = Signal()
    reading, acting = Signal(), Signal()
    m.d.comb += [
        refused.eq(request.valid & ~to_register & ~blocks.registers.values.config_mode),
        request.ready.eq((to_register & blocks.alpha_select.ready) | refused | done),
    ]

    # Each memory: where the chunk is, what holds it, what it becomes.
    def place(name: str, chunks: int, slices: int = 1) -> tuple[Value, Value, Value]:
        """Return slice address, chunk of the slice, and whether the word has such a chunk."""
        memory = memories[name]
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
    # What a host reads, by the number of the space.
    contents = [Const(0, CHUNK)] * 8
    with m.If(space == spaces["outputs"]):
        with m.If(reading):
            m.d.comb += [
                outputs.read.eq(1),
                outputs.read_beat.eq(shared.output_index >> (config.output_lanes.bit_length() - 1)),
            ]
        m.d.comb += outputs.host_write.eq(write)
    m.d.comb += outputs.host_data.eq(request.p.data)
    contents[spaces["outputs"]] = shared.output_value.as_unsigned()

    for name, memory in (
        ("weights_in", blocks.weights_in),
        ("weights_rec", blocks.weights_rec),
        ("weights_out", blocks.weights_out),
    ):
        slice_address, chunk, exists = place(name, memory.chunks, memory.slices)
        # No host has access while the phases use weights.
        address_in_use = memory.read_address if name == "weights_out" else shared.weights_address
        with m.If(reading):
            m.d.comb += address_in_use.eq(slice_address)
        with m.If(acting):
            m.d.comb += memory.write_address.eq(slice_address)
        m.d.comb += [
            memory.host.eq(acting),
            memory.host_data.eq(request.p.data),
            memory.chunk.eq(chunk),
        ]
        with m.If(space == spaces[name]):
            with m.If(reading):
                m.d.comb += memory.read.eq(1)
            m.d.comb += memory.host_write.eq(write & exists)
        contents[spaces[name]] = Mux(exists, memory.host_read, 0)

    # Neurons; a bit above the word writes flags too (section 5.3).
    width = neuron_word(config).size
    chunks = -(-width // CHUNK)
    word, chunk, exists = place("neurons", chunks)
    flag = Signal()
    m.d.comb += flag.eq(
        (space == spaces["neurons"])
        & request.p.write
        & address[len(chunk) + (config.neuron_words - 1).bit_length()]
    )
    old = neurons.stored.as_value()
    index = address[: config.address_bits]
    row_shift = (ROW - 1).bit_length()
    with m.If(reading):
        m.d.comb += neurons.port.word.eq(word)
    with m.If(space == spaces["neurons"]):
        with m.If(reading):
            m.d.comb += neurons.port.read.eq(1)
        with m.If(write):
            m.d.comb += neurons.host_write.eq(1 << chunk)
    parts = Array(old[low : low + CHUNK] for low in range(0, width, CHUNK))
    contents[spaces["neurons"]] = Mux(exists, parts[chunk], 0)
    m.d.comb += access.data.eq(Array(contents)[space & done.replicate(len(space))])
    bit = Signal(ROW)
    m.d.comb += [
        neurons.flag_index.eq(index),
        neurons.flag_value.eq(request.p.data[1]),
        neurons.host_data.eq(request.p.data),
        bit.eq(1 << index[:row_shift]),
    ]

    with m.FSM(name="access_phase"):
        with m.State("WAIT"):
            with m.If(request.valid & ~to_register & ~refused & phases.at_rest & ~phases.pending):
                m.d.comb += [reading.eq(1), shared.accessing.eq(1)]
                m.next = "ACT"
        with m.State("ACT"):
            m.d.comb += [shared.accessing.eq(1), acting.eq(1), write.eq(request.p.write)]
            m.next = "WAIT"
            with m.If(flag):
                m.next = "FLAG_READ"
            with m.Else():
                m.d.comb += done.eq(1)
        with m.State("FLAG_READ"):
            m.d.comb += [
                shared.accessing.eq(1),
                neurons.flag_read.eq(1),
                spikes.read.eq(1),
                spikes.read_address.eq(index >> row_shift),
            ]
            m.next = "FLAG_WRITE"
        with m.State("FLAG_WRITE"):
            m.d.comb += [
                shared.accessing.eq(1),
                done.eq(1),
                neurons.flag_write.eq(1),
                spikes.write.eq(1),
                spikes.write_address.eq(index >> row_shift),
                spikes.write_data.eq(
                    Mux(request.p.data[0], spikes.read_data | bit, spikes.read_data & ~bit)
                ),
            ]
            m.next = "WAIT"
