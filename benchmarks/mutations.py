"""Break the hardware on purpose, one line at a time, and see which check notices.

    python benchmarks/mutations.py [--core CORE] [--only WORD] [--all] [--list] [--jobs N]

The repository is copied, one mutation at a time is made in the copy, and checks run on it, quickest
first, up to the first that fails; with --all every check runs. Golden traces are replayed if they lie
beside the repository, but a mutation must be noticed without them. Exit status 1 if one was not.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
GOLDEN = REPOSITORY.parent / "shared" / "traces"

#: Seconds after which a check that does not end counts as failed.
PATIENCE = 900

LIF = "hdl/neuron/lif.py"
CONTROLLER = "hdl/tinyodin/controller.py"
CROSSBAR = "hdl/tinyodin/crossbar.py"
LANE = "hdl/tinyodin/neuron_lane.py"
SCHEDULER = "hdl/tinyodin/scheduler.py"
SERIALIZER = "hdl/tinyodin/spike_serializer.py"
CORE = "hdl/tinyodin/core.py"
FIFO = "hdl/memory/fifo.py"
PINS = "hdl/interface/pins.py"
SPI = "hdl/interface/spi.py"
AER = "hdl/interface/aer.py"
FILE = "hdl/interface/register_file.py"

IZHIKEVICH = "hdl/neuron/izhikevich.py"
SDSP = "hdl/plasticity/sdsp.py"
UPDATE = "hdl/odin/neuron_update.py"
ODIN_LANE = "hdl/odin/neuron_lane.py"
ODIN_CROSSBAR = "hdl/odin/crossbar.py"
ODIN_CONTROLLER = "hdl/odin/controller.py"
ODIN_SCHEDULER = "hdl/odin/scheduler.py"
ODIN_CORE = "hdl/odin/core.py"
ODIN_SERIALIZER = "hdl/odin/spike_serializer.py"
BURSTS = "hdl/odin/burst_queue.py"

LEAK_UNIT = "hdl/neuron/leaky_integrator.py"
EPROP = "hdl/plasticity/eprop.py"
LFSR = "hdl/random/lfsr.py"
LEAK_PHASE = "hdl/reckon/leak.py"
PROPAGATE = "hdl/reckon/propagate.py"
LEARN = "hdl/reckon/learn.py"
FLAG_ROWS = "hdl/reckon/flags.py"
ITEMS = "hdl/reckon/input_items.py"
ALPHA = "hdl/reckon/alpha_select.py"
OUTPUTS = "hdl/reckon/output_layer.py"
SEND = "hdl/reckon/send.py"
STEP = "hdl/reckon/time_step.py"
RECKON_CORE = "hdl/reckon/core.py"
SEQUENCER = "hdl/reckon/sequencer.py"
CONNECTIONS = "hdl/reckon/connections.py"


@dataclass(frozen=True)
class Mutation:
    """One change; `old` occurs once in the file. `same` says why nothing can notice it, if so."""

    about: str
    file: str
    old: str
    new: str
    same: str = ""


#: Of tinyODIN and what cores have in common.
TINYODIN = (
    # Neuron.
    Mutation("sum wraps instead of saturating", LIF, "(total[-1] != total[-2])", "0"),
    Mutation(
        "lowest potential one too high",
        LIF,
        "Cat((~total[-1]).replicate(width - 1), total[-1])",
        "Cat(1, (~total[-1]).replicate(width - 2), total[-1])",
    ),
    Mutation(
        "highest potential halved",
        LIF,
        "Cat((~total[-1]).replicate(width - 1), total[-1])",
        "Cat((~total[-1]).replicate(width - 2), total[-1], total[-1])",
    ),
    Mutation("fires above the threshold only", LIF, ">= self.threshold", "> self.threshold"),
    Mutation("threshold above all potentials fires", LIF, " & ~self.threshold[-1]", ""),
    Mutation("negative potential fires", LIF, "~total[-1] & ~self", "~self"),
    Mutation("leak crosses zero", LIF, "self.tick & (total[-1] != negative)", "0"),
    Mutation("leak to zero does not fire at threshold 0", LIF, "eq(self.threshold == 0)", "eq(0)"),
    Mutation("no reset after a spike", LIF, "m.If(self.fires | crosses)", "m.If(crosses)"),
    Mutation(
        "leak always subtracts", LIF, "subtract.eq(self.tick & ~negative)", "subtract.eq(self.tick)"
    ),
    # Controller.
    Mutation(
        "head before a pending input event",
        CONTROLLER,
        "self.head.valid & (self.queue_full | ~self.events.valid)",
        "self.head.valid",
    ),
    Mutation(
        "full queue does not come before the input",
        CONTROLLER,
        "self.head.valid & (self.queue_full | ~self.events.valid)",
        "self.head.valid & ~self.events.valid",
    ),
    Mutation("highest neuron left out", CONTROLLER, "lane <= self.last", "lane < self.last"),
    Mutation(
        "sweep ends one row late",
        CONTROLLER,
        "last_row = self.last_neuron[lane_bits:]",
        "last_row = (self.last_neuron + config.lanes)[lane_bits : config.address_bits]",
    ),
    Mutation("virtual target of three bits", CONTROLLER, "event.low[:4]", "event.low[:3]"),
    Mutation("virtual target of all bits", CONTROLLER, "event.low[:4]", "event.low"),
    Mutation("virtual weight from other bits", CONTROLLER, "event.low[4:8]", "event.low[3:7]"),
    Mutation(
        "virtual event of weight 0 is no spike event",
        CONTROLLER,
        "first.single.eq(queued.weight.any())",
        "first.single.eq(queued.weight.any() | (event.virtual & ~start_head))",
    ),
    Mutation(
        "time reference to all from the low bits alone",
        CONTROLLER,
        "~event.low.all()",
        "~event.low[: config.address_bits].all()",
    ),
    Mutation(
        "time reference to all for L = 0 too", CONTROLLER, "~event.low.all()", "event.low.any()"
    ),
    Mutation(
        "virtual bit of a time reference counts",
        CONTROLLER,
        "m.Elif(event.tick & ~start_head)",
        "m.Elif(event.tick & ~event.virtual & ~start_head)",
    ),
    Mutation(
        "input event lost at the end of an operation",
        CONTROLLER,
        "self.events.ready.eq(operation.tick)",
        "self.events.ready.eq(1)",
    ),
    Mutation(
        "turn for writing changes while stalled",
        CONTROLLER,
        "writing_turn ^ self.advance",
        "~writing_turn",
    ),
    Mutation(
        "idle although events are queued",
        CONTROLLER,
        "~self.emitting & (self.queue_empty | self.gate)",
        "~self.emitting",
    ),
    Mutation(
        "single neuron in all lanes",
        CONTROLLER,
        "eq(operation.neuron[:lane_bits] == lane)",
        "eq(1)",
    ),
    # Crossbar and lanes.
    Mutation(
        "weights of a row in reverse",
        CROSSBAR,
        "weights.word_select(lane, ",
        "weights.word_select(lanes - 1 - lane, ",
    ),
    Mutation(
        "weight picked by the next row",
        CROSSBAR,
        "decoding_row[: 3 - lane_bits], lanes",
        "self.row[: 3 - lane_bits], lanes",
    ),
    Mutation(
        "synapse group and source exchanged",
        CROSSBAR,
        "Cat(self.row[3 - lane_bits :], operation.neuron)",
        "Cat(operation.neuron, self.row[3 - lane_bits :])",
    ),
    Mutation(
        "lanes beyond the last neuron fire",
        CROSSBAR,
        "neuron.fires & updating_enabled[lane]",
        "neuron.fires",
    ),
    Mutation(
        "lanes beyond the last neuron are written",
        CROSSBAR,
        "written_enabled[lane] & ~access_synapses",
        "~access_synapses",
    ),
    Mutation(
        "host's synapse byte written to a neuron too",
        CROSSBAR,
        "written_enabled[lane] & ~access_synapses",
        "written_enabled[lane]",
    ),
    Mutation(
        "stalled row is written again",
        CROSSBAR,
        "m.If(self.written & self.advance)",
        "m.If(self.written)",
        same="the row, its state and the byte stand still while stalled, and nothing is read then",
    ),
    Mutation(
        "written without a row to write",
        CROSSBAR,
        "m.If(self.written & self.advance)",
        "m.If(self.advance)",
    ),
    Mutation(
        "stalled row is overwritten by the next",
        CROSSBAR,
        "neuron.decode.eq(self.advance & decoding)",
        "neuron.decode.eq(decoding)",
    ),
    Mutation(
        "mask keeps the wrong bits",
        CROSSBAR,
        "(self.byte & request.mask) | (request.data[:8] & ~request.mask)",
        "(self.byte & ~request.mask) | (request.data[:8] & request.mask)",
    ),
    Mutation(
        "mask has no effect",
        CROSSBAR,
        "(self.byte & request.mask) | (request.data[:8] & ~request.mask)",
        "request.data[:8]",
    ),
    Mutation("disabled neuron fires", LANE, "neuron.fires & ~word.disable", "neuron.fires"),
    Mutation(
        "weight of a synapse added to a virtual event's",
        LANE,
        "m.If(operation.single)",
        "m.If(operation.tick)",
    ),
    Mutation("virtual weight unsigned", LANE, "operation.weight.as_signed()", "operation.weight"),
    Mutation(
        "threshold bits beside the potential cleared",
        LANE,
        "Cat(neuron.next_potential, word.as_value()[config.potential_bits :])",
        "Cat(neuron.next_potential)",
    ),
    # Scheduler and core.
    Mutation(
        "entry in processing does not keep its place",
        SCHEDULER,
        "self.waiting_full | (self.processing & fifo.level[:-1].all())",
        "self.waiting_full",
    ),
    Mutation("full queue takes a spike", SCHEDULER, "self.push & ~self.full", "self.push"),
    Mutation(
        "last place of the queue not used",
        SCHEDULER,
        "self.waiting_full | (self.processing & fifo.level[:-1].all())",
        "self.waiting_full | fifo.level[:-1].all()",
    ),
    Mutation(
        "time reference occupies a place",
        CORE,
        "queued = ~controller.operation.access & ~controller.operation.tick",
        "queued = ~controller.operation.access",
    ),
    Mutation(
        "virtual event is reported",
        CORE,
        "crossbar.updated_last & queued & ~controller.operation.single",
        "crossbar.updated_last & queued",
    ),
    Mutation(
        "host access makes a neuron fire",
        CORE,
        "Mux(controller.operation.access, 0, crossbar.fires)",
        "crossbar.fires",
    ),
    Mutation(
        "spike pushed with a weight",
        CORE,
        "scheduler.entry.weight.eq(0)",
        "scheduler.entry.weight.eq(1)",
    ),
    Mutation(
        "queue read before it is written",
        FIFO,
        "memory.read.eq(next_read_pointer != write_pointer)",
        "memory.read.eq(1)",
    ),
    # Serializer.
    Mutation(
        "lanes in descending order", SERIALIZER, "in reversed(range(lanes))", "in range(lanes)"
    ),
    Mutation(
        "no report", SERIALIZER, "report.eq(self.report & self.output_source)", "report.eq(0)"
    ),
    Mutation(
        "report whatever the output source",
        SERIALIZER,
        "report.eq(self.report & self.output_source)",
        "report.eq(self.report)",
    ),
    Mutation(
        "report before the spikes",
        SERIALIZER,
        "report & ~spikes.any(), spikes",
        "report, spikes",
    ),
    Mutation(
        "word dropped when the output stalls",
        SERIALIZER,
        "done.eq(~self.output.valid | self.output.ready)",
        "done.eq(1)",
    ),
    Mutation("pushed again while stalled", SERIALIZER, "~self.open_loop & done", "~self.open_loop"),
    Mutation(
        "pushed in open loop",
        SERIALIZER,
        "spikes.any() & ~self.open_loop & done",
        "spikes.any() & done",
    ),
    Mutation(
        "next row before the report",
        SERIALIZER,
        " & ~(report & spikes.any())",
        "",
        same="a report comes with the last row of an operation, which no row follows",
    ),
    # Shell.
    Mutation("mask inverted", PINS, "eq(spi.data[8:])", "eq(~spi.data[8:])"),
    Mutation(
        "byte of a neuron modulo four",
        PINS,
        "(address[: width // 2], address[width // 2 :])",
        "(address[: width // 2], address[width // 2 : width // 2 + 2])",
    ),
    Mutation(
        "words beyond a memory reach it",
        PINS,
        "(word_field < memory.words) & ",
        "",
    ),
    Mutation(
        "registers need the write bit",
        PINS,
        'spi.address[width + 2] | (target == targets["register"])',
        "spi.address[width + 2]",
    ),
    Mutation(
        "register number of low bits alone", PINS, "address >> len(request.p.address) == 0", "1"
    ),
    Mutation(
        "receiver that hangs cannot be freed by the gate",
        PINS,
        "output.enable.eq(~core.gate)",
        "output.enable.eq(1)",
    ),
    Mutation(
        "byte shifted out one edge early",
        SPI,
        "m.If(count == 2 * self._address_bits)",
        "m.If(count == 2 * self._address_bits - 1)",
    ),
    Mutation(
        "byte shifted out one edge late",
        SPI,
        "m.If(count == 2 * self._address_bits)",
        "m.If(count == 2 * self._address_bits + 1)",
    ),
    Mutation(
        "transaction one bit short",
        SPI,
        "m.If(count == 2 * frame - 1)",
        "m.If(count == 2 * frame - 2)",
    ),
    Mutation("target bits at the wrong place", SPI, "shift_in[-4:-2]", "shift_in[-3:-1]"),
    Mutation(
        "input event taken twice",
        AER,
        "request & (self.acknowledge | self.events.ready)",
        "self.events.ready",
    ),
    Mutation(
        "output word changes during its handshake",
        AER,
        "                    m.d.sync += self.request.eq(0)\n",
        "                    m.d.sync += self.request.eq(0)\n"
        "                    m.d.comb += self.words.ready.eq(1)\n",
    ),
    Mutation(
        "output word not taken", AER, "                    m.d.comb += self.words.ready.eq(1)\n", ""
    ),
    Mutation("registers cleared by reset", FILE, "reset_less=not self._resets", "reset_less=False"),
)

#: Of ODIN.
ODIN = (
    # Izhikevich-type neuron, section by section.
    Mutation(
        "leak without its enable",
        IZHIKEVICH,
        "word.leak & word.leak_enable.replicate(7)",
        "word.leak",
    ),
    Mutation(
        "carry one bit too high", IZHIKEVICH, "result.accumulator)[3:])", "result.accumulator)[4:])"
    ),
    Mutation("strong only above the limit", IZHIKEVICH, "(now[:3] >= limit)", "(now[:3] > limit)"),
    Mutation(
        "negative stimulation counts as strong", IZHIKEVICH, "~before[3] & (before", "(before"
    ),
    Mutation(
        "strong inhibition by the stored bits",
        IZHIKEVICH,
        "((-now)[:4] >= limit)",
        "(now[:3] >= limit)",
    ),
    Mutation(
        "quiet without a time reference", IZHIKEVICH, "self.input.tick & (now == 0)", "now == 0"
    ),
    Mutation(
        "isolated although active before",
        IZHIKEVICH,
        "result.quiet & ~word.activity[1]",
        "result.quiet & ~word.activity[0]",
    ),
    Mutation(
        "lone excitation and inhibition exchanged",
        IZHIKEVICH,
        "isolated & word.strong_stimulation[0]",
        "isolated & word.strong_stimulation[1]",
    ),
    Mutation(
        "effective threshold without its offset",
        IZHIKEVICH,
        "word.threshold + word.threshold_offset",
        "word.threshold",
    ),
    Mutation(
        "inhibition-induced while refractory",
        IZHIKEVICH,
        "                & ~word.refractory\n",
        "",
    ),
    Mutation(
        "inhibition-induced firing never ends",
        IZHIKEVICH,
        "(word.inhibition_induced_lock & ~result.quiet)",
        "word.inhibition_induced_lock",
    ),
    Mutation(
        "potential above 7",
        IZHIKEVICH,
        "up_or_held.eq(Mux(potential == 7, 0, 1))",
        "up_or_held.eq(1)",
    ),
    Mutation(
        "amplitude below 0",
        IZHIKEVICH,
        "down_or_held.eq(Mux(at_zero, 0, 0b1111))",
        "down_or_held.eq(0b1111)",
    ),
    Mutation(
        "leak goes away from zero below it",
        IZHIKEVICH,
        "Mux(at_zero, 0, Mux(potential[3], 1, 0b1111))",
        "Mux(at_zero, 0, 0b1111)",
    ),
    Mutation(
        "phase zero to negative acts as positive",
        IZHIKEVICH,
        "Rotation.ZERO_TO_NEGATIVE, Rotation.NEGATIVE))",
        "Rotation.NEGATIVE))",
    ),
    Mutation(
        "floor at 0 whatever the enable",
        IZHIKEVICH,
        "floor.eq(Cat(0, 0, 0, word.negative_enable))",
        "floor.eq(0)",
    ),
    Mutation(
        "latency does not freeze",
        IZHIKEVICH,
        "(word.latency_enable & word.delay_count.any()) | ",
        "",
    ),
    Mutation(
        "phasic neuron is held away from rest too",
        IZHIKEVICH,
        "(word.phasic_lock & at_zero)",
        "word.phasic_lock",
    ),
    Mutation("burst recovers", IZHIKEVICH, "m.If(~word.burst_lock)", "m.If(1)"),
    Mutation("accommodation forgets after a spike too", IZHIKEVICH, "m.If(~word.fired)", "m.If(1)"),
    Mutation(
        "after-potential ends a tick late",
        IZHIKEVICH,
        "(word.delay_count == 1) & ~at_zero",
        "(word.delay_count == 0) & ~at_zero",
    ),
    Mutation(
        "after-potential leaves a negative potential",
        IZHIKEVICH,
        "(word.delay_count == 1) & ~at_zero",
        "(word.delay_count == 1) & ~at_zero & ~potential[3]",
    ),
    Mutation(
        "resonance the same for inhibition", IZHIKEVICH, "turned ^ self.input.inhibitory", "turned"
    ),
    Mutation(
        "class 2 regards this window alone",
        IZHIKEVICH,
        "word.class_2_enable & ~result.strong & ~result.strong_before",
        "word.class_2_enable & ~result.strong",
    ),
    Mutation("rotation without resonance", IZHIKEVICH, "m.If(~word.resonance_enable)", "m.If(0)"),
    Mutation("rotation at every event", IZHIKEVICH, "m.Elif(~before.tick)", "m.Elif(0)"),
    Mutation("rotation at rest", IZHIKEVICH, "m.Elif(word.potential == 0)", "m.Elif(0)"),
    Mutation(
        "rotation past zero",
        IZHIKEVICH,
        "Mux(at_zero, Rotation.POSITIVE, Rotation.NEGATIVE)",
        "Rotation.NEGATIVE",
    ),
    Mutation(
        "sharp resonance fires at inhibition",
        IZHIKEVICH,
        "                & ~before.inhibitory\n                & (word.delay_count",
        "                & (word.delay_count",
    ),
    Mutation(
        "latency fires at any event",
        IZHIKEVICH,
        "before.tick & (word.delay_count == 1)",
        "word.delay_count == 1",
    ),
    Mutation(
        "rebound needs no hit", IZHIKEVICH, "before.lone_inhibition | hit", "before.lone_inhibition"
    ),
    Mutation(
        "bistable ignores its mode",
        IZHIKEVICH,
        "Mux(word.bistable_firing, at_zero, before.lone_excitation)",
        "before.lone_excitation",
    ),
    Mutation(
        "inhibition-induced fires at a hit",
        IZHIKEVICH,
        "m.d.comb += result.fires.eq(at_zero)",
        "m.d.comb += result.fires.eq(hit)",
    ),
    Mutation(
        "resonance fires in any phase",
        IZHIKEVICH,
        "_is_rotation(result.rotation, Rotation.POSITIVE) & hit",
        "hit",
    ),
    Mutation("mixed lock does not end bursts", IZHIKEVICH, "m.If(~word.mixed_lock)", "m.If(1)"),
    Mutation(
        "activity of the windows exchanged",
        IZHIKEVICH,
        "Cat(word.stimulation.any(), word.activity[0])",
        "Cat(word.activity[0], word.stimulation.any())",
    ),
    Mutation("stimulation below -7", IZHIKEVICH, " & (word.stimulation != 9)", ""),
    Mutation("stimulation above 7", IZHIKEVICH, " & (word.stimulation != 7)", ""),
    Mutation(
        "reset to a positive depth",
        IZHIKEVICH,
        "Mux(positive, word.reset_depth, -word.reset_depth)",
        "word.reset_depth",
    ),
    Mutation(
        "firing does not turn the phase",
        IZHIKEVICH,
        "next_word.rotation.eq(Rotation.NEGATIVE)",
        "next_word.rotation.eq(responded.rotation)",
    ),
    Mutation(
        "refractory without depth", IZHIKEVICH, "~positive & word.reset_depth.any()", "~positive"
    ),
    Mutation(
        "refractory from firing alone",
        IZHIKEVICH,
        "responded.fires | next_word.inhibition_induced_lock",
        "responded.fires",
    ),
    Mutation(
        "refractory ends at the stored zero",
        IZHIKEVICH,
        "m.Elif(responded.potential == 0)",
        "m.Elif(word.potential == 0)",
    ),
    Mutation(
        "locks without strong stimulation",
        IZHIKEVICH,
        "fires & (before.strong | before.strong_before)",
        "fires",
    ),
    Mutation(
        "locks are kept after weak windows",
        IZHIKEVICH,
        "m.Elif(~before.strong_before)",
        "m.Elif(0)",
    ),
    Mutation(
        "locks at ticks only if at rest",
        IZHIKEVICH,
        "((word.potential == 0) | word.refractory)",
        "(word.potential == 0)",
    ),
    Mutation(
        "spike at a tick counts as fired",
        IZHIKEVICH,
        "~before.tick & (fires | word.fired)",
        "fires | (~before.tick & word.fired)",
    ),
    Mutation(
        "bistable mode toggles at any event",
        IZHIKEVICH,
        "before.tick & word.bistable_enable & before",
        "word.bistable_enable & before",
        same="a lone excitation comes with a time reference alone",
    ),
    Mutation(
        "single spike sets the burst lock",
        IZHIKEVICH,
        "fires & responded.burst_spikes.any()",
        "fires",
    ),
    Mutation(
        "burst end comes first",
        IZHIKEVICH,
        "with m.If(fires & responded.burst_spikes.any()):",
        "with m.If(fires & responded.burst_spikes.any() & ~before.burst_end):",
    ),
    Mutation("sharp delay wraps", IZHIKEVICH, "m.If(word.delay_count != 7)", "m.If(1)"),
    Mutation(
        "latency arms again and again",
        IZHIKEVICH,
        "                & (word.potential != threshold)\n",
        "",
    ),
    Mutation(
        "eight spikes of a burst count as none",
        IZHIKEVICH,
        "responded.burst_spikes + ~responded.burst_spikes.all()",
        "responded.burst_spikes + 1",
    ),
    Mutation(
        "accommodation to a positive threshold only",
        IZHIKEVICH,
        "m.Elif(~word.stimulation[3])",
        "m.Elif(1)",
    ),
    Mutation("offset saturates one too late", IZHIKEVICH, "[:4] < spikes", "[:4] <= spikes"),
    Mutation(
        "offset above the largest threshold",
        IZHIKEVICH,
        "m.Elif(before.effective_threshold != 7)",
        "m.Else()",
    ),
    Mutation(
        "inhibition lowers the offset of adapting neurons",
        IZHIKEVICH,
        "~word.threshold_variation_source & inhibited",
        "inhibited",
    ),
    Mutation("threshold below 1", IZHIKEVICH, "m.If(before.effective_threshold != 1)", "m.If(1)"),
    Mutation(
        "offset leaks through zero",
        IZHIKEVICH,
        "before.threshold_leak & offset.any()",
        "before.threshold_leak",
    ),
    # LIF neuron of ODIN and what both have in common.
    Mutation(
        "leak saturates at the top", LIF, "beyond.eq(total[-1] ^ subtract)", "beyond.eq(total[-1])"
    ),
    Mutation(
        "held at the wrong end", LIF, "(~subtract).replicate(width)", "subtract.replicate(width)"
    ),
    Mutation(
        "time reference with an excitatory sign raises",
        LIF,
        "subtract.eq(self.tick | self.inhibitory)",
        "subtract.eq(self.inhibitory)",
    ),
    Mutation(
        "leak without its enable, LIF", UPDATE, "Mux(lif.leak_enable, lif.leak, 0)", "lif.leak"
    ),
    Mutation(
        "fires above the threshold only, LIF",
        UPDATE,
        "lif_potential_1 >= LIF_WORD",
        "lif_potential_1 > LIF_WORD",
    ),
    Mutation(
        "no reset after a spike, LIF", UPDATE, "Mux(fires_2, 0, lif_potential_2)", "lif_potential_2"
    ),
    Mutation(
        "disabled neuron fires", UPDATE, "self.fires.eq(fires & enabled)", "self.fires.eq(fires)"
    ),
    Mutation(
        "disabled neuron is not reset",
        UPDATE,
        "fires_2 = self._pass(m, fires, 1",
        "fires_2 = self._pass(m, self.fires, 1",
    ),
    Mutation("LIF neuron gives burst fields", UPDATE, "m.If(enabled & ~is_lif_1)", "m.If(enabled)"),
    Mutation(
        "burst fields of a disabled neuron",
        UPDATE,
        "m.If(enabled & ~is_lif_1)",
        "m.If(~is_lif_1)",
    ),
    Mutation("model of the neuron in the stage before", UPDATE, "m.If(is_lif_1)", "m.If(is_lif_2)"),
    Mutation("negative potential learns", UPDATE, "~is_lif_2 & self.monitored.potential[3]", "0"),
    Mutation(
        "LIF potential negative from 8 on",
        UPDATE,
        "~is_lif_2 & self.monitored.potential[3]",
        "self.monitored.potential[3]",
    ),
    # Plasticity.
    Mutation(
        "calcium counts without time references",
        SDSP,
        "self.enable & self.tick & self.period.any()",
        "self.enable & self.period.any()",
    ),
    Mutation(
        "calcium leaks though the period is 0",
        SDSP,
        "& self.tick & self.period.any()",
        "& self.tick",
    ),
    Mutation("calcium wraps", SDSP, "more[:3] | more[3].replicate(3)", "more[:3]"),
    Mutation(
        "spike and leak do not cancel",
        SDSP,
        "neuron.enable & self.fires & ~self.leak",
        "neuron.enable & self.fires",
    ),
    Mutation(
        "leak counts in spite of a spike",
        SDSP,
        "self.leak & ~self.fires & neuron",
        "self.leak & neuron",
    ),
    Mutation("calcium below zero", SDSP, "~self.fires & neuron.calcium.any()", "~self.fires"),
    Mutation(
        "learns with the stored calcium",
        SDSP,
        "learns & high & (calcium < neuron",
        "learns & high & (neuron.calcium < neuron",
    ),
    Mutation(
        "learns above the first threshold only",
        SDSP,
        "(calcium >= neuron.threshold_1)",
        "(calcium > neuron.threshold_1)",
    ),
    Mutation(
        "down up to the third threshold",
        SDSP,
        "(calcium < neuron.threshold_2)",
        "(calcium < neuron.threshold_3)",
    ),
    Mutation(
        "up and down by the wrong side",
        SDSP,
        "high.eq(self.potential >= neuron",
        "high.eq(self.potential > neuron",
    ),
    Mutation("weight wraps upwards", SDSP, "m.If(rises & ~self.weight.all())", "m.If(rises)"),
    Mutation(
        "weight wraps downwards", SDSP, "falls & ~rises & self.weight.any()", "falls & ~rises"
    ),
    Mutation(
        "synapse that is not eligible rises", SDSP, "rises.eq(self.eligible & Mux", "rises.eq(Mux"
    ),
    Mutation(
        "synapse that is not eligible falls", SDSP, "falls.eq(self.eligible & Mux", "falls.eq(Mux"
    ),
    Mutation(
        "bistability by the flags",
        SDSP,
        "Mux(self.bistability, self.weight[-1], self.up)",
        "self.up",
    ),
    Mutation(
        "bistability the wrong way down",
        SDSP,
        "Mux(self.bistability, ~self.weight[-1], self.down)",
        "Mux(self.bistability, self.weight[-1], self.down)",
    ),
    # Lane.
    Mutation(
        "virtual event with a synapse's weight",
        ODIN_LANE,
        "                    operation.weight,\n",
        "                    read_synapse.weight,\n",
    ),
    Mutation(
        "unmapped synapse acts",
        ODIN_LANE,
        "read_synapse.weight & acts.replicate(config.weight_bits)",
        "read_synapse.weight",
    ),
    Mutation(
        "mapped synapse does not act",
        ODIN_LANE,
        "read_synapse.mapped | self.propagate_unmapped",
        "self.propagate_unmapped",
    ),
    Mutation(
        "sign of the source for a virtual event",
        ODIN_LANE,
        "Mux(from_synapse, self.source_inhibitory, operation.inhibitory)",
        "self.source_inhibitory",
    ),
    Mutation(
        "single synapse always learns",
        ODIN_LANE,
        "(operation.spike | self.learn_on_synapse_event)",
        "1",
    ),
    Mutation(
        "unmapped synapse learns", ODIN_LANE, "(read_synapse.mapped | self.learn_unmapped)", "1"
    ),
    Mutation(
        "flags exchanged",
        ODIN_LANE,
        "Cat(update.monitored.up, update.monitored.down)",
        "Cat(update.monitored.down, update.monitored.up)",
    ),
    Mutation("flags not kept", ODIN_LANE, "state_bytes + flag_bytes", "state_bytes"),
    Mutation("host's byte overwrites state", ODIN_LANE, "m.If(~operation.access)", "m.If(1)"),
    # Crossbar.
    Mutation(
        "synapses of a word in reverse",
        ODIN_CROSSBAR,
        "word.word_select(decoding_row[: 3 - lane_bits], lanes",
        "word.word_select(~decoding_row[: 3 - lane_bits], lanes",
    ),
    Mutation(
        "bistability sweeps as an event does",
        ODIN_CROSSBAR,
        "Mux(sweeps_words, self.row[:group_bits], self.row[3 - lane_bits :])",
        "self.row[3 - lane_bits :]",
    ),
    Mutation(
        "word read again with each row",
        ODIN_CROSSBAR,
        "(from_synapse & first_of_word)",
        "from_synapse",
        same="the synapse memory has nothing else to do then, and holds the same word",
    ),
    Mutation(
        "word is not read with a single synapse",
        ODIN_CROSSBAR,
        "operation.synapse | ~self.row",
        "~self.row",
    ),
    Mutation(
        "held word of the row before",
        ODIN_CROSSBAR,
        "m.If(decoding_first)",
        "m.If(~decoding_first)",
    ),
    Mutation(
        "lanes at rest take part",
        ODIN_CROSSBAR,
        "chosen.eq(~operation.single | (operation.neuron[:lane_bits] == lane))",
        "chosen.eq(1)",
    ),
    Mutation(
        "host access makes a neuron fire",
        ODIN_CROSSBAR,
        "chosen & ~operation.access & ~sweeps_words",
        "chosen & ~sweeps_words",
    ),
    Mutation(
        "bistability makes neurons fire",
        ODIN_CROSSBAR,
        "chosen & ~operation.access & ~sweeps_words",
        "chosen & ~operation.access",
    ),
    Mutation(
        "bistability updates neurons",
        ODIN_CROSSBAR,
        "write_state.eq(~operation.access & ~sweeps_words)",
        "write_state.eq(~operation.access)",
    ),
    Mutation(
        "host access updates the neuron",
        ODIN_CROSSBAR,
        "write_state.eq(~operation.access & ~sweeps_words)",
        "write_state.eq(~sweeps_words)",
    ),
    Mutation(
        "mask keeps the wrong bits",
        ODIN_CROSSBAR,
        "(byte & request.mask) | (request.data[:8] & ~request.mask)",
        "(byte & ~request.mask) | (request.data[:8] & request.mask)",
    ),
    Mutation(
        "host's synapse byte written to a neuron too",
        ODIN_CROSSBAR,
        "with m.If(~access_synapses):",
        "with m.If(1):",
    ),
    Mutation(
        "host reads a neuron's byte for a synapse",
        ODIN_CROSSBAR,
        "                        access_synapses,\n",
        "                        0,\n",
    ),
    Mutation(
        "word rewritten before it is complete",
        ODIN_CROSSBAR,
        "write_state & written_last_of_word",
        "write_state",
    ),
    Mutation(
        "stalled row shifts the word again",
        ODIN_CROSSBAR,
        "                with m.If(self.written & self.advance):\n                    m.d.sync += earlier",
        "                with m.If(self.written):\n                    m.d.sync += earlier",
    ),
    Mutation(
        "single synapse event rewrites all synapses",
        ODIN_CROSSBAR,
        "m.If(operation.neuron[:3] == lane)",
        "m.If(1)",
    ),
    Mutation(
        "single synapse event rewrites the first synapse",
        ODIN_CROSSBAR,
        "m.If(operation.neuron[:3] == lane)",
        "m.If(lane == 0)",
    ),
    Mutation(
        "bistability regardless of the mapping bit",
        ODIN_CROSSBAR,
        "rule.eligible.eq(old.mapped | self.values.learn_unmapped)",
        "rule.eligible.eq(1)",
    ),
    Mutation(
        "bistability clears the mapping bit",
        ODIN_CROSSBAR,
        "Cat(rule.next_weight, old.mapped)",
        "Cat(rule.next_weight, 0)",
    ),
    Mutation(
        "bistability written while stalled",
        ODIN_CROSSBAR,
        "(integrating & self.advance).replicate",
        "integrating.replicate",
        same="it writes the same word again, and nothing is read while stalled",
    ),
    Mutation(
        "burst end for all neurons",
        ODIN_CROSSBAR,
        "                    & (Cat(Const(lane, lane_bits), decoding_row) == operation.source)\n",
        "",
    ),
    Mutation(
        "sign of the neuron instead of the source",
        ODIN_CROSSBAR,
        "signs.bit_select(operation.source, 1)",
        "signs.bit_select(operation.neuron, 1)",
    ),
    Mutation(
        "single update of another neuron is monitored",
        ODIN_CROSSBAR,
        "& (~operation.single | (operation.neuron == values.monitored_neuron))",
        "",
    ),
    Mutation(
        "host access is monitored",
        ODIN_CROSSBAR,
        "        with m.If(~operation.access & ~sweeps_words):\n",
        "        with m.If(~sweeps_words):\n",
    ),
    Mutation(
        "synapse packet of another source",
        ODIN_CROSSBAR,
        "decoding_word == Cat(neuron[3:], values.monitored_source)",
        "decoding_word[: len(neuron) - 3] == neuron[3:]",
    ),
    Mutation(
        "synapse packet of each row",
        ODIN_CROSSBAR,
        "(operation.spike & (decoding_row[: 3 - lane_bits] == neuron[lane_bits:3]))",
        "operation.spike",
    ),
    Mutation(
        "synapse packet always after the neuron's",
        ODIN_CROSSBAR,
        "operation.spike & neuron[:3].any()",
        "0",
    ),
    Mutation(
        "synapse packet always first in a spike event",
        ODIN_CROSSBAR,
        "operation.spike & neuron[:3].any()",
        "operation.spike",
    ),
    Mutation(
        "synapse packet shows the old weight",
        ODIN_CROSSBAR,
        "m.Elif(operation.spike | (operation.neuron == neuron))",
        "m.Elif(operation.neuron == neuron)",
    ),
    Mutation(
        "synapse packet shows another synapse's change",
        ODIN_CROSSBAR,
        "m.Elif(operation.spike | (operation.neuron == neuron))",
        "m.Else()",
    ),
    # Controller.
    Mutation(
        "head before a pending input event",
        ODIN_CONTROLLER,
        "self.head.valid & (self.queue_full | ~self.events.valid | is_bistability)",
        "self.head.valid",
    ),
    Mutation(
        "full queue does not come before the input",
        ODIN_CONTROLLER,
        "(self.queue_full | ~self.events.valid | is_bistability)",
        "(~self.events.valid | is_bistability)",
    ),
    Mutation(
        "bistability before the queue", ODIN_CONTROLLER, "m.Elif(self.queue_empty)", "m.Elif(1)"
    ),
    Mutation(
        "single bit is tested last",
        ODIN_CONTROLLER,
        "is_tick.eq(~is_synapse & low.all())",
        "is_tick.eq(low.all())",
        same="what a single-synapse event does is decided before",
    ),
    Mutation(
        "bistability of a single synapse",
        ODIN_CONTROLLER,
        "is_bistability.eq(~is_synapse & ~low.any())",
        "is_bistability.eq(~low.any())",
    ),
    Mutation(
        "all or one from the lowest bit",
        ODIN_CONTROLLER,
        "one = event.low[-1]",
        "one = event.low[0]",
    ),
    Mutation(
        "spike event for a zero weight",
        ODIN_CONTROLLER,
        "virtual = entry.virtual.as_value().any()",
        "virtual = entry.virtual.weight.any()",
    ),
    Mutation(
        "virtual field from the lowest bits",
        ODIN_CONTROLLER,
        "event.low[-virtual_field().size :]",
        "event.low[: virtual_field().size]",
    ),
    Mutation(
        "every replay ends its burst",
        ODIN_CONTROLLER,
        "first.burst_end.eq(entry.last)",
        "first.burst_end.eq(start_head)",
    ),
    Mutation(
        "bistability of all rows from row H on",
        ODIN_CONTROLLER,
        "m.If(first.bistability & ~first.single)",
        "m.If(0)",
    ),
    Mutation(
        "bistability of one row goes on",
        ODIN_CONTROLLER,
        "last_word & (operation.single | operation.source.all())",
        "last_word & operation.source.all()",
    ),
    Mutation(
        "replay occupies a place of the main FIFO",
        ODIN_CONTROLLER,
        "Mux(start_head, ~self.head.p.replayed, is_queued)",
        "(start_head | is_queued)",
    ),
    Mutation(
        "event that starts at once takes no place",
        ODIN_CONTROLLER,
        "Mux(start_head, ~self.head.p.replayed, is_queued)",
        "(start_head & ~self.head.p.replayed)",
    ),
    Mutation(
        "input event lost at the end of an operation",
        ODIN_CONTROLLER,
        "self.events.ready.eq(taken)",
        "self.events.ready.eq(1)",
    ),
    Mutation(
        "turn for writing changes while stalled", ODIN_CONTROLLER, "turn + self.advance", "turn + 1"
    ),
    Mutation(
        "idle although events are queued",
        ODIN_CONTROLLER,
        "~self.emitting & (self.drained | self.gate)",
        "~self.emitting",
    ),
    Mutation(
        "idle although words are on their way",
        ODIN_CONTROLLER,
        "~self.emitting & (self.drained | self.gate)",
        "(self.drained | self.gate)",
    ),
    Mutation(
        "next event while words are on their way",
        ODIN_CONTROLLER,
        "with m.If(~self.emitting):",
        "with m.If(1):",
    ),
    Mutation(
        "reads and writes meet",
        ODIN_CONTROLLER,
        "turn[2] if config.neuron_memory_ports == 1",
        "turn[1] if config.neuron_memory_ports == 1",
    ),
    # Scheduler and core.
    Mutation(
        "entry in processing does not keep its place",
        ODIN_SCHEDULER,
        "self.waiting_full | (self.processing & fifo.level[:-1].all())",
        "self.waiting_full",
    ),
    Mutation("full queue takes a spike", ODIN_SCHEDULER, "self.push & ~self.full", "self.push"),
    Mutation(
        "main FIFO before the replays",
        ODIN_SCHEDULER,
        "Mux(replayed.valid, replayed.p.neuron, fifo.read.p.neuron)",
        "Mux(fifo.read.valid, fifo.read.p.neuron, replayed.p.neuron)",
    ),
    Mutation(
        "replay is a virtual event",
        ODIN_SCHEDULER,
        "Mux(replayed.valid, 0, fifo.read.p.virtual)",
        "fifo.read.p.virtual",
    ),
    Mutation(
        "replay takes an entry of the main FIFO with it",
        ODIN_SCHEDULER,
        "self.head.ready & self.head.valid & ~replayed.valid",
        "self.head.ready & self.head.valid",
    ),
    Mutation(
        "idle although replays wait",
        ODIN_SCHEDULER,
        "self.drained.eq(none_waits & bursts.empty)",
        "self.drained.eq(none_waits)",
    ),
    Mutation(
        "main FIFO served while the slot is looked up",
        ODIN_SCHEDULER,
        "bursts.settled & (replayed.valid | fifo.read.valid)",
        "replayed.valid | fifo.read.valid",
    ),
    Mutation(
        "spike pushed as a virtual event",
        ODIN_CORE,
        "                scheduler.entry.virtual.eq(0),\n",
        "",
    ),
    Mutation(
        "queue active in open loop",
        ODIN_CORE,
        "~values.open_loop & values.burst_time_unit.any()",
        "values.burst_time_unit.any()",
    ),
    Mutation(
        "queue active without a time unit",
        ODIN_CORE,
        "~values.open_loop & values.burst_time_unit.any()",
        "~values.open_loop",
    ),
    Mutation(
        "access ends before its last write",
        ODIN_CORE,
        "controller.emitting.eq(serializer.emitting | access_done)",
        "controller.emitting.eq(serializer.emitting)",
    ),
    # Burst queue.
    Mutation(
        "tick one cycle late",
        BURSTS,
        "wraps.eq(count == self.period)",
        "wraps.eq(count > self.period)",
    ),
    Mutation(
        "tick lost while one is made up for",
        BURSTS,
        "Mux(made_up, 0, due) + wraps",
        "Mux(made_up, 0, due + wraps)",
    ),
    Mutation(
        "57 slots and one more",
        BURSTS,
        "Mux(ahead >= BURST_SLOTS, wrapped, ahead)",
        "Mux(ahead > BURST_SLOTS, wrapped, ahead)",
    ),
    Mutation("full slot takes a spike", BURSTS, "room.eq(state.level != depth)", "room.eq(1)"),
    Mutation(
        "first spike of a burst is its last",
        BURSTS,
        "number == self.push.p.spikes))",
        "number == 1))",
    ),
    Mutation(
        "newest spike first",
        BURSTS,
        "(state.end - state.level)[: len(state.end)]",
        "(state.end - 1)[: len(state.end)]",
    ),
    Mutation(
        "interval one tick short",
        BURSTS,
        "m.d.comb += step.eq(self.push.p.interval + 1)",
        "m.d.comb += step.eq(self.push.p.interval)",
    ),
    Mutation(
        "later intervals one tick long",
        BURSTS,
        "                    step.eq(self.push.p.interval + 1),\n",
        "                    step.eq(self.push.p.interval + 2),\n",
    ),
    Mutation(
        "spike removed from the current slot", BURSTS, "slot.eq(taken_slot)", "slot.eq(current)"
    ),
    Mutation(
        "spike never removed",
        BURSTS,
        "Cat(state.end, state.level - 1)",
        "Cat(state.end, state.level)",
    ),
    Mutation("dropped spikes are counted", BURSTS, "total.eq(total + room)", "total.eq(total + 1)"),
    Mutation(
        "slots are not cleared",
        BURSTS,
        "                    slots.write.eq(1),\n                    self.push",
        "                    self.push",
    ),
    Mutation(
        "last slot is not cleared",
        BURSTS,
        "m.If(slot == BURST_SLOTS - 1)",
        "m.If(slot == BURST_SLOTS - 2)",
    ),
    Mutation(
        "place of the last spike free at once",
        BURSTS,
        "finishing.eq(taken)",
        "finishing.eq(taken | (self.head.valid & self.head.ready))",
    ),
    Mutation("quick ticks starve the queue", BURSTS, "due.any() & ~found", "due.any()"),
    Mutation(
        "queue that was off for a moment is not emptied",
        BURSTS,
        "~self.enable | stale",
        "~self.enable",
    ),
    Mutation(
        "head after a disabled queue",
        BURSTS,
        "m.d.sync += [slot.eq(0), loaded.eq(0)]",
        "m.d.sync += slot.eq(0)",
    ),
    # Serializer.
    Mutation(
        "lanes in descending order", ODIN_SERIALIZER, "in reversed(range(lanes))", "in range(lanes)"
    ),
    Mutation(
        "word dropped when the output stalls",
        ODIN_SERIALIZER,
        "(~self.output.valid | self.output.ready) & ~burst_left",
        "~burst_left",
    ),
    Mutation(
        "spike does not wait for its burst",
        ODIN_SERIALIZER,
        "self.output.ready) & ~burst_left)",
        "self.output.ready))",
    ),
    Mutation(
        "pushed in open loop",
        ODIN_SERIALIZER,
        "has_spike & ~self.open_loop & done",
        "has_spike & done",
    ),
    Mutation(
        "pushed again while stalled",
        ODIN_SERIALIZER,
        "has_spike & ~self.open_loop & done",
        "has_spike & ~self.open_loop",
    ),
    Mutation(
        "words of spikes in monitor mode",
        ODIN_SERIALIZER,
        "~self.output_source & standard & ~burst_left",
        "~self.output_source & ~burst_left",
    ),
    Mutation(
        "report in monitor mode",
        ODIN_SERIALIZER,
        "self.output_source & standard),",
        "self.output_source),",
    ),
    Mutation(
        "report whatever the output source",
        ODIN_SERIALIZER,
        "response.last & self.output_source & standard",
        "response.last & standard",
    ),
    Mutation(
        "virtual event is reported", ODIN_SERIALIZER, "self.spike & response.last", "response.last"
    ),
    Mutation(
        "event bit from any spike event",
        ODIN_SERIALIZER,
        "self.spike & (self.source == self.monitored_neuron)",
        "self.spike",
    ),
    Mutation(
        "event bit from the first lane",
        ODIN_SERIALIZER,
        "response.fires.bit_select(self.monitored_neuron[:lane_bits], 1)",
        "response.fires[0]",
    ),
    Mutation(
        "low bits of a wide weight are shown", ODIN_SERIALIZER, "weight[-3:] if", "weight[:3] if"
    ),
    Mutation(
        "neuron's packets exchanged",
        ODIN_SERIALIZER,
        "        with m.Elif(flags):\n            shown",
        "        with m.Elif(flags & ~potential):\n            shown",
    ),
    Mutation(
        "synapse shown whatever the mode",
        ODIN_SERIALIZER,
        "self.monitor_enable & response.synapse_shown",
        "response.synapse_shown",
    ),
    Mutation(
        "burst while the queue is off",
        ODIN_SERIALIZER,
        "~stored & self.bursts_enabled & self",
        "~stored & self",
    ),
    Mutation(
        "burst stored again and again",
        ODIN_SERIALIZER,
        "m.d.sync += stored.eq(1)",
        "m.d.sync += stored.eq(0)",
    ),
    Mutation("burst of the first lane", ODIN_SERIALIZER, "bursts[lane].spikes", "bursts[0].spikes"),
    Mutation(
        "interval of the first lane", ODIN_SERIALIZER, "bursts[lane].interval", "bursts[0].interval"
    ),
)

#: Of ReckOn.
RECKON = (
    # Neuron.
    Mutation(
        "rounds up above the random number only", LEAK_UNIT, "cropped >= self", "cropped > self"
    ),
    Mutation("rounds zero up", LEAK_UNIT, " & kept.any()", ""),
    Mutation(
        "alpha's select bit the other way round",
        LEAK_UNIT,
        "Cat(alpha, ~select)",
        "Cat(alpha, select)",
    ),
    Mutation("fires above the threshold only", LEAK_UNIT, ">= self.threshold", "> self.threshold"),
    Mutation(
        "reset to zero without a spike",
        LEAK_UNIT,
        "self.spike & self.reset_to_zero",
        "self.reset_to_zero",
    ),
    Mutation(
        "overflow regards the noise",
        LEAK_UNIT,
        "self.inhibits.eq(event[-1])",
        "self.inhibits.eq(self.increment[-1])",
    ),
    Mutation("sum wraps", LEAK_UNIT, "(after != before)", "0"),
    Mutation(
        "output potential wraps",
        "hdl/arithmetic.py",
        "Mux(fits, value[:bits], limit)",
        "value[:bits]",
    ),
    # LEAK.
    Mutation(
        "factor 1 is rounded", LEAK_PHASE, "self.round & (factor != 1 << fraction)", "self.round"
    ),
    Mutation("nothing is put aside for LEARN", LEAK_PHASE, "keep.eq(~partial)", "keep.eq(0)"),
    Mutation(
        "potential draws with alpha 1",
        LEAK_PHASE,
        "self.stochastic_rounding & (alpha != 1 << ALPHA_FRACTION)",
        "self.stochastic_rounding",
    ),
    Mutation(
        "traces do not draw with alpha 1",
        LEAK_PHASE,
        "self.draw_traces.eq(self.stochastic_rounding)",
        "self.draw_traces.eq(self.draw_potential)",
    ),
    Mutation(
        "last word of an even V leaks",
        LEAK_PHASE,
        "last & (self.last_index[:shift] != lanes - 1) if shift else 0",
        "0",
    ),
    Mutation(
        "spikes of a row are not collected",
        LEAK_PHASE,
        "collected.eq(Mux(self.write, 0, row))",
        "collected.eq(0)",
    ),
    Mutation(
        "last row of spikes is not written",
        LEAK_PHASE,
        "(position == per_row - 1) | last",
        "(position == per_row - 1)",
    ),
    # PROPAGATE.
    Mutation("trace wraps", PROPAGATE, "Mux(total > top, top, total)", "total"),
    Mutation(
        "input adds half to its trace",
        PROPAGATE,
        "INPUT_STEP = RECURRENT_STEP = 8",
        "INPUT_STEP = RECURRENT_STEP = 4",
    ),
    Mutation("output trace gets too much", PROPAGATE, "OUTPUT_STEP = 2", "OUTPUT_STEP = 4"),
    Mutation(
        "flags beyond N propagate",
        PROPAGATE,
        "last_row & (source_bit > self.last_index[:row_shift])",
        "0",
    ),
    Mutation(
        "traces without learning", PROPAGATE, "self.learn | self.force_traces.replicate(3)", "7"
    ),
    Mutation(
        "no supplementary update",
        PROPAGATE,
        "~supplement & traced & (source > self.last_neuron)",
        "0",
    ),
    Mutation(
        "supplementary update for the last neuron",
        PROPAGATE,
        "source > self.last_neuron",
        "source >= self.last_neuron",
    ),
    Mutation(
        "supplementary update clears potentials",
        PROPAGATE,
        "self.neurons.stale.eq(supplement)",
        "self.neurons.stale.eq(0)",
    ),
    Mutation(
        "supplementary update regards the neuron's spike",
        PROPAGATE,
        "by_neuron = ~supplement & from_neuron",
        "by_neuron = from_neuron",
    ),
    Mutation(
        "recurrent trace accumulates with the output weights",
        PROPAGATE,
        "by_neuron & accumulate[1]",
        "by_neuron & accumulate[2]",
    ),
    Mutation(
        "outputs are added to in input events too",
        PROPAGATE,
        "~from_neuron | (beat == config.output_beats)",
        "(beat == config.output_beats)",
    ),
    Mutation("noise is not shifted", PROPAGATE, "noise >> self.noise_shift", "noise"),
    # Flags, items, alpha.
    Mutation(
        "a row keeps its flags when cleared",
        FLAG_ROWS,
        "Mux(known, memory.read_data, 0)",
        "memory.read_data",
    ),
    Mutation(
        "spike of a step waits for the next",
        ITEMS,
        "bank.eq(waiting)",
        "bank.eq(~waiting)",
    ),
    Mutation("spike takes its row's others away", ITEMS, "0, rows.read_flags)", "0, 0)"),
    Mutation(
        "spike of the highest index is lost",
        ITEMS,
        "item.address > self.last_index",
        "item.address >= self.last_index",
    ),
    Mutation(
        "label of IDLE counts as received",
        ITEMS,
        "self.received.eq(0)",
        "self.received.eq(self.received)",
    ),
    Mutation(
        "target counter is kept",
        ITEMS,
        "with m.If(self.left | self.idle):",
        "with m.If(self.idle):",
    ),
    Mutation(
        "regression waits for one byte only",
        ITEMS,
        "count == Cat(1, self.last_output)",
        "count == Cat(0, self.last_output)",
    ),
    Mutation(
        "alpha bits are cleared by a write to the other half",
        ALPHA,
        "Cat(half, register)",
        "Cat(half & 0, register)",
    ),
    Mutation(
        "alpha bit of another word",
        ALPHA,
        "m.d.sync += bit.eq(self.word)",
        "m.d.sync += bit.eq(self.word >> 1)",
    ),
    # Outputs.
    Mutation("winner is the last of equals", OUTPUTS, "(leaked > best)", "(leaked >= best)"),
    Mutation("label is the last of equals", OUTPUTS, "(value > best)", "(value >= best)"),
    Mutation(
        "outputs above O draw nothing",
        OUTPUTS,
        "self.draw.eq(third & rounds)",
        "self.draw.eq(third & rounds & (third_index <= self.last_output))",
    ),
    Mutation("outputs above O leak", OUTPUTS, "mine & used", "mine"),
    Mutation("outputs above O are driven", OUTPUTS, "self.add & used", "self.add"),
    # SEND and ticks.
    Mutation(
        "label is sent in regression", SEND, "Mux(self.regression, 0, self.label)", "self.label"
    ),
    Mutation(
        "high byte first",
        SEND,
        "Mux(high, self.potential[8:], self.potential[:8])",
        "Mux(high, self.potential[:8], self.potential[8:])",
    ),
    Mutation("early tick is no error", STEP, "self.error.eq(1)", "self.error.eq(0)"),
    Mutation("errors halt always", STEP, "self.halted.eq(self.halt_on_error)", "self.halted.eq(1)"),
    Mutation("local ticks start in IDLE", STEP, "local.eq(~self.idle & (", "local.eq(("),
    # Learning circuits.
    Mutation("sigmoid has no upper limit", EPROP, "sigmoid.eq(full)", "sigmoid.eq(0)"),
    Mutation("segments the other way round", EPROP, "in reversed(range(4))", "in range(4)"),
    Mutation(
        "drive clamp sees the sign", EPROP, "~below & self.product[31]", "~below & self.product[-1]"
    ),
    Mutation(
        "cut numbers become the greatest",
        EPROP,
        "Mux(self.cut, 0, ~(full >> self.left))",
        "~(full >> self.left)",
    ),
    Mutation(
        "update above the random number only",
        EPROP,
        "self.scaled >= self.random",
        "self.scaled > self.random",
    ),
    Mutation("no certain update", EPROP, "self.certain | (self.scaled", "(self.scaled"),
    # LEARN.
    Mutation(
        "gated by the neurons' own flags never",
        LEARN,
        "self.neurons.first.eq(1)",
        "self.neurons.first.eq(0)",
    ),
    Mutation(
        "always-on regularisation without its bit",
        LEARN,
        "always & values.regul_weights[number]",
        "always",
    ),
    Mutation(
        "levels of the group before count",
        LEARN,
        "m.d.sync += [group.eq(group + 1), second.eq(0), any_level.eq(0)]",
        "m.d.sync += [group.eq(group + 1), second.eq(0)]",
    ),
    Mutation("words past N are read", LEARN, " & (wanted <= self.last_index)", ""),
    Mutation(
        "words are read without target", LEARN, "self.target_valid & first_lane &", "first_lane &"
    ),
    Mutation(
        "multiplicative mode needs its kind's bit",
        LEARN,
        "values.regul_mode[0] & values.regul_weights.any()",
        "values.regul_mode[0] & values.regul_weights[0]",
    ),
    Mutation("a neuron's weight to itself learns", LEARN, "(neuron == third.pre)", "0"),
    Mutation(
        "what strengthens is not weakened",
        LEARN,
        "Mux(strengthens, weakened, third.derivative << 4)",
        "third.derivative << 4",
    ),
    # Random generators.
    Mutation(
        "generator steps once",
        LFSR,
        "following = Cat(window, self.value)[-b:]",
        "following = Cat(window, self.value)[1 : b + 1]",
    ),
    Mutation("seed bits in another order", LFSR, "seed[i] ^ seed[b + i - a]", "seed[i]"),
    # Core.
    Mutation(
        "learning goes on without its register",
        SEQUENCER,
        "values.learn.any() & (target_valid",
        "(target_valid",
    ),
    Mutation(
        "label is asked for in every step",
        SEQUENCER,
        "values.single_label & targets.received",
        "0",
    ),
    Mutation(
        "spikes of neurons stay",
        CONNECTIONS,
        "leak.write | propagate.flags_seen | phases.clear",
        "leak.write | phases.clear",
    ),
    Mutation(
        "V leaves the outputs out",
        RECKON_CORE,
        "last_leak.eq(Mux(values.last_output > last_index, values.last_output, last_index))",
        "last_leak.eq(last_index)",
    ),
    Mutation(
        "regression counts winners",
        CONNECTIONS,
        "Mux(values.regression, 0, outputs.winner)",
        "outputs.winner",
    ),
)

MUTATIONS = {"tinyodin": TINYODIN, "odin": ODIN, "reckon": RECKON}

#: Configurations differ in what they show, so all are tried, each with one seed, up to a failure.
_VERIFY = """
import sys
from pathlib import Path
import spikewright.hdl, spikewright.sim
from spikewright.sim.verify import verify
for package in (spikewright.hdl, spikewright.sim):
    assert Path(package.__file__).is_relative_to(Path.cwd()), package.__file__
for seed in range({first}, {end}):
    (result,) = verify({core!r}, seeds=1, first_seed=seed, parameters={parameters}, shell={shell!r})
    if not result.replay.ok:
        print(f"seed {{seed}}, {{result.replay.difference['kind']}}")
        sys.exit(1)
"""


def _verify(core: str, end: int, shell: str, first: int = 0, **parameters: int) -> list[str]:
    program = _VERIFY.format(core=core, first=first, end=end, shell=shell, parameters=parameters)
    return [sys.executable, "-W", "ignore", "-c", program]


def _tests(*paths: str) -> list[str]:
    options = ["-q", "-x", "-m", "not slow", "-W", "ignore", "-k", "not verilator"]
    return [sys.executable, "-m", "pytest", *options, *paths]


def _replay(core: str, names: tuple[str, ...], *parameters: str) -> list[str]:
    paths = [str(path) for name in names for path in sorted((GOLDEN / core).glob(f"{name}*.gz"))]
    main = "from spikewright.cli.main import run; run()"
    options = [word for parameter in parameters for word in ("-p", parameter)]
    return [sys.executable, "-W", "ignore", "-c", main, "replay", *paths, "--on", "rtl", *options]


#: Checks of each core by name, quickest first: command lines, run in the copy.
CHECKS = {
    "tinyodin": {
        "verify native": _verify("tinyodin", 13, "native"),
        "verify pins": _verify("tinyodin", 8, "pins", neurons=16, lanes=2, neuron_memory_ports=1),
        "tests/sim/test_rtl.py": _tests("tests/sim/test_rtl.py"),
    },
    "odin": {
        "verify, 1 lane": _verify("odin", 13, "native", lanes=1, neuron_memory_ports=1),
        "verify, 2 lanes": _verify("odin", 26, "native", first=13, lanes=2, neuron_memory_ports=2),
        "verify, 8 lanes": _verify("odin", 2, "native", neurons=32, lanes=8),
        "tests/hdl/odin/test_core.py": _tests("tests/hdl/odin/test_core.py"),
    },
    "reckon": {
        "verify, 4 lanes": _verify("reckon", 8, "native", lanes=4),
        "verify, 1 lane": _verify("reckon", 14, "native", first=8, lanes=1),
        "tests/hdl/reckon/test_core.py": _tests("tests/hdl/reckon/test_core.py"),
    },
}
#: Tests of a block by itself, run first on its mutations.
BLOCK_TESTS = {
    ("odin", file): f"tests/hdl/{test}.py"
    for file, test in (
        (BURSTS, "odin/test_burst_queue"),
        (ODIN_SCHEDULER, "odin/test_scheduler"),
        (ODIN_SERIALIZER, "odin/test_spike_serializer"),
        (SDSP, "plasticity/test_sdsp"),
    )
} | {
    ("reckon", file): f"tests/hdl/{test}.py"
    for file, test in (
        (LEAK_UNIT, "neuron/test_leaky_integrator"),
        (EPROP, "plasticity/test_eprop"),
        (LFSR, "random/test_lfsr"),
        (LEAK_PHASE, "reckon/test_leak"),
        (STEP, "reckon/test_time_step"),
    )
}
#: And those that take longer than a core needs to show most mutations, run last.
SLOWER_BLOCK_TESTS = {
    ("odin", file): "tests/hdl/neuron/test_izhikevich.py"
    for file in (IZHIKEVICH, UPDATE, SDSP, LIF)
}
if GOLDEN.is_dir():
    small = ("size-16", "size-64", "closed-loop", "event-codes", "overflow", "queued-input")
    CHECKS["tinyodin"]["golden traces"] = _replay("tinyodin", small)
    CHECKS["tinyodin"]["golden traces, 8 lanes"] = _replay(
        "tinyodin", small, "lanes=8", "neuron_memory_ports=2"
    )
    CHECKS["odin"]["golden traces"] = _replay("odin", ("",))
    CHECKS["reckon"]["golden traces"] = _replay("reckon", ("size-", "regularisation"), "lanes=4")


def _copy(folder: Path) -> None:
    """Copy what is needed, so that `spikewright` is found there when Python runs in the folder."""
    # Folders behind links are copied as folders.
    shutil.copytree(
        REPOSITORY / "src/spikewright",
        folder / "spikewright",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(REPOSITORY / "tests", folder / "tests")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)


def _run(command: list[str], folder: Path) -> str | None:
    """Run a check; return None if it passes, else a few words."""
    # Found before the installed package.
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return "does not end"
    if result.returncode == 0:
        return None
    lines = (result.stdout.strip() or result.stderr.strip()).splitlines()
    failed = [line.split(" - ")[0] for line in lines if line.startswith("FAILED")]
    return (failed or lines or ["failed"])[-1].removeprefix("FAILED ").strip()


def try_mutation(core: str, mutation: Mutation | None, every: bool) -> dict[str, str]:
    """Run a core's checks on a mutation, None standing for the code as it is; return what failed."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        _copy(folder)
        if mutation is not None:
            path = folder / "spikewright" / mutation.file
            path.write_text(path.read_text().replace(mutation.old, mutation.new))
        failed = {}
        place = (core, mutation and mutation.file)
        checks = dict(CHECKS[core])
        if place in BLOCK_TESTS:
            checks = {BLOCK_TESTS[place]: _tests(BLOCK_TESTS[place]), **checks}
        if place in SLOWER_BLOCK_TESTS:
            checks[SLOWER_BLOCK_TESTS[place]] = _tests(SLOWER_BLOCK_TESTS[place])
        for check, command in checks.items():
            found = _run(command, folder)
            if found is not None:
                failed[check] = found
                if not every:
                    break
    return failed


def main() -> int:
    """Print which check notices which mutation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", choices=sorted(MUTATIONS), help="mutations of this core")
    parser.add_argument("--only", default="", help="mutations with this in what they are about")
    parser.add_argument("--all", action="store_true", help="run all checks on each")
    parser.add_argument("--list", action="store_true", help="print the mutations")
    parser.add_argument("--jobs", type=int, default=1, help="mutations at the same time")
    arguments = parser.parse_args()
    chosen = [
        (core, item)
        for core, mutations in MUTATIONS.items()
        for item in mutations
        if arguments.core in (None, core) and arguments.only in f"{item.file}: {item.about}"
    ]
    for _, mutation in chosen:
        text = (REPOSITORY / mutation.file).read_text()
        if text.count(mutation.old) != 1:
            raise SystemExit(
                f"{mutation.file}: {mutation.old!r} occurs {text.count(mutation.old)} times"
            )
    if arguments.list:
        for core, mutation in chosen:
            print(f"{core}: {mutation.file}: {mutation.about}")
        return 0

    for core in dict.fromkeys(core for core, _ in chosen):
        if not arguments.only and try_mutation(core, None, every=True):
            raise SystemExit(f"{core}: the checks fail without any mutation")
    missed = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda item: try_mutation(*item, arguments.all), chosen)
        for (core, mutation), failed in zip(chosen, results, strict=True):
            own = [check for check in failed if not check.startswith("golden")]
            ok = bool(own) or (mutation.same and not failed)
            missed += not ok
            found = "; ".join(f"{check} ({words})" for check, words in failed.items())
            if not failed:
                found = f"same behaviour: {mutation.same}" if mutation.same else "NOT NOTICED"
            print(
                f"{'ok  ' if ok else 'MISS'} | {core} | {mutation.file} | {mutation.about} | {found}",
                flush=True,
            )
    print(f"{len(chosen)} mutations, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
