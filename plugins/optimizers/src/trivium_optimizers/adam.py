"""Adam and its relatives."""

from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Fused, Optimizer


@define
class Adam(Optimizer):
    """Steps scaled by running moments of the gradient (Kingma & Ba, 2015, arXiv:1412.6980).

    epsilon_form: "corrected": added to the corrected root (PyTorch); "hat": to the root before correction
                  (TensorFlow, Caffe)
    decoupled:    weight decay shrinks the value instead of joining the gradient (Loshchilov & Hutter, 2019,
                  arXiv:1711.05101)
    """

    hyper: ClassVar = ("learning_rate", "beta1", "beta2", "epsilon", "weight_decay", "step")

    learning_rate: float = 0.001
    beta1: float = field(default=0.9, kw_only=True)
    beta2: float = field(default=0.999, kw_only=True)
    epsilon: float = field(default=1e-8, kw_only=True)
    weight_decay: float = field(default=0.0, kw_only=True)
    epsilon_form: str = field(default="corrected", kw_only=True)
    decoupled: bool = field(default=False, kw_only=True)
    step: Any = field(default=None, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, weight_decay=0.05, decoupled=True)
        yield cls(0.1, beta1=0.8, beta2=0.99, epsilon=1e-4, weight_decay=0.05, epsilon_form="hat")

    def slots(self):
        return {"m": 0.0, "v": 0.0}

    def fused(self, value, gradient, state, *, learning_rate, beta1, beta2, epsilon, weight_decay, step):
        operands = (
            value, gradient, state["m"], state["v"], learning_rate, beta1, beta2, epsilon, step, weight_decay
        )  # fmt: skip
        return Fused(ops.adam_update, operands, {"epsilon_form": self.epsilon_form, "decoupled": self.decoupled})
