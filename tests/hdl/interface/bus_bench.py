"""Test bench of the bus shells for cocotb: independent bus models drive the Verilog.

Run by `test_bus_shells.py` inside the simulator, one process for each test; `BUS_BENCH` says what
of.
"""

import itertools
import json
import os
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)
from cocotbext.wishbone.driver import WBOp, WishboneMaster

from spikewright.hdl.catalogue import make_config, make_core
from spikewright.hdl.interface.bus_map import BusMap
from spikewright.hdl.odin.event import OdinEvents
from spikewright.sim.device import Device, word_array
from spikewright.sim.model import open_model
from spikewright.sim.trace import replay
from spikewright.sim.verify import record

SETUP = json.loads(os.environ["BUS_BENCH"])
CONFIG = make_config(SETUP["core"], SETUP["parameters"])
SEED = SETUP["seed"]
EMPTY = 1 << 31
RESET, TICK, END_PACKET = 1, 2, 4


class Refused(Exception):
    """The bus said that there was an error."""


class Pauses:
    """Random pauses of a channel: runs of busy and of free cycles, from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def __iter__(self):
        while SETUP["pauses"]:
            for pause in (True, False):
                yield from itertools.repeat(pause, self.random.choice([0, 1, 1, 2, 3, 12]))
        yield from itertools.repeat(False)


class WishboneHost:
    """A host on the Wishbone bus; events and output words go through the mailbox."""

    mailbox = True

    def __init__(self, dut):
        self.dut = dut
        self.clock = dut.clk
        self.interrupt = dut.irq_o
        self.random = random.Random(SEED)
        self.words = []

    async def start(self):
        Clock(self.clock, 10, "ns").start()
        self.dut.rst.value = 1
        await ClockCycles(self.clock, 3)
        self.dut.rst.value = 0
        names = ("cyc", "stb", "we", "adr", "sel")
        signals = {name: f"wb_{name}_i" for name in names}
        signals |= {"datwr": "wb_dat_i", "datrd": "wb_dat_o", "ack": "wb_ack_o", "err": "wb_err_o"}
        # Icarus does not see what changes before time begins.
        self.master = WishboneMaster(self.dut, None, self.clock, timeout=1000, signals_dict=signals)

    async def access(self, offset, data=None, select=15):
        """Read or write; one of three operations comes after idle cycles."""
        idle = self.random.choice([0, 0, 5]) if SETUP["pauses"] else 0
        operation = WBOp(offset, data, idle, select, acktimeout=200)
        (result,) = await self.master.send_cycle([operation])
        if result.ack != 1:
            raise Refused(f"{offset:#x}")
        return None if data is not None else int(result.datrd)

    async def write(self, offset, data, select=15):
        await self.access(offset, data, select)

    async def read(self, offset):
        return await self.access(offset)

    async def take(self):
        """Take all output words there are."""
        while not (word := await self.read(self.map.control["output_word"].offset)) & EMPTY:
            self.words.append(word)

    async def send(self, events):
        for event in events:
            await self.until("event_space")
            await self.write(self.map.control["input_event"].offset, int(event))

    async def settle(self):
        await self.until("settled")
        await self.take()
        words, self.words = self.words, []
        return words

    async def until(self, name):
        """Wait for a bit of the status."""
        for _ in range(20_000):
            if await self.status(name):
                return
            if self.mailbox:
                await self.take()
        raise AssertionError(f"{name} does not come")

    async def status(self, name):
        word = self.map.control["status"]
        (field,) = [field for field in word.fields if field.name == name]
        return await self.read(word.offset) >> field.low & 1


class AxiHost(WishboneHost):
    """A host on AXI4-Lite, with AXI4-Streams for events and output words."""

    mailbox = False

    def __init__(self, dut):
        self.dut = dut
        self.clock = clock = dut.aclk
        self.interrupt = dut.irq
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), clock, **reset)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), clock, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), clock, **reset)
        self.packets = 0
        write, read = self.master.write_if, self.master.read_if
        channels = [write.aw_channel, write.w_channel, write.b_channel]
        channels += [read.ar_channel, read.r_channel, self.source, self.sink]
        for number, channel in enumerate(channels):
            channel.set_pause_generator(iter(Pauses(SEED + number)))

    async def start(self):
        Clock(self.clock, 10, "ns").start()
        self.dut.s_axi_awprot.value = self.dut.s_axi_arprot.value = 0
        self.dut.aresetn.value = 0
        await ClockCycles(self.clock, 3)
        self.dut.aresetn.value = 1
        await ClockCycles(self.clock, 3)

    async def write(self, offset, data, select=15):
        if select == 15:
            answer = await self.master.write(offset, data.to_bytes(4, "little"))
        else:
            # The model selects bytes that are together.
            low = (select & -select).bit_length() - 1
            assert select in (1 << low, 3 << low)
            count = select.bit_count()
            part = data.to_bytes(4, "little")[low : low + count]
            answer = await self.master.write(offset + low, part)
        if answer.resp != AxiResp.OKAY:
            assert answer.resp == AxiResp.SLVERR
            raise Refused(f"{offset:#x}")

    async def read(self, offset):
        answer = await self.master.read(offset, 4)
        if answer.resp != AxiResp.OKAY:
            assert answer.resp == AxiResp.SLVERR
            raise Refused(f"{offset:#x}")
        return int.from_bytes(answer.data, "little")

    async def send(self, events):
        if len(events):
            data = b"".join(int(event).to_bytes(4, "little") for event in events)
            await self.source.send(AxiStreamFrame(data))
            self.packets += 1

    async def settle(self):
        if not self.packets:
            await self.until("settled")
            await self.write(self.map.control["control"].offset, END_PACKET | self.held)
            self.packets = 1
        words = []
        while self.packets:
            frame = await with_timeout(self.sink.recv(), 1, "ms")
            found = np.frombuffer(bytes(frame.tdata), dtype="<u4").tolist()
            assert found.pop() & EMPTY, "a packet ends with its mark"
            words += found
            self.packets -= 1
        return words


HOSTS = {"wishbone": WishboneHost, "axi": AxiHost}


class BusDevice(Device):
    """A core behind a bus as a device, for programs that run in a thread of their own."""

    def __init__(self, host):
        super().__init__(CONFIG)
        self.host = host
        core = make_core(CONFIG)
        core._MustUse__silence = True
        self.map = host.map = BusMap(core, mailbox=host.mailbox)
        host.held = 0

    def _call(self, name, *arguments):
        return resume(getattr(self.host, name))(*arguments)

    def shows(self, name):
        """Return a bit of the word `status`."""
        return self._call("status", name)

    def bus_write(self, offset, data, select=15):
        self._call("write", offset, data, select)

    def bus_read(self, offset):
        return self._call("read", offset)

    def _write_register(self, name, value):
        self.bus_write(self.map.registers[name].offset, self.registers[name].word(value))

    def _load(self, memory, words, at):
        self._call("until", "idle")
        place = self.map.memories[memory]
        for number, word in enumerate(words, at):
            for chunk in range(place.chunks):
                self.bus_write(place.at(number, chunk), word >> 32 * chunk & 0xFFFF_FFFF)

    def _dump(self, memory, at, count):
        self._call("until", "idle")
        place = self.map.memories[memory]
        return word_array(
            (
                sum(
                    self.bus_read(place.at(word, chunk)) << 32 * chunk
                    for chunk in range(place.chunks)
                )
                for word in range(at, at + count)
            ),
            place.memory.width,
        )

    def _send(self, stream, words):
        self._call("send", words.tolist())

    def _settle(self):
        gate = self.interface.gate
        waits = gate.holds_events and self.register_values[gate.register]
        return {"output": word_array([] if waits else self._call("settle"), 32)}

    def _drive(self, name, value):
        bit = 1 << self.map.levels[name]
        self.host.held = self.host.held | bit if value else self.host.held & ~bit
        self.bus_write(self.map.control["control"].offset, self.host.held)

    def _tick(self):
        self._call("until", "settled")
        self.bus_write(self.map.control["control"].offset, self.host.held | TICK)
        self._call("until", "idle")
        return True

    def _reset(self):
        # Behind a bus a reset gives all registers their reset values.
        self.register_values = self.registers.reset_values()
        self.bus_write(self.map.control["control"].offset, self.host.held | RESET)

    def refuses(self, action, *arguments):
        """Tell whether an access is refused."""
        try:
            action(*arguments)
        except Refused:
            return True
        return False


def prepare(device, generator):
    """Give ReckOn random weights and neurons; it shows its outputs at every step."""
    config = device.config
    device.configure(halt_on_error=0, cycles_per_tick=1 << 31, regul_mode=0, regul_weights=0)
    device.configure(shift_w_in=3, shift_w_rec=2, shift_w_out=1, signal_scale=2, kappa=100)
    device.configure(rate_in_right=1, rate_rec_right=2, rate_out_right=1, rate_in_left=2)
    for number in range(4):
        device.configure(**{f"h_threshold_{number}": 400 * number, f"h_value_{number}": 3 + number})
    device.configure(send_every_step=1, send_label=0, h_value_4=1)
    for index in range(-(-config.neuron_words // 32)):
        device.configure(**{f"alpha_select_{index}": int(generator.integers(1 << 16))})
    for name, memory in device.memories.items():
        if name != "outputs":
            words = [int.from_bytes(generator.bytes(16), "big") for _ in range(memory.words)]
            device.load(name, [word & ((1 << memory.width) - 1) for word in words])
    device.configure(config_mode=0)


def time_steps(device, generator):
    """Let ReckOn learn through a few samples; return all it shows."""
    config = device.config
    prepare(device, generator)
    found = []
    for _ in range(2):
        device.drive(sample=1, target_valid=0)
        device.tick()
        for step in range(4):
            spikes = generator.integers(config.neurons, size=generator.integers(1, 40))
            device.send(spikes.tolist())
            if step == 1:
                device.send([1 << config.event_address_bits | int(generator.integers(2))])
            device.drive(target_valid=int(step > 1), infer_accumulate=step & 1, sample=step < 3)
            found.append(device.settle().tolist())
            device.tick()
            found.append(device.settle().tolist())
        device.configure(config_mode=1)
        for name in device.memories:
            found.append(device.dump(name).tolist())
        device.configure(config_mode=0)
    return found


async def start(dut):
    host = HOSTS[SETUP["shell"]](dut)
    device = BusDevice(host)
    await host.start()
    return device


@cocotb.test()
async def equal_to_the_model(dut):
    """A random session gives what the model says."""
    device = await start(dut)
    if SETUP["core"] == "reckon":
        expected = time_steps(open_model(CONFIG), np.random.default_rng(SEED))
        found = await bridge(time_steps)(device, np.random.default_rng(SEED))
        assert any(map(any, expected)), "there are output words"
        assert found == expected
    else:
        trace = record(CONFIG, SEED)
        assert any(step.do == "settle" and step.events for step in trace.steps)
        result = await bridge(replay)(trace, device)
        assert result.ok, result


def refusals(device):
    control, memories = device.map.control, device.map.memories
    assert device.bus_read(control["identity"].offset) == device.map.identity != 0
    device.configure(**{device.interface.gate.register: 1})
    # What there is not.
    for offset in (0x24, 0xFFC, 0x1FFC, 0x2000, 7 << 20):
        if offset >> device.map.address_bits:
            continue
        assert device.refuses(device.bus_read, offset), hex(offset)
        assert device.refuses(device.bus_write, offset, 0), hex(offset)
    for place in memories.values():
        last = place.at(place.memory.words - 1, place.chunks - 1)
        assert not device.refuses(device.bus_write, last, 0)
        beyond = (
            [place.at(place.memory.words)]
            if place.at(place.memory.words) >> 20 == last >> 20
            else []
        )
        if place.chunks < place.stride // 4:
            beyond.append(place.at(0, place.chunks))
        for offset in beyond:
            assert device.refuses(device.bus_read, offset), hex(offset)
            assert device.refuses(device.bus_write, offset, 0), hex(offset)
    # Registers can only be written, as a whole, and status only be read.
    for register in device.map.registers.values():
        assert device.refuses(device.bus_read, register.offset)
        assert device.refuses(device.bus_write, register.offset, 0, 3)
    for name in ("identity", "status", "queue_levels"):
        assert device.refuses(device.bus_write, control[name].offset, 0)
    assert device.refuses(device.bus_write, control["control"].offset, 0, 1)
    # Mailboxes are there or not.
    assert ("input_event" in control) == device.host.mailbox
    if device.host.mailbox:
        assert device.refuses(device.bus_read, control["input_event"].offset)
        assert device.refuses(device.bus_write, control["output_word"].offset, 0)
        assert device.bus_read(control["output_word"].offset) == EMPTY
    else:
        assert device.refuses(device.bus_write, 0x14, 0)
        assert device.refuses(device.bus_read, 0x18)
    # Memories behind a closed gate.
    place = next(iter(memories.values()))
    device.bus_write(place.offset, 5)
    device.configure(**{device.interface.gate.register: 0})
    assert not device.shows("gated")
    assert device.refuses(device.bus_write, place.offset, 0)
    assert device.refuses(device.bus_read, place.offset)
    device.configure(**{device.interface.gate.register: 1})
    assert device.shows("gated")
    assert device.bus_read(place.offset) == 5


@cocotb.test()
async def what_cannot_be_done_is_refused(dut):
    await bridge(refusals)(await start(dut))


def selects(device):
    device.configure(**{device.interface.gate.register: 1})
    for place in device.map.memories.values():
        for chunk in range(place.chunks):
            width = min(32, place.memory.width - 32 * chunk)
            limit = (1 << width) - 1
            offset = place.at(1, chunk)
            device.bus_write(offset, 0x89AB_CDEF)
            expected = 0x89AB_CDEF & limit
            assert device.bus_read(offset) == expected
            for select in (1, 2, 4, 8, 3, 6, 12):
                value = 0x0102_0304 * select & 0xFFFF_FFFF
                mask = sum(255 << 8 * byte for byte in range(4) if select >> byte & 1)
                device.bus_write(offset, value, select)
                expected = ((expected & ~mask) | (value & mask)) & limit
                assert device.bus_read(offset) == expected, f"{place.name} {chunk} {select:04b}"


@cocotb.test()
async def bytes_are_written_one_by_one(dut):
    await bridge(selects)(await start(dut))


def interrupts(device):
    enable = device.map.control["interrupt_enable"].offset
    levels = []
    for value in (0, 2, 0, 4, 0):
        device.bus_write(enable, value)
        assert device.bus_read(enable) == value
        levels.append(int(device.host.interrupt.value))
    # Idle all the time; gated only later.
    gate = device.interface.gate.register
    device.configure(**{gate: 0})
    device.bus_write(enable, 4)
    device.bus_read(enable)
    levels.append(int(device.host.interrupt.value))
    device.configure(**{gate: 1})
    device.bus_read(enable)
    levels.append(int(device.host.interrupt.value))
    reset = device.registers[gate].reset
    assert levels == [0, 1, 0, reset, 0, 0, 1]


@cocotb.test()
async def interrupt_follows_status(dut):
    await bridge(interrupts)(await start(dut))


def congestion(device):
    """Send more than fits while nobody takes output words; then let all pass."""
    generator = random.Random(SEED)
    # A spike event of each source; each gives one output word.
    events = [generator.randrange(CONFIG.neurons) for _ in range(80)]
    if SETUP["core"] == "odin":
        events = [OdinEvents(CONFIG).spike(source) for source in events]
    model = open_model(CONFIG)
    for one in (model, device):
        one.configure(gate=1, open_loop=1, output_source=1)
        if SETUP["core"] == "tinyodin":
            one.configure(last_neuron=CONFIG.neurons - 1)
        for name, memory in one.memories.items():
            one.load(name, [0] * memory.words)
    level = device.map.control["queue_levels"].offset
    if device.host.mailbox:
        # A gated core takes nothing: the shell's queue alone is filled.
        send = device.map.control["input_event"].offset
        for event in events[:16]:
            device.bus_write(send, event)
        assert device.bus_read(level) == 16
        assert not device.shows("event_space")
        assert device.refuses(device.bus_write, send, events[16])
        device.configure(gate=0)
        rest = events[16:]
        refusals = 0
        while refusals < 100:
            if device.refuses(device.bus_write, send, rest[0]):
                refusals += 1
            else:
                rest.pop(0)
        assert rest and device.bus_read(level) == 16 << 16 | 16
        device.send(rest)
    else:
        device.configure(gate=0)
        device.host.sink.clear_pause_generator()
        device.host.sink.pause = True
        device.send(events)
        for _ in range(100):
            device.shows("idle")
        assert device.bus_read(level) == 16 << 16 | 16
        assert not device.shows("event_space")
        device.host.sink.pause = False
    model.configure(gate=0)
    model.send(events)
    expected = model.settle().tolist()
    assert len(expected) == len(events), "a word for each event"
    assert device.settle().tolist() == expected


def congested_steps(device):
    """Tick until the output words nobody takes stop ReckOn; spikes come meanwhile; then let all
    pass.
    """
    model = open_model(CONFIG)
    control = device.map.control
    for one in (model, device):
        prepare(one, np.random.default_rng(SEED))
        one.drive(sample=1, infer_accumulate=1)
        one.tick()
    if not device.host.mailbox:
        device.host.sink.clear_pause_generator()
        device.host.sink.pause = True
    generator = random.Random(SEED)
    steps = []
    while device.shows("idle"):
        spikes = [generator.randrange(CONFIG.neurons) for _ in range(6)]
        steps.append(spikes)
        device.send(spikes)
        # The core takes them before the tick.
        taken = any(device.bus_read(control["queue_levels"].offset) & 0xFF == 0 for _ in range(100))
        assert taken, "the spikes wait for ever"
        device.bus_write(control["control"].offset, device.host.held | TICK)
        for _ in range(100):
            device.shows("idle")
        assert len(steps) < 30, "no end of output words"
    assert device.bus_read(control["queue_levels"].offset) >> 16 == 16
    late = [generator.randrange(CONFIG.neurons) for _ in range(5)]
    device.send(late)
    if not device.host.mailbox:
        device.host.sink.pause = False
    for spikes in steps:
        model.send(spikes)
        model.tick()
    model.send(late)
    expected = model.settle().tolist()
    assert device.settle().tolist() == expected
    # The spikes that came late are those of the next step.
    for one in (model, device):
        one.tick()
    assert device.settle().tolist() == model.settle().tolist() != expected[-4:]


@cocotb.test()
async def nothing_is_lost_when_queues_are_full(dut):
    program = congested_steps if SETUP["core"] == "reckon" else congestion
    await bridge(program)(await start(dut))


def resets(device):
    gate = device.interface.gate.register
    level = device.map.control["queue_levels"].offset
    if SETUP["core"] == "reckon":
        # It takes events at once, and a reset lets memories be reached again.
        device.configure(**{gate: 0})
        assert not device.shows("gated")
        device.reset()
        assert device.shows("gated") and device.shows("ready")
        device.bus_write(device.map.memories["neurons"].offset, 77)
        assert device.bus_read(device.map.memories["neurons"].offset) == 77
        return
    device.configure(**{gate: 1})
    # The core does not take them.
    resume(device.host.send)([1, 2, 3])
    for _ in range(30):
        waiting = device.bus_read(level)
    assert waiting == 3 and not device.shows("settled")
    device.reset()
    assert device.bus_read(level) == 0 and device.shows("settled")
    # Registers have their reset values.
    assert not device.shows("gated")


@cocotb.test()
async def reset_forgets_events(dut):
    await bridge(resets)(await start(dut))
