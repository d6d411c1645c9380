"""The blocks of the ReckOn core: phases, memories, and what serves them."""

from dataclasses import dataclass

from amaranth.hdl import Module, ResetInserter, Signal

from ..interface.register import RegisterMap
from ..interface.register_file import RegisterFile
from ..memory.sram import Sram
from .alpha_select import AlphaSelect
from .config import CHUNK, ReckonConfig
from .flags import ROW
from .input_items import InputItems, Targets
from .leak import LeakPhase
from .learn import LearnPhase
from .neuron_memory import NeuronMemory
from .output_layer import OutputLayer, WinnerCounters
from .propagate import PropagatePhase
from .send import SendPhase
from .time_step import TimeStep
from .weight_memory import WeightMemory

__all__ = ["Blocks", "SharedSignals", "add_blocks"]

#: Registers that are no flip-flops of the register file: seeds go to the random generators, and
#: bits of neuron words to a memory.
_STORED_ELSEWHERE = ("seed_", "alpha_select_")


@dataclass(frozen=True)
class Blocks:
    """Submodules of the core; those that serve learning alone are None without it.

    Attributes
    ----------
    registers : RegisterFile
        Configuration registers.
    time_step : TimeStep
        Ticks.
    leak, propagate, send : Component
        Phases of a time step.
    learn : LearnPhase or None
        The phase that changes weights.
    items : InputItems
        Input spikes and items of target data.
    targets : Targets or None
        Targets of the sample.
    neurons : NeuronMemory
        State of the neurons.
    outputs : OutputLayer
        Output potentials.
    winners : WinnerCounters
        How often each output has been the highest.
    spikes : Sram
        Spikes of the neurons, in rows of flags.
    weights_in, weights_rec, weights_out : WeightMemory
        Weights.
    alpha_select : AlphaSelect
        The top nibble of alpha, a bit for each neuron word.
    """

    registers: RegisterFile
    time_step: TimeStep
    leak: LeakPhase
    propagate: PropagatePhase
    learn: LearnPhase | None
    send: SendPhase
    items: InputItems
    targets: Targets | None
    neurons: NeuronMemory
    outputs: OutputLayer
    winners: WinnerCounters
    spikes: Sram
    weights_in: WeightMemory
    weights_rec: WeightMemory
    weights_out: WeightMemory
    alpha_select: AlphaSelect


@dataclass(frozen=True)
class SharedSignals:
    """What several blocks drive, one at a time.

    Attributes
    ----------
    output_index : Signal
        The output that a host, LEARN or SEND looks at; what it reads is on the way.
    output_value : Signal
        Potential of that output.
    weights_address : Signal
        Slice of input and recurrent weights to read.
    accessing : Signal
        A host has access to a memory.
    """

    output_index: Signal
    output_value: Signal
    weights_address: Signal
    accessing: Signal


def add_blocks(m: Module, config: ReckonConfig, registers: RegisterMap) -> Blocks:
    """Add the blocks of a core to its module.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration.
    registers : RegisterMap
        All registers.
    """
    stored = [r for r in registers if not r.name.startswith(_STORED_ELSEWHERE)]
    m.submodules.registers = register_file = RegisterFile(
        stored, address_bits=16, data_bits=CHUNK, resets=True
    )
    m.submodules.time_step = time_step = TimeStep()
    # A halting error stops whatever is under way.
    phase = ResetInserter(time_step.halted)
    leak = LeakPhase(config)
    propagate = PropagatePhase(config)
    send = SendPhase(config)
    m.submodules.leak = phase(leak)
    m.submodules.propagate = phase(propagate)
    # What is sent stands still for a cycle more, as the payload of a withdrawn word has to
    # (`AerSender`).
    withdrawn = Signal()
    m.d.sync += withdrawn.eq(time_step.halted)
    m.submodules.send = ResetInserter(withdrawn)(send)
    m.submodules.items = items = InputItems(config)
    m.submodules.neurons = neurons = NeuronMemory(config)
    m.submodules.outputs = outputs = OutputLayer(config)
    m.submodules.winners = winners = WinnerCounters(config)
    # A memory has at least two words.
    m.submodules.spikes = spikes = Sram(
        words=max(2, config.neurons // ROW), width=ROW, granularity=ROW, ports=2
    )
    m.submodules.weights_in = weights_in = _weights(config)
    m.submodules.weights_rec = weights_rec = _weights(config)
    m.submodules.weights_out = weights_out = WeightMemory(
        words=config.output_weight_words,
        weights=config.outputs,
        bits=config.weight_bits,
        lanes=config.output_lanes,
    )
    learn = targets = None
    if config.learning:
        learn = LearnPhase(config, register_file.values.shape())
        m.submodules.learn = phase(learn)
        m.submodules.targets = targets = Targets(config)
    m.submodules.alpha_select = alpha_select = AlphaSelect(config)
    return Blocks(
        registers=register_file,
        time_step=time_step,
        leak=leak,
        propagate=propagate,
        learn=learn,
        send=send,
        items=items,
        targets=targets,
        neurons=neurons,
        outputs=outputs,
        winners=winners,
        spikes=spikes,
        weights_in=weights_in,
        weights_rec=weights_rec,
        weights_out=weights_out,
        alpha_select=alpha_select,
    )


def _weights(config: ReckonConfig) -> WeightMemory:
    """Make a memory of input or recurrent weights."""
    return WeightMemory(
        words=config.weight_words,
        weights=config.weight_lanes,
        bits=config.weight_bits,
        lanes=config.lanes,
    )
