"""What stands between layers: compositions, but for softplus, which would overflow as one.

The gradient at a kink is the one that PyTorch and TensorFlow give there: that of the flat side.
"""

import math

import numpy as np

from ..op import op
from .axes import one_axis
from .choice import check_choice
from .elementwise import (
    absolute,
    clip,
    greater,
    greater_equal,
    less_equal,
    negative,
    one,
    relu,
    same_as_input,
    sigmoid,
    tanh,
    where,
)  # fmt: skip
from .powers import expm1
from .reduction import softmax
from .shaping import concatenate, reshape, split
from .special import erfc

__all__ = [
    "softplus",
    "log_sigmoid",
    "softsign",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "leaky_relu",
    "prelu",
    "crelu",
    "hardtanh",
    "relu6",
    "hard_sigmoid",
    "hard_swish",
    "threshold",
    "hard_shrink",
    "soft_shrink",
    "tanh_shrink",
    "softmin",
    "glu",
]

# Klambauer et al., 2017, arXiv:1706.02515
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@op(elementwise=True)
def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(x, np.zeros_like(x))


softplus.shape(same_as_input)


@softplus.samples
def softplus_samples(make):
    yield from one(make)
    yield make(2, 3, low=-900.0, high=900.0)


@softplus.gradient("x")
def softplus_gradient(g, x):
    return g * sigmoid(x)


def log_sigmoid(x):
    """log(sigmoid(x)), without underflow."""
    return -softplus(-x)


def softsign(x):
    """x / (1 + |x|)."""
    return x / (absolute(x) + 1.0)


def elu(x, *, alpha=1.0):
    """x above 0, alpha * (exp(x) - 1) below  (Clevert et al., 2015, arXiv:1511.07289)."""
    is_positive = greater(x, 0.0)
    return where(is_positive, x, expm1(where(is_positive, 0.0, x)) * alpha)


def selu(x):
    """elu, scaled so that layers keep zero mean and unit variance  (Klambauer et al., 2017, arXiv:1706.02515)."""
    return elu(x, alpha=SELU_ALPHA) * SELU_SCALE


def celu(x, *, alpha=1.0):
    """x above 0, alpha * (exp(x / alpha) - 1) below  (Barron, 2017, arXiv:1704.07483)."""
    is_positive = greater(x, 0.0)
    return where(is_positive, x, expm1(where(is_positive, 0.0, x) / alpha) * alpha)


def gelu(x, *, form="exact"):
    """x times the chance that a normal number is below x  (Hendrycks & Gimpel, 2016, arXiv:1606.08415).

    form: "exact", or "tanh": the approximation of the paper
    """
    check_choice("gelu: form", form, ("exact", "tanh"))
    if form == "tanh":
        return x * 0.5 * (tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)) + 1.0)
    return x * 0.5 * erfc(x * -math.sqrt(0.5))


def silu(x):
    """x * sigmoid(x), called swish, too  (Ramachandran et al., 2017, arXiv:1710.05941)."""
    return x * sigmoid(x)


def mish(x):
    """x * tanh(softplus(x))  (Misra, 2019, arXiv:1908.08681)."""
    return x * tanh(softplus(x))


def leaky_relu(x, *, slope=0.01):
    """x above 0, slope * x below."""
    return where(greater(x, 0.0), x, x * slope)


def prelu(x, slope, *, axis=1):
    """x above 0, slope * x below; the slope is learnt  (He et al., 2015, arXiv:1502.01852).

    x:     (..., C, ...)    channels along `axis`
    slope: (C,), or (1,) or () for all channels
    """
    if slope.ndim == 1 and slope.shape[0] != 1:
        i = one_axis(axis, x.ndim)
        slope = reshape(slope, shape=(slope.shape[0], *[1] * (x.ndim - i - 1)))
    return where(greater(x, 0.0), x, x * slope)


def crelu(x, *, axis=1):
    """relu of x and of -x, side by side  (Shang et al., 2016, arXiv:1603.05201)."""
    return relu(concatenate(x, negative(x), axis=axis))


def hardtanh(x, *, low=-1.0, high=1.0):
    """x, but not below `low` and not above `high`; no gradient passes at or beyond either."""
    return where(less_equal(x, low), low, where(greater_equal(x, high), high, x))


def relu6(x):
    """min(max(x, 0), 6)."""
    return hardtanh(x, low=0.0, high=6.0)


def hard_sigmoid(x):
    """relu6(x + 3) / 6: straight lines instead of a sigmoid."""
    return relu6(x + 3.0) / 6.0


def hard_swish(x):
    """x * hard_sigmoid(x)  (Howard et al., 2019, arXiv:1905.02244)."""
    return x * hard_sigmoid(x)


def threshold(x, *, at, value):
    """x above `at`, else `value`."""
    return where(greater(x, at), x, value)


def hard_shrink(x, *, size=0.5):
    """x, but 0 from -size to size."""
    return where(greater(absolute(x), size), x, 0.0)


def soft_shrink(x, *, size=0.5):
    """x moved towards 0 by `size`, and 0 where it is nearer than that."""
    return x - clip(x, -size, size)


def tanh_shrink(x):
    """x - tanh(x)."""
    return x - tanh(x)


def softmin(x, *, axis=-1):
    """softmax(-x): the smallest receives most."""
    return softmax(-x, axis=axis)


def glu(x, *, axis=-1):
    """The first half of x, gated by the sigmoid of the second  (Dauphin et al., 2016, arXiv:1612.08083)."""
    half = x.shape[axis] // 2
    value, gate = split(x, sizes=(half, half), axis=axis)
    return value * sigmoid(gate)
