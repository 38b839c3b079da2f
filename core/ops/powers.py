"""Powers, roots and logarithms beside `exp`, `log`, `sqrt`, `square` and `power`."""

import math

import numpy as np

from ..op import op
from .elementwise import one, one_positive, same_as_input, square

__all__ = [
    "expm1",
    "log1p",
    "exp2",
    "log2",
    "log10",
    "reciprocal",
    "rsqrt",
]

LOG_2 = math.log(2.0)
LOG_10 = math.log(10.0)


def one_above_minus_one(make):
    yield make(2, 3, low=-0.6)
    yield make()
    yield make(0, 3)


@op(elementwise=True)
def expm1(x):
    """exp(x) - 1, accurate near 0."""
    return np.expm1(x)


expm1.shape(same_as_input)
expm1.samples(one)


@expm1.gradient("x")
def expm1_gradient(g, out):
    return g * (out + 1.0)


@op(elementwise=True)
def log1p(x):
    """log(1 + x), accurate near 0."""
    return np.log1p(x)


log1p.shape(same_as_input)
log1p.samples(one_above_minus_one)


@log1p.gradient("x")
def log1p_gradient(g, x):
    return g / (x + 1.0)


@op(elementwise=True)
def exp2(x):
    """2 to the power x."""
    return np.exp2(x)


exp2.shape(same_as_input)
exp2.samples(one)


@exp2.gradient("x")
def exp2_gradient(g, out):
    return g * (out * LOG_2)


@op(elementwise=True)
def log2(x):
    """The logarithm to base 2."""
    return np.log2(x)


log2.shape(same_as_input)
log2.samples(one_positive)


@log2.gradient("x")
def log2_gradient(g, x):
    return g / (x * LOG_2)


@op(elementwise=True)
def log10(x):
    """The logarithm to base 10."""
    return np.log10(x)


log10.shape(same_as_input)
log10.samples(one_positive)


@log10.gradient("x")
def log10_gradient(g, x):
    return g / (x * LOG_10)


@op(elementwise=True)
def reciprocal(x):
    """1 / x."""
    return np.reciprocal(x)


reciprocal.shape(same_as_input)
reciprocal.samples(one_positive)


@reciprocal.gradient("x")
def reciprocal_gradient(g, out):
    return -(g * square(out))


@op(elementwise=True)
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


rsqrt.shape(same_as_input)
rsqrt.samples(one_positive)


@rsqrt.gradient("x")
def rsqrt_gradient(g, x, out):
    return g * out / (x * -2.0)
