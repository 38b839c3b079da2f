"""Activations: functions of each element, and softmax."""

from __future__ import annotations

from typing import Any

from trivium import ops

from ..build import FLOATS, call
from ..operation import Tensor

__all__ = [
    "crelu", "elu", "leaky_relu", "log_softmax", "relu", "relu6", "selu", "softmax", "softplus", "softsign", "swish",
]  # fmt: skip


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(x, 0)."""
    return call("Relu", ops.relu, name, features=features)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(x, 0), 6)."""
    return call("Relu6", ops.relu6, name, features=features)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """x, or alpha * x where x is negative."""

    def compute(x: Any, slope: Any) -> Any:
        return ops.where(x > 0.0, x, x * slope)

    return call("LeakyRelu", compute, name, only=FLOATS, features=features, alpha=alpha)


def elu(features: Any, name: str | None = None) -> Tensor:
    """x, or exp(x) - 1 where x is negative (Clevert et al., 2015, arXiv:1511.07289)."""
    return call("Elu", ops.elu, name, only=FLOATS, features=features)


def selu(features: Any, name: str | None = None) -> Tensor:
    """elu, scaled so that layers keep zero mean and unit variance (Klambauer et al., 2017, arXiv:1706.02515)."""
    return call("Selu", ops.selu, name, only=FLOATS, features=features)


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """relu of x and of -x, side by side along an axis (Shang et al., 2016, arXiv:1603.05201)."""
    return call("Relu", lambda x: ops.crelu(x, axis=axis), name, default="CRelu", only=FLOATS, features=features)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(1 + exp(x)), without overflow."""
    return call("Softplus", ops.softplus, name, only=FLOATS, features=features)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """x / (1 + |x|)."""
    return call("Softsign", ops.softsign, name, only=FLOATS, features=features)


def swish(features: Any) -> Tensor:
    """x * sigmoid(x) (Ramachandran et al., 2017, arXiv:1710.05941)."""
    return call("Swish", ops.silu, default="swish", only=FLOATS, features=features)


def softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """exp(x), scaled to add up to 1 along the last axis or another one."""
    at = along(axis, dim)
    return call("Softmax", lambda x: ops.softmax(x, axis=at), name, only=FLOATS, logits=logits)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """The logarithm of softmax."""
    at = along(axis, dim)
    return call("LogSoftmax", lambda x: ops.log_softmax(x, axis=at), name, only=FLOATS, logits=logits)


def along(axis: int | None, dim: int | None) -> int:
    """The axis that is meant: `dim` is its old name, the last one is the default."""
    if axis is not None and dim is not None:
        raise ValueError("cannot specify both 'axis' and 'dim', its old name")
    return next((at for at in (axis, dim) if at is not None), -1)
