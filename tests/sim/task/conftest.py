"""What tests of tasks share."""

import numpy as np
import pytest

from spikewright.sim.model import open_model
from spikewright.sim.rtl import RtlDevice
from spikewright.sim.task.sdsp import Learner


def _learn_alike(config, rtl_config, task, training, test):
    """Learn and test images on the model of a core and on its RTL, compare all; return the
    weights.
    """
    found = []
    for device in (open_model(config), RtlDevice(rtl_config)):
        with device:
            learner = Learner(device, task.PIXELS, task.SETTINGS)
            answers = learner.learn(training)
            weights = learner.weights()
            learner.stop_learning()
            found.append((answers, weights, learner.test(test), learner))
    model, rtl = found
    for expected, got in zip(model[:3], rtl[:3], strict=True):
        assert np.array_equal(expected, got)
    assert model[3].events == rtl[3].events
    for expected, got in zip(model[3].outputs, rtl[3].outputs, strict=True):
        assert np.array_equal(expected, got)
    return model[1]


@pytest.fixture
def learn_alike():
    """Return the function that has model and RTL of ODIN learn the same images."""
    return _learn_alike
