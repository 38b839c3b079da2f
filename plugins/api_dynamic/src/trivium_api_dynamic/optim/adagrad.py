"""Adagrad."""

from typing import ClassVar

from trivium.registry import find_optimizer, find_schedule

from .optimizer import Optimizer, known_flags


class Adagrad(Optimizer):
    """Steps divided by the root of all squared gradients so far (Duchi, Hazan & Singer, 2011).

    The learning rate of step t, from 1, is lr / (1 + (t - 1) * lr_decay).
    """

    slots: ClassVar = {"sum": "sum"}

    def __init__(
        self, params, lr=1e-2, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10,
        *, maximize=False, **flags,
    ):  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value, "maximize": maximize, **known_flags(flags)
            },
        )  # fmt: skip

    def rule(self, group, is_first):
        return find_optimizer("Adagrad")(group["lr"], start=group["initial_accumulator_value"])

    def hyper(self, group, step):
        rate = find_schedule("inverse")(group["lr"], step - 1, factor=group["lr_decay"])
        return {"learning_rate": rate, "epsilon": group["eps"], "weight_decay": group["weight_decay"]}
