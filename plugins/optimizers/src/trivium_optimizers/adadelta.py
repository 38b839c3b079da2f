"""Adadelta."""

from typing import ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Optimizer

from .decay import decayed


@define
class Adadelta(Optimizer):
    """Steps as long as recent steps were, relative to recent gradients (Zeiler, 2012, arXiv:1212.5701).

    decay:   of both running means (PyTorch, TensorFlow: rho; Caffe: its momentum)
    epsilon: inside both roots, in all three families
    """

    hyper: ClassVar = ("learning_rate", "decay", "epsilon", "weight_decay")

    learning_rate: float = 1.0
    decay: float = field(default=0.9, kw_only=True)
    epsilon: float = field(default=1e-6, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls()
        yield cls(0.5, decay=0.95, epsilon=1e-3, weight_decay=0.05)

    def slots(self):
        return {"square": 0.0, "step": 0.0}

    def update(self, value, gradient, state, *, learning_rate, decay, epsilon, weight_decay):
        g = decayed(gradient, value, weight_decay)
        square = decay * state["square"] + (1.0 - decay) * (g * g)
        step = ops.sqrt(state["step"] + epsilon) / ops.sqrt(square + epsilon) * g
        mean_step = decay * state["step"] + (1.0 - decay) * (step * step)
        return value - learning_rate * step, {"square": square, "step": mean_step}
