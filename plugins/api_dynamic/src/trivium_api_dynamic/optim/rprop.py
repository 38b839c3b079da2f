"""Rprop."""

from typing import ClassVar

from trivium.registry import find_optimizer

from .optimizer import Optimizer, known_flags


class Rprop(Optimizer):
    """Steps of each element's own size, which grows while its gradient keeps its sign (Riedmiller & Braun, 1993).

    etas:       factors of the size when the sign changes, and when it stays
    step_sizes: the smallest and the largest size
    """

    slots: ClassVar = {"gradient": "prev", "size": "step_size"}

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0), *, maximize=False, **flags):
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": tuple(etas),
                "step_sizes": tuple(step_sizes),
                "maximize": maximize,
                **known_flags(flags),
            },
        )

    def check(self, group):
        super().check(group)
        shrink, grow = group["etas"]
        if not 0.0 < shrink < 1.0 < grow:
            raise ValueError(f"Invalid eta values: {shrink}, {grow}")

    def rule(self, group, is_first):
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]
        return find_optimizer("Rprop")(group["lr"], shrink=shrink, grow=grow, smallest=smallest, largest=largest)

    def hyper(self, group, step):
        return {"learning_rate": group["lr"]}
