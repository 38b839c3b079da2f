"""Ftrl."""

from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Optimizer


@define
class Ftrl(Optimizer):
    """Follows the regularized leader, which makes weights exactly 0 (McMahan et al., 2013, "Ad click prediction").

    power: minus the exponent of the accumulator, 0.5 for a root
    l1, l2: strengths of the two regularizations;  shrinkage: of an L2 penalty that joins the gradient
    start: what the accumulator starts at
    """

    hyper: ClassVar = ("learning_rate", "l1", "l2")

    learning_rate: float = 0.01
    l1: float = field(default=0.0, kw_only=True)
    l2: float = field(default=0.0, kw_only=True)
    shrinkage: float = field(default=0.0, kw_only=True)
    power: float = field(default=0.5, kw_only=True)
    start: float = field(default=0.1, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, l1=0.05, l2=0.1)
        yield cls(0.1, l1=0.01, shrinkage=0.1, power=0.7, start=0.5)

    def slots(self):
        return {"accumulator": self.start, "linear": 0.0}

    def update(self, value, gradient, state, *, learning_rate, l1, l2):
        total = state["accumulator"] + gradient * gradient
        before, now = self._raised(state["accumulator"]), self._raised(total)
        g = gradient + 2.0 * self.shrinkage * value if self.shrinkage else gradient
        linear = state["linear"] + g - (now - before) / learning_rate * value
        pull = ops.clip(linear, -l1, l1) - linear
        return pull / (now / learning_rate + 2.0 * l2), {"accumulator": total, "linear": linear}

    def _raised(self, x: Any) -> Any:
        return ops.sqrt(x) if self.power == 0.5 else ops.power(x, self.power)
