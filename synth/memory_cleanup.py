"""What every yosys script does first to memories.

Reading the RTLIL of a core and then `MEMORY_CLEANUP` is the common start of synthesis, netlists,
bitstreams and compiled simulation.
"""

__all__ = ["MEMORY_CLEANUP"]

#: Yosys commands, one a line, for a design just read.
#:
#: A clocked read port and a write port never meet at one address, or what is read is not used (the
#: contract of `Sram`); without this yosys builds bypass logic that returns the old word. A
#: transparent port is left alone: it asks for that logic. The masks have a bit for each write port,
#: of which our memories have one or two.
#:
#: Memories that are written lose their initial contents: Amaranth writes zeros for every memory,
#: and an initialised memory can never become iCE40 SPRAM or an SRAM macro. Read-only memories keep
#: theirs.
MEMORY_CLEANUP = """\
proc
select -set clocked t:$memrd_v2 r:CLK_ENABLE=1 %i
setparam -set COLLISION_X_MASK 1'b1 @clocked r:TRANSPARENCY_MASK=1'b0 %i
setparam -set COLLISION_X_MASK 2'b11 @clocked r:TRANSPARENCY_MASK=2'b00 %i
memory_collect
setparam -set INIT 1'bx t:$mem_v2 r:WR_PORTS>0 %i
"""
