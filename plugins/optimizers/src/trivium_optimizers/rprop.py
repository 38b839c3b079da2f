"""Rprop."""

from attrs import define, field

from trivium import ops
from trivium.optimizer import Optimizer


@define
class Rprop(Optimizer):
    """Steps of each element's own size, which grows while its gradient keeps its sign (Riedmiller & Braun, 1993).

    learning_rate:     the first size
    shrink, grow:      factors of the size when the sign changes, and when it stays
    smallest, largest: limits of the size
    """

    learning_rate: float = 0.01
    shrink: float = field(default=0.5, kw_only=True)
    grow: float = field(default=1.2, kw_only=True)
    smallest: float = field(default=1e-6, kw_only=True)
    largest: float = field(default=50.0, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls()
        yield cls(0.2, shrink=0.3, grow=1.5, smallest=0.1, largest=0.25)

    def slots(self):
        return {"gradient": 0.0, "size": self.learning_rate}

    def update(self, value, gradient, state, *, learning_rate):
        turn, size = gradient * state["gradient"], state["size"]
        has_turned = turn < 0.0
        size = ops.where(turn > 0.0, size * self.grow, ops.where(has_turned, size * self.shrink, size))
        size = ops.clip(size, self.smallest, self.largest)
        g = ops.where(has_turned, 0.0, gradient)
        value = ops.where(g > 0.0, value - size, ops.where(g < 0.0, value + size, value))
        return value, {"gradient": g, "size": size}
