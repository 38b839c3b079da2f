"""Stochastic gradient descent."""

from typing import ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Fused, Optimizer


@define
class SGD(Optimizer):
    """Steps down the gradient, with or without momentum (Polyak, 1964; Nesterov, 1983).

    rate:     "outside" the velocity: velocity = momentum * velocity + gradient, value -= rate * velocity (PyTorch,
              TensorFlow); "inside": velocity = momentum * velocity + rate * gradient, value -= velocity (Caffe).
              They differ once the learning rate changes.
    weight_decay: its product with the value is added to the gradient
    """

    hyper: ClassVar = ("learning_rate", "momentum", "weight_decay")

    learning_rate: float = 0.01
    momentum: float = field(default=0.0, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    rate: str = field(default="outside", kw_only=True)
    nesterov: bool = field(default=False, kw_only=True)
    dampening: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, weight_decay=0.01)
        yield cls(0.1, momentum=0.9, weight_decay=0.01)
        yield cls(0.1, momentum=0.9, rate="inside")
        yield cls(0.1, momentum=0.9, rate="inside", nesterov=True)
        yield cls(0.1, momentum=0.9, nesterov=True)
        yield cls(0.1, momentum=0.5, dampening=0.3)

    def slots(self):
        is_plain = isinstance(self.momentum, (int, float)) and self.momentum == 0.0
        return {} if is_plain else {"velocity": 0.0}

    def fused(self, value, gradient, state, *, learning_rate, momentum, weight_decay):
        if not state:
            return Fused(ops.gradient_descent_update, (value, gradient, learning_rate, weight_decay), {})
        operands = (value, gradient, state["velocity"], learning_rate, momentum, weight_decay)
        settings = {"rate": self.rate, "nesterov": self.nesterov, "dampening": self.dampening}
        return Fused(ops.sgd_update, operands, settings)
