"""attrs: a slotted class is made twice; what is registered or prepared is the class that remains."""

import numpy as np
import pytest
from attrs import define, field

from trivium import registry
from trivium.errors import TriviumError
from trivium.layer import Layer, ParamSpec
from trivium.op import op
from trivium.tensor import Tensor


def scale_layer(**traits):
    @define(**traits)
    class Scale(Layer):
        """x times a number that is learnt."""

        start: str = field(default="ones", kw_only=True)

        def parameters(self, x):
            return {"factor": ParamSpec((), self.start)}

        def forward(self, x, *, factor):
            return x * factor

    return Scale


@pytest.mark.parametrize("slots", [False, True])
def test_a_layer_learns_what_it_asks_for_slotted_or_not(slots):
    layer = scale_layer(slots=slots)()

    assert type(layer).asks_for == ("factor",)
    assert layer(Tensor.of(np.ones(2, np.float32))).numpy().tolist() == [1, 1]
    assert layer.factor.item() == 1


def test_a_layer_is_prepared_once_as_the_class_that_remains(monkeypatch):
    prepared = []
    prepare = Layer.__attrs_init_subclass__.__func__
    monkeypatch.setattr(Layer, "__attrs_init_subclass__", classmethod(lambda cls: (prepared.append(cls), prepare(cls))))

    made = scale_layer(slots=True)

    assert prepared == [made]


def test_the_class_that_is_registered_is_the_one_that_remains():
    with registry.temporary():
        registry.register_layer(scale_layer(slots=True), name="Scaled")
        found = registry.find_layer("Scaled")

        assert isinstance(found(), found)
        assert [cls for cls in Layer.__subclasses__() if cls is found] == [found]


def test_an_op_that_is_defined_twice_is_refused():
    def relu(x):
        return x

    with pytest.raises(TriviumError, match=r"op 'relu' of .* is defined already, by trivium\.ops\.elementwise"):
        op(relu)
