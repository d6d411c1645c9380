"""Registers whose initial value nobody looks at, marked for synthesis."""

__all__ = ["INITIAL_VALUE_UNUSED"]

#: Attributes of a register that is always written before it is read. What a part gives such a
#: register at configuration does not matter, so synthesis may put it where no initial value can be
#: had, like the registers inside a multiplier of an iCE40. See `boards/icebreaker.py`.
INITIAL_VALUE_UNUSED = {"initial_value_unused": 1}
