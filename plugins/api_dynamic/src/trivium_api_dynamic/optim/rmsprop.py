"""RMSprop."""

from typing import ClassVar

from trivium.registry import find_optimizer

from .optimizer import Optimizer, known_flags


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of the squared gradient (Tieleman & Hinton, 2012).

    eps is added to the root; with momentum, the learning rate scales the velocity.
    """

    slots: ClassVar = {"square": "square_avg", "mean": "grad_avg", "velocity": "momentum_buffer"}

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0.0,
        momentum=0.0,
        centered=False,
        *,
        maximize=False,
        **flags,
    ):
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
                "weight_decay": weight_decay, "maximize": maximize, **known_flags(flags)
            },
        )  # fmt: skip

    def rule(self, group, is_first):
        return find_optimizer("RMSprop")(group["lr"], momentum=group["momentum"], centered=group["centered"])

    def hyper(self, group, step):
        return {
            "learning_rate": group["lr"], "decay": group["alpha"], "momentum": group["momentum"],
            "epsilon": group["eps"], "weight_decay": group["weight_decay"],
        }  # fmt: skip
