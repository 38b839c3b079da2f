"""What a parameter holds before training: functions that overwrite a tensor, drawing from the default generator."""

import math
from typing import Any

import numpy as np

from trivium.initializer import fans
from trivium.tensor import recording

from ..creation import eye, tensor
from ..errors import SizeMismatchError

GAINS = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "selu": 0.75}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """How much a nonlinearity shrinks what passes through it, to be made up for."""
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}; there are relu, leaky_relu, {', '.join(GAINS)}")
    return GAINS[nonlinearity]


def filled(tensor: Any, method: str, *args: Any) -> Any:
    with recording(False):
        return getattr(tensor, method)(*args)


def uniform_(tensor, a=0.0, b=1.0):
    """Evenly distributed over [a, b)."""
    return filled(tensor, "uniform_", a, b)


def normal_(tensor, mean=0.0, std=1.0):
    """Normally distributed."""
    return filled(tensor, "normal_", mean, std)


def constant_(tensor, val):
    """One number everywhere."""
    return filled(tensor, "fill_", val)


def ones_(tensor):
    """1 everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """0 everywhere."""
    return constant_(tensor, 0.0)


def eye_(tensor):
    """1 on the diagonal of a matrix."""
    if tensor.spec.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return filled(tensor, "copy_", eye(*tensor.spec.shape))


def fans_of(tensor):
    shape = tuple(tensor.spec.shape)
    if len(shape) < 2:
        raise SizeMismatchError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    return fans(shape)


def xavier_uniform_(tensor, gain=1.0):
    """Evenly distributed with variance gain**2 * 2 / (inputs + outputs) (Glorot & Bengio, 2010)."""
    bound = gain * math.sqrt(3.0 / fans_of(tensor)["average"])
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor, gain=1.0):
    """Normally distributed with variance gain**2 * 2 / (inputs + outputs)."""
    return normal_(tensor, 0.0, gain / math.sqrt(fans_of(tensor)["average"]))


def kaiming_std(tensor, a, mode, nonlinearity):
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans_of(tensor)[mode[4:]])


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """Evenly distributed with variance gain**2 / inputs (He et al., 2015, arXiv:1502.01852)."""
    bound = math.sqrt(3.0) * kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """Normally distributed with variance gain**2 / inputs."""
    return normal_(tensor, 0.0, kaiming_std(tensor, a, mode, nonlinearity))


def orthogonal_(tensor_, gain=1.0):
    """Rows, or columns if there are more rows, at right angles (Saxe et al., 2013, arXiv:1312.6120)."""
    if tensor_.spec.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    rows = tensor_.spec.shape[0]
    columns = math.prod(tensor_.spec.shape[1:])
    drawn = normal_(tensor(np.zeros((max(rows, columns), min(rows, columns)), np.float32))).numpy()
    q, r = np.linalg.qr(drawn)
    q = q * np.sign(np.diag(r))
    q = q.T if rows < columns else q
    return filled(tensor_, "copy_", tensor(np.ascontiguousarray(q * gain).reshape(tensor_.spec.shape)))
