"""The phases of a time step, one after the other (specification, section 8)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal

from .blocks import Blocks
from .config import ReckonConfig

__all__ = ["PhaseSignals", "sequence_phases"]


@dataclass(frozen=True)
class PhaseSignals:
    """Where the core is.

    Attributes
    ----------
    at_rest : Signal
        The core waits for its host, who may have access to memories.
    pending : Signal
        A tick that the core was ready for, whose step has not begun.
    sample_ends : Signal
        The last cycle of a sample.
    propagated : Signal
        All spikes of this step have been propagated.
    clear : Signal
        What a sample leaves behind is being cleared, row by row.
    clear_row : Signal
        The row, counted over the longest of what is cleared.
    """

    at_rest: Signal
    pending: Signal
    sample_ends: Signal
    propagated: Signal
    clear: Signal
    clear_row: Signal


def sequence_phases(
    m: Module,
    config: ReckonConfig,
    blocks: Blocks,
    *,
    accessing: Signal,
    sample: Signal,
    target_valid: Signal,
    infer_accumulate: Signal,
    core_idle: Signal,
    core_ready: Signal,
    configuring: Signal,
    target_request: Signal,
) -> PhaseSignals:
    """Go through the phases of a time step.

    Starts the phases and counts winners; tells `time_step` and `targets` where the core is.

    Parameters
    ----------
    m : Module
        Module of the core.
    config : ReckonConfig
        Configuration.
    blocks : Blocks
        Its blocks.
    accessing : Signal
        Input: a host has access to a memory, which is finished before a step begins.
    sample, target_valid, infer_accumulate : Signal
        Inputs: the core's pins of these names.
    core_idle, core_ready, configuring, target_request : Signal
        Outputs: the core's pins of these names.
    """
    time_step, leak, propagate, send = (
        blocks.time_step,
        blocks.leak,
        blocks.propagate,
        blocks.send,
    )
    learn, targets = blocks.learn, blocks.targets
    values = blocks.registers.values
    #: A tick that the core was ready for, until its step begins.
    stepping = Signal()
    step = Signal()
    at_rest = Signal()
    idle, ready = Signal(), Signal()
    sample_ends = Signal()
    propagated = Signal()
    # What a sample leaves behind is cleared row by row before the next one, and after a reset.
    clear = Signal()
    clear_rows = max(config.neurons // config.fresh_row, config.outputs)
    clear_row = Signal(range(clear_rows))
    pending = Signal()
    m.d.comb += [
        pending.eq(stepping | (time_step.step & ready)),
        time_step.idle.eq(idle & ~stepping),
        time_step.ready.eq(ready & ~stepping),
        step.eq(pending & ~accessing & ~clear),
        core_idle.eq(at_rest & ~accessing & ~pending),
        core_ready.eq(Mux(values.timing_mode, time_step.error, ready & ~stepping)),
    ]
    with m.If(step):
        m.d.sync += stepping.eq(0)
    with m.Elif(time_step.step & ready):
        m.d.sync += stepping.eq(1)

    def after_learning() -> None:
        with m.If(values.send_every_step):
            m.d.comb += send.start.eq(1)
            m.next = "SEND"
        with m.Else():
            m.d.comb += propagate.start.eq(1)
            m.next = "PROPAGATE"

    def after_config() -> None:
        if learn is None or targets is None:
            after_learning()
            return
        with m.If(values.learn.any() & (target_valid | (values.regul_mode[1:3] == 3))):
            with m.If(values.single_label & targets.received):
                m.d.comb += learn.start.eq(1)
                m.next = "LEARN"
            with m.Else():
                m.next = "TARGET"
        with m.Else():
            after_learning()

    @contextmanager
    def at_work(name: str) -> Iterator[None]:
        """State that a halting error ends."""
        with m.State(name):
            yield
            with m.If(time_step.halted):
                m.next = "HALTED"

    with m.FSM(name="phase"):
        with m.State("CLEAR"):
            m.d.comb += [idle.eq(1), ready.eq(1), clear.eq(1)]
            m.d.sync += clear_row.eq(clear_row + 1)
            with m.If(clear_row == clear_rows - 1):
                m.d.sync += clear_row.eq(0)
                m.next = "IDLE"
        with m.State("IDLE"):
            m.d.comb += [idle.eq(1), ready.eq(1), at_rest.eq(1)]
            with m.If(step & sample):
                m.d.comb += propagate.start.eq(1)
                m.next = "PROPAGATE"
        with at_work("PROPAGATE"):
            with m.If(~propagate.busy):
                m.d.comb += propagated.eq(1)
                m.next = "READY"
        with at_work("READY"):
            m.d.comb += [ready.eq(1), at_rest.eq(1)]
            with m.If(step):
                m.d.comb += leak.start.eq(1)
                m.next = "LEAK"
        with at_work("LEAK"):
            with m.If(~leak.busy & ~blocks.outputs.leaking):
                m.next = "DECIDE"
        with at_work("DECIDE"):
            m.d.comb += blocks.winners.count.eq(infer_accumulate)
            m.next = "DECIDED"
        with at_work("DECIDED"):
            with m.If(~sample):
                m.d.comb += send.start.eq(1)
                m.next = "SEND"
            with m.Elif(values.config_mode):
                m.next = "CONFIG"
            with m.Else():
                after_config()
        with at_work("CONFIG"):
            m.d.comb += [at_rest.eq(1), configuring.eq(1)]
            with m.If(~values.config_mode & ~accessing):
                after_config()
        if learn is not None and targets is not None:
            with at_work("TARGET"):
                m.d.comb += [
                    at_rest.eq(1),
                    target_request.eq(values.target_request_monitor),
                ]
                # What completes the targets may come while a memory is accessed.
                complete = Signal()
                with m.If(targets.complete):
                    m.d.sync += complete.eq(1)
                with m.If((complete | targets.complete) & ~accessing):
                    m.d.comb += [learn.start.eq(1), targets.left.eq(1)]
                    m.d.sync += complete.eq(0)
                    m.next = "LEARN"
            with at_work("LEARN"):
                with m.If(~learn.busy):
                    after_learning()
        with at_work("SEND"):
            with m.If(~send.busy):
                with m.If(values.send_every_step & sample):
                    m.d.comb += propagate.start.eq(1)
                    m.next = "PROPAGATE"
                with m.Else():
                    m.d.comb += sample_ends.eq(1)
                    m.next = "CLEAR"
        with m.State("HALTED"):
            m.d.comb += [idle.eq(1), ready.eq(1), at_rest.eq(1)]
    if targets is not None:
        m.d.comb += targets.idle.eq(idle)
    return PhaseSignals(
        at_rest=at_rest,
        pending=pending,
        sample_ends=sample_ends,
        propagated=propagated,
        clear=clear,
        clear_row=clear_row,
    )
