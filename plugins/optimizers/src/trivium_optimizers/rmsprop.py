"""RMSprop."""

from typing import ClassVar

from attrs import define, field

from trivium import ops
from trivium.errors import ConfigError
from trivium.optimizer import Optimizer

from .decay import decayed

PLACES = ("outside", "inside")


@define
class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradient (Tieleman & Hinton, 2012).

    centered: the variance of the gradient instead of its mean square (Graves, 2013, arXiv:1308.0850)
    epsilon_place: "outside" the root, added to it (PyTorch, Caffe), or "inside" (TensorFlow)
    rate:     "outside" the momentum (PyTorch) or "inside" (TensorFlow), as in SGD
    start:    what the mean square starts at: 0 (PyTorch, Caffe), 1 (TensorFlow)
    """

    hyper: ClassVar = ("learning_rate", "decay", "momentum", "epsilon", "weight_decay")

    learning_rate: float = 0.01
    decay: float = field(default=0.99, kw_only=True)
    momentum: float = field(default=0.0, kw_only=True)
    epsilon: float = field(default=1e-8, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    centered: bool = field(default=False, kw_only=True)
    epsilon_place: str = field(default="outside", kw_only=True)
    rate: str = field(default="outside", kw_only=True)
    start: float = field(default=0.0, kw_only=True)

    def __attrs_post_init__(self):
        for name in ("epsilon_place", "rate"):
            if getattr(self, name) not in PLACES:
                raise ConfigError(f"RMSprop: {name} is {getattr(self, name)!r}; it may be {' or '.join(PLACES)}")

    @classmethod
    def samples(cls):
        yield cls(0.05)
        yield cls(momentum=0.9, weight_decay=0.05)
        yield cls(momentum=0.9, centered=True)
        yield cls(decay=0.9, epsilon=1e-10, epsilon_place="inside", rate="inside", start=1.0)
        yield cls(decay=0.9, momentum=0.5, epsilon=1e-10, epsilon_place="inside", rate="inside", start=1.0)
        yield cls(decay=0.9, epsilon=1e-3, epsilon_place="inside", rate="inside", start=1.0, centered=True)

    def slots(self):
        is_plain = isinstance(self.momentum, (int, float)) and self.momentum == 0.0
        return {
            "square": self.start,
            **({"mean": 0.0} if self.centered else {}),
            **({} if is_plain else {"velocity": 0.0}),
        }

    def update(self, value, gradient, state, *, learning_rate, decay, momentum, epsilon, weight_decay):
        g = decayed(gradient, value, weight_decay)
        after = {"square": decay * state["square"] + (1.0 - decay) * (g * g)}
        spread = after["square"]
        if self.centered:
            after["mean"] = decay * state["mean"] + (1.0 - decay) * g
            spread = spread - after["mean"] * after["mean"]
        inside = self.epsilon_place == "inside"
        step = g / (ops.sqrt(spread + epsilon) if inside else ops.sqrt(spread) + epsilon)
        if "velocity" not in state:
            return value - learning_rate * step, after
        if self.rate == "inside":
            after["velocity"] = momentum * state["velocity"] + learning_rate * step
            return value - after["velocity"], after
        after["velocity"] = momentum * state["velocity"] + step
        return value - learning_rate * after["velocity"], after
