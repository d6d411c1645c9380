"""The bus shells: rules of Wishbone, AXI4-Lite and AXI4-Stream, of the access port, and no
waiting.
"""

import pytest
from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    ClockSignal,
    Cover,
    DomainRenamer,
    Module,
    Mux,
    Signal,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.config import CoreConfig
from spikewright.hdl.interface import bus_shell
from spikewright.hdl.interface.axi import AxiShell
from spikewright.hdl.interface.bus_bridge import STANDSTILL, BusBridge
from spikewright.hdl.interface.bus_map import WINDOW_BITS
from spikewright.hdl.interface.interface import Gate, HostMemory, Interface, Stream
from spikewright.hdl.interface.register import Register, RegisterMap
from spikewright.hdl.interface.wishbone import WishboneShell

PATIENCE = 4
# In the order in which the bridge names them.
WAIT, DECODE, DONE, MEMORY = range(4)
# Cycles of an access: the other phases once each, and that of a memory.
LONGEST = 3 + PATIENCE + STANDSTILL + 1


class StubConfig(CoreConfig):
    core = "stub"


class Stub(wiring.Component):
    """A core that does anything a core may do: what it puts out is free."""

    def __init__(self, words):
        self.config = StubConfig()
        registers = [Register("gate", 0, 1, "", ""), Register("other", 3, 4, "", "")]
        steps = {"pulses": {"tick": ""}, "levels": {"sample": ""}, "statuses": {"ready": ""}}
        self.interface = Interface(
            core="stub",
            registers=RegisterMap("stub", registers),
            # Of six bytes: two words of the bus.
            memories={"wide": HostMemory(space=1, words=2, width=44)},
            inputs={"events": Stream(3)},
            outputs={"output": Stream(2)},
            access_unit=32 if words else 8,
            access_masks=not words,
            gate=Gate(visible=True),
            **(steps if words else {}),
        )
        super().__init__(self.interface.members())
        self.free = {
            "events_ready": Signal(),
            "output_valid": Signal(),
            "output": Signal(2),
            "served": Signal(),
            "data": Signal(len(self.access.data)),
            "idle": Signal(),
            "gate": Signal(),
        }

    def elaborate(self, platform):
        m = Module()
        free = self.free
        m.d.comb += [
            self.events.ready.eq(free["events_ready"]),
            self.output.valid.eq(free["output_valid"]),
            self.output.p.eq(free["output"]),
            # Registers are written at once.
            self.access.request.ready.eq((self.access.request.p.space == 0) | free["served"]),
            self.access.data.eq(free["data"]),
            self.idle.eq(free["idle"]),
            self.gate.eq(free["gate"]),
        ]
        return m


class ShellProof(wiring.Component):
    """A shell around a stub; the bus is the subclass's matter."""

    def __init__(self, kind, *, words=False, inside=None):
        self.core = Stub(words)
        self.shell = kind(self.core, queue_depth=2, patience=PATIENCE)
        members = {name: In(signal.shape()) for name, signal in self.core.free.items()}
        for name, member in self.shell.signature.members.items():
            if member.flow is In and name not in ("clk", "rst", "aclk", "aresetn"):
                members[f"bus_{name}"] = In(member.shape)
        # The clock of the shell is a port of it.
        self.renamed = DomainRenamer({"sync": "bus"})(self.shell)
        self.inside = inside and inside(self.renamed)
        super().__init__(members)

    def before(self, m, value, name):
        """Return what a value was one cycle earlier; zero at first."""
        value = Value.cast(value)
        signal = Signal(value.shape(), name=f"{name}_before")
        m.d.sync += signal.eq(value)
        return signal

    def channel(self, m, name, valid, ready, payload, check):
        """Assert or assume that what is offered stays and stands still."""
        waits = self.before(m, valid & ~ready, f"{name}_waits")
        payload_before = self.before(m, payload, name)
        with m.If(waits):
            m.d.comb += [check(valid), check(Value.cast(payload) == payload_before)]

    def elaborate(self, platform):
        m = Module()
        core, shell = self.core, self.shell
        m.submodules.shell = self.inside.fragment if self.inside else self.renamed
        for name, signal in core.free.items():
            m.d.comb += signal.eq(getattr(self, name))
        for name in self.signature.members:
            if name.startswith("bus_"):
                m.d.comb += getattr(shell, name.removeprefix("bus_")).eq(getattr(self, name))
        output = core.output
        self.channel(m, "output", output.valid, output.ready, output.p, Assume)
        self.access_port(m)
        self.bus(m)
        if self.inside:
            self.invariant(m)
        return m

    def access_port(self, m):
        """Assert the contract of the access port."""
        request = self.core.access.request
        memory = self.core.interface.memories["wide"]
        here = request.valid & (request.p.space != 0)
        fields = [name for name, _ in request.p.shape() if name != "write"]
        rest = Cat(getattr(request.p, name) for name in fields)
        waits = self.before(m, here & ~request.ready, "access_waits")
        rest_before = self.before(m, rest, "access_rest")
        write_before = self.before(m, request.p.write, "access_write")
        # Cycles since a request was given up.
        still = Signal(range(STANDSTILL + 1), init=STANDSTILL)
        gives_up = waits & ~request.valid
        with m.If(gives_up):
            m.d.sync += still.eq(1)
        with m.Elif(still < STANDSTILL):
            m.d.sync += still.eq(still + 1)
        with m.If(waits):
            m.d.comb += Assert(rest == rest_before, "a request stands still")
        with m.If(waits & request.valid):
            m.d.comb += Assert(request.p.write == write_before, "a request stays what it is")
        with m.If(gives_up | (still < STANDSTILL)):
            m.d.comb += Assert(rest == rest_before, "a request given up stands still")
            m.d.comb += Assert(~request.valid & ~request.p.write, "a request given up is over")
        with m.If(here):
            m.d.comb += Assert(request.p.space == 1, "a request inside a target")
            if hasattr(request.p, "byte"):
                m.d.comb += Assert(request.p.address < memory.words, "a request inside a memory")
                m.d.comb += Assert(request.p.byte < memory.bytes_per_word, "a byte of the word")
            else:
                m.d.comb += Assert(request.p.address < 4, "a request inside a memory")
        m.d.comb += Cover(gives_up, "a request given up")
        m.d.comb += Cover(here & request.ready & request.p.write, "a write of a memory")
        self.still, self.rest, self.rest_before = still, rest, rest_before
        self.gives_up = gives_up
        self.waited = waits

    def bounded(self, m, waiting, limit, text):
        """Assert that something does not wait too long; return for how long it has."""
        late = Signal(range(limit + 2), name="late")
        with m.If(waiting):
            m.d.sync += late.eq(late + 1)
        with m.Else():
            m.d.sync += late.eq(0)
        m.d.comb += Assert(late <= limit, text)
        return late


class WishboneProof(ShellProof):
    """A host that keeps a request as it is while it makes it, and may abandon it."""

    def __init__(self, kind=WishboneShell, **options):
        super().__init__(kind, **options)

    def bus(self, m):
        shell = self.shell
        m.d.comb += shell.clk.eq(ClockSignal())
        strobe = Signal()
        asked = Cat(shell.wb_we_i, shell.wb_adr_i, shell.wb_sel_i, shell.wb_dat_i)
        ended = Signal()
        m.d.comb += [
            strobe.eq(shell.wb_cyc_i & shell.wb_stb_i),
            ended.eq(shell.wb_ack_o | shell.wb_err_o),
        ]
        strobe_before = self.before(m, strobe & ~ended, "strobe")
        asked_before = self.before(m, asked, "asked")
        with m.If(strobe & strobe_before):
            m.d.comb += Assume(asked == asked_before)
        m.d.comb += Assert(~(shell.wb_ack_o & shell.wb_err_o), "one answer")
        with m.If(ended):
            m.d.comb += Assert(strobe, "no answer without a request")
            m.d.comb += Assert(strobe_before, "no answer in the cycle of the request")
        # The request that is carried out is the one that the bridge saw.
        request = shell.bridge.request
        seen = Signal.like(Value.cast(asked))
        with m.If(request.valid & request.ready):
            m.d.sync += seen.eq(asked)
        with m.If(ended):
            m.d.comb += Assert(seen == asked, "the answer is to this request")
        # One that was abandoned comes first.
        self.late = self.bounded(m, strobe & ~ended, 2 * LONGEST, "each request is answered")
        m.d.comb += [
            Cover(shell.wb_ack_o & ~shell.wb_we_i & (shell.wb_adr_i == 4), "a read of status"),
            Cover(shell.wb_err_o, "a refusal"),
            Cover(self.core.events.valid & self.core.events.ready, "an event arrives"),
            Cover(shell.bridge.done & ~strobe, "an abandoned request"),
        ]
        self.seen, self.asked, self.strobe_before = seen, asked, strobe_before

    def invariant(self, m):
        bridge_invariant(self, m)
        signal = self.inside.signal
        phase, count = signal("bridge", "phase_state"), signal("bridge", "count")
        abandoned = signal("abandoned")
        with m.If(~abandoned & (phase != WAIT)):
            m.d.comb += Assert(self.strobe_before, "what is not abandoned is asked")
            with m.If(self.shell.wb_cyc_i & self.shell.wb_stb_i):
                m.d.comb += Assert(self.seen == self.asked)
        before = Mux((phase == WAIT) | ~abandoned, LONGEST, 0)
        m.d.comb += Assert(self.late <= before + progress(m, phase, count))


def progress(m, phase, count):
    """Return the cycles since a request was taken, at most."""
    passed = Signal(range(2 * LONGEST))
    with m.Switch(phase):
        with m.Case(WAIT):
            m.d.comb += passed.eq(0)
        with m.Case(DECODE):
            m.d.comb += passed.eq(1)
        with m.Case(MEMORY):
            m.d.comb += passed.eq(count + 2)
        with m.Case(DONE):
            m.d.comb += passed.eq(LONGEST - 1)
    return passed


def bridge_invariant(proof, m):
    """State what holds of the bridge between its phases."""
    signal = proof.inside.signal
    for queue in ("event_queue", "output_queue"):
        proof.inside.assert_queue(m, queue)
    phase, count = signal("bridge", "phase_state"), signal("bridge", "count")
    byte = signal("bridge", "byte")
    m.d.comb += Assert(count <= PATIENCE + STANDSTILL + (phase != MEMORY))
    with m.If(phase == DECODE):
        m.d.comb += Assert((count == 0) & (byte == 0))
    asked = signal("bridge", "asked")
    with m.If(phase == MEMORY):
        # Its fields: write, target, place and more.
        m.d.comb += Assert(asked[1] & (asked[2 : 2 + WINDOW_BITS - 2] < 4), "inside the memory")
    # The proof's memory of the cycle before agrees with the shell.
    with m.If(proof.gives_up | (proof.still < STANDSTILL)):
        m.d.comb += Assert(phase == MEMORY)
        m.d.comb += Assert(count == PATIENCE + Mux(proof.gives_up, 0, proof.still))
        if hasattr(proof.core.access.request.p, "byte"):
            m.d.comb += Assert(signal("bridge", "wanted"), "it was wanted")
    with m.If(proof.waited):
        m.d.comb += Assert(phase == MEMORY)


class AxiProof(ShellProof):
    """Masters that keep the rules of their channels, and take answers when they like."""

    def __init__(self, kind=AxiShell, **options):
        super().__init__(kind, **options)

    def bus(self, m):
        shell = self.shell
        m.d.comb += [shell.aclk.eq(ClockSignal()), shell.aresetn.eq(1)]

        def group(prefix, *names):
            return [getattr(shell, f"{prefix}{name}") for name in ("valid", "ready")] + [
                Cat(getattr(shell, f"{prefix}{name}") for name in names)
            ]

        for name, prefix, payload, check in (
            ("aw", "s_axi_aw", ("addr", "prot"), Assume),
            ("w", "s_axi_w", ("data", "strb"), Assume),
            ("ar", "s_axi_ar", ("addr", "prot"), Assume),
            ("s_axis", "s_axis_t", ("data", "last"), Assume),
            ("b", "s_axi_b", ("resp",), Assert),
            ("r", "s_axi_r", ("data", "resp"), Assert),
            ("m_axis", "m_axis_t", ("data", "last"), Assert),
        ):
            self.channel(m, name, *group(prefix, *payload), check)

        # Requests that have been taken and not been answered.
        writing, reading = Signal(), Signal()
        self.writing, self.reading = writing, reading
        written = shell.s_axi_bvalid & shell.s_axi_bready
        got = shell.s_axi_rvalid & shell.s_axi_rready
        takes_write = shell.s_axi_awvalid & shell.s_axi_awready
        takes_read = shell.s_axi_arvalid & shell.s_axi_arready
        with m.If(takes_write):
            m.d.sync += writing.eq(1)
            m.d.comb += Assert(~writing | written, "one write at a time")
        with m.Elif(written):
            m.d.sync += writing.eq(0)
        with m.If(takes_read):
            m.d.sync += reading.eq(1)
            m.d.comb += Assert(~reading | got, "one read at a time")
        with m.Elif(got):
            m.d.sync += reading.eq(0)
        m.d.comb += [
            Assert(shell.s_axi_awready == shell.s_axi_wready, "address and data together"),
            Assert(~shell.s_axi_awready | (shell.s_axi_awvalid & shell.s_axi_wvalid)),
            Assert(~shell.s_axi_arready | shell.s_axi_arvalid),
            Assert(~shell.s_axi_bvalid | writing, "no answer without a write"),
            Assert(~shell.s_axi_rvalid | reading, "no answer without a read"),
            Assert(~shell.s_axi_bresp[0] & ~shell.s_axi_rresp[0], "OKAY or SLVERR"),
        ]
        # Neither kind waits for answers of the other to be taken.
        write_waits = (shell.s_axi_awvalid & shell.s_axi_wvalid) | writing
        read_waits = shell.s_axi_arvalid | reading
        limit = 2 * LONGEST + 2
        self.late_write = self.bounded(m, write_waits & ~shell.s_axi_bvalid, limit, "writes")
        self.late_read = self.bounded(m, read_waits & ~shell.s_axi_rvalid, limit, "reads")

        m.d.comb += [
            Cover(shell.s_axi_rvalid & (shell.s_axi_rresp == 2), "a refusal"),
            Cover(shell.s_axi_bvalid & shell.s_axi_rvalid, "answers to both wait"),
            Cover(shell.m_axis_tvalid & shell.m_axis_tlast, "a packet ends"),
            Cover(shell.m_axis_tvalid & ~shell.m_axis_tlast, "an output word"),
        ]

    def invariant(self, m):
        bridge_invariant(self, m)
        shell = self.shell
        signal = self.inside.signal
        phase, count = signal("bridge", "phase_state"), signal("bridge", "count")
        reads, read_first = signal("reading"), signal("read_first")
        under_way = (phase == DONE) | (phase == MEMORY)
        passed = progress(m, phase, count)
        m.d.comb += Assert((phase == WAIT) | (read_first != reads), "in turn")
        for mine, first, ready, valid, open_, asks, late in (
            (
                *(~reads, ~read_first, shell.s_axi_awready, shell.s_axi_bvalid, self.writing),
                *(shell.s_axi_awvalid & shell.s_axi_wvalid, self.late_write),
            ),
            (
                *(reads, read_first, shell.s_axi_arready, shell.s_axi_rvalid, self.reading),
                *(shell.s_axi_arvalid, self.late_read),
            ),
        ):
            m.d.comb += Assert(ready == ((phase == DECODE) & mine), "taken as it begins")
            m.d.comb += Assert(open_ == (valid | (under_way & mine)), "open until answered")
            m.d.comb += Assert(~valid | ~mine | (phase == WAIT), "one answer at a time")
            with m.If(ready):
                m.d.comb += Assert(asks)
            before = Mux(phase == WAIT, Mux(first, LONGEST, 0), Mux(mine, LONGEST, 0))
            m.d.comb += Assert(valid | (late <= before + passed))


CASES = [
    pytest.param(kind, words, id=f"{kind.__name__}-{'words' if words else 'bytes'}")
    for kind in (WishboneProof, AxiProof)
    for words in (False, True)
]


@pytest.mark.parametrize(("kind", "words"), CASES)
def test_shell(prove, kind, words):
    prove.holds(kind(words=words, inside=prove.Inside), depth=3)


@pytest.mark.parametrize(("kind", "words"), CASES)
def test_shell_works(prove, kind, words):
    prove.reaches(kind(words=words), depth=25)


WISHBONE_MUTATIONS = {
    # An answer to a request that was abandoned is taken for one to the next.
    "bridge.done & ~bridge.error & strobe & ~abandoned": (
        "bridge.done & ~bridge.error & strobe",
        "no answer in the cycle",
        "the answer is to this",
    ),
    "bridge.done & bridge.error & strobe & ~abandoned": (
        "bridge.done & bridge.error",
        "no answer without",
    ),
}


@pytest.mark.parametrize("old", WISHBONE_MUTATIONS)
def test_a_broken_wishbone_shell_is_refuted(prove, old):
    new, *reasons = WISHBONE_MUTATIONS[old]
    reason = prove.refuted(WishboneProof(prove.mutant(WishboneShell, old, new)), depth=12)
    assert any(text in reason for text in reasons)


AXI_MUTATIONS = {
    # An answer that waits is overwritten.
    "self.s_axi_arvalid & ~self.s_axi_rvalid": "self.s_axi_arvalid",
    # An answer goes before it is taken.
    "with m.If(self.s_axi_bvalid & self.s_axi_bready):": "with m.If(self.s_axi_bvalid):",
    # Two requests for one answer.
    "self.s_axi_wready.eq(accepted & ~read)": "self.s_axi_wready.eq(accepted)",
    # Writes never have their turn.
    "read_first.eq(~read)": "read_first.eq(1)",
}


@pytest.mark.parametrize("old", AXI_MUTATIONS)
def test_a_broken_axi_shell_is_not_proved(prove, old):
    broken = prove.mutant(AxiShell, old, AXI_MUTATIONS[old])
    prove.fails(AxiProof(broken, inside=prove.Inside), depth=3)


BRIDGE_MUTATIONS = {
    "STANDSTILL = 8": ("STANDSTILL = 2", "given up stands still"),
    'to_core["write"].eq(asked.write & request.valid)': (
        'to_core["write"].eq(asked.write)',
        "given up is over",
    ),
    "with m.If(inside & gate & self.idle):": ("with m.If(gate & self.idle):", "inside a memory"),
    "there.eq(position < memory.memory.bytes_per_word)": ("there.eq(1)", "a byte of the word"),
}


@pytest.mark.parametrize("old", BRIDGE_MUTATIONS)
def test_a_broken_bridge_is_refuted(prove, monkeypatch, old):
    new, *reasons = BRIDGE_MUTATIONS[old]
    monkeypatch.setattr(bus_shell, "BusBridge", prove.mutant(BusBridge, old, new))
    reason = prove.refuted(WishboneProof(), depth=14)
    assert any(text in reason for text in reasons)
