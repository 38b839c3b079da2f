"""Moments and norms: compositions of reductions."""

import math

from .choice import check_choice
from .elementwise import absolute, cast, equal, maximum, power, sqrt, square, where
from .powers import rsqrt
from .reduction import element_count, max, mean, min, sum

__all__ = ["variance", "std", "moments", "count_nonzero", "norm", "l2_normalize"]


def variance(x, *, axis=None, keepdims=False, correction=0.0):
    """The average square distance from the mean along `axis`.

    correction: what the number of elements is lessened by: 0 (TensorFlow), 1 for an unbiased estimate (PyTorch)
    """
    squares = square(x - mean(x, axis=axis, keepdims=True))
    if correction == 0:
        return mean(squares, axis=axis, keepdims=keepdims)
    return sum(squares, axis=axis, keepdims=keepdims) / maximum(element_count(x, axis=axis) - correction, 0.0)


def std(x, *, axis=None, keepdims=False, correction=0.0):
    """The square root of the variance along `axis`."""
    return sqrt(variance(x, axis=axis, keepdims=keepdims, correction=correction))


def moments(x, *, axis=None, keepdims=False):
    """Mean and variance along `axis`."""
    return mean(x, axis=axis, keepdims=keepdims), variance(x, axis=axis, keepdims=keepdims)


def count_nonzero(x, *, axis=None, keepdims=False):
    """How many elements along `axis` are not 0: int64."""
    return sum(cast(cast(x, dtype="bool"), dtype="int64"), axis=axis, keepdims=keepdims)


def norm(x, *, order=2.0, axis=None, keepdims=False):
    """The length of x along `axis`: the `order`-th root of the sum of |x| ** order.

    order: infinity takes the largest |x|, minus infinity the smallest, 0 counts elements other than 0

    The gradient at length 0 is 0.
    """
    if order in (math.inf, -math.inf):
        extreme = max if order > 0 else min
        return extreme(absolute(x), axis=axis, keepdims=keepdims)
    if order == 0:
        return cast(count_nonzero(x, axis=axis, keepdims=keepdims), dtype=x.dtype.name)
    if order == 1:
        return sum(absolute(x), axis=axis, keepdims=keepdims)
    powers = square(x) if order == 2 else power(absolute(x), order)
    total = sum(powers, axis=axis, keepdims=keepdims)
    is_zero = equal(total, 0.0)
    safe = where(is_zero, 1.0, total)
    return where(is_zero, 0.0, sqrt(safe) if order == 2 else power(safe, 1.0 / order))


def l2_normalize(x, *, axis=-1, epsilon=1e-12, limit="square"):
    """x divided by its length along `axis`.

    limit: what is not less than epsilon: "square", the square of the length (TensorFlow), or "length" (PyTorch)
    """
    check_choice("l2_normalize: limit", limit, ("square", "length"))
    if limit == "square":
        return x * rsqrt(maximum(sum(square(x), axis=axis, keepdims=True), epsilon))
    return x / maximum(norm(x, axis=axis, keepdims=True), epsilon)
