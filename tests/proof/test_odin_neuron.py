"""The update of ODIN's neurons, for all inputs, against a transcription of the specification.

The transcription is sections 9, 12 and 13 read from top to bottom: each symbol of the text is a
signal wide enough for every intermediate value, and each table is a list of rows of which the first
that matches counts.
"""

# Symbols of the text are in capitals without being constants.
# ruff: noqa: SIM300

import pytest
from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from spikewright.hdl.neuron.izhikevich import Accumulate, Recover, Respond
from spikewright.hdl.neuron.lif import UnsignedIntegrate
from spikewright.hdl.odin import neuron_update
from spikewright.hdl.odin.config import OdinConfig
from spikewright.hdl.odin.neuron_update import NeuronUpdate
from spikewright.hdl.plasticity.sdsp import Calcium, TickCounter

WIDE = 16
POS, NEG, Z2P, Z2N = range(4)


def first(*rows):
    """Return the value of the first row whose condition holds; the last row has no condition."""
    *conditional, value = rows
    for condition, consequence in reversed(conditional):
        value = Mux(condition, consequence, value)
    return value


def both(*conditions):
    result = Const(1, 1)
    for condition in conditions:
        result = result & condition.bool()
    return result


def either(*conditions):
    return Cat(condition.bool() for condition in conditions).any()


def no(condition):
    return condition.bool() == 0


def mod16(value):
    return value[:4]


def negative(value):
    """Of a four-bit two's-complement number, stored as 0 to 15."""
    return value >= 8


class Text:
    """Signals by the specification's symbols, kept in the module they are defined in."""

    def __init__(self, m, fields):
        self._m = m
        self._fields = fields

    def __setattr__(self, name, value):
        if not name.startswith("_"):
            signal = Signal(signed(WIDE), name=name)
            self._m.d.comb += signal.eq(value)
            value = signal
        super().__setattr__(name, value)

    def next_word(self, word, **state):
        """Return the word with its state fields replaced."""
        bits = [word[index] for index in range(128)]
        for symbol, value in state.items():
            low, high = self._fields[symbol]
            bits[low : high + 1] = [value[index] for index in range(high + 1 - low)]
        return Cat(*bits)


#: Lowest and highest bit of a field (section 12).
LIF_FIELDS = {
    "leak": (1, 7),
    "leak_en": (8, 8),
    "thr": (9, 16),
    "ca_en": (17, 17),
    "thetamem": (18, 25),
    "theta1": (26, 28),
    "theta2": (29, 31),
    "theta3": (32, 34),
    "caleak": (35, 39),
    "v": (70, 77),
    "c": (78, 80),
    "count": (81, 85),
}

#: Lowest and highest bit of a field (section 13.1).
IZHIKEVICH_FIELDS = {
    "leak": (1, 7),
    "leak_en": (8, 8),
    "fanin": (9, 11),
    "bspk": (12, 14),
    "bisi": (15, 17),
    "sharp_en": (18, 18),
    "thr": (19, 21),
    "depth": (22, 24),
    "delay": (25, 27),
    "lat_en": (28, 28),
    "dap_en": (29, 29),
    "sthr": (30, 32),
    "phasic_en": (33, 33),
    "mixed_en": (34, 34),
    "class2_en": (35, 35),
    "neg_en": (36, 36),
    "rebound_en": (37, 37),
    "inhin_en": (38, 38),
    "bist_en": (39, 39),
    "res_en": (40, 40),
    "tvar_en": (41, 41),
    "tvar_src": (42, 42),
    "tleak": (43, 46),
    "acc_en": (47, 47),
    "ca_en": (48, 48),
    "thetamem": (49, 51),
    "theta1": (52, 54),
    "theta2": (55, 57),
    "theta3": (58, 60),
    "caleak": (61, 65),
    "binc": (66, 66),
    "sharp_del": (67, 69),
    "A": (70, 80),
    "R": (81, 81),
    "V": (82, 85),
    "D": (86, 88),
    "SP": (89, 92),
    "SC": (93, 96),
    "PL": (97, 97),
    "ML": (98, 98),
    "FW": (99, 99),
    "AH": (100, 101),
    "TH": (102, 103),
    "BL": (104, 104),
    "IL": (105, 105),
    "ROT": (106, 107),
    "O": (108, 111),
    "OC": (112, 115),
    "CA": (116, 118),
    "CC": (119, 123),
    "BU": (124, 124),
}


def read(m, word, fields):
    """Return a text with all stored fields of a word."""
    text = Text(m, fields)
    for symbol, (low, high) in fields.items():
        setattr(text, symbol, word[low : high + 1])
    return text


def count_ticks(enabled, tick, period, counter, size):
    """Return the next tick counter and whether it leaks (rule 4 of section 12, section 13.10)."""
    counts = both(enabled, period > 0, tick)
    ends = counter == period - 1
    return first((no(counts), counter), (ends, 0), (counter + 1) % size), both(counts, ends)


def next_calcium(enabled, calcium, fires, leak, spikes):
    more = calcium + spikes
    return first(
        (no(enabled), calcium),
        (both(fires, no(leak)), Mux(more > 7, 7, more)),
        (both(leak, no(fires)), Mux(calcium == 0, 0, calcium - 1)),
        calcium,
    )


def lif(m, word, weight, tick, inhibitory, plasticity):
    """Section 12: next word, fires, b, i, up, down, calcium, rotation, potential."""
    s = read(m, word, LIF_FIELDS)
    v = s.v
    lowered = v - Mux(tick, Mux(s.leak_en, s.leak, 0), weight)
    raised = v + weight
    s.v1 = first(
        (either(tick, inhibitory), Mux(lowered < 0, 0, lowered)), Mux(raised > 255, 255, raised)
    )
    s.fires = s.v1 >= s.thr
    s.next_v = Mux(s.fires, 0, s.v1)
    s.next_count, leak = count_ticks(s.ca_en, tick, s.caleak, s.count, 32)
    s.next_c = next_calcium(s.ca_en, s.c, s.fires, leak, 1)
    if not plasticity:
        s.next_c, s.next_count = s.c, s.count
    s.up = both(s.ca_en, s.next_v >= s.thetamem, s.theta1 <= s.next_c, s.next_c < s.theta3)
    s.down = both(s.ca_en, s.next_v < s.thetamem, s.theta1 <= s.next_c, s.next_c < s.theta2)
    if not plasticity:
        s.up, s.down = 0, 0
    next_word = s.next_word(word, v=s.next_v, c=s.next_c, count=s.next_count)
    return next_word, s.fires, 0, 0, s.up, s.down, s.next_c, 0, s.next_v


def izhikevich(m, word, weight, tick, inhibitory, burst_end, plasticity):
    """Section 13: next word, fires, b, i, up, down, calcium, rotation, potential."""
    s = read(m, word, IZHIKEVICH_FIELDS)
    V, D, SC, SP, offset = s.V, s.D, s.SC, s.SP, s.O

    # 13.2
    s.next_A = first(
        (tick, Mux(s.leak_en, s.A - s.leak, s.A)), (inhibitory, s.A - weight), s.A + weight
    )[:11]
    position = 3 + s.fanin[:3]
    s.carry = s.A.bit_select(position, 1) != s.next_A.bit_select(position, 1)
    s.q_leak = both(s.carry, tick)
    s.q_inh = both(s.carry, no(tick), inhibitory)
    s.q_exc = both(s.carry, no(tick), no(inhibitory))

    # 13.3
    s.prev_exc = both(no(negative(SP)), SP >= s.sthr)
    s.prev_inh = both(negative(SP), 16 - SP >= s.sthr)
    s.cur_exc = both(no(negative(SC)), SC >= s.sthr)
    s.cur_inh = both(negative(SC), 16 - SC >= s.sthr)
    s.quiet = both(tick, SC == 0)
    s.lone_exc = both(s.quiet, s.AH[1] == 0, s.TH[0] == 1)
    s.lone_inh = both(s.quiet, s.AH[1] == 0, s.TH[1] == 1)
    s.next_SC = first(
        (tick, 0),
        (s.q_exc, Mux(SC == 7, 7, (SC + 1) % 16)),
        (s.q_inh, Mux(SC == 9, 9, mod16(SC - 1))),
        SC,
    )
    s.next_SP = first((tick, SC), SP)
    s.next_AH = first((tick, Cat(SC != 0, s.AH[0])), s.AH[:2])
    s.next_TH = first((tick, Cat(s.cur_exc[0], s.cur_inh[0])), s.TH[:2])

    # 13.4
    s.theta = mod16(s.thr + offset)

    # 13.5
    rises_by_phase = either(s.ROT == Z2P, s.ROT == POS)
    up_to_7 = Mux(V == 7, V, V + 1)
    down_to_0 = Mux(V == 0, V, V - 1)
    s.floor = Mux(s.neg_en, 8, 0)
    on_tick = first(
        (s.res_en, Mux(s.ROT == Z2N, V - 1, V)),
        (s.R, Mux(s.BU, V, V + 1)),
        (s.acc_en, Mux(s.FW, V, V - SC)),
        (both(s.dap_en, D == 1, V > 0), 0),
        (both(s.q_leak, V != 0), Mux(negative(V), V + 1, V - 1)),
        V,
    )
    on_inhibition = first(
        (both(s.res_en, rises_by_phase), down_to_0),
        (s.res_en, up_to_7),
        (s.R, V),
        (V == s.floor, V),
        V - 1,
    )
    on_excitation = first(
        (both(s.res_en, rises_by_phase), up_to_7),
        (s.res_en, down_to_0),
        (s.R, V),
        (both(s.class2_en, no(either(s.prev_exc, s.cur_exc))), V),
        up_to_7,
    )
    s.V1 = mod16(
        first(
            (both(s.lat_en, D != 0), V),
            (both(s.PL, V == 0), V),
            (tick, on_tick),
            (s.q_inh, on_inhibition),
            (s.q_exc, on_excitation),
            V,
        )
    )

    # 13.6
    s.ROT1 = first(
        (no(s.res_en), POS),
        (no(tick), s.ROT),
        (V == 0, POS),
        (s.ROT == POS, Z2N),
        (s.ROT == NEG, Z2P),
        (s.ROT == Z2P, POS),
        Mux(s.V1 == 0, POS, NEG),
    )

    # 13.7
    s.hit = s.V1 == s.theta
    s.fires = first(
        (s.sharp_en, both(s.q_exc, D == s.sharp_del)),
        (s.lat_en, both(tick, D == 1)),
        (s.rebound_en, either(s.lone_inh, s.hit)),
        (
            s.bist_en,
            either(both(s.BL == 0, s.lone_exc), both(s.BL == 1, s.V1 == 0), s.hit),
        ),
        (s.IL, s.V1 == 0),
        (s.res_en, both(s.ROT1 == POS, s.hit)),
        s.hit,
    )
    s.b = Mux(s.ML, 0, s.bspk)
    s.i = Mux(s.ML, 0, s.bisi)
    s.inc = Mux(s.b + 1 > 7, 7, s.b + 1)

    # 13.8
    s.next_V = mod16(
        first((no(s.fires), s.V1), (either(s.dap_en, s.res_en), s.depth), 16 - s.depth)
    )
    s.next_ROT = first((both(s.fires, s.res_en), NEG), s.ROT1)

    # 13.9
    s.next_IL = first(
        (both(s.inhin_en, s.R == 0, mod16(16 - V) == s.theta), 1), (both(s.IL, s.quiet), 0), s.IL
    )
    s.next_R = first(
        (either(s.fires, s.next_IL), both(s.dap_en == 0, s.depth != 0, s.res_en == 0)),
        (s.V1 == 0, 0),
        s.R,
    )
    arms = either(both(s.dap_en, s.fires), both(s.lat_en, s.V1 == s.theta, V != s.theta))
    s.next_D = Mux(
        s.sharp_en,
        first((both(tick, D != 7), D + 1), (s.q_exc, 0), D),
        first((arms, s.delay), (both(tick, D != 0), D - 1), D),
    )
    s.locks = either(
        both(s.fires, either(s.cur_exc, s.prev_exc)),
        both(tick, s.FW, either(V == 0, s.R), s.cur_exc),
    )
    s.next_PL = first((s.locks, s.phasic_en), (no(s.prev_exc), 0), s.PL)
    s.next_ML = first((s.locks, s.mixed_en), (no(s.prev_exc), 0), s.ML)
    s.next_FW = first((tick, 0), (s.fires, 1), s.FW)
    s.next_BL = Mux(both(tick, s.bist_en, s.lone_exc), 1 - s.BL, s.BL)
    s.next_BU = first((both(s.fires, s.b != 0), 1), (burst_end, 0), s.BU)

    # 13.10
    s.next_OC, o_leak = count_ticks(s.tvar_en, tick, s.tleak, s.OC, 16)
    s.pr = mod16(SC + s.thr)
    adapted = first((s.pr < 8, SC), (no(negative(SC)), 7 - s.thr), 1 - s.thr)
    s.trigger = Mux(s.tvar_src, s.fires, s.q_exc)
    raised = Mux(
        s.binc,
        Mux(mod16(7 - s.theta) < s.inc, 7, offset + s.inc),
        Mux(s.theta == 7, offset, offset + 1),
    )
    varied = first(
        (s.trigger, raised),
        (both(s.tvar_src == 0, s.q_inh), Mux(s.theta == 1, offset, offset - 1)),
        (both(o_leak, offset != 0), Mux(negative(offset), offset + 1, offset - 1)),
        offset,
    )
    s.next_O = mod16(first((s.acc_en, Mux(tick, adapted, offset)), (s.tvar_en, varied), offset))

    # 13.11
    s.next_CC, leak = count_ticks(s.ca_en, tick, s.caleak, s.CC, 32)
    s.next_CA = next_calcium(s.ca_en, s.CA, s.fires, leak, Mux(s.binc, s.inc, 1))
    if not plasticity:
        s.next_CA, s.next_CC = s.CA, s.CC
    learns = both(s.ca_en, no(negative(s.next_V)), s.theta1 <= s.next_CA)
    s.up = both(learns, s.next_V >= s.thetamem, s.next_CA < s.theta3)
    s.down = both(learns, s.next_V < s.thetamem, s.next_CA < s.theta2)
    if not plasticity:
        s.up, s.down = 0, 0

    state = ("A", "R", "V", "D", "SP", "SC", "PL", "ML", "FW", "AH", "TH", "BL", "IL", "ROT")
    state = (*state, "O", "OC", "CA", "CC", "BU")
    next_word = s.next_word(word, **{name: getattr(s, f"next_{name}") for name in state})
    return (
        *(next_word, s.fires, s.b, s.i, s.up, s.down),
        *(s.next_CA, s.next_ROT, s.next_V),
    )


class NeuronProof(wiring.Component):
    """An update of any word by anything that may reach it."""

    def __init__(self, neuron):
        self.neuron = neuron
        super().__init__({"word": In(128), "input": In(neuron.input.shape())})

    def elaborate(self, platform):
        m = Module()
        m.submodules.neuron = neuron = self.neuron
        config, word, given = neuron._config, self.word, self.input
        m.d.comb += [neuron.word.eq(word), neuron.input.eq(given)]
        reaches = (word, given.weight, given.tick, given.inhibitory)
        as_lif = lif(m, *reaches, config.plasticity) if config.lif else None
        as_izhikevich = None
        if config.izhikevich:
            as_izhikevich = izhikevich(m, *reaches, given.burst_end, config.plasticity)
        # A model that is not built in does not exist: all neurons are of the other one.
        result = [
            Mux(word[0], one, other)
            for one, other in zip(as_lif or as_izhikevich, as_izhikevich or as_lif, strict=True)
        ]
        next_word, fires, b, i, up, down, calcium, rotation, potential = result
        enabled = word[127] == 0
        shown = neuron.monitored
        for what, agrees in (
            ("next word", neuron.next_word == next_word),
            ("fires", neuron.fires == (fires.bool() & enabled)),
            ("burst spikes", neuron.burst_spikes == Mux(enabled, b, 0)),
            ("burst interval", neuron.burst_interval == Mux(enabled, i, 0)),
            ("up", shown.up == up),
            ("down", shown.down == down),
            ("calcium", shown.calcium == calcium),
            ("rotation", shown.rotation == rotation),
            ("potential", shown.potential == potential[:8]),
            ("never both flags", ~(shown.up & shown.down)),
        ):
            m.d.comb += Assert(agrees, what)
        m.d.comb += [
            Cover(shown.up & neuron.fires & neuron.burst_spikes.any()),
            Cover(shown.down & ~neuron.fires),
        ]
        return m


VARIANTS = [
    {},
    {"lif": 0},
    {"izhikevich": 0},
    {"plasticity": 0},
    *(
        pytest.param(parameters, marks=pytest.mark.slow)
        for parameters in (
            *({"weight_bits": bits} for bits in (1, 2, 4, 5, 6, 7)),
            {"lif": 0, "plasticity": 0},
            {"izhikevich": 0, "plasticity": 0, "weight_bits": 7},
        )
    ),
]


@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
def test_neuron(prove, parameters):
    # Without registers one cycle is all.
    prove.holds(NeuronProof(NeuronUpdate(OdinConfig(**parameters), registers=False)), depth=1)


def test_neuron_works(prove):
    prove.reaches(NeuronProof(NeuronUpdate(OdinConfig(), registers=False)), depth=1)


#: Parts of the update, and what to replace in each.
MUTATIONS = [
    (Accumulate, "& ~at_zero", "& ~at_zero & ~potential[3]"),
    (Respond, "before.lone_inhibition | hit", "before.lone_inhibition"),
    (Recover, " & (word.stimulation != 9)", ""),
    (UnsignedIntegrate, "beyond.eq(total[-1] ^ subtract)", "beyond.eq(total[-1])"),
    (TickCounter, "& self.tick & self.period.any()", "& self.tick"),
    (Calcium, "neuron.enable & self.fires & ~self.leak", "neuron.enable & self.fires"),
    (NeuronUpdate, "fires_2 = self._pass(m, fires, 1", "fires_2 = self._pass(m, self.fires, 1"),
    *(
        pytest.param(*mutation, marks=pytest.mark.slow)
        for mutation in (
            (Accumulate, "result.accumulator)[3:])", "result.accumulator)[4:])"),
            (Accumulate, "((-now)[:4] >= limit)", "(now[:3] >= limit)"),
            (Accumulate, "result.quiet & ~word.activity[1]", "result.quiet & ~word.activity[0]"),
            (Accumulate, "Rotation.ZERO_TO_NEGATIVE, Rotation.NEGATIVE))", "Rotation.NEGATIVE))"),
            (Respond, "Mux(at_zero, Rotation.POSITIVE, Rotation.NEGATIVE)", "Rotation.NEGATIVE"),
            (Recover, "((word.potential == 0) | word.refractory)", "(word.potential == 0)"),
            (Recover, "                & (word.potential != threshold)\n", ""),
            (Recover, "[:4] < spikes", "[:4] <= spikes"),
            (NeuronUpdate, "lif_potential_1 >= LIF_WORD", "lif_potential_1 > LIF_WORD"),
            (NeuronUpdate, "~is_lif_2 & self.monitored", "self.monitored"),
        )
    ),
]


@pytest.mark.parametrize(("part", "old", "new"), MUTATIONS)
def test_a_broken_neuron_is_refuted(prove, monkeypatch, part, old, new):
    broken = prove.mutant(part, old, new)
    if part is not NeuronUpdate:
        monkeypatch.setattr(neuron_update, part.__name__, broken)
    kind = broken if part is NeuronUpdate else NeuronUpdate
    neuron = kind(OdinConfig(), registers=False)
    assert "Assert(agrees" in prove.refuted(NeuronProof(neuron), depth=1)
