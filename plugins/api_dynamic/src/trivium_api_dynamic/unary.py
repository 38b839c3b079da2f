"""Functions of one operand, one element at a time."""

import math
from typing import Any

import numpy as np

from trivium import ops

from .arithmetic import in_steps
from .errors import DTypeMismatchError
from .promotion import cast, category, floating
from .tensors import Tensor
from .words import word

# of these, whole numbers become floating-point ones first
FLOATING = (
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "digamma", "erf", "erfc", "erfinv", "exp", "exp2",
    "expm1", "lgamma", "log", "log10", "log1p", "log2", "reciprocal", "rsqrt", "sigmoid", "sin", "sinh", "sqrt", "tan",
    "tanh",
)  # fmt: skip
# these take any dtype as it is
ANY = ("isfinite", "isinf", "isnan", "relu")
# so do these, and change in steps
STEPS = ("ceil", "floor", "round", "sign", "trunc")


def unary(name: str, compute: Any) -> Any:
    """A core op of one operand as a word."""
    op = getattr(ops, name)

    def function(input):
        return compute(op, input)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.doc if hasattr(op, "doc") else op.__doc__
    return word(function)


UNARY = {
    **{name: unary(name, lambda op, x: op(floating(x))) for name in FLOATING},
    **{name: unary(name, lambda op, x: op(x)) for name in ANY},
    "square": unary("square", lambda op, x: op(cast(x, np.dtype(np.int64)) if x.spec.dtype == np.bool_ else x)),
    **{name: unary(name, lambda op, x: ops.copy(x) if x.spec.dtype == np.bool_ else in_steps(op, x)) for name in STEPS},
}


@word
def round(input, *, decimals=0):
    """The nearest whole number, the even one of two; or the nearest with some decimals."""
    if category(input.spec.dtype) < 2:
        return ops.copy(input)
    scale = 10.0**decimals
    return in_steps(ops.round, input * scale) / scale if decimals else in_steps(ops.round, input)


@word
def neg(input):
    """-input."""
    if input.spec.dtype == np.bool_:
        raise DTypeMismatchError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        )
    return ops.negative(input)


@word
def abs(input):
    """The distance from 0."""
    return ops.absolute(input)


@word
def frac(input):
    """What is left of an element without its whole part."""
    return input - in_steps(ops.trunc, input)


@word
def logit(input, eps=None):
    """log(input / (1 - input)); with eps, of input kept between eps and 1 - eps."""
    x = floating(input)
    if eps is not None:
        x = ops.clip(x, float(eps), 1.0 - float(eps))
    return ops.log(x / (1.0 - x))


@word
def deg2rad(input):
    """Degrees as radians."""
    return floating(input) * (math.pi / 180)


@word
def rad2deg(input):
    """Radians as degrees."""
    return floating(input) * (180 / math.pi)


@word
def sinc(input):
    """sin(pi * input) / (pi * input), and 1 at 0."""
    x = floating(input) * math.pi
    is_zero = ops.equal(x, 0.0)
    safe = ops.where(is_zero, 1.0, x)
    return ops.where(is_zero, 1.0, ops.sin(safe) / safe)


@word
def positive(input):
    """The tensor itself."""
    if input.spec.dtype == np.bool_:
        raise DTypeMismatchError("The `+` operator, on a bool tensor is not supported.")
    return input


@word
def isposinf(input):
    """Where an element is infinite and above 0."""
    return ops.logical_and(ops.isinf(input), ops.logical_not(signbit(input)))


@word
def isneginf(input):
    """Where an element is infinite and below 0."""
    return ops.logical_and(ops.isinf(input), signbit(input))


@word
def signbit(input):
    """Where an element is below 0, or the zero below 0."""
    if category(input.spec.dtype) < 2:
        return ops.less(ops.cast(input, dtype="int64"), 0)
    return ops.logical_or(ops.less(input, 0), ops.logical_and(ops.equal(input, 0), ops.less(1.0 / input, 0)))


Tensor.__neg__, Tensor.__abs__, Tensor.__pos__ = neg, abs, positive
