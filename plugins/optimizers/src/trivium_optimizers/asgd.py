"""Averaged gradient descent."""

from typing import ClassVar

from attrs import define, field

from trivium.optimizer import Optimizer

from .decay import decayed


@define
class ASGD(Optimizer):
    """Gradient descent whose result is the mean of the values it went through (Polyak & Juditsky, 1992).

    shrinkage: its product with the value joins the step
    averaging: how far the mean moves towards the value: 1 until averaging begins, then 1 / number of values
    """

    hyper: ClassVar = ("learning_rate", "shrinkage", "averaging", "weight_decay")

    learning_rate: float = 0.01
    shrinkage: float = field(default=1e-4, kw_only=True)
    averaging: float = field(default=1.0, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, shrinkage=0.01, averaging=0.25, weight_decay=0.05)

    def slots(self):
        return {"mean": 0.0}

    def update(self, value, gradient, state, *, learning_rate, shrinkage, averaging, weight_decay):
        g = decayed(gradient, value, weight_decay)
        value = value - learning_rate * (shrinkage * value + g)
        return value, {"mean": state["mean"] + averaging * (value - state["mean"])}
