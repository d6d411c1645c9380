"""The hardware: one neuron every two cycles, out of two single-port memories."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring

from spikewright.hdl.interface.register_file import RegisterFile
from spikewright.hdl.memory.sram import Sram

from .config import RefractoryConfig, interface, neuron_word


class Refractory(wiring.Component):
    """A crossbar of leaky integrate-and-fire neurons with a refractory period.

    Ports are those of `interface`. A spike adds the weights of its source to all neurons that do
    not rest. A neuron whose potential reaches the threshold then fires: it is put out, its
    potential is 0, and it rests. The end of a time step lets potentials leak and resting neurons
    come closer to their end of rest.
    """

    def __init__(self, config: RefractoryConfig) -> None:
        self.config = config
        self.interface = interface(config)
        super().__init__(self.interface.members())

    def cycles(self) -> dict[str, int]:
        """Clock cycles of each event, without spikes and waiting."""
        every = 2 * self.config.neurons + 1
        return {"spike": every, "tick": every}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, spaces = self.config, self.interface.spaces
        request, asked = self.access.request, self.access.request.p
        layout = neuron_word(config)

        registers = self.interface.registers
        m.submodules.registers = register_file = RegisterFile(
            [register for register in registers if "W" in register.access],
            address_bits=len(asked.address),
            data_bits=len(asked.data),
            resets=True,
        )
        values = register_file.values
        m.submodules.neurons = neurons = Sram(
            words=config.neurons, width=layout.size, granularity=layout.size
        )
        m.submodules.synapses = synapses = Sram(
            words=config.neurons**2, width=config.weight_bits, granularity=config.weight_bits
        )

        # The update of one neuron: its word and the weight have been read.
        event = Signal(self.events.p.shape())
        neuron = Signal(layout)
        potential = Signal(signed(config.potential_bits))
        total = Signal(signed(config.potential_bits + 2))
        raised = Signal(signed(config.potential_bits))
        leaked = Signal(signed(config.potential_bits))
        fires = Signal()
        updated = Signal(layout)
        highest = (1 << config.potential_bits - 1) - 1
        floor = values.floor.as_signed()
        m.d.comb += [
            neuron.eq(neurons.read_data),
            potential.eq(neuron.potential),
            total.eq(potential + synapses.read_data.as_signed()),
            raised.eq(Mux(total > highest, highest, Mux(total < floor, floor, total))),
            leaked.eq(potential - (potential >> values.leak)),
            fires.eq(~event.tick & (neuron.rest == 0) & (raised >= values.threshold)),
            updated.eq(neuron),
        ]
        with m.If(event.tick):
            m.d.comb += [
                updated.potential.eq(leaked),
                updated.rest.eq(Mux(neuron.rest == 0, 0, neuron.rest - 1)),
            ]
        with m.Elif(fires):
            m.d.comb += [updated.potential.eq(0), updated.rest.eq(values.rest)]
        with m.Elif(neuron.rest == 0):
            m.d.comb += updated.potential.eq(raised)

        index = Signal(config.address_bits)
        last = Signal()
        spikes = Signal(16)
        to_register = Signal()
        served = Signal()
        m.d.comb += [
            last.eq(index == config.neurons - 1),
            neurons.read_address.eq(index),
            neurons.write_address.eq(index),
            neurons.write_data.eq(updated),
            synapses.read_address.eq(Cat(index, event.source)),
            synapses.write_address.eq(asked.address),
            synapses.write_data.eq(asked.data),
            self.output.p.eq(index),
            self.gate.eq(values.gate),
            # Registers are served at once, memories once the core is gated and at rest.
            to_register.eq(asked.space == spaces["register"]),
            register_file.write.eq(request.valid & to_register & asked.write),
            register_file.address.eq(asked.address),
            register_file.data.eq(asked.data),
            request.ready.eq(to_register | ~values.gate | served),
        ]
        with m.If(to_register):
            m.d.comb += self.access.data.eq(
                Mux(asked.address == registers["spikes"].address, spikes, 0)
            )
        with m.Elif(served):
            m.d.comb += self.access.data.eq(
                Mux(asked.space == spaces["neurons"], neurons.read_data, synapses.read_data)
            )

        with m.FSM(name="phase"):
            with m.State("REST"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += index.eq(0)
                with m.If(values.gate & request.valid & ~to_register):
                    m.d.comb += [
                        neurons.read_address.eq(asked.address),
                        neurons.read.eq(1),
                        synapses.read_address.eq(asked.address),
                        synapses.read.eq(1),
                    ]
                    m.next = "ACCESS"
                with m.Elif(~values.gate & self.events.valid):
                    m.d.comb += self.events.ready.eq(1)
                    m.d.sync += event.eq(self.events.p)
                    m.next = "READ"
            with m.State("ACCESS"):
                m.d.comb += [served.eq(1), neurons.write_address.eq(asked.address)]
                m.d.comb += neurons.write_data.eq(asked.data)
                with m.If(request.valid & asked.write):
                    m.d.comb += [
                        neurons.write.eq(asked.space == spaces["neurons"]),
                        synapses.write.eq(asked.space == spaces["synapses"]),
                    ]
                m.next = "REST"
            with m.State("READ"):
                m.d.comb += [neurons.read.eq(1), synapses.read.eq(1)]
                m.next = "UPDATE"
            with m.State("UPDATE"):
                m.d.comb += self.output.valid.eq(fires)
                with m.If(~fires | self.output.ready):
                    m.d.comb += neurons.write.eq(1)
                    m.d.sync += [index.eq(index + 1), spikes.eq(spikes + fires)]
                    m.next = "READ"
                    with m.If(last):
                        m.next = "REST"
        return m
