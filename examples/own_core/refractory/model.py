"""The bit-exact model, written from the description of the neuron and not from the hardware."""

import numpy as np

from spikewright.sim.device import Device, word_array

from .config import RefractoryConfig


class RefractoryModel(Device):
    """A core as a `Device`; the memories are zero at first."""

    def __init__(self, config: RefractoryConfig | None = None) -> None:
        super().__init__(config or RefractoryConfig())
        n = self.config.neurons
        self.potential = np.zeros(n, dtype=np.int64)
        self.rest = np.zeros(n, dtype=np.int64)
        self.weights = np.zeros((n, n), dtype=np.int64)  # from the source in the row
        self._reset()

    def _reset(self) -> None:
        self._spikes = 0
        self._output: list[np.ndarray] = []

    def _write_register(self, name: str, value: int) -> None:
        """Registers are looked at when they are needed."""

    def _read_register(self, name: str) -> int:
        return self._spikes & 0xFFFF

    def _load(self, memory: str, words: list[int], at: int) -> None:
        found, part = np.array(words, dtype=np.int64), slice(at, at + len(words))
        if memory == "neurons":
            bits = self.config.potential_bits
            self.potential[part] = _signed(found, bits)
            self.rest[part] = found >> bits
        else:
            self.weights.reshape(-1)[part] = _signed(found, self.config.weight_bits)

    def _dump(self, memory: str, at: int, count: int) -> np.ndarray:
        part = slice(at, at + count)
        if memory == "neurons":
            bits = self.config.potential_bits
            words = self.rest[part] << bits | self.potential[part] & (1 << bits) - 1
        else:
            words = self.weights.reshape(-1)[part] & (1 << self.config.weight_bits) - 1
        return word_array(words.tolist(), self.memories[memory].width)

    def _send(self, stream: str, words: np.ndarray) -> None:
        for word in words.tolist():
            if word >> self.config.address_bits:
                self.potential -= self.potential >> self.register_values["leak"]
                self.rest = np.maximum(self.rest - 1, 0)
            else:
                self._spike(word)

    def _spike(self, source: int) -> None:
        values = self.register_values
        highest = (1 << self.config.potential_bits - 1) - 1
        awake = self.rest == 0
        total = self.potential + self.weights[source]
        # The floor comes first: it may be above the threshold.
        total = np.minimum(np.maximum(total, values["floor"]), highest)
        fires = awake & (total >= values["threshold"])
        self.potential = np.where(awake, np.where(fires, 0, total), self.potential)
        self.rest[fires] = values["rest"]
        self._spikes += int(fires.sum())
        self._output.append(fires.nonzero()[0].astype(np.uint64))

    def _settle(self) -> dict[str, np.ndarray]:
        words = np.concatenate([np.zeros(0, dtype=np.uint64), *self._output])
        self._output = []
        return {"output": words}


def _signed(values: np.ndarray, bits: int) -> np.ndarray:
    half = 1 << bits - 1
    return (values & 2 * half - 1 ^ half) - half
