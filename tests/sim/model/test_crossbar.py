"""What the models of tinyODIN and ODIN share."""

import pytest

from spikewright.hdl.error import InputError
from spikewright.sim.model.odin import OdinModel
from spikewright.sim.model.tinyodin import TinyOdinModel

models = pytest.mark.parametrize("make", [TinyOdinModel, OdinModel])


@pytest.mark.parametrize(
    ("make", "action", "message"),
    [
        *(
            (make, action, message)
            for make in (TinyOdinModel, OdinModel)
            for action, message in (
                (lambda m: m.configure(gates=1), "odin has no register 'gates'"),
                (lambda m: m.configure(gate=2), "register gate is 2"),
                (lambda m: m.load("neuron", [0]), "odin has no memory 'neuron'"),
                (lambda m: m.load("neurons", [-1]), "allowed are (32|128) bits"),
                (lambda m: m.load("synapses", [1 << 32]), "allowed are 32 bits"),
                (lambda m: m.load("neurons", [0, 0], at=255), "allowed are words 0 to 255"),
                (lambda m: m.dump("neurons", 255, 2), "allowed are words 0 to 255"),
                (lambda m: m.dump("neurons", -1), "allowed are words 0 to 255"),
                (lambda m: m.dump("synapses", 8191, 2), "allowed are words 0 to 8191"),
                (lambda m: m.send([-1]), "not a whole number of 1[07] bits"),
                (lambda m: m.send([0.5]), "not a whole number of 1[07] bits"),
            )
        ),
        (TinyOdinModel, lambda m: m.configure(last_neuron=256), "register last_neuron is 256"),
        (TinyOdinModel, lambda m: m.load("neurons", [1 << 32]), "allowed are 32 bits"),
        (TinyOdinModel, lambda m: m.send([1 << 10]), "not a whole number of 10 bits"),
        (OdinModel, lambda m: m.configure(monitored_neuron=256), "monitored_neuron is 256"),
        (OdinModel, lambda m: m.load("neurons", [1 << 128]), "allowed are 128 bits"),
        (OdinModel, lambda m: m.send([1 << 17]), "not a whole number of 17 bits"),
    ],
)
def test_bad_input(make, action, message):
    model = make()
    model.configure(gate=1)
    with pytest.raises(InputError, match=message) as raised:
        action(model)
    assert str(raised.value).startswith(f"{model.config.core}")
    assert "\n" not in str(raised.value)


@models
@pytest.mark.parametrize("action", [lambda m: m.load("neurons", [0]), lambda m: m.dump("neurons")])
def test_memory_access_needs_the_gate(make, action):
    with pytest.raises(InputError, match="register gate is 0"):
        action(make())


@models
def test_bad_register_leaves_all_registers(make):
    model = make()
    with pytest.raises(InputError):
        model.configure(open_loop=1, gate=2)
    assert model.register_values["open_loop"] == 0
