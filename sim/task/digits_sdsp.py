"""Small handwritten digits on ODIN: ten neurons learn 64 pixels on chip, in one pass.

The same way of learning as `mnist_sdsp`, on the 1797 images of scikit-learn: small and quick enough
for tests, for hardware simulation and for a first try.
"""

import numpy as np

from ..device import Device
from . import digits
from .result import Progress, TaskResult
from .sdsp import Samples, Settings, encode, learn_and_test

__all__ = ["LEVEL", "PIXELS", "SETTINGS", "load_data", "perform"]

PIXELS = digits.PIXELS

#: Grey level, of 0 to 16, from which on a pixel spikes.
LEVEL = 8

#: How the classes learn.
SETTINGS = Settings(
    threshold=128,
    learning_threshold=53,
    initial_weight=3,
    lift_weight=1,
    learning_events=(16, 1),
    margin=(26, 0),
)


def load_data() -> tuple[Samples, Samples]:
    """Return the halves for training (898 images) and for testing (899), as `digits.load_data`."""
    training, test = digits.load_data()
    return (
        encode(training.images, training.labels, LEVEL),
        encode(test.images, test.labels, LEVEL),
    )


def perform(
    device: Device,
    *,
    samples: int | None = None,
    training: int | None = None,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
) -> TaskResult:
    """Do the whole task: learn one half on the device, test the other.

    Parameters
    ----------
    device : Device
        A device of an ODIN core with 64 neurons or more.
    samples : int, optional
        Only the first images of the test half.
    training : int, optional
        Only the first images of the training half.
    keep_plot_data : bool
        Keep what `save_plot` of `sdsp_plot` draws.
    progress : callable, optional
        Called after each image with the number of images done, training and test, and the total.

    Raises
    ------
    InputError
        If the core cannot do the task.
    """
    learnt, tested = load_data()
    return learn_and_test(
        device,
        "digits-sdsp",
        SETTINGS,
        PIXELS,
        learnt[:training],
        tested[:samples],
        keep_plot_data=keep_plot_data,
        progress=progress,
    )


def main() -> None:
    """Print what choices were made by: cross-validation in four parts of the training half."""
    from ...hdl.odin.config import OdinConfig
    from ..model import open_model

    training, _ = load_data()
    parts = np.array_split(np.arange(len(training)), 4)
    right = 0
    for part in parts:
        inside = np.isin(np.arange(len(training)), part)
        chosen = [
            Samples(
                [training.spikes[index] for index in np.flatnonzero(which)],
                training.labels[which],
            )
            for which in (~inside, inside)
        ]
        result = learn_and_test(
            open_model(OdinConfig(neurons=PIXELS)), "digits-sdsp", SETTINGS, PIXELS, *chosen
        )
        right += result.correct
    print(f"cross-validation {right / len(training):.4f}")


if __name__ == "__main__":
    main()
