"""Input events of ODIN, by what they do (specification, section 6)."""

from ..error import InputError
from .config import OdinConfig
from .layout import event_word, virtual_field

__all__ = ["OdinEvents"]


class OdinEvents:
    """Event words of a core of some configuration.

    Raises
    ------
    InputError
        From each method, if a neuron or a weight is out of range.
    """

    #: Type in the low bits of a spike event and of a virtual event; the core does not look at it.
    _SPIKE, _VIRTUAL = 0b111, 0b001

    def __init__(self, config: OdinConfig) -> None:
        self._config = config
        self._layout = event_word(config)
        self._select = 1 << config.low_bits - 1

    def _word(self, low: int, neuron: int) -> int:
        if not 0 <= neuron < self._config.neurons:
            raise InputError(
                f"odin: neuron is {neuron!r}, allowed is 0 to {self._config.neurons - 1}"
            )
        return low << self._layout["low"].offset | int(neuron) << self._layout["high"].offset

    def spike(self, source: int) -> int:
        """Return a spike of a source: it goes to all neurons, and may change its synapses."""
        return self._word(self._SPIKE, source)

    def virtual(self, neuron: int, weight: int, *, inhibitory: bool = False) -> int:
        """Return an input to one neuron past all synapses."""
        field = virtual_field()
        highest = (1 << field["weight"].width) - 1
        # With all bits zero it would be a spike event.
        lowest = 0 if inhibitory else 1
        if not lowest <= weight <= highest:
            raise InputError(
                f"odin: weight of a virtual event is {weight!r}, allowed is {lowest} to {highest}"
            )
        value = int(weight) << field["weight"].offset
        value |= int(inhibitory) << field["inhibitory"].offset
        return self._word(value << self._config.low_bits - field.size | self._VIRTUAL, neuron)

    def tick(self, neuron: int | None = None) -> int:
        """Return a time reference, for one neuron or for all."""
        if neuron is None:
            return self._word(self._select - 1, 0)
        return self._word(2 * self._select - 1, neuron)

    def bistability(self, source: int | None = None) -> int:
        """Return a bistability event, for the synapses of one source or of all."""
        if source is None:
            return self._word(0, 0)
        return self._word(self._select, source)
