"""The tinyODIN core: controller, scheduler, crossbar and spike serializer joined."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from ..interface.register_file import RegisterFile
from .config import TinyOdinConfig
from .controller import Controller
from .crossbar import Crossbar
from .interface import interface
from .scheduler import Scheduler
from .spike_serializer import SpikeSerializer

__all__ = ["TinyOdin"]


class TinyOdin(wiring.Component):
    """A crossbar of leaky integrate-and-fire neurons, with its native interface.

    Parameters
    ----------
    config : TinyOdinConfig
        Configuration.
    reset_registers : bool
        Reset gives the configuration registers their reset values. As published it leaves them
        alone: they have them at power-on, if the target initialises flip-flops.

    Members
    -------
    events : In(stream.Signature(event_word))
        Input events; one is taken when it has been queued or, a time reference, executed. None is
        taken while the core is gated.
    output : Out(stream.Signature(output word))
        Output words, in order; the core waits until each is taken.
    access : In(AccessSignature)
        Registers and memories.
    idle : Out(1)
        Nothing is under way and, unless the core is gated, nothing is queued.
    full : Out(1)
        The main FIFO has no free place.
    gate : Out(1)
        Register of this name, for shells.
    """

    def __init__(self, config: TinyOdinConfig, *, reset_registers: bool = False) -> None:
        self.config = config
        self._reset_registers = reset_registers
        self.interface = interface(config)
        super().__init__(self.interface.members())

    def cycles(self, last_neuron: int | None = None) -> dict[str, int]:
        """Clock cycles each event occupies the core, without spikes and waiting for the output.

        From the cycle in which the input event comes, or its turn in the queue, to the first cycle
        in which the next can.

        Parameters
        ----------
        last_neuron : int, optional
            Register of this name; the highest neuron if not given.
        """
        last = self.config.neurons - 1 if last_neuron is None else last_neuron
        rows = last // self.config.lanes + 1
        step = 2 // self.config.neuron_memory_ports
        one = 4
        every = (rows - 1) * step + one
        return {
            "virtual": one,
            "time_reference_one": one,
            "time_reference_all": every,
            "spike": every,
        }

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

        # Host access. Registers are written at once; memory requests wait for the controller, but
        # are passed over while the core is not gated.
        to_register = Signal()
        access_done = Signal()
        m.d.comb += [
            to_register.eq(request.p.space == spaces["register"]),
            register_file.write.eq(request.valid & to_register & request.p.write),
            register_file.address.eq(request.p.address),
            register_file.data.eq(request.p.data),
            access_done.eq(crossbar.written & controller.operation.access),
            request.ready.eq(to_register | ~values.gate | access_done),
            self.access.data.eq(Mux(access_done, crossbar.byte, 0)),
        ]

        wiring.connect(m, wiring.flipped(self.events), controller.events)
        wiring.connect(m, scheduler.head, controller.head)
        m.d.comb += [
            controller.gate.eq(values.gate),
            controller.last_neuron.eq(values.last_neuron),
            controller.access_pending.eq(request.valid & ~to_register),
            controller.access_word.eq(request.p.address),
            controller.queue_empty.eq(scheduler.empty),
            controller.queue_full.eq(scheduler.waiting_full),
            controller.advance.eq(serializer.advance),
            controller.emitting.eq(serializer.emitting | access_done),
            controller.updated_last.eq(crossbar.updated_last),
        ]

        queued = ~controller.operation.access & ~controller.operation.tick
        at_rest = controller.at_rest & ~serializer.emitting
        m.d.comb += [
            scheduler.push.eq(controller.push | serializer.push),
            scheduler.entry.eq(controller.entry),
            scheduler.processing.eq(queued & ~at_rest),
        ]
        with m.If(serializer.push):
            m.d.comb += [
                scheduler.entry.weight.eq(0),
                scheduler.entry.neuron.eq(serializer.neuron),
            ]

        m.d.comb += [
            crossbar.operation.eq(controller.operation),
            crossbar.fetch.eq(controller.fetch),
            crossbar.row.eq(controller.row),
            crossbar.enabled.eq(controller.enabled),
            crossbar.last.eq(controller.last),
            crossbar.request.eq(request.p),
            crossbar.advance.eq(serializer.advance),
        ]

        wiring.connect(m, wiring.flipped(self.output), serializer.output)
        m.d.comb += [
            serializer.open_loop.eq(values.open_loop),
            serializer.output_source.eq(values.output_source),
            serializer.load.eq(crossbar.updated & serializer.advance),
            serializer.fires.eq(Mux(controller.operation.access, 0, crossbar.fires)),
            serializer.report.eq(crossbar.updated_last & queued & ~controller.operation.single),
            serializer.row.eq(crossbar.written_row),
            serializer.source.eq(controller.operation.neuron),
        ]

        m.d.comb += [
            self.idle.eq(controller.idle),
            self.full.eq(scheduler.full),
            self.gate.eq(values.gate),
        ]
        return m
