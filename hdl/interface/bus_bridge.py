"""What the bus shells have in common: requests of 32 bits carried out on a core."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .bus_map import BUS_BITS, EMPTY_BIT, REGISTERS_OFFSET, WINDOW_BITS, BusMap

__all__ = ["PATIENCE", "STANDSTILL", "BusBridge"]

#: Clock cycles for which a memory access may take; a core that is at rest needs far fewer.
PATIENCE = 64

#: Clock cycles for which a request that was given up stands still (see `AccessSignature`).
STANDSTILL = 8

_BYTES = BUS_BITS // 8


class BusBridge(wiring.Component):
    """Carry out requests at the places of a `BusMap`, one at a time, each in bounded time.

    The bridge never waits for the core to become able to do something: what cannot be done now is
    refused. Refused are places that are not in the map, reads of what can only be written and the
    reverse, writes of parts of a control word or register, memory accesses while the core is not
    gated or not idle, events without room for them, and a tick or the end of a packet while events
    wait. A memory access that the core does not serve in time, because it went on by itself, is
    given up and refused.

    Parameters
    ----------
    core : wiring.Component
        Core with the native interface, whose ports and sizes the bridge follows; it is not made a
        submodule.
    bus_map : BusMap
        Its map.
    patience : int
        Clock cycles a memory access may take.

    Members
    -------
    request : In(stream)
        `write` (1 bit), `address` (offset without its two low bits), `select` (4 bits, one for each
        byte to be written; a write of none does nothing) and `data` (32 bits). Not ready while
        another request is carried out.
    done : Out(1)
        The request has been carried out or refused; one cycle.
    error : Out(1)
        It was refused; valid with `done`.
    data : Out(32)
        What was read; valid from `done` until another request is taken.
    access, idle, gate and the core's other ports of one bit
        The core's native interface, flipped. A core without `gate` gets none.
    end_packet : Out(1)
        End the packet of output words; only without a mailbox.
    event : Out(stream.Signature(event word))
        Events; only with a mailbox.
    output : In(stream.Signature(output word))
        Output words; only with a mailbox.
    event_level, output_level : In(8)
        Events and output words that wait in queues.
    event_space : In(1)
        There is room for an event.
    settled : In(1)
        The core is idle, and no event waits.
    reset : Out(1)
        Reset the core and the queue of events at the next clock edge.
    interrupt : Out(1)
        The host wants attention.
    """

    def __init__(self, core: Any, bus_map: BusMap, *, patience: int = PATIENCE) -> None:
        self._map = bus_map
        self._interface = core.interface
        self._registers = core.interface.registers
        self._spaces = core.interface.spaces
        self._patience = patience
        request = data.StructLayout(
            {
                "write": 1,
                "address": bus_map.address_bits - 2,
                "select": _BYTES,
                "data": BUS_BITS,
            }
        )
        members = {
            "request": In(stream.Signature(request)),
            "done": Out(1),
            "error": Out(1),
            "data": Out(BUS_BITS),
            "access": core.signature.members["access"].flip(),
            **{
                name: member.flip()
                for name, member in core.signature.members.items()
                if member.is_port
            },
            "event_level": In(8),
            "output_level": In(8),
            "event_space": In(1),
            "settled": In(1),
            "reset": Out(1),
            "interrupt": Out(1),
        }
        if not bus_map.mailbox:
            members["end_packet"] = Out(1)
        else:
            members["event"] = Out(stream.Signature(core.events.p.shape()))
            members["output"] = In(stream.Signature(core.output.p.shape()))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus_map = self._map
        request = self.access.request
        window_words = WINDOW_BITS - 2

        asked = Signal(
            data.StructLayout(
                {
                    "write": 1,
                    "space": bus_map.address_bits - WINDOW_BITS,
                    "place": window_words,
                    "select": _BYTES,
                    "data": BUS_BITS,
                }
            )
        )
        # The fields of a request to the core.
        fields = request.p.shape().members
        to_core = self._to_core = {
            name: Signal(width, name=f"to_core_{name}")
            for name, width in fields.items()
            if name != "mask"
        }
        gate = self._gate(m)
        status, enable = self._status(m, gate)
        # Refused unless something finds it right.
        right = Signal()
        #: Of a memory access: its cycles, the byte that is reached, and whether it is over.
        count = Signal(range(self._patience + STANDSTILL + 1))
        byte = Signal(range(_BYTES))
        served = Signal()
        last = Signal()
        m.d.comb += [
            self.data.eq(asked.data),
            to_core["space"].eq(asked.space),
            to_core["data"].eq(asked.data),
            # Bits that memories keep: none.
            request.p.as_value().eq(Cat(to_core.get(name, Const(0, 8)) for name in fields)),
        ]
        if bus_map.mailbox:
            m.d.comb += self.event.p.eq(asked.data)
        m.d.sync += [self.reset.eq(0), *(getattr(self, name).eq(0) for name in bus_map.pulses)]

        with m.FSM(name="phase"):
            with m.State("WAIT"):
                new = self.request.p
                m.d.comb += self.request.ready.eq(1)
                m.d.sync += [
                    asked.write.eq(new.write),
                    asked.space.eq(new.address >> window_words),
                    asked.place.eq(new.address),
                    # What is read takes the place of bytes that are not selected.
                    asked.select.eq(Mux(new.write, new.select, 0)),
                    asked.data.eq(new.data),
                    count.eq(0),
                    byte.eq(0),
                ]
                with m.If(self.request.valid):
                    m.next = "DECODE"
            with m.State("DECODE"):
                m.d.sync += self.error.eq(~right)
                m.next = "DONE"
                with m.If(asked.write & ~asked.select.any()):
                    m.d.comb += right.eq(1)
                with m.Else(), m.Switch(asked.space):
                    with m.Case(0):
                        self._decode_control(m, asked, status, enable, right)
                    for name, memory in bus_map.memories.items():
                        with m.Case(self._spaces[name]):
                            inside = asked.place < memory.memory.words << memory.chunk_bits
                            if memory.chunks < 1 << memory.chunk_bits:
                                inside &= asked.place[: memory.chunk_bits] < memory.chunks
                            with m.If(inside & gate & self.idle):
                                m.d.comb += right.eq(1)
                                m.next = "MEMORY"
            with m.State("MEMORY"):
                patient = Signal()
                m.d.comb += patient.eq(count < self._patience)
                m.d.sync += count.eq(count + 1)
                if self._interface.access_unit == BUS_BITS:
                    self._access_word(m, asked, patient, served, last)
                else:
                    self._access_bytes(m, asked, patient, byte, served, last)
                with m.If(served & last):
                    m.next = "DONE"
                with m.If(count == self._patience + STANDSTILL):
                    m.d.sync += self.error.eq(1)
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "WAIT"
        return m

    def _gate(self, m: Module) -> Signal:
        """Return whether memories may be reached: the core's word, or what was last written."""
        if self._interface.gate.visible:
            return self.gate
        request = self.access.request
        register = self._registers[self._interface.gate.register]
        gate = Signal(init=register.reset)
        written = request.valid & request.p.write & (request.p.space == 0)
        with m.If(self.reset):
            m.d.sync += gate.eq(register.reset)
        with m.Elif(written & (request.p.address == register.address)):
            m.d.sync += gate.eq(request.p.data)
        return gate

    def _status(self, m: Module, gate: Signal) -> tuple[Signal, Signal]:
        """Return the control words `status` and `interrupt_enable`, and raise the interrupt."""
        word = self._map.control["status"]
        status = Signal(word.width)
        enable = Signal(word.width)
        own = {
            "settled": self.settled,
            "gated": gate,
            "event_space": self.event_space,
            "output_waits": self.output_level.any(),
        }
        for field in word.fields:
            bit = own[field.name] if field.name in own else getattr(self, field.name)
            m.d.comb += status[field.low].eq(bit)
        m.d.sync += self.interrupt.eq((status & enable).any())
        return status, enable

    def _decode_control(
        self, m: Module, asked: Any, status: Signal, enable: Signal, right: Signal
    ) -> None:
        """Carry out an access in the first window, unless it is not right."""
        bus_map = self._map
        to_core = self._to_core
        first_register = REGISTERS_OFFSET // 4
        number = asked.place[: first_register.bit_length() - 1]
        page = asked.place[len(number) :]
        write = asked.write
        whole = asked.select.all()
        with m.If((page == 1) & write & whole), m.Switch(number):
            with m.Case(*(r.address for r in self._registers if "W" in r.access)):
                m.d.comb += [
                    right.eq(1),
                    self.access.request.valid.eq(1),
                    to_core["write"].eq(1),
                    to_core["address"].eq(number),
                ]

        readable = [register.address for register in self._registers if "R" in register.access]
        if readable:
            with m.If((page == 1) & ~write), m.Switch(number):
                with m.Case(*readable):
                    m.d.comb += [
                        right.eq(1),
                        self.access.request.valid.eq(1),
                        to_core["address"].eq(number),
                    ]
                    m.d.sync += asked.data.eq(self.access.data)

        words = {name: word.offset // 4 for name, word in bus_map.control.items()}
        held = Signal(bus_map.control["control"].width)
        m.d.comb += [held[bit].eq(getattr(self, name)) for name, bit in bus_map.levels.items()]
        readable = {
            "identity": bus_map.identity,
            "status": status,
            "control": held,
            "interrupt_enable": enable,
            "queue_levels": Cat(self.event_level, Signal(8), self.output_level),
        }
        with m.If((page == 0) & ~write), m.Switch(number):
            for name, word in readable.items():
                with m.Case(words[name]):
                    m.d.comb += right.eq(1)
                    m.d.sync += asked.data.eq(word)
            if bus_map.mailbox:
                with m.Case(words["output_word"]):
                    m.d.comb += right.eq(1)
                    m.d.sync += asked.data.eq(1 << EMPTY_BIT)
                    # One that waited when the host last looked has passed through the queue by now.
                    with m.If(self.output.valid):
                        m.d.comb += self.output.ready.eq(1)
                        m.d.sync += asked.data.eq(self.output.p)
        with m.If((page == 0) & write & whole), m.Switch(number):
            with m.Case(words["interrupt_enable"]):
                m.d.comb += right.eq(1)
                m.d.sync += enable.eq(asked.data)
            with m.Case(words["control"]):
                pulses = Cat(asked.data[bit] for bit in bus_map.pulses.values())
                with m.If(~(pulses.any() & self.event_level.any())):
                    m.d.comb += right.eq(1)
                    m.d.sync += self.reset.eq(asked.data[0])
                    for name, bit in (bus_map.pulses | bus_map.levels).items():
                        m.d.sync += getattr(self, name).eq(asked.data[bit])
            if bus_map.mailbox:
                with m.Case(words["input_event"]):
                    m.d.comb += [self.event.valid.eq(1), right.eq(self.event.ready)]

    def _access_bytes(
        self, m: Module, asked: Any, patient: Signal, byte: Signal, served: Signal, last: Signal
    ) -> None:
        """Access a memory byte by byte: bytes to be written leave the data, those read enter it."""
        request, to_core = self.access.request, self._to_core
        there = Signal()
        wanted = Signal()
        with m.Switch(asked.space):
            for name, memory in self._map.memories.items():
                with m.Case(self._spaces[name]):
                    position = Cat(byte, asked.place[: memory.chunk_bits])
                    m.d.comb += [
                        to_core["address"].eq(asked.place >> memory.chunk_bits),
                        to_core["byte"].eq(position),
                        there.eq(position < memory.memory.bytes_per_word),
                    ]
        m.d.comb += [
            wanted.eq(there & (~asked.write | asked.select[0])),
            request.valid.eq(wanted & patient),
            to_core["write"].eq(asked.write & request.valid),
            served.eq(~wanted | (request.valid & request.ready)),
            last.eq(byte == _BYTES - 1),
        ]
        with m.If(served):
            # A byte that has been written is not needed again.
            read = Mux(there, self.access.data, 0)
            m.d.sync += [
                byte.eq(byte + 1),
                asked.select.eq(asked.select.rotate_right(1)),
                asked.data.eq(Cat(asked.data[8:], read)),
            ]

    def _access_word(
        self, m: Module, asked: Any, patient: Signal, served: Signal, last: Signal
    ) -> None:
        """Access a memory word by word: a part of a word is put into what is read, then written."""
        request, to_core = self.access.request, self._to_core
        whole = asked.select.all()
        m.d.comb += [
            request.valid.eq(patient),
            to_core["write"].eq(asked.write & whole & patient),
            to_core["address"].eq(asked.place),
            served.eq(request.valid & request.ready),
            last.eq(~asked.write | whole),
        ]
        with m.If(served & ~whole):
            for byte in range(_BYTES):
                with m.If(~asked.select[byte]):
                    part = slice(8 * byte, 8 * byte + 8)
                    m.d.sync += asked.data[part].eq(self.access.data[part])
            with m.If(asked.write):
                m.d.sync += asked.select.eq(~0)
