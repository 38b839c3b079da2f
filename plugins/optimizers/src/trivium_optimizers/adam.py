"""Adam and its relatives."""

from typing import Any, ClassVar

from attrs import define, field

from trivium import ops
from trivium.optimizer import Fused, Optimizer

from .decay import decayed


@define
class Adam(Optimizer):
    """Steps scaled by running moments of the gradient (Kingma & Ba, 2015, arXiv:1412.6980).

    epsilon_form: "corrected": added to the corrected root (PyTorch); "hat": to the root before correction
                  (TensorFlow, Caffe)
    amsgrad:      divides by the largest root so far, which never shrinks (Reddi et al., 2018, arXiv:1904.09237)
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
    amsgrad: bool = field(default=False, kw_only=True)
    step: Any = field(default=None, kw_only=True)

    @classmethod
    def samples(cls):
        yield cls(0.1)
        yield cls(0.1, weight_decay=0.05, decoupled=True)
        yield cls(0.1, beta1=0.8, beta2=0.99, epsilon=1e-4, weight_decay=0.05, epsilon_form="hat")
        yield cls(0.1, amsgrad=True, weight_decay=0.05)
        yield cls(0.1, amsgrad=True, weight_decay=0.05, decoupled=True, epsilon_form="hat")

    def slots(self):
        return {"m": 0.0, "v": 0.0, "largest_v": 0.0} if self.amsgrad else {"m": 0.0, "v": 0.0}

    def update(self, value, gradient, state, **hyper):
        return (self._with_largest if self.amsgrad else super().update)(value, gradient, state, **hyper)

    def _with_largest(
        self, value, gradient, state, *, learning_rate, beta1, beta2, epsilon, weight_decay, step
    ):  # fmt: skip
        if self.decoupled:
            value = value - learning_rate * (weight_decay * value)
        else:
            gradient = decayed(gradient, value, weight_decay)
        m = beta1 * state["m"] + (1.0 - beta1) * gradient
        v = beta2 * state["v"] + (1.0 - beta2) * (gradient * gradient)
        largest = ops.maximum(state["largest_v"], v)
        first, second = 1.0 - beta1**step, (1.0 - beta2**step) ** 0.5
        root = ops.sqrt(largest)
        step = m * second / (root + epsilon) if self.epsilon_form == "hat" else m / (root / second + epsilon)
        return value - learning_rate * step / first, {"m": m, "v": v, "largest_v": largest}

    def fused(self, value, gradient, state, *, learning_rate, beta1, beta2, epsilon, weight_decay, step):
        if self.amsgrad:
            return None
        operands = (
            value, gradient, state["m"], state["v"], learning_rate, beta1, beta2, epsilon, step, weight_decay
        )  # fmt: skip
        return Fused(ops.adam_update, operands, {"epsilon_form": self.epsilon_form, "decoupled": self.decoupled})
