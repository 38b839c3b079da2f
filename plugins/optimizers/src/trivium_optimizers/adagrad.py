"""Adagrad."""

from typing import ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Optimizer

from .decay import decayed


@define
class Adagrad(Optimizer):
    """Steps divided by the root of all squared gradients so far (Duchi, Hazan & Singer, 2011).

    epsilon: added to the root (PyTorch: 1e-10, Caffe: its delta); TensorFlow adds none
    start:   what the sum of squares starts at: 0 (PyTorch, Caffe), 0.1 (TensorFlow)
    """

    hyper: ClassVar = ("learning_rate", "epsilon", "weight_decay")

    learning_rate: float = 0.01
    epsilon: float = field(default=1e-10, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    start: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, epsilon=1e-3, weight_decay=0.05)
        yield cls(0.1, epsilon=0.0, start=0.1)

    def slots(self):
        return {"sum": self.start}

    def update(self, value, gradient, state, *, learning_rate, epsilon, weight_decay):
        g = decayed(gradient, value, weight_decay)
        total = state["sum"] + g * g
        return value - learning_rate * (g / (ops.sqrt(total) + epsilon)), {"sum": total}
