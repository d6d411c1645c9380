"""The ODIN core: controller, scheduler, crossbar and spike serializer joined."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from ..interface.register_file import RegisterFile
from .config import OdinConfig
from .controller import Controller
from .crossbar import Crossbar
from .interface import interface
from .scheduler import Scheduler
from .spike_serializer import SpikeSerializer

__all__ = ["Odin"]


class Odin(wiring.Component):
    """A crossbar of spiking neurons with synapses that learn, with its native interface.

    Parameters
    ----------
    config : OdinConfig
        Configuration.
    reset_registers : bool
        Reset gives the configuration registers their reset values. As published it leaves them
        alone: they have them at power-on, if the target initialises flip-flops.

    Members
    -------
    events : In(stream.Signature(event_word))
        Input events; one is taken when it has been queued or executed. None is taken while the core
        is gated.
    output : Out(stream.Signature(output word))
        Output words, in order; the core waits until each is taken.
    access : In(AccessSignature)
        Registers and memories.
    idle : Out(1)
        Nothing is under way and, unless the core is gated, nothing is queued, spikes of bursts
        included.
    full : Out(1)
        The main FIFO has no free place.
    gate : Out(1)
        Register of this name, for shells.
    """

    def __init__(self, config: OdinConfig, *, reset_registers: bool = False) -> None:
        self.config = config
        self._reset_registers = reset_registers
        self.interface = interface(config)
        super().__init__(self.interface.members())

    def cycles(self) -> dict[str, int]:
        """Clock cycles each event occupies the core, without spikes and waiting for the output.

        From the cycle in which the input event comes, or its turn in the queue, to the first cycle
        in which the next can.
        """
        config = self.config
        rows = config.neurons // config.lanes
        one = 5
        if config.neuron_memory_ports == 2:
            every = rows - 1 + one
        else:
            # Four rows are read, then four written.
            read = min(rows, 4)
            every = (rows // read - 1) * 8 + read - 1 + one
        found = {
            "virtual": one,
            "single_synapse": one,
            "time_reference_one": one,
            "time_reference_all": every,
            "spike": every,
        }
        if config.plasticity:
            words = config.neurons // 8
            for name, count in (("one", words), ("all", words * config.neurons)):
                # With one port two words are read, then two written.
                extra = 0 if config.synapse_memory_ports == 2 else count - 2
                found[f"bistability_{name}"] = count - 1 + extra + one
        return found

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        request = self.access.request
        spaces = self.interface.spaces

        m.submodules.registers = register_file = RegisterFile(
            self.interface.registers,
            address_bits=len(request.p.address),
            data_bits=len(request.p.data),
            resets=self._reset_registers,
        )
        m.submodules.controller = controller = Controller(config)
        m.submodules.scheduler = scheduler = Scheduler(config)
        m.submodules.crossbar = crossbar = Crossbar(config)
        m.submodules.serializer = serializer = SpikeSerializer(config)
        values = register_file.values
        operation = controller.operation

        # Host access. Registers are written at once; memory requests wait for the controller, but
        # are passed over while the core is not gated.
        to_register = Signal()
        access_done = Signal()
        m.d.comb += [
            to_register.eq(request.p.space == spaces["register"]),
            register_file.write.eq(request.valid & to_register & request.p.write),
            register_file.address.eq(request.p.address),
            register_file.data.eq(request.p.data),
            access_done.eq(crossbar.written & operation.access),
            request.ready.eq(to_register | ~values.gate | access_done),
            self.access.data.eq(Mux(access_done, crossbar.byte, 0)),
        ]

        advance = Signal()
        at_rest = Signal()
        m.d.comb += [
            advance.eq(~serializer.emitting),
            at_rest.eq(controller.at_rest & advance),
        ]

        wiring.connect(m, wiring.flipped(self.events), controller.events)
        wiring.connect(m, scheduler.head, controller.head)
        m.d.comb += [
            controller.gate.eq(values.gate),
            controller.access_pending.eq(request.valid & ~to_register),
            controller.access_word.eq(request.p.address),
            controller.queue_empty.eq(scheduler.empty),
            controller.queue_full.eq(scheduler.waiting_full),
            controller.drained.eq(scheduler.drained),
            controller.advance.eq(advance),
            controller.emitting.eq(serializer.emitting | access_done),
            controller.responded_last.eq(crossbar.responded & crossbar.response.last & advance),
        ]

        m.d.comb += [
            scheduler.push.eq(controller.push | serializer.push),
            scheduler.entry.eq(controller.entry),
            scheduler.processing.eq(controller.queued & ~at_rest),
            scheduler.finish.eq(at_rest),
        ]
        with m.If(serializer.push):
            m.d.comb += [
                scheduler.entry.virtual.eq(0),
                scheduler.entry.neuron.eq(serializer.neuron),
            ]

        m.d.comb += [
            crossbar.operation.eq(operation),
            crossbar.values.eq(values),
            crossbar.fetch.eq(controller.fetch),
            crossbar.row.eq(controller.row),
            crossbar.last.eq(controller.last),
            crossbar.request.eq(request.p),
            crossbar.advance.eq(advance),
        ]

        wiring.connect(m, serializer.burst, scheduler.burst)
        wiring.connect(m, wiring.flipped(self.output), serializer.output)
        m.d.comb += [
            serializer.open_loop.eq(values.open_loop),
            serializer.output_source.eq(values.output_source),
            serializer.monitor_enable.eq(values.monitor_enable),
            serializer.monitored_neuron.eq(values.monitored_neuron),
            serializer.load.eq(crossbar.responded & advance),
            serializer.response.eq(crossbar.response),
            serializer.spike.eq(operation.spike),
            serializer.source.eq(operation.source),
            serializer.row.eq(crossbar.written_row),
            serializer.monitored.eq(crossbar.monitored),
            serializer.monitored_synapse.eq(crossbar.monitored_synapse),
        ]
        if config.has_bursts:
            enabled = Signal()
            m.d.sync += enabled.eq(~values.open_loop & values.burst_time_unit.any())
            m.d.comb += [
                scheduler.bursts_enabled.eq(enabled),
                scheduler.burst_time_unit.eq(values.burst_time_unit),
                serializer.bursts_enabled.eq(enabled),
            ]

        m.d.comb += [
            self.idle.eq(controller.idle),
            self.full.eq(scheduler.full),
            self.gate.eq(values.gate),
        ]
        return m
