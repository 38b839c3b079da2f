"""Adam and its relatives."""

from typing import ClassVar

from trivium.registry import find_optimizer

from .optimizer import Optimizer, known_flags


class Adam(Optimizer):
    """Steps scaled by running moments of the gradient (Kingma & Ba, 2015, arXiv:1412.6980).

    eps is added to the root once its bias is corrected; weight_decay * p is added to the gradient.
    """

    slots: ClassVar = {"m": "exp_avg", "v": "exp_avg_sq", "largest_v": "max_exp_avg_sq"}
    decoupled: ClassVar[bool] = False

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, *, maximize=False, **flags
    ):
        super().__init__(
            params,
            {
                "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
                "maximize": maximize, **known_flags(flags)
            },
        )  # fmt: skip

    def check(self, group):
        super().check(group)
        check_betas(group)

    def rule(self, group, is_first):
        return find_optimizer("Adam")(
            group["lr"], decoupled=self.decoupled, epsilon_form="corrected", amsgrad=group["amsgrad"]
        )

    def hyper(self, group, step):
        return hyper_of(group, step)


class AdamW(Adam):
    """Adam whose weight decay shrinks p beside the gradient (Loshchilov & Hutter, 2019, arXiv:1711.05101)."""

    decoupled = True

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        **flags,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, **flags)


class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root mean square (Kingma & Ba, 2015, section 7.1)."""

    slots: ClassVar = {"m": "exp_avg", "largest": "exp_inf"}

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, *, maximize=False, **flags):
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                **known_flags(flags),
            },
        )

    def check(self, group):
        super().check(group)
        check_betas(group)

    def rule(self, group, is_first):
        return find_optimizer("Adamax")(group["lr"])

    def hyper(self, group, step):
        return hyper_of(group, step)


def check_betas(group):
    for i, beta in enumerate(group["betas"]):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def hyper_of(group, step):
    beta1, beta2 = group["betas"]
    return {
        "learning_rate": group["lr"], "beta1": beta1, "beta2": beta2, "epsilon": group["eps"],
        "weight_decay": group["weight_decay"], "step": float(step),
    }  # fmt: skip
