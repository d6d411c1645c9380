"""Next state of one of ODIN's neurons, whichever model it has (specification, sections 9, 12 and
13).
"""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..neuron.izhikevich import Accumulate, Recover, Respond
from ..neuron.layout import IZHIKEVICH_WORD, LIF_WORD, NEURON_BITS, update_input
from ..neuron.lif import UnsignedIntegrate
from ..plasticity.sdsp import CALCIUM, Calcium, TickCounter
from .config import OdinConfig
from .layout import VIRTUAL_WEIGHT_BITS

__all__ = ["MONITORED", "NeuronUpdate", "weight_width"]

#: What the monitor shows of a neuron: all of it as it is stored by this update (section 10).
MONITORED = data.StructLayout({"potential": 8, "rotation": 2, "calcium": 3, "down": 1, "up": 1})


def weight_width(config: OdinConfig) -> int:
    """Bits of the weights that reach a neuron, from synapses and from virtual events."""
    return max(config.weight_bits, VIRTUAL_WEIGHT_BITS)


class NeuronUpdate(wiring.Component):
    """Turns a stored word and what reaches the neuron into the word to store, in three stages.

    Parameters
    ----------
    config : OdinConfig
        Configuration; neuron models that are not built in leave no logic, nor does learning.
    registers : bool
        Put registers between the stages; else everything is combinational.

    Members
    -------
    word : In(128)
        Stored word; first stage.
    input : In(update_input)
        What reaches the neuron; first stage.
    move : In(2)
        Bit k takes what stage k has made into stage k + 1 at the next clock edge. Without effect if
        there are no registers.
    fires : Out(1)
        The neuron fires and is not disabled; second stage.
    burst_spikes, burst_interval : Out(3)
        Spikes that follow in its burst, and their interval code, fire or not; 0 if it is disabled.
        Second stage.
    next_word : Out(128)
        Word to store; third stage.
    monitored : Out(MONITORED)
        For the monitor and, up and down, for the synapses; third stage.
    """

    def __init__(self, config: OdinConfig, *, registers: bool = True) -> None:
        self._config = config
        self._registers = registers
        super().__init__(
            {
                "word": In(NEURON_BITS),
                "input": In(update_input(weight_width(config))),
                "move": In(2),
                "fires": Out(1),
                "burst_spikes": Out(3),
                "burst_interval": Out(3),
                "next_word": Out(NEURON_BITS),
                "monitored": Out(MONITORED),
            }
        )

    def _pass(self, m: Module, value: Value, stage: int, name: str) -> Value:
        """Return a value of stage `stage` as stage `stage` + 1 sees it."""
        passed = Signal.like(value, name=f"{name}_{stage + 1}", reset_less=True)
        if self._registers:
            with m.If(self.move[stage]):
                m.d.sync += passed.eq(value)
        else:
            m.d.comb += passed.eq(value)
        return passed

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        lif = LIF_WORD(self.word)
        if config.lif and config.izhikevich:
            is_lif = lif.model
        else:
            is_lif = Const(config.lif, 1)

        word_1 = self._pass(m, self.word, 0, "word")
        word_2 = self._pass(m, word_1, 1, "word")
        is_lif_1 = self._pass(m, is_lif, 0, "is_lif")
        is_lif_2 = self._pass(m, is_lif_1, 1, "is_lif")

        if config.lif:
            m.submodules.lif_integrate = integrate = UnsignedIntegrate(
                potential_bits=8, weight_bits=weight_width(config), leak_bits=7
            )
            m.d.comb += [
                integrate.potential.eq(lif.potential),
                integrate.leak.eq(Mux(lif.leak_enable, lif.leak, 0)),
                integrate.weight.eq(self.input.weight),
                integrate.inhibitory.eq(self.input.inhibitory),
                integrate.tick.eq(self.input.tick),
            ]
            lif_potential_1 = self._pass(m, integrate.next_potential, 0, "lif_potential")
            lif_fires = Signal()
            m.d.comb += lif_fires.eq(lif_potential_1 >= LIF_WORD(word_1).threshold)
            lif_potential_2 = self._pass(m, lif_potential_1, 1, "lif_potential")
        if config.izhikevich:
            m.submodules.accumulate = accumulate = Accumulate(weight_width(config))
            m.submodules.respond = respond = Respond()
            m.submodules.recover = recover = Recover()
            m.d.comb += [accumulate.word.eq(self.word), accumulate.input.eq(self.input)]
            accumulated = self._pass(m, accumulate.result, 0, "accumulated")
            m.d.comb += respond.accumulated.eq(accumulated)
            responded = self._pass(m, respond.result, 1, "responded")
            m.d.comb += recover.responded.eq(responded)

        # Second stage: firing.
        fires = Signal()
        enabled = Signal()
        m.d.comb += enabled.eq(~word_1[-1])
        if config.izhikevich:
            m.d.comb += fires.eq(respond.result.fires)
            with m.If(enabled & ~is_lif_1):
                m.d.comb += [
                    self.burst_spikes.eq(respond.result.burst_spikes),
                    self.burst_interval.eq(respond.result.burst_interval),
                ]
        if config.lif:
            with m.If(is_lif_1):
                m.d.comb += fires.eq(lif_fires)
        m.d.comb += self.fires.eq(fires & enabled)
        fires_2 = self._pass(m, fires, 1, "fires")

        # Third stage: next word, without calcium.
        next_lif = Signal(LIF_WORD)
        next_izhikevich = Signal(IZHIKEVICH_WORD)
        if config.izhikevich:
            m.d.comb += next_izhikevich.eq(recover.next_word)
        if config.lif:
            m.d.comb += [
                next_lif.eq(word_2),
                next_lif.potential.eq(Mux(fires_2, 0, lif_potential_2)),
            ]
        with m.If(is_lif_2):
            m.d.comb += self.monitored.potential.eq(next_lif.potential)
        with m.Else():
            m.d.comb += [
                self.monitored.potential.eq(next_izhikevich.potential),
                self.monitored.rotation.eq(next_izhikevich.rotation),
            ]

        if config.plasticity:
            self._calcium(m, is_lif, is_lif_2, fires_2, recover.spikes if config.izhikevich else 1)
            m.d.comb += [
                next_lif.calcium.eq(self.monitored.calcium),
                next_lif.calcium_count.eq(self._next_count),
                next_izhikevich.calcium.eq(self.monitored.calcium),
                next_izhikevich.calcium_count.eq(self._next_count),
            ]
        else:
            m.d.comb += self.monitored.calcium.eq(
                Mux(is_lif_2, LIF_WORD(word_2).calcium, IZHIKEVICH_WORD(word_2).calcium)
            )
        m.d.comb += self.next_word.eq(Mux(is_lif_2, next_lif, next_izhikevich))
        return m

    def _calcium(
        self, m: Module, is_lif: Value, is_lif_2: Value, fires_2: Value, spikes: Value | int
    ) -> None:
        """Calcium, its counter and the flags: one circuit for both neuron models."""
        lif = LIF_WORD(self.word)
        izhikevich = IZHIKEVICH_WORD(self.word)
        neuron = Signal(CALCIUM)
        m.submodules.calcium_counter = counter = TickCounter(5)
        for field, name in (
            ("enable", "learning_enable"),
            ("potential_threshold", "learning_threshold"),
            ("threshold_1", "calcium_threshold_1"),
            ("threshold_2", "calcium_threshold_2"),
            ("threshold_3", "calcium_threshold_3"),
            ("calcium", "calcium"),
        ):
            m.d.comb += neuron[field].eq(Mux(is_lif, lif[name], izhikevich[name]))
        m.d.comb += [
            counter.enable.eq(neuron.enable),
            counter.tick.eq(self.input.tick),
            counter.period.eq(Mux(is_lif, lif.calcium_period, izhikevich.calcium_period)),
            counter.count.eq(Mux(is_lif, lif.calcium_count, izhikevich.calcium_count)),
        ]
        passed = []
        for name, value in (
            ("neuron", neuron),
            ("count", counter.next_count),
            ("leak", counter.leak),
        ):
            value_1 = self._pass(m, value, 0, f"calcium_{name}")
            passed.append(self._pass(m, value_1, 1, f"calcium_{name}"))
        neuron_2, self._next_count, leak_2 = passed

        m.submodules.calcium = calcium = Calcium()
        m.d.comb += [
            calcium.neuron.eq(neuron_2),
            calcium.leak.eq(leak_2),
            calcium.fires.eq(fires_2),
            calcium.spikes.eq(Mux(is_lif_2, 1, spikes)),
            calcium.potential.eq(self.monitored.potential),
            calcium.negative.eq(~is_lif_2 & self.monitored.potential[3]),
            self.monitored.calcium.eq(calcium.next_calcium),
            self.monitored.up.eq(calcium.up),
            self.monitored.down.eq(calcium.down),
        ]
