"""Adamax."""

from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Optimizer

from .decay import decayed


@define
class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root mean square (Kingma & Ba, 2015, section 7.1).

    epsilon: added to the size of each gradient (PyTorch), so that nothing is divided by 0
    """

    hyper: ClassVar = ("learning_rate", "beta1", "beta2", "epsilon", "weight_decay", "step")

    learning_rate: float = 0.002
    beta1: float = field(default=0.9, kw_only=True)
    beta2: float = field(default=0.999, kw_only=True)
    epsilon: float = field(default=1e-8, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    step: Any = field(default=None, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, beta1=0.8, beta2=0.99, epsilon=1e-3, weight_decay=0.05)

    def slots(self):
        return {"m": 0.0, "largest": 0.0}

    def update(self, value, gradient, state, *, learning_rate, beta1, beta2, epsilon, weight_decay, step):
        g = decayed(gradient, value, weight_decay)
        m = beta1 * state["m"] + (1.0 - beta1) * g
        largest = ops.maximum(beta2 * state["largest"], ops.absolute(g) + epsilon)
        after = {"m": m, "largest": largest}
        return value - learning_rate * (m / largest) / (1.0 - beta1**step), after
