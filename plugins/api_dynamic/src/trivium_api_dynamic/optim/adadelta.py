"""Adadelta."""

from typing import ClassVar

from trivium.registry import find_optimizer

from .optimizer import Optimizer, known_flags


class Adadelta(Optimizer):
    """Steps as long as recent steps were, relative to recent gradients (Zeiler, 2012, arXiv:1212.5701)."""

    slots: ClassVar = {"square": "square_avg", "step": "acc_delta"}

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0, *, maximize=False, **flags):
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                **known_flags(flags),
            },
        )

    def check(self, group):
        super().check(group)
        if not 0.0 <= group["rho"] <= 1.0:
            raise ValueError(f"Invalid rho value: {group['rho']}")

    def rule(self, group, is_first):
        return find_optimizer("Adadelta")(group["lr"])

    def hyper(self, group, step):
        return {
            "learning_rate": group["lr"], "decay": group["rho"], "epsilon": group["eps"],
            "weight_decay": group["weight_decay"],
        }  # fmt: skip
