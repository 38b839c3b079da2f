"""Averaged gradient descent."""

from typing import ClassVar

from trivium.registry import find_optimizer, find_schedule

from .optimizer import Optimizer, known_flags


class ASGD(Optimizer):
    """Gradient descent that also keeps a mean of the values it went through (Polyak & Juditsky, 1992).

    The mean, `state[p]["ax"]`, begins after t0 steps; p is left where the descent is.
    """

    slots: ClassVar = {"mean": "ax"}

    def __init__(self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0.0, *, maximize=False, **flags):
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "maximize": maximize,
                **known_flags(flags),
            },
        )

    def rule(self, group, is_first):
        return find_optimizer("ASGD")(group["lr"])

    def hyper(self, group, step):
        lr, shrinkage = group["lr"], group["lambd"]
        return {
            "learning_rate": find_schedule("inverse")(lr, step - 1, factor=shrinkage * lr, power=group["alpha"]),
            "shrinkage": shrinkage,
            "averaging": 1.0 / max(1.0, step - 1 - group["t0"]),
            "weight_decay": group["weight_decay"],
        }
