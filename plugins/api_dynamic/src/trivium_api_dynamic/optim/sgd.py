"""Stochastic gradient descent."""

from typing import ClassVar

from trivium.registry import find_optimizer

from .optimizer import Optimizer, known_flags


class SGD(Optimizer):
    """velocity = momentum * velocity + (1 - dampening) * gradient; p -= lr * velocity.

    The velocity starts as the first gradient, without dampening.  weight_decay * p is added to the gradient.
    """

    slots: ClassVar = {"velocity": "momentum_buffer"}

    def __init__(
        self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, *, maximize=False, **flags
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                **known_flags(flags),
            },
        )

    def check(self, group):
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def rule(self, group, is_first):
        return find_optimizer("SGD")(
            group["lr"], momentum=group["momentum"], weight_decay=group["weight_decay"], nesterov=group["nesterov"],
            dampening=0.0 if is_first else group["dampening"],
        )  # fmt: skip

    def hyper(self, group, step):
        return {"learning_rate": group["lr"], "momentum": group["momentum"], "weight_decay": group["weight_decay"]}
